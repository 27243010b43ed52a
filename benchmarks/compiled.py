#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times whole models that attn-compile makes a library of, beside PyTorch.

  benchmarks/compiled.py compile --output DIR [--cpu CPU]
  cd DIR; python3 compiled.py run --output results.json

The models of modules.py with random weights, all of which are arguments: exported by
torch-mlir to linalg (utils/requirements-models.txt), where attention is found, and
compiled ahead of time for one CPU. `run` needs PyTorch only, and may be on another
machine. Eager and Inductor (a C++ compiler) take turns with ours, all on the threads of
PyTorch's OpenMP; medians in milliseconds, the ratio is the better of theirs to ours.
Errors are relative to the same weights in f64, by Frobenius norms.
"""

import argparse
import copy
import ctypes
import datetime
import json
import pathlib
import shutil
import subprocess
import sys
import time

import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import cpu
import cpu_peers
import modules

TYPES = {"f32": torch.float32, "bf16": torch.bfloat16}
NUMBERS = {torch.float32: 3, torch.bfloat16: 2, torch.int64: 9}
FILES = ("compiled.py", "modules.py", "cpu.py", "cpu_peers.py")


def make_model(name, length, layers):
    torch.manual_seed(0)
    model = modules.MODELS[name](length).eval()
    model.layers = type(model.layers)(*model.layers[:layers]) if isinstance(
        model.layers, torch.nn.Sequential) else torch.nn.ModuleList(list(model.layers)[:layers])
    return model


def make_input(name, batch, length, dtype):
    if name == "vit":
        return torch.randn(batch, 3, 224, 224).to(dtype)
    return torch.randint(30000, (batch, length))


def get_state(model):
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


class Call(torch.nn.Module):
    """A model whose weights are arguments behind its input."""

    def __init__(self, model):
        super().__init__()
        # Not a submodule, whose weights would be constants.
        self.model, self.names = [model], list(get_state(model))

    def forward(self, x, *weights):
        return torch.func.functional_call(self.model[0], dict(zip(self.names, weights)), (x,))


def name_case(name, dtype, batch, length):
    return f"{name}-{dtype}-{batch}x{length}"


def compile_all(options):
    from torch._decomp import get_decompositions
    from torch_mlir import fx

    options.output.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        shutil.copy(HERE / file, options.output)
    cases = []
    for name in options.models:
        for dtype in options.dtypes:
            length = 197 if name == "vit" else options.length
            model = make_model(name, length, options.layers).to(TYPES[dtype])
            inputs = (make_input(name, options.batch, length, TYPES[dtype]), *get_state(model).values())
            program = torch.export.export(Call(model), inputs, strict=False)
            # torch-mlir's own GELU by tanh has a constant of four digits.
            program = program.run_decompositions(get_decompositions([torch.ops.aten.gelu]))
            case = name_case(name, dtype, options.batch, length)
            module = options.output / f"{case}.mlir"
            module.write_text(str(fx.export_and_import(program, output_type="linalg-on-tensors", func_name="main")))
            start = time.perf_counter()
            subprocess.run([options.attn_compile, str(module), "-o", str(options.output / f"{case}.so"),
                            "--cpu", options.cpu], check=True)
            seconds = time.perf_counter() - start
            if not options.keep:
                module.unlink()
            cases.append({"model": name, "dtype": dtype, "batch": options.batch, "length": length,
                          "layers": options.layers, "compile_seconds": seconds})
            print(f"{case}: compiled in {seconds:.1f} s", flush=True)
    (options.output / "cases.json").write_text(json.dumps(cases, indent=1))


def view(tensor):
    shape = (ctypes.c_int64 * tensor.dim())(*tensor.shape)
    return cpu.Tensor(tensor.data_ptr(), shape, tensor.dim(), NUMBERS[tensor.dtype], None)


def find_thread_team():
    """GOMP_parallel of PyTorch's own OpenMP, whose threads spin in the way of others."""
    for line in open("/proc/self/maps"):
        path = line.split()[-1]
        if pathlib.Path(path).name.startswith(("libgomp", "libiomp", "libomp")):
            return ctypes.cast(ctypes.CDLL(path).GOMP_parallel, ctypes.c_void_p)
    return None


