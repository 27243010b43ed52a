#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the blocks of Python of a page, and writes the figures that they draw.

  ATTN_LIBRARY=build/lib/libAttnC.so PYTHONPATH=python utils/draw_tutorial.py docs/Tutorial.md

A page shows ![...](tutorial-NAME.svg), which is NAME once its blocks have run. The
files go beside the page. Then ./dev docs puts them into the notebook.
"""

import pathlib
import re
import sys

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FIGURE = re.compile(r"^!\[([^\]]*)\]\((tutorial-(\w+)\.svg)\)$", re.MULTILINE)


def run_page(path):
    """What the blocks leave behind, by name. Errors point at lines of the page."""
    text = path.read_text()
    namespace = {"__name__": "tutorial"}
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start(1))
        exec(compile("\n" * line + block[1], str(path), "exec"), namespace)
    return namespace


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    path = pathlib.Path(sys.argv[1])
    namespace = run_page(path)
    for _, file, name in FIGURE.findall(path.read_text()):
        (path.parent / file).write_text(namespace[name]._repr_svg_())
        print(path.parent / file)


if __name__ == "__main__":
    main()
