#!/usr/bin/env python3
"""Times attention on one GPU beside cuDNN, FlashAttention-2 and FlashAttention-3.

All run in one process, in turn and in an order that changes from round to round, on
the same data in bf16, B * S = 16k and H * D = 2048. `cold` flushes L2 before each
launch, `burst` is 20 launches back to back, where the power limit bites; both are times
on the device. A product of 8192^3 by cuBLAS in between is the ceiling. Figures of
different processes do not compare.

Compile here (no GPU is needed), time there:

  benchmarks/gpu.py compile --attn-compile build/bin/attn-compile --output DIR
  DIR/gpu.py time --output results.json [--fa3 DIR]

cuDNN and FlashAttention-2 are PyTorch's. --fa3 names a folder with libfa3drv.so,
a library with one function in C over FlashAttention-3's C++ API:

  fa3_fwd(q, k, v, o, lse, semaphore, B, Sq, Sk, H, Hk, D, causal, left, right,
          float softcap, bf16, multiprocessors, stream)
"""

import argparse
import ctypes
import datetime
import json
import math
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
DIMS = (64, 128, 256)
LENGTHS = (512, 1024, 2048, 4096, 8192, 16384)
TOKENS, WIDTH = 16384, 2048
BURST = 20
SLEEP_CYCLES = 400000  # 0.2 ms

# ---------------------------------------------------------------------------
# Compiling
# ---------------------------------------------------------------------------


def get_library_name(dim, causal):
    return f"attention-d{dim}-{'causal' if causal else 'full'}.so"


def get_module(dim, causal, dtype):
    tensor = f"tensor<?x?x?x{dim}x{dtype}>"
    structure = "structure(#attn.causal<top_left>)" if causal else ""
    return f"""func.func @main(%q: {tensor}, %k: {tensor}, %v: {tensor}) -> {tensor} {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %b = tensor.dim %q, %c0 : {tensor}
  %h = tensor.dim %q, %c1 : {tensor}
  %s = tensor.dim %q, %c2 : {tensor}
  %init = tensor.empty(%b, %h, %s) : {tensor}
  %o = attn.sdpa query(%q : {tensor}) key(%k : {tensor}) value(%v : {tensor}) {structure} outs(%init : {tensor}) -> {tensor}
  return %o : {tensor}
}}
"""


def compile_all(options):
    directory = pathlib.Path(options.output)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "dtype").write_text(options.dtype)
    for dim in DIMS:
        for causal in (False, True):
            library = directory / get_library_name(dim, causal)
            compile_module(options, get_module(dim, causal, options.dtype), library)
    shutil.copy(__file__, directory)


# ---------------------------------------------------------------------------
# What is timed
# ---------------------------------------------------------------------------


