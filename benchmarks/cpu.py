#!/usr/bin/env python3
"""Times attention on the CPU beside PyTorch, OpenVINO and ONNX Runtime.

Every problem is compiled by attn-compile to a shared object and called in this
process, in turn with the others that are there, on the same data. The peaks of the
processor are measured in this process too, between the problems.

  ./dev bench --with-peers
"""

import argparse
import ctypes
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

import cpu_peers

HEADS = 8
LENGTHS = (128, 512, 1024, 2048, 4096)
DIMS = (64, 128)
DTYPES = ("f32", "bf16", "f16")
DTYPE_NUMBERS = {"f16": 1, "bf16": 2, "f32": 3, "bool": 5, "i32": 8}
# Seconds for one contender of a problem, and how often it is timed at least and at
# most.
BUDGET, ROUNDS = 1.0, (4, 20)
# Calls in a row until this many seconds have passed: what another left in caches
# and pools of threads is gone.
BURST = 0.02


class Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("rank", ctypes.c_int32),
        ("dtype", ctypes.c_int),
        ("strides", ctypes.c_void_p),
    ]


def view(array, dtype):
    shape = (ctypes.c_int64 * array.ndim)(*array.shape)
    return Tensor(array.ctypes.data, shape, array.ndim, DTYPE_NUMBERS[dtype], None)


def encode(array, dtype):
    """f32 in another type; bf16 as its bits."""
    if dtype == "f32":
        return array
    if dtype == "f16":
        return array.astype(np.float16)
    bits = array.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def decode(array, dtype):
    if dtype == "bf16":
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array.astype(np.float32)


class Ours:
    """An attention that attn-compile made."""

    SCORES = {
        "alibi": """score(%s: f32, %h: index, %iq: index, %ik: index) {
      %slope = tensor.extract %extra[%h] : tensor<8xf32>
      %distance = arith.subi %ik, %iq : index
      %bits = arith.index_cast %distance : index to i64
      %float = arith.sitofp %bits : i64 to f32
      %change = arith.mulf %slope, %float : f32
      %changed = arith.addf %s, %change : f32
      attn.yield %changed : f32
    }""",
    }

    @classmethod
    def make_module(cls, dtype, query_shape, key_shape, causal, variant="none", clauses="", dynamic=False):
        def describe(shape):
            sizes = ["?"] * (len(shape) - 1) + [shape[-1]] if dynamic else shape
            return "x".join(map(str, sizes)) + f"x{dtype}"

        q, k = describe(query_shape), describe(key_shape)
        sizes, dims = "", ""
        if dynamic:
            sizes = "%heads, %queries"
            dims = f"""  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %heads = tensor.dim %q, %zero : tensor<{q}>
  %queries = tensor.dim %q, %one : tensor<{q}>
"""
        size = f"{query_shape[1]}x{key_shape[1]}"
        extra_type = {"bias": f"tensor<{size}xf32>", "mask": f"tensor<{size}xi1>",
                      "alibi": "tensor<8xf32>"}.get(variant)
        argument = f", %extra: {extra_type}" if extra_type else ""
        clause = {"bias": f"bias(%extra : {extra_type})", "mask": f"mask(%extra : {extra_type})",
                  "softcap": "softcap = 30.0"}.get(variant, "")
        structure = "structure(#attn.causal<top_left>)" if causal else ""
        return f"""func.func @main(%q: tensor<{q}>, %k: tensor<{k}>, %v: tensor<{k}>{argument}) -> tensor<{q}> {{
{dims}  %init = tensor.empty({sizes}) : tensor<{q}>
  %o = attn.sdpa query(%q : tensor<{q}>) key(%k : tensor<{k}>) value(%v : tensor<{k}>) {clause} {structure} {clauses} {cls.SCORES.get(variant, "")} outs(%init : tensor<{q}>) -> tensor<{q}>
  return %o : tensor<{q}>
}}
"""

    @classmethod
    def compile(cls, options, dtype, query, key, value, causal, variant="none", extra=None):
        with tempfile.TemporaryDirectory() as directory:
            module = pathlib.Path(directory) / "attention.mlir"
            library = pathlib.Path(directory) / "attention.so"
            module.write_text(cls.make_module(dtype, query.shape, key.shape, causal, variant))
            start = time.perf_counter()
            subprocess.run([options.attn_compile, str(module), "-o", str(library)], check=True)
            ours = cls(library, dtype, query, key, value, extra)
            ours.compile_seconds = time.perf_counter() - start
            ours.bytes = library.stat().st_size
        return ours

    def __init__(self, library, dtype, query, key, value, extra=None):
        self.library = ctypes.CDLL(str(library))
        self.library.attn_main_error.restype = ctypes.c_char_p
        self.output = np.zeros(query.shape, query.dtype)
        inputs = [view(array, dtype) for array in (query, key, value)]
        if extra is not None:
            inputs.append(view(extra, "bool" if extra.dtype == np.uint8 else "f32"))
        self.keep = (query, key, value, extra)
        self.inputs = (Tensor * len(inputs))(*inputs)
        self.outputs = (Tensor * 1)(view(self.output, dtype))

    def set_threads(self, threads):
        self.library.attn_main_set_num_threads(threads)

    def __call__(self):
        if self.library.attn_main(self.inputs, len(self.inputs), self.outputs, 1):
            sys.exit(f"cpu.py: {self.library.attn_main_error().decode()}")


