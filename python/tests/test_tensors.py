# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensors that are more than memory, or less, derivatives in forward mode, and arguments
of other types."""

import functools
import math
import os
import resource
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
forward_ad = torch.autograd.forward_ad

import attn  # noqa: E402


def formula(q, k, v, is_causal=False):
    logits = q @ k.mT / q.shape[-1] ** 0.5
    if is_causal:
        logits = logits.masked_fill(~torch.ones(logits.shape[-2:], dtype=torch.bool).tril(), -torch.inf)
    return logits.softmax(-1) @ v


@pytest.mark.parametrize("options", [{}, {"return_lse": True}, {"key_lengths": torch.tensor([20])}], ids=["plain", "lse", "lengths"])
def test_late_values(options):
    """Tensors whose memory is not what they hold: negated when they are read, or zero."""
    q, k, v = torch.randn(3, 1, 4, 20, 8)
    negated = torch._neg_view(q)
    zeros = torch._efficientzerotensor(v.shape)
    assert negated.is_neg() and zeros._is_zerotensor()
    for query, value in [(negated, v), (q, torch._neg_view(v)), (negated, zeros)]:
        result = attn.sdpa(query, k, value, **options)
        result = result[0] if isinstance(result, tuple) else result
        assert torch.allclose(result, formula(query.clone(), k, value.clone()), atol=2e-5)


@pytest.mark.parametrize("make", [torch.Tensor.to_sparse, torch.Tensor.to_sparse_csr, torch.Tensor.to_mkldnn], ids=["coo", "csr", "mkldnn"])
@pytest.mark.parametrize("options", [{}, {"return_lse": True}], ids=["plain", "lse"])
def test_other_layouts(make, options):
    q = torch.randn(20, 8)
    with pytest.raises(TypeError, match=r"key has torch\.\S+; expected a dense tensor"):
        attn.sdpa(q, make(q), q, **options)


@pytest.mark.parametrize("options", [{}, {"is_causal": True}], ids=["full", "causal"])
def test_forward_mode(options):
    q, k, v, tangent = torch.randn(4, 2, 3, 20, 8)
    _, expected = torch.func.jvp(lambda x: formula(x, k, v, **options), (q,), (tangent,))
    _, result = torch.func.jvp(lambda x: attn.sdpa(x, k, v, **options), (q,), (tangent,))
    assert torch.allclose(result, expected, atol=2e-5)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(q, tangent)
        rows = [x[0].transpose(0, 1) for x in (dual, k, v)]
        outputs = [(attn.sdpa(dual, k, v, **options), expected), (attn.sdpa(dual, k, v, return_lse=True, **options)[0], expected),
                   (attn.sdpa(dual, k, v, torch.zeros(20, 20), causal="upper_left" if options else None), expected),
                   (attn.sdpa_varlen(*rows, torch.tensor([0, 20]), **options).transpose(0, 1), expected[0])]
        for output, wanted in outputs:
            assert torch.allclose(forward_ad.unpack_dual(output).tangent, wanted, atol=2e-5)
        # Tensors without tangents run by kernels.
        assert forward_ad.unpack_dual(attn.sdpa(q, k, v)).tangent is None
    hessian = torch.func.hessian(lambda x: attn.sdpa(x, k[0, 0], v[0, 0], **options).sum())(q[0, 0])
    expected = torch.func.hessian(lambda x: formula(x, k[0, 0], v[0, 0], **options).sum())(q[0, 0])
    assert torch.allclose(hessian, expected, atol=2e-5)


NUMBERS = [
    ({"scale": "x"}, TypeError, "expected scale to be a number, got 'x'"),
    ({"softcap": [1]}, TypeError, r"expected softcap to be a number, got \[1\]"),
    ({"window": (True, 1)}, TypeError, "expected window"),
    ({"window": 1.5}, TypeError, "expected window"),
    ({"window": (-2, 0)}, ValueError, "-1 for all"),
]


@pytest.mark.parametrize("options, error, message", NUMBERS)
@pytest.mark.parametrize("convert", [torch.Tensor.clone, torch.Tensor.numpy], ids=["torch", "numpy"])
def test_refused_numbers(convert, options, error, message):
    q = convert(torch.randn(2, 5, 8))
    with pytest.raises(error, match=message):
        attn.sdpa(q, q, q, **options)


@pytest.mark.parametrize("convert", [torch.Tensor.clone, torch.Tensor.numpy], ids=["torch", "numpy"])
@pytest.mark.parametrize("options", [{}, {"return_lse": True}], ids=["plain", "lse"])
@pytest.mark.parametrize("scale", [math.nan, math.inf, -math.inf])
def test_scale_of_a_known_kernel(convert, options, scale):
    """A scale is an operand: what is known of a kernel does not vouch for it."""
    q = convert(torch.randn(2, 5, 8))
    for _ in range(2):
        attn.sdpa(q, q, q, scale=0.5, **options)
    with pytest.raises(ValueError, match="expected a finite scale"):
        attn.sdpa(q, q, q, scale=scale, **options)


@pytest.mark.parametrize("call, error, message", [
    (lambda q: attn.sdpa(q, q, q, dropout_p=None), ValueError, "dropout_p between 0 and 1, got None"),
    (lambda q: attn.sdpa(q, q, q, dropout_p="x"), ValueError, "dropout_p between 0 and 1, got 'x'"),
    (lambda q: attn.sdpa(q, q, q, dropout_p=0.5, softcap=-1.0), ValueError, "positive softcap"),
    (lambda q: attn.sdpa(q, q, q, dropout_p=0.5, scale=math.nan), ValueError, "finite scale"),
    (lambda q: attn.sdpa(q, q, q, key_lengths=[5]), TypeError, "expected key_lengths to be a tensor, as query is, got list"),
    (lambda q: attn.sdpa(q, q, q, sinks=[1.0, 2.0]), TypeError, "expected sinks to be a tensor, as query is, got list"),
    (lambda q: attn.sdpa(q[0, 0], q[0, 0], q[0, 0], attn.causal_upper_left(5, 5)), ValueError, r"query of shape \[8\]"),
    (lambda q: attn.sdpa(q, q[0, 0], q, torch.zeros(1, 1).expand(5, 5)), ValueError, "two dimensions at least"),
    (lambda q: attn.set_num_threads(2.5), TypeError, "a number of threads, got 2.5"),
    (lambda q: attn.set_num_threads("a"), TypeError, "a number of threads, got 'a'"),
    (lambda q: attn.set_num_threads(1 << 32), ValueError, "from 0 to 2147483647, got 4294967296"),
])
def test_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(torch.randn(2, 5, 8))


@pytest.mark.parametrize("convert", [torch.Tensor.clone, torch.Tensor.numpy], ids=["torch", "numpy"])
def test_integers(convert):
    """Windows of NumPy's integers, and wider than any sequence."""
    q = convert(torch.randn(2, 20, 8))
    for window, same in [(np.int64(3), 3), ((np.int32(1), 2), (1, 2)), ((1 << 70, 0), (-1, 0)), (sys.maxsize, None)]:
        assert (attn.sdpa(q, q, q, window=window) == attn.sdpa(q, q, q, window=same)).all()


