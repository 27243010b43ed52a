# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ragged batches of CUDA: attn.sdpa_varlen and jagged nested tensors."""

import os

import attn
import pytest

torch = pytest.importorskip("torch")
from attn import _library, _sdpa, _torch, _torch_varlen, _varlen  # noqa: E402
from attn._arguments import view_of  # noqa: E402
from cuda_devices import HAS_ONE_GPU, TOLERANCES, capability, expect, gpu, make_fake, randn  # noqa: E402, F401
from torch._subclasses import FakeTensorMode  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Accessing the data pointer of FakeTensor")


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


#===--- Without a GPU --------------------------------------------------------===#


def make_plan(shapes, bounds_dtype=torch.int32, dtype=torch.bfloat16, sequences=3, **options):
    q, k, v = make_fake(*shapes, dtype=dtype)
    bounds, = make_fake((sequences + 1,), dtype=bounds_dtype)
    given = {"is_causal": False, "scale": None, "enable_gqa": False, "causal": None, "window": None, "softcap": None, **options}
    request = _varlen.make_request(*(view_of(x, "x") for x in (q, k, v)), **given)
    return _sdpa.make_plan(_varlen.with_bounds(request, 2 * (view_of(bounds, "cu_seqlens_q"),), ("cu_seqlens_q", "cu_seqlens_k")))


@pytest.mark.parametrize("bounds", [torch.int32, torch.int64], ids=str)
@pytest.mark.parametrize("options", [{}, {"causal": "lower_right", "window": (64, 0), "scale": 0.3}, {"enable_gqa": True, "softcap": 9.0}],
                         ids=["plain", "window", "gqa"])
def test_compiles(capability, bounds, options, tmp_path, monkeypatch):
    """Lengths of both types where they are, for both families of kernels; other numbers
    of rows and of sequences have no other kernel."""
    monkeypatch.setenv("ATTN_CACHE_DIR", str(tmp_path))
    heads = 2 if options.get("enable_gqa") else 4
    arch = {9: "sm_90a", 8: "sm_80"}[capability[0]]
    plan = make_plan([(100, 4, 64), (130, heads, 64), (130, heads, 64)], bounds, **options)
    assert ("i32" in plan.text) == (bounds == torch.int32) and "cu_seqlens" in plan.text
    for key in [key for key in _library._programs if key[:3] == (plan.text, "flash", arch)]:
        del _library._programs[key]
    plan.programs.clear()
    assert not plan.get_program().is_cached
    other = make_plan([(7, 4, 64), (1, heads, 64), (1, heads, 64)], bounds, sequences=1, **options)
    assert other.text == plan.text and other.get_program() is plan.get_program() and len(os.listdir(tmp_path)) == 1


def test_math(capability):
    """What kernels do not take."""
    assert make_plan(3 * [(14, 2, 8)], dtype=torch.float64).get_program() is None
    with attn.sdpa_kernel("flash"), pytest.raises(attn.BackendError) as raised:
        make_plan(3 * [(14, 2, 8)], dtype=torch.float64).get_program()
    assert "operands are f64" in raised.value.reasons["flash"] and set(raised.value.reasons) == {"flash", "efficient", "math"}


def test_math_reads_lengths(monkeypatch):
    """Sequence by sequence, on the CPU beside its kernel."""
    q, k = torch.randn(14, 4, 8), torch.randn(20, 2, 8)
    ends, key_ends = torch.tensor([0, 5, 5, 14]), torch.tensor([0, 0, 9, 20])
    options = {"enable_gqa": True, "causal": "lower_right", "window": 6, "softcap": 3.0}
    expected = attn.sdpa_varlen(q, k, k, ends, key_ends, **options)
    with monkeypatch.context() as patch, attn.sdpa_kernel(["flash", "math"]):
        patch.setattr(_sdpa.Plan, "get_program", lambda self: None)
        result = attn.sdpa_varlen(q, k, k, ends, key_ends, **options)
        assert torch.allclose(result, expected, atol=2e-5) and result.stride() == expected.stride()
        assert attn.sdpa_varlen(q[:0], k[:0], k[:0], torch.tensor([0]), **options).shape == (0, 4, 8)
    with pytest.raises(ValueError, match="cu_seqlens_q to rise from 0 to 14"):
        _torch_varlen.by_parts(q, q, q, torch.tensor([0, 5]), torch.tensor([0, 5]))


def test_fake_kernel():
    q, = make_fake((14, 2, 8))
    with q.fake_mode:
        bounds = torch.empty(3, dtype=torch.int32, device="cuda:0")
        result = torch.ops.attn.sdpa_varlen.default(q, q, q, bounds, bounds, *_torch.pack_options(None, False, None, None, None))
    assert result.device == q.device and result.shape == q.shape and result.stride() == q.stride()


