#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times whole models in PyTorch: eager, Inductor and backend="attn".

  ATTN_LIBRARY=build/lib/libAttnC.so PYTHONPATH=python benchmarks/models.py --output results.json
  benchmarks/models.py --report benchmarks/results/DATE-models-NAME.json

GPT-2 small, BERT base, a Llama of 150 million parameters with grouped heads and
ViT-B/16, with random weights and inputs and without heads: nothing is downloaded.
They are made of the configurations of transformers (utils/requirements-models.txt)
or, where that is not installed or with --modules own, of modules.py. Inference in
float32 on the CPU, shapes static. Inductor needs a C++ compiler. The runs of a case are
interleaved, one of each in turn, after one of each that is not counted. Medians in
milliseconds; the ratio is the better of the others to ours: above 1 ours is faster.
`fused` is how many of the attentions our backend took. The largest difference of
outputs from eager's is checked against Inductor's own.

Cases come by length, all models of one before the next. --budget ends the run before a
case that would not fit; a run with the same --output goes on where the last one ended,
on the same machine or on one like it.

--report puts the table between two marks of docs/Performance.md.
"""

import argparse
import datetime
import importlib.util
import json
import os
import pathlib
import platform
import statistics
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")

NAMES = ("eager", "inductor", "attn")
LENGTHS = (128, 512, 2048)


def make_gpt2(length):
    import transformers

    return transformers.GPT2Model(transformers.GPT2Config(n_positions=max(length, 1024), attn_implementation="sdpa"))


def make_bert(length):
    import transformers

    return transformers.BertModel(transformers.BertConfig(max_position_embeddings=max(length, 512), attn_implementation="sdpa"),
                                  add_pooling_layer=False)


def make_llama(length):
    import transformers

    return transformers.LlamaModel(transformers.LlamaConfig(
        vocab_size=32000, hidden_size=896, intermediate_size=2560, num_hidden_layers=12, num_attention_heads=14,
        num_key_value_heads=2, max_position_embeddings=length, attn_implementation="sdpa"))


def make_vit(_):
    import transformers

    return transformers.ViTModel(transformers.ViTConfig(attn_implementation="sdpa"), add_pooling_layer=False)


MODELS = {"gpt2": make_gpt2, "bert": make_bert, "llama": make_llama, "vit": make_vit}
# Of 224 x 224 pixels in patches of 16, and the class.
VIT_LENGTH = 197


def list_cases(quick):
    """(model, batch, length): what is cut off by a budget is cut off for all models."""
    cases = []
    for batch in (1,) if quick else (1, 8):
        cases += [(name, batch, length) for length in (LENGTHS[:2] if quick else LENGTHS) for name in MODELS if name != "vit"]
        cases.append(("vit", batch, VIT_LENGTH))
    return cases


def make_model(name, length, modules):
    if modules == "transformers":
        return MODELS[name](length).eval()
    import modules as own

    return own.MODELS[name](length).eval()


def make_call(name, modules, batch, length):
    """What calls a model, with inputs of its own."""
    import torch

    # Words that all vocabularies have.
    inputs = torch.randn(batch, 3, 224, 224) if name == "vit" else torch.randint(30000, (batch, length))
    if modules == "own":
        return lambda function: function(inputs)
    options = {"pixel_values" if name == "vit" else "input_ids": inputs}
    if name in ("gpt2", "llama"):
        options["use_cache"] = False
    return lambda function: function(**options).last_hidden_state


def measure(functions, seconds, least):
    """Medians of interleaved runs: as many as take so many seconds each."""
    times = {name: [] for name in functions}
    longest = 0.0
    turn = 0
    while turn < least + 1 or turn * longest < seconds and turn < 31:
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            elapsed = time.perf_counter() - start
            if turn:
                times[name].append(elapsed)
                longest = max(longest, statistics.median(times[name]))
        turn += 1
    return {name: {"median": statistics.median(values), "least": min(values), "runs": len(values)} for name, values in times.items()}


def measure_case(case, options, say):
    import torch
    from attn import _compile

    name, batch, length = case
    torch.manual_seed(0)
    torch._dynamo.reset()
    model = make_model(name, length, options.modules)
    call = make_call(name, options.modules, batch, length)
    attentions = []

    @_compile.takes_flex
    def ours(graph_module, example_inputs):
        attentions.extend(_compile.rewrite(graph_module))
        return _compile.backend(graph_module, example_inputs)

    functions, outputs, seconds = {}, {}, {}
    for label, function in (("eager", model), ("inductor", torch.compile(model, dynamic=False)),
                            ("attn", torch.compile(model, backend=ours, dynamic=False))):
        say(f"{name} {batch} x {length}: {'runs' if label == 'eager' else 'compiles'} {label}")
        start = time.perf_counter()
        outputs[label] = call(function)
        seconds[label] = time.perf_counter() - start
        functions[label] = lambda function=function: call(function)
    differences = {label: (outputs[label] - outputs["eager"]).abs().max().item() for label in ("inductor", "attn")}
    say(f"{name} {batch} x {length}: measures")
    return {
        "model": name, "batch": batch, "length": length, "parameters": sum(x.numel() for x in model.parameters()),
        "attentions": len(attentions), "fused": sum(attention.fused for attention in attentions),
        "reasons": sorted({attention.reason for attention in attentions if attention.reason}),
        "first_call": seconds, "differences": differences,
        "seconds": measure(functions, options.seconds, 3 if options.quick else 5),
    }


def get_ratio(cell):
    return min(cell["seconds"][name]["median"] for name in NAMES[:2]) / cell["seconds"]["attn"]["median"]


def describe_cpu():
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def is_wrong(cell):
    """Whether our outputs are farther from eager's than rounding explains."""
    return cell["differences"]["attn"] > 1e-4 + 10 * cell["differences"]["inductor"]


