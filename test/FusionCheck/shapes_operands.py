# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Shapes in what comes before the matmuls and in how they are written."""

from graph import GROUPED, shape
from spell import INFINITY, Tensor


# ---- B2. Biases --------------------------------------------------------------


@shape("DeBERTa, Transformer-XL: a second matmul is added to the logits", "bias(%{{.*}} : tensor<2x3x5x7xf32>)", p=6)
def bias_from_matmul(g):
    q, k, v = g.qkv()
    position = g.contract(g.argument("bhip", "f32"), g.argument("hjp", "f32"), "bhij", "p")
    return g.attend(q, k, v, lambda s: g.mul(g.add(s, position), 0.5))


@shape("BEiT: the bias of one position is put in front of the others", "bias(%", n=6)
def bias_in_pieces(g):
    q, k, v = g.qkv()
    first, others = g.argument("hi1", "f32"), g.argument("hin", "f32")
    bias = g.concat(first, others, "1", "n", "j")
    return g.attend(q, k, v, lambda s: g.binary("arith.addf", s, bias))


# ---- B6. Types ---------------------------------------------------------------


@shape("fp8 operands, each with a scale for the tensor, computed in f32", "query(%{{.*}} : tensor<2x3x5x4xf32>)")
def types_fp8(g):
    def dequantise(dims):
        x, factor = g.argument(dims, "f8E4M3FN"), g.argument("", "f32", "positive")
        return g.generic(dims, "f32", [x, factor], lambda a, b: g.op(
            f"arith.mulf {g.op(f'arith.extf {a} : f8E4M3FN to f32')}, {b} : f32"))

    return g.attend(dequantise("bhid"), dequantise("bhjd"), dequantise("bhje"))


# ---- B7. Dropout -------------------------------------------------------------


@shape("dropout of inference, then a cast", "attn.sdpa", dtype="f16")
def dropout_cast(g):
    q, k, v = g.qkv()
    p = g.mul(g.soft(g.cast(g.logits(q, k), "f32")), 1.0)
    return g.output(g.cast(p, "f16"), v)


# ---- B8. Layouts -------------------------------------------------------------


def contract(g, x, y, dims, letter, swapped):
    """linalg.contract, or linalg.batch_matmul over joined batches with a map that
    transposes its second operand."""
    init = g.filled(dims, "f32", 0.0)
    loops = ", ".join(dims + letter)
    maps = ", ".join(f"affine_map<({loops}) -> ({', '.join(t)})>" for t in (x.dims, y.dims, dims))
    type_ = g.type_of(init)
    name = "linalg.batch_matmul" if swapped else "linalg.contract"
    return Tensor(g.emit(f"{name} indexing_maps = [{maps}] ins({x.name}, {y.name} : {g.type_of(x)}, {g.type_of(y)}) "
                         f"outs({init.name} : {type_}) -> {type_}"), dims, "f32")


@shape("linalg.contract", "attn.sdpa query(%arg0 : tensor<2x3x5x4xf32>)")
def layout_contract(g):
    q, k, v = g.qkv()
    s = contract(g, q, k, "bhij", "d", False)
    return contract(g, g.soft(s), v, "bhie", "j", False)


@shape("linalg.batch_matmul whose map transposes the key", "attn.sdpa query(%arg0 : tensor<3x5x4xf32>) key(%arg1")
def layout_transposed_map(g):
    q, k, v = g.qkv("h")
    s = contract(g, q, k, "hij", "d", True)
    return contract(g, g.soft(s), v, "hie", "j", True)


@shape("TVM: [b, s, h * d] with one head", "attn.sdpa", h=1)
def layout_one_head(g):
    q, k, v = g.argument("bid", "f32"), g.argument("bjd", "f32"), g.argument("bje", "f32")
    q = g.expand(q, [("b", "b"), ("i", "ih"), ("d", "d")])
    k = g.expand(k, [("b", "b"), ("j", "jh"), ("d", "d")])
    v = g.expand(v, [("b", "b"), ("j", "jh"), ("e", "e")])
    s = g.contract(g.transpose(q, "bhid"), g.transpose(k, "bhjd"), "bhij", "d")
    o = g.transpose(g.contract(g.soft(s), g.transpose(v, "bhje"), "bhie", "j"), "bihe")
    return g.collapse(o, [("b", "b"), ("i", "ih"), ("e", "e")])


