# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""attn.sdpa of tensors of CUDA.

Without a GPU: compilation, caches and refusals, on tensors without memory
(FakeTensorMode) of a device that is said to be there. Tests marked `gpu` compute, and
are skipped without one; test/Integration/GPU/python.py takes them to a GPU.
"""

import os
import pathlib
import threading

import attn
import pytest

torch = pytest.importorskip("torch")
import torch.nn.functional as F  # noqa: E402
from attn import _cuda, _library, _sdpa, _torch  # noqa: E402
from attn._arguments import View, view_of, with_contiguous_rows  # noqa: E402
from torch._subclasses import FakeTensorMode  # noqa: E402
from torch.nn.attention import SDPBackend  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Accessing the data pointer of FakeTensor")
has_gpu = torch.cuda.is_available()
gpu = pytest.mark.skipif(not has_gpu, reason="there is no GPU")


#===--- Without a GPU --------------------------------------------------------===#


@pytest.fixture(params=[(9, 0), (8, 0)], ids=["sm_90a", "sm_80"])
def capability(request, monkeypatch):
    """The compute capability of cuda:0."""
    yield from pretend(request.param, monkeypatch)


def pretend(value, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device=None: value)
    _cuda._resolve.cache_clear()
    yield value
    _cuda._resolve.cache_clear()


# PyTorch looks for the device of a fake tensor where there is one at all.
HAS_ONE_GPU = torch.cuda.is_available() and torch.cuda.device_count() == 1


def make_fake(*shapes, dtype=torch.bfloat16, device="cuda:0"):
    with FakeTensorMode():
        return [torch.empty(shape, dtype=dtype, device=device) for shape in shapes]


def compile_for(arch, *arguments, **options):
    """The program of a plan, in a process that holds none."""
    plan = _sdpa.make_plan(attn._request(*arguments, **options))
    _library._programs.pop((plan.text, "flash", arch), None)
    plan.programs.clear()
    return plan.get_program()


@pytest.mark.parametrize("options", [
    {}, {"is_causal": True, "window": (64, 0)}, {"softcap": 30.0, "scale": 0.2}, {"return_lse": True}, {"enable_gqa": True},
    {"score_mod": lambda s, b, h, i, j: s + 0.1 * (j - i), "mask_mod": lambda b, h, i, j: (i // 64 == j // 64) | (h == 0)},
], ids=["plain", "window", "softcap", "lse", "gqa", "functions"])
def test_compiles(capability, options, tmp_path, monkeypatch):
    """Every kind of kernel compiles, and is found on disk by its architecture."""
    monkeypatch.setenv("ATTN_CACHE_DIR", str(tmp_path))
    arch = {9: "sm_90a", 8: "sm_80"}[capability[0]]
    q, k = make_fake((2, 4, 100, 64), (2, 2 if options.get("enable_gqa") else 4, 130, 64))
    assert attn.explain(q, k, k, **options).backend == "flash"
    assert attn.can_use("flash", q, k, k, **options)
    assert not compile_for(arch, q, k, k, **options).is_cached
    (first,) = os.listdir(tmp_path)
    assert compile_for(arch, q, k, k, **options).is_cached
    # Neither other lengths nor another device of the kind have another kernel.
    q, k = make_fake((1, 4, 70, 64), (1, 2 if options.get("enable_gqa") else 4, 70, 64),
                     device="cuda:0" if HAS_ONE_GPU else "cuda:1")
    assert compile_for(arch, q, k, k, **options).is_cached
    assert os.listdir(tmp_path) == [first]


def test_cache_key(tmp_path, monkeypatch):
    """Architectures, and the CPU, have objects of their own."""
    monkeypatch.setenv("ATTN_CACHE_DIR", str(tmp_path))
    text = _sdpa.make_plan(attn._request(*make_fake((2, 64, 64), device="cpu") * 3)).text
    for count, arch in enumerate([None, "sm_80", "sm_86", "sm_90a"]):
        _library._programs.clear()
        program = _library.compile_program(text, "flash", "a test", gpu_arch=arch)
        assert not program.is_cached and len(os.listdir(tmp_path)) == count + 1
        _library._programs.clear()
        assert _library.compile_program(text, "flash", "a test", gpu_arch=arch).is_cached


def test_captured_tables_compile(capability):
    """Also by indices that are computed, which are clamped to the table."""
    with FakeTensorMode():
        q, table = torch.empty(2, 4, 100, 64, dtype=torch.bfloat16, device="cuda:0"), torch.empty(4, 30, device="cuda:0")
    attn.warmup(q, q, q, score_mod=lambda s, b, h, i, j: s + attn.capture(table)[h, (j - i).abs() // 2])


def test_masks_compile(capability):
    q, k, bias = make_fake((2, 4, 100, 64), (2, 4, 130, 64), (4, 1, 130))
    mask, lengths, sinks = (
        *make_fake((2, 1, 100, 130), dtype=torch.bool), *make_fake((2,), dtype=torch.int64), *make_fake((4,), dtype=torch.float32))
    for given in (mask, bias, mask.transpose(-1, -2).contiguous().transpose(-1, -2), mask[..., :1].expand(2, 1, 100, 130)):
        attn.warmup(q, k, k, given, key_lengths=lengths, sinks=sinks)


@pytest.mark.parametrize("dtype, size", [(torch.float32, 64), (torch.float16, 80), (torch.bfloat16, 7), (torch.float16, 256)], ids=str)
def test_dtypes_compile(capability, dtype, size):
    q, = make_fake((2, 3, 33, size), dtype=dtype)
    attn.warmup(q, q, q)


def test_warmup_is_for_its_device(capability):
    q, = make_fake((2, 3, 33, 64))
    host, = make_fake((2, 3, 33, 64), device="cpu")
    on_gpu, on_cpu = (_sdpa.make_plan(attn._request(x, x, x)) for x in (q, host))
    assert on_gpu is not on_cpu and on_gpu.text == on_cpu.text
    assert (on_gpu.device, on_cpu.device) == (0, _cuda.CPU)


def test_refused(capability):
    """What GPUs do not compute, and why, by backend."""
    q, = make_fake((2, 4, 100, 64), dtype=torch.float64)
    explanation = attn.explain(q, q, q)
    assert explanation.backend is None and "operands are f64" in explanation.reasons["flash"]
    assert "not available on CUDA" in explanation.reasons["math"] and "not available on CUDA" in explanation.reasons["efficient"]
    with pytest.raises(attn.BackendError) as raised:
        attn.warmup(q, q, q)
    assert set(raised.value.reasons) == {"flash", "efficient", "math"}
    wide, = make_fake((2, 4, 100, 300))
    assert not attn.can_use("flash", wide, wide, wide) and "256 at most" in attn.explain(wide, wide, wide).reasons["flash"]
    q, = make_fake((2, 4, 100, 64))
    with attn.sdpa_kernel("math"), pytest.raises(attn.BackendError, match="math is not available on CUDA"):
        attn.warmup(q, q, q)
    with attn.sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        attn.warmup(q, q, q)
        assert attn.explain(q, q, q).reasons["math"] == "not allowed by attn.sdpa_kernel"


@pytest.mark.parametrize("value", [(7, 5), (42, 0)], ids=str)
def test_unknown_gpu(value, monkeypatch):
    fixture = pretend(value, monkeypatch)
    next(fixture)
    q, = make_fake((2, 4, 100, 64))
    reason = f"cuda:0 is a GPU of compute capability {value[0]}.{value[1]}; kernels need 8.0 or later"
    assert attn.explain(q, q, q).reasons["flash"] == reason
    with pytest.raises(attn.BackendError, match="kernels need 8.0"):
        attn.warmup(q, q, q)
    with pytest.raises(attn.CompileError, match="kernels need 8.0"):
        _cuda.get_arch(0)
    next(fixture, None)


@pytest.mark.skipif(HAS_ONE_GPU, reason="there is one GPU")
def test_devices():
    (q,), (host,), (mask,) = make_fake((2, 5, 64)), make_fake((2, 5, 64), device="cpu"), make_fake((5, 5), device="cuda:1")
    for arguments, message in [
        ((q, host, q), "query is on cuda:0, key on the CPU"), ((q, q, host), "query is on cuda:0, value on the CPU"),
        ((host, q, host), "query is on the CPU, key on cuda:0"), ((q, q, q, mask), "query is on cuda:0, attn_mask on cuda:1"),
    ]:
        with pytest.raises(ValueError, match="all operands need one device: " + message):
            attn.explain(*arguments)
    with pytest.raises(ValueError, match="query is on cuda:0, sinks on the CPU"):
        attn.explain(q, q, q, sinks=make_fake((2,), device="cpu")[0])
    table = torch.rand(5)
    with pytest.raises(ValueError, match="query is on cuda:0, a captured array on the CPU"):
        attn.explain(q, q, q, score_mod=lambda s, b, h, i, j: s + table[j])
    with pytest.raises(ValueError, match="query is on meta; kernels run on the CPU and on CUDA's devices"):
        attn.explain(*3 * make_fake((2, 5, 64), device="meta"))


def test_rows():
    """What is copied for a GPU: rows that are not contiguous, or not at multiples of
    what divides a row."""
    def describe(tensor):
        view = view_of(tensor, "x")
        result = with_contiguous_rows(view)
        return result.strides, result.owner is not tensor

    with FakeTensorMode():
        x = torch.empty(2, 1, 6, 64, dtype=torch.bfloat16, device="cuda")
        # One head has nothing to step to.
        assert describe(x.as_strided((2, 1, 6, 64), (384, 7, 64, 1))) == ((384, 0, 64, 1), False)
        assert describe(x.transpose(1, 2)) == ((384, 64, 0, 1), False)
        assert describe(x.expand(2, 4, 6, 64)) == ((384, 0, 64, 1), False)
        # 2 bytes, and 8 of 16.
        assert describe(torch.empty(6, 65, dtype=torch.bfloat16, device="cuda")[:, :64]) == ((64, 1), True)
        assert describe(torch.empty(6, 68, dtype=torch.bfloat16, device="cuda")[:, :64]) == ((64, 1), True)
        assert describe(torch.empty(6, 72, dtype=torch.bfloat16, device="cuda")[:, :64]) == ((72, 1), False)
        # Rows of 14 and of 8 bytes ask for 2 and for 8.
        assert describe(torch.empty(6, 9, dtype=torch.bfloat16, device="cuda")[:, :7]) == ((9, 1), False)
        assert describe(torch.empty(6, 6, dtype=torch.float16, device="cuda")[:, :4]) == ((4, 1), True)
        assert describe(torch.empty(6, 6, dtype=torch.float32, device="cuda")[:, :2]) == ((6, 1), False)
        assert describe(torch.empty(64, 6, dtype=torch.float32, device="cuda").t()) == ((64, 1), True)
        assert describe(torch.empty(0, 64, dtype=torch.float32, device="cuda"))[1] is False
    address = View(8, (6, 64), (64, 1), _library.BF16, x, 0)
    assert with_contiguous_rows(address).owner is not x or with_contiguous_rows(address).address != 8


def test_fake_kernels():
    """Shapes, strides and devices, without a kernel."""
    q, k = make_fake((2, 4, 100, 64), (2, 4, 130, 64))
    with q.fake_mode:
        v = k[..., :32]
        output = torch.ops.attn.sdpa_dense.default(q, k, v, 0, 0.0, 0.0, -1, -1)
        assert output.device == q.device and output.shape == (2, 4, 100, 32) and output.transpose(1, 2).is_contiguous()
        output, lse = torch.ops.attn.sdpa.default(q, k, v, return_lse=True)
        assert lse.device == q.device and lse.shape == (2, 4, 100) and lse.dtype == torch.float32


@pytest.mark.parametrize("change, reason", [
    ({}, ""), ({"dtype": torch.float64}, "the flash kernel of CUDA computes in float32"),
    ({"size": 300}, "head dimensions end at 256"), ({"capability": (7, 5)}, "kernels need 8.0 or later"),
], ids=str)
def test_graphs(change, reason, monkeypatch):
    """What torch.compile(backend="attn") makes of a graph on a GPU."""
    from attn import _compile

    fixture = pretend(change.get("capability", (9, 0)), monkeypatch)
    next(fixture)
    q, = make_fake((2, 4, 100, change.get("size", 64)), dtype=change.get("dtype", torch.bfloat16))
    graph = torch.fx.Graph()
    x = graph.placeholder("q")
    x.meta["example_value"] = q
    graph.output(graph.call_function(F.scaled_dot_product_attention, (x, x, x), {"is_causal": True}))
    with torch.no_grad():
        (attention,) = _compile.rewrite(torch.fx.GraphModule({}, graph))
    assert attention.fused == (not reason) and reason in attention.reason
    next(fixture, None)


def test_sequences_run_on_the_cpu():
    rows, = make_fake((14, 2, 8))
    with pytest.raises(ValueError, match="attn.sdpa_varlen: sequences have kernels for the CPU alone, query is on cuda:0"):
        attn.sdpa_varlen(rows, rows, rows, torch.tensor([0, 14]))


def test_toolkits(tmp_path, monkeypatch):
    """Where ptxas comes from."""
    _cuda._find_toolkits.cache_clear()
    monkeypatch.setenv("ATTN_CUDA_PATH", str(tmp_path))
    with pytest.raises(ValueError, match="ATTN_CUDA_PATH: there is no ptxas"):
        _cuda.find_toolkits()
    ptxas = tmp_path / "bin" / "ptxas"
    ptxas.parent.mkdir()
    ptxas.touch(0o755)
    assert _cuda.find_toolkits() == str(tmp_path)
    monkeypatch.setenv("ATTN_CUDA_PATH", str(ptxas.parent))
    assert _cuda.find_toolkits() == str(tmp_path)
    monkeypatch.setenv("ATTN_CUDA_PATH", "none")
    assert _cuda.find_toolkits() == "none"
    # What Triton has, where it is installed.
    monkeypatch.delenv("ATTN_CUDA_PATH")
    triton = tmp_path / "site" / "triton"
    (triton / "backends" / "nvidia" / "bin").mkdir(parents=True)
    (triton / "__init__.py").touch()
    (triton / "backends" / "nvidia" / "bin" / "ptxas").touch(0o755)
    monkeypatch.setattr(_cuda, "_package_directories", lambda name: [pathlib.Path(triton)] if name == "triton" else [])
    _cuda._find_toolkits.cache_clear()
    assert _cuda.find_toolkits() == str(triton / "backends" / "nvidia")
    _cuda._find_toolkits.cache_clear()


@pytest.mark.parametrize("arch", ["sm_80", "sm_90a"])
def test_shared(arch, tmp_path):
    """A shared object of a kernel, ahead of time, which Python need not be there for."""
    if not _library._find_library().endswith("lib/libAttnC.so"):
        pytest.skip("the runtime's libraries are not beside this library")
    import shutil

    if not shutil.which("cc"):
        pytest.skip("there is no C compiler to link with")
    text = _sdpa.make_plan(attn._request(*make_fake((2, 64, 64)) * 3)).text
    library, header = tmp_path / "attention.so", tmp_path / "attention.h"
    _library.compile_shared(text, "flash", "native", str(library), str(header), gpu_arch=arch, fuse=False)
    assert arch.encode() in library.read_bytes() and "void *stream" in header.read_text()


#===--- On a GPU -------------------------------------------------------------===#

# Of the unrounded result, as in test_torch.py; f32 is multiplied as sums of bf16.
TOLERANCES = {torch.float16: 3e-3, torch.bfloat16: 3e-2, torch.float32: 1e-4}


def expect(q, k, v, *arguments, **options):
    """In float64, on the CPU."""
    arguments = [x.cpu().double() if isinstance(x, torch.Tensor) and x.is_floating_point() else x.cpu() if isinstance(x, torch.Tensor) else x
                 for x in arguments]
    with torch.nn.attention.sdpa_kernel(SDPBackend.MATH):
        return F.scaled_dot_product_attention(*(x.cpu().double() for x in (q, k, v)), *arguments, **options)


def check(result, expected, dtype):
    assert result.is_cuda and result.dtype == dtype and result.shape == expected.shape
    error = (result.cpu().double() - expected.double()).abs().max().item() if expected.numel() else 0
    assert error <= TOLERANCES[dtype], f"largest error {error}"


def randn(*shape, dtype=torch.bfloat16, **options):
    return torch.randn(*shape, device="cuda", dtype=dtype, **options)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@gpu
@pytest.mark.gpu
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
@pytest.mark.gpu
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
@pytest.mark.gpu
@pytest.mark.parametrize("shapes", [((5, 8), (7, 8)), ((3, 5, 8), (3, 7, 8)), ((2, 1, 4, 5, 8), (1, 3, 4, 7, 8)),
                                    ((0, 2, 5, 8), (0, 2, 5, 8)), ((2, 2, 0, 8), (2, 2, 5, 8)), ((2, 2, 5, 8), (2, 2, 0, 8))], ids=str)
def test_ranks(shapes):
    q, k = randn(*shapes[0]), randn(*shapes[1])
    check(attn.sdpa(q, k, k), expect(q, k, k), torch.bfloat16)


@gpu
@pytest.mark.gpu
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
@pytest.mark.gpu
def test_row_without_keys():
    q = randn(1, 2, 70, 64)
    mask = torch.ones(70, 70, dtype=torch.bool, device="cuda")
    mask[3] = False
    result = attn.sdpa(q, q, q, mask)
    assert result[:, :, 3].abs().max() == 0 and torch.isfinite(result).all()
    q[0, 0, 5, 0] = torch.nan
    assert torch.isnan(attn.sdpa(q, q, q)[0, 0, 5]).all()


@gpu
@pytest.mark.gpu
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
@pytest.mark.gpu
def test_opcheck():
    q, k = randn(2, 3, 50, 32), randn(2, 3, 60, 32)
    torch.library.opcheck(torch.ops.attn.sdpa.default, (q, k, k, torch.rand(50, 60, device="cuda") < 0.9), {"softcap": 2.0})
    torch.library.opcheck(torch.ops.attn.sdpa_dense.default, (q, k, k, 2, 0.0, 0.0, -1, -1))


@gpu
@pytest.mark.gpu
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
@pytest.mark.gpu
def test_graph_capture():
    """CUDA graphs capture the call."""
    q = randn(2, 4, 300, 64)
    attn.sdpa(q, q, q)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = attn.sdpa(q, q, q)
    other = randn(2, 4, 300, 64)
    q.copy_(other)
    graph.replay()
    torch.cuda.synchronize()
    assert torch.equal(result, attn.sdpa(other, other, other))


@gpu
@pytest.mark.gpu
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
@pytest.mark.gpu
def test_compiled_functions():
    from attn._compile import backend

    slopes = torch.rand(4, device="cuda")

    def step(q):
        return attn.sdpa(q.relu(), q, q, score_mod=lambda s, b, h, i, j: s + slopes[h] * (j - i), causal="upper_left", window=(70, 0)).sin()

    q = randn(2, 4, 200, 64)
    with torch.no_grad():
        assert torch.allclose(torch.compile(step, backend=backend, fullgraph=True)(q).float(), step(q).float(), atol=4e-2)


@gpu
@pytest.mark.gpu
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
@pytest.mark.gpu
def test_known_calls(monkeypatch):
    """What was called once does not come back to Python."""

    q = randn(2, 4, 64, 64)
    expected = attn.sdpa(q, q, q)

    def fail(*_):
        raise AssertionError("a known call went to Python")

    monkeypatch.setattr(_torch, "_compute", fail)
    assert torch.equal(attn.sdpa(q, q, q), expected)


@gpu
@pytest.mark.gpu
def test_refused_on_the_device():
    q = randn(2, 5, 8)
    for call, error, message in [
        (lambda: attn.sdpa(q, q.cpu(), q), ValueError, "query is on cuda:0, key on the CPU"),
        (lambda: attn.sdpa(q.cpu(), q, q), ValueError, "query is on the CPU, key on cuda:0"),
        (lambda: attn.sdpa(q, q, q, torch.ones(5, 5)), ValueError, "attn_mask on the CPU"),
        (lambda: attn.sdpa(q.double(), q.double(), q.double()), attn.BackendError, "operands are f64"),
        (lambda: attn.sdpa(q, q[..., :4], q), ValueError, "same last dimension"),
    ]:
        with pytest.raises(error, match=message):
            call()


@gpu
@pytest.mark.gpu
def test_second_device():
    if torch.cuda.device_count() < 2:
        pytest.skip("there is one GPU")
    q = torch.randn(2, 4, 100, 64, device="cuda:1", dtype=torch.bfloat16)
    with torch.cuda.device(0):
        for _ in range(2):
            result = attn.sdpa(q, q, q)
            assert result.device == q.device and torch.cuda.current_device() == 0
            check(result, expect(q, q, q), torch.bfloat16)
