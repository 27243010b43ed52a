#!/usr/bin/env python3
"""Writes what gpu.py measured as a table and a plot.

  benchmarks/report.py benchmarks/results/DATE-gpu-forward.json

puts the table between two marks of docs/Performance.md (a new file, or the end of
one, if they are not there) and the plot into docs/performance-gpu-forward.svg.
"""

import argparse
import json
import math
import pathlib

import gpu

DOCS = pathlib.Path(__file__).resolve().parent.parent / "docs"
BEGIN, END = "<!-- gpu-forward: begin -->", "<!-- gpu-forward: end -->"
NAMES = {"ours": "attn-mlir", "fa3": "FlashAttention-3", "cudnn": "cuDNN", "fa2": "FlashAttention-2"}
COLOURS = {"ours": "#d62728", "fa3": "#1f77b4", "cudnn": "#2ca02c", "fa2": "#999999"}
WAYS = ("cold", "burst")

# ---------------------------------------------------------------------------
# The table
# ---------------------------------------------------------------------------


def format_version(report):
    device = report["device"]
    return (
        f"{device.get('name', 'unknown GPU')}, driver {device.get('driver_version', 'unknown')}, "
        f"power limit {device.get('power.limit', 'unknown')}, clock after the run "
        f"{report.get('device_after', {}).get('clocks.sm', 'unknown')}, "
        f"PyTorch {report['torch']}, cuDNN {report['cudnn']}, {report['date']}"
    )


def format_ceiling(report):
    def median(way):
        values = sorted(ceiling[way] for ceiling in report["ceiling"])
        return f"{values[len(values) // 2]:.0f}"

    return f"{median('cold')} cold, {median('burst')} in bursts"


def write_table(report):
    lines = [
        BEGIN,
        f"TFLOP/s, forward, {report['dtype']}, B * S = {report['tokens']}, H * D = "
        f"{report['width']}, cold / burst ({report['burst']} launches back to back), in one "
        f"process, in turn. {format_version(report)}. cuBLAS 8192^3 in the same process: "
        f"{format_ceiling(report)}.",
        "",
        "| | S | " + " | ".join(NAMES.values()) + " | ours / best peer |",
        "|---|--:|" + "--:|" * (len(NAMES) + 1),
    ]
    for cell in report["cells"]:
        figures = []
        for name in NAMES:
            values = [cell[f"{way}_tflops"].get(name) for way in WAYS]
            figures.append(" / ".join(f"{v:.0f}" if v else "-" for v in values))
        ratios = []
        for way in WAYS:
            peers = [v for n, v in cell[f"{way}_tflops"].items() if n != "ours"]
            ratios.append(f"{cell[f'{way}_tflops']['ours'] / max(peers):.2f}")
        kind = "causal" if cell["causal"] else "full"
        lines.append(
            f"| D{cell['dim']} {kind} | {cell['length']} | " + " | ".join(figures)
            + f" | {' / '.join(ratios)} |"
        )
    lines.append("")
    for way in WAYS:
        for peers in (("fa3", "cudnn"), ("fa3",), ("cudnn",), ("fa2",)):
            ratio = gpu.get_ratio(report["cells"], way, peers)
            if ratio:
                names = " or ".join(NAMES[peer] for peer in peers)
                lines.append(
                    f"- {way}: ours / {names}: {ratio[0]:.3f} in geomean, {ratio[1]:.3f} at least"
                )
    lines += ["", "![forward](performance-gpu-forward.svg)", "",
              f"Command: `benchmarks/{report['command']}`", END]
    return "\n".join(lines)


def put_between_marks(path, text, title):
    """Replaces what is between the marks that `text` begins and ends with, or makes a
    section of it."""
    begin, end = (text.splitlines()[i] for i in (0, -1))
    old = path.read_text() if path.exists() else "# Performance\n\n"
    if begin in old:
        before, rest = old.split(begin, 1)
        after = rest.split(end, 1)[1]
    else:
        before, after = old.rstrip("\n") + f"\n\n## {title}\n\n", "\n"
    path.write_text(before + text + after)


# ---------------------------------------------------------------------------
# The plot
# ---------------------------------------------------------------------------

PANEL_WIDTH, PANEL_HEIGHT, GAP, LEFT, TOP = 300, 220, 60, 60, 70


class Panel:
    def __init__(self, x, y, lengths, top):
        self.x, self.y, self.lengths, self.top = x, y, lengths, top

    def locate(self, length, value):
        low, high = (math.log2(f(self.lengths)) for f in (min, max))
        across = (math.log2(length) - low) / max(high - low, 1)
        return (self.x + across * PANEL_WIDTH,
                self.y + PANEL_HEIGHT * (1 - value / self.top))


def draw_panel(panel, title, cells, way):
    out = [f'<text x="{panel.x}" y="{panel.y - 8}" font-weight="bold">{title}</text>']
    step = 200
    for value in range(0, int(panel.top) + 1, step):
        _, y = panel.locate(panel.lengths[0], value)
        out.append(f'<line x1="{panel.x}" x2="{panel.x + PANEL_WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        out.append(f'<text x="{panel.x - 6}" y="{y + 4:.1f}" text-anchor="end">{value}</text>')
    for length in panel.lengths:
        x, y = panel.locate(length, 0)
        label = f"{length // 1024}k" if length >= 1024 else str(length)
        out.append(f'<text x="{x:.1f}" y="{y + 16:.1f}" text-anchor="middle">{label}</text>')
    for name in reversed(list(NAMES)):
        points = [
            panel.locate(cell["length"], cell[f"{way}_tflops"][name])
            for cell in cells if name in cell[f"{way}_tflops"]
        ]
        if not points:
            continue
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{COLOURS[name]}"/>' for x, y in points]
    return out


def write_plot(report, way="cold"):
    dims = sorted({cell["dim"] for cell in report["cells"]})
    lengths = sorted({cell["length"] for cell in report["cells"]})
    highest = max(max(cell[f"{way}_tflops"].values()) for cell in report["cells"])
    width = LEFT + len(dims) * (PANEL_WIDTH + GAP)
    height = TOP + 2 * (PANEL_HEIGHT + GAP)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{LEFT}" y="20" font-size="14">Forward, {report["dtype"]}, {way}: TFLOP/s over '
        f'the length, {report["device"].get("name", "")}</text>',
    ]
    for number, (name, label) in enumerate(NAMES.items()):
        x = LEFT + 150 * number
        out.append(f'<rect x="{x}" y="30" width="12" height="12" fill="{COLOURS[name]}"/>')
        out.append(f'<text x="{x + 18}" y="41">{label}</text>')
    for row, causal in enumerate((False, True)):
        for column, dim in enumerate(dims):
            panel = Panel(LEFT + column * (PANEL_WIDTH + GAP), TOP + row * (PANEL_HEIGHT + GAP),
                          lengths, highest * 1.05)
            cells = [c for c in report["cells"] if c["dim"] == dim and c["causal"] == causal]
            out += draw_panel(panel, f"D{dim} {'causal' if causal else 'full'}", cells, way)
    return "\n".join(out + ["</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", help="JSON file of gpu.py")
    parser.add_argument("--docs", type=pathlib.Path, default=DOCS)
    options = parser.parse_args()
    report = json.loads(pathlib.Path(options.results).read_text())
    put_between_marks(options.docs / "Performance.md", write_table(report),
                      "Forward on Hopper")
    (options.docs / "performance-gpu-forward.svg").write_text(write_plot(report))


if __name__ == "__main__":
    main()