@pytest.mark.parametrize("size", ["²", "-1", "1e6", str(1 << 63), ""])
def test_cache_size(size):
    program = "import numpy as np, attn; q = np.ones((2, 5, 8), 'f4'); attn.sdpa(q, q, q)"
    process = subprocess.run([sys.executable, "-c", program], timeout=300, capture_output=True, text=True,
                             env={**os.environ, "ATTN_CACHE_SIZE": size})
    assert process.returncode == 1
    assert "ATTN_CACHE_SIZE: expected a number of bytes below 2^63, got" in process.stderr


@pytest.mark.parametrize("varlen", [False, True], ids=["dense", "varlen"])
def test_no_memory(varlen):
    """Where a kernel that is known has no room for its output, the error is PyTorch's."""
    if varlen:
        q, k = torch.randn(1, 1, 64).expand(1 << 19, 1, 64), torch.randn(4, 1, 64)
        call = functools.partial(attn.sdpa_varlen, q, k, k, torch.tensor([0, 1 << 19]), torch.tensor([0, 4]))
    else:
        q, k = torch.randn(1, 64, 1, 64).expand(1, 64, 8192, 64), torch.randn(1, 64, 4, 64)
        call = functools.partial(attn.sdpa, q, k, k)
    for _ in range(2):
        call()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (40 << 20), hard))
    try:
        with pytest.raises(RuntimeError, match="can't allocate memory: you tried to allocate 134217728 bytes"):
            call()
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    assert call().shape == q.shape
