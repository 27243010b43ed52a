# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import attn
import numpy as np
import pytest
from reference import TOLERANCES, attention


def check(result, expected, dtype):
    error = np.abs(np.asarray(result).astype(np.float64) - expected).max(initial=0)
    assert error <= TOLERANCES[str(dtype)], f"largest error {error}"


def make(rng, dtype, *shape):
    return rng.standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("shapes", [
    ((5, 8), (7, 8), (7, 4)),
    ((3, 33, 16), (3, 65, 16), (3, 65, 24)),
    ((2, 4, 100, 64), (2, 4, 77, 64), (2, 4, 77, 64)),
    ((2, 3, 2, 17, 8), (1, 3, 2, 9, 8), (2, 1, 2, 9, 8)),
    ((1, 2, 1, 64), (1, 2, 1000, 64), (1, 2, 1000, 64)),
    ((0, 2, 5, 8), (0, 2, 5, 8), (0, 2, 5, 8)),
    ((1, 2, 0, 8), (1, 2, 5, 8), (1, 2, 5, 8)),
    ((1, 2, 20, 8), (1, 2, 0, 8), (1, 2, 0, 8)),
])
def test_shapes(rng, dtype, shapes):
    q, k, v = (make(rng, dtype, *shape) for shape in shapes)
    out, lse = attn.sdpa(q, k, v, return_lse=True)
    expected, expected_lse = attention(q, k, v)
    assert out.dtype == dtype and out.shape == expected.shape
    check(out, expected, dtype)
    assert lse.dtype == ("float64" if dtype == "float64" else "float32")
    np.testing.assert_allclose(lse, expected_lse, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("layout", ["blhd", "sliced", "last", "reversed", "fortran"])
def test_strides(rng, layout):
    def place(x):
        if layout == "blhd":
            return x.transpose(0, 2, 1, 3).copy().transpose(0, 2, 1, 3)
        if layout == "sliced":
            wide = np.full((*x.shape[:-2], 2 * x.shape[-2], x.shape[-1] + 3), np.nan, x.dtype)
            wide[..., ::2, 1:-2] = x
            return wide[..., ::2, 1:-2]
        if layout == "last":
            return np.repeat(x, 2, -1)[..., ::2]
        if layout == "reversed":
            return x[:, :, ::-1].copy()[:, :, ::-1]
        return np.asfortranarray(x)

    q, k, v = make(rng, "float32", 2, 3, 40, 8), make(rng, "float32", 2, 3, 50, 8), make(rng, "float32", 2, 3, 50, 16)
    mask = rng.random((2, 3, 40, 50)) < 0.7
    out = attn.sdpa(place(q), place(k), place(v), place(mask))
    check(out, attention(q, k, v, mask)[0], "float32")


def test_unaligned(rng):
    q = make(rng, "float32", 2, 9, 8)
    memory = np.empty(q.nbytes + 1, np.uint8)
    unaligned = memory[1:].view(np.float32).reshape(q.shape)
    unaligned[:] = q
    check(attn.sdpa(unaligned, unaligned, unaligned), attention(q, q, q)[0], "float32")


@pytest.mark.parametrize("shape", [(20, 30), (1, 1, 20, 30), (2, 1, 1, 30), (2, 4, 20, 1), (1, 4, 1, 1), (30,), ()])
@pytest.mark.parametrize("kind", ["bool", "float32", "float16"])
def test_masks(rng, shape, kind):
    q, k = make(rng, "float32", 2, 4, 20, 8), make(rng, "float32", 2, 4, 30, 8)
    mask = rng.random(shape) < 0.7 if kind == "bool" else make(rng, kind, *shape)
    mask = np.asarray(mask)
    expected = attention(q, k, k, mask)[0]
    check(attn.sdpa(q, k, k, mask), expected, "float32")
    whole = np.broadcast_to(mask, (2, 4, 20, 30))
    check(attn.sdpa(q, k, k, whole), expected, "float32")


@pytest.mark.parametrize("sizes", [(20, 20), (20, 33), (33, 20), (1, 40), (16, 50), (17, 50)])
@pytest.mark.parametrize("variant", ["upper_left", "lower_right"])
def test_causal(rng, sizes, variant):
    queries, keys = sizes
    q, k = make(rng, "float32", 2, queries, 8), make(rng, "float32", 2, keys, 8)
    offset = keys - queries if variant == "lower_right" else 0
    expected = attention(q, k, k, offset=offset)[0]
    bias = getattr(attn, f"causal_{variant}")(queries, keys)
    np.testing.assert_array_equal(bias.materialize(), np.arange(keys) <= np.arange(queries)[:, None] + offset)
    for result in [attn.sdpa(q, k, k, causal=variant), attn.sdpa(q, k, k, bias), attn.sdpa(q, k, k, bias.materialize())]:
        check(result, expected, "float32")
    if variant == "upper_left":
        check(attn.sdpa(q, k, k, is_causal=True), expected, "float32")


@pytest.mark.parametrize("window", [(4, 0), (3, 5), (-1, 2), (0, -1), 6])
@pytest.mark.parametrize("causal", [None, "upper_left", "lower_right"])
def test_window(rng, window, causal):
    q, k = make(rng, "float32", 2, 30, 8), make(rng, "float32", 2, 45, 8)
    left, right = (window, window) if isinstance(window, int) else window
    start = 15 if causal == "lower_right" else 0
    expected = attention(q, k, k, offset=None if causal is None else start, window=(left, right, start))[0]
    check(attn.sdpa(q, k, k, causal=causal, window=window), expected, "float32")


@pytest.mark.parametrize("heads", [(8, 2), (6, 1), (4, 4)])
@pytest.mark.parametrize("queries", [1, 5, 70])
def test_grouped_heads(rng, heads, queries):
    q = make(rng, "float32", 2, heads[0], queries, 16)
    k, v = make(rng, "float32", 2, heads[1], 90, 16), make(rng, "float32", 2, heads[1], 90, 16)
    out = attn.sdpa(q, k, v, enable_gqa=True, causal="lower_right")
    check(out, attention(q, k, v, offset=90 - queries)[0], "float32")


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_scale_softcap_sinks_lengths(rng, dtype):
    q, k = make(rng, dtype, 3, 4, 20, 16), make(rng, dtype, 3, 4, 40, 16)
    sinks, lengths = make(rng, "float32", 4), np.array([0, 17, 40])
    out, lse = attn.sdpa(q, k, k, scale=0.5, softcap=2.0, sinks=sinks, key_lengths=lengths, return_lse=True)
    expected, expected_lse = attention(q, k, k, scale=0.5, softcap=2.0, sinks=sinks, lengths=lengths)
    check(out, expected, dtype)
    np.testing.assert_allclose(lse, expected_lse, rtol=2e-3, atol=2e-3)


def test_rows_without_keys(rng):
    q = make(rng, "float32", 2, 20, 8)
    mask = np.ones((20, 20), bool)
    mask[3] = False
    out, lse = attn.sdpa(q, q, q, mask, return_lse=True)
    assert (out[:, 3] == 0).all() and np.isneginf(lse[:, 3]).all()
    check(out, attention(q, q, q, mask)[0], "float32")


SCORES = {
    "alibi": lambda s, b, h, i, j: s + 0.25 * (h + 1) * (j - i),
    "powers": lambda s, b, h, i, j: s / (1 + np.abs(i - j)) - (s * 0.5) ** 2,
    "functions": lambda s, b, h, i, j: np.tanh(s) * 2 + np.exp(-np.abs(s)) + np.where(j % 3 == 1, 0.5, 0),
    "clipped": lambda s, b, h, i, j: np.minimum(np.maximum(s, -0.5), 1) + np.sqrt(j + 1.0) * 0.1,
    "constant": lambda s, b, h, i, j: s * 0 + 1.0,
}
KEEPS = {
    "blocks": lambda b, h, i, j: i // 7 == j // 7,
    "both": lambda b, h, i, j: (j <= i) & ~((i - j) % 5 == 2) | (j == 0),
    "heads": lambda b, h, i, j: (h + j + b) % 2 != 1,
    "negative": lambda b, h, i, j: (j - 20) // 3 <= (i - 25) % 11,
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", SCORES)
def test_score_mod(rng, name, dtype):
    q, k = make(rng, dtype, 2, 3, 37, 8), make(rng, dtype, 2, 3, 41, 8)
    result = attn.sdpa(q, k, k, score_mod=SCORES[name])
    check(result, attention(q, k, k, score=SCORES[name])[0], dtype)


@pytest.mark.parametrize("name", KEEPS)
@pytest.mark.parametrize("queries", [1, 37])
def test_mask_mod(rng, name, queries):
    q, k = make(rng, "float32", 2, 3, queries, 8), make(rng, "float32", 2, 3, 41, 8)
    result = attn.sdpa(q, k, k, mask_mod=KEEPS[name])
    check(result, attention(q, k, k, keep=KEEPS[name])[0], "float32")


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "int64", "bool"])
def test_captures(rng, dtype):
    q = make(rng, "float32", 2, 3, 30, 8)
    table = np.asarray(rng.integers(0, 3, (2, 30, 30)[1:]) if dtype != "float32" else rng.random((30, 30))).astype(dtype)
    slopes = rng.random(3).astype("float32")
    table = table[::-1]
    captured, captured_slopes = attn.capture(table), attn.capture(slopes)
    result = attn.sdpa(q, q, q, score_mod=lambda s, b, h, i, j: s + captured_slopes[h] * captured[i, j])
    expected = attention(q, q, q, score=lambda s, b, h, i, j: s + slopes[:, None, None] * table.astype("float64"))[0]
    check(result, expected, "float32")
    # Computed indices are clamped.
    result = attn.sdpa(q, q, q, score_mod=lambda s, b, h, i, j: s + captured[i + 40, j - 40])
    check(result, attention(q, q, q, score=lambda s, b, h, i, j: s + table.astype("float64")[29, 0])[0], "float32")