def time_in_turn(contenders, clock=time.perf_counter, budget=BUDGET):
    """Milliseconds of every call by the clock, for each contender; they take turns.
    `budget`: seconds for each."""
    times = {name: [] for name in contenders}
    once = {}
    for name, call in contenders.items():
        call()
        start = clock()
        call()
        once[name] = clock() - start
    rounds = int(budget / max(max(once.values()), BURST))
    rounds = min(max(rounds, ROUNDS[0]), ROUNDS[1])
    for _ in range(rounds):
        for name, call in contenders.items():
            if once[name] < BURST:
                call()
            begin = clock()
            while True:
                start = clock()
                call()
                end = clock()
                times[name].append((end - start) * 1e3)
                if end - begin > BURST:
                    break
    return {
        name: {"median_ms": statistics.median(values), "min_ms": min(values), "calls": len(values)}
        for name, values in times.items()
    }


class Peaks:
    def __init__(self, compiler):
        directory = tempfile.TemporaryDirectory()
        library = pathlib.Path(directory.name) / "peak.so"
        source = pathlib.Path(__file__).resolve().parent / "peak.c"
        subprocess.run([compiler, "-O2", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC",
                        str(source), "-o", str(library)], check=True)
        self.library = ctypes.CDLL(str(library))
        for function in (self.library.peak_fma, self.library.peak_bf16, self.library.read_bandwidth):
            function.restype = ctypes.c_double
        self.data = np.ones(64 << 20, np.float32)

    def measure(self):
        return {
            "f32_gflops": self.library.peak_fma(),
            "bf16_gflops": self.library.peak_bf16(),
            "read_gb_per_s": self.library.read_bandwidth(
                ctypes.c_void_p(self.data.ctypes.data), ctypes.c_int64(self.data.size)
            ),
        }


