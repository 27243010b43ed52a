# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ragged batches: each sequence as a case of its own."""

import dataclasses

import numpy as np


def get_ends(lengths):
    """Cumulative lengths."""
    return np.concatenate([[0], np.cumsum(np.array(lengths, np.int64))]).astype(np.int64)


def _split_form(form, place):
    """The form without the dimension of sequences, and whether it has one; `place`
    counts it from the end."""
    if form is None or len(form) < place:
        return form, None
    at = len(form) - place
    return form[:at] + form[at + 1 :], form[at]


def _take(array, letter, place, sequence):
    """What the sequence has of an operand."""
    if letter is None:
        return array
    return np.take(array, sequence if letter == "x" else 0, axis=array.ndim - place)


def _cut(array, form, sizes):
    """The last dimensions as long as the sequence, unless they are one for all."""
    for place, size in enumerate(reversed(sizes), 1):
        if len(form) >= place and form[-place] == "x":
            array = np.take(array, range(size), axis=array.ndim - place)
    return array


def split(case, arrays):
    """For each sequence: its slices of queries and keys, its case and its arrays."""
    query_ends, key_ends = (get_ends(lengths) for lengths in case.lengths)
    pair_place = 4 if case.heads else 3
    for n, (lq, lk) in enumerate(zip(*case.lengths)):
        queries = slice(query_ends[n], query_ends[n + 1])
        keys = slice(key_ends[n], key_ends[n + 1])
        forms, parts = {}, dict(arrays)
        for name, rows in (("query", queries), ("key", keys), ("value", keys)):
            parts[name] = arrays[name][..., rows, :].copy()
        for name, place in (("bias", pair_place), ("mask", pair_place), ("key_lengths", 1)):
            form = getattr(case, name)
            forms[name], letter = _split_form(form, place)
            if form is not None:
                parts[name] = _take(arrays[name], letter, place, n)
        for name in ("bias", "mask"):
            if forms[name] is not None:
                parts[name] = _cut(parts[name], forms[name], (lq, lk))
        if case.has_documents:
            for name, rows in (("query_documents", queries), ("key_documents", keys)):
                if getattr(case, name)[-1:] == "x":
                    parts[name] = arrays[name][..., rows]
        part = dataclasses.replace(
            case, lq=lq, lk=lk, lengths=None, sequence=n, **forms
        )
        yield queries, keys, part, parts
