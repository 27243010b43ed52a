# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""attn.sdpa of tensors of CUDA, computed."""

import threading

import attn
import pytest

torch = pytest.importorskip("torch")
import torch.nn.functional as F  # noqa: E402
from attn import _torch  # noqa: E402
from cuda_devices import TOLERANCES, check, expect, gpu, randn  # noqa: E402


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@gpu
@pytest.mark.parametrize("dtype", list(TOLERANCES), ids=str)
@pytest.mark.parametrize("options", [
    {}, {"is_causal": True}, {"scale": 0.3}, {"mask": "bool"}, {"mask": "float"}, {"mask": "keys"}, {"mask": "columns"},
    {"enable_gqa": True},
], ids=str)
@pytest.mark.parametrize("queries, keys, size, value_size", [(1, 45, 32, 16), (9, 45, 32, 16), (300, 260, 64, 64), (70, 513, 128, 128)])
def test_pytorch(dtype, options, queries, keys, size, value_size):
    options = dict(options)
    kind = options.pop("mask", None)
    heads = 2 if options.get("enable_gqa") else 4
    q = randn(2, 4, queries, size, dtype=dtype)
    k, v = randn(2, heads, keys, size, dtype=dtype), randn(2, heads, keys, value_size, dtype=dtype)
    attends = torch.rand(queries, keys, device="cuda") < 0.8
    mask = {None: None, "bool": attends, "float": randn(2, 1, queries, keys, dtype=dtype),
            "keys": (torch.rand(2, 1, 1, keys, device="cuda") < 0.8).expand(2, 4, queries, keys),
            "columns": attends.t().contiguous().t()}[kind]
    check(attn.sdpa(q, k, v, mask, **options), expect(q, k, v, mask, **options), dtype)
    # Again by what is known.
    check(attn.sdpa(q, k, v, mask, **options), expect(q, k, v, mask, **options), dtype)


@gpu
@pytest.mark.parametrize("dtype", list(TOLERANCES), ids=str)
def test_strides(dtype):
    """Heads cut out of one projection, broadcast ones, and what has to be copied."""
    qkv = randn(2, 33, 3 * 4 * 16, dtype=dtype)
    q, k, v = (x.view(2, 33, 4, 16).transpose(1, 2) for x in qkv.chunk(3, -1))
    result = attn.sdpa(q, k, v, is_causal=True)
    check(result, expect(q, k, v, is_causal=True), dtype)
    assert result.transpose(1, 2).is_contiguous()
    one = randn(2, 1, 40, 16, dtype=dtype).expand(2, 4, 40, 16)
    check(attn.sdpa(q, one, one), expect(q, one, one), dtype)
    odd = randn(2, 4, 33, 17, dtype=dtype)[..., 1:]
    for _ in range(2):
        check(attn.sdpa(odd, odd, odd), expect(odd, odd, odd), dtype)
    columns = randn(2, 4, 16, 33, dtype=dtype).transpose(-1, -2)
    check(attn.sdpa(columns, columns, columns), expect(columns, columns, columns), dtype)
    seven = randn(2, 4, 33, 7, dtype=dtype)
    check(attn.sdpa(seven, seven, seven), expect(seven, seven, seven), dtype)


@gpu
@pytest.mark.parametrize("shapes", [((5, 8), (7, 8)), ((3, 5, 8), (3, 7, 8)), ((2, 1, 4, 5, 8), (1, 3, 4, 7, 8)),
                                    ((0, 2, 5, 8), (0, 2, 5, 8)), ((2, 2, 0, 8), (2, 2, 5, 8)), ((2, 2, 5, 8), (2, 2, 0, 8))], ids=str)
def test_ranks(shapes):
    q, k = randn(*shapes[0]), randn(*shapes[1])
    check(attn.sdpa(q, k, k), expect(q, k, k), torch.bfloat16)