def strided(g, dims, letter):
    """Every other element along a dimension of an argument."""
    g.sizes["S"] = 2 * g.sizes[letter]
    x = g.argument(dims.replace(letter, "S"), "f32")
    sizes = [g.sizes[c] for c in dims]
    strides = [2 if c == letter else 1 for c in dims]
    return Tensor(g.emit(f"tensor.extract_slice {x.name}{[0] * len(dims)} {sizes} {strides} : {g.type_of(x)} to "
                         f"{g.type(dims, 'f32')}"), dims, "f32")


@shape("I28: views that are not contiguous", "attn.sdpa query(%extracted_slice")
def layout_strided(g):
    return g.attend(strided(g, "bhid", "i"), strided(g, "bhjd", "h"), strided(g, "bhje", "j"))


@shape("heads that are padded to the width of a kernel", "attn.sdpa query(%{{.*}} : tensor<2x3x5x8xf32>)", f=8)
def layout_padded_heads(g):
    def pad(dims):
        x = g.argument(dims, "f32")
        wide = g.filled(dims[:-1] + "f", "f32", 0.0)
        sizes = [g.sizes[c] for c in dims]
        type_ = g.type_of(wide)
        return Tensor(g.emit(f"tensor.insert_slice {x.name} into {wide.name}[0, 0, 0, 0] {sizes} [1, 1, 1, 1] : "
                             f"{g.type_of(x)} into {type_}"), wide.dims, "f32")

    s = g.contract(pad("bhid"), pad("bhjd"), "bhij", "f")
    return g.slice(g.contract(g.soft(s), pad("bhje"), "bhif", "j"), "f", 0, "e")


@shape("images: rows and columns joined in operands and bias, taken apart in the result",
       "query(%collapsed : tensor<2x3x6x4xf32>) key(%collapsed{{.*}} bias(%collapsed", x=2, y=3)
def layout_flattened(g):
    def flatten(dims):
        joined = {"i": "xy", "j": "xy"}
        x = g.argument("".join(joined.get(c, c) for c in dims), "f32")
        return g.collapse(x, [(c, joined.get(c, c)) for c in dims])

    q, k, v = flatten("bhid"), flatten("bhjd"), flatten("bhje")
    bias = g.argument("hxyxy", "f32")
    bias = Tensor(bias.name, "hxyxy", "f32")
    bias = g.collapse(bias, [("h", "h"), ("i", "xy"), ("j", "xy")])
    o = g.attend(q, k, v, lambda s: g.add(s, bias))
    return g.expand(o, [("b", "b"), ("h", "h"), ("i", "xy"), ("e", "e")])


@shape("cross attention: Lq != Lk, Dv != D", "value(%arg2 : tensor<2x3x7x6xf32>)", e=6)
def cross(g):
    return g.attend(*g.qkv())


# ---- B3, B4. Masks -----------------------------------------------------------


@shape("ONNX Runtime: where(slice(slice(triangle)), S / c, -10000) + M", "bias(%|score(", t=9)
def mask_onnx(g):
    q, k, v = g.qkv()
    rows = ["[" + ", ".join("true" if c <= r else "false" for c in range(9)) + "]" for r in range(9)]
    triangle = g.dense("tt", "i1", "[" + ", ".join(rows) + "]")
    type_ = g.type("tj", "i1")
    first = g.emit(f"tensor.extract_slice {triangle.name}[0, 0] [9, {g.sizes['j']}] [1, 1] : {g.type_of(triangle)} to {type_}")
    second = g.emit(f"tensor.extract_slice {first}[2, 0] [{g.sizes['i']}, {g.sizes['j']}] [1, 1] : {type_} to "
                    f"{g.type('ij', 'i1')}")
    mask = Tensor(second, "ij", "i1")
    return g.attend(q, k, v, lambda s: g.add(g.select(mask, g.div(s, 2.0), -10000.0), g.argument("b11j", "f32")))


@shape("prefix language models: j < n or j <= i", "structure(#attn.prefix<3>)")
def prefix(g):
    q, k, v = g.qkv()

    def body():
        i, j = g.index(0), g.index(1)
        early = g.op(f"arith.cmpi slt, {j}, {g.constant(3, 'i64')} : i64")
        return g.op(f"arith.ori {early}, {g.op(f'arith.cmpi sle, {j}, {i} : i64')} : i1")

    return g.attend_where(g.generic("ij", "i1", [], body), q, k, v)


