# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Graphs that look like attention and are not, or of which more is used than the
output: none is fused. Each has the exact remark that must be given, or "" where
there is no softmax between two matmuls and nothing to be said.

  refused.py > refused.mlir
"""

import math

import refused_terms  # noqa: F401
import refused_uses
from graph import REFUSED, Graph, refused
from spell import INFINITY, LOWEST

AXIS = "the softmax sums along another axis than that which the second matmul contracts"
SUM = "the denominator of the softmax does not sum its numerator along the axis that the second matmul contracts"
MAXIMUM = "what is subtracted before exp is not the row maximum of the logits"
FACTOR = ("the probabilities are multiplied by a factor that depends on the key before the second matmul, as "
          "dropout in training and gates do")
LATE = ("the probabilities are not divided by their sum before the second matmul, nor is its result right after it")
NO_MAXIMUM = ("the row maximum is not subtracted before exp; without it large logits overflow, which attention "
              "would not reproduce")
ZEROED = "probabilities are set to zero after the softmax by another mask than that of the logits"
ALL_MASKED = ("zeros are selected after the softmax under a condition other than that all logits of the row are "
              "-inf")
# The smallest change that remarks suggest.
CHANGES = {
    AXIS: "contract the axis of the softmax",
    FACTOR: "run dropout in inference form, or apply the factor to the values",
    refused_uses.USES: "drop that use, or let the pass recompute them (recompute=true)",
    LATE: "divide by the sum of the exponentials",
    NO_MAXIMUM: "subtract the maximum, or set attn.numerics = \"fast\"",
    ZEROED: "mask the logits instead",
    SUM: "sum the same exponentials over the keys",
    MAXIMUM: "subtract the maximum of the same logits",
    ALL_MASKED: "select them where all logits of the row are -inf",
    "the probabilities are divided twice": "divide by the sum once",
    "the exponentials are divided by what depends on the key": "divide the values by it instead",
    "the denominator of the softmax has another term than the sum of its numerator":
        "add exp(sink - max) for one sink for each head, or nothing",
    "the denominator of the softmax has a term that is no exponential of one logit minus the maximum":
        "add exp(sink - max) for one sink for each head",
    "another logit in the denominator has not the maximum of the row subtracted": "subtract the maximum from it too",
    "the maximum that is subtracted holds a value that is not in the sum":
        "add the exponential of that value to the sum",
    "the denominator of the softmax is not a sum from zero": "sum the exponentials over the keys, from zero",
    "the numerator of the softmax is not exp(logits - max)": "compute exp(logits - max) for each key",
    "the exponentials are normalised twice": "divide by the sum once",
    "a factor of the first matmul depends on both the query and the key": "let each factor depend on one of them",
    "the head dimension is zero": "give heads a dimension",
    "the scale is not finite": "scale by a finite number",
    "query, key and value cannot be brought into the layout [batch, head, length, dimension] in one floating-point type":
        "transpose them to it, and convert them to one type",
    "the exponent holds a term of the row that is neither its maximum nor the logarithm of its sum": "drop that term",
    "the logits are multiplied by a negative factor after their maximum is taken":
        "multiply before the maximum is taken",
    "a mask is computed from logits of other keys": "compute the mask from something else",
    "the logits are changed by a reduction, or by what is no arithmetic, between the matmul and the softmax":
        "change each logit by arithmetic on its own value",
    "the logit that is added to the denominator depends on more than the head": "use one sink for each head",
    "the logits do not come from a matmul of what depends on the query with what depends on the key":
        "compute them by one matmul of queries and keys",
    "the second matmul writes through an index map that is no permutation": "reshape its result instead",
    "logits are divided by zero, which makes rows NaN that are set to zero after the softmax":
        "drop the replacement of NaN",
    "a logit may be NaN or +inf, which makes rows NaN that are set to zero after the softmax":
        "drop the replacement of NaN",
    "the probabilities are scaled before the second matmul": "scale the output instead",
    "a constant that is not negligible is added to the sum of exponentials":
        "for softmax with a logit more, subtract max(max(x), 0) and add exp(-max)",
    "keys and values differ in the number of heads": "repeat the heads of neither",
    "a logit that is masked with -inf is multiplied, which makes rows NaN that are set to zero after the softmax":
        "multiply before the mask",
}


# ---- Axes --------------------------------------------------------------------


@refused(AXIS, "softmax")
def softmax_over_queries(g):
    q, k, v = g.qkv()
    return g.output(g.softmax(g.logits(q, k), "i"), v)


@refused(AXIS, "softmax", h=5)
def softmax_over_heads(g):
    q, k, v = g.qkv()
    return g.output(g.softmax(g.logits(q, k), "h"), v)


@refused(AXIS, "softmax")
def probabilities_transposed(g):
    q, k, v = g.qkv()
    p = g.transpose(g.soft(g.logits(q, k)), "bhji")
    return g.output(type(p)(p.name, "bhij", p.dtype), v)


@refused(SUM, "softmax")
def sum_over_queries_late(g):
    # Numerator and sum along two axes; sizes agree.
    q, k, v = g.qkv()
    x = g.logits(q, k)
    m, e, _ = g.parts(x)
    total = g.reduce(e, "i", "sum")
    total = type(total)(total.name, "bhi", total.dtype)
    return g.weigh(e, total, v)


@refused(MAXIMUM, "softmax")
def maximum_over_queries(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    m = g.reduce(x, "i", "max")
    m = type(m)(m.name, "bhi", m.dtype)
    e = g.unary("math.exp", g.binary("arith.subf", x, m))
    return g.weigh(e, g.reduce(e, "j", "sum"), v)


@refused(MAXIMUM, "softmax")
def maximum_of_all(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    m = g.reduce(g.reduce(x, "j", "max"), "i", "max")
    e = g.unary("math.exp", g.binary("arith.subf", x, m))
    return g.weigh(e, g.reduce(e, "j", "sum"), v)


@refused(SUM, "softmax")
def sum_of_all(g):
    q, k, v = g.qkv()
    _, e, total = g.parts(g.logits(q, k))
    return g.output(g.binary("arith.divf", e, g.reduce(total, "i", "sum")), v)


# ---- Another tensor's sum or maximum -----------------------------------------


@refused(SUM, "softmax")
def other_sum(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    _, e, _ = g.parts(x)
    return g.output(g.binary("arith.divf", e, g.reduce(x, "j", "sum")), v)


@refused(SUM, "softmax")
def sum_before_mask(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    _, _, total = g.parts(x)
    _, e, _ = g.parts(g.select(g.argument("b1ij", "i1"), x, -INFINITY))
    return g.weigh(e, total, v)


@refused(MAXIMUM, "softmax")
def maximum_before_bias(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    m = g.reduce(x, "j", "max")
    y = g.add(x, g.argument("bhij", "f32"))
    e = g.unary("math.exp", g.binary("arith.subf", y, m))
    return g.weigh(e, g.reduce(e, "j", "sum"), v)


@refused(MAXIMUM, "softmax")
def maximum_of_another_tensor(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    m = g.reduce(g.argument("bhij", "f32"), "j", "max")
    e = g.unary("math.exp", g.binary("arith.subf", x, m))
    return g.weigh(e, g.reduce(e, "j", "sum"), v)


@refused("", None)
def sum_without_exp(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    _, _, total = g.parts(x)
    return g.output(g.binary("arith.divf", x, total), v)


@refused(SUM, "softmax")
def sum_of_squares(g):
    q, k, v = g.qkv()
    _, e, _ = g.parts(g.logits(q, k))
    total = g.reduce(g.binary("arith.mulf", e, e), "j", "sum")
    return g.weigh(e, total, v)


@refused("the probabilities are divided twice", "softmax")
def divided_twice(g):
    q, k, v = g.qkv()
    _, e, total = g.parts(g.logits(q, k))
    return g.output(g.binary("arith.divf", g.binary("arith.divf", e, total), total), v)


# ---- Not normalised ----------------------------------------------------------


@refused(LATE, "softmax")
def unnormalised(g):
    q, k, v = g.qkv()
    _, e, _ = g.parts(g.logits(q, k))
    return g.output(e, v)


@refused(LATE, "softmax")
def normalised_behind_something(g):
    q, k, v = g.qkv()
    _, e, total = g.parts(g.logits(q, k))
    return g.binary("arith.divf", g.unary("math.tanh", g.output(e, v)), total)


@refused(SUM, "softmax")
def normalised_late_by_another(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    _, e, _ = g.parts(x)
    return g.binary("arith.divf", g.output(e, v), g.reduce(x, "j", "sum"))


@refused(NO_MAXIMUM, "softmax")
def no_maximum(g):
    q, k, v = g.qkv()
    e = g.unary("math.exp", g.logits(q, k))
    return g.weigh(e, g.reduce(e, "j", "sum"), v)


@refused("a constant that is not negligible is added to the sum of exponentials", "softmax")
def one_added_to_sum(g):
    q, k, v = g.qkv()
    _, e, total = g.parts(g.logits(q, k))
    return g.output(g.binary("arith.divf", e, g.with_constant("arith.addf", total, 1.0)), v)


@refused(MAXIMUM, "softmax")
def maximum_with_zero(g):
    # Softmax with one logit more has its exponential in the sum.
    q, k, v = g.qkv()
    x = g.logits(q, k)
    m = g.with_constant("arith.maximumf", g.reduce(x, "j", "max"), 0.0)
    e = g.unary("math.exp", g.binary("arith.subf", x, m))
    return g.weigh(e, g.reduce(e, "j", "sum"), v)


@refused("the maximum that is subtracted holds a value that is not in the sum", "softmax")
def sink_of_two_values(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    m = g.binary("arith.maximumf", g.reduce(x, "j", "max"), g.argument("h", "f32"), dims="bhi")
    e = g.unary("math.exp", g.binary("arith.subf", x, m))
    other = g.argument("h", "f32")
    extra = g.unary("math.exp", g.generic("bhi", "f32", [other, m], lambda a, b: g.op(f"arith.subf {a}, {b} : f32")))
    return g.output(g.binary("arith.divf", e, g.binary("arith.addf", g.reduce(e, "j", "sum"), extra)), v)


@refused("the logit that is added to the denominator depends on more than the head", "softmax")
def sink_per_query(g):
    q, k, v = g.qkv()
    x, sink = g.logits(q, k), g.argument("bhi", "f32")
    m = g.binary("arith.maximumf", g.reduce(x, "j", "max"), sink)
    e = g.unary("math.exp", g.binary("arith.subf", x, m))
    extra = g.unary("math.exp", g.binary("arith.subf", sink, m))
    return g.output(g.binary("arith.divf", e, g.binary("arith.addf", g.reduce(e, "j", "sum"), extra)), v)


# ---- Between softmax and second matmul ---------------------------------------


@refused(FACTOR, "softmax")
def scaled_by_key(g):
    q, k, v = g.qkv()
    return g.output(g.binary("arith.mulf", g.soft(g.logits(q, k)), g.argument("j", "f32")), v)


@refused("a logit that is masked with -inf is multiplied, which makes rows NaN that are set "
         "to zero after the softmax", "softmax")
def guarded_products(g):
    q, k, v = g.qkv()
    s = g.logits(q, k)
    infinity, zero = g.constant(-math.inf, "f32"), g.constant(0.0, "f32")
    s = g.generic("bhij", "f32", [g.argument("bhij", "i1"), s],
                  lambda c, a: g.op(f"arith.select {c}, {a}, {infinity} : f32"))
    number = g.generic("bhij", "f32", [g.argument("bhij", "i1")], lambda c: g.op(f"arith.uitofp {c} : i1 to f32"))
    penalty = g.generic("bhij", "f32", [number], lambda a: g.op(
        f"arith.mulf {g.op(f'arith.subf {g.constant(1.0, chr(102) + str(32))}, {a} : f32')}, "
        f"{g.constant(-10000.0, chr(102) + str(32))} : f32"))
    s = g.binary("arith.addf", g.binary("arith.mulf", s, number), penalty)
    p = g.generic("bhij", "f32", [g.soft(s)], lambda a: g.op(
        f"arith.select {g.op(f'arith.cmpf uno, {a}, {a} : f32')}, {zero}, {a} : f32"))
    return g.output(p, v)


@refused("logits are divided by zero, which makes rows NaN that are set to zero after the softmax", "softmax")
def guarded_division_by_zero(g):
    # Without the guard it is fused: such rows are NaN with it and without it.
    q, k, v = g.qkv()
    p, zero = g.soft(g.div(g.logits(q, k), 0.0)), g.constant(0.0, "f32")
    p = g.generic("bhij", "f32", [p], lambda a: g.op(
        f"arith.select {g.op(f'arith.cmpf uno, {a}, {a} : f32')}, {zero}, {a} : f32"))
    return g.output(p, v)


@refused("the logits are multiplied after their maximum is subtracted, before which that makes infinities of what "
         "masks them", "softmax", "multiply before the mask")
def temperature_after_lowest(g):
    q, k, v = g.qkv()
    x = g.select(g.argument("bhij", "i1"), g.logits(q, k), LOWEST["f32"])
    m = g.reduce(x, "j", "max")
    e = g.unary("math.exp", g.mul(g.binary("arith.subf", x, m), 1.5))
    return g.weigh(e, g.reduce(e, "j", "sum"), v)


@refused(FACTOR, "softmax")
def gated(g):
    q, k, v = g.qkv()
    return g.output(g.binary("arith.mulf", g.soft(g.logits(q, k)), g.argument("bhij", "f32")), v)


@refused(FACTOR, "softmax")
def dropout_in_training(g):
    q, k, v = g.qkv()
    random = g.argument("bhij", "f32")
    p = g.div(g.soft(g.logits(q, k)), 0.9)
    keep = g.generic("bhij", "f32", [random], lambda a: g.op(
        f"arith.uitofp {g.op(f'arith.cmpf ogt, {a}, {g.constant(0.1, chr(102) + str(32))} : f32')} : i1 to f32"))
    scaled = g.mul(keep, 1 / 0.9)
    return g.output(g.binary("arith.mulf", p, g.unary("math.absf", scaled)), v)


@refused("the probabilities are scaled before the second matmul", "softmax")
def scaled_after(g):
    q, k, v = g.qkv()
    return g.output(g.mul(g.soft(g.logits(q, k)), 0.5), v)


@refused("the probabilities are scaled before the second matmul", "softmax")
def scaled_by_head_after(g):
    q, k, v = g.qkv()
    return g.output(g.binary("arith.mulf", g.soft(g.logits(q, k)), g.argument("h", "f32")), v)


@refused(ZEROED, "softmax")
def masked_after_softmax(g):
    q, k, v = g.qkv()
    return g.output(g.select(g.argument("bhij", "i1"), g.soft(g.logits(q, k)), 0.0), v)


@refused(ZEROED, "softmax")
def zeroed_by_another_mask(g):
    q, k, v = g.qkv()
    x = g.select(g.argument("bhij", "i1"), g.logits(q, k), -INFINITY)
    return g.output(g.select(g.argument("bhij", "i1"), g.soft(x), 0.0), v)


@refused(ALL_MASKED, "softmax")
def rows_zeroed_by_a_tensor(g):
    q, k, v = g.qkv()
    return g.output(g.select(g.argument("bhi", "i1"), g.soft(g.logits(q, k)), 0.0), v)


@refused(ALL_MASKED, "softmax")
def rows_zeroed_if_any_is_masked(g):
    q, k, v = g.qkv()
    x = g.select(g.argument("bhij", "i1"), g.logits(q, k), -INFINITY)
    infinity = g.constant(-INFINITY, "f32")
    test = g.generic(x.dims, "i1", [x], lambda a: g.op(f"arith.cmpf oeq, {a}, {infinity} : f32"))
    return g.output(g.select(g.reduce(test, "j", "any"), g.soft(x), 0.0, negated=True), v)


@refused("", None)
def clipped_probabilities(g):
    q, k, v = g.qkv()
    return g.output(g.with_constant("arith.minimumf", g.soft(g.logits(q, k)), 0.5), v)


@refused("", None)
def second_softmax(g):
    # The probabilities of probabilities have no matmul in front of them.
    q, k, v = g.qkv()
    p = g.argument("bhij", "f32")
    return g.output(g.soft(g.soft(p)), v)


@refused("", None)
def sigmoid(g):
    q, k, v = g.qkv()
    e = g.unary("math.exp", g.unary("arith.negf", g.logits(q, k)))
    p = g.with_constant("arith.divf", g.with_constant("arith.addf", e, 1.0), 1.0, first=True)
    return g.output(p, v)


@refused("", None)
def relu(g):
    q, k, v = g.qkv()
    return g.output(g.with_constant("arith.maximumf", g.logits(q, k), 0.0), v)


@refused("", None)
def no_softmax(g):
    q, k, v = g.qkv()
    return g.output(g.logits(q, k), v)


# ---- Logits ------------------------------------------------------------------


@refused("", None)
def logits_are_an_argument(g):
    v = g.argument("bhje", "f32")
    return g.output(g.soft(g.argument("bhij", "f32")), v)


@refused("the logits are changed by a reduction, or by what is no arithmetic, between the matmul and the softmax",
         "logits")
def logits_normalised(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    return g.output(g.soft(g.binary("arith.subf", x, g.reduce(x, "j", "sum"))), v)


@refused("the logits are changed by a reduction, or by what is no arithmetic, between the matmul and the softmax",
         "logits")
def top_logits(g):
    # All but the largest logits of a row are masked.
    q, k, v = g.qkv()
    x = g.logits(q, k)
    keep = g.generic(x.dims, "i1", [x, g.reduce(x, "j", "max")], lambda a, b: g.op(f"arith.cmpf oge, {a}, {b} : f32"))
    return g.output(g.soft(g.select(keep, x, -INFINITY)), v)


@refused("the logits are multiplied by a negative factor after their maximum is taken", "softmax")
def softmin_of_maximum(g):
    q, k, v = g.qkv()
    x = g.logits(q, k)
    difference = g.mul(g.binary("arith.subf", x, g.reduce(x, "j", "max")), -1.0)
    e = g.unary("math.exp", difference)
    return g.weigh(e, g.reduce(e, "j", "sum"), v)


# ---- Operands ----------------------------------------------------------------


@refused("query, key and value cannot be brought into the layout [batch, head, length, dimension] in one "
         "floating-point type", "operands")
def types_differ(g):
    q, k = g.argument("bhid", "f32"), g.argument("bhjd", "f32")
    v = g.argument("bhje", "f64")
    return g.contract(g.cast(g.soft(g.logits(q, k)), "f64"), v, "bhie", "j")


@refused("keys and values differ in the number of heads", "operands")
def heads_differ(g):
    q, k, v = g.argument("bhid", "f32"), g.argument("bjd", "f32"), g.argument("bhje", "f32")
    return g.contract(g.soft(g.contract(q, k, "bhij", "d")), v, "bhie", "j")


# ---- Types -------------------------------------------------------------------


@refused("", None)
def integers(g):
    q, k, v = g.argument("id", "i32"), g.argument("jd", "i32"), g.argument("je", "i32")

    def product(x, y, dims, letter):
        zero = g.constant(0, "i32")
        empty = g.empty(dims, "i32")
        type_ = g.type_of(empty)
        init = g.emit(f"linalg.fill ins({zero} : i32) outs({empty.name} : {type_}) -> {type_}")
        body = lambda a, b, c: g.op(f"arith.addi {c}, {g.op(f'arith.muli {a}, {b} : i32')} : i32")
        return g.generic(dims, "i32", [x, y], body, type(empty)(init, dims, "i32"), letter, dims + letter)

    return product(product(q, k, "ij", "d"), v, "ie", "j")


def main():
    for build, remark, step, change, numerics, sizes in REFUSED:
        name = build.__name__
        graph = Graph(name, **sizes)
        level = f', attn.numerics = "{numerics}"' if numerics else ""
        text = graph.finish(build(graph), f"attributes {{test.fused = 0 : i64{level}}} ")
        change = change or CHANGES.get(remark, "")
        if remark:
            print(f'// REMARK: NotFused | Category:attn-fusion | Function={name} |{{{{.*}}}}'
                  f'Reason="{remark}", Step={step}{{{{.*}}}}Suggestion="{change}"'.replace("[[", "{{[[][[]}}"))
        else:
            print(f"// REMARK-NOT: Function={name} ")
        print(f"// CHECK-LABEL: func.func @{name}(\n// CHECK-NOT: attn.sdpa\n// CHECK: return")
        print(text + "\n")


if __name__ == "__main__":
    main()
