# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Graphs that must not be fused because more is used of them than the output.
`refused.py` writes them."""

from graph import refused
from spell import INFINITY, LOWEST

USES = ("the logits or probabilities are also used by 'func.return' outside of the attention, so they would be "
        "computed anyway")


@refused(USES, "uses")
def logits_returned(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    return [g.output(g.soft(x), v), x]


@refused(USES, "uses")
def probabilities_returned(g):
    q, k, v = g.qkv()
    p = g.soft(g.logits(q, k))
    return [g.output(p, v), p]


@refused(USES, "uses")
def training(g):
    # The forward pass and the gradients, which use the probabilities that it saves.
    q, k, v = g.qkv()
    gradient = g.argument("bhie", "f32")
    p = g.soft(g.logits(q, k))
    of_p = g.contract(gradient, v, "bhij", "e")
    total = g.reduce(g.binary("arith.mulf", p, of_p), "j", "sum")
    of_s = g.binary("arith.mulf", p, g.binary("arith.subf", of_p, total))
    return [g.output(p, v), g.contract(of_s, k, "bhid", "j"), g.contract(of_s, q, "bhjd", "i"),
            g.contract(p, gradient, "bhje", "i")]


@refused(USES, "uses")
def probabilities_averaged(g):
    q, k, v = g.qkv()
    p = g.soft(g.logits(q, k))
    return [g.output(p, v), g.reduce(p, "h", "sum")]


@refused(USES, "uses")
def other_maximum_returned(g):
    # Of logits without their mask.
    q, k, v = g.qkv()
    x = g.logits(q, k)
    masked = g.select(g.argument("bhij", "i1"), x, -INFINITY)
    return [g.output(g.soft(masked), v), g.reduce(x, "j", "max")]


@refused(USES, "uses")
def maximum_of_queries_returned(g):
    # Another axis of the same size.
    q, k, v = g.qkv()
    x = g.logits(q, k)
    m = g.reduce(x, "i", "max")
    return [g.output(g.soft(x), v), m]


@refused(USES, "uses")
def maximum_of_probabilities_returned(g):
    q, k, v = g.qkv()
    p = g.soft(g.logits(q, k))
    return [g.output(p, v), g.reduce(p, "j", "max")]


@refused(USES, "uses")
def minimum_returned(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    init = g.filled("bhi", "f32", INFINITY)
    m = g.generic("bhi", "f32", [x], lambda a, c: g.op(f"arith.minimumf {a}, {c} : f32"), init, "j", x.dims)
    return [g.output(g.soft(x), v), m]


@refused(USES, "uses")
def finite_maximum_returned(g):
    # Of rows without keys it is the number that masks them, not -inf.
    q, k, v = g.qkv()
    x = g.select(g.argument("bhij", "i1"), g.logits(q, k), -1e9)
    m, e, total = g.parts(x)
    return [g.weigh(e, total, v), m]


@refused(USES, "uses")
def maximum_from_lowest_returned(g):
    # That of rows without keys is where it starts from.
    q, k, v = g.qkv()
    x = g.select(g.argument("bhij", "i1"), g.logits(q, k), -INFINITY)
    init = g.filled("bhi", "f32", LOWEST["f32"])
    m = g.generic("bhi", "f32", [x], lambda a, c: g.op(f"arith.maximumf {a}, {c} : f32"), init, "j", x.dims)
    e = g.unary("math.exp", g.binary("arith.subf", x, m))
    return [g.weigh(e, g.reduce(e, "j", "sum"), v), m]


@refused(USES, "uses")
def sum_with_sink_returned(g):
    q, k, v = g.qkv()
    x, sink = g.logits(q, k), g.argument("h", "f32")
    m = g.binary("arith.maximumf", g.reduce(x, "j", "max"), sink)
    e = g.unary("math.exp", g.binary("arith.subf", x, m))
    extra = g.unary("math.exp", g.generic("bhi", "f32", [sink, m], lambda a, b: g.op(f"arith.subf {a}, {b} : f32")))
    total = g.binary("arith.addf", g.reduce(e, "j", "sum"), extra)
    return [g.weigh(e, total, v), total]


@refused(USES, "uses")
def sum_of_queries_returned(g):
    q, k, v = g.qkv()
    m, e, total = g.parts(g.logits(q, k))
    return [g.weigh(e, total, v), g.reduce(e, "i", "sum")]


@refused(USES, "uses")
def other_logarithm_returned(g):
    # max + 2 log(sum) is a function of both, but x - max is none.
    q, k, v = g.qkv()
    x = g.logits(q, k)
    m, e, total = g.parts(x)
    distance = g.binary("arith.subf", x, m)
    return [g.weigh(e, total, v), g.reduce(distance, "j", "sum")]


@refused(USES, "uses", numerics="strict")
def maximum_without_nan_returned(g):
    # It overlooks a NaN, the op's does not.
    q, k, v = g.qkv()
    x = g.logits(q, k)
    m = g.reduce(x, "j", "maxnum")
    e = g.unary("math.exp", g.binary("arith.subf", x, m))
    return [g.weigh(e, g.reduce(e, "j", "sum"), v), m]


@refused(USES, "uses")
def unnormalised_output_too(g):
    # The second product needs the logits again.
    q, k, v = g.qkv()
    _, e, total = g.parts(g.logits(q, k))
    o = g.output(e, v)
    return [g.binary("arith.divf", o, total), g.reduce(e, "i", "sum")]
