# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The precision of float32 that PyTorch is asked for, and attn.kernel_options."""

import os
import pathlib

import attn
import pytest

torch = pytest.importorskip("torch")
from attn import _cuda, _library, _sdpa, _torch  # noqa: E402
from cuda_devices import capability, expect, gpu, make_fake, randn  # noqa: E402, F401
from torch.fx.experimental.proxy_tensor import make_fx  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Accessing the data pointer of FakeTensor")


def allow_tf32(value):
    torch.backends.cuda.matmul.allow_tf32 = value


def set_precision(value):
    torch.set_float32_matmul_precision("high" if value else "highest")


def set_medium(value):
    torch.set_float32_matmul_precision("medium" if value else "highest")


def set_backend(value):
    torch.backends.cuda.matmul.fp32_precision = "tf32" if value else "ieee"


def set_everything(value):
    torch.backends.cuda.matmul.fp32_precision = "none"
    torch.backends.fp32_precision = "tf32" if value else "none"


HAS_PRECISIONS = hasattr(torch.backends, "fp32_precision")
needs_precisions = pytest.mark.skipif(not HAS_PRECISIONS, reason="PyTorch before 2.9")
SETTERS = [allow_tf32, set_precision, set_medium, pytest.param(set_backend, marks=needs_precisions),
           pytest.param(set_everything, marks=needs_precisions)]


