# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Graphs that must not be fused, one for each remark: what numerator, denominator,
logits and operands may be wrong in. `refused.py` writes them."""

from graph import refused
from spell import INFINITY

FROM_LOGITS = "a mask, a bias or another operand is computed from the logits, so they would be computed anyway"
FROM_LOGITS_CHANGE = "compute it from something else, or let the pass recompute the logits (recompute=true)"


def normalise(g, x, change_exponent=lambda t: t, change_sum=lambda total, m: total):
    """The softmax of x with another exponent or sum."""
    m = g.reduce(x, "j", "max")
    e = g.unary("math.exp", change_exponent(g.binary("arith.subf", x, m)))
    return g.binary("arith.divf", e, change_sum(g.reduce(e, "j", "sum"), m))


def replace_nan(g, x):
    zero = g.constant(0.0, "f32")
    body = lambda a: g.op(f"arith.select {g.op(f'arith.cmpf uno, {a}, {a} : f32')}, {zero}, {a} : f32")
    return g.generic(x.dims, "f32", [x], body)


# ---- Numerator ---------------------------------------------------------------


@refused("the exponent holds a term of the row that is neither its maximum nor the logarithm of its sum", "softmax")
def exponent_with_row_term(g):
    q, k, v = g.qkv()
    row = g.argument("bhi", "f32")
    return g.output(normalise(g, g.logits(q, k), lambda t: g.binary("arith.subf", t, row)), v)


@refused("the numerator of the softmax is not exp(logits - max)", "softmax")
def numerator_of_row(g):
    # Two values of a row, where one of its keys should be.
    q, k, v = g.qkv()
    m, _, total = g.parts(g.logits(q, k))
    row = g.binary("arith.divf", total, g.unary("math.exp", m))
    return g.output(g.generic("bhij", "f32", [row], lambda a: a), v)


@refused("the exponentials are normalised twice", "softmax")
def normalised_twice(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    m, _, total = g.parts(x)
    shifted = g.binary("arith.subf", g.binary("arith.subf", x, m), g.unary("math.log", total))
    return g.output(g.binary("arith.divf", g.unary("math.exp", shifted), total), v)


@refused("probabilities are set to zero under two conditions", "softmax", "join the two conditions")
def zeroed_under_two_conditions(g):
    q, k, v = g.qkv()
    x = g.select(g.argument("bhij", "i1"), g.logits(q, k), -INFINITY)
    p = g.select(g.argument("bhij", "i1"), g.soft(x), 0.0)
    return g.output(g.select(g.argument("bhij", "i1"), p, 0.0), v)


# ---- Denominator -------------------------------------------------------------


@refused("the exponentials are divided by what depends on the key", "softmax")
def divided_by_key(g):
    q, k, v = g.qkv()
    _, e, total = g.parts(g.logits(q, k))
    divisor = g.generic("bhij", "f32", [total, g.argument("j", "f32")], lambda a, b: g.op(f"arith.mulf {a}, {b} : f32"))
    return g.weigh(e, divisor, v)


@refused("the denominator of the softmax is not a sum from zero", "softmax")
def sum_from_elsewhere(g):
    q, k, v = g.qkv()
    _, e, _ = g.parts(g.logits(q, k))
    return g.output(g.binary("arith.divf", e, g.argument("bhi", "f32")), v)


@refused("the denominator of the softmax has another term than the sum of its numerator", "softmax")
def sum_and_row(g):
    q, k, v = g.qkv()
    row = g.argument("bhi", "f32")
    return g.output(normalise(g, g.logits(q, k), change_sum=lambda total, m: g.add(total, row)), v)


@refused("the denominator of the softmax has a term that is no exponential of one logit minus the maximum", "softmax")
def sink_of_two_rows(g):
    q, k, v = g.qkv()
    first, second = g.argument("h", "f32"), g.argument("bhi", "f32")

    def body(a, b, m):
        total = g.op(f"arith.addf {a}, {b} : f32")
        return g.op(f"math.exp {g.op(f'arith.subf {total}, {m} : f32')} : f32")

    change = lambda total, m: g.add(total, g.generic("bhi", "f32", [first, second, m], body))
    return g.output(normalise(g, g.logits(q, k), change_sum=change), v)


@refused("another logit in the denominator has not the maximum of the row subtracted", "softmax")
def sink_without_maximum(g):
    q, k, v = g.qkv()
    sink = g.argument("h", "f32")
    change = lambda total, m: g.binary("arith.addf", total, g.unary("math.exp", sink))
    return g.output(normalise(g, g.logits(q, k), change_sum=change), v)


@refused("the logit of the sink is not in the maximum that is subtracted, so that it may overflow", "softmax",
         "take the maximum of logits and sink")
def sink_not_in_maximum(g):
    q, k, v = g.qkv()
    sink = g.argument("h", "f32")

    def change(total, m):
        extra = g.generic("bhi", "f32", [sink, m], lambda a, b: g.op(f"arith.subf {a}, {b} : f32"))
        return g.add(total, g.unary("math.exp", extra))

    return g.output(normalise(g, g.logits(q, k), change_sum=change), v)


@refused("a constant is added to the sum of exponentials", "softmax", 'set attn.numerics = "default"', "strict")
def epsilon_strict(g):
    q, k, v = g.qkv()
    change = lambda total, m: g.with_constant("arith.addf", total, 1e-9)
    return g.output(normalise(g, g.logits(q, k), change_sum=change), v)


@refused("what is subtracted before exp is not the row maximum of the logits", "softmax",
         "subtract the maximum of the same logits")
def maximum_of_other_logits(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    m = g.reduce(g.mul(x, 2.0), "j", "max")
    e = g.unary("math.exp", g.binary("arith.subf", x, m))
    return g.weigh(e, g.reduce(e, "j", "sum"), v)


# ---- Logits and masks --------------------------------------------------------


@refused("the logits do not come from a matmul of what depends on the query with what depends on the key", "logits")
def logits_of_keys_alone(g):
    q, k, v = g.argument("bhd", "f32"), g.argument("bhjd", "f32"), g.argument("bhje", "f32")
    keys = g.contract(q, k, "bhj", "d")
    return g.output(g.soft(g.binary("arith.addf", g.argument("bhij", "f32"), keys)), v)


@refused(FROM_LOGITS, "uses", FROM_LOGITS_CHANGE)
def rows_masked_by_their_maximum(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    zero = g.constant(0.0, "f32")
    positive = g.generic("bhi", "i1", [g.reduce(x, "j", "max")], lambda a: g.op(f"arith.cmpf ogt, {a}, {zero} : f32"))
    return g.output(g.soft(g.select(positive, x, -INFINITY)), v)


@refused("the logits are multiplied after their maximum is subtracted, before which that rounds differently beside "
         "the large number that masks them", "logits", "multiply before the mask")
def masks_to_base_two(g):
    # Rows without keys are what rounding to multiples of 64 leaves of their logits.
    q, k, v = g.qkv()
    x = g.add(g.logits(q, k), g.matrix(g.argument("b1ij", "i1"), "f32", -1e9))
    m = g.reduce(x, "j", "max")
    e = g.unary("math.exp2", g.binary("arith.subf", x, m))
    return g.weigh(e, g.reduce(e, "j", "sum"), v)


@refused("a logit may be NaN or +inf, which makes rows NaN that are set to zero after the softmax", "softmax")
def infinities_replaced(g):
    q, k, v = g.qkv()
    p = g.soft(g.select(g.argument("b1ij", "i1"), g.logits(q, k), INFINITY))
    return g.output(replace_nan(g, p), v)


@refused("logits are divided by zero, which makes rows NaN that are set to zero after the softmax", "softmax")
def divided_by_mask(g):
    q, k, v = g.qkv()
    keep = g.number(g.argument("b1ij", "i1"), "f32")
    p = g.soft(g.binary("arith.divf", g.logits(q, k), keep))
    return g.output(replace_nan(g, p), v)


@refused("a logit may be NaN or +inf, which makes rows NaN that are set to zero after the softmax", "softmax")
def masks_subtracted(g):
    q, k, v = g.qkv()
    mask = g.matrix(g.argument("b1ij", "i1"), "f32", -INFINITY)
    return g.output(replace_nan(g, g.soft(g.binary("arith.subf", g.logits(q, k), mask))), v)


@refused("a logit that is masked with -inf is multiplied, which makes rows NaN that are set to zero after the softmax",
         "softmax")
def masks_multiplied(g):
    # By a number that may be negative.
    q, k, v = g.qkv()
    x = g.add(g.logits(q, k), g.matrix(g.argument("bhij", "i1"), "f32", -INFINITY))
    return g.output(replace_nan(g, g.soft(g.binary("arith.mulf", x, g.argument("i1", "f32")))), v)


@refused("the scale is so large that logits may be below the number that masks others", "mask", "mask with -inf")
def scale_beyond_mask(g):
    q, k, v = g.qkv()
    x = g.logits(g.mul(q, 400.0), g.mul(k, 0.5))
    return g.output(g.soft(g.select(g.argument("b1ij", "i1"), x, -1e4)), v)


@refused("a mask is computed from logits of other keys", "mask")
def rows_masked_by_their_maximum_too(g):
    # The operand that masks may have is taken.
    q, k, v = g.qkv()
    x = g.logits(q, k)
    zero = g.constant(0.0, "f32")
    positive = g.generic("bhi", "i1", [g.reduce(x, "j", "max")], lambda a: g.op(f"arith.cmpf ogt, {a}, {zero} : f32"))
    x = g.select(positive, x, -INFINITY)
    return g.output(g.soft(g.select(g.argument("b1ij", "i1"), x, -INFINITY)), v)


@refused("a mask is computed by what cannot be repeated for each pair of query and key", "mask",
         "compute the mask into a boolean tensor")
def mask_of_bits(g):
    q, k, v = g.qkv()
    infinity, zero = g.constant(-INFINITY, "f32"), g.constant(0.0, "f32")

    def body(a, b):
        keep = g.op(f"arith.cmpf ogt, {g.op(f'arith.bitcast {b} : i32 to f32')}, {zero} : f32")
        return g.op(f"arith.select {keep}, {a}, {infinity} : f32")

    return g.output(g.soft(g.generic("bhij", "f32", [g.logits(q, k), g.argument("b1ij", "i32")], body)), v)


@refused("the scale is computed by what cannot be repeated outside of the operation that applies it", "logits",
         "compute the scale into a tensor of rank 0")
def scale_of_bits(g):
    q, k, v = g.qkv()
    body = lambda a, b: g.op(f"arith.mulf {a}, {g.op(f'arith.bitcast {b} : i32 to f32')} : f32")
    return g.output(g.soft(g.generic("bhij", "f32", [g.logits(q, k), g.argument("", "i32")], body)), v)


@refused(FROM_LOGITS, "uses", FROM_LOGITS_CHANGE)
def bias_from_logits(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    return g.output(g.soft(g.binary("arith.addf", x, g.reduce(x, "j", "sum"))), v)


@refused(FROM_LOGITS, "uses", FROM_LOGITS_CHANGE)
def values_from_logits(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    v = g.binary("arith.addf", v, g.transpose(g.reduce(x, "i", "max"), "bhj"))
    return g.output(g.soft(x), v)


# ---- Operands ----------------------------------------------------------------


@refused("a factor of the first matmul depends on both the query and the key", "operands")
def keys_for_each_query(g):
    q, k, v = g.argument("bhid", "f32"), g.argument("ijd", "f32"), g.argument("bhje", "f32")
    return g.output(g.soft(g.contract(q, k, "bhij", "d")), v)


@refused("the head dimension is zero", "operands", d=0)
def head_of_nothing(g):
    return g.attend(*g.qkv())


@refused("the scale is not finite", "operands")
def scale_overflows(g):
    q, k, v = g.qkv()
    x = g.mul(g.logits(g.mul(q, 1e30), g.mul(k, 1e30)), 1e30)
    return g.output(g.soft(x), v)


@refused("the second matmul has several dimensions of value columns", "output", "collapse them", c=3)
def columns_in_two_dimensions(g):
    q, k, v = g.argument("bhid", "f32"), g.argument("bhjd", "f32"), g.argument("bhjec", "f32")
    return g.contract(g.soft(g.logits(q, k)), v, "bhiec", "j")


@refused("the second matmul writes through an index map that is no permutation", "output")
def output_with_unit_dimension(g):
    q, k, v = g.qkv()
    return g.contract(g.soft(g.logits(q, k)), v, "bh1ie", "j")


@refused("the logits come from a matmul behind an operation whose elements cannot be traced to those of its operands",
         "logits", "reshape the operands of the matmul instead", x=2, y=3)
def queries_in_two_dimensions(g):
    q, k, v = g.argument("bhxyd", "f32"), g.argument("bhjd", "f32"), g.argument("bhje", "f32")
    s = g.contract(q, k, "bhxyj", "d")
    s = g.collapse(s, [("b", "b"), ("h", "h"), ("i", "xy"), ("j", "j")])
    return g.output(g.soft(s), v)
