# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs docs/Tutorial.md."""

import pathlib
import re

import pytest

pytest.importorskip("torch")


def test_tutorial():
    path = pathlib.Path(__file__).parents[2] / "docs" / "Tutorial.md"
    text = path.read_text()
    blocks = list(re.finditer(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))
    assert len(blocks) > 10
    namespace = {"__name__": "tutorial"}
    for block in blocks:
        # Errors point at lines of the page.
        line = text.count("\n", 0, block.start(1))
        exec(compile("\n" * line + block[1], str(path), "exec"), namespace)