def describe_run(options):
    """What the cells of one report have in common."""
    import torch
    from attn import __version__, get_num_threads

    about = {"cpu": describe_cpu(), "threads": [torch.get_num_threads(), get_num_threads()], "torch": torch.__version__,
             "attn": __version__, "modules": options.modules, "transformers": None}
    if options.modules == "transformers":
        import transformers

        about["transformers"] = transformers.__version__
    return about


def resume(options, about):
    """The report that was begun, or a new one."""
    if options.output and options.output.exists():
        report = json.loads(options.output.read_text())
        differing = [name for name, value in about.items() if report.get(name) != value]
        if differing:
            sys.exit(f"{options.output} is of another run: " + ", ".join(
                f"{name} is {report.get(name)} there, {about[name]} here" for name in differing))
        return report
    return {"date": datetime.date.today().isoformat(), **about, "command": " ".join(["models.py", *sys.argv[1:]]), "cells": []}


def name_case(model, batch, length):
    return f"{model} {batch} x {length}"


def run(options):
    import torch
    from attn import set_num_threads

    begin = time.monotonic()
    if options.modules is None:
        options.modules = "transformers" if importlib.util.find_spec("transformers") else "own"
    if options.threads:
        set_num_threads(options.threads)
        torch.set_num_threads(options.threads)
    cases = [case for case in list_cases(options.quick) if options.only in name_case(*case)]
    if not cases:
        sys.exit(f"no case has '{options.only}' in its name, which are as 'gpt2 1 x 128'")
    report = resume(options, describe_run(options))
    done = {(cell["model"], cell["batch"], cell["length"]) for cell in report["cells"]}
    cases = [case for case in cases if case not in done]

    def say(text):
        print(f"[{time.monotonic() - begin:5.0f} s] {text}", file=sys.stderr, flush=True)

    print(f"{'case':18} {'eager':>9} {'inductor':>9} {'attn':>9} {'ratio':>6}  fused", flush=True)
    wrong, longest = [], 0.0
    for place, case in enumerate(cases):
        start = time.monotonic()
        if options.budget and place and start - begin + longest > options.budget:
            say(f"the time is over; {len(cases) - place} of {len(cases)} cases are left for another run")
            break
        say(f"case {place + 1} of {len(cases)}")
        with torch.no_grad():
            cell = measure_case(case, options, say)
        report["cells"].append(cell)
        if is_wrong(cell):
            wrong.append(name_case(*case))
        print(f"{name_case(*case):18} " + " ".join(f"{cell['seconds'][label]['median'] * 1e3:9.1f}" for label in NAMES)
              + f" {get_ratio(cell):6.2f}  {cell['fused']} of {cell['attentions']} {'; '.join(cell['reasons'])}".rstrip(), flush=True)
        # What was measured is not lost with what comes.
        if options.output:
            options.output.write_text(json.dumps(report, indent=1) + "\n")
        longest = max(longest, time.monotonic() - start)
    if wrong:
        sys.exit(f"outputs differ from eager's by more than rounding: {', '.join(wrong)}")


def write_table(report):
    titles = {"gpt2": "GPT-2 small", "bert": "BERT base", "llama": "Llama, 150 M", "vit": "ViT-B/16"}
    origin = f"transformers {report['transformers']}" if report["transformers"] else "modules of our own"
    lines = [
        f"Milliseconds, medians of interleaved runs; the better of the others to ours. {report['cpu']}, "
        f"{report['threads'][0]} threads, PyTorch {report['torch']}, {origin}, float32, inference, "
        f"random weights, no heads, {report['date']}.", "",
        "| | batch | length | eager | Inductor | `backend=\"attn\"` | ratio | fused |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for cell in sorted(report["cells"], key=lambda cell: (list(titles).index(cell["model"]), cell["batch"], cell["length"])):
        lines.append(f"| {titles[cell['model']]} | {cell['batch']} | {cell['length']} | "
                     + " | ".join(f"{cell['seconds'][name]['median'] * 1e3:.1f}" for name in NAMES)
                     + f" | {get_ratio(cell):.2f} | {cell['fused']} of {cell['attentions']} |")
    return "\n".join([*lines, "", f"Command: `benchmarks/{report['command']}`"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, help="where to write what was measured, as JSON; what is there is not measured again")
    parser.add_argument("--only", default="", help="cases with this in their name, as 'llama' or '1 x 128'")
    parser.add_argument("--quick", action="store_true", help="batch 1, two lengths, few runs")
    parser.add_argument("--seconds", type=float, default=20, help="how long each of the three runs in a case, five times at least")
    parser.add_argument("--budget", type=float, help="seconds for the whole run, one case at least")
    parser.add_argument("--modules", choices=("transformers", "own"), help="where models come from; transformers if it is installed")
    parser.add_argument("--threads", type=int, help="of both, in place of their defaults")
    parser.add_argument("--report", type=pathlib.Path, help="write docs/Performance.md by this file; measure nothing")
    parser.add_argument("--docs", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent / "docs")
    options = parser.parse_args()
    if options.quick:
        options.seconds = min(options.seconds, 3)
    if not options.report:
        return run(options)
    import cpu_report

    cpu_report.put_between_marks(options.docs / "Performance.md", "models", "Whole models on the CPU",
                                 write_table(json.loads(options.report.read_text())))


if __name__ == "__main__":
    main()
