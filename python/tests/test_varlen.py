# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ragged batches: attn.sdpa_varlen and jagged nested tensors, sequence by
sequence against PyTorch's math backend in float64."""

import attn
import pytest

torch = pytest.importorskip("torch")
import torch.nn.functional as F  # noqa: E402
from attn import _torch, _torch_varlen  # noqa: E402

TOLERANCES = {torch.bfloat16: 3e-2, torch.float32: 2e-5, torch.float64: 1e-12}


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def bounds_of(lengths, dtype=torch.int32):
    return torch.tensor([0, *lengths], dtype=torch.int64).cumsum(0).to(dtype)


def expect(q, k, v, lengths, key_lengths, **options):
    """Each sequence by itself."""
    if not lengths:
        return torch.empty(0, q.shape[1], v.shape[2], dtype=torch.float64)
    parts = []
    for a, b, c in zip(q.split(lengths), k.split(key_lengths), v.split(key_lengths)):
        a, b, c = (x.transpose(0, 1).double() for x in (a, b, c))
        if b.shape[1] == 0:
            parts.append(torch.zeros(a.shape[1], a.shape[0], c.shape[2], dtype=torch.float64))
            continue
        with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
            parts.append(F.scaled_dot_product_attention(a, b, c, **options).transpose(0, 1))
    return torch.cat(parts)


def make(lengths, heads, size, dtype=torch.float32, **options):
    return torch.randn(sum(lengths), heads, size, dtype=dtype, **options)


@pytest.mark.parametrize("dtype, lengths, key_lengths", [
    (torch.float32, [5, 33, 1, 70], None), (torch.float32, [3, 0, 40], None), (torch.float32, [7, 20], [30, 9]),
    (torch.float64, [4, 6], [0, 5]), (torch.bfloat16, [40, 64, 40], None), (torch.float32, [], None),
], ids=str)
@pytest.mark.parametrize("options", [{}, {"is_causal": True}, {"enable_gqa": True, "scale": 0.3}], ids=str)
def test_varlen(dtype, lengths, key_lengths, options):
    heads = 2 if options.get("enable_gqa") else 4
    keys = key_lengths or lengths
    q, k, v = make(lengths, 4, 16, dtype), make(keys, heads, 16, dtype), make(keys, heads, 8, dtype)
    result = attn.sdpa_varlen(q, k, v, bounds_of(lengths), None if key_lengths is None else bounds_of(keys, torch.int64), **options)
    assert result.dtype == dtype
    expected = expect(q, k, v, lengths, keys, **options)
    assert result.shape == expected.shape and torch.allclose(result.double(), expected, rtol=0, atol=TOLERANCES[dtype])


def test_packed():
    """Query, key and value cut out of one projection, and a layout by heads."""
    lengths = [9, 17]
    qkv = torch.randn(26, 3, 4, 16)
    q, k, v = qkv.unbind(1)
    expected = expect(q, k, v, lengths, lengths)
    assert (attn.sdpa_varlen(q, k, v, bounds_of(lengths)) - expected).abs().max() < 2e-5
    columns = [x.permute(2, 0, 1).contiguous().permute(1, 2, 0) for x in (q, k, v)]
    assert (attn.sdpa_varlen(*columns, bounds_of(lengths)) - expected).abs().max() < 2e-5


def test_one_head_for_all():
    lengths = [9, 17]
    q, k = make(lengths, 4, 16), make(lengths, 1, 16)
    for options in ({}, {"enable_gqa": True, "scale": 0.5}):
        wide = k.expand(-1, 4, -1)
        expected = expect(q, wide, wide, lengths, lengths, scale=options.get("scale"))
        assert (attn.sdpa_varlen(q, k, k, bounds_of(lengths), **options) - expected).abs().max() < 2e-5


def test_numpy():
    lengths = [9, 17]
    q = make(lengths, 2, 16)
    result = attn.sdpa_varlen(*3 * [q.numpy()], bounds_of(lengths).numpy(), causal="lower_right")
    assert (torch.from_numpy(result) - expect(q, q, q, lengths, lengths, is_causal=True)).abs().max() < 2e-5
    mixed = attn.sdpa_varlen(*3 * [q.numpy()], bounds_of(lengths).numpy(), bounds_of(lengths, torch.int64).numpy(), causal="lower_right")
    assert (mixed == result).all()
    strided = torch.stack(2 * [bounds_of(lengths)], 1)[:, 0]
    assert (torch.from_numpy(attn.sdpa_varlen(*3 * [q.numpy()], strided.numpy(), is_causal=True)) - torch.from_numpy(result)).abs().max() == 0