class OnlyDLPack:
    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__()

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def test_dlpack(rng):
    q, k = make(rng, "float32", 2, 20, 8), make(rng, "float32", 2, 30, 8)
    result = attn.sdpa(OnlyDLPack(q[:, ::2]), OnlyDLPack(k), OnlyDLPack(k[..., ::-1]))
    check(result, attention(q[:, ::2], k, k[..., ::-1])[0], "float32")


@pytest.mark.parametrize("arguments, options, error, message", [
    (("f4 2,5,8", "f4 2,6,8", "f4 2,7,8"), {}, ValueError, r"same length \(dimension -2\); query is \[2, 5, 8\]"),
    (("f4 2,5,8", "f4 2,6,4", "f4 2,6,8"), {}, ValueError, "same last dimension"),
    (("f4 2,5,8", "f4 3,6,8", "f4 3,6,8"), {}, ValueError, "batch dimensions need to be equal or 1"),
    (("f4 4,5,8", "f4 2,6,8", "f4 2,6,8"), {}, ValueError, "grouped heads need enable_gqa=True"),
    (("f4 5,5,8", "f4 2,6,8", "f4 2,6,8"), {"enable_gqa": True}, ValueError, "no multiple"),
    (("f4 2,5,8", "f8 2,6,8", "f8 2,6,8"), {}, TypeError, "need one dtype, got float32 and float64"),
    (("i4 2,5,8", "i4 2,6,8", "i4 2,6,8"), {}, TypeError, "query is int32; kernels take"),
    (("c8 2,5,8", "c8 2,6,8", "c8 2,6,8"), {}, TypeError, "no kernel takes arrays of complex64"),
    (("f4 8", "f4 6,8", "f4 6,8"), {}, ValueError, "two dimensions at least"),
    (("f4 2,5,0", "f4 2,6,0", "f4 2,6,0"), {}, ValueError, "head dimensions of 0"),
    (("f4 2,5,8", "f4 2,6,8", "f4 2,6,8", "b1 4,6"), {}, ValueError, r"attn_mask of shape \[4, 6\] does not broadcast to \[2, 5, 6\]"),
    (("f4 2,5,8", "f4 2,6,8", "f4 2,6,8", "i4 5,6"), {}, TypeError, "attn_mask is int32"),
    (("f4 2,5,8", "f4 2,6,8", "f4 2,6,8", "b1 5,6"), {"is_causal": True}, ValueError, "exclude each other"),
    (("f4 2,5,8", "f4 2,6,8", "f4 2,6,8"), {"causal": "left"}, ValueError, "got 'left'"),
    (("f4 2,5,8", "f4 2,6,8", "f4 2,6,8"), {"window": (1, 2, 3)}, TypeError, "expected window"),
    (("f4 2,5,8", "f4 2,6,8", "f4 2,6,8"), {"softcap": -1.0}, ValueError, "positive softcap"),
    (("f4 2,5,8", "f4 2,6,8", "f4 2,6,8"), {"scale": float("inf")}, ValueError, "finite scale"),
    (("f4 2,5,8", "f4 2,6,8", "f4 2,6,8"), {"dropout_p": 0.5}, ValueError, "dropout_p = 0.5 needs tensors of PyTorch"),
    (("f4 2,5,8", "f4 2,6,8", "f4 2,6,8"), {"sinks": np.zeros(3, "f4")}, ValueError, r"sinks of shape \[2\]"),
    (("f4 2,5,8", "f4 2,6,8", "f4 2,6,8"), {"score_mod": lambda s, b, h, i, j: s if i > j else 0}, TypeError, "cannot branch"),
    (("f4 2,5,8", "f4 2,6,8", "f4 2,6,8"), {"mask_mod": lambda b, h, i, j: attn.capture(np.zeros(5))[j] == 0}, IndexError, "has 5 elements"),
    (("f4 2,5,8", "f4 2,6,8", "f4 2,6,8"), {"score_mod": lambda s, b, h, i, j: np.zeros(9)[j]}, TypeError, "attn.capture"),
])
def test_refused(arguments, options, error, message):
    arrays = []
    for text in arguments:
        dtype, _, shape = text.partition(" ")
        arrays.append(np.zeros(tuple(map(int, shape.split(","))), dtype))
    with pytest.raises(error, match=message):
        attn.sdpa(*arrays, **options)


