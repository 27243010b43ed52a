# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Inputs of a case, adversarial ones included, and .npy files.

Floats are kept as float64 that holds what their type can represent.
"""

import ctypes
import math
import zlib

import numpy as np

import reference
import regions
import sequences

INTEGERS = {"i1": np.bool_, "i32": np.int32, "i64": np.int64, "index": np.int64}
FLOATS = {"f16": np.float16, "f32": np.float32, "f64": np.float64}

# ---------------------------------------------------------------------------
# Element types
# ---------------------------------------------------------------------------


def to_bf16_bits(array):
    """Rounds to the nearest bfloat16, ties to even."""
    array = np.asarray(array, np.float32)
    bits = np.frombuffer(array.tobytes(), np.uint32).reshape(array.shape)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    # Rounding would turn some NaN into infinity.
    return np.where(np.isnan(array), 0x7FC0, rounded).astype(np.uint16)


def from_bf16_bits(bits):
    wide = np.left_shift(bits, 16, dtype=np.uint32)
    values = np.frombuffer(wide.tobytes(), np.float32).reshape(bits.shape)
    return values.astype(np.float64)


def quantize(array, dtype):
    """The values that the type can represent, as float64."""
    array = np.asarray(array)
    if dtype in INTEGERS:
        return array.astype(INTEGERS[dtype])
    with np.errstate(all="ignore"):
        if dtype == "bf16":
            return from_bf16_bits(to_bf16_bits(array))
        return array.astype(FLOATS[dtype]).astype(np.float64)


# What the values of a type are as bits, and attn_dtype.
BITS = {**INTEGERS, **FLOATS, "i1": np.uint8, "bf16": np.uint16}
C_DTYPES = {"f16": 1, "bf16": 2, "f32": 3, "f64": 4, "i1": 5, "i32": 8, "i64": 9, "index": 9}


class Tensor(ctypes.Structure):
    """attn_tensor."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("rank", ctypes.c_int32),
        ("dtype", ctypes.c_int),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
    ]


def encode(array, dtype):
    """Values as bits that a C function takes."""
    with np.errstate(all="ignore"):
        if dtype == "bf16":
            return to_bf16_bits(array)
        return np.asarray(array).astype(BITS[dtype])


def decode(array, dtype):
    return from_bf16_bits(array) if dtype == "bf16" else array.astype(np.float64)


def write_npy(path, array, dtype):
    """Writes an array that `quantize` returned. bfloat16 becomes `<V2`, as
    ml_dtypes saves it."""
    with np.errstate(all="ignore"):
        if dtype == "bf16":
            data, descr = to_bf16_bits(array), "<V2"
        else:
            data = np.asarray(array).astype({**INTEGERS, **FLOATS}[dtype])
            descr = np.lib.format.dtype_to_descr(data.dtype)
    header = {"descr": descr, "fortran_order": False, "shape": data.shape}
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        file.write(np.ascontiguousarray(data).tobytes())


def read_npy(path, dtype):
    array = np.load(path)
    if dtype == "bf16":
        return from_bf16_bits(array.view(np.uint16))
    return array.astype(np.float64)


# ---------------------------------------------------------------------------
# Inputs
# ---------------------------------------------------------------------------

# Factors on query and key that make logits of the named size, by type.
HUGE = {"f16": 30.0, "bf16": 30.0, "f32": 30.0, "f64": 30.0}
EXTREME = {"f16": 2000.0, "bf16": 1e16, "f32": 1e16, "f64": 1e100}
TINY = {"f16": 1e-4, "bf16": 1e-20, "f32": 1e-20, "f64": 1e-150}


def make_floats(case, rng, shapes):
    """Query, key and value before masked positions are poisoned."""
    dtype = case.dtype
    query, key, value = (
        rng.standard_normal(shapes[name]) for name in ("query", "key", "value")
    )
    if case.data == "huge":
        query, key = query * HUGE[dtype], key * HUGE[dtype]
    elif case.data == "extreme":
        query, key = query * EXTREME[dtype], key * EXTREME[dtype]
    elif case.data == "tiny":
        query, key, value = (x * TINY[dtype] for x in (query, key, value))
    elif case.data == "offset":
        # All logits of a row near one large number.
        query, key = query * 0.1 + 16, key * 0.1 + 16
    elif case.data == "ties":
        query, key = np.ones_like(query), np.ones_like(key)
    elif case.data == "spike" and case.lk:
        # One key outweighs all others, somewhere else in every head.
        heads = key.reshape((-1,) + key.shape[-2:])
        for number, head in enumerate(heads):
            head[(7 * number + 3) % case.lk] = 50.0
        query = np.abs(query)
    elif case.data == "growing":
        # Each key outweighs all before it: every step of an online softmax
        # rescales, by 2^200 in all.
        growth = np.linspace(0, 30, case.lk)[:, None]
        query, key = np.abs(query), np.abs(key) * growth
    elif case.data == "first_block_low":
        # The first keys are by more than 2^127 below the others.
        sign = np.where(np.arange(case.lk) < 300, -20, 1)[:, None]
        query, key = np.abs(query), np.abs(key) * sign
    elif case.data == "last_block_low":
        # The same for kernels that go through the keys from the last one on.
        sign = np.where(np.arange(case.lk) < case.lk - 150, 1, -20)[:, None]
        query, key = np.abs(query), np.abs(key) * sign
    elif case.data == "infinite":
        # Logits that are NaN or infinite, for some queries only.
        query[..., 1::5, 0] = np.inf
        query[..., 2::7, 0] = np.nan
        key[..., 3::11, -1] = -np.inf
    elif case.data == "infinite_values":
        value[..., 2::9, :] = np.inf
        value[..., 4::13, 0] = np.nan
    return query, key, value


