"""Assembles kernels of many forms and fails on spills and on warnings of ptxas.

usage: ptxas.py PTXAS [NAME...]

A kernel spills if its registers were chosen badly; C7510 to C7519 say that ptxas
serialised the products, C7508 that it ignored the registers of the roles.
"""

import concurrent.futures
import re
import subprocess
import sys
import tempfile

F32_OUTPUT = "f32 output"
CAUSAL = "structure(#attn.causal<bottom_right>)"
ALIBI = """score(%s: f32, %b: index, %h: index, %i: index, %j: index) {
      %slope = memref.load %x0[%h] : memref<?xf32>
      %d = arith.subi %j, %i : index
      %n = arith.index_cast %d : index to i32
      %f = arith.sitofp %n : i32 to f32
      %a = arith.mulf %slope, %f : f32
      %t = arith.addf %s, %a : f32
      attn.yield %t : f32
    }"""
KEEP = """keep(%b: index, %h: index, %i: index, %j: index) {
      %sum = arith.addi %i, %j : index
      %c3 = arith.constant 3 : index
      %c0 = arith.constant 0 : index
      %rest = arith.remui %sum, %c3 : index
      %p = arith.cmpi ne, %rest, %c0 : index
      %r = scf.if %p -> (i1) {
        %e = arith.cmpi eq, %i, %j : index
        scf.yield %e : i1
      } else {
        scf.yield %p : i1
      }
      attn.yield %r : i1
    }"""

PREFIX = "structure(#attn.prefix<7>) "
BIAS_TYPE, MASK_TYPE = "memref<?x?x?x?xf32>", "memref<?x1x?x?xi1>"
BIAS, MASK = f"bias(%x0 : {BIAS_TYPE}) ", f"mask(%x1 : {MASK_TYPE}) "

# name: (D, Dv, type, form of the softmax, clauses, regions, types of %x0, ...)
CASES = {}
for softmax in ["standard", "optimistic"]:
    for dim in [64, 128, 256]:
        CASES[f"full-{dim}-{softmax}"] = (dim, dim, "bf16", softmax, "", "", [])
        CASES[f"causal-{dim}-{softmax}"] = (dim, dim, "bf16", softmax, CAUSAL, "", [])
CASES.update(
    {
        "f16": (128, 128, "f16", "auto", CAUSAL, "", []),
        "small": (8, 8, "bf16", "auto", "", "", []),
        "odd": (72, 40, "bf16", "auto", "", "", []),
        "wide-values": (64, 256, "bf16", "auto", "", "", []),
        "mla": (192, 128, "bf16", "auto", CAUSAL, "", []),
        "window": (64, 64, "bf16", "auto", "structure(#attn.window<100, 0>)", "", []),
        "window-128": (128, 128, "bf16", "auto", "structure(#attn.window<100, 3>)", "", []),
        "softcap": (128, 128, "bf16", "auto", "softcap = 30.0", "", []),
        "bias": (128, 128, "bf16", "auto", "bias(%x0 : memref<?x?x?x?xf32>)", "", ["memref<?x?x?x?xf32>"]),
        "mask": (64, 64, "bf16", "auto", "mask(%x0 : memref<?x1x1x?xi1>)", "", ["memref<?x1x1x?xi1>"]),
        "document": (
            128, 128, "bf16", "auto",
            "documents(%x0, %x1 : memref<?x?xi32>, memref<?x?xi32>) structure(#attn.document)",
            "", ["memref<?x?xi32>", "memref<?x?xi32>"],
        ),
        "alibi": (64, 64, "bf16", "auto", CAUSAL, ALIBI, ["memref<?xf32>"]),
        "f32-output": (128, 128, "bf16", "auto", F32_OUTPUT, "", []),
        "uniform": (128, 128, "f16", "auto", CAUSAL + " masked_row = uniform", "", []),
        "uniform-standard": (64, 64, "bf16", "standard", "masked_row = uniform", "", []),
        "sinks": (128, 128, "bf16", "auto", "sinks(%x0 : memref<?xf32>) " + CAUSAL, "", ["memref<?xf32>"]),
        "keep": (64, 64, "bf16", "auto", "", KEEP, []),
        # Of the groups of test/Integration/GPU: several masks and scores at a time.
        "mask-bias": (64, 64, "f16", "auto", BIAS + MASK + PREFIX, "", [BIAS_TYPE, MASK_TYPE]),
        "mask-bias-128": (128, 128, "bf16", "auto", BIAS + MASK, "", [BIAS_TYPE, MASK_TYPE]),
        "mask-keep": (40, 40, "bf16", "auto", MASK, KEEP, ["memref<1xi1>", MASK_TYPE]),
        # Kernels of warps, as on every GPU since sm_80: f32 by bf16x3.
        "f32-128": (128, 128, "f32", "auto", "", "", []),
        "f32-causal-128": (128, 128, "f32", "auto", CAUSAL, "", []),
        "f32-wide-values": (64, 96, "f32", "auto", CAUSAL, "", []),
        "f32-mask": (64, 64, "f32", "auto", MASK, "", ["memref<1xi1>", MASK_TYPE]),
    }
)


def get_module(case):
    dim, value_dim, element, _, clauses, regions, extra = case
    layout = "strided<[?, ?, ?, 1], offset: ?>"
    query = f"memref<?x?x?x{dim}x{element}, {layout}>"
    value = f"memref<?x?x?x{value_dim}x{element}, {layout}>"
    output = value.replace("bf16", "f32") if clauses == F32_OUTPUT else value
    clauses = clauses.replace(F32_OUTPUT, "")
    lse = "memref<?x?x?xf32>"
    arguments = "".join(f", %x{i}: {type}" for i, type in enumerate(extra))
    return f"""
func.func @f(%q: {query}, %k: {query}, %v: {value}, %o: {output}, %l: {lse}{arguments}) {{
  attn.sdpa query(%q : {query}) key(%k : {query}) value(%v : {value})
    {clauses} {regions} outs(%o, %l : {output}, {lse})
  return
}}
"""


def run(ptxas, name):
    """An error message, or nothing."""
    case = CASES[name]
    pipeline = f"--attn-lower-to-nvvm-pipeline=softmax={case[3]}"
    lowered = subprocess.run(
        ["attn-opt", pipeline], input=get_module(case), capture_output=True, text=True
    )
    if lowered.returncode:
        return lowered.stderr
    text = re.search(r'assembly = "((?:[^"\\]|\\.)*)"', lowered.stdout, re.S).group(1)
    text = re.sub(r"\\([0-9A-F]{2})", lambda code: chr(int(code.group(1), 16)), text)
    with tempfile.NamedTemporaryFile("w", suffix=".ptx") as file:
        file.write(text.split("\0")[0])
        file.flush()
        command = [ptxas, "-v", "-arch=sm_90a", file.name, "-o", "/dev/null"]
        assembled = subprocess.run(command, capture_output=True, text=True)
    report = assembled.stdout + assembled.stderr
    spills = re.findall(r"(\d+) bytes spill stores, (\d+) bytes spill loads", report)
    if assembled.returncode or not spills:
        return report
    if any(count != "0" for pair in spills for count in pair) or re.search(r"C75\d\d", report):
        return report
    return None


def main():
    ptxas, names = sys.argv[1], sys.argv[2:] or list(CASES)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, error in zip(names, pool.map(lambda name: run(ptxas, name), names)):
            if error:
                failed += 1
                print(f"{name}: {error}")
    print(f"{len(names) - failed} assembled, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