def make_nested(lengths, heads, size, **options):
    nested = torch.nested.nested_tensor_from_jagged(make(lengths, heads, size), bounds_of(lengths, torch.int64))
    return nested.transpose(1, 2).requires_grad_(options.get("requires_grad", False))


@pytest.mark.parametrize("options", [{}, {"is_causal": True}, {"window": 5}], ids=str)
def test_nested(options):
    lengths = [5, 33, 12]
    q = make_nested(lengths, 4, 16)
    k, v = (torch.nested.nested_tensor_from_jagged(make(lengths, 4, size), q.transpose(1, 2).offsets()).transpose(1, 2) for size in (16, 8))
    result = attn.sdpa(q, k, v, **options)
    assert result.is_nested and result.layout == torch.jagged and result.shape[1] == 4
    for a, b, c, r in zip(*(x.unbind() for x in (q, k, v, result))):
        assert torch.allclose(r, attn.sdpa(a, b, c, **options), atol=2e-5)
    if "window" not in options:
        rows = [x.transpose(1, 2).values() for x in (q, k, v, result)]
        assert torch.allclose(rows[3].double(), expect(*rows[:3], lengths, lengths, **options), atol=2e-5)
    # Sums with what else has these lengths.
    assert (result + result).is_nested


def test_nested_explained():
    """The questions about nested tensors, and what is compiled ahead."""
    q = make_nested([5, 9], 2, 8)
    assert attn.explain(q, q, q, is_causal=True).backend == "flash" and attn.can_use("math", q, q, q)
    assert "sequences of any lengths" in str(attn.explain(q, q, q)) and not attn.can_use("efficient", q, q, q)
    attn.warmup(q, q, q, window=3)
    with pytest.raises(ValueError, match="attn_mask does not go with nested"):
        attn.explain(q, q, q, torch.ones(5, 5))


def test_autocast():
    """As attn.sdpa: float64 stays."""
    q = make([5, 9], 2, 8)
    with torch.autocast("cpu", torch.bfloat16):
        result = attn.sdpa_varlen(q, q, q, bounds_of([5, 9]))
        assert attn.sdpa_varlen(*3 * [q.double()], bounds_of([5, 9])).dtype == torch.float64
    assert result.dtype == torch.bfloat16
    assert torch.allclose(result.double(), expect(q, q, q, [5, 9], [5, 9]), atol=3e-2)


def test_nested_of_one_head():
    lengths = [5, 9]
    q = torch.nested.nested_tensor_from_jagged(torch.randn(14, 8), bounds_of(lengths, torch.int64))
    result = attn.sdpa(q, q, q)
    for a, r in zip(q.unbind(), result.unbind()):
        assert torch.allclose(r, attn.sdpa(a, a, a), atol=2e-5)


def test_gradient():
    lengths, bounds = [3, 0, 4], bounds_of([3, 0, 4])
    leaves = [make(lengths, 2, size, torch.float64, requires_grad=True) for size in (3, 3, 2)]
    assert torch.autograd.gradcheck(lambda *x: attn.sdpa_varlen(*x, bounds, is_causal=True, softcap=2.0), leaves)


def test_nested_gradient():
    rows, lengths = torch.randn(12, 2, 8, requires_grad=True), [5, 7]
    q = torch.nested.nested_tensor_from_jagged(rows, bounds_of(lengths, torch.int64)).transpose(1, 2)
    attn.sdpa(q, q, q).transpose(1, 2).values().square().sum().backward()
    ours, rows.grad = rows.grad, None
    expect(rows, rows, rows, lengths, lengths).square().sum().backward()
    assert torch.allclose(ours, rows.grad, atol=1e-4)


def test_operator():
    q, bounds = make([5, 9], 2, 8), bounds_of([5, 9])
    torch.library.opcheck(torch.ops.attn.sdpa_varlen.default, (q, q, q, bounds, bounds, *_torch.pack_options(None, False, "upper_left", (2, 3), None)))
    compiled = torch.compile(lambda q, bounds: attn.sdpa_varlen(q * 2, q, q, bounds, is_causal=True).sin(), fullgraph=True, dynamic=True)
    for lengths in ([5, 9], [20, 1], [3, 4, 5]):
        q, bounds = make(lengths, 2, 8), bounds_of(lengths)
        assert torch.allclose(compiled(q, bounds).double(), expect(q * 2, q, q, lengths, lengths, is_causal=True).sin(), atol=2e-5)


def make_pair(lengths, key_lengths):
    # As many heads as nothing else is many of: Dynamo takes equal sizes for one.
    q, k = make_nested(lengths, 7, 16), make_nested(key_lengths, 7, 16)
    v = torch.nested.nested_tensor_from_jagged(make(key_lengths, 7, 8), k.transpose(1, 2).offsets()).transpose(1, 2)
    return q, k, v


