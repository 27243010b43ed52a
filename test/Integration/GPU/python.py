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
carry. ptxas is Triton's, CUDA's or none (attn-c/Compiler.h, cuda_path). A test that
hangs, or breaks the GPU for its process, does not keep the others from running, and
failures are printed as they come.

    python3 python.py run attn-gpu.tar.xz --no-tests --no-timing --models "--budget 500 --output models.json"

times whole models on the CPU of that machine: benchmarks/models.py with these options.
"""

import argparse
import collections
import contextlib
import json
import lzma
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

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
    for name in ("python_timing.py", "python_watch.py"):
        files[f"gpu/{name}"] = pathlib.Path(__file__).with_name(name)
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


def read_results(path):
    """What python_watch.py wrote, by the names of tests: outcome (None: it has begun),
    seconds, text."""
    results = {}
    with contextlib.suppress(FileNotFoundError), open(path) as file:
        for line in file:
            # A process may have ended in the middle of the last one.
            if line.endswith("\n"):
                name, *result = json.loads(line)
                results[name] = result
    return results


class Share:
    """A process of tests, and those after it where one ends too early."""

    def __init__(self, place, environment, options, index):
        self.results = options.output / f"share{index}.json"
        self.log = open(options.output / f"share{index}.log", "ab")
        threads = max(1, (os.cpu_count() or 1) // options.jobs)
        self.environment = dict(
            environment, ATTN_WATCH_RESULTS=str(self.results), ATTN_WATCH_SHARE=f"{index}/{options.jobs}",
            ATTN_WATCH_TIMEOUT=str(options.timeout), OMP_NUM_THREADS=str(threads), TORCHINDUCTOR_COMPILE_THREADS="1",
            PYTHONPATH=os.pathsep.join([environment["PYTHONPATH"], str(place / "gpu")]),
            TORCHINDUCTOR_CACHE_DIR=str(place / f"inductor{index}"))
        tests = place / "python" / "tests"
        # What is newest first.
        files = sorted(tests.glob("test_cuda*.py"), reverse=True)
        self.command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "python_watch", "--rootdir", str(tests),
                        *map(str, files), "-k", options.only]
        self.cwd = tests
        self.start()

    def start(self):
        self.begun = len(read_results(self.results))
        self.process = subprocess.Popen(self.command, env=self.environment, cwd=self.cwd, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=subprocess.STDOUT, start_new_session=True)

    def is_done(self):
        """Whether nothing is left. Goes on after a test that ended the process."""
        if self.process.poll() is None:
            return False
        results = read_results(self.results)
        ended = [name for name, (outcome, *_) in results.items() if outcome is None]
        if len(results) == self.begun and self.process.returncode not in (0, 1, 5):
            print(f"{self.log.name}: pytest ended with {self.process.returncode} before it ran a test", flush=True)
            return True
        for name in ended:
            self.close(name, f"ended the process ({self.process.returncode}): it took too long, or crashed")
        if not ended and self.process.returncode in (0, 1, 5):
            return True
        self.start()
        return False

    def close(self, name, text):
        with open(self.results, "a") as file:
            file.write(json.dumps([name, "ended", 0, text]) + "\n")

    def kill(self):
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            for name, (outcome, *_) in read_results(self.results).items():
                if outcome is None:
                    self.close(name, "was running when the time was over")


def last_line(text):
    """What went wrong, of a traceback of pytest's."""
    lines = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")] or text.splitlines() or [""]
    return " | ".join(lines[:3])[:300]


def test(place, environment, options):
    begin = time.monotonic()
    shares = [Share(place, environment, options, index) for index in range(options.jobs)]
    waiting, said = list(shares), set()
    while waiting:
        is_over = time.monotonic() - begin > options.seconds
        for share in list(waiting):
            if is_over:
                share.kill()
            if is_over or share.is_done():
                waiting.remove(share)
            for name, (outcome, seconds, text) in read_results(share.results).items():
                if outcome in ("failed", "ended") and name not in said:
                    said.add(name)
                    print(f"{outcome.upper()} {name} ({seconds:.0f} s): {last_line(text)}", flush=True)
        time.sleep(0.5)
    results = {name: result for share in shares for name, result in read_results(share.results).items()}
    counts = collections.Counter(outcome for outcome, *_ in results.values())
    for reason, count in collections.Counter(text for outcome, _, text in results.values() if outcome == "skipped").items():
        print(f"skipped {count}: {reason}")
    slowest = sorted(((seconds, name) for name, (_, seconds, _) in results.items()), reverse=True)[:3]
    print("slowest: " + ", ".join(f"{name} {seconds:.0f} s" for seconds, name in slowest))
    print(f"tests of the GPU: {counts['passed']} passed, {counts['failed']} failed, {counts['ended']} ended the process, "
          f"{counts['skipped']} skipped in {time.monotonic() - begin:.0f} s{', when the time was over' if is_over else ''}", flush=True)
    return 0 if not is_over and counts["passed"] + counts["skipped"] == len(results) > 0 else 1


def run_for(seconds, command, **options):
    """The status of a process, which is killed when its time is over."""
    try:
        return subprocess.run(command, timeout=seconds, **options).returncode
    except subprocess.TimeoutExpired:
        print(f"killed after {seconds} s: {' '.join(map(str, command[1:3]))}", flush=True)
        return 1


def run(options):
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory)
        with tarfile.open(options.archive) as archive:
            archive.extractall(place, filter="data")
        environment = make_environment(place)
        if options.output is None:
            options.output = place / "output"
        options.output = options.output.resolve()
        options.output.mkdir(exist_ok=True, parents=True)
        status = 0 if options.no_tests else test(place, environment, options)
        if not options.no_timing:
            status |= run_for(options.timing_seconds, [sys.executable, str(place / "gpu" / "python_timing.py")], env=environment, cwd=place)
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
    running.add_argument("--jobs", type=int, default=8, help="processes of tests: most of the time is compilation")
    running.add_argument("--timeout", type=float, default=90, help="seconds that a test may take")
    running.add_argument("--seconds", type=float, default=400, help="that all tests may take")
    running.add_argument("--timing-seconds", type=float, default=170, help="that the timing may take")
    running.add_argument("--output", type=pathlib.Path, help="a directory for logs and results of the tests")
    running.add_argument("--no-tests", action="store_true")
    running.add_argument("--no-timing", action="store_true")
    running.add_argument("--models", metavar="OPTIONS", help="time whole models on the CPU: options of benchmarks/models.py")
    options = parser.parse_args()
    return pack(options) if options.command == "pack" else run(options)


if __name__ == "__main__":
    sys.exit(main())