def poison_masked(case, arrays, rng):
    """NaN and infinities where masks must hide them: in keys and values that no
    query sees, and in a few that some queries see, so that exactly these become
    NaN."""
    keep = reference.get_keep(case, arrays)
    group = case.heads[0] // case.heads[1] if case.heads else 1
    for name, form in (("key", case.key_batch), ("value", case.value_batch)):
        array = arrays[name]
        # Whether any query sees a key, with the shape [B..., Hkv, Lk].
        seen = keep.any(axis=-2)
        if case.heads:
            seen = seen.reshape(
                seen.shape[:-2] + (case.heads[1], group, case.lk)
            ).any(axis=-2)
        for d, size in enumerate(case.get_batch(form)):
            if size == 1:
                seen = seen.any(axis=d, keepdims=True)
        hidden = ~seen
        array[hidden] = np.where(
            rng.random((int(hidden.sum()), 1)) < 0.5, np.nan, np.inf
        )
        if case.lk > 4:
            array[..., case.lk - 2, 0] = np.nan


def make_captured(case, name, dtype, shape, rng):
    sizes = () if shape is None else tuple(size for size, _ in shape)
    if name == "lengths":
        return rng.integers(0, case.lk + 1, sizes)
    if name == "limits":
        return rng.integers(-1, case.lk + 1, sizes)
    if dtype == "i1":
        return rng.random(sizes) < 0.6
    return quantize(rng.standard_normal(sizes), dtype)


def make_documents(case, rng, size, is_query):
    """Ids of documents; equal in their low 32 bits if they have more."""
    ids = rng.integers(0, case.num_documents, size or (1,))
    if not case.shuffled_documents:
        ids = np.sort(ids, axis=-1)
    ids = ids.reshape(size)
    if is_query and size and size[-1] > 8:
        ids[..., -3:] = 9  # a document without keys
    wide = case.document_dtype in ("i64", "index")
    return ids * (1 << 33 if wide else 1) - 1


def make_inputs(case):
    """A dict of arrays by operand name; scalars are of rank 0."""
    rng = np.random.default_rng([zlib.crc32(case.name.encode()), case.seed])
    types = case.get_types()
    shapes = {
        name: tuple(size for size, _ in dims) for name, dims in types.items()
    }
    arrays = {}
    query, key, value = make_floats(case, rng, shapes)
    for name, array in zip(("query", "key", "value"), (query, key, value)):
        arrays[name] = quantize(array, case.dtype)

    default = 1 / math.sqrt(case.d)
    if isinstance(case.scale, str):
        arrays["scale"] = quantize(1.5 * default, case.scale)
    else:
        arrays["scale"] = default if case.scale is None else case.scale
        if case.dtype != "f64":
            # The attribute is rounded to the compute type.
            arrays["scale"] = quantize(arrays["scale"], "f32")
    if case.bias is not None:
        bias = rng.standard_normal(shapes["bias"])
        if case.data == "minus_infinity":
            bias[rng.random(bias.shape) < 0.3] = -np.inf
            if bias.ndim > 1:
                bias[..., ::5, :] = -np.inf
        elif case.data == "bias_low":
            # A mask of large numbers hides the first keys.
            bias[..., :300] = -1e9
        elif case.data == "bias_lowest":
            # It hides all keys, which makes a mean of all values.
            bias[...] = -3.38e38
        arrays["bias"] = quantize(bias, case.bias_dtype or case.dtype)
    if case.mask is not None:
        mask = rng.random(shapes["mask"]) < case.mask_density
        if mask.ndim > 1:
            mask[..., ::6, :] = False
        if case.data == "mask_late":
            mask[..., :300] = False
        arrays["mask"] = mask
    if case.sinks is not None:
        sinks = 2 * rng.standard_normal(shapes["sinks"])
        if case.data == "minus_infinity":
            sinks[::2] = -np.inf
        elif case.data == "large_sinks":
            sinks = 300 * sinks
        arrays["sinks"] = quantize(sinks, case.sinks_dtype or case.compute_dtype)
    if case.has_documents:
        arrays["query_documents"] = make_documents(
            case, rng, shapes["query_documents"], True
        )
        arrays["key_documents"] = make_documents(
            case, rng, shapes["key_documents"], False
        )
    if case.key_lengths is not None:
        # Some are behind the end, some below zero.
        lengths = rng.integers(-1, case.lk + 3, shapes["key_lengths"])
        arrays["key_lengths"] = np.asarray(lengths)
    if case.lengths is not None:
        for name, lengths in zip(("cu_seqlens_q", "cu_seqlens_k"), case.lengths):
            arrays[name] = sequences.get_ends(lengths)
    for name, (dtype, shape) in regions.get_captures(case).items():
        arrays[name] = make_captured(case, name, dtype, shape, rng)
    if case.data == "poison":
        poison_masked(case, arrays, rng)
    return arrays
