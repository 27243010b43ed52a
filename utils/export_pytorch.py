#!/usr/bin/env python3
"""Exports attention from PyTorch as MLIR text, through torch-mlir.

Writes examples/causal_self_attention.mlir and the graphs under
test/Conversion/LinalgToAttn/torch/. Weights become function arguments, so that
the files stay small. Needs the packages of utils/requirements-export.txt; the
results are committed, so that nothing else does.

  python3 utils/export_pytorch.py            # all graphs
  python3 utils/export_pytorch.py --list     # their names
  python3 utils/export_pytorch.py --only naive_f32 --stdout
"""

import argparse
import math
import pathlib
import re
import sys

import torch
import torch.nn.functional as F
from torch import nn
from torch_mlir import fx

ROOT = pathlib.Path(__file__).resolve().parent.parent
TESTS = ROOT / "test" / "Conversion" / "LinalgToAttn" / "torch"


class CausalSelfAttention(nn.Module):
    """Multi-head causal self-attention: one projection to query, key and value,
    attention per head, one projection back (the module of PyTorch's tutorial on
    scaled_dot_product_attention, in eval mode)."""

    def __init__(self, num_heads, embed_dim, bias=False):
        super().__init__()
        self.num_heads = num_heads
        self.c_attn = nn.Linear(embed_dim, 3 * embed_dim, bias=bias)
        self.c_proj = nn.Linear(embed_dim, embed_dim, bias=bias)

    def forward(self, x):
        batch, length, width = x.shape
        parts = self.c_attn(x).chunk(3, dim=-1)
        query, key, value = (
            p.view(batch, length, self.num_heads, width // self.num_heads).transpose(1, 2)
            for p in parts
        )
        y = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        y = y.transpose(1, 2).reshape(batch, length, width)
        return self.c_proj(y)


class WeightsAsArguments(nn.Module):
    """Calls a module with its parameters given as arguments."""

    def __init__(self, module):
        super().__init__()
        self.names = [name for name, _ in module.named_parameters()]
        # Not registered as a submodule: it must bring no parameters of its own.
        self.module = [module]

    def forward(self, x, *weights):
        return torch.func.functional_call(
            self.module[0], dict(zip(self.names, weights)), (x,)
        )


class Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *args):
        return self.function(*args)


def rand(*shape, dtype=torch.float32):
    return torch.randn(*shape, dtype=torch.float32).to(dtype)


def qkv(dtype=torch.float32, b=2, h=3, lq=5, lk=7, d=8, dv=8):
    return rand(b, h, lq, d, dtype=dtype), rand(b, h, lk, d, dtype=dtype), rand(b, h, lk, dv, dtype=dtype)


def naive(q, k, v):
    return torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]), dim=-1) @ v


def naive_unscaled(q, k, v):
    return torch.softmax(q @ k.transpose(-2, -1), dim=-1) @ v


def naive_scaled_query(q, k, v):
    return torch.softmax((q * 0.25) @ k.transpose(-2, -1), dim=-1) @ v


def naive_scaled_key(q, k, v):
    return torch.softmax(q @ (k * 0.25).transpose(-2, -1), dim=-1) @ v


def naive_causal_tril(q, k, v):
    s = q @ k.transpose(-2, -1) * 0.25
    keep = torch.tril(torch.ones(s.shape[-2], s.shape[-1], dtype=torch.bool))
    return torch.softmax(s.masked_fill(~keep, float("-inf")), dim=-1) @ v


def naive_causal_iota(q, k, v):
    s = q @ k.transpose(-2, -1) * 0.25
    i = torch.arange(s.shape[-2])[:, None]
    j = torch.arange(s.shape[-1])[None, :]
    return torch.softmax(torch.where(j <= i, s, float("-inf")), dim=-1) @ v


def naive_bias(q, k, v, bias):
    return torch.softmax(q @ k.transpose(-2, -1) * 0.25 + bias, dim=-1) @ v


def naive_mask(q, k, v, mask):
    s = q @ k.transpose(-2, -1) * 0.25
    return torch.softmax(s.masked_fill(~mask, float("-inf")), dim=-1) @ v


def naive_softmax_f32(q, k, v):
    s = q @ k.transpose(-2, -1) * 0.25
    return torch.softmax(s.float(), dim=-1).to(q.dtype) @ v


def sdpa(q, k, v):
    return F.scaled_dot_product_attention(q, k, v)


def sdpa_causal(q, k, v):
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def sdpa_mask(q, k, v, mask):
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def sdpa_scale(q, k, v):
    return F.scaled_dot_product_attention(q, k, v, scale=0.5)


