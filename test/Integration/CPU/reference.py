# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention in double precision, straight from docs/Spec.md, and how far a
kernel that computes in f32 may be from it.

Nothing here comes from the compiler. Element types are "f16", "bf16", "f32" and
"f64"; arrays hold values that the type represents exactly, as float64.

The error of every element is estimated from the inputs. With u the unit
roundoff of the compute type (2^-24 for f32, 2^-53 for f64):

* A step of a sum is off by u times the partial sum. The steps are independent
  enough for their errors to add up like a random walk (Higham and Mary, "A new
  approach to probabilistic rounding error analysis", 2019): n steps are off by
  LAMBDA sqrt(n) u M, where M is the larger of the sum and three standard
  deviations of a partial sum with random signs, 3 sqrt(sum (x y)^2). The bound
  for the worst case, n u sum |x y|, would hide mistakes: it is a hundred times
  what is seen.
* Every later step on a logit adds a few u of what it rounds: scale, softcap,
  bias, score region, the change to units of log 2.
* An error e of a logit changes its probability p by p expm1(e), and exp adds a
  few u. The errors of two logits are independent, so that the output is off by
  sqrt(sum (p e (v - output))^2). Rescaling in the online softmax, once for 16
  keys at most, is shared by many keys: it adds up without the square root.
* Where e is large (enormous logits), errors are added up as if they conspired.
* Probabilities below the normal range may become zero.
* A kernel that multiplies probabilities on tensor cores, or by a CPU's products of
  pairs of bf16, rounds them to the type of the values, each by itself; tensor cores
  truncate where others round.
* Tensor cores multiply f32 as sums of two numbers of bf16: every term of a product
  is off by 2^-16 of it, each by itself, and by what is left out of all.
* Or they round both factors of every product to tf32, by up to 2^-11 of each: by
  2^-11 / sqrt(3) as a standard deviation, and a term by sqrt(2) of that. What a query
  is off by is shared by its logits, so that a log-sum-exp does not average it out.
* A result is rounded to its type once: 2^-11 (f16), 2^-8 (bf16) of it, and half
  the spacing of subnormal numbers.

Every element must be within its estimate, and the whole result within the
Frobenius norm of half the estimates, which are of some standard deviations.
"""

import dataclasses

import numpy as np

import regions
import sequences

UNIT_ROUNDOFF = {"f16": 2.0**-11, "bf16": 2.0**-8, "f32": 2.0**-24, "f64": 2.0**-53}
# What a factor of a product of f32 is off by on tensor cores, at most, and a term, as a
# standard deviation: as the sum of two numbers of bf16, one product left out; as tf32.
FACTOR_ROUNDOFF = {"bf16x3": 2.0**-16, "tf32": 2.0**-11}
TERM_ROUNDOFF = {"bf16x3": 2.0**-16, "tf32": (2 / 3) ** 0.5 * 2.0**-11}
# Half the spacing of the subnormal numbers.
HALF_SUBNORMAL = {"f16": 2.0**-25, "bf16": 2.0**-134, "f32": 2.0**-150, "f64": 0.0}
SMALLEST_NORMAL = {"f32": 2.0**-126, "f64": 2.0**-1022}
LAMBDA = 2.0
# Errors of logits up to which a linear model of exp will do.
SMALL_ERROR = 0.05


@dataclasses.dataclass
class Result:
    """Expected values and the error that each of them may have."""

    output: np.ndarray
    output_error: np.ndarray
    lse: np.ndarray
    lse_error: np.ndarray
    max_scores: np.ndarray
    max_scores_error: np.ndarray
    # Rows with NaN and +inf: their maximum is either.
    may_be_infinite: np.ndarray

    def settle(self, max_scores):
        """NaN for what is +inf and may be either."""
        is_either = self.may_be_infinite & (max_scores == np.inf)
        return np.where(is_either, np.nan, max_scores)


def get_used_keys(case, arrays):
    """How many keys are in use, broadcastable to the logits."""
    if case.key_lengths is None:
        return np.full((1, 1), case.lk)
    lengths = np.clip(arrays["key_lengths"], 0, case.lk)
    return lengths.reshape(lengths.shape + (1,) * (3 if case.heads else 2))


def get_keep(case, arrays):
    """Which (i, j) all masks keep, with the shape of the logits."""
    if case.lengths is not None:
        keep = np.zeros(case.logit_shape, bool)
        for queries, keys, part, parts in sequences.split(case, arrays):
            keep[..., queries, keys] = get_keep(part, parts)
        return keep
    index = regions.get_indices(case)
    i, j = index["i"], index["j"]
    used = get_used_keys(case, arrays)
    keep = np.broadcast_to(j < used, case.logit_shape)
    for member in case.structure:
        kind = member[0]
        if kind == "document":
            query = np.atleast_1d(arrays["query_documents"])
            key = np.atleast_1d(arrays["key_documents"])
            equal = query[..., :, None] == key[..., None, :]
            if case.heads:
                equal = equal[..., None, :, :]
            keep = keep & equal
            continue
        diagonal = i + (used - case.lq if member[-1] == "bottom_right" else 0)
        if kind == "causal":
            keep = keep & (j <= diagonal)
        elif kind == "window":
            left, right = member[1:3]
            if left >= 0:
                keep = keep & (j >= diagonal - left)
            if right >= 0:
                keep = keep & (j <= diagonal + right)
        elif kind == "prefix":
            keep = keep & ((j < member[1]) | (j <= diagonal))
        else:
            raise ValueError(f"unknown structure {kind}")
    if case.mask is not None:
        keep = keep & arrays["mask"]
    if case.keep:
        keep = keep & regions.KEEPS[case.keep].apply(index, arrays)
    return np.broadcast_to(keep, case.logit_shape)


def expand_heads(case, array):
    """Key or value with one head per query head."""
    if not case.heads or case.heads[1] == 0:
        return array
    return np.repeat(array, case.heads[0] // case.heads[1], axis=-3)


def get_logits(case, arrays, real, u, f32):
    """Logits before masking, and the error that each may have. `f32`: how tensor
    cores multiply, if they have operands of f32."""
    query = arrays["query"].astype(real)
    key = np.swapaxes(expand_heads(case, arrays["key"]).astype(real), -1, -2)
    scale = real(arrays["scale"])
    s = np.broadcast_to(scale * (query @ key), case.logit_shape)
    spread = abs(scale) * np.sqrt(np.square(query) @ np.square(key))
    partial_sum = np.maximum(np.abs(s), 3 * spread)
    error = u * (LAMBDA * np.sqrt(case.d) + 2) * partial_sum
    if f32 == "bf16x3":
        # Four times, as all that tensor cores add up.
        error = error + 4 * TERM_ROUNDOFF[f32] * (3 * spread + np.abs(s))
    elif f32 == "tf32":
        error = error + 3 * TERM_ROUNDOFF[f32] * spread
    if case.softcap is not None:
        # tanh has a slope of one at most.
        s = case.softcap * np.tanh(s / case.softcap)
        error = error + 10 * u * np.abs(s)
    if case.bias is not None:
        bias = arrays["bias"].astype(real)
        error = error + u * (np.abs(s) + 2 * np.abs(bias))
        s = s + bias
    if case.score:
        s, slope, rounded = regions.SCORES[case.score].apply(
            s, regions.get_indices(case), arrays
        )
        error = error * slope + 4 * u * rounded
    # The kernel may go on in units of log 2.
    error = error + 3 * u * np.abs(s)
    # What is not finite is compared exactly.
    return s, np.where(np.isfinite(error), error, 0)


def multiply_kept(probability, value):
    """probability @ value where a zero probability does not observe the value."""
    if np.isfinite(value).all():
        return probability @ value
    shape = np.broadcast_shapes(probability.shape[:-2], value.shape[:-2])
    probability = np.broadcast_to(probability, shape + probability.shape[-2:])
    value = np.broadcast_to(value, shape + value.shape[-2:])
    result = np.zeros(shape + (probability.shape[-2], value.shape[-1]), value.dtype)
    for j in range(value.shape[-2]):
        column = probability[..., :, j, None]
        result += np.where(column == 0, 0, column * value[..., j, None, :])
    return result


def get_conspired_error(weight, error):
    """What each probability of a row may gain or lose when all errors work
    against it: the largest loses, the others gain, by up to exp of twice the
    largest error of the two."""
    if not weight.size:
        return np.zeros_like(weight)
    top = np.argmax(weight, axis=-1)[..., None]
    top_error = np.take_along_axis(error, top, axis=-1)
    growth = np.expm1(np.minimum(error + top_error, 60.0))
    gained = np.minimum(weight * growth, 1.0)
    others = gained.sum(axis=-1, keepdims=True) - np.take_along_axis(
        gained, top, axis=-1
    )
    lost = np.zeros_like(weight)
    np.put_along_axis(lost, top, np.minimum(others, 1.0), axis=-1)
    np.put_along_axis(gained, top, 0.0, axis=-1)
    return gained + lost


def compute(case, arrays, tensor_cores=False, dot="fma", f32="bf16x3"):
    """The expected results of a case; the flags say what computes it: tensor cores,
    which round probabilities too, or a CPU. `dot`: what this multiplies narrow types
    with, "fma", "bf16" or "amx". `f32`: how tensor cores multiply this type, "bf16x3" or
    "tf32"."""
    rounding = None
    if tensor_cores and case.dtype == "f32":
        rounding = TERM_ROUNDOFF[f32], HALF_SUBNORMAL["f32"]
    elif tensor_cores or (case.dtype == "bf16" and dot != "fma"):
        rounding = UNIT_ROUNDOFF[case.dtype], HALF_SUBNORMAL[case.dtype]
    elif case.dtype == "f16" and dot == "amx":
        # A sum of two numbers of bf16, and one product left out.
        rounding = TERM_ROUNDOFF["bf16x3"], HALF_SUBNORMAL["bf16"]
    uses_f32 = tensor_cores and case.dtype == "f32"
    # What does not multiply by FMAs takes numbers below the normal range for zero.
    flushes = tensor_cores or rounding is not None
    flags = tensor_cores, flushes, rounding, f32 if uses_f32 else None
    with np.errstate(all="ignore"):
        if case.lengths is not None:
            return _compute_sequences(case, arrays, *flags)
        return _compute(case, arrays, *flags)


def _compute_sequences(case, arrays, *flags):
    """Each sequence by itself; rows behind the last one see no keys."""
    rows = case.lead + (case.lq,)
    of_masked = 0.0 if case.masked_row == "zero" else np.nan
    lse, lse_error = np.full(rows, -np.inf), np.zeros(rows)
    if case.sinks is not None:
        sinks = arrays["sinks"].reshape((-1, 1) if case.heads else ())
        lse = np.broadcast_to(sinks, rows).copy()
        lse_error = UNIT_ROUNDOFF[case.compute_dtype] * np.abs(lse)
        lse_error[~np.isfinite(lse)] = 0
    outputs = rows + (case.value_dim,)
    result = Result(
        np.full(outputs, of_masked), np.zeros(outputs), lse, lse_error,
        np.full(rows, -np.inf), np.zeros(rows), np.zeros(rows, bool),
    )
    for queries, _, part, parts in sequences.split(case, arrays):
        of_part = _compute(part, parts, *flags)
        result.output[..., queries, :] = of_part.output
        result.output_error[..., queries, :] = of_part.output_error
        for name in ("lse", "lse_error", "max_scores", "max_scores_error", "may_be_infinite"):
            getattr(result, name)[..., queries] = getattr(of_part, name)
    return result


def get_rounding_of_probabilities(rounding, weight, total, finite_value):
    """The error from rounding them to the type of the values, or, of tf32, both."""
    u, half_subnormal = rounding
    relative = np.sqrt(np.square(weight) @ np.square(finite_value))
    # What is below the normal range is off by a constant.
    subnormal = half_subnormal * np.sqrt(
        np.square(finite_value).sum(axis=-2, keepdims=True)
    )
    return 3 * u * relative + 3 * subnormal / np.maximum(np.nan_to_num(total), 1)


def _compute(case, arrays, tensor_cores, flushes, rounding, f32):
    # x87's 64-bit significand where the kernel computes in f64.
    real = np.longdouble if case.dtype == "f64" else np.float64
    u = UNIT_ROUNDOFF[case.compute_dtype] * (4 if tensor_cores else 1)
    s, error = get_logits(case, arrays, real, u, f32)
    keep = get_keep(case, arrays)
    s = np.where(keep, s, -np.inf)
    # The maximum is off by the error of one of the logits that may be it.
    max_scores = np.max(s, axis=-1, initial=-np.inf)
    least = np.max(s - error, axis=-1, keepdims=True, initial=-np.inf)
    may_be_largest = np.isfinite(s) & (s + error >= least)
    max_scores_error = np.where(may_be_largest, error, 0).max(axis=-1, initial=0)
    max_scores_error = max_scores_error + 3 * u * np.abs(max_scores)
    # Where products are below the normal range, each of them is off by a constant, or
    # taken for zero.
    max_scores_error = max_scores_error + (
        SMALLEST_NORMAL[case.compute_dtype] if flushes
        else HALF_SUBNORMAL[case.compute_dtype] * (case.d + 4)
    )
    may_be_infinite = np.isnan(s).any(axis=-1) & (s == np.inf).any(axis=-1)
    value = expand_heads(case, arrays["value"]).astype(real)
    if case.sinks is not None:
        # One key more, whose value is zero.
        sinks = arrays["sinks"].astype(real)
        sinks = sinks.reshape(sinks.shape + (1, 1) if case.heads else (1, 1))
        column = np.broadcast_to(sinks, s.shape[:-1] + (1,))
        s = np.concatenate([s, column], axis=-1)
        column_error = np.where(np.isfinite(column), 4 * u * np.abs(column), 0)
        error = np.concatenate([error, column_error], axis=-1)
        value = np.concatenate(
            [value, np.zeros(value.shape[:-2] + (1,) + value.shape[-1:], real)],
            axis=-2,
        )
    masked_row = (s == -np.inf).all(axis=-1, keepdims=True)

    # Softmax relative to the largest logit; NaN and +inf make a row of NaN.
    maximum = np.max(s, axis=-1, keepdims=True, initial=-np.inf)
    shift = np.where(masked_row, 0, maximum)
    gap = s - shift
    p = np.where(s == -np.inf, 0, np.exp(gap))
    p = np.where(np.isnan(maximum) | (maximum == np.inf), np.nan, p)
    total = p.sum(axis=-1, keepdims=True)
    finite_value = np.where(np.isfinite(value), np.abs(value), 0)
    output = multiply_kept(p, value) / total
    weight = np.nan_to_num(p / total)

    # Errors of probabilities, relative to their sum.
    error = error + 6 * u * np.where(np.isfinite(gap), np.abs(gap), 0)
    error = np.where(weight == 0, 0, error)
    shared = 4 * u * (2 + np.sqrt(case.lk / 16 + 1))
    tiny = SMALLEST_NORMAL[case.compute_dtype] * case.lk
    output_size = np.nan_to_num(np.abs(output))
    average_size = weight @ finite_value
    independent = np.square(weight * error)
    weight_error = np.sqrt(independent.sum(axis=-1, keepdims=True))
    output_error = np.sqrt(
        2 * (independent @ np.square(finite_value))
        + 2 * np.square(output_size * weight_error)
    )
    # Enormous logits.
    conspired = get_conspired_error(weight, error)
    conspired_sum = conspired.sum(axis=-1, keepdims=True)
    is_small = error.max(axis=-1, keepdims=True, initial=0) <= SMALL_ERROR
    weight_error = np.where(is_small, weight_error, conspired_sum)
    output_error = np.where(
        is_small,
        output_error,
        conspired @ finite_value + output_size * conspired_sum,
    )
    sum_roundoff = u * LAMBDA * np.sqrt(case.lk + 1)
    partial_sum = np.maximum(
        output_size, 3 * np.sqrt(np.square(weight) @ np.square(finite_value))
    )
    output_error = (
        output_error
        + shared * (average_size + output_size)
        + tiny * finite_value.max(axis=-2, keepdims=True, initial=0)
        + sum_roundoff * (partial_sum + output_size)
        + 4 * u * output_size
    )
    if rounding:
        output_error = output_error + get_rounding_of_probabilities(
            rounding, weight, total, finite_value
        )

    # Rows without keys.
    if case.masked_row == "zero":
        of_masked, of_masked_error = 0.0, 0.0
    elif case.masked_row == "nan":
        of_masked, of_masked_error = np.nan, 0.0
    else:
        used = get_used_keys(case, arrays)
        is_used = np.arange(case.lk)[:, None] < used
        used_value = np.where(is_used, value, 0)
        of_masked = used_value.sum(axis=-2, keepdims=True) / used.astype(real)
        of_masked_error = (
            (sum_roundoff + 4 * u)
            * finite_value.sum(axis=-2, keepdims=True)
            / np.maximum(used, 1)
        )
        if f32:
            of_masked_error = of_masked_error + FACTOR_ROUNDOFF[f32] * np.max(
                finite_value, axis=-2, keepdims=True, initial=0
            )
    output = np.where(masked_row, of_masked, output)
    output_error = np.where(masked_row, of_masked_error, output_error)
    row_shape = case.lead + (case.lq,)
    shape = row_shape + (case.value_dim,)
    output = np.broadcast_to(output, shape)
    output_error = np.broadcast_to(output_error, shape)

    lse = np.where(masked_row, -np.inf, shift + np.log(total))
    # With enormous logits it is the largest one, and as wrong.
    lse_error = (
        weight_error
        + np.where(is_small, 0, max_scores_error[..., None])
        + shared
        + sum_roundoff
        + u * (4 + 3 * np.abs(shift) + 4 * np.abs(lse))
    )
    if f32 == "bf16x3":
        lse_error = lse_error + 2 * TERM_ROUNDOFF[f32] * np.abs(shift)
    elif f32 == "tf32":
        lse_error = lse_error + (weight * error).sum(axis=-1, keepdims=True)
    return Result(
        output,
        np.where(np.isfinite(output_error), output_error, 0),
        lse.reshape(row_shape),
        np.where(np.isfinite(lse_error), lse_error, 0).reshape(row_shape),
        max_scores.reshape(row_shape),
        np.where(np.isfinite(max_scores_error), max_scores_error, 0).reshape(row_shape),
        may_be_infinite.reshape(row_shape),
    )


@dataclasses.dataclass
class Comparison:
    """How a result differs; ratios are relative to what is accepted."""

    max_ratio: float = 0.0
    frobenius_ratio: float = 0.0
    rel_frobenius: float = 0.0
    message: str = ""


def compare(actual, expected, error, dtype):
    """Compares decoded results with the reference. NaN and infinities must be
    where they are expected; every element must be within its own bound, and all
    together within the Frobenius norm of the bounds."""
    comparison = Comparison()
    if actual.shape != expected.shape:
        comparison.message = f"shape {actual.shape}, expected {expected.shape}"
        return comparison
    if actual.size == 0:
        return comparison
    u = UNIT_ROUNDOFF[dtype]
    bound = error * (1 + u) + u * np.abs(expected) + HALF_SUBNORMAL[dtype]
    finite = np.isfinite(expected)
    with np.errstate(all="ignore"):
        difference = np.abs(actual - expected)
        same = np.where(
            np.isnan(expected), np.isnan(actual), actual == expected
        )
        wrong = np.where(finite, ~(difference <= bound), ~same)
    if finite.any():
        norm = np.sqrt(np.sum(np.square(expected[finite])))
        distance = np.sqrt(np.sum(np.square(difference[finite])))
        comparison.max_ratio = float(
            np.nanmax(difference[finite] / np.maximum(bound[finite], 1e-300))
        )
        comparison.rel_frobenius = float(distance / norm) if norm else 0.0
        # One rounding of many values: u / sqrt(3) in the root mean square.
        rounding = u * min(1.0, 0.58 + 1.8 / np.sqrt(finite.sum()))
        accepted = np.sqrt(np.sum(np.square(error[finite]))) / 2 + rounding * norm
        accepted += HALF_SUBNORMAL[dtype] * np.sqrt(finite.sum())
        comparison.frobenius_ratio = float(distance / max(accepted, 1e-300))
    if wrong.any():
        at = tuple(int(n) for n in np.argwhere(wrong)[0])
        comparison.message = (
            f"{int(wrong.sum())} of {wrong.size} elements differ, the first at "
            f"{list(at)}: got {actual[at]!r}, expected {expected[at]!r} "
            f"+- {bound[at]:.3g}"
        )
    elif not comparison.frobenius_ratio <= 1:
        comparison.message = (
            f"the Frobenius norm of the error is "
            f"{comparison.frobenius_ratio:.3g} times what is accepted"
        )
    return comparison


def get_outs(case, expected):
    """The results of a case: name, dtype, value and the bound of its error."""
    outs = [("output", case.output_dtype, expected.output, expected.output_error)]
    if case.lse:
        outs.append(("lse", case.compute_dtype, expected.lse, expected.lse_error))
    if case.max_scores:
        outs.append(("max_scores", case.compute_dtype, expected.max_scores,
                     expected.max_scores_error))
    return outs
