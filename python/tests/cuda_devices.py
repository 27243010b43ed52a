# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""GPUs for tests: one that is said to be there, and one that is.

Tests that need no GPU use tensors without memory (FakeTensorMode) of a device that is
said to be there. Those marked `gpu` compute, and are skipped without one;
test/Integration/GPU/python.py takes them to a GPU.
"""

import pytest
import torch
import torch.nn.functional as F
from attn import _cuda, _sdpa
from torch._subclasses import FakeTensorMode
from torch.nn.attention import SDPBackend

#===--- Without a GPU --------------------------------------------------------===#


@pytest.fixture(params=[(9, 0), (8, 0)], ids=["sm_90a", "sm_80"])
def capability(request, monkeypatch):
    """The compute capability of cuda:0."""
    yield from pretend(request.param, monkeypatch)


def pretend(value, monkeypatch):
    monkeypatch.setattr(_cuda, "_get_capability", lambda device: value)
    # Plans hold programs, or that there are none.
    _cuda._resolve.cache_clear()
    _sdpa._memo.clear()
    yield value
    _cuda._resolve.cache_clear()
    _sdpa._memo.clear()


# PyTorch looks for the device of a fake tensor where there is one at all.
HAS_ONE_GPU = torch.cuda.is_available() and torch.cuda.device_count() == 1


def make_fake(*shapes, dtype=torch.bfloat16, device="cuda:0"):
    with FakeTensorMode():
        return [torch.empty(shape, dtype=dtype, device=device) for shape in shapes]


#===--- On a GPU -------------------------------------------------------------===#

_has_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")


def gpu(test):
    """Marks a test that runs kernels on a GPU."""
    return pytest.mark.gpu(_has_gpu(test))


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
