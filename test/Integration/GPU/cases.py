# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The cases of the CPU's sweep in the types of tensor cores, and larger ones."""

import dataclasses
import itertools
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "CPU"))

import groups
from case import Case


def to_gpu(case, number):
    """The case in bf16 or f16; None if it is not for a GPU."""
    if case.dtype == "f64" or case.lk > 100000:
        return None
    dtype = case.dtype
    if dtype == "f32":
        dtype = ["bf16", "f16"][number % 2]
    out_dtype = None if case.out_dtype in (None, case.dtype) else case.out_dtype
    return dataclasses.replace(case, dtype=dtype, out_dtype=out_dtype, outs="empty")


def get_prefill_cases():
    """Lengths of several tiles, in the head dimensions that are tuned."""
    causal = (("causal", "top_left"),)
    window = (("window", 128, 0, "top_left"),)
    lengths = [(512, 512), (1000, 1000), (2048, 2048), (300, 1500)]
    number = 0
    for d, (lq, lk), structure in itertools.product(
        (64, 128, 256), lengths, ((), causal, window)
    ):
        number += 1
        yield Case(
            name=f"d{d}-lq{lq}-lk{lk}-{groups.describe(structure)}",
            dtype=["bf16", "f16"][number % 2],
            batch=(2,),
            heads=[(4, 4), (4, 2), (4, 1)][number % 3],
            lq=lq,
            lk=lk,
            d=d,
            structure=structure,
            dynamic=["bhij", ""][number % 2],
            lse=number % 4 == 0,
            outs="empty",
        )


def get_schedule_cases():
    yield from groups.get_schedule_cases()
    # Every block of a kernel has several tiles that are computed again.
    many = dict(batch=(4,), heads=(64, 64), lq=130, lk=300, outs="empty")
    for d in (64, 128, 256):
        yield Case(name=f"again-d{d}", data="last_block_low", dtype="bf16", d=d, **many)
    # Warps come apart where outputs are stored from registers, as those of another type
    # are, and then blocks go by that their consumer does not need.
    many = dict(batch=(8,), heads=(8, 8), lq=1030, lk=1030, out_dtype="f32", outs="empty")
    for d, structure in itertools.product(
        (64, 128), ((("causal", "top_left"),), (("window", 300, 0, "top_left"),))
    ):
        yield Case(
            name=f"apart-d{d}-{groups.describe(structure)}", dtype="bf16", d=d,
            structure=structure, **many,
        )
    # The last tile of a head has rows for some consumers only.
    many = dict(batch=(8,), heads=(8, 8), lk=1030, lse=True, outs="empty")
    for d, lq, out_dtype in itertools.product((64, 256), (200, 1030), (None, "f32")):
        yield Case(
            name=f"idle-d{d}-lq{lq}-{out_dtype}", dtype="bf16", out_dtype=out_dtype, d=d,
            lq=lq, dynamic=["i", ""][lq == 200], **many,
        )


