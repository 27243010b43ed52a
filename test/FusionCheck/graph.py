# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A writer of graphs of attention, and the registers of shapes and of refusals."""

from spell import INFINITY, Writer

SHAPES = []
REFUSED = []


def shape(source, check=None, fused=1, **sizes):
    """Registers a function that builds a shape from a `Graph`."""

    def register(function):
        SHAPES.append((function.__name__, source, check, fused, sizes, function))
        return function

    return register


def refused(remark, step=None, change="", numerics=None, **sizes):
    """Registers a function that builds a graph which must not be fused; `change` is
    what the remark suggests."""

    def register(function):
        REFUSED.append((function, remark, step, change, numerics, dict(dict(i=5, j=5, d=5, e=5), **sizes)))
        return function

    return register


class Graph(Writer):
    def __init__(self, name, dtype="f32", **sizes):
        super().__init__(name, dict(dict(b=2, h=3, i=5, j=7, d=4, e=4, r=2), **sizes))
        self.dtype = dtype

    def qkv(self, lead="bh", dtype=None):
        dtype = dtype or self.dtype
        return (self.argument(lead + "id", dtype), self.argument(lead + "jd", dtype),
                self.argument(lead + "je", dtype))

    def logits(self, q, k):
        lead = q.dims[:-2]
        return self.contract(q, k, lead + "ij", "d")

    def output(self, p, v):
        return self.contract(p, v, p.dims[:-1] + "e", "j")

    def parts(self, x):
        m = self.reduce(x, "j", "max")
        e = self.unary("math.exp", self.binary("arith.subf", x, m))
        return m, e, self.reduce(e, "j", "sum")

    def soft(self, x):
        _, e, total = self.parts(x)
        return self.binary("arith.divf", e, total)

    def weigh(self, e, total, v):
        """The values by the exponentials over their sum."""
        return self.output(self.binary("arith.divf", e, total), v)

    def attend(self, q, k, v, change=lambda s: s):
        return self.output(self.soft(change(self.logits(q, k))), v)

    def attend_where(self, condition, q, k, v, negated=False):
        """-inf elsewhere."""
        return self.attend(q, k, v, lambda s: self.select(condition, s, -INFINITY, negated))

    def select(self, condition, x, value, negated=False):
        scalar = self.constant(value, x.dtype)
        return self.generic(
            x.dims, x.dtype, [condition, x],
            lambda c, a: self.op(f"arith.select {c}, {scalar if negated else a}, {a if negated else scalar} : {x.dtype}"))

    def matrix(self, condition, dtype, value):
        """0 where kept, else the value."""
        zero, scalar = self.constant(0.0, dtype), self.constant(value, dtype)
        return self.generic(condition.dims, dtype, [condition],
                            lambda c: self.op(f"arith.select {c}, {zero}, {scalar} : {dtype}"))

    def number(self, condition, dtype):
        return self.generic(condition.dims, dtype, [condition],
                            lambda c: self.op(f"arith.uitofp {c} : i1 to {dtype}"))

    def compare(self, predicate, shift=0, dims="ij"):
        """i + shift predicate j."""
        def body():
            i, j = self.index(dims.index("i")), self.index(dims.index("j"))
            if shift:
                i = self.op(f"arith.addi {i}, {self.constant(shift, 'i64')} : i64")
            return self.op(f"arith.cmpi {predicate}, {i}, {j} : i64")

        return self.generic(dims, "i1", [], body)

    def add(self, x, y):
        return self.binary("arith.addf", x, y)

    def mul(self, x, value):
        return self.with_constant("arith.mulf", x, value)

    def div(self, x, value):
        return self.with_constant("arith.divf", x, value)


SCALED = "attn.sdpa {{.*}} scale = 2.500000e-01"
GROUPED = "query(%{{.*}} : tensor<2x6x5x4xf32>) key(%arg1 : tensor<2x3x7x4xf32>)"
