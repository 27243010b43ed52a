#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes a notebook of a page: its blocks of Python are cells to run, and the figures
that it shows behind blocks are what those cells show.

  utils/make_notebook.py docs/Tutorial.md docs/generated/Tutorial.ipynb
"""

import json
import pathlib
import re
import sys

from draw_tutorial import BLOCK, FIGURE


def make_cell(kind, text, number):
    cell = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": text.splitlines(keepends=True)}
    if kind == "code":
        cell.update(execution_count=None, outputs=[])
    return cell


def make_output(title, svg):
    data = {"image/svg+xml": svg.splitlines(keepends=True), "text/plain": [title]}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def make_notebook(text, directory):
    """The notebook of a page whose figures are in the directory."""
    cells = []
    # What stands between blocks, and the blocks, in turns.
    for place, part in enumerate(BLOCK.split(text)):
        if place % 2 == 0 and cells:
            cells[-1]["outputs"] += [make_output(title, (directory / file).read_text()) for title, file, _ in FIGURE.findall(part)]
            part = FIGURE.sub("", part)
        if part.strip():
            cells.append(make_cell("code" if place % 2 else "markdown", part.strip("\n"), len(cells)))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    page = pathlib.Path(sys.argv[1])
    notebook = make_notebook(page.read_text(), page.parent)
    with open(sys.argv[2], "w") as file:
        json.dump(notebook, file, indent=1, ensure_ascii=False)
        file.write("\n")


if __name__ == "__main__":
    main()
