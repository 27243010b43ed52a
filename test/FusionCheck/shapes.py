# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The graph shapes in which attention is spelled, each with where it comes from.

  shapes.py > shapes.mlir

`In` names patterns of PyTorch Inductor's fuse_attention.py. Every function must be
fused (`test.fused`) and carries a CHECK line for what must be recognised.
"""

import shapes_logits  # noqa: F401
import shapes_softmax  # noqa: F401
from graph import SHAPES, Graph


def main():
    for name, source, check, fused, sizes, build in SHAPES:
        graph = Graph(name, **sizes)
        text = graph.finish(build(graph), f"attributes {{test.fused = {fused} : i64}} ")
        print(f"// {source}")
        print(f"// CHECK-LABEL: func.func @{name}(")
        if check and "|" in check and "{{" not in check:
            check = "{{" + check.replace("(", "[(]") + "}}"
        if check and "[[:space:]]" in check:
            first, second = check.split("{{(.|[[:space:]])*}}")
            print(f"// CHECK: {first}\n// CHECK: {second}")
        elif check:
            print(f"// CHECK: {check}")
        print("// CHECK: return")
        print(text + "\n")


if __name__ == "__main__":
    main()