# ---- B9. Grouped heads -------------------------------------------------------


@shape("K[:, :, None] and an einsum of five dimensions", GROUPED)
def heads_einsum(g):
    g.sizes["H"] = 6
    q, k, v = g.argument("bHid", "f32"), g.argument("bhjd", "f32"), g.argument("bhje", "f32")
    q = g.expand(q, [("b", "b"), ("H", "hr"), ("i", "i"), ("d", "d")])
    k, v = g.expand(k, [("b", "b"), ("h", "h1"), ("j", "j"), ("d", "d")]), g.expand(
        v, [("b", "b"), ("h", "h1"), ("j", "j"), ("e", "e")])
    o = g.contract(g.soft(g.contract(q, k, "bhrij", "d")), v, "bhrie", "j")
    return g.collapse(o, [("b", "b"), ("H", "hr"), ("i", "i"), ("e", "e")])


@shape("heads of keys tiled, not repeated: query head h reads key head h % 3", "attn.sdpa")
def heads_tiled(g):
    g.sizes["H"] = 6
    q, k, v = g.argument("bHid", "f32"), g.argument("bhjd", "f32"), g.argument("bhje", "f32")

    def tile(x):
        wide = g.generic(x.dims.replace("h", "rh"), "f32", [x], lambda a: a)
        return g.collapse(wide, [("b", "b"), ("H", "rh"), ("j", "j"), (x.dims[-1],) * 2])

    return g.attend(q, tile(k), tile(v))


# ---- B10. What comes before --------------------------------------------------


@shape("rotary embedding of neighbours: even and odd columns", "attn.sdpa", p=2, s=2)
def rotary_interleaved(g):
    def rotate(dims):
        x = g.expand(g.argument(dims, "f32"), [(c, c) for c in dims[:-1]] + [("d", "ps")])
        cosine, sine = g.argument(dims[-2] + "p", "f32"), g.argument(dims[-2] + "p", "f32")
        part = lambda n: g.collapse(g.slice(x, "s", n, "1"), [(c, c) for c in dims[:-1]] + [("p", "p1")])
        even, odd = part(0), part(1)

        def combine(a, b, name):
            return g.generic(even.dims, "f32", [a, b, cosine, sine], lambda u, w, c, s: g.op(
                f"{name} {g.op(f'arith.mulf {u}, {c} : f32')}, {g.op(f'arith.mulf {w}, {s} : f32')} : f32"))

        groups = [(c, c) for c in dims[:-1]] + [("p", "p1")]
        first, second = (g.expand(y, groups) for y in (combine(even, odd, "arith.subf"), combine(odd, even, "arith.addf")))
        both = g.concat(first, second, "1", "1", "s")
        return g.collapse(Tensor(both.name, dims[:-1] + "ps", "f32"), [(c, c) for c in dims[:-1]] + [("d", "ps")])

    return g.attend(rotate("bhid"), rotate("bhjd"), g.argument("bhje", "f32"))


@shape("Qwen 3: query and key are normalised", "attn.sdpa")
def query_key_normalised(g):
    def normalise(dims):
        x = g.argument(dims, "f32")
        squares = g.reduce(g.binary("arith.mulf", x, x), "d", "sum")
        factor = g.unary("math.rsqrt", g.with_constant("arith.addf", g.mul(squares, 0.25), 1e-6))
        return g.binary("arith.mulf", g.binary("arith.mulf", x, factor), g.argument("d", "f32"))

    return g.attend(normalise("bhid"), normalise("bhjd"), g.argument("bhje", "f32"))


# ---- B11. Uses ---------------------------------------------------------------


@shape("keys of a cache into which the new ones are inserted", "attn.sdpa", n=2)
def cache_inserted(g):
    q = g.argument("bhid", "f32")

    def insert(dims):
        past, new = g.argument(dims, "f32"), g.argument(dims.replace("j", "n"), "f32")
        sizes = [g.sizes[c] for c in new.dims]
        return Tensor(g.emit(f"tensor.insert_slice {new.name} into {past.name}[0, 0, 5, 0] {sizes} [1, 1, 1, 1] : "
                             f"{g.type_of(new)} into {g.type_of(past)}"), dims, "f32")

    return g.attend(q, insert("bhjd"), insert("bhje"), lambda s: g.select(g.compare("sge", 2), s, -INFINITY))
