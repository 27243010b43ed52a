#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks on a real driver what the unit tests check on a fake one.

    runtime.py DIR    (what `benchmarks/gpu.py compile --output DIR` made)

Errors have their cause and leave the process usable; calls can be captured into a
graph; the host needs 5 us for a call at most; many streams and threads at once.
"""

import ctypes
import pathlib
import sys
import threading
import time

import torch

sys.path.insert(0, str(pathlib.Path(sys.argv[1]).resolve()))
import gpu

failures = []


def check(condition, text):
    print(("ok    " if condition else "FAIL  ") + text, flush=True)
    if not condition:
        failures.append(text)


library = ctypes.CDLL(str(pathlib.Path(sys.argv[1]) / gpu.get_library_name(64, False)))
function = library.attn_main
function.argtypes = [ctypes.POINTER(gpu.Tensor), ctypes.c_int32] * 2 + [ctypes.c_void_p]
library.attn_main_error.restype = ctypes.c_char_p
library.attn_main_synchronize.argtypes = [ctypes.c_void_p]


def make(*shape, device="cuda"):
    return torch.randn(*shape, dtype=torch.bfloat16, device=device)


def call(q, k, v, o, stream=None):
    inputs = (gpu.Tensor * 3)(*[gpu.get_tensor(t) for t in (q, k, v)])
    outputs = (gpu.Tensor * 1)(gpu.get_tensor(o))
    if stream is None:
        stream = torch.cuda.current_stream().cuda_stream
    return function(inputs, 3, outputs, 1, stream)


def error():
    return library.attn_main_error().decode()


def expect(q, k, v):
    return torch.nn.functional.scaled_dot_product_attention(q.double(), k.double(), v.double())


def is_close(actual, expected):
    difference = (actual.double() - expected).norm() / expected.norm()
    return bool(difference < 1e-2)


q, k, v = (make(2, 4, 300, 64) for _ in range(3))
o = torch.full_like(q, float("nan"))
check(call(q, k, v, o) == 0 and is_close(o, expect(q, k, v)), "a call")

# Errors.
check(call(q, k.cpu(), v, o) == 1 and "input 1" in error() and "host memory" in error(),
      f"a host pointer: {error()}")
check(call(q, k.cpu().pin_memory(), v, o) == 1 and "host memory" in error(),
      f"pinned memory: {error()}")
shifted = torch.empty(2 * 4 * 300 * 64 + 1, dtype=torch.bfloat16, device="cuda")[1:].view(2, 4, 300, 64)
check(call(q, shifted, v, o) == 1 and "not aligned to 16 bytes" in error(),
      f"a misaligned pointer: {error()}")
odd = make(2, 4, 300, 65)[..., :64]
check(call(q, odd, v, o) == 1 and "stride of 130 bytes" in error(),
      f"a misaligned stride: {error()}")
check(call(q, k.transpose(2, 3).contiguous().transpose(2, 3), v, o) == 1
      and "contiguous" in error(), f"a strided last dimension: {error()}")
check(call(q, k[:, :, :100], v, o) == 2 and "length" in error(), f"other lengths: {error()}")
check(call(q, k, v, o[:, :, :200]) != 0, f"a short output: {error()}")
o.fill_(float("nan"))
check(call(q, k, v, o) == 0 and is_close(o, expect(q, k, v)), "a call after the errors")

# Layouts: packed projections, a broadcast batch.
packed = make(2, 300, 3, 4, 64)
pq, pk, pv = (packed[:, :, n].transpose(1, 2) for n in range(3))
po = torch.full((2, 300, 4, 64), float("nan"), dtype=torch.bfloat16, device="cuda").transpose(1, 2)
check(call(pq, pk, pv, po) == 0 and is_close(po, expect(pq, pk, pv)), "packed QKV, in place")
bk, bv = (t[:1].expand(2, -1, -1, -1) for t in (k, v))
o.fill_(float("nan"))
status = call(q, bk, bv, o)
check(status == 0 and is_close(o, expect(q, bk, bv)),
      f"strides of zero (status {status}{': ' + error() if status else ''})")
empty = make(2, 4, 0, 64)
status = call(q, empty, empty, o)
torch.cuda.synchronize()
check(status == 0 and bool((o == 0).all()), f"no keys (status {status})")
check(call(empty, k, v, torch.empty_like(empty)) == 0, "no queries")

# Graphs.
stream = torch.cuda.Stream()
o.fill_(float("nan"))
with torch.cuda.stream(stream):
    call(q, k, v, o)
    stream.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        statuses = [call(q, k, v, o), call(q, k, v, o)]
good = not any(statuses)
for _ in range(3):
    q.copy_(make(2, 4, 300, 64))
    o.fill_(float("nan"))
    graph.replay()
    call(q, k, v, torch.empty_like(o))
    torch.cuda.synchronize()
    good = good and is_close(o, expect(q, k, v))
check(good, "a graph, replayed")

# Streams and threads.
wrong = []


def work(number):
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        q, k, v = (make(1, 4, 200 + 13 * number, 64) for _ in range(3))
        expected = expect(q, k, v)
        for _ in range(200):
            o = torch.full_like(q, float("nan"))
            if call(q, k, v, o):
                wrong.append(error())
        stream.synchronize()
        if not is_close(o, expected):
            wrong.append(f"thread {number}")


threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
check(not wrong, f"8 threads with a stream each {wrong[:3]}")

# Overhead: what the host spends on a call whose work is small, and on one that has
# all but the launch.


def time_calls(q, k, v, o):
    inputs = (gpu.Tensor * 3)(*[gpu.get_tensor(t) for t in (q, k, v)])
    outputs = (gpu.Tensor * 1)(gpu.get_tensor(o))
    handle = torch.cuda.current_stream().cuda_stream
    times = []
    for _ in range(50):
        torch.cuda.synchronize()
        begin = time.perf_counter()
        for _ in range(50):
            function(inputs, 3, outputs, 1, handle)
        times.append((time.perf_counter() - begin) * 1e6 / 50)
    return sorted(times)[len(times) // 2]


q, k, v = (make(1, 1, 64, 64) for _ in range(3))
none = make(1, 1, 0, 64)
with_launch = time_calls(q, k, v, torch.empty_like(q))
without = time_calls(none, k, v, torch.empty_like(none))
check(without < 5, f"{without:.2f} us a call without the launch, {with_launch:.2f} with it "
      "(both with ctypes)")

print(f"{len(failures)} failures", flush=True)
sys.exit(1 if failures else 0)
