# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""GPT-2 small, BERT base, a Llama of 150 million parameters and ViT-B/16, without heads,
by PyTorch's modules alone: for models.py where transformers is not installed. Sizes and
the order of operations are those of the papers and of transformers; attention is
scaled_dot_product_attention.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Attention(nn.Module):
    """With biases, one projection for query, key and value."""

    def __init__(self, size, heads, causal):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.inward, self.outward = nn.Linear(size, 3 * size), nn.Linear(size, size)

    def forward(self, x):
        q, k, v = (y.unflatten(-1, (self.heads, -1)).transpose(1, 2) for y in self.inward(x).chunk(3, -1))
        return self.outward(F.scaled_dot_product_attention(q, k, v, is_causal=self.causal).transpose(1, 2).flatten(-2))


class Layer(nn.Module):
    """Norms before the parts (GPT-2, ViT) or after the sums (BERT)."""

    def __init__(self, size, heads, causal, norm_first, gelu, epsilon):
        super().__init__()
        self.norm_first = norm_first
        self.attention = Attention(size, heads, causal)
        self.norms = nn.ModuleList([nn.LayerNorm(size, epsilon), nn.LayerNorm(size, epsilon)])
        self.mlp = nn.Sequential(nn.Linear(size, 4 * size), nn.GELU(approximate=gelu), nn.Linear(4 * size, size))

    def forward(self, x):
        if self.norm_first:
            x = x + self.attention(self.norms[0](x))
            return x + self.mlp(self.norms[1](x))
        x = self.norms[0](x + self.attention(x))
        return self.norms[1](x + self.mlp(x))


class GPT2(nn.Module):
    """Radford et al., 2019: 12 layers, 12 heads, 768."""

    def __init__(self, length):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(50257, 768), nn.Embedding(max(length, 1024), 768)
        self.layers = nn.Sequential(*(Layer(768, 12, True, True, "tanh", 1e-5) for _ in range(12)))
        self.norm = nn.LayerNorm(768)

    def forward(self, tokens):
        return self.norm(self.layers(self.tokens(tokens) + self.positions.weight[:tokens.shape[1]]))


class BERT(nn.Module):
    """Devlin et al., 2018: 12 layers, 12 heads, 768, segments of one kind."""

    def __init__(self, length):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(30522, 768), nn.Embedding(max(length, 512), 768)
        self.segments, self.norm = nn.Embedding(2, 768), nn.LayerNorm(768, 1e-12)
        self.layers = nn.Sequential(*(Layer(768, 12, False, False, "none", 1e-12) for _ in range(12)))

    def forward(self, tokens):
        x = self.tokens(tokens) + self.positions.weight[:tokens.shape[1]] + self.segments.weight[0]
        return self.layers(self.norm(x))


class ViT(nn.Module):
    """Dosovitskiy et al., 2020: patches of 16 of 224 x 224 pixels, and the class."""

    def __init__(self, _):
        super().__init__()
        self.patches = nn.Conv2d(3, 768, 16, 16)
        self.begin, self.positions = nn.Parameter(torch.randn(1, 1, 768)), nn.Parameter(torch.randn(1, 197, 768))
        self.layers = nn.Sequential(*(Layer(768, 12, False, True, "none", 1e-12) for _ in range(12)))
        self.norm = nn.LayerNorm(768, 1e-12)

    def forward(self, pixels):
        x = self.patches(pixels).flatten(2).transpose(1, 2)
        return self.norm(self.layers(torch.cat([self.begin.expand(x.shape[0], -1, -1), x], 1) + self.positions))


class LlamaLayer(nn.Module):
    """Touvron et al., 2023, with grouped heads (Llama 2)."""

    def __init__(self, size, heads, key_heads, inner):
        super().__init__()
        self.heads, self.key_heads, self.head_dim = heads, key_heads, size // heads
        self.norms = nn.ModuleList([nn.RMSNorm(size, 1e-6), nn.RMSNorm(size, 1e-6)])
        self.query, self.outward = nn.Linear(size, size, bias=False), nn.Linear(size, size, bias=False)
        self.key, self.value = (nn.Linear(size, key_heads * self.head_dim, bias=False) for _ in range(2))
        self.gate, self.up = (nn.Linear(size, inner, bias=False) for _ in range(2))
        self.down = nn.Linear(inner, size, bias=False)

    def forward(self, x, cosine, sine):
        def rotate(y):
            a, b = y.chunk(2, -1)
            return y * cosine + torch.cat([-b, a], -1) * sine

        y = self.norms[0](x)
        q, k, v = (projection(y).unflatten(-1, (-1, self.head_dim)).transpose(1, 2) for projection in (self.query, self.key, self.value))
        y = F.scaled_dot_product_attention(rotate(q), rotate(k), v, is_causal=True, enable_gqa=True)
        x = x + self.outward(y.transpose(1, 2).flatten(-2))
        y = self.norms[1](x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Llama(nn.Module):
    """12 layers of 896, 14 heads, 2 key heads, as make_llama of models.py."""

    def __init__(self, length):
        super().__init__()
        self.tokens = nn.Embedding(32000, 896)
        self.layers = nn.ModuleList(LlamaLayer(896, 14, 2, 2560) for _ in range(12))
        self.norm = nn.RMSNorm(896, 1e-6)
        angles = torch.arange(length)[:, None] * 10000.0 ** (-torch.arange(0, 64, 2) / 64)
        self.register_buffer("angles", torch.cat([angles, angles], -1))

    def forward(self, tokens):
        x, angles = self.tokens(tokens), self.angles[:tokens.shape[1]]
        cosine, sine = angles.cos(), angles.sin()
        for layer in self.layers:
            x = layer(x, cosine, sine)
        return self.norm(x)


MODELS = {"gpt2": GPT2, "bert": BERT, "llama": Llama, "vit": ViT}
