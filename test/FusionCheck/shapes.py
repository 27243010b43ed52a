# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The graph shapes in which attention is spelled, each with where it comes from.

  shapes.py > shapes.mlir

`In` names patterns of PyTorch Inductor's fuse_attention.py. Every function must be
fused (`test.fused`) and carries a CHECK line for what must be recognised.
"""

import math

from spell import INFINITY, LOWEST, Writer

SHAPES = []


def shape(source, check=None, fused=1, **sizes):
    """Registers a function that builds a shape from a `Graph`."""

    def register(function):
        SHAPES.append((function.__name__, source, check, fused, sizes, function))
        return function

    return register


class Graph(Writer):
    def __init__(self, name, dtype="f32", **sizes):
        super().__init__(name, dict(dict(b=2, h=3, i=5, j=7, d=4, e=4, r=2), **sizes))
        self.dtype = dtype

    def qkv(self, lead="bh", dtype=None):
        dtype = dtype or self.dtype
        return (self.argument(lead + "id", dtype), self.argument(lead + "jd", dtype),
                self.argument(lead + "je", dtype))

    def logits(self, q, k):
        lead = q.dims[:-2]
        return self.contract(q, k, lead + "ij", "d")

    def output(self, p, v):
        return self.contract(p, v, p.dims[:-1] + "e", "j")

    def parts(self, x):
        m = self.reduce(x, "j", "max")
        e = self.unary("math.exp", self.binary("arith.subf", x, m))
        return m, e, self.reduce(e, "j", "sum")

    def soft(self, x):
        _, e, total = self.parts(x)
        return self.binary("arith.divf", e, total)

    def attend(self, q, k, v, change=lambda s: s):
        return self.output(self.soft(change(self.logits(q, k))), v)

    def select(self, condition, x, value, negated=False):
        scalar = self.constant(value, x.dtype)
        return self.generic(
            x.dims, x.dtype, [condition, x],
            lambda c, a: self.op(f"arith.select {c}, {scalar if negated else a}, {a if negated else scalar} : {x.dtype}"))

    def matrix(self, condition, dtype, value):
        """0 where kept, else the value."""
        zero, scalar = self.constant(0.0, dtype), self.constant(value, dtype)
        return self.generic(condition.dims, dtype, [condition],
                            lambda c: self.op(f"arith.select {c}, {zero}, {scalar} : {dtype}"))

    def number(self, condition, dtype):
        return self.generic(condition.dims, dtype, [condition],
                            lambda c: self.op(f"arith.uitofp {c} : i1 to {dtype}"))

    def compare(self, predicate, shift=0, dims="ij"):
        """i + shift predicate j."""
        def body():
            i, j = self.index(dims.index("i")), self.index(dims.index("j"))
            if shift:
                i = self.op(f"arith.addi {i}, {self.constant(shift, 'i64')} : i64")
            return self.op(f"arith.cmpi {predicate}, {i}, {j} : i64")

        return self.generic(dims, "i1", [], body)

    def add(self, x, y):
        return self.binary("arith.addf", x, y)

    def mul(self, x, value):
        return self.with_constant("arith.mulf", x, value)

    def div(self, x, value):
        return self.with_constant("arith.divf", x, value)


SCALED = "attn.sdpa {{.*}} scale = 2.500000e-01"


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


# ---- B3. Boolean masks -------------------------------------------------------


@shape("where(B, S, -inf)", "mask(%arg3 : tensor<2x1x5x7xi1>) masked_row = nan")
def mask_where(g):
    q, k, v = g.qkv()
    m = g.argument("b1ij", "i1")
    return g.attend(q, k, v, lambda s: g.select(m, s, -INFINITY))


def fill_shape(name, value, check):
    def build(g):
        q, k, v = g.qkv()
        m = g.argument("b1ij", "i1")
        return g.attend(q, k, v, lambda s: g.select(m, s, value, negated=True))

    build.__name__ = f"mask_filled_{name}"
    shape(f"masked_fill with {name}", check)(build)


fill_shape("inf", -INFINITY, "masked_row = nan")
fill_shape("finfo_min", LOWEST["f32"], "masked_row = uniform")
fill_shape("1e4", -1e4, "masked_row = uniform")
fill_shape("1e9", -1e9, "masked_row = uniform")
fill_shape("1e30", -1e30, "masked_row = uniform")
fill_shape("jax", -0.7 * 3.4028235e38, "masked_row = uniform")


@shape("I15, I17, I20: DistilBert's view(mask == 0)", "mask(%")
def mask_distilbert(g):
    q, k, v = g.qkv()
    m = g.argument("bj", "i64", "mask")
    zero = g.constant(0, "i64")
    drop = g.generic("bj", "i1", [m], lambda a: g.op(f"arith.cmpi eq, {a}, {zero} : i64"))
    drop = g.expand(drop, [("b", "b11"), ("j", "j")])
    drop = g.generic("bhij", "i1", [drop], lambda a: a)
    return g.attend(q, k, v, lambda s: g.select(drop, s, -INFINITY, negated=True))


@shape("I18: GPT-2's where(causal, S / c, finfo.min)", "structure(#attn.causal<top_left>)")
def mask_gpt2(g):
    q, k, v = g.qkv()
    return g.attend(q, k, v, lambda s: g.select(g.compare("sge"), g.div(s, 4.0), LOWEST["f32"]))


@shape("I19: GPT-2's where(causal, S, finfo.min) + M; rows decide alone", "bias(%arg3|score(")
def mask_gpt2_padding(g):
    q, k, v = g.qkv()
    m = g.argument("b11j", "f32")
    return g.attend(q, k, v, lambda s: g.add(g.select(g.compare("sge"), s, LOWEST["f32"]), m))


@shape("old GPT-2 exports: S * keep + (1 - keep) * -1e4", "masked_row = uniform")
def mask_multiplied(g):
    q, k, v = g.qkv()
    m = g.number(g.argument("bhij", "i1"), "f32")
    penalty = g.mul(g.with_constant("arith.subf", m, 1.0, first=True), -1e4)
    return g.attend(q, k, v, lambda s: g.add(g.binary("arith.mulf", s, m), penalty))


@shape("XLA: select(B, S, broadcast c) with B of lower rank", "mask(%")
def mask_xla(g):
    q, k, v = g.qkv()
    m = g.argument("ij", "i1")
    wide = g.generic("bhij", "i1", [m], lambda a: a)
    return g.attend(q, k, v, lambda s: g.select(wide, s, -INFINITY))


@shape("and, or, not of masks; chained selects", "mask(%")
def mask_boolean(g):
    q, k, v = g.qkv()
    x, y = g.argument("b11j", "i1"), g.argument("ij", "i1")
    both = g.generic("b1ij", "i1", [x, y], lambda a, b: g.op(f"arith.andi {a}, {b} : i1"))
    return g.attend(q, k, v, lambda s: g.select(g.compare("sge"), g.select(both, s, -INFINITY), -INFINITY))


# ---- B4. Masks of indices ----------------------------------------------------


@shape("two iotas", "structure(#attn.causal<top_left>)")
def causal_iota(g):
    q, k, v = g.qkv()
    g.sizes["q"] = 5
    rows = g.generic("i", "i64", [], lambda: g.index(0))
    columns = g.generic("j", "i64", [], lambda: g.index(0))
    keep = g.generic("ij", "i1", [rows, columns], lambda a, b: g.op(f"arith.cmpi sge, {a}, {b} : i64"))
    return g.attend(q, k, v, lambda s: g.select(keep, s, -INFINITY))


def triangle(rows, columns, offset=0, yes="true", no="false"):
    return "[" + ", ".join("[" + ", ".join(yes if j <= i + offset else no for j in range(columns)) + "]"
                           for i in range(rows)) + "]"


@shape("tril(ones), a constant", "structure(#attn.causal<top_left>)")
def causal_constant(g):
    q, k, v = g.qkv()
    keep = g.dense("ij", "i1", triangle(5, 7))
    return g.attend(q, k, v, lambda s: g.select(keep, s, -INFINITY))


@shape("triu(-inf, 1), a constant", "structure(#attn.causal<top_left>)")
def causal_triu(g):
    q, k, v = g.qkv()
    bias = g.dense("ij", "f32", triangle(5, 7, yes="0.0", no="0xFF800000"))
    return g.attend(q, k, v, lambda s: g.add(s, bias))


@shape("GPT-2's slice of a registered buffer", "structure(#attn.causal<top_left>)")
def causal_buffer(g):
    q, k, v = g.qkv()
    g.sizes.update(L=9, M=9)
    buffer = g.slice(g.slice(g.dense("11LM", "i1", f"[[{triangle(9, 9)}]]"), "L", 0, "i"), "M", 0, "j")
    return g.attend(q, k, v, lambda s: g.select(buffer, s, -INFINITY))


@shape("a slice of the buffer at an offset: bottom right", "structure(#attn.causal<bottom_right>)")
def causal_buffer_offset(g):
    q, k, v = g.qkv()
    g.sizes.update(L=9, M=9)
    buffer = g.slice(g.slice(g.dense("11LM", "i1", f"[[{triangle(9, 9)}]]"), "L", 2, "i"), "M", 0, "j")
    return g.attend(q, k, v, lambda s: g.select(buffer, s, -INFINITY))


@shape("i + past >= j", "structure(#attn.causal<bottom_right>)")
def causal_past(g):
    q, k, v = g.qkv()
    return g.attend(q, k, v, lambda s: g.select(g.compare("sge", 2), s, -INFINITY))


@shape("sliding window", "structure(#attn.window<2, 0>)")
def window(g):
    q, k, v = g.qkv()

    def body():
        i, j = g.index(0), g.index(1)
        distance = g.op(f"arith.subi {i}, {j} : i64")
        near = g.op(f"arith.cmpi slt, {distance}, {g.constant(3, 'i64')} : i64")
        return g.op(f"arith.andi {near}, {g.op(f'arith.cmpi sge, {i}, {j} : i64')} : i1")

    return g.attend(q, k, v, lambda s: g.select(g.generic("ij", "i1", [], body), s, -INFINITY))


@shape("|i - j| <= w", "structure(#attn.all_of<[#attn.window<2, -1>, #attn.causal<bottom_right>]>)")
def window_symmetric(g):
    q, k, v = g.qkv()

    def body():
        distance = g.op(f"arith.subi {g.index(0)}, {g.index(1)} : i64")
        return g.op(f"arith.cmpi sle, {g.op(f'math.absi {distance} : i64')}, {g.constant(2, 'i64')} : i64")

    return g.attend(q, k, v, lambda s: g.select(g.generic("ij", "i1", [], body), s, -INFINITY))


@shape("causal and padding", "mask(%arg3 : tensor<2x1x1x7xi1>) structure(#attn.causal<top_left>)")
def causal_padding(g):
    q, k, v = g.qkv()
    m = g.argument("b11j", "i1")
    keep = g.generic("b1ij", "i1", [g.compare("sge"), m], lambda a, b: g.op(f"arith.andi {a}, {b} : i1"))
    return g.attend(q, k, v, lambda s: g.select(keep, s, -INFINITY))


@shape("doc[i] == doc[j]", "keep(")
def documents(g):
    q, k, v = g.qkv()
    x, y = g.argument("bi", "i64"), g.argument("bj", "i64")
    keep = g.generic("bij", "i1", [x, y], lambda a, b: g.op(f"arith.cmpi eq, {a}, {b} : i64"))
    return g.attend(q, k, v, lambda s: g.select(keep, s, -INFINITY))


@shape("j < length[b]", "mask(%{{.*}} : tensor<2x1x1x7xi1>)")
def lengths(g):
    q, k, v = g.qkv()
    n = g.argument("b", "i64")
    keep = g.generic("bj", "i1", [n], lambda a: g.op(f"arith.cmpi slt, {g.index(1)}, {a} : i64"))
    return g.attend(q, k, v, lambda s: g.select(keep, s, -INFINITY))


@shape("cumulative position ids as constants", "structure(#attn.causal<top_left>)")
def position_ids(g):
    q, k, v = g.qkv()
    rows, columns = g.dense("i", "i64", str(list(range(5)))), g.dense("j", "i64", str(list(range(7))))
    keep = g.generic("ij", "i1", [columns, rows], lambda a, b: g.op(f"arith.cmpi sle, {a}, {b} : i64"))
    return g.attend(q, k, v, lambda s: g.select(keep, s, -INFINITY))


# ---- B5. Softmax -------------------------------------------------------------


@shape("linalg.softmax", "attn.sdpa")
def softmax_named(g):
    q, k, v = g.qkv()
    return g.output(g.softmax(g.logits(q, k), "j"), v)


@shape("decomposed, with dimensions kept", "attn.sdpa")
def softmax_kept_dims(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    m = g.reduce(x, "j", "max", keep=True)
    e = g.unary("math.exp", g.binary("arith.subf", x, m))
    return g.output(g.binary("arith.divf", e, g.reduce(e, "j", "sum", keep=True)), v)


@shape("e * (1 / l)", "attn.sdpa")
def softmax_inverse(g):
    q, k, v = g.qkv()
    _, e, total = g.parts(g.logits(q, k))
    return g.output(g.binary("arith.mulf", e, g.with_constant("arith.divf", total, 1.0, first=True)), v)


@shape("division after the second matmul", "attn.sdpa")
def softmax_late(g):
    q, k, v = g.qkv()
    _, e, total = g.parts(g.logits(q, k))
    return g.binary("arith.divf", g.output(e, v), total)


@shape("exp2 with log2(e)", "scale = 1.000000e+00")
def softmax_exp2(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    m = g.reduce(x, "j", "max")
    e = g.unary("math.exp2", g.mul(g.binary("arith.subf", x, m), math.log2(math.e)))
    return g.output(g.binary("arith.divf", e, g.reduce(e, "j", "sum")), v)


@shape("exp2 with log2(e) folded into the scale", "scale = 0.24999")
def softmax_exp2_folded(g):
    q, k, v = g.qkv()
    x = g.mul(g.logits(q, k), 0.25 * math.log2(math.e))
    m = g.reduce(x, "j", "max")
    e = g.unary("math.exp2", g.binary("arith.subf", x, m))
    return g.output(g.binary("arith.divf", e, g.reduce(e, "j", "sum")), v)


@shape("through the log-sum-exp", "attn.sdpa")
def softmax_lse(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    m, _, total = g.parts(x)
    lse = g.binary("arith.addf", g.unary("math.log", total), m)
    return g.output(g.unary("math.exp", g.binary("arith.subf", x, lse)), v)


@shape("log_softmax, then exp", "attn.sdpa")
def softmax_log(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    difference = g.binary("arith.subf", x, g.reduce(x, "j", "max"))
    total = g.reduce(g.unary("math.exp", difference), "j", "sum")
    return g.output(g.unary("math.exp", g.binary("arith.subf", difference, g.unary("math.log", total))), v)


@shape("I29, I30: safe softmax", "mask({{.*}}outs")
def softmax_safe(g):
    q, k, v = g.qkv()
    x = g.select(g.argument("b1ij", "i1"), g.logits(q, k), -INFINITY)
    infinity = g.constant(-INFINITY, "f32")
    test = g.generic(x.dims, "i1", [x], lambda a: g.op(f"arith.cmpf oeq, {a}, {infinity} : f32"))
    return g.output(g.select(g.reduce(test, "j", "all"), g.soft(x), 0.0, negated=True), v)


@shape("NaN guard of exporters", "mask({{.*}}outs")
def softmax_nan_guard(g):
    q, k, v = g.qkv()
    p = g.soft(g.select(g.argument("b1ij", "i1"), g.logits(q, k), -INFINITY))
    nan = g.generic(p.dims, "i1", [p], lambda a: g.op(f"arith.cmpf uno, {a}, {a} : f32"))
    return g.output(g.select(nan, p, 0.0, negated=True), v)


@shape("epsilon in the denominator", "attn.sdpa")
def softmax_epsilon(g):
    q, k, v = g.qkv()
    _, e, total = g.parts(g.logits(q, k))
    return g.output(g.binary("arith.divf", e, g.with_constant("arith.addf", total, 1e-9)), v)


@shape("the maximum is clamped", "mask(%{{.*}} masked_row = nan")
def softmax_clamped(g):
    q, k, v = g.qkv()
    x = g.select(g.argument("b1ij", "i1"), g.logits(q, k), -INFINITY)
    m = g.with_constant("arith.maximumf", g.reduce(x, "j", "max"), LOWEST["f32"])
    e = g.unary("math.exp", g.binary("arith.subf", x, m))
    return g.output(g.binary("arith.divf", e, g.reduce(e, "j", "sum")), v)


@shape("softmax on permuted data", "attn.sdpa")
def softmax_permuted(g):
    q, k, v = g.qkv()
    x = g.transpose(g.logits(q, k), "bjhi")
    return g.output(g.transpose(g.soft(x), "bhij"), v)


@shape("softmax with one logit more, of zero", "sinks(%")
def softmax_one(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    m = g.with_constant("arith.maximumf", g.reduce(x, "j", "max"), 0.0)
    e = g.unary("math.exp", g.binary("arith.subf", x, m))
    extra = g.unary("math.exp", g.unary("arith.negf", m))
    return g.output(g.binary("arith.divf", e, g.binary("arith.addf", g.reduce(e, "j", "sum"), extra)), v)


@shape("DeBERTa: zeros where the mask is, after the softmax", "mask({{.*}}outs")
def softmax_zeroed(g):
    q, k, v = g.qkv()
    m = g.argument("b1ij", "i1")
    p = g.soft(g.select(m, g.logits(q, k), LOWEST["f32"]))
    return g.output(g.select(m, p, 0.0), v)


# ---- B6. Types ---------------------------------------------------------------


@shape("I7, I8: softmax in f32", "tensor<2x3x5x4xf16>", dtype="f16")
def types_softmax(g):
    q, k, v = g.qkv()
    return g.output(g.cast(g.soft(g.cast(g.logits(q, k), "f32")), "f16"), v)


@shape("everything is converted to f32 first: the operands are bf16", "key(%arg1 : tensor<2x3x7x4xbf16>)", dtype="bf16")
def types_converted(g):
    q, k, v = (g.cast(x, "f32") for x in g.qkv())
    return g.cast(g.attend(q, k, v), "bf16")


@shape("f32 accumulation in the first matmul", "key(%arg1 : tensor<2x3x7x4xf16>)", dtype="f16")
def types_accumulate(g):
    q, k, v = g.qkv()
    s = g.contract(q, k, "bhij", "d", "f32")
    return g.contract(g.cast(g.soft(s), "f16"), v, "bhie", "j", "f32")


@shape("I16's variant: f32 mask on f16 logits", "bias(%arg3 : tensor<2x1x1x7xf32>)", dtype="f16")
def types_mask(g):
    q, k, v = g.qkv()
    m = g.argument("b11j", "f32")
    p = g.soft(g.add(g.cast(g.logits(q, k), "f32"), m))
    return g.output(g.cast(p, "f16"), v)


# ---- B7. Dropout -------------------------------------------------------------


@shape("dropout with p = 0 leaves a product with one", "attn.sdpa")
def dropout_inference(g):
    q, k, v = g.qkv()
    return g.output(g.mul(g.soft(g.logits(q, k)), 1.0), v)


# ---- B8. Layouts -------------------------------------------------------------


@shape("I7-I12: [b, i, h, d] around", "attn.transpose %arg0 [0, 2, 1, 3]{{(.|[[:space:]])*}}attn.sdpa")
def layout_bihd(g):
    q, k, v = (g.transpose(g.argument(dims, "f32"), order) for dims, order in
               (("bihd", "bhid"), ("bjhd", "bhjd"), ("bjhe", "bhje")))
    return g.transpose(g.attend(q, k, v), "bihe")


@shape("the key as [b, h, d, j]", "attn.transpose %arg1 [0, 1, 3, 2]")
def layout_key(g):
    q, k, v = g.argument("bhid", "f32"), g.argument("bhdj", "f32"), g.argument("bhje", "f32")
    return g.attend(q, k, v)


@shape("I13: 3-D bmm", "attn.sdpa")
def layout_bmm(g):
    q, k, v = g.qkv("h")
    s = g.named_matmul("batch_matmul", q, g.transpose(k, "hdj"), "hij")
    return g.named_matmul("batch_matmul", g.soft(s), v, "hie")


@shape("I24: MBart's views around the mask", "bias(%arg3")
def layout_mbart(g):
    q, k, v = g.qkv()
    g.sizes["Z"] = 6
    zij = [("Z", "bh"), ("i", "i"), ("j", "j")]
    m = g.argument("b1ij", "f32")
    q3 = g.collapse(q, [("Z", "bh"), ("i", "i"), ("d", "d")])
    k3 = g.collapse(k, [("Z", "bh"), ("j", "j"), ("d", "d")])
    v3 = g.collapse(v, [("Z", "bh"), ("j", "j"), ("e", "e")])
    s = g.named_matmul("batch_matmul", q3, g.transpose(k3, "Zdj"), "Zij")
    x = g.collapse(g.add(g.expand(s, zij), m), zij)
    return g.named_matmul("batch_matmul", g.soft(x), v3, "Zie")


@shape("rank 2", "query(%arg0 : tensor<5x4xf32>)")
def layout_rank2(g):
    q, k, v = g.qkv("")
    s = g.named_matmul("matmul", q, g.transpose(k, "dj"), "ij")
    return g.named_matmul("matmul", g.soft(s), v, "ie")


@shape("Swin: rank 5, [b, w, h, i, d]", "query(%arg0 : tensor<2x2x3x5x4xf32>)", w=2)
def layout_rank5(g):
    return g.attend(*g.qkv("bwh"))


@shape("einsum bihd,bjhd->bhij and bhij,bjhe->bihe", "attn.sdpa")
def layout_einsum(g):
    q, k, v = g.argument("bihd", "f32"), g.argument("bjhd", "f32"), g.argument("bjhe", "f32")
    s = g.contract(q, k, "bhij", "d")
    return g.contract(g.soft(s), v, "bihe", "j")


@shape("(K Q^T)^T and (V^T P^T)^T", "attn.sdpa")
def layout_transposed(g):
    q, k, v = g.qkv()
    s = g.contract(k, q, "bhji", "d")
    m = g.reduce(s, "j", "max")
    e = g.unary("math.exp", g.binary("arith.subf", s, m))
    p = g.binary("arith.divf", e, g.reduce(e, "j", "sum"))
    return g.contract(v, p, "bhei", "j")


@shape("stacked query, key and value: slices of one projection", "extract_slice", P=12)
def layout_packed(g):
    g.sizes["j"] = 5
    x = g.argument("bhiP", "f32")
    q, k, v = g.slice(x, "P", 0, "d"), g.slice(x, "P", 4, "d"), g.slice(x, "P", 8, "e")
    k, v = (type(t)(t.name, t.dims.replace("i", "j"), t.dtype) for t in (k, v))
    return g.attend(q, k, v)


@shape("one query: matrix-vector products", "attn.sdpa query(%expanded : tensor<2x3x1x4xf32>)")
def layout_decode(g):
    q, k, v = g.argument("bhd", "f32"), g.argument("bhjd", "f32"), g.argument("bhje", "f32")
    s = g.contract(q, k, "bhj", "d")
    return g.contract(g.soft(s), v, "bhe", "j")


@shape("a query dimension of one", "tensor<2x3x1x4xf32>", i=1)
def layout_decode_unit(g):
    return g.attend(*g.qkv())


# ---- B9. Grouped heads -------------------------------------------------------

GROUPED = "query(%{{.*}} : tensor<2x6x5x4xf32>) key(%arg1 : tensor<2x3x7x4xf32>)"


@shape("repeat_kv: expand and reshape", GROUPED)
def heads_repeated(g):
    g.sizes["H"] = 6
    q, k, v = g.argument("bHid", "f32"), g.argument("bhjd", "f32"), g.argument("bhje", "f32")

    def repeat(x):
        wide = g.generic(x.dims.replace("h", "hr"), "f32", [x], lambda a: a)
        return g.collapse(wide, [("b", "b"), ("H", "hr"), ("j", "j"), (x.dims[-1],) * 2])

    return g.attend(q, repeat(k), repeat(v))


@shape("the query is reshaped: [b, g, r, i, d]", GROUPED)
def heads_grouped_query(g):
    g.sizes["H"] = 6
    q, k, v = g.argument("bHid", "f32"), g.argument("bhjd", "f32"), g.argument("bhje", "f32")
    q = g.expand(q, [("b", "b"), ("H", "hr"), ("i", "i"), ("d", "d")])
    s = g.contract(q, k, "bhrij", "d")
    o = g.contract(g.soft(s), v, "bhrie", "j")
    return g.collapse(o, [("b", "b"), ("H", "hr"), ("i", "i"), ("e", "e")])


@shape("gather of h // g", GROUPED)
def heads_gathered(g):
    g.sizes["H"] = 6
    q, k, v = g.argument("bHid", "f32"), g.argument("bhjd", "f32"), g.argument("bhje", "f32")

    def repeat(x):
        dims = x.dims.replace("h", "H")

        def body():
            b, h, j, c = (g.index(n, "index") for n in range(4))
            two = g.constants.setdefault(("2", "index"), f"%c{len(g.constants)}")
            head = g.op(f"arith.divsi {h}, {two} : index")
            return g.op(f"tensor.extract {x.name}[{b}, {head}, {j}, {c}] : {g.type_of(x)}")

        return g.generic(dims, "f32", [], body)

    s = g.contract(q, repeat(k), "bHij", "d")
    return g.contract(g.soft(s), repeat(v), "bHie", "j")


@shape("one head of keys for all, without a dimension of its own", "key(%{{.*}} : tensor<2x1x7x4xf32>)")
def heads_single(g):
    q, k, v = g.argument("bhid", "f32"), g.argument("bjd", "f32"), g.argument("bje", "f32")
    return g.contract(g.soft(g.contract(q, k, "bhij", "d")), v, "bhie", "j")


# ---- B10. Changes of the logits ----------------------------------------------


@shape("Gemma 2: softcap before the mask", "softcap = 3.000000e+01 structure(#attn.causal<top_left>)")
def softcap(g):
    q, k, v = g.qkv()

    def change(s):
        s = g.mul(g.unary("math.tanh", g.div(g.mul(s, 0.5), 30.0)), 30.0)
        return g.select(g.compare("sge"), s, -INFINITY)

    return g.attend(q, k, v, change)


@shape("GPT-OSS, OpenVINO: a sink is concatenated and dropped", "sinks(%arg3 : tensor<3xf32>)")
def sink_column(g):
    q, k, v = g.qkv()
    sinks = g.argument("h", "f32")
    g.sizes["s"] = 1
    column = g.generic("bhis", "f32", [sinks], lambda a: a)
    wide = g.concat(g.logits(q, k), column, "j", "s", "S")
    m = g.reduce(wide, "S", "max", keep=True)
    e = g.unary("math.exp", g.binary("arith.subf", wide, m))
    p = g.binary("arith.divf", e, g.reduce(e, "S", "sum", keep=True))
    return g.output(g.slice(p, "S", 0, "j"), v)


@shape("Swin 2, MPT: a temperature for each head", "score(")
def head_temperature(g):
    q, k, v = g.qkv()
    return g.attend(q, k, v, lambda s: g.binary("arith.mulf", s, g.argument("h", "f32")))


@shape("rotary embedding before", "query(%{{[0-9]+}}")
def rotary(g):
    q, k, v = g.qkv()
    cosine = g.argument("id", "f32")
    return g.attend(g.binary("arith.mulf", q, cosine), k, v)


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
    o = g.output(g.binary("arith.divf", e, total), v)
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


def main():
    for name, source, check, fused, sizes, build in SHAPES:
        graph = Graph(name, **sizes)
        text = graph.finish(build(graph), f"attributes {{test.fused = {fused} : i64}} ")
        print(f"// {source}")
        print(f"// CHECK-LABEL: func.func @{name}(")
        if check and "|" in check and "{{" not in check:
            check = "{{" + check.replace("(", "[(]") + "}}"
        if check and "[[:space:]]" in check:
            first, second = check.split("{{(.|[[:space:]])*}}")
            print(f"// CHECK: {first}\n// CHECK: {second}")
        elif check:
            print(f"// CHECK: {check}")
        print("// CHECK: return")
        print(text + "\n")


if __name__ == "__main__":
    main()
