# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs docs/Tutorial.md."""

import json
import pathlib
import re
import sys
import xml.etree.ElementTree

import pytest

pytest.importorskip("torch")

ROOT = pathlib.Path(__file__).parents[2]
PAGE = ROOT / "docs" / "Tutorial.md"
sys.path.insert(0, str(ROOT / "utils"))
import draw_tutorial  # noqa: E402
import make_notebook  # noqa: E402


def test_notebook():
    """It is that of the page (./dev docs), and has all code of it."""
    text = PAGE.read_text()
    notebook = json.loads((ROOT / "docs" / "generated" / "Tutorial.ipynb").read_text())
    assert notebook == make_notebook.make_notebook(text, PAGE.parent)
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(code) == text.count("```python\n") and all(part in text for part in code)
    assert not any("```python" in "".join(cell["source"]) for cell in notebook["cells"])
    # A cell shows what it ends with.
    shown = [cell["source"][-1] for cell in notebook["cells"] if cell.get("outputs")]
    assert shown == [name for _, _, name in draw_tutorial.FIGURE.findall(text)]


def test_tutorial():
    """All blocks run, and draw the figures that the page shows: masks to the last
    letter, timings and losses as figures of their kind."""
    text = PAGE.read_text()
    assert len(draw_tutorial.BLOCK.findall(text)) > 10
    namespace = draw_tutorial.run_page(PAGE)
    figures = draw_tutorial.FIGURE.findall(text)
    assert [name for _, _, name in figures] == ["timing", "causal", "mask", "losses"]
    for _, file, name in figures:
        drawn, shown = namespace[name]._repr_svg_(), (PAGE.parent / file).read_text()
        if name in ("causal", "mask"):
            assert drawn == shown
        tags = [[element.tag for element in xml.etree.ElementTree.fromstring(svg)] for svg in (drawn, shown)]
        assert tags[0] == tags[1]
    # Both curves have a point for each step, and end below where they begin.
    for points in re.findall(r'polyline points="([^"]*)"', namespace["losses"]._repr_svg_()):
        places = [float(point.split(",")[1]) for point in points.split()]
        assert len(places) == 200 and places[-1] > places[0]