def test_refused(capability):
    q, = make_fake((14, 2, 8))
    bounds, = make_fake((3,), dtype=torch.int32)
    host, = make_fake((3,), dtype=torch.int32, device="cpu")
    few, = make_fake((2,), dtype=torch.int32)
    for arguments, error, message in [
        ((q, q, q, host, bounds), ValueError, "query is on cuda:0, cu_seqlens_q on the CPU"),
        ((q, q, q, bounds, host), ValueError, "query is on cuda:0, cu_seqlens_k on the CPU"),
        ((torch.randn(14, 2, 8), torch.randn(14, 2, 8), torch.randn(14, 2, 8), bounds, bounds), ValueError,
         "query is on the CPU, cu_seqlens_q on cuda:0"),
        ((q, q, torch.randn(14, 2, 8, dtype=torch.bfloat16), bounds, bounds), ValueError, "query is on cuda:0, value on the CPU"),
        ((q, q, q, bounds, few), ValueError, "cu_seqlens_q is of 2 sequences, cu_seqlens_k of 1"),
        ((q, q, q, q, bounds), TypeError, "cu_seqlens_q is bfloat16; expected int32 or int64"),
        ((q, q, q, bounds, *make_fake((3,), dtype=torch.int64)), TypeError, "cu_seqlens_q is int32, cu_seqlens_k int64; kernels take one"),
    ]:
        with pytest.raises(error, match=message):
            _torch_varlen._compute(*arguments, None, False, None, None, None)


#===--- On a GPU -------------------------------------------------------------===#


def bounds_of(lengths, dtype=torch.int32):
    return torch.tensor([0, *lengths]).cumsum(0).to("cuda", dtype)


def expect_each(q, k, v, lengths, key_lengths, **options):
    """Each sequence by itself, in float64 on the CPU."""
    parts = [torch.zeros(0, q.shape[1], v.shape[2], dtype=torch.float64)]
    for a, b, c in zip(q.split(lengths), k.split(key_lengths), v.split(key_lengths)):
        a, b, c = (x.transpose(0, 1) for x in (a, b, c))
        parts.append(expect(a, b, c, **options).transpose(0, 1) if b.shape[1] else torch.zeros(a.shape[1], a.shape[0], c.shape[2]))
    return torch.cat(parts)


def check(result, expected, dtype):
    assert result.is_cuda and result.dtype == dtype and result.shape == expected.shape
    tolerance = TOLERANCES.get(dtype, 1e-12)
    assert torch.allclose(result.cpu().double(), expected, rtol=0, atol=tolerance), (result.cpu().double() - expected).abs().max()


@gpu
@pytest.mark.parametrize("dtype", [*TOLERANCES, torch.float64], ids=str)
@pytest.mark.parametrize("options", [{}, {"is_causal": True}, {"enable_gqa": True, "scale": 0.3}], ids=str)
@pytest.mark.parametrize("lengths, key_lengths", [([5, 333, 1, 70], None), ([3, 0, 140], None), ([7, 200], [300, 9]), ([4, 6], [0, 5]), ([], None)],
                         ids=str)
def test_varlen(dtype, options, lengths, key_lengths):
    keys = key_lengths or lengths
    heads = 2 if options.get("enable_gqa") else 4
    q = randn(sum(lengths), 4, 64, dtype=dtype)
    k, v = randn(sum(keys), heads, 64, dtype=dtype), randn(sum(keys), heads, 32, dtype=dtype)
    result = attn.sdpa_varlen(q, k, v, bounds_of(lengths), None if key_lengths is None else bounds_of(keys, torch.int64), **options)
    check(result, expect_each(q, k, v, lengths, keys, **options), dtype)


@gpu
def test_strides():
    """Cut out of one projection, one head for all, and rows that have to be copied."""
    lengths = [70, 130]
    q, k, v = randn(200, 3, 4, 64).unbind(1)
    check(attn.sdpa_varlen(q, k, v, bounds_of(lengths)), expect_each(q, k, v, lengths, lengths), torch.bfloat16)
    one = k[:, :1]
    check(attn.sdpa_varlen(q, one, one, bounds_of(lengths)), expect_each(q, *2 * [one.expand(-1, 4, -1)], lengths, lengths), torch.bfloat16)
    odd = randn(200, 4, 65)[..., 1:]
    strided = torch.stack(2 * [bounds_of(lengths)], 1)[:, 0]
    check(attn.sdpa_varlen(odd, odd, odd, strided), expect_each(odd, odd, odd, lengths, lengths), torch.bfloat16)


def make_nested(lengths, heads=4, size=64, **options):
    return torch.nested.nested_tensor_from_jagged(randn(sum(lengths), heads, size, **options), bounds_of(lengths, torch.int64)).transpose(1, 2)


