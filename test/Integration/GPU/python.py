#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Takes the Python package and its tests to a machine with a GPU.

Here, after ./dev build (or ninja -C build AttnC AttnRuntimeCPU AttnRuntimeCUDA):

    python.py pack --build build --output attn-gpu.tar.xz

There, where a Python has PyTorch with CUDA and pytest, and nothing else is needed,
neither the network nor LLVM nor this checkout:

    python3 python.py run attn-gpu.tar.xz

runs the tests of python/tests/test_cuda*.py, those marked `gpu` with them, and times
attention and the tutorial's module beside PyTorch's. Both files are all there is to
carry. ptxas is Triton's, CUDA's or none (attn-c/Compiler.h, cuda_path).

    python3 python.py run attn-gpu.tar.xz --no-tests --no-timing --models "--budget 500 --output models.json"

times whole models on the CPU of that machine: benchmarks/models.py with these options.
"""

import argparse
import lzma
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tarfile
import tempfile

# What every Linux has, in a version that goes with its libc.
SYSTEM = re.compile(r"^(ld-linux.*|lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+)\.so.*|linux-vdso.*)$")
# What LLVM links to for parts of it that nobody calls here, and is large with what it
# links to itself: libraries of the same name stand for them.
UNUSED = re.compile(r"^lib(z3|xml2)\.so.*$")


def run_tool(*command):
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=True).stdout


def list_libraries(library):
    """By name the library and what it needs, and by name what stands for the unused."""
    paths = dict(re.findall(r"^\s*(\S+) => (\S+)", run_tool("ldd", library), re.MULTILINE))
    found, unused, waiting = {library.name: library}, {}, [library]
    while waiting:
        for name in re.findall(r"\(NEEDED\).*\[(.*)\]", run_tool("readelf", "-d", waiting.pop())):
            if SYSTEM.match(name) or name in found or name in unused:
                continue
            path = pathlib.Path(paths[name]).resolve()
            if UNUSED.match(name):
                unused[name] = path
            else:
                found[name] = path
                waiting.append(path)
    return found, unused


def list_symbols(path, *options):
    """The dynamic symbols of a library: (type, name)."""
    return {(kind, name.partition("@")[0]) for kind, name in
            re.findall(r"(\w) (\S+)$", run_tool("nm", "-D", *options, path), re.MULTILINE)}


def make_stand_in(name, path, users, output):
    """A library of a name with all that users take from it: it ends the program where
    that is called."""
    wanted = {symbol for user in users for _, symbol in list_symbols(user, "--undefined-only")}
    lines = ["void abort(void);"]
    for kind, symbol in sorted(list_symbols(path, "--defined-only")):
        if symbol in wanted:
            lines.append(f"void {symbol}(void) {{ abort(); }}" if kind in "TW" else f"void *{symbol};")
    subprocess.run(["cc", "-shared", "-fPIC", "-w", "-fno-builtin", f"-Wl,-soname,{name}", "-xc", "-", "-o", str(output)],
                   input="\n".join(lines), text=True, check=True)


def pack(options):
    root = pathlib.Path(__file__).resolve().parents[3]
    libraries = options.build / "lib"
    found, unused = list_libraries(libraries / "libAttnC.so")
    files = {f"lib/{name}": path for name, path in found.items()}
    for name in ("libAttnRuntimeCPU.a", "libAttnRuntimeCUDA.a"):
        files[f"lib/{name}"] = libraries / name
    for directory in ("python/attn", "python/tests"):
        for path in (root / directory).iterdir():
            if path.is_file():
                files[f"{directory}/{path.name}"] = path
    for name in ("models.py", "modules.py"):
        files[f"benchmarks/{name}"] = root / "benchmarks" / name
    filters = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "preset": options.preset}]
    with tempfile.TemporaryDirectory() as directory:
        for name, path in unused.items():
            files[f"lib/{name}"] = pathlib.Path(directory) / name
            make_stand_in(name, path, found.values(), files[f"lib/{name}"])
        with lzma.open(options.output, "wb", filters=filters) as file, tarfile.open(fileobj=file, mode="w") as archive:
            for name, path in sorted(files.items()):
                archive.add(path, name)
    print(f"{options.output}: {options.output.stat().st_size / 2**20:.0f} MiB, {len(files)} files")


def make_environment(place):
    return dict(
        os.environ, ATTN_LIBRARY=str(place / "lib" / "libAttnC.so"), ATTN_CACHE_DIR=str(place / "cache"),
        LD_LIBRARY_PATH=os.pathsep.join(filter(None, [str(place / "lib"), os.environ.get("LD_LIBRARY_PATH")])),
        PYTHONPATH=str(place / "python"), PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1")


def test(place, environment, options):
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "--rootdir", str(place / "python" / "tests"),
               *map(str, sorted((place / "python" / "tests").glob("test_cuda*.py"))), "-k", options.only]
    if subprocess.run([sys.executable, "-c", "import xdist"], capture_output=True).returncode == 0:
        # Most of the time is compilation.
        command += ["-n", str(options.jobs)]
    return subprocess.run(command, env=environment, cwd=place / "python" / "tests").returncode


# Runs in a process of its own, with the package on the path.
TIMING = r"""
import statistics, sys, time
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

def measure_in_graph(x):
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
        functions["PyTorch", count] = torch.compile(chain(count), dynamic=False)
        functions["attn", count] = torch.compile(chain(count), backend=backend, dynamic=False)
    times = measure_host({key: lambda function=function: function(x) for key, function in functions.items()}, calls=20)
    return {name: (times[name, 9] - times[name, 1]) / 8 for name in ("PyTorch", "attn")}

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
    show("another in a compiled graph, on the host", measure_in_graph(small))
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
    for length in (1024, 4096):
        model = CausalSelfAttention(1024, 16).cuda().bfloat16().eval()
        x = torch.randn(8, length, 1024, device="cuda", dtype=torch.bfloat16)
        theirs, ours = torch.compile(model, dynamic=False), torch.compile(model, backend=backend, dynamic=False)
        show(f"the tutorial's module 8 x {length} x 1024", measure({
            "eager": lambda: model(x), "inductor": lambda: theirs(x), "attn": lambda: ours(x)}))
"""


def run(options):
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory)
        with tarfile.open(options.archive) as archive:
            archive.extractall(place, filter="data")
        environment = make_environment(place)
        status = 0 if options.no_tests else test(place, environment, options)
        if not options.no_timing:
            status |= subprocess.run([sys.executable, "-c", TIMING], env=environment, cwd=place).returncode
        if options.models is not None:
            command = [sys.executable, str(place / "benchmarks" / "models.py"), *shlex.split(options.models)]
            status |= subprocess.run(command, env=environment).returncode
    return status


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    packing = commands.add_parser("pack")
    packing.add_argument("--build", type=pathlib.Path, required=True)
    packing.add_argument("--output", type=pathlib.Path, required=True)
    packing.add_argument("--preset", type=int, default=6, help="of xz: 0 is fast, 9 small")
    running = commands.add_parser("run")
    running.add_argument("archive", type=pathlib.Path)
    running.add_argument("--only", default="", help="tests with this in their name, as pytest's -k")
    running.add_argument("--jobs", type=int, default=8, help="processes of tests, where pytest-xdist is installed")
    running.add_argument("--no-tests", action="store_true")
    running.add_argument("--no-timing", action="store_true")
    running.add_argument("--models", metavar="OPTIONS", help="time whole models on the CPU: options of benchmarks/models.py")
    options = parser.parse_args()
    return pack(options) if options.command == "pack" else run(options)


if __name__ == "__main__":
    sys.exit(main())
