#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times the search for attention in transformers of more and more layers.

  benchmarks/fusion.py --attn-opt build/bin/attn-opt --output results.json

Each layer is a norm, a causal attention spelled out with its projections, a norm
and a perceptron; with 48 layers the weights are 400 MB of resources, which nothing
reads. The module is read from bytecode. `raise` is the time of
attn-raise-pipeline as MLIR reports it, `process` that of attn-opt from start to
end, with reading and verifying; both are medians.
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "test" / "FusionCheck"))

from graph import Graph  # noqa: E402
from spell import INFINITY, Tensor  # noqa: E402

SIZES = dict(b=1, h=8, i=512, j=512, d=52, e=52, m=416, f=1664)


def weight(g, dims, resources):
    name = f"w{len(resources)}"
    count = 1
    for letter in dims:
        count *= g.sizes[letter]
    resources[name] = 4 * count
    type_ = g.type(dims, "f32")
    return Tensor(g.emit(f"arith.constant dense_resource<{name}> : {type_}"), dims, "f32")


def norm(g, x):
    squares = g.reduce(g.binary("arith.mulf", x, x), "m", "sum")
    scale = g.unary("math.rsqrt", g.with_constant("arith.addf", g.mul(squares, 1 / g.sizes["m"]), 1e-5))
    return g.binary("arith.mulf", x, scale)


def layer(g, x, resources):
    y = norm(g, x)
    keys = Tensor(y.name, "bjm", "f32")
    q = g.contract(y, weight(g, "mhd", resources), "bhid", "m")
    k = g.contract(keys, weight(g, "mhd", resources), "bhjd", "m")
    v = g.contract(keys, weight(g, "mhe", resources), "bhje", "m")
    o = g.attend(q, k, v, lambda s: g.select(g.compare("sge"), g.mul(s, g.sizes["d"] ** -0.5), -INFINITY))
    x = g.add(x, g.contract(o, weight(g, "hem", resources), "bim", "he"))
    hidden = g.unary("math.tanh", g.contract(norm(g, x), weight(g, "mf", resources), "bif", "m"))
    return g.add(x, g.contract(hidden, weight(g, "fm", resources), "bim", "f"))


def write(layers, file):
    g, resources = Graph("main", **SIZES), {}
    x = g.argument("bim", "f32")
    for _ in range(layers):
        x = layer(g, x, resources)
    file.write(g.finish(x) + "\n{-#\n  dialect_resources: {\n    builtin: {\n")
    for number, (name, size) in enumerate(resources.items()):
        file.write(f'      {name}: "0x04000000')
        file.write("00" * size)
        file.write('"' + (",\n" if number + 1 < len(resources) else "\n"))
    file.write("    }\n  }\n#-}\n")
    return sum(resources.values())


def measure(options, layers, directory):
    text, bytecode = directory / "model.mlir", directory / "model.mlirbc"
    with open(text, "w") as file:
        weights = write(layers, file)
    subprocess.run([options.attn_opt, text, "--emit-bytecode", "-o", bytecode], check=True)
    text.unlink()
    command = [options.attn_opt, bytecode, "--attn-raise-pipeline"]
    summary = subprocess.run(command + ["--attn-print-summary", "-o", "/dev/null", "--emit-bytecode"],
                             capture_output=True, text=True, check=True).stderr
    fused = int(re.search(r"(\d+) attn.sdpa", summary).group(1))
    if fused != layers:
        sys.exit(f"{fused} of {layers} attentions are fused:\n{summary}")
    passes, processes = [], []
    for _ in range(options.repeat):
        start = time.perf_counter()
        report = subprocess.run(command + ["--mlir-timing", "--mlir-timing-display=list", "-o", "/dev/null",
                                           "--emit-bytecode"], capture_output=True, text=True, check=True).stderr
        processes.append(time.perf_counter() - start)
        seconds = {}
        for time_, name in re.findall(r"(?m)^\s*([\d.]+) \([^)]*\)\s+(\w+)", report):
            seconds[name] = float(time_)
        passes.append(seconds["Pipeline"])
    bytecode.unlink()
    return {"layers": layers, "weights_mb": weights / 1e6, "fused": fused,
            "raise_s": statistics.median(passes), "process_s": statistics.median(processes)}


def get_cpu():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attn-opt", default="attn-opt")
    parser.add_argument("--layers", type=int, nargs="*", default=[6, 12, 24, 48])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--output", help="a file for the results as JSON")
    options = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as directory:
        for layers in options.layers:
            result = measure(options, layers, pathlib.Path(directory))
            results.append(result)
            print("{layers} layers, {weights_mb:.0f} MB of weights: raised in {raise_s:.3f} s, "
                  "{process_s:.3f} s in all".format(**result), flush=True)
    if options.output:
        with open(options.output, "w") as file:
            json.dump({"date": time.strftime("%Y-%m-%d", time.gmtime()), "cpu": get_cpu(), "results": results}, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