class Tensor(ctypes.Structure):
    """attn_tensor."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("rank", ctypes.c_int32),
        ("dtype", ctypes.c_int),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
    ]


CODES = {"torch.float16": 1, "torch.bfloat16": 2, "torch.float32": 3, "torch.int32": 8}
DTYPES = {"f16": "float16", "bf16": "bfloat16"}


def get_tensor(tensor):
    """The attn_tensor of a torch.Tensor."""
    sizes, strides = tensor.shape, tensor.stride()
    return Tensor(
        tensor.data_ptr(),
        (ctypes.c_int64 * len(sizes))(*sizes),
        len(sizes),
        CODES.get(str(tensor.dtype), 0),
        (ctypes.c_int64 * len(sizes))(*strides),
    )


def bind(path, tensors, out):
    """A call of the function of a library that attn-compile made; it takes a stream."""
    library = ctypes.CDLL(str(path))
    function = library.attn_main
    function.argtypes = [ctypes.POINTER(Tensor), ctypes.c_int32] * 2 + [ctypes.c_void_p]
    library.attn_main_error.restype = ctypes.c_char_p
    inputs = (Tensor * len(tensors))(*[get_tensor(t) for t in tensors])
    outputs = (Tensor * 1)(get_tensor(out))

    def run(stream):
        if function(inputs, len(tensors), outputs, 1, stream):
            raise RuntimeError(library.attn_main_error().decode())

    return run


def get_ours(directory, dim, causal):
    def prepare(q, k, v, o):
        # [B, S, H, D] in memory, as the peers have it; the op's order is [B, H, S, D].
        q, k, v, o = (t.transpose(1, 2) for t in (q, k, v, o))
        return bind(directory / get_library_name(dim, causal), [q, k, v], o)

    return prepare


def get_fa3(directory, torch):
    runtime = pathlib.Path(torch.__file__).parent.parent / "nvidia/cu13/lib/libcudart.so.13"
    ctypes.CDLL(str(runtime) if runtime.exists() else "libcudart.so.13", mode=ctypes.RTLD_GLOBAL)
    library = ctypes.CDLL(str(pathlib.Path(directory).resolve() / "libfa3drv.so"))
    semaphore = torch.zeros(64, dtype=torch.int32, device="cuda")
    count = torch.cuda.get_device_properties(0).multi_processor_count

    def prepare(q, k, v, o, causal):
        batch, length, heads, dim = q.shape
        lse = torch.empty(batch, heads, length, device="cuda")
        pointers = [ctypes.c_void_p(t.data_ptr()) for t in (q, k, v, o, lse, semaphore)]

        def run(stream, keep=lse):
            library.fa3_fwd(
                *pointers, batch, length, length, heads, heads, dim, int(causal), -1, -1,
                ctypes.c_float(0), 1, count, ctypes.c_void_p(stream),
            )

        return run

    return prepare


# ---------------------------------------------------------------------------
# Timing
# ---------------------------------------------------------------------------


class Clock:
    def __init__(self, torch):
        self.torch = torch
        l2 = torch.cuda.get_device_properties(0).L2_cache_size
        self.flush_memory = torch.empty(4 * l2, dtype=torch.int8, device="cuda")
        self.events = [torch.cuda.Event(enable_timing=True) for _ in range(2)]
        # One for all cells, so that nothing follows the same peers in each of them.
        self.order = random.Random(0)

    def time(self, run, count, flush):
        """Microseconds of one run."""
        stream = self.torch.cuda.current_stream().cuda_stream
        if flush:
            self.flush_memory.zero_()
        # The host gets ahead meanwhile: its time is not measured.
        self.torch.cuda._sleep(SLEEP_CYCLES)
        self.events[0].record()
        for _ in range(count):
            run(stream)
        self.events[1].record()
        self.events[1].synchronize()
        return self.events[0].elapsed_time(self.events[1]) * 1e3 / count


def time_in_turn(clock, runs, rounds, count, flush):
    """Medians over rounds, each in another order: what ran before decides how hot the
    device is, and how soon the power limit bites."""
    times = {name: [] for name in runs}
    for _ in range(rounds):
        for name in clock.order.sample(list(runs), len(runs)):
            times[name].append(clock.time(runs[name], count, flush))
    return {name: statistics.median(values) for name, values in times.items()}


def time_cell(torch, clock, ours, variants, fa3, dim, length, causal):
    batch, heads = TOKENS // length, WIDTH // dim
    q, k, v = (
        torch.randn(batch, length, heads, dim, device="cuda", dtype=torch.bfloat16)
        for _ in range(3)
    )
    out, fa3_out = (torch.full_like(q, float("nan")) for _ in range(2))
    # PyTorch's backends take [B, H, S, D], contiguous as its users have it.
    theirs = [t.transpose(1, 2).contiguous() for t in (q, k, v)]

    aten = torch.ops.aten
    runs = {
        "ours": ours(q, k, v, out),
        "cudnn": lambda stream: aten._scaled_dot_product_cudnn_attention(
            *theirs, None, False, 0.0, causal, False)[0],
        "fa2": lambda stream: aten._scaled_dot_product_flash_attention(
            *theirs, 0.0, causal, False)[0],
    }
    if fa3:
        runs["fa3"] = fa3(q, k, v, fa3_out, causal)
    for name, (directory, variant) in variants.items():
        dtype = getattr(torch, DTYPES[(directory / "dtype").read_text()])
        tensors = [t.to(dtype) for t in (q, k, v)]
        runs[name] = variant(*tensors, torch.empty_like(tensors[0]))
    stream = torch.cuda.current_stream().cuda_stream
    for run in runs.values():
        run(stream)
    expected = runs["cudnn"](stream).transpose(1, 2).float()
    torch.cuda.synchronize()
    error = ((out.float() - expected).norm() / expected.norm()).item()
    flops = 4 * batch * heads * length * length * dim * (0.5 if causal else 1)
    rounds = 15 if length <= 4096 else 9
    cold = time_in_turn(clock, runs, rounds, 1, True)
    burst = time_in_turn(clock, runs, 8, BURST, False)
    cell = {"dim": dim, "length": length, "causal": causal, "error": error}
    for way, times in (("cold", cold), ("burst", burst)):
        cell[f"{way}_us"] = times
        cell[f"{way}_tflops"] = {n: flops / t * 1e-6 for n, t in times.items()}
    return cell


def time_ceiling(torch, clock):
    a, b = (torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    run = lambda stream: torch.mm(a, b)
    run(0)
    return {
        way: 2 * 8192**3 / statistics.median(
            clock.time(run, count, way == "cold") for _ in range(5)
        ) * 1e-6
        for way, count in (("cold", 1), ("burst", BURST))
    }


def query_device():
    fields = "name,driver_version,clocks.sm,clocks.max.sm,power.limit,temperature.gpu"
    process = subprocess.run(
        ["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader"],
        capture_output=True, text=True,
    )
    values = process.stdout.splitlines()[0].split(", ") if process.stdout else []
    return dict(zip(fields.split(","), values))


def time_all(options):
    import torch

    torch.manual_seed(0)
    clock = Clock(torch)
    fa3 = get_fa3(options.fa3, torch) if options.fa3 else None
    directory = pathlib.Path(options.libraries or HERE)
    report = {
        "date": datetime.date.today().isoformat(),
        # Files by their names: directories mean nothing elsewhere.
        "command": " ".join(["gpu.py", *(os.path.basename(a) for a in sys.argv[1:])]),
        "device": query_device(),
        "torch": torch.__version__,
        "cudnn": torch.backends.cudnn.version(),
        "tokens": TOKENS, "width": WIDTH, "dtype": "bf16", "burst": BURST,
        "ceiling": [time_ceiling(torch, clock)],
        "cells": [],
    }
    for dim in options.dims:
        for causal in (False, True):
            ours = get_ours(directory, dim, causal)
            variants = {
                name: (pathlib.Path(path), get_ours(pathlib.Path(path), dim, causal))
                for name, path in (text.split("=") for text in options.variant)
            }
            for length in options.lengths:
                cell = time_cell(
                    torch, clock, ours, variants, fa3, dim, length, causal)
                report["cells"].append(cell)
                figures = "   ".join(
                    f"{name} {cell['cold_tflops'][name]:4.0f}/{cell['burst_tflops'][name]:4.0f}"
                    for name in cell["cold_tflops"]
                )
                print(f"D{dim} S{length} {'causal' if causal else 'full'}: {figures}   "
                      f"error {cell['error']:.1e}", flush=True)
                # What was measured is kept if the rest does not come to an end.
                if options.output:
                    pathlib.Path(options.output).write_text(json.dumps(report, indent=1) + os.linesep)
        report["ceiling"].append(time_ceiling(torch, clock))
    report["device_after"] = query_device()
    if options.output:
        pathlib.Path(options.output).write_text(json.dumps(report, indent=1) + os.linesep)
    print_summary(report)


def get_ratio(cells, way, peers):
    """The geometric mean of ours over the best of the peers, and the least."""
    ratios = [
        c[f"{way}_tflops"]["ours"] / max(c[f"{way}_tflops"][p] for p in peers)
        for c in cells
        if all(p in c[f"{way}_tflops"] for p in peers)
    ]
    if not ratios:
        return None
    return math.exp(statistics.mean(map(math.log, ratios))), min(ratios)


def print_summary(report):
    for way in ("cold", "burst"):
        for peers in (("fa3", "cudnn"), ("fa3",), ("cudnn",), ("fa2",)):
            ratio = get_ratio(report["cells"], way, peers)
            if ratio:
                print(f"{way}: ours / {' or '.join(peers)}: {ratio[0]:.3f} in geomean, "
                      f"{ratio[1]:.3f} at least")


def make_parsers(description):
    """The parser of a driver, that of `compile` and that of `time`."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    compile_ = commands.add_parser("compile", help="make the libraries")
    compile_.add_argument("--attn-compile", default="attn-compile", help="path of the tool")
    compile_.add_argument("--gpu-arch", default="sm_90a")
    compile_.add_argument("--kernel-options", default="", help="given to the tool")
    compile_.add_argument("--output", required=True, help="directory to make")
    time = commands.add_parser("time", help="time them on a GPU")
    time.add_argument("--output", help="also write the results as JSON")
    return parser, compile_, time


