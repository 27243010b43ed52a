# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs docs/Tutorial.md."""

import importlib.util
import json
import pathlib
import re

import pytest

pytest.importorskip("torch")


ROOT = pathlib.Path(__file__).parents[2]


def test_notebook():
    """It is that of the page (./dev docs), and has all code of it."""
    specification = importlib.util.spec_from_file_location("make_notebook", ROOT / "utils" / "make_notebook.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    text = (ROOT / "docs" / "Tutorial.md").read_text()
    notebook = json.loads((ROOT / "docs" / "generated" / "Tutorial.ipynb").read_text())
    assert notebook == module.make_notebook(text)
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(code) == text.count("```python\n") and all(part in text for part in code)
    assert not any("```python" in "".join(cell["source"]) for cell in notebook["cells"])


def test_tutorial():
    path = ROOT / "docs" / "Tutorial.md"
    text = path.read_text()
    blocks = list(re.finditer(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))
    assert len(blocks) > 10
    namespace = {"__name__": "tutorial"}
    for block in blocks:
        # Errors point at lines of the page.
        line = text.count("\n", 0, block.start(1))
        exec(compile("\n" * line + block[1], str(path), "exec"), namespace)
