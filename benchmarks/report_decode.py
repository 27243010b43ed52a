#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes what gpu_decode.py measured as a table and a plot.

  benchmarks/report_decode.py benchmarks/results/DATE-gpu-decode.json [--before FILE]

puts the table between two marks of docs/Performance.md and the plot into
docs/performance-gpu-decode.svg. --before names results of an earlier state, whose
times become a column.
"""

import argparse
import json
import math
import pathlib

import report as forward

BEGIN, END = "<!-- gpu-decode: begin -->", "<!-- gpu-decode: end -->"
NAMES = {"ours": "attn-mlir", "sm90": "attn-mlir, sm_90", "fa2": "FlashAttention-2",
         "cudnn": "cuDNN"}
PEERS = ("fa2", "cudnn")
COLOURS = {**forward.COLOURS, "sm90": "#ff9896"}
PROBLEM = ("queries", "dim", "batch", "heads", "key_heads", "keys")


def get_problem(cell):
    return tuple(cell[key] for key in PROBLEM)


def get_ratio(cell):
    """The better peer's time to ours."""
    return min(cell["us"][peer] for peer in PEERS if peer in cell["us"]) / cell["us"]["ours"]


def write_table(report, before):
    device = report["device"]
    names = [name for name in NAMES if name in report["cells"][0]["us"]]
    header = ["Lq", "D", "B", "heads", "Lk"] + (["before"] if before else [])
    header += [NAMES[name] for name in names] + ["GB/s", "ratio"]
    lines = [
        BEGIN,
        f"Microseconds, forward, bf16, cold. {device.get('name', 'unknown GPU')}, driver "
        f"{device.get('driver_version', 'unknown')}, PyTorch {report['torch']}, "
        f"{report['date']}. GB/s: keys and values once, ours; ratio: the better of "
        "FlashAttention-2 and cuDNN to ours.",
        "",
        "| " + " | ".join(header) + " |",
        "|" + "--:|" * len(header),
    ]
    ratios = {}
    for cell in report["cells"]:
        queries, dim, batch, heads, key_heads, keys = get_problem(cell)
        row = [queries, dim, batch, f"{heads}/{key_heads}", keys]
        if before:
            row.append(f"{before[get_problem(cell)]:.1f}")
        row += [f"{cell['us'][name]:.1f}" for name in names]
        row += [f"{cell['gbs']['ours']:.0f}", f"{get_ratio(cell):.2f}"]
        lines.append("| " + " | ".join(map(str, row)) + " |")
        ratios.setdefault((queries, dim), []).append(get_ratio(cell))
    lines.append("")
    for (queries, dim), values in ratios.items():
        mean = math.exp(sum(map(math.log, values)) / len(values))
        lines.append(f"- Lq {queries}, D{dim}: ratio {mean:.2f} in geomean, {min(values):.2f} at least")
    lines += ["", "![decoding](performance-gpu-decode.svg)", END]
    return "\n".join(lines)


BAR, LEFT, TOP, WIDTH = 9, 190, 70, 420


def write_plot(report):
    """Bars of GB/s for each problem of one query."""
    cells = [cell for cell in report["cells"] if cell["queries"] == 1]
    names = [name for name in NAMES if name in cells[0]["us"]]
    highest = max(max(cell["gbs"].values()) for cell in cells)
    group = BAR * len(names) + 10
    height = TOP + group * len(cells) + 30
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 60}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{LEFT + WIDTH + 60}" height="{height}" fill="white"/>',
        '<text x="10" y="20" font-size="14">Decoding one token, bf16, cold: GB/s of keys and '
        f'values, {report["device"].get("name", "")}</text>',
    ]
    for number, name in enumerate(names):
        x = 10 + 150 * number
        out.append(f'<rect x="{x}" y="32" width="12" height="12" fill="{COLOURS[name]}"/>')
        out.append(f'<text x="{x + 18}" y="43">{NAMES[name]}</text>')
    for value in range(0, int(highest) + 1, 1000):
        x = LEFT + WIDTH * value / highest
        out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{height - 24}" stroke="#ddd"/>')
        out.append(f'<text x="{x:.1f}" y="{height - 8}" text-anchor="middle">{value}</text>')
    for row, cell in enumerate(cells):
        y = TOP + group * row
        _, dim, batch, heads, key_heads, keys = get_problem(cell)
        out.append(f'<text x="{LEFT - 8}" y="{y + BAR * len(names) / 2 + 4:.1f}" text-anchor="end">'
                   f'D{dim} B{batch} H{heads}/{key_heads} Lk {keys}</text>')
        for number, name in enumerate(names):
            length = WIDTH * cell["gbs"].get(name, 0) / highest
            out.append(f'<rect x="{LEFT}" y="{y + BAR * number}" width="{length:.1f}" '
                       f'height="{BAR - 1}" fill="{COLOURS[name]}"/>')
    return "\n".join(out + ["</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", help="JSON file of gpu_decode.py")
    parser.add_argument("--before", help="the same of an earlier state")
    parser.add_argument("--docs", type=pathlib.Path, default=forward.DOCS)
    options = parser.parse_args()
    report = json.loads(pathlib.Path(options.results).read_text())
    before = None
    if options.before:
        earlier = json.loads(pathlib.Path(options.before).read_text())
        before = {get_problem(cell): cell["us"]["ours"] for cell in earlier["cells"]}
    forward.put_between_marks(options.docs / "Performance.md", write_table(report, before),
                              "Decoding on GPUs")
    (options.docs / "performance-gpu-decode.svg").write_text(write_plot(report))


if __name__ == "__main__":
    main()