def sdpa_gqa(q, k, v):
    return F.scaled_dot_product_attention(q, k, v, enable_gqa=True)


def get_short(q, k, n, last=False):
    """Which keys each sequence has, by its length or its last key."""
    j = torch.arange(k.shape[-2])[None, :]
    return (j <= n[:, None] if last else j < n[:, None])[:, None, None, :]


def lengths(q, k, v, n):
    return naive_mask(q, k, v, get_short(q, k, n))


def lengths_sdpa(q, k, v, n):
    return F.scaled_dot_product_attention(q, k, v, attn_mask=torch.arange(k.shape[-2]) < n.view(-1, 1, 1, 1))


def lengths_swapped(q, k, v, n):
    return naive_mask(q, k, v, (n[:, None] > torch.arange(k.shape[-2], dtype=n.dtype))[:, None, None, :])


def lengths_causal(q, k, v, n):
    causal = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril()
    bias = torch.where(get_short(q, k, n, last=True) & causal, 0.0, float("-inf"))
    return naive_bias(q, k, v, bias)


def row_values(q, k, v, mask):
    """What a softmax over parts of the keys needs, and the log-sum-exp."""
    s = (q @ k.transpose(-2, -1) * 0.25).masked_fill(~mask, float("-inf"))
    maximum = s.amax(-1, keepdim=True)
    e = (s - maximum).exp()
    total = e.sum(-1, keepdim=True)
    return (e / total) @ v, maximum, total, (maximum + total.log()).squeeze(-1)


# What is recognised where it is more than attention.
EXPECTED = {
    "lengths": "key_lengths(%arg3 : tensor<2xi64>)",
    "lengths_sdpa": "key_lengths(%arg3 : tensor<2xi64>)",
    "lengths_swapped": "key_lengths(%arg3 : tensor<2xi32>)",
    "lengths_causal": "key_lengths(%{{.*}} : tensor<2xi64>) structure(#attn.causal<top_left>)",
    "dynamic_lengths": "key_lengths(%arg3 : tensor<?xi64>)",
    "row_values": "outs(%{{.*}} : tensor<2x3x5x8xf32>, tensor<2x3x5xf32>, tensor<2x3x5xf32>)",
    "dynamic_row_values": "outs(%{{.*}} : tensor<?x3x?x8xf32>, tensor<?x3x?xf32>, tensor<?x3x?xf32>)",
}


def graphs():
    """Name, function or module, arguments."""
    half, bf16 = torch.float16, torch.bfloat16
    yield "naive_f32", naive, qkv()
    yield "naive_f16", naive, qkv(half)
    yield "naive_bf16", naive, qkv(bf16)
    yield "naive_dv", naive, qkv(dv=4)
    yield "naive_3d", naive, tuple(t[0] for t in qkv())
    yield "naive_2d", naive, tuple(t[0, 0] for t in qkv())
    yield "naive_unscaled", naive_unscaled, qkv()
    yield "naive_scaled_query", naive_scaled_query, qkv()
    yield "naive_scaled_key", naive_scaled_key, qkv()
    yield "naive_causal_tril", naive_causal_tril, qkv(lq=6, lk=6)
    yield "naive_causal_iota", naive_causal_iota, qkv(lq=6, lk=6)
    yield "naive_causal_iota_f16", naive_causal_iota, qkv(half, lq=6, lk=6)
    yield "naive_bias", naive_bias, (*qkv(), rand(1, 3, 5, 7))
    yield "naive_mask", naive_mask, (*qkv(), torch.ones(2, 1, 1, 7, dtype=torch.bool))
    yield "naive_softmax_f32", naive_softmax_f32, qkv(half)
    yield "sdpa_f32", sdpa, qkv()
    yield "sdpa_f16", sdpa, qkv(half)
    yield "sdpa_bf16", sdpa, qkv(bf16)
    yield "sdpa_scale", sdpa_scale, qkv()
    yield "sdpa_causal", sdpa_causal, qkv(lq=6, lk=6)
    yield "sdpa_causal_f16", sdpa_causal, qkv(half, lq=6, lk=6)
    yield "sdpa_causal_bf16", sdpa_causal, qkv(bf16, lq=6, lk=6)
    yield "sdpa_causal_cross", sdpa_causal, qkv(lq=5, lk=7)
    yield "sdpa_bool_mask", sdpa_mask, (*qkv(), torch.ones(2, 1, 5, 7, dtype=torch.bool))
    yield "sdpa_float_mask", sdpa_mask, (*qkv(), rand(5, 7))
    n = torch.tensor([7, 3])
    yield "lengths", lengths, (*qkv(), n)
    yield "lengths_sdpa", lengths_sdpa, (*qkv(), n)
    yield "lengths_swapped", lengths_swapped, (*qkv(), n.int())
    yield "lengths_causal", lengths_causal, (*qkv(), n)
    yield "row_values", row_values, (*qkv(), torch.ones(2, 1, 1, 7, dtype=torch.bool))
    q, _, _ = qkv(h=6)
    _, k, v = qkv(h=2)
    yield "sdpa_gqa", sdpa_gqa, (q, k, v)
    module = CausalSelfAttention(num_heads=2, embed_dim=16).eval()
    yield "causal_self_attention", module, (rand(2, 6, 16),)


