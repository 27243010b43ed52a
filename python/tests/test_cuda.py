# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""attn.sdpa of tensors of CUDA, without a GPU: compilation, caches and refusals."""

import os
import pathlib

import attn
import pytest

torch = pytest.importorskip("torch")
import torch.nn.functional as F  # noqa: E402
from attn import _cuda, _library, _sdpa, _torch  # noqa: E402
from attn._arguments import View, view_of, with_contiguous_rows  # noqa: E402
from cuda_devices import HAS_ONE_GPU, capability, make_fake, pretend  # noqa: E402, F401
from torch._subclasses import FakeTensorMode  # noqa: E402
from torch.nn.attention import SDPBackend  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Accessing the data pointer of FakeTensor")


TABLE = torch.linspace(-1, 1, 12)


def compile_for(arch, *arguments, **options):
    """The program of a plan, in a process that holds none."""
    plan = _sdpa.make_plan(attn._request(*arguments, **options))
    for key in [key for key in _library._programs if key[:3] == (plan.text, "flash", arch)]:
        del _library._programs[key]
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
    with monkeypatch.context() as patch:
        # What is on disk can be computed: the compiler need not be asked.
        patch.setattr(_library, "check_backend", lambda *_, **__: "nothing can")
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
    """What no kernel of a GPU computes is math's; what may not be is refused, with the
    reason of every backend."""
    q, = make_fake((2, 4, 100, 64), dtype=torch.float64)
    explanation = attn.explain(q, q, q)
    assert explanation.backend == "math" and "operands are f64" in explanation.reasons["flash"]
    assert "not available on CUDA" in explanation.reasons["efficient"] and "math" not in explanation.reasons
    assert attn.can_use("math", q, q, q) and not attn.can_use("flash", q, q, q)
    attn.warmup(q, q, q)
    with attn.sdpa_kernel(["flash", "efficient"]), pytest.raises(attn.BackendError) as raised:
        attn.warmup(q, q, q)
    assert raised.value.reasons == {**explanation.reasons, "math": "not allowed by attn.sdpa_kernel"}
    wide, = make_fake((2, 4, 100, 300))
    assert not attn.can_use("flash", wide, wide, wide) and "256 at most" in attn.explain(wide, wide, wide).reasons["flash"]
    assert attn.explain(wide, wide, wide).backend == "math"
    q, = make_fake((2, 4, 100, 64))
    with attn.sdpa_kernel("math"):
        assert attn.explain(q, q, q).backend == "math"
        assert attn.explain(q, q, q).reasons["flash"] == "not allowed by attn.sdpa_kernel"
    with attn.sdpa_kernel("efficient"), pytest.raises(attn.BackendError, match="efficient is not available on CUDA"):
        attn.warmup(q, q, q)
    with attn.sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        attn.warmup(q, q, q)
        assert attn.explain(q, q, q).reasons["math"] == "not allowed by attn.sdpa_kernel"


def test_math_calls_functions(capability):
    """It does not read the regions that kernels are made of."""
    q, = make_fake((2, 4, 100, 64), dtype=torch.float64)
    region = _torch.trace_mods(q, 4, lambda s, b, h, i, j: s + i, None)[0]
    assert attn.explain(q, q, q, score_mod=lambda s, b, h, i, j: s + i).backend == "math"
    with pytest.raises(attn.BackendError, match="cannot read the regions") as raised:
        _torch._run(q, q, q, score=region)
    assert set(raised.value.reasons) == {"flash", "efficient", "math"}


@pytest.mark.parametrize("value", [(7, 5), (42, 0)], ids=str)
def test_unknown_gpu(value, monkeypatch):
    fixture = pretend(value, monkeypatch)
    next(fixture)
    q, = make_fake((2, 4, 100, 64))
    reason = f"cuda:0 is a GPU of compute capability {value[0]}.{value[1]}; kernels need 8.0 or later"
    assert attn.explain(q, q, q).reasons["flash"] == reason and attn.explain(q, q, q).backend == "math"
    with attn.sdpa_kernel("flash"), pytest.raises(attn.BackendError, match="kernels need 8.0"):
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


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
@pytest.mark.parametrize("options", [
    {}, {"causal": "lower_right", "window": (9, 2)}, {"softcap": 2.0, "return_lse": True, "scale": 0.3}, {"enable_gqa": True},
    {"mask": True}, {"bias": True, "sinks": torch.tensor([0.1, -1.0, 0.5, 2.0])}, {"key_lengths": torch.tensor([0, 17])}, {"one": True},
    {"score_mod": lambda s, b, h, i, j: attn.where(i > j, s + attn.capture(TABLE)[i - j], s),
     "mask_mod": lambda b, h, i, j: (i // 8 == j // 8) | (h == 0)},
], ids=lambda options: ",".join(options))
def test_math(dtype, options, monkeypatch):
    """The formula that math is on a GPU, on the CPU beside its kernels."""
    torch.manual_seed(0)
    options = dict(options)
    heads = 2 if options.get("enable_gqa") else 4
    q, k, v = (torch.randn(2, h, n, d, dtype=dtype) for h, n, d in ((4, 20, 16), (heads, 30, 16), (heads, 30, 8)))
    if options.pop("one", False):
        # Heads of the keys that one of the query meets.
        q = q[:, :1]
    mask = None
    if options.pop("mask", False):
        mask = torch.rand(2, 1, 20, 30) < 0.5
        mask[0, 0, 3] = False
    elif options.pop("bias", False):
        mask = torch.randn(4, 1, 30, dtype=dtype)
    expected = attn.sdpa(q, k, v, mask, **options)
    monkeypatch.setattr(_sdpa.Plan, "get_program", lambda self: None)
    # Programs that are known are not asked for.
    with attn.sdpa_kernel(["flash", "math"]), torch.autocast("cpu", enabled=dtype == torch.bfloat16):
        result = attn.sdpa(q, k, v, mask, **options)
    tolerance = {torch.float64: 1e-12, torch.float32: 2e-5, torch.bfloat16: 3e-2}[dtype]
    for ours, theirs in zip(*(x if isinstance(x, tuple) else (x,) for x in (result, expected))):
        assert ours.dtype == theirs.dtype and ours.shape == theirs.shape and ours.stride() == theirs.stride()
        assert torch.allclose(ours, theirs, atol=tolerance, rtol=tolerance)


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
