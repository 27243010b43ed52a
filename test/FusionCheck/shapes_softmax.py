# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Shapes that differ in the softmax and in the layout; `shapes.py` says how they are
written."""

import math

from graph import GROUPED, shape
from spell import INFINITY, LOWEST


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
    return g.weigh(e, g.reduce(e, "j", "sum"), v)


@shape("exp2 with log2(e) folded into the scale", "scale = 0.24999")
def softmax_exp2_folded(g):
    q, k, v = g.qkv()
    x = g.mul(g.logits(q, k), 0.25 * math.log2(math.e))
    m = g.reduce(x, "j", "max")
    e = g.unary("math.exp2", g.binary("arith.subf", x, m))
    return g.weigh(e, g.reduce(e, "j", "sum"), v)


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
    return g.weigh(e, g.reduce(e, "j", "sum"), v)


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
