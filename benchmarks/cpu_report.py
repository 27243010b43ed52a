#!/usr/bin/env python3
"""Writes what cpu.py measured as tables and a plot.

  benchmarks/cpu_report.py benchmarks/results/DATE-cpu-NAME.json

puts the tables between two marks of docs/Performance.md (at its end, if they are not
there) and the plot into docs/performance-cpu-NAME.svg.
"""

import argparse
import json
import math
import pathlib
import re
import statistics

DOCS = pathlib.Path(__file__).resolve().parent.parent / "docs"
NAMES = {"ours": "attn-mlir", "pytorch": "PyTorch", "openvino": "OpenVINO", "onnxruntime": "ONNX Runtime"}
COLOURS = {"ours": "#d62728", "pytorch": "#1f77b4", "openvino": "#2ca02c", "onnxruntime": "#9467bd"}
LSCPU = ("Model name", "CPU family", "Model", "CPU(s)", "Thread(s) per core", "L1d cache", "L2 cache", "L3 cache",
         "Hypervisor vendor")


def get_gflops(cell, milliseconds):
    pairs = cell["queries"] * cell["keys"] * (0.5 if cell["causal"] else 1)
    return 4 * 8 * pairs * cell["dim"] / milliseconds * 1e-6


def get_peak(report, dtype):
    key = "bf16_gflops" if dtype == "bf16" and report["peaks"][0]["bf16_gflops"] else "f32_gflops"
    return max(peak[key] for peak in report["peaks"])


def format_times(cell, name):
    entry = cell["times"].get(name)
    return f"{entry['median_ms']:.2f} / {entry['min_ms']:.2f}" if entry else "-"


def format_ratio(cell, names):
    peers = [cell["times"][name]["median_ms"] for name in names if name in cell["times"]]
    return f"{min(peers) / cell['times']['ours']['median_ms']:.2f}" if peers else "-"


def write_cells(report, threads):
    lines = [
        f"{threads} thread{'s' if threads > 1 else ''}, B 1, H 8, milliseconds, median / least; how many times "
        "our median PyTorch takes, and the better of the others; ours relative to the peak of the unit that "
        "multiplies (least time).",
        "",
        "| | S | " + " | ".join(NAMES.values()) + " | PyTorch / ours | best other / ours | of the peak |",
        "|---|--:|" + "--:|" * (len(NAMES) + 3),
    ]
    for cell in report["cells"]:
        if cell["threads"] != threads:
            continue
        kind = f"{cell['dtype']} D{cell['dim']} {'causal' if cell['causal'] else 'full'}"
        gflops = get_gflops(cell, cell["times"]["ours"]["min_ms"])
        share = gflops / (get_peak(report, cell["dtype"]) * threads)
        lines.append(
            f"| {kind} | {cell['keys']} | " + " | ".join(format_times(cell, name) for name in NAMES)
            + f" | {format_ratio(cell, ['pytorch'])} | {format_ratio(cell, ['openvino', 'onnxruntime'])} | {share:.2f} |"
        )
    return lines


def write_decode(report):
    bandwidth = max(peak["read_gb_per_s"] for peak in report["peaks"])
    lines = [
        f"Decoding, H 8, Lk 8192, D 128: as above; GB/s of keys and values (median), of which one thread reads "
        f"{bandwidth:.0f} from memory. What fits the last cache is read faster.",
        "",
        "| | Lq | threads | " + " | ".join(NAMES.values()) + " | PyTorch / ours | GB/s |",
        "|---|--:|--:|" + "--:|" * (len(NAMES) + 2),
    ]
    for cell in report["decode"]:
        size = 2 * 8 * cell["keys"] * cell["dim"] * (4 if cell["dtype"] == "f32" else 2)
        rate = size / cell["times"]["ours"]["median_ms"] * 1e-6
        lines.append(
            f"| {cell['dtype']} | {cell['queries']} | {cell['threads']} | "
            + " | ".join(format_times(cell, name) for name in NAMES)
            + f" | {format_ratio(cell, ['pytorch'])} | {rate:.1f} |"
        )
    return lines


def write_variants(report):
    lines = ["What a change of logits costs, S 1024, D 64, one thread, relative to none (medians): a bias in f32 and "
             "a mask of booleans, both [S, S], softcap 30, ALiBi as a score region.", "",
             "| | bias | mask | softcap | ALiBi |", "|---|--:|--:|--:|--:|"]
    for row in report["variants"]:
        base = row["times"]["none"]["median_ms"]
        lines.append(f"| {row['dtype']} | " + " | ".join(
            f"{row['times'][name]['median_ms'] / base:.2f}" for name in ("bias", "mask", "softcap", "alibi")) + " |")
    return lines


def write_modules(report):
    lines = ["The tutorial's CausalSelfAttention (8 heads, width 512, 1024 tokens, f32), projections included: "
             "milliseconds, median / least.", "",
             "| threads | attn-mlir | PyTorch | torch.compile |", "|--:|--:|--:|--:|"]
    for row in report["modules"]:
        lines.append(f"| {row['threads']} | "
                     + " | ".join(format_times(row, name) for name in ("ours", "pytorch", "torch.compile")) + " |")
    return lines