def bind(library, tensors, output, threads):
    """A call of a library's function."""
    loaded = ctypes.CDLL(str(library))
    loaded.attn_main_error.restype = ctypes.c_char_p
    loaded.attn_main_set_num_threads(threads)
    loaded.attn_main_set_thread_team(find_thread_team())
    inputs = (cpu.Tensor * len(tensors))(*map(view, tensors))
    outputs = (cpu.Tensor * 1)(view(output))

    def call():
        if loaded.attn_main(inputs, len(tensors), outputs, 1):
            raise RuntimeError(loaded.attn_main_error().decode())

    return call


def measure_case(case, options):
    """The case with its times and errors."""
    torch._dynamo.reset()
    name, length, dtype = case["model"], case["length"], TYPES[case["dtype"]]
    model = make_model(name, length, case["layers"]).to(dtype)
    x = make_input(name, case["batch"], length, dtype)
    wide = x.double() if x.is_floating_point() else x
    with torch.inference_mode():
        exact = copy.deepcopy(model).double()(wide)
        # As it was compiled.
        tensors = [x, *(t.detach().contiguous() for t in get_state(model).values())]
        result = torch.full(exact.shape, float("nan"), dtype=dtype)
        library = HERE / f"{name_case(name, case['dtype'], case['batch'], length)}.so"
        contenders = {"eager": lambda: model(x), "attn": bind(library, tensors, result, torch.get_num_threads())}
        contenders["attn"]()
        results = {"attn": result.double(), "eager": model(x).double()}
        if not options.no_inductor:
            compiled = torch.compile(model)
            contenders["inductor"] = lambda: compiled(x)
            results["inductor"] = compiled(x).double()
        errors = {n: ((r - exact).norm() / exact.norm()).item() for n, r in results.items()}
        times = cpu.time_in_turn(contenders, budget=options.seconds)
    others = min(t["median_ms"] for n, t in times.items() if n != "attn")
    return {**case, "times": times, "errors": errors, "ratio": others / times["attn"]["median_ms"]}


def run(options):
    if options.threads:
        torch.set_num_threads(options.threads)
    report = {"date": datetime.date.today().isoformat(), "cpu": cpu_peers.get_lscpu(), "threads": torch.get_num_threads(), "torch": torch.__version__,
              "command": " ".join(["compiled.py", *sys.argv[1:]]), "cells": []}
    failed = 0
    for case in json.loads((HERE / "cases.json").read_text()):
        cell = measure_case(case, options)
        report["cells"].append(cell)
        if options.output:
            options.output.write_text(json.dumps(report, indent=1) + "\n")
        medians = ", ".join(f"{n} {t['median_ms']:.1f}" for n, t in cell["times"].items())
        print(f"{cell['model']} {cell['dtype']} {cell['batch']} x {cell['length']}: {medians} ms, ratio "
              f"{cell['ratio']:.2f}, error {cell['errors']['attn']:.1e} (eager {cell['errors']['eager']:.1e})", flush=True)
        if not cell["errors"]["attn"] <= 4 * cell["errors"]["eager"]:
            print("  WRONG: more than four times the error of eager")
            failed += 1
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    compile_ = commands.add_parser("compile", help="make the libraries")
    compile_.add_argument("--output", type=pathlib.Path, required=True, metavar="DIR")
    compile_.add_argument("--attn-compile", default="attn-compile")
    compile_.add_argument("--cpu", default="native")
    compile_.add_argument("--models", nargs="+", choices=list(modules.MODELS), default=list(modules.MODELS))
    compile_.add_argument("--dtypes", nargs="+", choices=list(TYPES), default=["f32"])
    compile_.add_argument("--batch", type=int, default=1)
    compile_.add_argument("--length", type=int, default=512, help="tokens; ViT has 197")
    compile_.add_argument("--layers", type=int, default=12)
    compile_.add_argument("--keep", action="store_true", help="keep the modules")
    time_ = commands.add_parser("run", help="time them")
    time_.add_argument("--output", type=pathlib.Path, metavar="FILE")
    time_.add_argument("--threads", type=int, help="of all contenders (default: PyTorch's)")
    time_.add_argument("--seconds", type=float, default=5.0, help="for each contender of a case")
    time_.add_argument("--no-inductor", action="store_true")
    options = parser.parse_args()
    return compile_all(options) if options.command == "compile" else run(options)


if __name__ == "__main__":
    sys.exit(main())