def dynamic_graphs():
    """Name, function, arguments, and the dimensions of each argument that vary."""
    batch, length = torch.export.Dim("batch", min=2, max=64), torch.export.Dim("length", min=2, max=64)
    shape = {0: batch, 2: length}
    q, k, v = qkv(lq=6, lk=6)
    yield "dynamic_naive", naive, (q, k, v), (shape,) * 3
    yield "dynamic_causal_iota", naive_causal_iota, (q, k, v), (shape,) * 3
    yield "dynamic_mask", naive_mask, (q, k, v, torch.ones(2, 1, 1, 6, dtype=torch.bool)), (
        *(shape,) * 3, {0: batch, 3: length})
    yield "dynamic_lengths", lengths, (q, k, v, torch.tensor([6, 3])), (*(shape,) * 3, {0: batch})
    yield "dynamic_row_values", row_values, (q, k, v, torch.ones(2, 1, 1, 6, dtype=torch.bool)), (
        *(shape,) * 3, {0: batch, 3: length})
    yield "dynamic_sdpa_causal", sdpa_causal, (q, k, v), (shape,) * 3
    yield "dynamic_sdpa_gqa", sdpa_gqa, (qkv(h=6, lq=6)[0], *qkv(h=2, lk=6)[1:]), (shape,) * 3


def export(function, args, dims=None):
    if isinstance(function, CausalSelfAttention):
        weights = [p.detach() for p in function.parameters()]
        function, args = WeightsAsArguments(function), (*args, *weights)
    else:
        function = Function(function)
    if dims:
        # The default decompositions: batched matmuls become bmm with computed sizes.
        function = torch.export.export(function, args, dynamic_shapes={"args": dims})
        args = ()
    module = fx.export_and_import(function, *args, output_type="linalg-on-tensors", func_name="main")
    text = str(module)
    # Attributes of dialects that stock MLIR does not have.
    text = re.sub(r"\{torch\.[^}]*\} ?", "", text)
    return text


def get_check(name):
    return f"// FUSED-SAME: {EXPECTED[name]}\n" if name in EXPECTED else ""


def write(path, text, header):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(header + text if text.endswith("\n") else header + text + "\n")
    print(f"{path.relative_to(ROOT)}: {len(text.splitlines())} lines")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="print the names of the graphs")
    parser.add_argument("--only", metavar="NAME", help="export one graph")
    parser.add_argument("--stdout", action="store_true", help="print instead of writing files")
    options = parser.parse_args()
    torch.manual_seed(0)
    found = False
    every = [(*graph, None) for graph in graphs()] + list(dynamic_graphs())
    for name, function, args, dims in every:
        if options.only and name != options.only:
            continue
        found = True
        if options.list:
            print(name)
            continue
        text = export(function, args, dims)
        shapes = "".join(f" --shape {n}={'x'.join(map(str, a.shape))}" for n, a in enumerate(args)) if dims else ""
        if options.stdout:
            print(text)
            continue
        write(
            TESTS / f"{name}.mlir",
            text,
            "// RUN: attn-opt %s --attn-raise-pipeline | FileCheck %s --check-prefix=FUSED\n"
            f"// RUN: attn-run %s --random --compare=unfused{shapes}\n"
            "// FUSED-COUNT-1: attn.sdpa\n" + get_check(name) +
            "// Exported by utils/export_pytorch.py.\n",
        )
    if options.only and not found:
        sys.exit(f"error: no graph '{options.only}'; --list prints the names")
    if options.list or options.stdout or options.only:
        return
    module = CausalSelfAttention(num_heads=8, embed_dim=512).eval()
    write(
        ROOT / "examples" / "causal_self_attention.mlir",
        export(module, (rand(1, 1024, 512),)),
        "// Multi-head causal self-attention as PyTorch exports it: 8 heads, width 512,\n"
        "// 1024 tokens; weights are arguments. Written by utils/export_pytorch.py.\n",
    )


if __name__ == "__main__":
    main()