def write_tables(report, name):
    cpu = ", ".join(f"{key} {report['cpu'][key]}" for key in LSCPU if key in report["cpu"])
    versions = ", ".join(f"{key} {value}" for key, value in report["versions"].items())
    sizes = [cell["bytes"] for cell in report["cells"]]
    peaks = "; ".join(
        f"{label} {statistics.median(p[key] for p in report['peaks']):.0f} GFLOP/s" for label, key in
        (("f32 FMA", "f32_gflops"), ("bf16 pairs", "bf16_gflops")) if report["peaks"][0][key]
    )
    lines = [f"{cpu} (`lscpu`). {versions}. {report['date']}. In one process, in turn, on a machine that others "
             f"used too: with more than one thread, ratios are worth more than times. Peaks of one thread in the "
             f"same process: {peaks}. OpenVINO computes f16 in bf16, with 19 times our error (3.9e-3 against 2.1e-4, "
             "relative to f64): not the same problem.", ""]
    for threads in sorted({cell["threads"] for cell in report["cells"]}):
        lines += write_cells(report, threads) + [""]
    lines += write_decode(report) + [""] + write_variants(report) + [""]
    if report.get("modules"):
        lines += write_modules(report) + [""]
    lines.append(f"A shared object has {max(sizes) / 1000:.0f} kB at most.")
    lines += ["", f"![cpu](performance-cpu-{name}.svg)", "", f"Command: `{report['command']}`"]
    return "\n".join(lines)


def put_between_marks(path, name, title, text):
    begin, end = f"<!-- cpu-{name}: begin -->", f"<!-- cpu-{name}: end -->"
    old = path.read_text() if path.exists() else "# Performance\n"
    if begin in old:
        before, rest = old.split(begin, 1)
        after = rest.split(end, 1)[1]
    else:
        before, after = old.rstrip("\n") + f"\n\n## {title}\n\n", "\n"
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}")


# ---------------------------------------------------------------------------
# The plot: GFLOP/s on one thread, a panel for each type and head dimension
# ---------------------------------------------------------------------------

WIDTH, HEIGHT, GAP, LEFT, TOP = 280, 200, 60, 60, 80


def write_plot(report):
    cells = [cell for cell in report["cells"] if cell["threads"] == 1]
    dtypes = list(dict.fromkeys(cell["dtype"] for cell in cells))
    dims = sorted({cell["dim"] for cell in cells})
    lengths = sorted({cell["keys"] for cell in cells})
    low, high = math.log2(lengths[0]), math.log2(lengths[-1])
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + len(dtypes) * (WIDTH + GAP)}" '
        f'height="{TOP + len(dims) * (HEIGHT + GAP)}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{LEFT}" y="20" font-size="14">GFLOP/s over the length, one thread, '
        f'{report["cpu"].get("Model name", "")}: full (lines), causal (dashes)</text>',
    ]
    for number, (name, label) in enumerate(NAMES.items()):
        x = LEFT + 150 * number
        out.append(f'<rect x="{x}" y="32" width="12" height="12" fill="{COLOURS[name]}"/>')
        out.append(f'<text x="{x + 18}" y="43">{label}</text>')
    for column, dtype in enumerate(dtypes):
        top = get_peak(report, dtype)
        for row, dim in enumerate(dims):
            x0, y0 = LEFT + column * (WIDTH + GAP), TOP + row * (HEIGHT + GAP)

            def locate(length, value):
                across = (math.log2(length) - low) / max(high - low, 1)
                return x0 + across * WIDTH, y0 + HEIGHT * (1 - value / top)

            out.append(f'<text x="{x0}" y="{y0 - 8}" font-weight="bold">{dtype} D{dim}</text>')
            for part in range(5):
                _, y = locate(lengths[0], top * part / 4)
                out.append(f'<line x1="{x0}" x2="{x0 + WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
                out.append(f'<text x="{x0 - 6}" y="{y + 4:.1f}" text-anchor="end">{top * part / 4:.0f}</text>')
            for length in lengths:
                x, y = locate(length, 0)
                out.append(f'<text x="{x:.1f}" y="{y + 16:.1f}" text-anchor="middle">{length}</text>')
            for name in reversed(list(NAMES)):
                for causal in (False, True):
                    points = [
                        locate(cell["keys"], get_gflops(cell, cell["times"][name]["min_ms"]))
                        for cell in cells
                        if (cell["dtype"], cell["dim"], cell["causal"]) == (dtype, dim, causal) and name in cell["times"]
                    ]
                    if points:
                        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
                        dashes = ' stroke-dasharray="5 4"' if causal else ""
                        out.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"{dashes}/>')
    return "\n".join(out + ["</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", help="JSON file of cpu.py")
    parser.add_argument("--docs", type=pathlib.Path, default=DOCS)
    options = parser.parse_args()
    results = pathlib.Path(options.results)
    report = json.loads(results.read_text())
    name = re.sub(r"^[\d-]+-cpu-", "", results.stem)
    put_between_marks(options.docs / "Performance.md", name, f"CPU: {name}", write_tables(report, name))
    (options.docs / f"performance-cpu-{name}.svg").write_text(write_plot(report))


if __name__ == "__main__":
    main()