@pytest.fixture(autouse=True)
def precision():
    """As it was before."""
    yield
    if HAS_PRECISIONS:
        set_everything(False)
    set_precision(False)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Where programs are, as PTX. Forgets those of this process."""
    monkeypatch.setenv("ATTN_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("ATTN_CUDA_PATH", "none")
    before = dict(_library._programs)
    _library._programs.clear()
    _sdpa._memo.clear()
    yield tmp_path
    _sdpa._memo.clear()
    _library._programs.update(before)


def read_ptx(cache, known):
    """The one program that is not known yet."""
    (name,) = set(os.listdir(cache)) - known
    known.add(name)
    return pathlib.Path(cache, name).read_bytes()


#===--- Without a GPU --------------------------------------------------------===#


@pytest.mark.parametrize("set_tf32", SETTERS)
def test_setting(set_tf32):
    assert not _cuda.allows_tf32()
    set_tf32(True)
    assert _cuda.allows_tf32()
    set_tf32(False)
    assert not _cuda.allows_tf32()


@pytest.mark.parametrize("is_ragged", [False, True], ids=["dense", "ragged"])
def test_tf32_has_its_kernel(capability, cache, is_ragged):
    """Products by instructions for tf32 where PyTorch allows it, and by those for bf16
    otherwise. Both stay on disk."""
    q, half, host = make_fake((2, 3, 40, 64), dtype=torch.float32) + make_fake((2, 3, 40, 64)) + make_fake(
        (2, 3, 40, 64), dtype=torch.float32, device="cpu")
    options = {} if is_ragged else {"softcap": 3.0}
    known = set()
    for is_allowed in (False, True):
        allow_tf32(is_allowed)
        attn.warmup(q, q, q, **options)
        ptx = read_ptx(cache, known)
        assert (b".tf32" in ptx) == is_allowed and (b".bf16" in ptx) != is_allowed
    for is_allowed in (False, True):
        allow_tf32(is_allowed)
        attn.warmup(q, q, q, **options)
        assert set(os.listdir(cache)) == known
    # Neither other dtypes nor the CPU.
    for x in (half, host):
        allow_tf32(False)
        attn.warmup(x, x, x)
        read_ptx(cache, known)
        allow_tf32(True)
        attn.warmup(x, x, x)
        assert set(os.listdir(cache)) == known


def test_operators_carry_it(capability):
    """A graph is for the precision that it was traced for."""
    q, = make_fake((2, 3, 40, 64), dtype=torch.float32)
    rows, = make_fake((40, 3, 64), dtype=torch.float32)
    bounds, = make_fake((3,), dtype=torch.int32)

    def find_flags(function, *arguments):
        calls = [node for node in make_fx(function)(*arguments).graph.nodes if str(node.target).startswith("attn.")]
        (flags,) = [next((x for x in node.args if isinstance(x, int)), 0) for node in calls]
        return flags & _torch._TF32

    for is_allowed in (False, True):
        allow_tf32(is_allowed)
        with q.fake_mode:
            assert bool(find_flags(lambda q: attn.sdpa(q, q, q), q)) == is_allowed
        with rows.fake_mode:
            bounds = torch.empty(3, dtype=torch.int32, device="cuda:0")
            assert bool(find_flags(lambda q, bounds: attn.sdpa_varlen(q, q, q, bounds), rows, bounds)) == is_allowed
        half = torch.randn(2, 3, 40, 64)
        assert not find_flags(lambda q: attn.sdpa(q, q, q), half)


def test_kernel_options(capability, cache):
    """Each choice has its kernel, which does not depend on the order of options; what
    is forced goes before what PyTorch allows."""
    q, = make_fake((2, 3, 40, 64), dtype=torch.float32)
    plan, known = _sdpa.make_plan(attn._request(q, q, q)), set()

    def is_new(**options):
        with attn.kernel_options(**options):
            assert plan.get_program() is plan.get_program()
            attn.warmup(q, q, q)
        names = set(os.listdir(cache))
        new = names - known
        known.update(new)
        return len(new)

    assert is_new() == 1
    assert is_new(f32="tf32") == 1
    assert is_new(softmax="standard", f32="tf32") == 1
    assert is_new(f32="tf32", softmax="standard") == 0
    assert is_new(block_keys=32) == 1
    with attn.kernel_options(f32="tf32"):
        assert is_new(softmax="standard") == 0
        assert is_new(softmax="standard", f32=None) == 1
    allow_tf32(True)
    assert is_new(f32="tf32") == 0 and is_new() == 0
    # It is the default, spelled out.
    assert is_new(f32="bf16x3") == 1


@pytest.mark.parametrize("batch, heads, key_heads, queries, keys, option", [
    # Keys in plenty, and queries of one tile or of fewer than there are multiprocessors.
    (1, 8, 8, 17, 8192, "few-queries=on"), (4, 32, 32, 64, 8192, "few-queries=on"), (1, 32, 32, 200, 2048, "few-queries=on"),
    (1, 32, 32, 200, 8192, "split-keys=on"), (1, 8, 2, 1000, 8192, "split-keys=on"), (1, 32, 8, 512, 8192, "split-keys=on"),
    # Heads that share keys, of one tile.
    (64, 32, 16, 32, 64, "few-queries=on"), (64, 32, 8, 17, 64, "few-queries=grouped"), (64, 32, 8, 16, 64, "few-queries=on"),
    (1, 32, 8, 64, 8192, "few-queries=grouped"), (1, 32, 8, 17, 2048, "few-queries=on"), (1, 32, 8, 17, 512, ""), (1, 8, 0, 17, 8192, "few-queries=grouped"),
    # Tiles enough, few keys, nothing at all.
    (1, 32, 32, 300, 2048, ""), (4, 32, 32, 200, 8192, ""), (1, 32, 32, 513, 8192, ""), (1, 8, 8, 17, 512, ""),
    (64, 32, 32, 17, 8192, ""), (0, 8, 8, 65, 8192, "split-keys=on"), (1, 8, 8, 0, 8192, ""), (1, 8, 2, 0, 8192, ""),
])
def test_splits(batch, heads, key_heads, queries, keys, option):
    assert _sdpa.choose_splits((batch, heads, queries, 64), (batch, key_heads, keys, 64)) == option


def test_splits_without_heads():
    assert _sdpa.choose_splits((17, 64), (8192, 64)) == "few-queries=on"


@pytest.mark.parametrize("queries, heads, option", [(1, (32, 8), ""), (16, (32, 8), ""), (16, (64, 8), "few-queries=grouped"), (17, (32, 8), "few-queries=grouped")])
def test_static_queries_tell_themselves(capability, cache, queries, heads, option):
    q, k = make_fake((16, heads[0], queries, 64)) + make_fake((16, heads[1], 8192, 64))
    assert _sdpa.make_plan(attn._request(q, k, k, enable_gqa=True)).splits == option


@pytest.mark.parametrize("queries, keys, has_merge", [(17, 600, True), (200, 5000, True), (2000, 600, False), (17, 500, False)])
def test_splits_have_their_kernel(capability, cache, queries, keys, has_merge):
    q, k = make_fake((1, 8, queries, 64)) + make_fake((1, 8, keys, 64))
    attn.warmup(q, k, k, causal="lower_right")
    assert (b"_merge" in read_ptx(cache, set())) == has_merge
    # What is forced goes before.
    with attn.kernel_options(few_queries="off", split_keys="off"):
        known = set(os.listdir(cache))
        attn.warmup(q, k, k, causal="lower_right")
        assert b"_merge" not in read_ptx(cache, known)


def test_bad_kernel_options(capability, cache):
    q, = make_fake((2, 3, 40, 64), dtype=torch.float32)
    for options, message in [({"colour": "red"}, "cannot read 'colour=red'"), ({"f32": "tf23"}, "tf23"), ({"block_keys": 7}, "7")]:
        with attn.kernel_options(**options), pytest.raises(attn.CompileError, match=message):
            attn.warmup(q, q, q)
    for value in ("", "a b", "a=b", "{a}"):
        with pytest.raises(ValueError, match="expected f32 to be a word or a number"), attn.kernel_options(f32=value):
            pass
    # Kernels of the CPU, and math, have none.
    x = torch.randn(2, 5, 8)
    with attn.kernel_options(block_keys=64):
        assert torch.allclose(attn.sdpa(x, x, x), torch.nn.functional.scaled_dot_product_attention(x, x, x), atol=2e-5)
        wide, = make_fake((2, 3, 40, 300))
        attn.warmup(wide, wide, wide)


#===--- On a GPU -------------------------------------------------------------===#


def get_error(result, expected):
    return (result.cpu().double() - expected).abs().max().item()


@gpu
@pytest.mark.parametrize("size", [64, 128])
def test_tf32(size):
    """Errors are those of 10 bits of mantissa where PyTorch allows them, call by call,
    by the kernels that C++ knows too."""
    q, k, v = (randn(2, 4, 300, size, dtype=torch.float32) for _ in range(3))
    rows, bounds = q[0].transpose(0, 1), torch.tensor([0, 300], dtype=torch.int32, device="cuda")
    expected, expected_rows = expect(q, k, v), expect(q[:1], q[:1], q[:1])[0].transpose(0, 1)
    for is_allowed in (False, True, False, True):
        allow_tf32(is_allowed)
        for _ in range(2):
            error = get_error(attn.sdpa(q, k, v), expected)
            assert 1e-4 < error < 3e-3 if is_allowed else error < 1e-4, (is_allowed, error)
            error = get_error(attn.sdpa_varlen(rows, rows, rows, bounds), expected_rows)
            assert error < (3e-3 if is_allowed else 1e-4), (is_allowed, error)
    with attn.kernel_options(f32="bf16x3"):
        assert get_error(attn.sdpa(q, k, v), expected) < 1e-4


@gpu
def test_tf32_compiled():
    """A graph is compiled again for another precision."""
    from attn._compile import backend

    q = randn(2, 4, 300, 64, dtype=torch.float32)
    compiled = torch.compile(lambda q: torch.nn.functional.scaled_dot_product_attention(q, q, q) * 2, backend=backend, fullgraph=True)
    expected = 2 * expect(q, q, q)
    with torch.no_grad():
        for is_allowed in (False, True, False):
            allow_tf32(is_allowed)
            error = get_error(compiled(q), expected)
            assert 2e-4 < error < 6e-3 if is_allowed else error < 2e-4, (is_allowed, error)


FORCED = [{"softmax": "standard"}, {"softmax": "lazy"}, {"block_keys": 64}]


@pytest.mark.parametrize("options", FORCED, ids=str)
def test_forced_compiles(capability, options):
    q, = make_fake((2, 4, 300, 64))
    with attn.kernel_options(**options):
        attn.warmup(q, q, q, is_causal=True)


@gpu
@pytest.mark.parametrize("options", FORCED, ids=str)
def test_forced(options):
    q = randn(2, 4, 300, 64)
    with attn.kernel_options(**options):
        result = attn.sdpa(q, q, q, is_causal=True)
    assert get_error(result, expect(q, q, q, is_causal=True)) < 3e-2
