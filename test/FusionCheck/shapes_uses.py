# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Shapes of which more is used than the output; `shapes.py` says how they are written."""

import math

from graph import shape
from spell import INFINITY


# ---- B11. Uses ---------------------------------------------------------------


@shape("I18, I22: keys and values are returned too", "attn.sdpa")
def keys_returned(g):
    q, k, v = g.qkv()
    k, v = g.mul(k, 0.5), g.unary("math.tanh", v)
    return [g.attend(q, k, v), k, v]


@shape("the log-sum-exp is used elsewhere: a result of the op", "outs(%{{.*}}, %{{.*}} : tensor<2x3x5x4xf32>, tensor<2x3x5xf32>)")
def lse_returned(g):
    q, k, v = g.qkv()
    m, e, total = g.parts(g.logits(q, k))
    o = g.weigh(e, total, v)
    return [o, g.binary("arith.addf", m, g.unary("math.log", total))]


ROWS = "outs(%{{.*}}, %{{.*}}, %{{.*}} : tensor<2x3x5x4xf32>, tensor<2x3x5xf32>, tensor<2x3x5xf32>)"


def masked(g, x, value=-INFINITY):
    return g.select(g.argument("bhij", "i1"), x, value)


@shape("the row maximum is used elsewhere: another result (FlexAttention's max_scores)", ROWS)
def max_returned(g):
    q, k, v = g.qkv()
    m, e, total = g.parts(g.div(g.logits(q, k), 2.0))
    return [g.weigh(e, total, v), m]


@shape("maximum and sum, as cuDNN gives them; rows without keys: -inf and NaN", ROWS)
def max_sum_returned(g):
    q, k, v = g.qkv()
    m, e, total = g.parts(masked(g, g.logits(q, k)))
    return [g.weigh(e, total, v), m, total]


@shape("both with a unit dimension", ROWS)
def max_sum_kept_dims(g):
    q, k, v = g.qkv()
    x = masked(g, g.logits(q, k))
    m = g.reduce(x, "j", "max", keep=True)
    e = g.unary("math.exp", g.binary("arith.subf", x, m))
    total = g.reduce(e, "j", "sum", keep=True)
    return [g.weigh(e, total, v), m, total]


@shape("with a lower bound of the maximum: sums of rows without keys are zero", ROWS)
def max_sum_clamped(g):
    q, k, v = g.qkv()
    x = masked(g, g.logits(q, k))
    m = g.reduce(x, "j", "max")
    shift = g.with_constant("arith.maximumf", m, -65504.0)
    e = g.unary("math.exp", g.binary("arith.subf", x, shift))
    total = g.reduce(e, "j", "sum")
    return [g.weigh(e, total, v), m, total]


@shape("to base 2: maximum, sum and log-sum-exp in other units than the op's", ROWS)
def max_sum_exp2(g):
    q, k, v = g.qkv()
    x = g.mul(masked(g, g.logits(q, k)), math.log2(math.e))
    m = g.reduce(x, "j", "max")
    e = g.unary("math.exp2", g.binary("arith.subf", x, m))
    total = g.reduce(e, "j", "sum")
    lse = g.binary("arith.addf", m, g.unary("math.log2", total))
    return [g.weigh(e, total, v), m, total, lse]


@shape("grouped heads, divided after the second matmul", "outs(%{{.*}} : tensor<2x6x5x4xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)")
def max_grouped(g):
    q = g.argument("bhrid", "f32")
    k, v = g.argument("bhjd", "f32"), g.argument("bhje", "f32")
    m, e, total = g.parts(masked_group(g, g.contract(q, k, "bhrij", "d")))
    return [g.binary("arith.divf", g.contract(e, v, "bhrie", "j"), total), m, total]


def masked_group(g, x):
    return g.select(g.argument("bij", "i1"), x, -INFINITY)


@shape("used before the second matmul, beside another tensor", ROWS)
def max_used_before(g):
    q, k, v = g.qkv()
    m, e, total = g.parts(g.logits(q, k))
    early = g.binary("arith.mulf", m, g.argument("bhi", "f32"))
    late = g.unary("math.tanh", g.binary("arith.addf", early, total))
    return [g.weigh(e, total, v), late]


@shape("beside a sink, which is not in it", ROWS)
def max_sink(g):
    q, k, v = g.qkv()
    x, sink = masked(g, g.logits(q, k)), g.argument("h", "f32")
    m = g.reduce(x, "j", "max")
    shift = g.binary("arith.maximumf", m, sink)
    e = g.unary("math.exp", g.binary("arith.subf", x, shift))
    extra = g.unary("math.exp", g.generic("bhi", "f32", [sink, shift], lambda a, b: g.op(f"arith.subf {a}, {b} : f32")))
    total = g.binary("arith.addf", g.reduce(e, "j", "sum"), extra)
    return [g.weigh(e, total, v), m, shift]


@shape("in f16: converted from f32", "outs(%{{.*}} : tensor<2x3x5x4xf16>, tensor<2x3x5xf32>, tensor<2x3x5xf32>)")
def max_f16(g):
    q, k, v = g.qkv(dtype="f16")
    m, e, total = g.parts(g.mul(g.logits(q, k), 0.25))
    return [g.weigh(e, total, v), m]


@shape("the log-sum-exp of rows without keys: NaN", ROWS)
def lse_masked(g):
    q, k, v = g.qkv()
    m, e, total = g.parts(masked(g, g.logits(q, k)))
    o = g.weigh(e, total, v)
    return [o, g.binary("arith.addf", m, g.unary("math.log", total))]


@shape("the same under a safe softmax: -inf", "outs(%{{.*}}, %{{.*}} : tensor<2x3x5x4xf32>, tensor<2x3x5xf32>)")
def lse_clamped(g):
    q, k, v = g.qkv()
    x = masked(g, g.logits(q, k))
    m = g.with_constant("arith.maximumf", g.reduce(x, "j", "max"), -65504.0)
    e = g.unary("math.exp", g.binary("arith.subf", x, m))
    total = g.reduce(e, "j", "sum")
    o = g.weigh(e, total, v)
    return [o, g.binary("arith.addf", m, g.unary("math.log", total))]


@shape("where every row has a key", "structure(#attn.causal<top_left>) masked_row = nan outs(%{{.*}}, %{{.*}} : tensor<2x3x5x4xf32>, tensor<2x3x5xf32>)")
def lse_causal(g):
    q, k, v = g.qkv()
    m, e, total = g.parts(g.select(g.compare("sge"), g.logits(q, k), -INFINITY))
    o = g.weigh(e, total, v)
    return [o, g.binary("arith.addf", m, g.unary("math.log", total))]


@shape("keys of a cache are concatenated", "attn.sdpa", k=2)
def cache(g):
    q = g.argument("bhid", "f32")
    k = g.concat(g.argument("bhkd", "f32"), g.argument("bhid", "f32"), "k", "i", "j")
    v = g.concat(g.argument("bhke", "f32"), g.argument("bhie", "f32"), "k", "i", "j")
    return g.attend(q, k, v)


@shape("two layers, one after the other", None, fused=2, i=7)
def layers(g):
    q, k, v = g.qkv()
    o = g.attend(q, k, v)
    o = type(o)(o.name, "bhid", "f32")
    return g.attend(o, k, v)


@shape("a residual and another use of the output", "attn.sdpa")
def output_used(g):
    q, k, v = g.qkv()
    o = g.attend(q, k, v)
    return [g.add(o, o), g.mul(o, 2.0)]
