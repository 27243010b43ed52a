#!/usr/bin/env python3
"""Times attention on a CPU that this machine is not, beside PyTorch.

Here, with attn-compile; a contender is a tool, a CPU and, to force one, a schedule:

    cpu_packed.py compile --output DIR --contender 'new:build/bin/attn-compile:sapphirerapids' \\
        --contender 'b64:build/bin/attn-compile:sapphirerapids:vector_size = 16, ...'

There, where Python has numpy and, for the peer, PyTorch:

    DIR/cpu_packed.py run --seconds 60
"""

import argparse
import concurrent.futures
import ctypes
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np

import cpu
import cpu_peers

HERE = pathlib.Path(__file__).resolve().parent


def compile_cells(options):
    directory = pathlib.Path(options.output)
    directory.mkdir(parents=True, exist_ok=True)
    cells = []
    for dim, length, group, causal in itertools.product(
        options.dims, options.lengths, options.groups, [causal == "causal" for causal in options.masks]
    ):
        query = (cpu.HEADS * group, options.queries or length, dim)
        key = (cpu.HEADS, length, dim)
        libraries = {}
        for contender in options.contender:
            name, tool, target, schedule = (contender.split(":", 3) + [""])[:4]
            clauses = f"backend = flash schedule = #attn.cpu_schedule<{schedule}>" if schedule else ""
            sizes = "x".join(map(str, query + key[:2]))
            library = f"{name}-{options.dtype}-{sizes}-{'causal' if causal else 'full'}.so"
            with tempfile.NamedTemporaryFile("w", suffix=".mlir") as module:
                module.write(cpu.Ours.make_module(options.dtype, query, key, causal, clauses=clauses,
                                                  dynamic=options.dynamic))
                module.flush()
                subprocess.run([tool, module.name, "-o", str(directory / library), "--no-raise",
                                f"--cpu={target}"], check=True)
            libraries[name] = library
        cells.append({"dtype": options.dtype, "queries": query[1], "length": length, "dim": dim,
                      "group": group, "causal": causal, "libraries": libraries})
    if options.peaks:
        subprocess.run([*options.peaks.split(), "-O2", "-ffp-contract=fast", "-shared", "-fPIC",
                        str(HERE / "peak.c"), "-o", str(directory / "peak.so")], check=True)
    manifest = directory / "cells.json"
    if manifest.exists():
        cells = json.loads(manifest.read_text()) + cells
    manifest.write_text(json.dumps(cells, indent=1) + "\n")
    for name in ("cpu.py", "cpu_peers.py", "cpu_packed.py"):
        shutil.copy(HERE / name, directory)


def measure_bandwidth(num_bytes, threads):
    """GB/s at which threads read memory of that size, again and again."""
    library = ctypes.CDLL(str(HERE / "peak.so"))
    library.read_bandwidth.restype = ctypes.c_double
    parts = np.array_split(np.ones(num_bytes // 4, np.float32), threads)
    # Long enough for threads to start meanwhile.
    repeats = 2 * threads

    def read(part):
        for _ in range(repeats):
            library.read_bandwidth(ctypes.c_void_p(part.ctypes.data), ctypes.c_int64(part.size))

    best = 0.0
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for _ in range(4):
            start = time.perf_counter()
            list(pool.map(read, parts))
            # It reads the data five times.
            best = max(best, 5 * repeats * num_bytes / (time.perf_counter() - start) * 1e-9)
    return best


def run_cell(cell, budget, options, clock):
    threads, peers = options.threads, options.peers
    arrays = cpu.make_arrays(cell["dtype"], cell["queries"], cell["length"], cell["dim"], cell["group"],
                             options.offset)
    contenders, ours = {}, {}
    for name, library in cell["libraries"].items():
        ours[name] = contenders[name] = cpu.Ours(HERE / library, cell["dtype"], *arrays)
        ours[name].set_threads(threads)
    contenders.update(cpu_peers.make(cell["dtype"], arrays, cell["causal"], threads, peers))
    times = cpu.time_in_turn(contenders, clock, budget)
    row = {**cell, "threads": threads, "times": times, "differences": {}}
    if (HERE / "peak.so").exists():
        row["gb_per_s"] = measure_bandwidth(arrays[1].nbytes + arrays[2].nbytes, threads)
    expected = contenders["pytorch"]().astype(np.float64) if "pytorch" in contenders else \
        cpu.decode(next(iter(ours.values())).output, cell["dtype"]).astype(np.float64)
    for name, call in ours.items():
        actual = cpu.decode(call.output, cell["dtype"]).astype(np.float64)
        row["differences"][name] = float(np.linalg.norm(actual - expected) / np.linalg.norm(expected))
    return row


def run_cells(options):
    if options.threads == 1:
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[-1]})
    cells = json.loads((HERE / "cells.json").read_text())
    number = sum(len(cell["libraries"]) + options.peers for cell in cells)
    report = {"cpu": cpu_peers.get_lscpu(), "versions": cpu_peers.get_versions(), "cells": []}
    for cell in cells:
        row = run_cell(cell, options.seconds / number, options,
                       time.process_time if options.cpu_time else time.perf_counter)
        report["cells"].append(row)
        bandwidth = f"{row['gb_per_s']:.1f} GB/s  " if "gb_per_s" in row else ""
        print(f"{row['dtype']:4} Lq {row['queries']:4} Lk {row['length']:5} D {row['dim']:3} group {row['group']} "
              f"{'causal' if row['causal'] else 'full':6} {row['threads']:2} threads  {bandwidth}"
              + "  ".join(f"{name} {entry['median_ms']:.3f}/{entry['min_ms']:.3f}"
                          for name, entry in row["times"].items())
              + f"  difference {max(row['differences'].values()):.1e}", flush=True)
        if options.output:
            pathlib.Path(options.output).write_text(json.dumps(report, indent=1) + "\n")
    print("milliseconds, median/least; the largest relative difference from "
          + ("PyTorch" if options.peers else "the first"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    compiling = commands.add_parser("compile")
    compiling.add_argument("--output", required=True, help="directory to make or to add to")
    compiling.add_argument("--contender", action="append", required=True, metavar="NAME:TOOL:CPU[:SCHEDULE]")
    compiling.add_argument("--dtype", choices=cpu.DTYPES, default="bf16")
    compiling.add_argument("--lengths", type=int, nargs="+", default=[512, 1024, 2048])
    compiling.add_argument("--dims", type=int, nargs="+", default=[64, 128])
    compiling.add_argument("--dynamic", action="store_true", help="all sizes but the head dimension at run time")
    compiling.add_argument("--queries", type=int, help="as many as keys, by default")
    compiling.add_argument("--groups", type=int, nargs="+", default=[1], help="query heads for each key head")
    compiling.add_argument("--peaks", metavar="CC", help="compile measurements of bandwidth, by this command")
    compiling.add_argument("--masks", nargs="+", choices=("full", "causal"), default=["full", "causal"])
    running = commands.add_parser("run")
    running.add_argument("--seconds", type=float, default=60, help="for all cells together, about")
    running.add_argument("--threads", type=int, default=1)
    running.add_argument("--offset", type=int, default=0, metavar="BYTES",
                         help="where inputs begin behind a line of the cache")
    running.add_argument("--no-peers", dest="peers", action="store_false", help="ours alone")
    running.add_argument("--cpu-time", action="store_true", help="what the process computes, on a busy machine")
    running.add_argument("--output", help="also write the results as JSON")
    options = parser.parse_args()
    return compile_cells(options) if options.command == "compile" else run_cells(options)


if __name__ == "__main__":
    sys.exit(main())
