#!/usr/bin/env python3
"""Times ragged batches on the CPU beside dense ones of as many sequences.

A dense batch has as many products as the ragged one: its sequences have the length
whose square is the mean of the squares. Decoding (one query for each sequence) is
beside dense decoding with the mean number of keys. Both are compiled by attn-compile
and called in this process, in turn. A ratio above 1 says that the ragged batch takes
less time per product.

  benchmarks/cpu_ragged.py --attn-compile build/bin/attn-compile
"""

import argparse
import ctypes
import json
import pathlib
import platform
import subprocess
import sys
import tempfile

import numpy as np

from cpu import Tensor, encode, time_in_turn, view

CASES = {
    "uniform": ("32 of 1 to 512", lambda random: random.integers(1, 513, 32)),
    "short": ("64 of 1 to 64", lambda random: random.integers(1, 65, 64)),
    "skewed": ("1500 and 30 of 20 to 100", lambda random: np.append(1500, random.integers(20, 101, 30))),
    "long": ("4 of 512 to 4096", lambda random: random.integers(512, 4097, 4)),
    "decode": ("32 of 1 to 4096 keys", lambda random: random.integers(1, 4097, 32)),
}


class Program:
    """One function that attn-compile made, on given arrays."""

    def __init__(self, options, text, arrays, output, dtype, ends=()):
        with tempfile.TemporaryDirectory() as directory:
            module = pathlib.Path(directory) / "attention.mlir"
            library = pathlib.Path(directory) / "attention.so"
            module.write_text(text)
            subprocess.run([options.attn_compile, str(module), "-o", str(library)], check=True)
            self.library = ctypes.CDLL(str(library))
        self.library.attn_main_error.restype = ctypes.c_char_p
        self.library.attn_main_set_num_threads(options.threads)
        self.keep = (arrays, output, ends)
        inputs = [view(array, dtype) for array in arrays] + [view(array, "i32") for array in ends]
        self.inputs = (Tensor * len(inputs))(*inputs)
        self.outputs = (Tensor * 1)(view(output, dtype))

    def __call__(self):
        if self.library.attn_main(self.inputs, len(self.inputs), self.outputs, 1):
            sys.exit(f"cpu_ragged.py: {self.library.attn_main_error().decode()}")


def get_text(query, key, dtype, causal, is_ragged):
    """The op for shapes that are dynamic where sizes are a batch's own."""
    def get_type(shape):
        sizes = ["?", *map(str, shape[1:])] if not is_ragged else [str(shape[0]), "?", str(shape[2])]
        return f"tensor<{'x'.join(sizes)}x{dtype}>"

    q, k = get_type(query), get_type(key)
    dim = 1 if is_ragged else 0
    arguments, clause = f"%q: {q}, %k: {k}, %v: {k}", ""
    if is_ragged:
        arguments += ", %cq: tensor<?xi32>, %ck: tensor<?xi32>"
        clause = "cu_seqlens(%cq, %ck : tensor<?xi32>, tensor<?xi32>)"
    structure = "structure(#attn.causal<top_left>)" if causal else ""
    return f"""func.func @main({arguments}) -> {q} {{
  %d = arith.constant {dim} : index
  %n = tensor.dim %q, %d : {q}
  %init = tensor.empty(%n) : {q}
  %o = attn.sdpa query(%q : {q}) key(%k : {k}) value(%v : {k}) {clause} {structure} outs(%init : {q}) -> {q}
  return %o : {q}
}}
"""


def run_case(options, name, dtype, dim, causal):
    random = np.random.default_rng(options.seed)
    keys = CASES[name][1](random)
    is_decoding = name == "decode"
    queries = np.ones_like(keys) if is_decoding else keys
    products = int((queries * keys).sum())
    count, heads, key_heads = len(keys), options.heads, options.key_heads or options.heads
    length = round(keys.mean()) if is_decoding else round((products / count) ** 0.5)
    dense_products = count * length * (1 if is_decoding else length)

    def make(*shapes):
        arrays = [encode(random.standard_normal(shape, dtype=np.float32), dtype) for shape in shapes]
        return arrays, np.zeros(shapes[0], arrays[0].dtype)

    ragged_shapes = [(heads, int(queries.sum()), dim)] + 2 * [(key_heads, int(keys.sum()), dim)]
    dense_shapes = [(count, heads, 1 if is_decoding else length, dim)] + 2 * [(count, key_heads, length, dim)]
    ends = [np.append(0, lengths.cumsum()).astype(np.int32) for lengths in (queries, keys)]
    times = time_in_turn({
        "ragged": Program(options, get_text(*ragged_shapes[:2], dtype, causal, True), *make(*ragged_shapes), dtype, ends),
        "dense": Program(options, get_text(*dense_shapes[:2], dtype, causal, False), *make(*dense_shapes), dtype),
    })
    ratio = times["dense"]["median_ms"] / dense_products * products / times["ragged"]["median_ms"]
    return {"case": name, "lengths": keys.tolist(), "dtype": dtype, "dim": dim, "causal": causal, "heads": heads,
            "key_heads": key_heads, "dense_length": length, "times": times, "ratio": ratio,
            "ragged_gflops": 4e-6 * products * heads * dim / times["ragged"]["median_ms"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attn-compile", default="attn-compile", help="path of the tool")
    parser.add_argument("--case", action="append", choices=sorted(CASES), help="all by default")
    parser.add_argument("--dtype", action="append", choices=["f32", "f16", "bf16"], help="f32 and bf16 by default")
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--key-heads", type=int, help="as many as heads by default")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", help="where to write the medians, as JSON")
    options = parser.parse_args()
    results = []
    print(f"{'case':36} {'dtype':5} {'mask':6} {'ragged ms':>9} {'dense ms':>9} {'GFLOP/s':>8} {'ratio':>6}")
    for name in options.case or CASES:
        for dtype in options.dtype or ["f32", "bf16"]:
            for causal in ([False] if name == "decode" else [False, True]):
                result = run_case(options, name, dtype, options.dim, causal)
                results.append(result)
                times = result["times"]
                print(f"{CASES[name][0]:36} {dtype:5} {'causal' if causal else 'full':6} {times['ragged']['median_ms']:9.3f} "
                      f"{times['dense']['median_ms']:9.3f} {result['ragged_gflops']:8.1f} {result['ratio']:6.2f}", flush=True)
    if options.output:
        about = {"threads": options.threads, "machine": platform.processor(), "seed": options.seed}
        pathlib.Path(options.output).write_text(json.dumps({"about": about, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
