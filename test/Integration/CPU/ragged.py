# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cases of ragged batches: sequences behind one another."""

from case import Case
from covering import cover_pairs, describe

# Queries and keys of each sequence, and rows of both behind the last one.
RAGGED = {
    "mixed": ((5, 0, 1, 37, 64, 3), (5, 4, 9, 37, 0, 130), (0, 0)),
    "tokens": ((1, 1, 1, 1, 0, 1), (700, 1, 33, 0, 513, 64), (0, 3)),
    "single": ((57,), (57,), (0, 0)),
    "longer": ((200, 3, 129, 16), (200, 77, 300, 17), (7, 5)),
    "shorter": ((40, 17, 2), (11, 17, 1), (0, 0)),
    "empty": ((0, 3, 0), (0, 0, 7), (4, 0)),
    "none": ((), (), (3, 5)),
}
# So many queries that a tile has several groups of them, but not all that it has room for.
TILES = ((300, 3, 0, 129, 500), (60, 77, 9, 300, 70), (1, 2))
# One query of many keys, which are split, beside others.
PARTS = ((1, 1, 0, 1, 3, 1, 1), (1300, 5, 40, 0, 700, 512, 513), (2, 1))


def make_ragged(lengths, **options):
    queries, keys, (more_queries, more_keys) = (RAGGED | {"parts": PARTS, "tiles": TILES})[lengths]
    return Case(
        lengths=(queries, keys), lq=sum(queries) + more_queries,
        lk=sum(keys) + more_keys, **options,
    )


def get_ragged_cases():
    """Beside all that depends on their lengths."""
    rows = cover_pairs(
        {
            "lengths": sorted(RAGGED),
            "structure": [
                (),
                (("causal", "top_left"),),
                (("causal", "bottom_right"),),
                (("window", 9, 3, "top_left"),),
                (("window", 40, 0, "bottom_right"),),
                (("prefix", 20, "bottom_right"),),
                (("document",),),
                (("causal", "top_left"), ("document",)),
            ],
            "dtype": ["f32", "f16", "bf16"],
            "group": [1, 4],
            "batch": [(), (2,)],
            "dynamic": ["", "ij", "s", "bhijs"],
            "lengths_dtype": ["i32", "i32", "i64", "index"],
            "masked_row": ["zero", "nan", "uniform"],
            "mask": [None, None, "xxxx", "x1xx", "1x", "1xx"],
            "bias": [None, None, "xxxx", "1xxx", "x1", "xx"],
            "key_lengths": [None, None, "x", "1", ""],
            "sinks": [None, None, "x"],
            "keep": [None, None, "stripe", "sequences", "heads"],
            "score": [None, None, "relative", "alibi", "matrix"],
            "softcap": [None, None, 5.0],
            "lse": [True, True, False],
            "outs": ["argument", "empty"],
            "data": ["normal", "poison"],
            "d": [8, 17, 64],
            "dv": [None, None, 40],
        },
        seed=29,
    )
    for number, row in enumerate(rows):
        group = row.pop("group")
        if row["sinks"]:
            row["masked_row"] = "zero"
        yield make_ragged(
            name=f"{number:02}-{row['lengths']}-{describe(row['structure'])}-"
            f"{row['dtype']}-g{group}-{row['dynamic'] or 'static'}-"
            f"{row['masked_row']}-{row['data']}",
            heads=(2 * group, 2), mask_density=0.6, **row,
        )
    causal = (("causal", "bottom_right"),)
    for lengths in ("mixed", "tokens", "longer"):
        yield make_ragged(lengths, name=f"rank2-{lengths}", batch=(), heads=None,
                          structure=causal, sinks="1", keep="sequences")
        yield make_ragged(lengths, name=f"rank5-{lengths}", batch=(2, 3),
                          heads=(4, 2), key_lengths="1xx", mask="x11xx",
                          dynamic="bhijs")
        # Slices of a sequence, among other dimensions of size 1.
        yield make_ragged(lengths, name=f"rank5-ones-{lengths}", batch=(1, 3),
                          heads=(4, 2), mask="1x1xx1", bias="1x1xx1",
                          dynamic="bhijs")
        for dtype in ("f64", "bf16"):
            yield make_ragged(lengths, name=f"{dtype}-{lengths}", dtype=dtype,
                              batch=(), heads=(4, 2), d=72, structure=causal,
                              masked_row="uniform", dynamic="bhijs")
        yield make_ragged(lengths, name=f"infinite-{lengths}", batch=(),
                          heads=(2, 2), structure=causal, data="infinite_values")
    for dtype in ("f32", "f16", "bf16"):
        yield make_ragged("tiles", name=f"tiles-{dtype}", dtype=dtype, batch=(),
                          heads=(12, 4), structure=causal, dynamic="bhijs", lse=True)
        yield make_ragged("parts", name=f"parts-{dtype}", dtype=dtype, batch=(2,),
                          heads=(4, 2), d=40, structure=causal, lse=True)
        yield make_ragged("parts", name=f"parts-growing-{dtype}", dtype=dtype, batch=(),
                          heads=(2, 2), d=64, data="growing", dynamic="bhijs")
        yield make_ragged("parts", name=f"parts-poison-{dtype}", dtype=dtype, batch=(),
                          heads=(4, 2), d=17, data="poison", mask="x1xx", mask_density=0.01,
                          key_lengths="x", sinks="x", dynamic="ij", lse=True)
        yield make_ragged("parts", name=f"parts-window-{dtype}", dtype=dtype, batch=(),
                          heads=(2, 1), d=8, structure=(("window", 600, 0, "bottom_right"),),
                          masked_row="nan", score="alibi")