def place(array, offset):
    """A copy that begins `offset` bytes behind a line of the cache."""
    memory = np.empty(array.nbytes + 64 + offset, np.uint8)
    begin = -memory.ctypes.data % 64 + offset
    copy = memory[begin:begin + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def make_arrays(dtype, queries, keys, dim, group=1, offset=0):
    """Inputs; those of PyTorch begin a line of the cache, those of numpy where they may."""
    random = np.random.default_rng(0)
    shapes = ((HEADS * group, queries, dim), (HEADS, keys, dim), (HEADS, keys, dim))
    return [place(encode(random.standard_normal(shape, dtype=np.float32), dtype), offset)
            for shape in shapes]


def run_cell(options, dtype, queries, keys, dim, causal, threads):
    arrays = make_arrays(dtype, queries, keys, dim)
    ours = Ours.compile(options, dtype, *arrays, causal)
    ours.set_threads(threads)
    contenders = {"ours": ours}
    contenders.update(cpu_peers.make(dtype, arrays, causal, threads, options.peers))
    times = time_in_turn(contenders)
    difference = None
    for name, call in contenders.items():
        if name == "pytorch":
            theirs = call().astype(np.float64)
            mine = decode(ours.output, dtype).astype(np.float64)
            difference = float(np.linalg.norm(mine - theirs) / np.linalg.norm(theirs))
    return {
        "dtype": dtype, "queries": queries, "keys": keys, "dim": dim, "causal": causal,
        "threads": threads, "times": times, "relative_difference": difference,
        "compile_seconds": ours.compile_seconds, "bytes": ours.bytes,
    }


def run_variants(options, dtype, length, dim):
    """What a bias, a mask, a softcap and ALiBi cost beside none."""
    random = np.random.default_rng(1)
    arrays = make_arrays(dtype, length, length, dim)
    extras = {
        "bias": random.standard_normal((length, length), dtype=np.float32),
        "mask": (random.random((length, length)) < 0.8).astype(np.uint8),
        "alibi": (2.0 ** -np.arange(1, HEADS + 1)).astype(np.float32),
    }
    contenders = {}
    for variant in ("none", "bias", "mask", "softcap", "alibi"):
        contenders[variant] = Ours.compile(options, dtype, *arrays, False, variant, extras.get(variant))
        contenders[variant].set_threads(1)
    return {"dtype": dtype, "length": length, "dim": dim, "times": time_in_turn(contenders)}


def run_module(options, threads):
    """The whole module of the PyTorch tutorial, projections included, as PyTorch
    exports it (examples/), beside the module in PyTorch, eager and compiled."""
    example = pathlib.Path(__file__).resolve().parent.parent / "examples" / "causal_self_attention.mlir"
    random = np.random.default_rng(2)
    shapes = ((1, 1024, 512), (1536, 512), (512, 512))
    arrays = [random.standard_normal(shape, dtype=np.float32) / 16 for shape in shapes]
    output = np.zeros(shapes[0], np.float32)
    with tempfile.TemporaryDirectory() as directory:
        library = pathlib.Path(directory) / "module.so"
        subprocess.run([options.attn_compile, str(example), "-o", str(library)], check=True)
        library = ctypes.CDLL(str(library))
    library.attn_main_set_num_threads(threads)
    inputs = (Tensor * 3)(*[view(array, "f32") for array in arrays])
    outputs = (Tensor * 1)(view(output, "f32"))

    def ours():
        if library.attn_main(inputs, 3, outputs, 1):
            sys.exit("cpu.py: the module failed")

    contenders = {"ours": ours}
    if options.peers:
        contenders.update(cpu_peers.make_modules(arrays, threads))
    times = time_in_turn(contenders)
    difference = None
    if "pytorch" in contenders:
        theirs = contenders["pytorch"]().numpy()
        difference = float(np.linalg.norm(output - theirs) / np.linalg.norm(theirs))
    return {"threads": threads, "times": times, "relative_difference": difference}


def describe(row):
    ours = row["times"]["ours"]["median_ms"]
    text = (f"{row['dtype']:4} Lq {row['queries']:5} Lk {row['keys']:5} D {row['dim']:3} "
            f"{'causal' if row['causal'] else 'full':6} {row['threads']} threads: ours {ours:8.2f} ms")
    for name, entry in row["times"].items():
        if name != "ours":
            text += f"   {name} {entry['median_ms']:8.2f} ({entry['median_ms'] / ours:.2f} times ours)"
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attn-compile", default="attn-compile", help="path of the tool")
    parser.add_argument("--cc", default="clang-22", help="C compiler for the measurement of peaks")
    parser.add_argument("--quick", action="store_true", help="S 1024 on one thread only")
    parser.add_argument("--only", choices=("cells", "decode", "modules", "variants"), action="append",
                        help="what to time (all by default)")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="ours alone")
    parser.add_argument("--output", help="also write the results as JSON")
    options = parser.parse_args()
    peaks = Peaks(options.cc)
    report = {
        "date": time.strftime("%Y-%m-%d"),
        "command": "./dev bench" + " --with-peers" * options.peers + " --quick" * options.quick,
        "cpu": cpu_peers.get_lscpu(), "python": platform.python_version(),
        "versions": cpu_peers.get_versions() if options.peers else {},
        "peaks": [], "cells": [], "decode": [], "variants": [], "modules": [],
    }

    wanted = options.only or ("cells", "decode", "modules", "variants")

    def save():
        if options.output:
            pathlib.Path(options.output).write_text(json.dumps(report, indent=1) + os.linesep)

    lengths = (1024,) if options.quick else LENGTHS
    for threads in (1,) if options.quick else sorted({1, len(os.sched_getaffinity(0))}):
        for dtype in DTYPES if "cells" in wanted else ():
            report["peaks"].append(peaks.measure())
            for dim in DIMS:
                for length in lengths:
                    for causal in (False, True):
                        row = run_cell(options, dtype, length, length, dim, causal, threads)
                        report["cells"].append(row)
                        print(describe(row), flush=True)
                        save()
        for dtype in ("f32", "bf16") if "decode" in wanted else ():
            report["peaks"].append(peaks.measure())
            for queries in (1, 8, 16):
                row = run_cell(options, dtype, queries, 8192, 128, False, threads)
                report["decode"].append(row)
                print(describe(row), flush=True)
                save()
        if "modules" not in wanted:
            continue
        report["modules"].append(run_module(options, threads))
        row = report["modules"][-1]
        print(f"causal self-attention, {threads} threads:",
              {name: round(t["median_ms"], 2) for name, t in row["times"].items()},
              f"relative difference {row['relative_difference']}", flush=True)
    for dtype in ("f32", "bf16") if "variants" in wanted else ():
        report["variants"].append(run_variants(options, dtype, 1024, 64))
        times = report["variants"][-1]["times"]
        print(dtype, {name: round(t["median_ms"] / times["none"]["median_ms"], 2) for name, t in times.items()})
    report["peaks"].append(peaks.measure())
    save()


if __name__ == "__main__":
    main()
