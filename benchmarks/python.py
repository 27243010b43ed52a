#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times attention and models in PyTorch: eager, Inductor and backend="attn".

  ATTN_LIBRARY=build/lib/libAttnC.so PYTHONPATH=python benchmarks/python.py --output results.json

The runs of a case are interleaved, one of each in turn, after two of each that
are not counted; medians are printed in milliseconds, and the ratio of the best
other to ours: above 1 ours is faster. `ragged` is beside our own dense batch of as
many sequences, whose time is that for the products of the ragged one. Weights and inputs are random. `overhead`
is an attention of small tensors in microseconds: by itself, and what nine of them
add to one in a compiled graph, each.
"""

import argparse
import json
import math
import platform
import statistics
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
from attn import get_num_threads, sdpa, sdpa_varlen, set_num_threads
from attn._compile import backend
from torch.nn.attention.flex_attention import flex_attention


def measure(functions, repeats, calls=1):
    """Medians of interleaved runs."""
    times = {name: [] for name in functions}
    for turn in range(repeats + 2):
        for name, function in functions.items():
            start = time.perf_counter()
            for _ in range(calls):
                function()
            if turn >= 2:
                times[name].append((time.perf_counter() - start) / calls)
    return {name: statistics.median(values) for name, values in times.items()}


def compile_both(function):
    """By Inductor alone and with ours. Each case starts anew."""
    return torch.compile(function, dynamic=False), torch.compile(function, backend=backend, dynamic=False)


def spelled_out(q, k, v):
    mask = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril()
    logits = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).masked_fill(~mask, -torch.inf)
    return torch.softmax(logits, -1) @ v


def alibi(score, b, h, i, j):
    return score + torch.exp2(-1.0 - h) * (j - i)


class Block(nn.Module):
    """A layer of GPT-2's shape (causal) or of BERT's and ViT's."""

    def __init__(self, size, heads, causal):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.inward, self.outward = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.norms = nn.ModuleList([nn.LayerNorm(size), nn.LayerNorm(size)])
        self.mlp = nn.Sequential(nn.Linear(size, 4 * size), nn.GELU(), nn.Linear(4 * size, size))

    def forward(self, x):
        q, k, v = (y.unflatten(-1, (self.heads, -1)).transpose(1, 2) for y in self.inward(self.norms[0](x)).chunk(3, -1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        x = x + self.outward(y.transpose(1, 2).flatten(-2))
        return x + self.mlp(self.norms[1](x))


def make_operator_case(batch, length, dtype):
    q, k, v = (torch.randn(batch, 12, length, 64, dtype=dtype) for _ in range(3))
    return {"eager": lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True), "attn": lambda: sdpa(q, k, v, is_causal=True)}


def make_compiled_case(function, batch, length):
    operands = [torch.randn(batch, 12, length, 64) for _ in range(3)]
    theirs, ours = compile_both(function)
    return {"inductor": lambda: theirs(*operands), "attn": lambda: ours(*operands)}


def make_model_case(causal, batch, length, layers=2):
    model = nn.Sequential(*(Block(768, 12, causal) for _ in range(layers))).eval()
    x = torch.randn(batch, length, 768)
    theirs, ours = compile_both(model)
    return {"eager": lambda: model(x), "inductor": lambda: theirs(x), "attn": lambda: ours(x)}


def make_overhead_case():
    q = torch.randn(1, 2, 4, 16)
    return {"eager": lambda: F.scaled_dot_product_attention(q, q, q), "attn": lambda: sdpa(q, q, q)}


def make_chain(count):
    def chain(q, k):
        for _ in range(count):
            q = F.scaled_dot_product_attention(q, k, k)
        return q

    return chain


def measure_in_graph(repeats, calls):
    """What an attention adds to a graph that has one: guards and the call of the
    graph itself are PyTorch's."""
    q = torch.randn(1, 2, 4, 16)
    short, long = (compile_both(make_chain(count)) for count in (1, 9))
    times = measure({name: lambda function=function: function(q, q) for name, function in
                     zip(("inductor 1", "attn 1", "inductor 9", "attn 9"), (*short, *long))}, repeats, calls)
    return {name: (times[f"{name} 9"] - times[f"{name} 1"]) / 8 for name in ("inductor", "attn")}


def measure_ragged(lengths, repeats):
    lengths = lengths.tolist()
    rows, products = torch.randn(sum(lengths), 12, 64), sum(length**2 for length in lengths)
    ends = torch.tensor([0, *lengths]).cumsum(0)
    length = round((products / len(lengths)) ** 0.5)
    dense = torch.randn(len(lengths), 12, length, 64)
    times = measure({"dense": lambda: sdpa(dense, dense, dense), "attn": lambda: sdpa_varlen(rows, rows, rows, ends)}, repeats)
    return {"eager": times["dense"] * products / (len(lengths) * length**2), "attn": times["attn"]}


RAGGED = {
    "64 of 16 to 256": lambda: torch.randint(16, 257, (64,)),
    "32 of 128": lambda: torch.full((32,), 128),
    "8 of 200 to 800": lambda: torch.randint(200, 801, (8,)),
    "1500 and 30 short": lambda: torch.cat([torch.tensor([1500]), torch.randint(20, 101, (30,))]),
}

CASES = {
    "overhead eager": (make_overhead_case, 20),
    "overhead in a graph": (None, 20),
    **{f"ragged {name}": (None, 1) for name in RAGGED},
}
for _length in (128, 512, 2048):
    for _dtype in (torch.float32, torch.bfloat16):
        CASES[f"sdpa {str(_dtype)[6:]} {_length}"] = (lambda length=_length, dtype=_dtype: make_operator_case(1, length, dtype), 1)
    CASES[f"spelled out {_length}"] = (lambda length=_length: make_compiled_case(spelled_out, 1, length), 1)
    CASES[f"flex alibi {_length}"] = (
        lambda length=_length: make_compiled_case(lambda q, k, v: flex_attention(q, k, v, score_mod=alibi), 1, length), 1)
    for _name, _causal in (("gpt2 layers", True), ("bert layers", False)):
        CASES[f"{_name} {_length}"] = (lambda length=_length, causal=_causal: make_model_case(causal, 1, length), 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", help="where to write the medians in seconds, as JSON")
    parser.add_argument("--only", default="", help="cases with this in their name")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, help="of both, in place of their defaults")
    options = parser.parse_args()
    if options.threads:
        set_num_threads(options.threads)
        torch.set_num_threads(options.threads)
    names = [name for name in CASES if options.only in name]
    if not names:
        sys.exit(f"no case has '{options.only}' in its name; there are: {', '.join(CASES)}")
    results = {}
    print(f"{'case':24} {'eager':>9} {'inductor':>9} {'attn':>9} {'ratio':>6}")
    for name in names:
        make, calls = CASES[name]
        torch.manual_seed(0)
        torch._dynamo.reset()
        with torch.no_grad():
            # Microseconds need many short runs, between which others may take the CPU.
            repeats = options.repeats * 20 if "overhead" in name else options.repeats
            if make:
                times = measure(make(), repeats, calls)
            elif "ragged" in name:
                times = measure_ragged(RAGGED[name[7:]](), repeats)
            else:
                times = measure_in_graph(repeats, calls)
            results[name] = times
        scale = 1e6 if "overhead" in name else 1e3
        cells = [f"{times[column] * scale:9.2f}" if column in times else " " * 9 for column in ("eager", "inductor", "attn")]
        ratio = min(value for other, value in times.items() if other != "attn") / times["attn"]
        print(f"{name:24} {' '.join(cells)} {ratio:6.2f}", flush=True)
    if options.output:
        about = {"torch": torch.__version__, "threads": [torch.get_num_threads(), get_num_threads()], "machine": platform.processor()}
        with open(options.output, "w") as file:
            json.dump({"about": about, "seconds": results}, file, indent=1)


if __name__ == "__main__":
    main()