def run(parser, compile_all, time_all):
    """What the command line of a driver asks for."""
    options = parser.parse_args()
    (compile_all if options.command == "compile" else time_all)(options)


class Report:
    """Results, cell by cell: each is printed as a line and, where `time` is given a path,
    all so far are written there as JSON."""

    def __init__(self, torch, path):
        self.path = path
        self.results = {"date": datetime.date.today().isoformat(), "device": query_device(),
                        "torch": torch.__version__, "cells": []}

    def add(self, cell, line):
        self.results["cells"].append(cell)
        print(line, flush=True)
        if self.path:
            pathlib.Path(self.path).write_text(json.dumps(self.results, indent=1) + "\n")


def time_checked(torch, clock, runs, outs, reference, reps):
    """Microseconds of each run, in turn and cold, and the errors of `outs`, which the runs
    of their names fill, relative to what `reference` computes."""
    stream = torch.cuda.current_stream().cuda_stream
    for name in outs:
        runs[name](stream)
    expected = reference(stream).float()
    torch.cuda.synchronize()
    errors = {name: ((out.float() - expected).norm() / expected.norm()).item()
              for name, out in outs.items()}
    return time_in_turn(clock, runs, reps, 1, True), errors


def add_rates(report, cell, label, times, errors, bytes_, best):
    """Adds a cell with what was timed, and the rates at which `bytes_` were read; `best`:
    microseconds of the better peer."""
    rates = {name: bytes_ / time * 1e-3 for name, time in times.items()}
    text = ", ".join(f"{name} {time:.1f} us {rates[name]:.0f} GB/s" for name, time in times.items())
    report.add({**cell, "error": errors, "us": times, "gbs": rates},
               f"{label}: {text}, ratio {best / times['ours']:.2f}, error {max(errors.values()):.1e}")


def add_variants(parser):
    parser.add_argument("--variant", metavar="NAME=DIR", action="append", default=[],
                        help="also time what `compile` made there (repeatable)")


def compile_module(options, text, library):
    """Makes a library of the module by the options of `compile`."""
    module = library.with_suffix(".mlir")
    module.write_text(text)
    subprocess.run(
        [
            options.attn_compile, str(module), "-o", str(library), "--no-raise",
            "--target", "cuda", "--gpu-arch", options.gpu_arch,
            f"--kernel-options={options.kernel_options}",
        ],
        check=True,
    )
    module.unlink()


def main():
    parser, compile_, time = make_parsers(__doc__)
    compile_.add_argument("--dtype", choices=list(DTYPES), default="bf16",
                          help="of a variant: the peers run in bf16")
    time.add_argument("--libraries", help="directory that `compile` made (default: this one)")
    time.add_argument("--fa3", help="directory with libfa3drv.so")
    add_variants(time)
    time.add_argument("--dims", type=int, nargs="+", default=DIMS)
    time.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    run(parser, compile_all, time_all)


if __name__ == "__main__":
    main()