def test_not_an_array():
    with pytest.raises(TypeError, match="query: expected a NumPy array, a tensor of PyTorch or an object with DLPack, got list"):
        attn.sdpa([[1.0]], [[1.0]], [[1.0]])


def test_backends(rng):
    q = make(rng, "float32", 2, 20, 8)
    double = q.astype("float64")
    expected = attention(q, q, q)[0]
    for backends in ["flash", "math", ["math", "efficient"], ["flash", "math"]]:
        with attn.sdpa_kernel(backends):
            check(attn.sdpa(q, q, q), expected, "float32")
    with attn.sdpa_kernel(["flash", "efficient"]), pytest.raises(attn.BackendError) as caught:
        attn.sdpa(double, double, double)
    assert "computes in f32, the operands are f64" in caught.value.reasons["flash"]
    assert "not available" in caught.value.reasons["efficient"]
    assert attn.can_use("flash", q, q, q) and not attn.can_use("flash", double, double, double)
    assert attn.explain(q, q, q).backend == "flash"
    assert attn.explain(double, double, double).backend == "math"
    with pytest.raises(ValueError, match="unknown backend 'cudnn'"), attn.sdpa_kernel("cudnn"):
        pass


def test_wide_heads_take_math(rng):
    q = make(rng, "float32", 1, 5, 600)
    assert "512" in attn.explain(q, q, q).reasons["flash"]
    check(attn.sdpa(q, q, q), attention(q, q, q)[0], "float32")