@gpu
@pytest.mark.parametrize("options", [
    {"causal": "lower_right", "window": (40, 0)}, {"softcap": 2.0, "return_lse": True}, {"sinks": True}, {"key_lengths": True},
    {"score": True, "causal": "upper_left", "window": (50, 3)}, {"score": True, "mask_mod": True}, {"table": True},
], ids=str)
def test_options(options):
    """Beside the kernels of the CPU, in float32."""
    options = dict(options)
    q, k = randn(2, 4, 130, 64, dtype=torch.float16), randn(2, 4, 200, 64, dtype=torch.float16)
    slopes = torch.rand(4)
    if options.pop("sinks", False):
        options["sinks"] = torch.randn(4)
    if options.pop("key_lengths", False):
        options["key_lengths"] = torch.tensor([0, 150])
    with_score, with_table = options.pop("score", False), options.pop("table", False)
    distances = torch.rand(30)
    if options.pop("mask_mod", False):
        options["mask_mod"] = lambda b, h, i, j: (i - j) % 7 != 2
    results = []
    for device in ("cuda", "cpu"):
        table = slopes.to(device)
        given = {name: value.to(device) if isinstance(value, torch.Tensor) else value for name, value in options.items()}
        if with_score:
            given["score_mod"] = lambda s, b, h, i, j: s + table[h] * (j - i)  # noqa: B023
        if with_table:
            lengths = distances.to(device)
            given["score_mod"] = lambda s, b, h, i, j: s + lengths[(j - i).abs() // 4]  # noqa: B023
        dtype = torch.float16 if device == "cuda" else torch.float32
        results.append(attn.sdpa(*(x.to(device, dtype) for x in (q, k, k)), **given))
    for ours, theirs in zip(*(result if isinstance(result, tuple) else (result,) for result in results)):
        assert ours.is_cuda and torch.allclose(ours.cpu().float(), theirs, atol=4e-3, rtol=4e-3, equal_nan=True)


@gpu
@pytest.mark.parametrize("options", [
    {}, {"causal": "lower_right"}, {"window": (700, 0)}, {"sinks": True, "causal": "lower_right"}, {"mask": True}, {"lse": True},
    {"score": True, "softcap": 3.0}, {"key_lengths": True}, {"dtype": torch.float32},
], ids=str)
@pytest.mark.parametrize("queries, keys", [(3, 600), (16, 5000), (17, 600), (33, 5000), (64, 5001), (100, 3000), (250, 5000)])
def test_splits(options, queries, keys):
    """Fewer tiles of queries than multiprocessors, and heads that share keys in a tile where
    they have room, beside float32 on the CPU; twice, with the same bits."""
    options = dict(options)
    dtype = options.pop("dtype", torch.bfloat16)
    q, k, v = (torch.randn(2, heads, rows, 64) for heads, rows in ((12, queries), (2, keys), (2, keys)))
    if options.pop("sinks", False):
        options["sinks"] = torch.randn(12)
    if options.pop("key_lengths", False):
        options["key_lengths"] = torch.tensor([keys - 100, 1])
    if options.pop("mask", False):
        options["attn_mask"] = torch.rand(12, queries, keys) < 0.5
    options["return_lse"] = options.pop("lse", False)
    has_score, slopes = options.pop("score", False), torch.rand(12) / 100
    results = []
    for device in ("cuda", "cuda", "cpu"):
        given = {name: value.to(device) if isinstance(value, torch.Tensor) else value for name, value in options.items()}
        if has_score:
            table = slopes.to(device)
            given["score_mod"] = lambda s, b, h, i, j: s + table[h] * (j - i)  # noqa: B023
        # The CPU has what the GPU is given.
        inputs = (x.to(dtype).to(device, dtype if device == "cuda" else torch.float32) for x in (q, k, v))
        result = attn.sdpa(*inputs, enable_gqa=True, **given)
        results.append(result if isinstance(result, tuple) else (result,))
    for ours, again, theirs in zip(*results):
        assert torch.equal(ours, again)
        error = (ours.cpu().float() - theirs).norm() / theirs.norm()
        assert error < (1e-5 if dtype == torch.float32 else 4e-3), error


@gpu
def test_row_without_keys():
    q = randn(1, 2, 70, 64)
    mask = torch.ones(70, 70, dtype=torch.bool, device="cuda")
    mask[3] = False
    result = attn.sdpa(q, q, q, mask)
    assert result[:, :, 3].abs().max() == 0 and torch.isfinite(result).all()
    q[0, 0, 5, 0] = torch.nan
    assert torch.isnan(attn.sdpa(q, q, q)[0, 0, 5]).all()


@gpu
@pytest.mark.parametrize("options", [{}, {"causal": "upper_left"}, {"softcap": 2.0, "return_lse": True}, {"enable_gqa": True}], ids=str)
def test_gradient(options):
    """By recomputation, beside PyTorch's own in float64."""
    heads = 2 if options.get("enable_gqa") else 4
    leaves = [randn(2, h, size, 32, dtype=torch.float32, requires_grad=True) for h, size in ((4, 40), (heads, 50), (heads, 50))]

    def run(operands):
        result = attn.sdpa(*operands, **options)
        return sum(part.square().sum() for part in (result if isinstance(result, tuple) else (result,)))

    ours = torch.autograd.grad(run(leaves), leaves)
    doubles = [x.detach().cpu().double().requires_grad_() for x in leaves]
    theirs = torch.autograd.grad(run(doubles), doubles)
    for a, b in zip(ours, theirs):
        assert torch.allclose(a.cpu().double(), b, atol=1e-2, rtol=1e-2)


@gpu
def test_opcheck():
    q, k = randn(2, 3, 50, 32), randn(2, 3, 60, 32)
    torch.library.opcheck(torch.ops.attn.sdpa.default, (q, k, k, torch.rand(50, 60, device="cuda") < 0.9), {"softcap": 2.0})
    torch.library.opcheck(torch.ops.attn.sdpa_dense.default, (q, k, k, 2, 0.0, 0.0, -1, -1))
    torch.library.opcheck(torch.ops.attn.sdpa_dense.flags, (q, k, k, 2))
    torch.library.opcheck(torch.ops.attn.sdpa_masked.flags, (q, k, k, torch.rand(50, 60, device="cuda") < 0.9, 0))


@gpu
def test_streams_and_threads():
    """The work is on the stream that is current, in any thread, and ordered with
    PyTorch's: nothing waits on the host."""
    q = randn(4, 8, 1024, 64)
    expected = attn.sdpa(q, q, q, is_causal=True)
    torch.cuda.synchronize()
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        # What the stream is behind with when the attention is asked for.
        delayed = torch.zeros_like(q)
        torch.cuda._sleep(200_000_000)
        delayed.copy_(q)
        result = attn.sdpa(delayed, delayed, delayed, is_causal=True)
        done = torch.cuda.Event()
        done.record()
        assert not done.query(), "the call waited for the device"
    stream.synchronize()
    assert torch.equal(result, expected)
    failures = []

    def work():
        try:
            with torch.cuda.stream(torch.cuda.Stream()):
                for _ in range(20):
                    assert torch.equal(attn.sdpa(q, q, q, is_causal=True), expected)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


@gpu
@pytest.mark.parametrize("queries, keys", [(300, 300), (64, 3000)], ids=["whole", "split"])
def test_graph_capture(queries, keys):
    """CUDA graphs capture the call, and what its splits leave."""
    q, k = randn(2, 4, queries, 64), randn(2, 4, keys, 64)
    attn.sdpa(q, k, k)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = attn.sdpa(q, k, k)
    other = randn(2, 4, queries, 64)
    q.copy_(other)
    graph.replay()
    torch.cuda.synchronize()
    assert torch.equal(result, attn.sdpa(other, k, k))


@gpu
def test_compiled():
    """By the name of the backend, with the kernels in C++, without a copy to the host."""
    from attn._compile import backend

    def step(q):
        return F.scaled_dot_product_attention(q * 2, q, q, is_causal=True).sin()

    compiled = torch.compile(step, backend=backend, fullgraph=True, dynamic=True)
    with torch.no_grad():
        for length, stance in ((100, "default"), (333, "default"), (500, "fail_on_recompile")):
            q = randn(2, 4, length, 64)
            with torch.compiler.set_stance(stance):
                result = compiled(q)
            assert torch.allclose(result.float(), step(q).float(), atol=4e-2)
        (attention,) = attn.explain(step, q).attentions
    assert attention.fused and attention.backend == "flash"


@gpu
def test_compiled_replayed():
    """mode="reduce-overhead": kernels are recorded and replayed in graphs of CUDA."""
    from torch._dynamo.utils import counters

    from attn._compile import backend

    def step(q):
        return F.scaled_dot_product_attention(q * 2, q, q, is_causal=True).sin()

    counters.clear()
    compiled = torch.compile(step, backend=backend, fullgraph=True, mode="reduce-overhead")
    with torch.no_grad():
        for _ in range(5):
            q = randn(2, 4, 300, 64)
            torch.compiler.cudagraph_mark_step_begin()
            assert torch.allclose(compiled(q).float(), step(q).float(), atol=4e-2)
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
            torch.compiler.cudagraph_mark_step_begin()
            compiled(q)
    assert not counters["inductor"]["cudagraph_skips"]
    assert not [event.name for event in profiler.events() if event.name.startswith("attn::")], "it is not replayed"


@gpu
def test_compiled_functions():
    from attn._compile import backend

    slopes = torch.rand(4, device="cuda")

    def step(q):
        return attn.sdpa(q.relu(), q, q, score_mod=lambda s, b, h, i, j: s + slopes[h] * (j - i), causal="upper_left", window=(70, 0)).sin()

    q = randn(2, 4, 200, 64)
    with torch.no_grad():
        assert torch.allclose(torch.compile(step, backend=backend, fullgraph=True)(q).float(), step(q).float(), atol=4e-2)


@gpu
def test_does_not_wait():
    """No call of the hot path waits for the device, as PyTorch can tell."""
    q = randn(2, 4, 300, 64)
    mask = torch.rand(300, 300, device="cuda") < 0.9
    for _ in range(2):
        attn.sdpa(q, q, q)
        attn.sdpa(q, q, q, mask)
    torch.cuda.set_sync_debug_mode("error")
    try:
        attn.sdpa(q, q, q)
        attn.sdpa(q, q, q, mask, return_lse=True)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@gpu
def test_known_calls(monkeypatch):
    """What was called once does not come back to Python."""

    q = randn(2, 4, 64, 64)
    expected = attn.sdpa(q, q, q)

    def fail(*_, **__):
        raise AssertionError("a known call went to Python")

    monkeypatch.setattr(_torch, "_compute", fail)
    assert torch.equal(attn.sdpa(q, q, q), expected)


@gpu
def test_refused_on_the_device():
    q = randn(2, 5, 8)
    for call, error, message in [
        (lambda: attn.sdpa(q, q.cpu(), q), ValueError, "query is on cuda:0, key on the CPU"),
        (lambda: attn.sdpa(q.cpu(), q, q), ValueError, "query is on the CPU, key on cuda:0"),
        (lambda: attn.sdpa(q, q, q, torch.ones(5, 5)), ValueError, "attn_mask on the CPU"),
        (lambda: attn.sdpa(q, q[..., :4], q), ValueError, "same last dimension"),
    ]:
        with pytest.raises(error, match=message):
            call()


@gpu
@pytest.mark.parametrize("options", [
    {}, {"causal": "upper_left", "softcap": 2.0, "return_lse": True},
    {"score_mod": lambda s, b, h, i, j: s + 0.1 * (j - i), "mask_mod": lambda b, h, i, j: (i - j) % 7 != 2},
], ids=["plain", "causal", "functions"])
@pytest.mark.parametrize("size, dtype", [(64, torch.float64), (300, torch.bfloat16), (64, torch.bfloat16)], ids=str)
def test_math(size, dtype, options):
    """What flash does not take, and what may not: by PyTorch's formula, without waiting."""
    q, k = randn(2, 4, 30, size, dtype=dtype), randn(2, 4, 50, size, dtype=dtype)
    is_refused = size == 300 or dtype == torch.float64
    assert attn.explain(q, k, k, **options).backend == ("math" if is_refused else "flash")
    with attn.sdpa_kernel(["flash", "math"] if is_refused else "math"):
        torch.cuda.set_sync_debug_mode("error")
        try:
            result = attn.sdpa(q, k, k, **options)
        finally:
            torch.cuda.set_sync_debug_mode("default")
    expected = attn.sdpa(q.cpu().double(), k.cpu().double(), k.cpu().double(), **options)
    # PyTorch multiplies indices by a float in f32.
    atol = 3e-2 if dtype != torch.float64 else 1e-6 if "score_mod" in options else 1e-12
    for ours, theirs in zip(*(x if isinstance(x, tuple) else (x,) for x in (result, expected))):
        assert ours.is_cuda and torch.allclose(ours.cpu().double(), theirs, atol=atol)
    with attn.sdpa_kernel("flash"):
        if is_refused:
            with pytest.raises(attn.BackendError):
                attn.sdpa(q, k, k)
        else:
            attn.sdpa(q, k, k)


@gpu
def test_autocast():
    q = randn(2, 4, 100, 64, dtype=torch.float32)
    with torch.autocast("cuda", torch.bfloat16):
        result = attn.sdpa(q, q, q)
        assert attn.sdpa(q.double(), q.double(), q.double()).dtype == torch.float64
    check(result, expect(q, q, q), torch.bfloat16)


@gpu
def test_second_device():
    if torch.cuda.device_count() < 2:
        pytest.skip("there is one GPU")
    q = torch.randn(2, 4, 100, 64, device="cuda:1", dtype=torch.bfloat16)
    with torch.cuda.device(0):
        for _ in range(2):
            result = attn.sdpa(q, q, q)
            assert result.device == q.device and torch.cuda.current_device() == 0
            check(result, expect(q, q, q), torch.bfloat16)
