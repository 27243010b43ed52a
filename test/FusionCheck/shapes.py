# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The graph shapes in which attention is spelled, each with where it comes from.

  shapes.py > shapes.mlir
  shapes.py docs/Fusion.md    # is every shape in its tables?

`In` names patterns of PyTorch Inductor's fuse_attention.py. Every function must be
fused (`test.fused`) and carries a CHECK line for what must be recognised.
"""

import pathlib
import re
import sys

import shapes_logits  # noqa: F401
import shapes_masks  # noqa: F401
import shapes_operands  # noqa: F401
import shapes_softmax  # noqa: F401
import shapes_uses  # noqa: F401
from graph import SHAPES, Graph


# Shapes in which something else than attention is computed: negated and converted
# masks, gathered biases, what comes before, other uses. Nothing is left in the others.
WITH_MORE = {
    "bias_bert", "bias_from_matmul", "bias_gathered", "bias_in_pieces", "cache", "cache_inserted", "keys_returned",
    "layout_padded_heads", "lengths_behind", "lengths_decode", "lengths_either", "lengths_finite", "lengths_float", "lengths_gathered",
    "lengths_inclusive", "lengths_of_heads", "lengths_offset", "lengths_rank3_causal",
    "lengths_rank3_sinks", "lengths_scalar", "lengths_strided",
    "lengths_subtracted", "lengths_two", "lengths_unsigned", "lse_masked",
    "mask_distilbert", "mask_filled_1e30", "mask_filled_1e4", "mask_filled_1e9", "mask_filled_finfo_min",
    "mask_filled_inf", "mask_filled_jax", "max_f16", "max_grouped", "max_sink", "max_sum_clamped", "max_sum_exp2",
    "max_sum_kept_dims", "max_sum_returned", "max_used_before", "output_used", "query_key_normalised", "rotary", "rotary_interleaved",
    "softmax_one", "types_fp8",
}


def get_absent(name, check):
    """What must not be left in a function: computations, and copies; matrices of
    queries and keys where the mask is a structure."""
    absent = [] if name in WITH_MORE else ["{{linalg[.]|tensor[.](concat|pad|insert_slice)}}"]
    if check and check.startswith("structure("):
        absent.append("5x7x")
    if not check or "key_lengths" not in check:
        absent.append("key_lengths")
    return "".join(f"// CHECK-NOT: {text}\n" for text in absent)


def check_page(path):
    """Every shape is in the tables of the page, and what is there is a shape."""
    tables = pathlib.Path(path).read_text().split("## What is not fused")[0]
    documented = {name for row in tables.splitlines() if row.startswith("|")
                  for name in re.findall(r"`([a-z0-9_]+)`", row.rsplit("|", 2)[-2])}
    # These two are in files of their own.
    documented -= {"no_maximum_fast", "dynamic_batch"}
    names = {name for name, *_ in SHAPES}
    for name in sorted(names - documented):
        print(f"{path} misses {name}")
    for name in sorted(documented - names):
        print(f"{path} names {name}, which is no shape")
    sys.exit(names != documented)


def main():
    if len(sys.argv) > 1:
        check_page(sys.argv[1])
    for name, source, check, fused, sizes, build in SHAPES:
        graph = Graph(name, **sizes)
        text = graph.finish(build(graph), f"attributes {{test.fused = {fused} : i64}} ")
        print(f"// {source}")
        print(f"// CHECK-LABEL: func.func @{name}(")
        absent = get_absent(name, check)
        print(absent, end="")
        if check and "|" in check and "{{" not in check:
            check = "{{" + check.replace("(", "[(]") + "}}"
        if check and "[[:space:]]" in check:
            first, second = check.split("{{(.|[[:space:]])*}}")
            print(f"// CHECK: {first}\n// CHECK: {second}")
        elif check:
            print(f"// CHECK: {check}")
        print(absent + "// CHECK: return")
        print(text + "\n")


if __name__ == "__main__":
    main()