@gpu
@pytest.mark.parametrize("options", [{}, {"is_causal": True}], ids=str)
def test_nested(options):
    lengths = [50, 333, 1, 120]
    q = make_nested(lengths)
    k, v = (torch.nested.nested_tensor_from_jagged(randn(sum(lengths), 4, 64), q.transpose(1, 2).offsets()).transpose(1, 2) for _ in range(2))
    result = attn.sdpa(q, k, v, **options)
    assert result.is_nested and result.layout == torch.jagged
    rows = [x.transpose(1, 2).values() for x in (q, k, v, result)]
    check(rows[3], expect_each(*rows[:3], lengths, lengths, **options), torch.bfloat16)
    assert (result + q).is_nested


@gpu
def test_does_not_wait():
    """Neither packed rows nor jagged tensors make the host wait, and both can be
    captured into graphs."""
    q, bounds = randn(300, 4, 64), bounds_of([100, 150, 50])
    nested = torch.nested.nested_tensor_from_jagged(q, bounds.long()).transpose(1, 2)
    for _ in range(2):
        expected = attn.sdpa_varlen(q, q, q, bounds)
        attn.sdpa(nested, nested, nested)
    torch.cuda.set_sync_debug_mode("error")
    try:
        attn.sdpa_varlen(q, q, q, bounds)
        attn.sdpa(nested, nested, nested)
        # Another number of rows is another shape, and the same kernel.
        attn.sdpa_varlen(q[:250], q[:250], q[:250], bounds[:3])
    finally:
        torch.cuda.set_sync_debug_mode("default")
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = attn.sdpa_varlen(q, q, q, bounds)
    graph.replay()
    torch.cuda.synchronize()
    assert torch.equal(result, expected)
    # Other lengths of as many rows and sequences.
    bounds.copy_(bounds_of([10, 20, 270]))
    graph.replay()
    torch.cuda.synchronize()
    assert torch.equal(result, attn.sdpa_varlen(q, q, q, bounds))


@gpu
def test_known(monkeypatch):
    """What was called once runs for other numbers of rows and sequences without Python."""
    q = randn(300, 4, 64)
    batches = [bounds_of([100, 150, 50]), bounds_of([300])]
    expected = [attn.sdpa_varlen(q, q, q, bounds) for bounds in batches]

    def fail(*_, **__):
        raise AssertionError("a known call went to Python")

    monkeypatch.setattr(_torch_varlen, "_compute", fail)
    for bounds, result in zip(batches, expected):
        assert torch.equal(attn.sdpa_varlen(q, q, q, bounds), result)
    assert torch.equal(attn.sdpa_varlen(q[:250], q[:250], q[:250], bounds_of([100, 150])), expected[0][:250])


@gpu
def test_gradient():
    lengths = [30, 0, 45]
    leaves = [randn(75, 2, 32, dtype=torch.float32, requires_grad=True) for _ in range(3)]
    ours = torch.autograd.grad(attn.sdpa_varlen(*leaves, bounds_of(lengths), is_causal=True).square().sum(), leaves)
    doubles = [x.detach().cpu().double().requires_grad_() for x in leaves]
    theirs = torch.autograd.grad(expect_each(*doubles, lengths, lengths, is_causal=True).square().sum(), doubles)
    for a, b in zip(ours, theirs):
        assert torch.allclose(a.cpu().double(), b, atol=1e-2, rtol=1e-2)


@gpu
@pytest.mark.parametrize("compiler", ["aot_eager", "attn"])
def test_compiled_nested(compiler):
    """One graph for batches of any lengths and sizes."""
    from attn._compile import backend

    def step(x):
        q, k, v = (y.unflatten(-1, (7, 64)).transpose(1, 2) for y in x.chunk(3, -1))
        return attn.sdpa(q, k, v, is_causal=True).transpose(1, 2).flatten(2).sin()

    torch._dynamo.reset()
    compiled = torch.compile(step, fullgraph=True, dynamic=True, backend=backend if compiler == "attn" else compiler)
    with torch.no_grad():
        for place, lengths in enumerate([[50, 330, 120], [70, 200, 90, 30], [40, 44], [1, 60, 2, 3, 5]]):
            x = torch.nested.nested_tensor_from_jagged(randn(sum(lengths), 3 * 7 * 64), bounds_of(lengths, torch.int64))
            with torch.compiler.set_stance("fail_on_recompile" if place > 1 else "default"):
                result = compiled(x)
            assert torch.equal(result.offsets(), x.offsets())
            assert torch.allclose(result.values().float(), step(x).values().float(), atol=4e-2)


@gpu
def test_opcheck():
    q, bounds = randn(14, 2, 8), bounds_of([5, 9])
    torch.library.opcheck(torch.ops.attn.sdpa_varlen.default, (q, q, q, bounds, bounds, *_torch.pack_options(None, False, "upper_left", (2, 3), None)))
