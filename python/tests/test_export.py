# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""attn.compile_exported."""

import ctypes
import importlib.util
import os

import attn
import pytest

torch = pytest.importorskip("torch")
import torch.nn.functional as F  # noqa: E402
from attn import _export, _library  # noqa: E402

needs_torch_mlir = pytest.mark.skipif(importlib.util.find_spec("torch_mlir") is None, reason="needs torch-mlir")
AUTO = torch.export.Dim.AUTO


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


class Block(torch.nn.Module):
    def __init__(self, attention):
        super().__init__()
        self.attention = attention
        self.norm, self.inward, self.outward = torch.nn.LayerNorm(32), torch.nn.Linear(32, 96), torch.nn.Linear(32, 32)

    def forward(self, x):
        q, k, v = (y.unflatten(-1, (4, 8)).transpose(1, 2) for y in self.inward(self.norm(x)).chunk(3, -1))
        return x + self.outward(self.attention(q, k, v).transpose(1, 2).flatten(-2))


def load(path):
    """attn_main for tensors of f32 and one result."""
    library = ctypes.CDLL(str(path))
    library.attn_main_error.restype = ctypes.c_char_p

    def call(shape, *tensors):
        result = torch.full(shape, torch.nan)
        described = [_library.make_tensor(x.data_ptr(), x.shape, _library.F32) for x in (*tensors, result)]
        array = (_library._Tensor * len(described))(*described)
        outputs = ctypes.byref(array, ctypes.sizeof(_library._Tensor) * len(tensors))
        if library.attn_main(array, len(tensors), outputs, 1):
            raise RuntimeError(library.attn_main_error().decode())
        return result

    return call


def spelled_out(q, k, v):
    return torch.softmax(q @ k.mT * 0.3, -1) @ v


def with_sinks(q, k, v):
    return attn.sdpa(q, k, v, is_causal=True, sinks=torch.linspace(-1, 1, 4))


@needs_torch_mlir
@pytest.mark.parametrize("attention", [
    lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
    lambda q, k, v: attn.sdpa(q, k[:, :2], v[:, :2], enable_gqa=True, causal="lower_right", scale=0.2),
    lambda q, k, v: attn.sdpa(q, k, v, window=(3, 0), softcap=2.0),
    with_sinks,
    lambda q, k, v: attn.sdpa(q, k, v, key_lengths=torch.tensor([9, 0, 20])[: q.shape[0]]),
    spelled_out,
], ids=["pytorch", "groups", "window", "sinks", "lengths", "spelled out"])
def test_programs(attention, tmp_path):
    model, x = Block(attention).eval(), torch.randn(3, 20, 32)
    with torch.no_grad():
        program = torch.export.export(model, (x,), dynamic_shapes=({1: AUTO},))
        # The compiler does not know the form that torch-mlir gives sinks.
        assert _library.count_fused(_export._translate(program))[0] == 1 or attention is with_sinks
        attn.compile_exported(program, tmp_path / "model.so", header=tmp_path / "model.h")
        run = load(tmp_path / "model.so")
        for length in (20, 33, 7):
            x = torch.randn(3, length, 32)
            assert torch.allclose(run(x.shape, x), model(x), atol=2e-5)
    assert "input 0: ATTN_F32 [3, any, 32]" in (tmp_path / "model.h").read_text()
    with pytest.raises(RuntimeError, match="input 0: expected dimension 2 to be 32, got 31"):
        run((3, 7, 32), torch.randn(3, 7, 31))


def export(function):
    class Model(torch.nn.Module):
        def forward(self, *arguments):
            return function(*arguments)

    return torch.export.export(Model(), (torch.randn(2, 4, 20, 8),))


@needs_torch_mlir
@pytest.mark.parametrize("function, error, message", [
    (lambda q: F.scaled_dot_product_attention(q, q, q, dropout_p=0.5), ValueError, "eval mode"),
    (lambda q: attn.sdpa(q, q, q, return_lse=True)[0], ValueError, "return_lse"),
    (lambda q: torch.linalg.eigvals(q @ q.mT), attn.CompileError, "cannot be translated"),
], ids=["dropout", "lse", "eigenvalues"])
def test_refused(function, error, message, tmp_path):
    with pytest.raises(error, match=message):
        attn.compile_exported(export(function), tmp_path / "model.so")
    assert not list(tmp_path.iterdir())


@needs_torch_mlir
def test_bad_arguments(tmp_path):
    program = export(lambda q: q + 1)
    with pytest.raises(attn.CompileError, match="warp9"):
        attn.compile_exported(program, tmp_path / "model.so", cpu="warp9")
    with pytest.raises(ValueError, match="path holds a null character"):
        attn.compile_exported(program, os.fspath(tmp_path / "model") + "\0.so")
    with pytest.raises(ValueError, match="cpu holds a null character"):
        attn.compile_exported(program, tmp_path / "model.so", cpu="native\0x")
    with pytest.raises(attn.CompileError, match="none/model.so: no such directory"):
        attn.compile_exported(program, tmp_path / "none" / "model.so")
    with pytest.raises(attn.CompileError, match="none/model.h"):
        attn.compile_exported(program, tmp_path / "model.so", header=tmp_path / "none" / "model.h")


def test_without_a_program(tmp_path):
    with pytest.raises(TypeError, match="torch.export.export returns, got Block"):
        attn.compile_exported(Block(spelled_out), tmp_path / "model.so")


class Attention(torch.nn.Module):
    def forward(self, q, k, v):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)


@needs_torch_mlir
@pytest.mark.parametrize("arch", ["sm_80", "sm_90a"])
def test_cuda(arch, tmp_path):
    """Attention alone, for a GPU that need not be here."""
    q = torch.randn(2, 4, 100, 64, dtype=torch.float16)
    length = torch.export.Dim("length", min=2, max=4096)
    program = torch.export.export(Attention(), (q, q, q), dynamic_shapes=3 * ({2: length},))
    attn.compile_exported(program, tmp_path / "a.so", header=tmp_path / "a.h", target="cuda", gpu_arch=arch)
    assert arch.encode() in (tmp_path / "a.so").read_bytes()
    header = (tmp_path / "a.h").read_text()
    assert "void *stream" in header and "ATTN_F16 [2, 4, any, 64]" in header


@needs_torch_mlir
def test_cuda_refused(tmp_path):
    program = torch.export.export(Block(F.scaled_dot_product_attention).eval(), (torch.randn(2, 9, 32),))
    with pytest.raises(attn.CompileError, match="cannot run on the GPU: only attention is compiled for it"):
        attn.compile_exported(program, tmp_path / "a.so", target="cuda", gpu_arch="sm_90a")
    with pytest.raises(attn.CompileError, match="sm_75"):
        attn.compile_exported(program, tmp_path / "a.so", target="cuda", gpu_arch="sm_75")
    for options, message in [({"target": "hip"}, "expected target to be 'cpu' or 'cuda', got 'hip'"),
                             ({"gpu_arch": "sm_90a"}, "gpu_arch='sm_90a' goes with target='cuda'")]:
        with pytest.raises(ValueError, match=message):
            attn.compile_exported(program, tmp_path / "a.so", **options)
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="there is no GPU here; say which with gpu_arch"):
            attn.compile_exported(program, tmp_path / "a.so", target="cuda")
