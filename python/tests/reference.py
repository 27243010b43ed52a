# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What attn.sdpa computes, by NumPy in float64."""

import numpy as np

# Of the unrounded result: rounding of the output, and of probabilities where
# kernels round them (bf16 on CPUs with fast dot products).
TOLERANCES = {"float64": 1e-12, "float32": 2e-5, "float16": 3e-3, "bfloat16": 3e-2}


def attention(q, k, v, mask=None, *, scale=None, offset=None, window=None, softcap=None, score=None, keep=None,
              sinks=None, lengths=None):
    """Output and log-sum-exp. `offset`: causal, query i attends to j <= i + offset."""
    q, k, v = (np.asarray(x).astype(np.float64) for x in (q, k, v))
    if q.ndim > 2 and q.shape[-3] != k.shape[-3] and k.shape[-3] > 0:
        repeats = q.shape[-3] // k.shape[-3]
        k, v = np.repeat(k, repeats, -3), np.repeat(v, repeats, -3)
    s = (q @ np.swapaxes(k, -1, -2)) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if softcap is not None:
        s = softcap * np.tanh(s / softcap)
    index = np.indices(s.shape, sparse=True)
    i, j = index[-2], index[-1]
    h = index[-3] if s.ndim > 2 else 0
    b = index[-4] if s.ndim > 3 else 0
    attends = np.ones(s.shape, bool)
    if mask is not None:
        if mask.dtype == bool:
            attends &= mask
        else:
            s = s + np.asarray(mask).astype(np.float64)
    if score is not None:
        s = score(s, b, h, i, j)
    if offset is not None:
        attends &= j <= i + offset
    if window is not None:
        left, right, start = window
        if left >= 0:
            attends &= j >= i + start - left
        if right >= 0:
            attends &= j <= i + start + right
    if keep is not None:
        attends &= keep(b, h, i, j)
    if lengths is not None:
        attends &= j < np.asarray(lengths)[..., None, None, None]
    s = np.where(attends, s, -np.inf)
    largest = np.max(s, -1, keepdims=True, initial=-np.inf)
    if sinks is not None:
        sinks = np.asarray(sinks).astype(np.float64)[:, None, None]
        largest = np.maximum(largest, sinks)
    largest = np.where(np.isneginf(largest), 0, largest)
    e = np.exp(s - largest)
    total = e.sum(-1, keepdims=True)
    if sinks is not None:
        total = total + np.exp(sinks - largest)
    with np.errstate(divide="ignore", invalid="ignore"):
        lse = np.where(total > 0, largest + np.log(total), -np.inf)[..., 0]
        p = np.where(total > 0, e / total, 0)
    return p @ v, lse