def compare_nested(result, expected):
    assert result.is_nested and result.layout == torch.jagged and result.shape[1] == 7
    assert torch.equal(result.transpose(1, 2).offsets(), expected.transpose(1, 2).offsets())
    for a, b in zip(result.unbind(), expected.unbind()):
        assert torch.allclose(a, b, atol=2e-5)


BATCHES = [([5, 33, 12], [9, 20, 3]), ([7, 20, 9, 30], [40, 1, 17, 2]), ([4, 4], [11, 5]), ([1, 60, 2, 3, 5], [6, 6, 6, 6, 6])]


@pytest.mark.parametrize("compiler", ["aot_eager", "attn"])
@pytest.mark.parametrize("options", [{"is_causal": True}, {"scale": 0.3, "window": 5}], ids=str)
def test_compiled_nested(compiler, options):
    """Jagged in and out in one graph, which serves batches of any lengths and sizes."""
    from attn._compile import backend

    def step(q, k, v):
        return attn.sdpa(q * 2, k, v, **options).sin()

    compiled = torch.compile(step, fullgraph=True, dynamic=True, backend=backend if compiler == "attn" else compiler)
    with torch.no_grad():
        for place, (lengths, key_lengths) in enumerate(BATCHES):
            operands = make_pair(lengths, key_lengths)
            with torch.compiler.set_stance("fail_on_recompile" if place else "default"):
                compare_nested(compiled(*operands), step(*operands))


def test_compiled_nested_module():
    """As models use it: projections of one jagged tensor, without dynamic=True. The
    second batch finds the sizes dynamic, later ones find a graph."""
    torch.manual_seed(0)
    inward, outward = torch.nn.Linear(64, 192), torch.nn.Linear(64, 64)

    def step(x):
        q, k, v = (y.unflatten(-1, (4, 16)).transpose(1, 2) for y in inward(x).chunk(3, -1))
        return outward(attn.sdpa(q, k, v, is_causal=True).transpose(1, 2).flatten(2))

    torch._dynamo.reset()
    compiled = torch.compile(step, fullgraph=True, backend="aot_eager")
    with torch.no_grad():
        for place, (lengths, _) in enumerate(BATCHES):
            x = torch.nested.nested_tensor_from_jagged(torch.randn(sum(lengths), 64), bounds_of(lengths, torch.int64))
            with torch.compiler.set_stance("fail_on_recompile" if place > 1 else "default"):
                result = compiled(x)
            assert torch.equal(result.offsets(), x.offsets()) and torch.allclose(result.values(), step(x).values(), atol=2e-5)


def test_compiled_nested_refused():
    """Offsets of their own are data, which a graph does not compare."""
    q = make_nested([5, 9], 2, 8)
    v = torch.nested.nested_tensor_from_jagged(make([5, 9], 2, 8), bounds_of([5, 9], torch.int64)).transpose(1, 2)
    with pytest.raises(Exception, match="differ in length, or have offsets of their own"):
        torch.compile(lambda q, v: attn.sdpa(q, q, v), fullgraph=True, backend="aot_eager")(q, v)


@pytest.mark.parametrize("change, error, message", [
    ({"cu_seqlens_q": torch.tensor([0, 5])}, ValueError, r"expected cu_seqlens_q to rise from 0 to 14, the number of rows, got \[0, 5\]"),
    ({"cu_seqlens_q": torch.tensor([0, 9, 5, 14])}, ValueError, "rise from 0"),
    ({"cu_seqlens_q": torch.tensor([[0, 14]])}, ValueError, "of one dimension"),
    ({"cu_seqlens_q": torch.tensor([0.0, 14.0])}, TypeError, "expected int32 or int64"),
    ({"cu_seqlens_k": torch.tensor([0, 14])}, ValueError, "cu_seqlens_q is of 2 sequences, cu_seqlens_k of 1"),
    ({"cu_seqlens_q": [0, 14]}, TypeError, "cu_seqlens_q is list"),
    ({"query": torch.randn(14, 8)}, ValueError, r"expected query as \[rows, heads, size\]"),
    ({"query": torch.randn(14, 3, 8)}, ValueError, "batch dimensions need to be equal or 1"),
    ({"value": torch.randn(13, 2, 8)}, ValueError, "key has 14 rows, value 13"),
    ({"is_causal": True, "causal": "lower_right"}, ValueError, "is_causal=True means"),
    ({"causal": "left"}, ValueError, "got 'left'"),
    ({"key": torch.randn(14, 2, 8).double()}, TypeError, "need one dtype"),
])
@pytest.mark.parametrize("grad", [False, True])
def test_refused(change, error, message, grad):
    q = make([5, 9], 2, 8, requires_grad=grad)
    arguments = {"query": q, "key": q, "value": q, "cu_seqlens_q": bounds_of([5, 9]), **change}
    with pytest.raises(error, match=message):
        attn.sdpa_varlen(**arguments)