def get_document_cases():
    """Documents of several tiles, and many in a tile, in order and in none."""
    document = ("document",)
    structures = ((document,), (("causal", "top_left"), document),
                  (("window", 200, 30, "bottom_right"), document))
    number = 0
    for structure, count, d in itertools.product(structures, (1, 3, 12, 300), (64, 128, 256)):
        number += 1
        yield Case(
            name=f"n{count}-d{d}-{groups.describe(structure)}",
            dtype=["bf16", "f16"][number % 2],
            batch=(2,),
            heads=(4, 2),
            lq=[1500, 1000, 515][number % 3],
            lk=[1500, 1300, 700][number % 3],
            d=d,
            structure=structure,
            document_dtype=["i32", "i64", "index"][number % 3],
            query_documents=["xx", "1x", "x"][number // 2 % 3],
            key_documents=["xx", "x", "1x"][number // 3 % 3],
            num_documents=count,
            shuffled_documents=number % 4 == 0,
            masked_row=["zero", "nan", "uniform"][number // 4 % 3],
            mask="xx" if number % 7 == 0 else None,
            key_lengths="x" if number % 5 == 0 else None,
            dynamic=["bhij", ""][number % 2],
            outs="empty",
        )


def get_split_cases():
    """f32, which tensor cores multiply as sums of bf16 or by tf32: one of three cases
    of the CPU's groups, and some of several tiles."""
    for group, make in groups.GROUPS.items():
        cases = [case for case in make() if case.dtype == "f32" and case.lk <= 100000]
        for case in cases[::3]:
            yield dataclasses.replace(
                case, name=f"{group}-{case.name}", out_dtype=None, outs="empty"
            )
    for d, structure in itertools.product((64, 128, 250), ((), (("causal", "top_left"),))):
        yield Case(
            name=f"d{d}-{groups.describe(structure)}", dtype="f32", batch=(2,),
            heads=(4, 2), lq=300, lk=1500, d=d, structure=structure, lse=True,
            outs="empty",
        )


def get_few_query_cases():
    """Decoding with any number of heads: keys are split, and heads of a group are rows of
    one tile where it has room."""
    rows = groups.cover_pairs(
        {
            "lq": [1, 1, 1, 2, 3, 7, 16, 21, 32, 64],
            "lk": [600, 1025, 5000, 40000],
            "heads": [(8, 8), (8, 2), (12, 4), (71, 1), (128, 1)],
            "d": [64, 128, 250],
            "dv": [None, None, 40],
            "dtype": ["bf16", "f16", "f32"],
            "out_dtype": [None, None, "f32"],
            "lse": [True, False],
            "structure": [(), (("causal", "bottom_right"),),
                          (("window", 700, 0, "bottom_right"),)],
            "masked_row": ["zero", "nan", "zero", "uniform"],
            "mask": [None, None, "1x", "x11x", "xxxx", "1xxx"],
            "bias": [None, None, "1x", "xxxx"],
            "softcap": [None, None, 5.0],
            "key_lengths": [None, None, "x"],
            "sinks": [None, None, "x"],
            "data": ["normal", "poison"],
        },
        seed=29,
    )
    for number, row in enumerate(rows):
        if row["sinks"]:
            row["masked_row"] = "zero"
        if row["lk"] > 10000:
            row.update(d=128, heads=(8, 2), bias=None)
        name = (f"{number:02}-lq{row['lq']}-lk{row['lk']}-d{row['d']}-{row['dtype']}-"
                f"h{row['heads'][0]}-{row['heads'][1]}-{groups.describe(row['structure'])}-"
                f"{row['mask']}-{row['bias']}-{row['data']}")
        yield Case(name=name, batch=(2,), dynamic=["bhj", "h", "bj"][number % 3],
                   mask_density=0.5, outs="empty", **row)
    # Splits of unequal lengths, whose log-sum-exps are equal in f32.
    for dtype, lq in itertools.product(("bf16", "f32"), (1, 4)):
        yield Case(name=f"lowest-{dtype}-lq{lq}", dtype=dtype, bias="xx", bias_dtype="f32",
                   data="bias_lowest", heads=(8, 1), lq=lq, lk=600, d=64, dynamic="hj",
                   outs="empty")


def get_packed_head_cases():
    """Heads that share keys as rows of one tile: how many have room is known late, or
    one has none; and what tells heads from one another."""
    rows = groups.cover_pairs(
        {
            "lq": [0, 1, 2, 5, 13, 21, 32, 33, 64, 65, 200],
            "lk": [0, 1, 70, 700, 3000],
            "heads": [(1, 1), (8, 2), (12, 4), (35, 5), (71, 1)],
            "d": [64, 128, 250],
            "dv": [None, None, 40],
            "dtype": ["bf16", "f16", "f32"],
            "out_dtype": [None, None, "f32"],
            "batch": [(2,), (2, 2)],
            "lse": [True, False],
            "structure": [(), (("causal", "bottom_right"),), (("causal", "top_left"),),
                          (("window", 60, 3, "bottom_right"),)],
            "masked_row": ["zero", "nan", "zero", "uniform"],
            "mask": [None, None, None, "x11x", "xxxx", "1xxx"],
            "bias": [None, None, None, "xxxx"],
            "score": [None, None, "alibi"],
            "keep": [None, None, None, "heads"],
            "key_lengths": [None, None, "x"],
            "sinks": [None, None, "x"],
            "data": ["normal", "poison"],
            "dynamic": ["i", "bhij", "hi"],
        },
        seed=31,
    )
    for number, row in enumerate(rows):
        if row["sinks"]:
            row["masked_row"] = "zero"
        if len(row["batch"]) == 2:
            row.update(mask=None, bias=None, key_lengths=None, keep=None)
        name = (f"{number:03}-lq{row['lq']}-lk{row['lk']}-d{row['d']}-{row['dtype']}-"
                f"h{row['heads'][0]}-{row['heads'][1]}-{groups.describe(row['structure'])}-"
                f"{row['mask']}-{row['score']}-{row['keep']}-{row['data']}")
        yield Case(name=name, mask_density=0.5, outs="empty", **row)


def get_key_split_cases():
    """One of five cases of other groups, their keys in three splits: many without keys,
    and more than there are blocks."""
    names = ("broadcast", "empty", "lengths", "masks", "numerics", "ragged", "regions",
             "schedules", "shapes", "sinks", "types", "documents", "prefill")
    for group in names:
        cases = [case for case in get_cases(group) if case.masked_row != "uniform"]
        for case in cases[::5]:
            yield dataclasses.replace(case, name=f"{group}-{case.name}")


GROUPS = {
    "documents": get_document_cases,
    "few-queries": get_few_query_cases,
    "key-splits": get_key_split_cases,
    "packed-heads": get_packed_head_cases,
    # The same, with two consumers.
    "grouped-heads": get_packed_head_cases,
    "prefill": get_prefill_cases,
    "schedules": get_schedule_cases,
    "split": get_split_cases,
    # The same, multiplied by tf32.
    "tf32": get_split_cases,
}
# Options of a group's kernels, before those of the command line.
KERNEL_OPTIONS = {
    "tf32": "f32=tf32",
    "key-splits": "key-splits=3",
    "packed-heads": "few-queries=on",
    "grouped-heads": "few-queries=grouped",
}


def get_cases(group):
    if group in GROUPS:
        yield from GROUPS[group]()
        return
    for number, case in enumerate(groups.GROUPS[group]()):
        case = to_gpu(case, number)
        if case:
            yield case


def get_group_names():
    return sorted({*groups.GROUPS, *GROUPS})
