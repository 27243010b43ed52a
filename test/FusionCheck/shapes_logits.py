# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Shapes that differ in scale and bias; `shapes.py` says how they are written."""

from graph import SCALED, shape
from spell import INFINITY, LOWEST


# ---- B1. Scale ---------------------------------------------------------------


@shape("I1", SCALED)
def scale_divided(g):
    return g.attend(*g.qkv(), lambda s: g.div(s, 4.0))


@shape("I2", SCALED)
def scale_multiplied(g):
    return g.attend(*g.qkv(), lambda s: g.mul(s, 0.25))


@shape("I9, I10, I20", SCALED)
def scale_divides_query(g):
    q, k, v = g.qkv()
    return g.attend(g.div(q, 4.0), k, v)


@shape("Flax", SCALED)
def scale_on_query(g):
    q, k, v = g.qkv()
    return g.attend(g.mul(q, 0.25), k, v)


@shape("OpenVINO SDPAFusion", SCALED)
def scale_on_key(g):
    q, k, v = g.qkv()
    return g.attend(q, g.mul(k, 0.25), v)


@shape("I29, I30; ONNX function body", SCALED)
def scale_on_both(g):
    q, k, v = g.qkv()
    return g.attend(g.mul(q, 0.5), g.mul(k, 0.5), v)


@shape("T5, I13, I21", "scale = 1.000000e+00")
def scale_missing(g):
    return g.attend(*g.qkv())


@shape("I18: full([], c)", SCALED)
def scale_splat(g):
    return g.attend(*g.qkv(), lambda s: g.binary("arith.mulf", s, g.dense("", "f32", "0.25")))


@shape("linalg.fill", SCALED)
def scale_filled(g):
    return g.attend(*g.qkv(), lambda s: g.binary("arith.divf", s, g.filled("", "f32", 4.0)))


@shape("learned temperature, a scalar", "scale(%{{.*}} : f32)")
def scale_value(g):
    q, k, v = g.qkv()
    value = g.argument(None, "f32")
    return g.attend(q, k, v, lambda s: g.generic(s.dims, "f32", [s], lambda a: g.op(f"arith.mulf {a}, {value} : f32")))


@shape("learned temperature, a tensor of rank 0, as divisor", "scale(%{{.*}} : f32)")
def scale_tensor(g):
    q, k, v = g.qkv()
    value = g.argument("", "f32", "positive")
    return g.attend(q, k, v, lambda s: g.binary("arith.divf", s, value))


@shape("two scales in a row", SCALED)
def scale_twice(g):
    return g.attend(*g.qkv(), lambda s: g.mul(g.mul(s, 0.5), 0.5))


@shape("scale after a mask of -inf", SCALED)
def scale_after_mask(g):
    q, k, v = g.qkv()
    m = g.argument("bhij", "i1")
    return g.attend(q, k, v, lambda s: g.mul(g.select(m, s, -INFINITY), 0.25))


# ---- B2. Additive masks and biases -------------------------------------------


def bias_shape(dims):
    def build(g):
        q, k, v = g.qkv()
        m = g.argument(dims, "f32", "bias")
        return g.attend(q, k, v, lambda s: g.add(g.div(s, 4.0), m))

    build.__name__ = f"bias_{dims}"
    return build


for form in ("bhij", "b1ij", "1hij", "11ij", "b11j", "ij", "j", "bh1j", "hij"):
    shape("I5, all forms of broadcasting", "bias(%arg3")(bias_shape(form))


@shape("I14: collapsed [b*h, i, j]", "bias(%expanded")
def bias_collapsed(g):
    q, k, v = g.qkv()
    g.sizes["Z"] = 6
    m = g.argument("Zij", "f32")
    s = g.collapse(g.logits(q, k), [("Z", "bh"), ("i", "i"), ("j", "j")])
    p = g.soft(g.add(s, m))
    return g.output(g.expand(p, [("Z", "bh"), ("i", "i"), ("j", "j")]), v)


@shape("bias before the scale: it is scaled as well", "score(")
def bias_scaled(g):
    q, k, v = g.qkv()
    m = g.argument("bhij", "f32")
    return g.attend(q, k, v, lambda s: g.div(g.add(s, m), 4.0))


@shape("BERT: (1 - mask) * -10000", "bias(%")
def bias_bert(g):
    q, k, v = g.qkv()
    m = g.argument("b11j", "f32")
    penalty = g.mul(g.with_constant("arith.subf", m, 1.0, first=True), -10000.0)
    return g.attend(q, k, v, lambda s: g.add(s, penalty))


@shape("(1 - keep) * finfo.min of booleans", "mask(%{{.*}} masked_row = uniform")
def bias_finfo(g):
    q, k, v = g.qkv()
    m = g.number(g.argument("b11j", "i1"), "f32")
    penalty = g.mul(g.with_constant("arith.subf", m, 1.0, first=True), LOWEST["f32"])
    return g.attend(q, k, v, lambda s: g.add(s, penalty))


@shape("SDPA: where(keep, 0, -inf) is added", "mask(%{{.*}} masked_row = nan")
def bias_where(g):
    q, k, v = g.qkv()
    m = g.argument("b1ij", "i1")
    return g.attend(q, k, v, lambda s: g.add(s, g.matrix(m, "f32", -INFINITY)))


@shape("log(keep)", "mask(%")
def bias_logarithm(g):
    q, k, v = g.qkv()
    m = g.unary("math.log", g.number(g.argument("b1ij", "i1"), "f32"))
    return g.attend(q, k, v, lambda s: g.add(s, m))


@shape("T5, Swin: position bias and padding", "bias(%arg3{{.*}}score(")
def bias_two(g):
    q, k, v = g.qkv()
    x, y = g.argument("1hij", "f32"), g.argument("b11j", "f32")
    return g.attend(q, k, v, lambda s: g.add(g.add(s, x), y))


@shape("gathered relative position bias: T5, Swin", "bias(%")
def bias_gathered(g):
    q, k, v = g.qkv()
    g.sizes["T"] = 11
    table, index = g.argument("Th", "f32"), g.argument("ij", "i64")

    def body(a):
        h = g.index(0, "index")
        row = g.op(f"arith.index_cast {a} : i64 to index")
        return g.op(f"tensor.extract {table.name}[{row}, {h}] : {g.type_of(table)}")

    bias = g.generic("hij", "f32", [index], body)
    return g.attend(q, k, v, lambda s: g.add(s, bias))


@shape("ALiBi from slopes: nothing of size Lq x Lk is left", "score(")
def bias_alibi(g):
    q, k, v = g.qkv()
    slopes = g.argument("h", "f32")

    def body(slope):
        distance = g.op(f"arith.subi {g.index(2)}, {g.index(1)} : i64")
        return g.op(f"arith.mulf {slope}, {g.op(f'arith.sitofp {distance} : i64 to f32')} : f32")

    bias = g.generic("hij", "f32", [slopes], body)
    return g.attend(q, k, v, lambda s: g.add(s, bias))


@shape("I23: a zero mask folds away", "value(%arg2 : tensor<2x3x7x4xf32>) scale = 1.000000e+00 outs")
def bias_zero(g):
    return g.attend(*g.qkv(), lambda s: g.add(s, g.filled("ij", "f32", 0.0)))