@pytest.mark.parametrize("call, error, message", [
    (lambda q: attn.sdpa(q, q, torch.randn(2, 2, 5, 8)), TypeError, "value is a dense one"),
    (lambda q: attn.sdpa(torch.randn(2, 2, 5, 8), q, q), TypeError, "key is a nested tensor, query is a dense one"),
    (lambda q: attn.explain(torch.randn(2, 2, 5, 8), torch.randn(2, 2, 5, 8), q), TypeError, "value is a nested tensor"),
    (lambda q: attn.sdpa(q, q, q, torch.ones(5, 5)), ValueError, "attn_mask does not go with nested"),
    (lambda q: attn.sdpa(q, q, q, return_lse=True), ValueError, "return_lse does not go with nested"),
    (lambda q: attn.sdpa(q, q, q, dropout_p=0.5), ValueError, "dropout_p does not go with nested"),
    (lambda q: attn.sdpa(*3 * [torch.nested.nested_tensor([torch.randn(2, 3, 8)])]), TypeError, "layout=torch.jagged"),
    (lambda q: attn.sdpa(q, make_nested([4, 9], 2, 8), make_nested([5, 8], 2, 8)), ValueError, "key and value differ in length"),
])
def test_nested_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(make_nested([5, 9], 2, 8))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("options", [{}, {"enable_gqa": True, "scale": 0.3}, {"causal": "lower_right", "window": 5, "softcap": 2.0}], ids=str)
def test_known(dtype, options, monkeypatch):
    """What was called once runs for other numbers of rows and sequences without Python,
    which what is wrong comes back to."""
    heads = 2 if options.get("enable_gqa") else 4

    def call(lengths, bounds_dtype=torch.int32):
        torch.manual_seed(0)
        q, k = make(lengths, 4, 16, dtype), make(lengths, heads, 16, dtype)
        return attn.sdpa_varlen(q, k, k, bounds_of(lengths, bounds_dtype), **options)

    batches = [[5, 9], [1], [0, 30, 3, 3], []]
    with attn.sdpa_kernel(["flash", "math"]):
        expected = [call(lengths) for lengths in batches]
    call([2])
    call([2], torch.int64)

    def fail(*_, **__):
        raise AssertionError("a known call went to Python")

    with monkeypatch.context() as patch:
        patch.setattr(_torch_varlen, "_compute", fail)
        for lengths, result in zip(batches, expected):
            for bounds_dtype in (torch.int32, torch.int64):
                ours = call(lengths, bounds_dtype)
                assert torch.equal(ours, result) and ours.stride() == result.stride()
        q = make([7], 4, 16, dtype)
        with pytest.raises(AssertionError, match="went to Python"):
            attn.sdpa_varlen(q, q[:, :heads], q[:, :heads], torch.tensor([0, 8]), **options)
    for bounds in (torch.tensor([0, 8]), torch.tensor([0, 5, 3, 7], dtype=torch.int32), torch.tensor([1, 7])):
        with pytest.raises(ValueError, match="to rise from 0 to 7"):
            attn.sdpa_varlen(q, q[:, :heads], q[:, :heads], bounds, **options)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_many_sequences(threads):
    """Long ones by all threads, others in parallel; kernels of few queries too."""
    lengths = [0, 300, 5, 17, 1, 90, 0, 16, 41, 2, 700, 33, 33, 8]
    ends = torch.tensor([0, *lengths]).cumsum(0)
    q, k, v = (torch.randn(sum(lengths), heads, 16) for heads in (4, 2, 2))
    before = attn.get_num_threads()
    attn.set_num_threads(threads)
    try:
        result = attn.sdpa_varlen(q, k, v, ends, is_causal=True, enable_gqa=True, scale=0.3)
    finally:
        attn.set_num_threads(before)
    for begin, end in zip(ends[:-1], ends[1:]):
        one, keys, values = (x[begin:end].transpose(0, 1).double() for x in (q, k, v))
        expected = torch.nn.functional.scaled_dot_product_attention(one, keys, values, is_causal=True, enable_gqa=True, scale=0.3)
        assert torch.allclose(result[begin:end].transpose(0, 1).double(), expected, atol=2e-5)
