#!/usr/bin/env python3
"""Times attention on the CPU, one thread, beside PyTorch if it is there.

Every problem is compiled by attn-compile and called in this process, in turn with
PyTorch's scaled_dot_product_attention on the same data.

  ./dev bench --with-pytorch
"""

import argparse
import ctypes
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy as np

try:
    import torch
except ImportError:
    torch = None

# name, heads, length, head dimension, causal
PROBLEMS = [
    ("S1024 D64", 8, 1024, 64, False),
    ("S1024 D64 causal", 8, 1024, 64, True),
    ("S1024 D128", 8, 1024, 128, False),
    ("S1024 D128 causal", 8, 1024, 128, True),
]
ROUNDS = 25
F32 = 3


class Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("rank", ctypes.c_int32),
        ("dtype", ctypes.c_int),
        ("strides", ctypes.c_void_p),
    ]


def view(array):
    shape = (ctypes.c_int64 * array.ndim)(*array.shape)
    return Tensor(array.ctypes.data, shape, array.ndim, F32, None)


def compile_attention(compiler, directory, heads, length, dim, causal):
    tensor = f"tensor<{heads}x{length}x{dim}xf32>"
    structure = "structure(#attn.causal<top_left>)" if causal else ""
    module = directory / "attention.mlir"
    module.write_text(
        f"""func.func @main(%q: {tensor}, %k: {tensor}, %v: {tensor}) -> {tensor} {{
  %init = tensor.empty() : {tensor}
  %o = attn.sdpa query(%q : {tensor}) key(%k : {tensor}) value(%v : {tensor}) {structure} outs(%init : {tensor}) -> {tensor}
  return %o : {tensor}
}}
"""
    )
    library = directory / f"attention-{length}-{dim}-{causal}.so"
    subprocess.run([compiler, str(module), "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attn-compile", default="attn-compile", help="path of the tool")
    parser.add_argument("--output", help="also write the results as JSON")
    options = parser.parse_args()
    if torch:
        torch.set_num_threads(1)
    rows = []
    for name, heads, length, dim, causal in PROBLEMS:
        random = np.random.default_rng(0)
        q, k, v = (random.standard_normal((heads, length, dim), dtype=np.float32) for _ in range(3))
        out = np.full_like(q, np.nan)
        with tempfile.TemporaryDirectory() as directory:
            library = compile_attention(
                options.attn_compile, pathlib.Path(directory), heads, length, dim, causal
            )
        library.attn_main_set_num_threads(1)
        inputs, outputs = (Tensor * 3)(view(q), view(k), view(v)), (Tensor * 1)(view(out))
        ours, theirs, error = [], [], None
        peers = [torch.from_numpy(a)[None] for a in (q, k, v)] if torch else None
        for _ in range(ROUNDS):
            start = time.perf_counter()
            status = library.attn_main(inputs, 3, outputs, 1)
            ours.append((time.perf_counter() - start) * 1e3)
            assert status == 0
            if torch:
                start = time.perf_counter()
                expected = torch.nn.functional.scaled_dot_product_attention(*peers, is_causal=causal)
                theirs.append((time.perf_counter() - start) * 1e3)
        if torch:
            error = float(np.abs(out - expected[0].numpy()).max())
        row = {
            "problem": name,
            "ours_ms": statistics.median(ours),
            "pytorch_ms": statistics.median(theirs) if theirs else None,
            "max_difference": error,
        }
        rows.append(row)
        text = f"{name:20} ours {row['ours_ms']:7.2f} ms"
        if theirs:
            text += (
                f"   PyTorch {torch.__version__} {row['pytorch_ms']:7.2f} ms"
                f"   {row['pytorch_ms'] / row['ours_ms']:.2f} times ours   max difference {error:.1e}"
            )
        print(text, flush=True)
    if options.output:
        cpu = next(
            (line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
            "unknown",
        )
        report = {"date": time.strftime("%Y-%m-%d"), "cpu": cpu, "threads": 1, "rounds": ROUNDS, "results": rows}
        pathlib.Path(options.output).write_text(json.dumps(report, indent=2) + os.linesep)


if __name__ == "__main__":
    main()
