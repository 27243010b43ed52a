#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times the Python package on a GPU, beside PyTorch: python.py runs this there.

A line is printed as soon as it is measured: what comes later may hang."""

import os, statistics, subprocess, sys, tempfile, time
import torch, torch.nn as nn, torch.nn.functional as F
import attn
from attn._compile import backend

def measure(functions, repeats=30, calls=20):
    times = {name: [] for name in functions}
    for turn in range(repeats + 3):
        for name, function in functions.items():
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            for _ in range(calls):
                function()
            end.record()
            end.synchronize()
            if turn >= 3:
                times[name].append(begin.elapsed_time(end) / calls)
    return {name: statistics.median(values) for name, values in times.items()}

def measure_host(functions, repeats=30, calls=50):
    # From tensors to kernel launched: nothing waits for the device in between.
    times = {name: [] for name in functions}
    for turn in range(repeats + 3):
        for name, function in functions.items():
            torch.cuda.synchronize()
            begin = time.perf_counter()
            for _ in range(calls):
                function()
            if turn >= 3:
                times[name].append((time.perf_counter() - begin) / calls * 1e3)
    return {name: statistics.median(values) for name, values in times.items()}

def measure_in_graph(x, mode):
    # What eight attentions more cost in a graph that has one, each: guards and the call
    # of the graph are PyTorch's.
    def chain(count):
        def run(x):
            y = x
            for _ in range(count):
                y = F.scaled_dot_product_attention(y, x, x)
            return y
        return run

    functions = {}
    for count in (1, 9):
        functions["PyTorch", count] = torch.compile(chain(count), dynamic=False, mode=mode)
        functions["attn", count] = torch.compile(chain(count), backend=backend, dynamic=False, mode=mode)
    times = measure_host({key: lambda function=function: function(x) for key, function in functions.items()}, calls=20)
    return {name: (times[name, 9] - times[name, 1]) / 8 for name in ("PyTorch", "attn")}

# Of a process of its own: from tensors to the result of the first call, and of the second.
FIRST_CALL = """
import sys, time, torch, attn
q = torch.randn(2, 16, 1024, 128, device="cuda", dtype=getattr(torch, sys.argv[1]))
torch.cuda.synchronize()
for _ in range(2):
    begin = time.perf_counter()
    attn.sdpa(q, q, q, is_causal=True)
    torch.cuda.synchronize()
    print(time.perf_counter() - begin)
"""

def measure_first(dtype, repeats=3):
    times = {"compiled": [], "from disk": [], "again": []}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as cache:
            for name in ("compiled", "from disk"):
                process = subprocess.run([sys.executable, "-c", FIRST_CALL, dtype], env={**os.environ, "ATTN_CACHE_DIR": cache},
                                         capture_output=True, text=True, check=True)
                first, second = (float(line) * 1e3 for line in process.stdout.split())
                times[name].append(first)
                times["again"].append(second)
    return {name: statistics.median(values) for name, values in times.items()}

def show(title, times):
    print(f"{title:44} " + "  ".join(f"{name} {value * 1e3:9.1f} us" for name, value in times.items()), flush=True)

class CausalSelfAttention(nn.Module):
    def __init__(self, size, heads):
        super().__init__()
        self.heads = heads
        self.inward, self.outward = nn.Linear(size, 3 * size, bias=False), nn.Linear(size, size, bias=False)

    def forward(self, x):
        q, k, v = (y.unflatten(-1, (self.heads, -1)).transpose(1, 2) for y in self.inward(x).chunk(3, -1))
        return self.outward(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(-2))

torch.manual_seed(0)
print(torch.__version__, torch.cuda.get_device_name(), torch.version.cuda)
with torch.no_grad():
    for dtype in (torch.bfloat16, torch.float32):
        for length in (512, 2048, 8192):
            q = torch.randn(4, 16, length, 128, device="cuda", dtype=dtype)
            show(f"sdpa 4 x 16 x {length} x 128 {str(dtype)[6:]} causal", measure({
                "PyTorch": lambda: F.scaled_dot_product_attention(q, q, q, is_causal=True),
                "attn": lambda: attn.sdpa(q, q, q, is_causal=True)}, calls=5 if length > 4000 else 20))
    small = torch.randn(1, 2, 16, 64, device="cuda", dtype=torch.bfloat16)
    show("a small call on the host", measure_host({
        "PyTorch": lambda: F.scaled_dot_product_attention(small, small, small), "attn": lambda: attn.sdpa(small, small, small)}))
    for mode in (None, "reduce-overhead"):
        show(f"another in a compiled graph{f' ({mode})' if mode else ''}, on the host", measure_in_graph(small, mode))
    for dtype in ("bfloat16", "float32"):
        show(f"first call, {dtype}, D128 causal", measure_first(dtype))
    rows, bounds = torch.randn(48, 2, 64, device="cuda", dtype=torch.bfloat16), torch.tensor([0, 16, 48], device="cuda", dtype=torch.int32)
    show("a small ragged call on the host", measure_host({"attn": lambda: attn.sdpa_varlen(rows, rows, rows, bounds)}))
    for lengths in ([512] * 32, [128 + 24 * i for i in range(32)], [8192, *[64] * 31]):
        rows = torch.randn(sum(lengths), 16, 128, device="cuda", dtype=torch.bfloat16)
        bounds = torch.tensor([0, *lengths], device="cuda").cumsum(0).int()
        nested = torch.nested.nested_tensor_from_jagged(rows, bounds.long()).transpose(1, 2)
        times = measure({"PyTorch, nested": lambda: F.scaled_dot_product_attention(nested, nested, nested),
                         "attn, nested": lambda: attn.sdpa(nested, nested, nested),
                         "attn": lambda: attn.sdpa_varlen(rows, rows, rows, bounds)})
        # Of as many products, in a dense batch.
        length = round((sum(n * n for n in lengths) / 32) ** 0.5 / 64) * 64
        dense = torch.randn(32, 16, length, 128, device="cuda", dtype=torch.bfloat16)
        times["attn, dense"] = measure({"": lambda: attn.sdpa(dense, dense, dense)})[""] * sum(n * n for n in lengths) / (32 * length**2)
        show(f"ragged, 32 of {min(lengths)} to {max(lengths)}", times)
    for batch, length, size, heads in ((8, 1024, 1024, 16), (8, 4096, 1024, 16), (256, 256, 512, 8)):
        model = CausalSelfAttention(size, heads).cuda().bfloat16().eval()
        x = torch.randn(batch, length, size, device="cuda", dtype=torch.bfloat16)
        theirs, ours = torch.compile(model, dynamic=False), torch.compile(model, backend=backend, dynamic=False)
        show(f"the tutorial's module {batch} x {length} x {size}", measure({
            "eager": lambda: model(x), "inductor": lambda: theirs(x), "attn": lambda: ours(x)}))
