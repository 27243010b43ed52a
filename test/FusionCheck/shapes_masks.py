# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Shapes that differ in the mask; `shapes.py` says how they are written."""

from graph import shape
from spell import INFINITY, LOWEST, Tensor


# ---- B3. Boolean masks -------------------------------------------------------


@shape("where(B, S, -inf)", "mask(%arg3 : tensor<2x1x5x7xi1>) masked_row = nan")
def mask_where(g):
    q, k, v = g.qkv()
    m = g.argument("b1ij", "i1")
    return g.attend_where(m, q, k, v)


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
    return g.attend_where(drop, q, k, v, negated=True)


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


@shape("two such masks under a NaN guard", "attn.sdpa")
def mask_multiplied_twice(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    for dims, value in (("bhij", -3.4028234663852886e38), ("b1ij", -1e30)):
        m = g.number(g.argument(dims, "i1"), "f32")
        penalty = g.mul(g.with_constant("arith.subf", m, 1.0, first=True), value)
        x = g.add(g.binary("arith.mulf", x, m), penalty)
    p = g.soft(x)
    nan = g.generic(p.dims, "i1", [p], lambda a: g.op(f"arith.cmpf uno, {a}, {a} : f32"))
    return g.output(g.select(nan, p, 0.0, negated=True), v)


@shape("XLA: select(B, S, broadcast c) with B of lower rank", "mask(%")
def mask_xla(g):
    q, k, v = g.qkv()
    m = g.argument("ij", "i1")
    wide = g.generic("bhij", "i1", [m], lambda a: a)
    return g.attend_where(wide, q, k, v)


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
    return g.attend_where(keep, q, k, v)


def triangle(rows, columns, offset=0, yes="true", no="false"):
    return "[" + ", ".join("[" + ", ".join(yes if j <= i + offset else no for j in range(columns)) + "]"
                           for i in range(rows)) + "]"


@shape("tril(ones), a constant", "structure(#attn.causal<top_left>)")
def causal_constant(g):
    q, k, v = g.qkv()
    keep = g.dense("ij", "i1", triangle(5, 7))
    return g.attend_where(keep, q, k, v)


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
    return g.attend_where(buffer, q, k, v)


@shape("a slice of the buffer at an offset: bottom right", "structure(#attn.causal<bottom_right>)")
def causal_buffer_offset(g):
    q, k, v = g.qkv()
    g.sizes.update(L=9, M=9)
    buffer = g.slice(g.slice(g.dense("11LM", "i1", f"[[{triangle(9, 9)}]]"), "L", 2, "i"), "M", 0, "j")
    return g.attend_where(buffer, q, k, v)


@shape("i + past >= j", "structure(#attn.causal<bottom_right>)")
def causal_past(g):
    q, k, v = g.qkv()
    return g.attend_where(g.compare("sge", 2), q, k, v)


@shape("sliding window", "structure(#attn.window<2, 0>)")
def window(g):
    q, k, v = g.qkv()

    def body():
        i, j = g.index(0), g.index(1)
        distance = g.op(f"arith.subi {i}, {j} : i64")
        near = g.op(f"arith.cmpi slt, {distance}, {g.constant(3, 'i64')} : i64")
        return g.op(f"arith.andi {near}, {g.op(f'arith.cmpi sge, {i}, {j} : i64')} : i1")

    return g.attend_where(g.generic("ij", "i1", [], body), q, k, v)


@shape("|i - j| <= w", "structure(#attn.all_of<[#attn.window<2, -1>, #attn.causal<bottom_right>]>)")
def window_symmetric(g):
    q, k, v = g.qkv()

    def body():
        distance = g.op(f"arith.subi {g.index(0)}, {g.index(1)} : i64")
        return g.op(f"arith.cmpi sle, {g.op(f'math.absi {distance} : i64')}, {g.constant(2, 'i64')} : i64")

    return g.attend_where(g.generic("ij", "i1", [], body), q, k, v)


@shape("causal and padding", "mask(%arg3 : tensor<2x1x1x7xi1>) structure(#attn.causal<top_left>)")
def causal_padding(g):
    q, k, v = g.qkv()
    m = g.argument("b11j", "i1")
    keep = g.generic("b1ij", "i1", [g.compare("sge"), m], lambda a, b: g.op(f"arith.andi {a}, {b} : i1"))
    return g.attend_where(keep, q, k, v)


def same(g, dims, x, y, predicate="eq"):
    return g.generic(dims, "i1", [x, y], lambda a, b: g.op(f"arith.cmpi {predicate}, {a}, {b} : {x.dtype}"))


@shape("doc[i] == doc[j]", "documents(%arg3, %arg4 : tensor<2x5xi64>, tensor<2x7xi64>) structure(#attn.document)")
def documents(g):
    q, k, v = g.qkv()
    keep = same(g, "bij", g.argument("bi", "i64"), g.argument("bj", "i64"))
    return g.attend_where(keep, q, k, v)


@shape("documents of one packed sequence, causal within each",
       "documents(%{{.*}} : tensor<1x7xi32>, tensor<1x7xi32>) "
       "structure(#attn.all_of<{{[[]}}#attn.document, #attn.causal<top_left>]>)", i=7)
def documents_causal(g):
    q, k, v = g.qkv()
    ids = g.argument("j", "i32")
    other = same(g, "ij", Tensor(ids.name, "i", "i32"), ids, "ne")
    keep = g.compare("sge")
    return g.attend(q, k, v, lambda s: g.select(other, g.select(keep, s, -INFINITY), -INFINITY, negated=True))


@shape("documents that differ from head to head are a mask", "keep(")
def documents_of_heads(g):
    q, k, v = g.qkv()
    keep = same(g, "bhij", g.argument("bhi", "i32"), g.argument("bhj", "i32"))
    return g.attend_where(keep, q, k, v)


def shorter(g, n, predicate="slt", offset=0, swapped=False):
    """j + offset predicate n, true where the key is kept."""
    dims = n.dims + "j"

    def body(a):
        if n.dtype == "i32":
            a = g.op(f"arith.extsi {a} : i32 to i64")
        j = g.index(dims.index("j"))
        if offset:
            j = g.op(f"arith.addi {j}, {g.constant(offset, 'i64')} : i64")
        x, y = (a, j) if swapped else (j, a)
        return g.op(f"arith.cmpi {predicate}, {x}, {y} : i64")

    return g.generic(dims, "i1", [n], body)


LENGTHS = "key_lengths(%arg3 : tensor<2xi64>) masked_row = nan"


@shape("j < length[b]", LENGTHS)
def lengths(g):
    q, k, v = g.qkv()
    keep = shorter(g, g.argument("b", "i64", "length"))
    return g.attend_where(keep, q, k, v)


@shape("lengths in i32, on the left", "key_lengths(%arg3 : tensor<2xi32>)")
def lengths_i32(g):
    q, k, v = g.qkv()
    keep = shorter(g, g.argument("b", "i32", "length"), "sgt", swapped=True)
    return g.attend_where(keep, q, k, v)


@shape("masked_fill where j >= length[b]", LENGTHS)
def lengths_filled(g):
    q, k, v = g.qkv()
    drop = shorter(g, g.argument("b", "i64", "length"), "sge")
    return g.attend_where(drop, q, k, v, negated=True)


@shape("0 and -inf added, with unit dimensions", LENGTHS)
def lengths_added(g):
    q, k, v = g.qkv()
    keep = shorter(g, g.argument("b", "i64", "length"))
    wide = g.expand(keep, [("b", "b11"), ("j", "j")])
    return g.attend(q, k, v, lambda s: g.add(s, g.matrix(wide, "f32", -INFINITY)))


@shape("j <= last[b]: one more, without wrapping", "key_lengths(%{{.*}} : tensor<2xi64>)")
def lengths_inclusive(g):
    q, k, v = g.qkv()
    keep = shorter(g, g.argument("b", "i32", "length"), "sle")
    return g.attend_where(keep, q, k, v)


@shape("j + 2 < length[b]", "key_lengths(%{{.*}} : tensor<2xi64>)")
def lengths_offset(g):
    q, k, v = g.qkv()
    keep = shorter(g, g.argument("b", "i64", "length"), offset=2)
    return g.attend_where(keep, q, k, v)


@shape("one length for all, a number", "key_lengths(%{{.*}} : tensor<1xi64>)")
def lengths_scalar(g):
    q, k, v = g.qkv()
    n = g.argument(None, "i64", "length")
    keep = g.generic("j", "i1", [], lambda: g.op(f"arith.cmpi slt, {g.index(0)}, {n} : i64"))
    return g.attend_where(keep, q, k, v)


@shape("the length of the sequence that a request has: length[ids[b]]", "key_lengths(%{{.*}} : tensor<2xi64>)")
def lengths_gathered(g):
    q, k, v = g.qkv()
    g.sizes["T"] = 5
    table, ids = g.argument("T", "i64", "length"), g.argument("b", "i64")

    def get(row):
        row = g.op(f"arith.index_cast {row} : i64 to index")
        return g.op(f"tensor.extract {table.name}[{row}] : {g.type_of(table)}")

    keep = shorter(g, g.generic("b", "i64", [ids], get))
    return g.attend_where(keep, q, k, v)


@shape("the difference of two offsets", "key_lengths(%{{.*}} : tensor<2xi64>)")
def lengths_subtracted(g):
    q, k, v = g.qkv()
    g.sizes["S"] = 3
    offsets = g.argument("S", "i64")
    begin, end = g.slice(offsets, "S", 0, "b"), g.slice(offsets, "S", 1, "b")
    keep = g.generic("bj", "i1", [begin, end], lambda x, y: g.op(
        f"arith.cmpi slt, {g.index(1)}, {g.op(f'arith.subi {y}, {x} : i64')} : i64"))
    return g.attend_where(keep, q, k, v)


@shape("causal and lengths, under a safe softmax", "key_lengths(%arg3 : tensor<2xi64>) structure(#attn.causal<top_left>) outs")
def lengths_causal(g):
    q, k, v = g.qkv()
    short = shorter(g, g.argument("b", "i64", "length"))
    keep = g.generic("bij", "i1", [g.compare("sge"), short], lambda a, b: g.op(f"arith.andi {a}, {b} : i1"))
    x = g.select(keep, g.logits(q, k), -INFINITY)
    m = g.with_constant("arith.maximumf", g.reduce(x, "j", "max"), -1e30)
    e = g.unary("math.exp", g.binary("arith.subf", x, m))
    total = g.with_constant("arith.maximumf", g.reduce(e, "j", "sum"), 1e-20)
    return g.weigh(e, total, v)


@shape("bottom right of all keys, not of those in use", "key_lengths(%arg3 : tensor<2xi64>) structure(#attn.window<-1, 2>) masked_row")
def lengths_causal_past(g):
    q, k, v = g.qkv()
    short = shorter(g, g.argument("b", "i64", "length"))
    return g.attend(q, k, v, lambda s: g.select(g.compare("sge", 2), g.select(short, s, -INFINITY), -INFINITY))


@shape("batch and heads joined", "key_lengths(%arg3 : tensor<2xi64>) masked_row = nan")
def lengths_joined(g):
    q, k, v = (g.collapse(x, [("Z", "bh"), (x.dims[2], x.dims[2]), (x.dims[3], x.dims[3])]) for x in g.qkv())
    short = shorter(g, g.argument("b", "i64", "length"))
    wide = g.collapse(g.generic("bhij", "i1", [short], lambda a: a), [("Z", "bh"), ("i", "i"), ("j", "j")])
    return g.expand(g.attend_where(wide, q, k, v), [("Z", "bh"), ("i", "i"), ("e", "e")])


@shape("grouped heads, with another mask", "key_lengths(%arg3 : tensor<2xi64>)")
def lengths_grouped(g):
    q = g.argument("bhrid", "f32")
    k, v = g.argument("bhjd", "f32"), g.argument("bhje", "f32")
    short = shorter(g, g.argument("b", "i64", "length"))
    x = g.select(short, g.contract(q, k, "bhrij", "d"), -INFINITY)
    p = g.soft(g.select(g.argument("bij", "i1"), x, -INFINITY))
    return g.contract(p, v, "bhrie", "j")


SINGLE = "query(%{{.*}} : tensor<2x1x5x4xf32>) key(%{{.*}} : tensor<2x1x7x4xf32>)"


@shape("rank 3: a batch of one head", SINGLE + " {{.*}} key_lengths(%arg3 : tensor<2xi64>)")
def lengths_rank3(g):
    q, k, v = g.qkv("b")
    keep = shorter(g, g.argument("b", "i64", "length"))
    return g.attend_where(keep, q, k, v)


@shape("rank 3, causal with a bias; the log-sum-exp used elsewhere",
       SINGLE + " {{.*}} bias(%{{.*}} : tensor<2x1x5x7xf32>) "
       "key_lengths(%arg3 : tensor<2xi64>) structure(#attn.causal<top_left>)")
def lengths_rank3_causal(g):
    q, k, v = g.qkv("b")
    keep = shorter(g, g.argument("b", "i64", "length"))
    x = g.add(g.logits(q, k), g.argument("bij", "f32", "bias"))
    x = g.select(g.compare("sge"), g.select(keep, x, -INFINITY), -INFINITY)
    m, e, total = g.parts(x)
    return [g.weigh(e, total, v), g.add(m, g.unary("math.log", total))]


@shape("rank 2: one length", "query(%arg0 : tensor<5x4xf32>) {{.*}} key_lengths(%{{.*}} : tensor<i64>)")
def lengths_rank2(g):
    q, k, v = g.qkv("")
    keep = shorter(g, g.argument("", "i64", "length"))
    return g.attend_where(keep, q, k, v)


@shape("one query as a vector, with its log-sum-exp", "query(%{{.*}} : tensor<2x3x1x4xf32>) {{.*}} key_lengths(%arg3 : tensor<2xi64>)")
def lengths_decode(g):
    q, k, v = g.argument("bhd", "f32"), g.argument("bhjd", "f32"), g.argument("bhje", "f32")
    keep = shorter(g, g.argument("b", "i64", "length"))
    m, e, total = g.parts(g.select(keep, g.contract(q, k, "bhj", "d"), -INFINITY))
    return [g.contract(g.binary("arith.divf", e, total), v, "bhe", "j"), g.add(m, g.unary("math.log", total))]


@shape("rank 3, where sinks tell that there are heads", "query(%arg0 : tensor<2x5x4xf32>) {{.*}} mask(%{{.*}} sinks(%arg4 : tensor<2xf32>)")
def lengths_rank3_sinks(g):
    q, k, v = g.qkv("b")
    keep = shorter(g, g.argument("b", "i64", "length"))
    sinks = g.argument("b", "f32")
    x = g.select(keep, g.logits(q, k), -INFINITY)
    m = g.reduce(x, "j", "max")
    m = g.generic("bi", "f32", [m, sinks], lambda a, b: g.op(f"arith.maximumf {a}, {b} : f32"))
    e = g.unary("math.exp", g.binary("arith.subf", x, m))
    extra = g.generic("bi", "f32", [sinks, m], lambda a, b: g.op(f"arith.subf {a}, {b} : f32"))
    return g.output(g.binary("arith.divf", e, g.add(g.reduce(e, "j", "sum"), g.unary("math.exp", extra))), v)


@shape("rows that are masked as a whole are the mean of all values, not of those in use", "mask(%{{.*}} masked_row = uniform")
def lengths_finite(g):
    q, k, v = g.qkv()
    keep = shorter(g, g.argument("b", "i64", "length"))
    return g.attend(q, k, v, lambda s: g.select(keep, s, -1e9))


@shape("lengths that differ from head to head", "mask(%")
def lengths_of_heads(g):
    q, k, v = g.qkv()
    keep = shorter(g, g.argument("bh", "i64", "length"))
    return g.attend_where(keep, q, k, v)


@shape("lengths that differ from query to query", "{{mask|keep}}(%")
def lengths_of_queries(g):
    q, k, v = g.qkv()
    n = g.argument("bi", "i64", "length")
    keep = g.generic("bhij", "i1", [n], lambda a: g.op(f"arith.cmpi slt, {g.index(3)}, {a} : i64"))
    return g.attend_where(keep, q, k, v)


@shape("the keys behind the length", "mask(%")
def lengths_behind(g):
    q, k, v = g.qkv()
    keep = shorter(g, g.argument("b", "i64", "length"), "sgt")
    return g.attend_where(keep, q, k, v)


@shape("unsigned: negative lengths keep all", "mask(%")
def lengths_unsigned(g):
    q, k, v = g.qkv()
    keep = shorter(g, g.argument("b", "i64", "length"), "ult")
    return g.attend_where(keep, q, k, v)


@shape("every second key up to the length", "mask(%")
def lengths_strided(g):
    q, k, v = g.qkv()
    n, two = g.argument("b", "i64", "length"), g.constant(2, "i64")
    keep = g.generic("bj", "i1", [n], lambda a: g.op(
        f"arith.cmpi slt, {g.op(f'arith.muli {g.index(1)}, {two} : i64')}, {a} : i64"))
    return g.attend_where(keep, q, k, v)


@shape("positions as floats", "mask(%")
def lengths_float(g):
    q, k, v = g.qkv()
    n = g.argument("b", "f32", "positive")
    keep = g.generic("bj", "i1", [n], lambda a: g.op(
        f"arith.cmpf olt, {g.op(f'arith.sitofp {g.index(1)} : i64 to f32')}, {a} : f32"))
    return g.attend_where(keep, q, k, v)


@shape("or: only one of two must hold", "mask(%")
def lengths_either(g):
    q, k, v = g.qkv()
    short = shorter(g, g.argument("b", "i64", "length"))
    keep = g.generic("bj", "i1", [short, g.argument("j", "i1")], lambda a, b: g.op(f"arith.ori {a}, {b} : i1"))
    return g.attend_where(keep, q, k, v)


@shape("the shorter of two", "mask(%{{.*}} key_lengths(%")
def lengths_two(g):
    q, k, v = g.qkv()
    x, y = shorter(g, g.argument("b", "i64", "length")), shorter(g, g.argument("b", "i64", "length"))
    return g.attend(q, k, v, lambda s: g.select(x, g.select(y, s, -INFINITY), -INFINITY))


@shape("cumulative position ids as constants", "structure(#attn.causal<top_left>)")
def position_ids(g):
    q, k, v = g.qkv()
    rows, columns = g.dense("i", "i64", str(list(range(5)))), g.dense("j", "i64", str(list(range(7))))
    keep = g.generic("ij", "i1", [columns, rows], lambda a, b: g.op(f"arith.cmpi sle, {a}, {b} : i64"))
    return g.attend_where(keep, q, k, v)
