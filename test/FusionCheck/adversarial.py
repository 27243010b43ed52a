# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Graphs at the edge of attention, systematically: whatever is fused must compute
what it computed. Which are fused is not said here but for the `fused` count of the
test.

  adversarial.py > adversarial.mlir
"""

from graph import Graph
from spell import INFINITY

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def change(name, apply):
    """Attention whose logits are changed."""
    CASES[name] = lambda g: g.attend(*g.qkv(), lambda s: apply(g, s))


# Numbers that masks select, which need not be masks.
for value in [-1.0, -50.0, -100.0, -1e3, -9999.0, -1e4, -6e4, -1e9, -3e38, -INFINITY, 0.0, 1.0, 1e3, 1e4, 1e9]:
    text = f"{value:g}".replace("-", "m").replace("+", "").replace(".", "_")
    change(f"select_{text}", lambda g, s, v=value: g.select(g.argument("b1ij", "i1"), s, v))
    change(f"select_scaled_{text}", lambda g, s, v=value: g.mul(g.select(g.argument("b1ij", "i1"), s, v), 0.125))
    if abs(value) < 1e30:
        change(f"add_{text}", lambda g, s, v=value: g.add(s, g.matrix(g.argument("b1ij", "i1"), "f32", v)))

# Arithmetic on logits, some of which turns their order.
for scale in [-1.0, -0.25, 0.0, 1e-30, 1e30]:
    text = f"{scale:g}".replace("-", "m").replace("+", "").replace(".", "_")
    change(f"scale_{text}", lambda g, s, v=scale: g.mul(s, v))
    CASES[f"scale_query_{text}"] = lambda g, v=scale: (
        lambda q, k, w: g.attend(g.mul(q, v), k, w))(*g.qkv())
for function in ["math.absf", "math.tanh", "arith.negf", "math.exp", "math.sqrt", "math.exp2"]:
    change("apply_" + function.replace(".", "_"), lambda g, s, f=function: g.unary(f, s))
for divisor in [0.0, -0.0]:
    text = f"{divisor:g}".replace("-", "m")
    change(f"divide_{text}", lambda g, s, v=divisor: g.div(s, v))
    change(f"divide_capped_{text}", lambda g, s, v=divisor: g.mul(g.unary("math.tanh", g.div(s, v)), 3.0))
    CASES[f"divide_query_{text}"] = lambda g, v=divisor: (
        lambda q, k, w: g.attend(g.div(q, v), k, w))(*g.qkv())
other = lambda g: g.contract(g.argument("bhid", "f32"), g.argument("bhjd", "f32"), "bhij", "d")
change("times_another_product", lambda g, s: g.binary("arith.mulf", s, other(g)))
change("maximum_with_another_product", lambda g, s: g.binary("arith.maximumf", s, other(g)))
change("masked_by_another_product", lambda g, s: g.select(g.generic(
    "bhij", "i1", [other(g)], lambda a: g.op(f"arith.cmpf ogt, {a}, {g.constant(0.0, 'f32')} : f32")), s, -INFINITY))
change("squared", lambda g, s: g.binary("arith.mulf", s, s))
change("doubled", lambda g, s: g.add(s, s))
change("minus_itself", lambda g, s: g.binary("arith.subf", s, s))
change("divided_by_itself", lambda g, s: g.binary("arith.divf", s, s))
change("constant_minus_logits", lambda g, s: g.with_constant("arith.subf", s, 1.0, first=True))
change("constant_over_logits", lambda g, s: g.with_constant("arith.divf", s, 1.0, first=True))
change("softmax_twice", lambda g, s: g.soft(s))
change("minus_mean", lambda g, s: g.binary("arith.subf", s, g.mul(g.reduce(s, "j", "sum"), 1 / 5)))
change("over_norm", lambda g, s: g.binary("arith.divf", s, g.reduce(g.binary("arith.mulf", s, s), "j", "sum")))
change("minus_maximum_of_queries", lambda g, s: g.binary("arith.subf", s, g.reduce(s, "i", "max")))
change("minus_maximum_first", lambda g, s: g.binary("arith.subf", s, g.reduce(s, "j", "max")))
for predicate in ["eq", "ne", "slt", "sle", "sgt", "sge", "ult"]:
    for shift in [0, -3, 3]:
        change(f"compare_{predicate}_{'m' if shift < 0 else ''}{abs(shift)}",
               lambda g, s, p=predicate, n=shift: g.select(g.compare(p, n), s, -INFINITY))


@case
def read_twice_often(g):
    # A search of all ways through the expression would never end.
    q, k, v = g.qkv()
    x = g.logits(q, k)
    for _ in range(64):
        x = g.unary("math.tanh", g.add(g.binary("arith.mulf", x, x), x))
    return g.output(g.soft(x), v)


@case
def masked_twice_often(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    for _ in range(32):
        x = g.select(g.argument("b1ij", "i1"), g.binary("arith.maximumf", x, g.mul(x, 0.5)), -INFINITY)
    return g.output(g.soft(x), v)


@case
def maximum_added_often(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    m = g.reduce(x, "j", "max")
    for _ in range(32):
        m = g.mul(g.add(m, m), 0.5)
    e = g.unary("math.exp", g.binary("arith.subf", x, m))
    return g.weigh(e, g.reduce(e, "j", "sum"), v)


@case
def values_are_keys(g):
    q, k = g.argument("bhid", "f32"), g.argument("bhjd", "f32")
    return g.attend(q, k, type(k)(k.name, "bhje", "f32"))


@case
def query_is_key(g):
    x, v = g.argument("bhid", "f32"), g.argument("bhje", "f32")
    return g.attend(x, type(x)(x.name, "bhjd", "f32"), v)


@case
def all_the_same(g):
    x = g.argument("bhid", "f32")
    return g.attend(x, type(x)(x.name, "bhjd", "f32"), type(x)(x.name, "bhje", "f32"))


@case
def logits_transposed(g):
    # Of the same sizes: the transposed product is another attention.
    q, k, v = g.qkv()
    s = g.transpose(g.logits(q, k), "bhji")
    return g.output(g.soft(type(s)(s.name, "bhij", "f32")), v)


@case
def mask_transposed(g):
    m = g.transpose(g.argument("b1ij", "i1"), "b1ji")
    return g.attend(*g.qkv(), lambda s: g.select(type(m)(m.name, "b1ij", "i1"), s, -INFINITY))


@case
def probabilities_squared(g):
    q, k, v = g.qkv()
    p = g.soft(g.logits(q, k))
    return g.output(g.binary("arith.mulf", p, p), v)


@case
def probabilities_minus_one(g):
    q, k, v = g.qkv()
    return g.output(g.with_constant("arith.subf", g.soft(g.logits(q, k)), 1.0), v)


@case
def probabilities_of_two(g):
    # Differential attention: the difference of two softmaxes.
    q, k, v = g.qkv()
    other = g.soft(g.logits(g.argument("bhid", "f32"), k))
    return g.output(g.binary("arith.subf", g.soft(g.logits(q, k)), other), v)


def main():
    for name, build in CASES.items():
        graph = Graph(name, i=5, j=5, d=5, e=5)
        print(graph.finish(build(graph)) + "\n")


if __name__ == "__main__":
    main()
