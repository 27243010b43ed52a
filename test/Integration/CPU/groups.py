# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The cases of the sweep, in groups that lit runs one by one.

Groups over many choices hold a covering array: every two choices of different
kinds meet in some case. All of them together would take days.
"""

import dataclasses
import itertools

from case import Case
from covering import DYNAMIC, cover_pairs, describe
from ragged import get_ragged_cases


def get_shape_cases():
    """Lengths, head dimensions, ranks, groups of heads, types."""
    lengths = [1, 2, 31, 33, 127, 1000]
    rows = cover_pairs(
        {
            "lq": lengths,
            "lk": lengths,
            "d": [1, 8, 40, 64, 80, 128, 256],
            "dv": [None, None, 1, 24, 96],
            "dtype": ["f32", "f16", "bf16"],
            "rank": [2, 3, 4, 5],
            "group": [1, 2, 8],
            "dynamic": sorted(DYNAMIC),
            "structure": [(), (("causal", "top_left"),), (("causal", "bottom_right"),)],
            "scale": [None, 0.3, "f32", "f16", "f64"],
            "lse": [False, True],
            "outs": ["argument", "empty"],
        },
        seed=1,
    )
    for number, row in enumerate(rows):
        rank, group = row.pop("rank"), row.pop("group")
        dynamic = row.pop("dynamic")
        large = row["lq"] * row["lk"] > 100000
        key_heads = 1 if large else 2
        batch = {2: (), 3: (), 4: (1 if large else 2,), 5: (1, 1) if large else (2, 3)}
        yield Case(
            name=f"{number:02}-r{rank}-lq{row['lq']}-lk{row['lk']}-d{row['d']}-"
            f"{row['dtype']}-g{group}-{dynamic}-{describe(row['structure'])}",
            batch=batch[rank],
            heads=None if rank == 2 else (group * key_heads, key_heads),
            dynamic=DYNAMIC[dynamic],
            **row,
        )


STRUCTURES = [
    (),
    (("causal", "top_left"),),
    (("causal", "bottom_right"),),
    (("window", 5, 0, "top_left"),),
    (("window", 16, -1, "bottom_right"),),
    (("window", -1, 3, "top_left"),),
    (("window", 40, 40, "bottom_right"),),
    (("window", 0, 0, "top_left"),),
    (("prefix", 7, "top_left"),),
    (("prefix", 40, "bottom_right"),),
    (("document",),),
    (("causal", "bottom_right"), ("window", 64, -1, "bottom_right")),
    (("causal", "top_left"), ("document",)),
    (("prefix", 70, "top_left"), ("window", 9, 70, "bottom_right"), ("document",)),
]


def get_mask_cases():
    """Every structure, with each other kind of mask, bias and policy."""
    lengths = [(33, 33), (33, 127), (127, 33), (1, 127), (200, 700), (500, 130)]
    rows = cover_pairs(
        {
            "structure": STRUCTURES,
            "lengths": lengths,
            "dtype": ["f32", "f16", "bf16"],
            "group": [1, 2, 8],
            "dynamic": ["static", "lengths", "dynamic"],
            "masked_row": ["zero", "nan", "uniform"],
            "mask": [None, None, "xxxx", "x1xx", "x1"],
            "bias": [None, None, "1xxx", "xx"],
            "keep": [None, None, "stripe"],
            "document_dtype": ["i32", "i64", "index"],
            "d": [8, 40, 64],
            "nest_structure": [False, True],
        },
        seed=2,
    )
    for number, row in enumerate(rows):
        lq, lk = row.pop("lengths")
        group = row.pop("group")
        dynamic = row.pop("dynamic")
        yield Case(
            name=f"{number:02}-{describe(row['structure'])}-lq{lq}-lk{lk}-"
            f"{row['dtype']}-g{group}-{dynamic}-{row['masked_row']}",
            batch=(2,),
            heads=(group, 1),
            lq=lq,
            lk=lk,
            dynamic=DYNAMIC[dynamic],
            **row,
        )


def get_broadcast_cases():
    """Every form of an operand that broadcasts."""
    forms = ["".join(letters) for rank in range(5)
             for letters in itertools.product("x1", repeat=rank)]
    dtypes = ["f32", "f16", "bf16", "f64"]
    for number, form in enumerate(forms):
        shared = dict(batch=(2,), heads=(4, 2), lq=19, lk=37, d=8)
        dynamic = ["", "bhij", "ij"][number % 3]
        yield Case(f"bias-{form or 'scalar'}", bias=form, dynamic=dynamic,
                   dtype=dtypes[number % 3], bias_dtype=dtypes[number % 4], **shared)
        yield Case(f"mask-{form or 'scalar'}", mask=form, dynamic=dynamic,
                   mask_density=0.5, dtype=dtypes[(number + 1) % 3], **shared)
    batches = [("x", "1", "1"), ("1", "x", "1"), ("1", "1", "x"), ("x", "x", "1"),
               ("1", "x", "x")]
    for query, key, value in batches:
        for dynamic in ("", "b", "bhij"):
            yield Case(
                f"batch-{query}{key}{value}-{dynamic or 'static'}", batch=(3,),
                heads=(4, 2), query_batch=query, key_batch=key, value_batch=value,
                dynamic=dynamic, mask="x11x", lq=9, lk=21, outs="empty",
            )
    yield Case("batches", batch=(2, 3), heads=(2, 1), query_batch="1x",
               key_batch="x1", value_batch="xx", bias="x1xx1", mask="1xx1x",
               dynamic="bij", lq=9, lk=21)
    documents = [("x", "x"), ("xx", "1x"), ("1x", "xx"), ("x", "xx"), ("x1", "xx"),
                 ("xx", "x1"), ("1", "1"), ("", "x")]
    for query, key in documents:
        yield Case(f"documents-{query}-{key}", batch=(2,), heads=(2, 1), lq=21,
                   lk=40, structure=(("document",),), query_documents=query,
                   key_documents=key, document_dtype="i64")
    yield Case("documents-rank2", batch=(), heads=None, lq=21, lk=40,
               structure=(("document",),), query_documents="x", key_documents="x")


def get_region_cases():
    """Score and keep regions, captured values, and what they meet."""
    import regions

    shared = dict(batch=(2,), heads=(4, 2), lq=37, lk=70, d=24)
    variants = [
        dict(dtype="f32"),
        dict(dtype="bf16", dynamic="bhij", structure=(("causal", "bottom_right"),)),
        dict(dtype="f16", softcap=5.0, bias="1xx", mask="x11x", dynamic="ij"),
        dict(dtype="f32", structure=(("window", 12, 3, "top_left"),), lq=90),
    ]
    for score in regions.SCORES:
        for number, variant in enumerate(variants):
            yield Case(f"score-{score}-{number}", score=score, **{**shared, **variant})
    for keep in regions.KEEPS:
        if keep == "sequences":
            continue  # of ragged batches
        for number, variant in enumerate(variants):
            yield Case(
                f"keep-{keep}-{number}", keep=keep,
                masked_row=["zero", "nan", "uniform"][number % 3],
                **{**shared, **variant},
            )
    yield Case("both", score="alibi", keep="lengths", **shared)
    yield Case("both-poison", score="relative", keep="bitmap", data="poison", **shared)
    yield Case("rank2", batch=(), heads=None, score="matrix", keep="limits")
    yield Case("rank3", batch=(), heads=(4, 2), score="alibi", keep="heads")
    yield Case("rank5", batch=(2, 2), heads=(4, 2), lq=9, lk=20, score="alibi",
               keep="lengths", dynamic="bhij")
    # The lanes behind the last query must not read behind the captured tensor:
    # that would be far outside of it.
    yield Case("tail-lanes-score", batch=(), heads=None, lq=1, lk=1000000, d=1,
               score="matrix", structure=(("window", 0, 900, "top_left"),))
    yield Case("tail-lanes-keep", batch=(), heads=None, lq=1, lk=3000000, d=1,
               keep="bitmap", structure=(("window", 0, 900, "top_left"),))


def get_numeric_cases():
    """Adversarial numbers."""
    shared = dict(batch=(2,), heads=(2, 1), lq=50, lk=150, d=32)
    causal = (("causal", "bottom_right"),)
    kinds = ["huge", "extreme", "tiny", "offset", "ties", "spike", "infinite",
             "infinite_values"]
    for kind in kinds:
        for dtype in ("f32", "f16", "bf16"):
            yield Case(f"{kind}-{dtype}", dtype=dtype, data=kind, **shared)
        yield Case(f"{kind}-causal", data=kind, structure=causal, **shared)
    for kind in ("huge", "extreme", "offset", "infinite"):
        yield Case(f"{kind}-softcap", data=kind, softcap=20.0, **shared)
        yield Case(f"{kind}-mask", data=kind, mask="xxxx", **shared)
    for number, masked_row in enumerate(("zero", "nan", "uniform")):
        for dtype in ("f32", "f16", "bf16"):
            common = dict(dtype=dtype, masked_row=masked_row, **shared)
            name = f"{masked_row}-{dtype}"
            yield Case(f"rows-{name}", mask="x1xx", mask_density=0.05, **common)
            yield Case(f"minus-infinity-{name}", bias="x1xx",
                       data="minus_infinity", **common)
            yield Case(f"nothing-kept-{name}", keep="never", **common)
            yield Case(f"early-rows-{name}", structure=causal,
                       **{**common, "lq": 150, "lk": 40})
    # NaN and infinity at masked positions of key and value.
    for dtype in ("f32", "f16", "bf16"):
        common = dict(dtype=dtype, data="poison", **shared)
        yield Case(f"poison-mask-{dtype}", mask="x11x", **common)
        yield Case(f"poison-mask-rows-{dtype}", mask="xxxx", mask_density=0.02,
                   **common)
        yield Case(f"poison-causal-{dtype}", structure=causal, **common)
        yield Case(f"poison-window-{dtype}", dynamic="bhij",
                   structure=(("window", 4, 2, "top_left"),), **common)
        yield Case(f"poison-document-{dtype}", structure=(("document",),), **common)
        yield Case(f"poison-keep-{dtype}", keep="lengths", **common)
        yield Case(f"poison-bias-{dtype}", bias="xx", mask="x11x", softcap=9.0,
                   structure=causal, **common)
    yield Case("poison-rank2", batch=(), heads=None, mask="1x", data="poison")


def get_schedule_cases():
    """What the forms of the softmax must survive (docs/Spec.md: exact under
    rescaling)."""
    shared = dict(batch=(1,), heads=(2, 1), lq=130, lk=700, d=64, outs="empty")
    # Tiles of several groups of queries, but not of all that they have room for, where
    # sizes are not known.
    for dtype in ("f32", "bf16", "f16"):
        for structure in ((), (("causal", "bottom_right"),), (("window", 20, 9, "top_left"),)):
            yield Case(f"tiles-{dtype}-{describe(structure)}", dtype=dtype, batch=(2,),
                       heads=(16, 4), lq=301, lk=170, d=24, structure=structure,
                       dynamic="bhij", masked_row="zero", lse=True)
    for dtype in ("bf16", "f16"):
        for data in ("growing", "first_block_low", "huge", "extreme", "ties", "tiny"):
            for structure in ((), (("causal", "bottom_right"),)):
                yield Case(
                    name=f"{data}-{dtype}-{describe(structure)}",
                    dtype=dtype, data=data, structure=structure, lse=True, **shared
                )
        # Columns that lag behind the keys by several parts of these, or by one.
        for dv in (48, 96, 128):
            yield Case(name=f"growing-{dtype}-dv{dv}-full", dtype=dtype, dv=dv,
                       data="growing", lse=True, **shared)
        # Several blocks, which have 1024 keys at most, and turns of values.
        for d in (64, 128):
            many = dict(shared, dtype=dtype, d=d, lk=2500, lse=True)
            for structure in ((), (("causal", "bottom_right"),),
                              (("window", 1300, 40, "bottom_right"),)):
                yield Case(name=f"many-keys-{dtype}-d{d}-{describe(structure)}",
                           data="growing", structure=structure, **many)
            yield Case(name=f"many-keys-{dtype}-d{d}-poison", data="poison",
                       structure=(("window", 1300, 40, "bottom_right"),), **many)
        yield Case(name=f"mask-late-{dtype}", dtype=dtype, mask="xx",
                   data="mask_late", lse=True, **shared)
        yield Case(name=f"bias-low-{dtype}", dtype=dtype, bias="xx",
                   bias_dtype="f32", data="bias_low", lse=True, **shared)


def get_empty_cases():
    """Dimensions of size zero."""
    for dynamic in ("", "bhij"):
        for masked_row in ("zero", "nan", "uniform"):
            shared = dict(batch=(2,), heads=(2, 1), d=8, dynamic=dynamic,
                          masked_row=masked_row)
            name = f"{dynamic or 'static'}-{masked_row}"
            yield Case(f"keys-{name}", lq=5, lk=0, **shared)
            yield Case(f"keys-causal-{name}", lq=40, lk=0, mask="xxxx", bias="xx",
                       structure=(("causal", "bottom_right"),), **shared)
        shared = dict(d=8, dynamic=dynamic)
        name = dynamic or "static"
        yield Case(f"queries-{name}", lq=0, lk=7, batch=(2,), heads=(2, 1), **shared)
        yield Case(f"lengths-{name}", lq=0, lk=0, batch=(2,), heads=(2, 1), **shared)
        yield Case(f"batch-{name}", batch=(0,), heads=(2, 1), **shared)
        yield Case(f"heads-{name}", batch=(2,), heads=(0, 0), **shared)
        yield Case(f"query-heads-{name}", batch=(2,), heads=(0, 2), **shared)
        yield Case(f"queries-rank2-{name}", lq=0, lk=7, batch=(), heads=None, **shared)


def get_type_cases():
    """f64, outputs of another type than the operands, large head dimensions."""
    rows = cover_pairs(
        {
            "dtype": ["f32", "f16", "bf16", "f64"],
            "out_dtype": ["f32", "f16", "bf16", "f64"],
            "bias_dtype": ["f32", "f16", "bf16", "f64"],
            "scale": [None, 0.2, "f16", "bf16", "f32", "f64"],
            "softcap": [None, 2.5],
            "masked_row": ["zero", "nan", "uniform"],
            "score": [None, "leaky", "affine"],
            "d": [5, 64],
        },
        seed=3,
    )
    for number, row in enumerate(rows):
        yield Case(
            name=f"{number:02}-{row['dtype']}-to-{row['out_dtype']}-bias-"
            f"{row['bias_dtype']}",
            batch=(2,), heads=(2, 1), bias="x1x1", mask="xxx",
            structure=(("causal", "bottom_right"),), lq=40, lk=30, **row,
        )
    for lq, lk, d in ((1, 1, 1), (33, 127, 64), (127, 33, 600)):
        for data in ("normal", "huge", "offset"):
            yield Case(f"f64-{lq}-{lk}-{d}-{data}", dtype="f64", lq=lq, lk=lk, d=d,
                       data=data)
    for data in ("tiny", "extreme", "infinite", "minus_infinity", "poison"):
        yield Case(f"f64-{data}", dtype="f64", batch=(2,), heads=(4, 2), bias="xx",
                   mask="x11x", data=data)
    yield Case("f64-document", dtype="f64", structure=(("document",),))
    for d, dv in ((512, 512), (3, 511), (600, 8), (8, 600)):
        yield Case(f"wide-{d}-{dv}", d=d, dv=dv, heads=(2, 1))


def get_sink_cases():
    """A logit more in the denominator, beside everything else."""
    rows = cover_pairs(
        {
            "structure": STRUCTURES[:4],
            "lengths": [(33, 33), (1, 127), (127, 40), (5, 0)],
            "dtype": ["f32", "f16", "bf16", "f64"],
            "group": [1, 4],
            "dynamic": ["static", "lengths", "dynamic"],
            "sinks": ["x", "1"],
            "sinks_dtype": [None, "bf16", "f32"],
            "data": ["normal", "minus_infinity", "large_sinks"],
            "mask": [None, "x1xx"],
            "bias": [None, "1xxx"],
            "keep": [None, "stripe"],
        },
        seed=5,
    )
    for number, row in enumerate(rows):
        lq, lk = row.pop("lengths")
        group = row.pop("group")
        dynamic = row.pop("dynamic")
        yield Case(
            name=f"{number:02}-{describe(row['structure'])}-lq{lq}-lk{lk}-"
            f"{row['dtype']}-g{group}-{dynamic}-{row['data']}",
            batch=(2,), heads=(group, 1), lq=lq, lk=lk, mask_density=0.3,
            dynamic=DYNAMIC[dynamic], **row,
        )
    yield Case("rank2", batch=(), heads=None, sinks="1", lse=True)
    yield Case("rank3", batch=(), heads=(6, 2), sinks="x", lse=True)


def get_length_cases():
    """Lengths of keys, each batch its own, beside all that depends on them."""
    rows = cover_pairs(
        {
            "structure": [
                (),
                (("causal", "top_left"),),
                (("causal", "bottom_right"),),
                (("window", 40, 40, "bottom_right"),),
                (("prefix", 40, "bottom_right"),),
                (("document",),),
            ],
            "lengths": [(33, 33), (1, 127), (200, 700), (130, 300), (5, 0)],
            "dtype": ["f32", "f16", "bf16"],
            "group": [1, 4],
            "dynamic": ["static", "lengths", "dynamic"],
            "key_lengths": ["x", "1", ""],
            "key_lengths_dtype": ["i32", "i64", "index"],
            "masked_row": ["zero", "nan", "uniform"],
            "mask": [None, None, "x1xx"],
            "bias": [None, "1xxx"],
            "keep": [None, None, "stripe"],
            "data": ["normal", "poison"],
            "d": [8, 64],
        },
        seed=6,
    )
    for number, row in enumerate(rows):
        lq, lk = row.pop("lengths")
        group = row.pop("group")
        dynamic = row.pop("dynamic")
        yield Case(
            name=f"{number:02}-{describe(row['structure'])}-lq{lq}-lk{lk}-"
            f"{row['dtype']}-{row['key_lengths'] or 'scalar'}-{dynamic}-"
            f"{row['masked_row']}-{row['data']}",
            batch=(3,), heads=(group, 1), lq=lq, lk=lk, dynamic=DYNAMIC[dynamic],
            **row,
        )
    causal = (("causal", "bottom_right"),)
    yield Case("rank2", batch=(), heads=None, key_lengths="", structure=causal)
    yield Case("rank3", batch=(), heads=(6, 2), key_lengths="", sinks="x")
    yield Case("rank5", batch=(2, 3), heads=(4, 2), key_lengths="xx", lk=150)
    yield Case("rank5-broadcast", batch=(2, 3), heads=(4, 2), key_lengths="1x",
               lk=150, dynamic="bhij")
    for dtype in ("f64", "bf16"):
        yield Case(f"large-{dtype}", dtype=dtype, batch=(4,), heads=(2, 2), lq=300,
                   lk=900, d=64, key_lengths="x", structure=causal, dynamic="bhij")


def get_decode_cases():
    """Few queries and many keys: columns in lanes, keys split."""
    rows = cover_pairs(
        {
            "lq": [1, 2, 3, 4, 5, 8, 9, 16],
            "lk": [1, 63, 512, 513, 1025, 2500],
            "d": [5, 16, 64, 72, 128],
            "dv": [None, None, 1, 40, 136],
            "dtype": ["f32", "f16", "bf16"],
            "group": [1, 4],
            "dynamic": ["static", "batch", "keys"],
            "structure": [(), (("causal", "bottom_right"),),
                          (("window", 700, 0, "bottom_right"),), (("document",),)],
            "masked_row": ["zero", "nan", "uniform"],
            "mask": [None, None, "xxxx", "1x"],
            "bias": [None, "xxxx", "x1"],
            "softcap": [None, None, 5.0],
            "key_lengths": [None, None, "x"],
            "sinks": [None, None, "x"],
            "data": ["normal", "poison"],
        },
        seed=17,
    )
    for number, row in enumerate(rows):
        group, dynamic = row.pop("group"), row.pop("dynamic")
        if row["sinks"]:
            row["masked_row"] = "zero"
        yield Case(
            name=f"{number:02}-lq{row['lq']}-lk{row['lk']}-d{row['d']}-{row['dtype']}-"
            f"g{group}-{dynamic}-{describe(row['structure'])}-{row['data']}",
            batch=(2,), heads=(2 * group, 2), mask_density=0.5,
            dynamic={"static": "", "batch": "b", "keys": "j"}[dynamic], **row,
        )


def get_grouped_cases():
    """Decoding with heads that share keys: they are queries of one head, where nothing
    else tells them apart."""
    rows = cover_pairs(
        {
            "lq": [1, 1, 2, 3],
            "group": [2, 4, 5, 8, 16],
            "lk": [0, 1, 77, 1025, 2500],
            "d": [5, 64, 128],
            "dv": [None, 1, 40],
            "dtype": ["f32", "f16", "bf16"],
            "lse": [True, False],
            "dynamic": ["", "b", "j"],
            "structure": [(), (("causal", "bottom_right"),)],
            "masked_row": ["zero", "nan", "uniform"],
            "mask": [None, "1x", "x11x", "xxxx"],
            "bias": [None, "1x", "x", "x1"],
            "softcap": [None, None, 5.0],
            "key_lengths": [None, "x"],
            "data": ["normal", "poison"],
        },
        seed=23,
    )
    for number, row in enumerate(rows):
        group = row.pop("group")
        yield Case(
            name=f"{number:02}-lq{row['lq']}-lk{row['lk']}-d{row['d']}-{row['dtype']}-"
            f"g{group}-{describe(row['structure'])}-{row['mask']}-{row['bias']}-{row['data']}",
            batch=(2,), heads=(2 * group, 2), mask_density=0.5, **row,
        )


GROUPS = {
    "broadcast": get_broadcast_cases,
    "decode": get_decode_cases,
    "empty": get_empty_cases,
    "grouped": get_grouped_cases,
    "lengths": get_length_cases,
    "masks": get_mask_cases,
    "numerics": get_numeric_cases,
    "ragged": get_ragged_cases,
    "regions": get_region_cases,
    "schedules": get_schedule_cases,
    "sinks": get_sink_cases,
    "shapes": get_shape_cases,
    "types": get_type_cases,
}


def is_supported(case, backend):
    """Whether the backend takes the case; flash computes in f32."""
    if backend != "flash":
        return True
    return case.dtype != "f64" and max(case.d, case.value_dim) <= 512


def get_cases(group, backend, seed=0):
    for case in GROUPS[group]():
        if is_supported(case, backend):
            yield dataclasses.replace(case, seed=seed)