def test_dynamic_shapes_share_a_kernel(rng):
    from attn import _library

    attn.warmup(make(rng, "float32", 1, 2, 20, 24), *2 * [make(rng, "float32", 1, 2, 30, 24)])
    count = len(_library._programs)
    for batch, heads, queries, keys in [(1, 2, 20, 30), (3, 1, 100, 17), (2, 5, 64, 64), (1, 1, 17, 1)]:
        q, k = make(rng, "float32", batch, heads, queries, 24), make(rng, "float32", batch, heads, keys, 24)
        check(attn.sdpa(q, k, k), attention(q, k, k)[0], "float32")
    assert len(_library._programs) == count


def test_printed_bias():
    assert str(attn.causal_lower_right(2, 4)) == "causal_lower_right(2, 4)\n  ###.\n  ####"
    with pytest.raises(ValueError, match=r"is for 2 queries and 4 keys, got query of shape \[5, 8\] and key of shape \[6, 8\]"):
        attn.sdpa(np.zeros((5, 8)), np.zeros((6, 8)), np.zeros((6, 8)), attn.causal_lower_right(2, 4))


@pytest.mark.parametrize("which", "qkv")
@pytest.mark.parametrize("queries", [1, 4, None])
def test_kernel_of_strided_rows(which, queries):
    """Kernels take operands whose last dimension has any stride; attn.sdpa copies
    those, since it is faster."""
    from attn import _library
    from attn._arguments import view_of

    types = {}
    for name in "qkvo":
        size = queries if name in "qo" and queries else "?"
        types[name] = f"memref<?x{size}x20xf32, strided<[?, ?, {'?' if name == which else 1}], offset: ?>>"
    arguments = ", ".join(f"%{name}: {kind}" for name, kind in types.items())
    q, k, v, o = (f"(%{name} : {kind})" for name, kind in types.items())
    program = _library.compile_program(
        f"func.func @main({arguments}) {{\n  attn.sdpa query{q} key{k} value{v} outs{o}\n  return\n}}", "flash", "strided rows")
    rng = np.random.default_rng(0)
    arrays = {name: rng.standard_normal((3, 37 if name in "kv" else queries or 33, 20), np.float32) for name in "qkvo"}
    logits = arrays["q"] @ arrays["k"].swapaxes(1, 2) / np.sqrt(20)
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    expected = weights / weights.sum(-1, keepdims=True) @ arrays["v"]
    arrays[which] = np.ascontiguousarray(arrays[which].swapaxes(1, 2)).swapaxes(1, 2)
    program(word for array in arrays.values() for word in view_of(array, "").words())
    assert np.abs(arrays["o"] - expected).max() < 2e-5
