# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The forms of the softmax that random spellings choose from."""

import math

from spell import INFINITY, LOWEST


class SoftmaxSpellings:
    def get_max(self, x):
        w = self.w
        kind = self.rng.choice(["max", "max", "maxnum"])
        keep = self.flip()
        return w.reduce(x, "j", kind, keep, order=self.flip())

    def normalise(self, e, total):
        """e / total."""
        w = self.w
        if self.flip(0.25):
            inverse = w.with_constant("arith.divf", total, 1.0, first=True)
            return w.binary("arith.mulf", e, inverse)
        return w.binary("arith.divf", e, total)

    def softmax(self, x):
        """Probabilities, and the divisor that is left for later or None."""
        w, rng = self.w, self.rng
        form = rng.choice(["named", "plain", "plain", "plain", "exp2", "exp2_late", "log", "lse", "clamped",
                           "guarded", "late", "safe", "safe_any", "nan", "sink", "sink_zero", "epsilon"])
        if form == "lse" and self.has_finite_mask:
            form = "log"  # the logarithm of the sum is rounded away
        if form == "exp2_late" and self.has_finite_mask:
            form = "exp2"  # the lowest number overflows
        if form == "named":
            return w.softmax(x, "j"), None
        if form in ("sink", "sink_zero"):
            return self.softmax_with_sink(x, form), None
        m = self.get_max(x)
        if form == "clamped":
            m = w.with_constant("arith.maximumf", m, LOWEST[x.dtype])
        if form == "guarded":
            infinity, zero = w.constant(-INFINITY, x.dtype), w.constant(0.0, x.dtype)

            def body(a):
                test = w.op(f"arith.cmpf oeq, {a}, {infinity} : {x.dtype}")
                return w.op(f"arith.select {test}, {zero}, {a} : {x.dtype}")

            m = w.generic(m.dims, m.dtype, [m], body)
        log2e = math.log2(math.e)
        if form == "exp2_late":
            difference = w.binary("arith.subf", w.with_constant("arith.mulf", x, log2e),
                                  w.with_constant("arith.mulf", m, log2e), dims=x.dims)
        else:
            difference = w.binary("arith.subf", x, m)
        if form == "exp2":
            difference = w.with_constant("arith.mulf", difference, log2e)
        e = w.unary("math.exp2" if form.startswith("exp2") else "math.exp", difference)
        total = w.reduce(e, "j", "sum", self.flip(), order=self.flip())
        if form == "late":
            return e, total
        if form == "log":
            return w.unary("math.exp", w.binary("arith.subf", difference, w.unary("math.log", total))), None
        if form == "lse":
            lse = w.binary("arith.addf", w.unary("math.log", total), m) if total.dims == m.dims else None
            if lse:
                return w.unary("math.exp", w.binary("arith.subf", x, lse)), None
        if form in ("epsilon", "guarded") and x.dtype in ("f32", "f64"):
            total = w.with_constant("arith.addf", total, 1e-12)
        p = self.normalise(e, total)
        if form in ("safe", "safe_any"):
            infinity, zero = w.constant(-INFINITY, x.dtype), w.constant(0.0, x.dtype)
            predicate = "oeq" if form == "safe" else "une"
            test = w.generic(x.dims, "i1", [x],
                             lambda a: w.op(f"arith.cmpf {predicate}, {a}, {infinity} : {x.dtype}"))
            rows = w.reduce(test, "j", "all" if form == "safe" else "any", self.flip())
            if form == "safe_any":
                one = w.constant(True, "i1")
                rows = w.generic(rows.dims, "i1", [rows], lambda a: w.op(f"arith.xori {a}, {one} : i1"))
            return w.generic(x.dims, x.dtype, [rows, p],
                             lambda c, a: w.op(f"arith.select {c}, {zero}, {a} : {x.dtype}")), None
        if form == "nan":
            # Such rows become zero, which no attention does.
            self.always_fused = not self.is_multiplied
            zero = w.constant(0.0, x.dtype)

            def body(a):
                test = w.op(f"arith.cmpf uno, {a}, {a} : {x.dtype}")
                return w.op(f"arith.select {test}, {zero}, {a} : {x.dtype}")

            return w.generic(p.dims, p.dtype, [p], body), None
        return p, None

    def softmax_with_sink(self, x, form):
        w = self.w
        heads = ("h" + self.group) if self.lead and self.flip(0.7) else ""
        sinks = w.argument(heads, x.dtype) if form == "sink" else w.filled("", x.dtype, 0.0)
        if self.flip():
            # A column of sinks, which is dropped after the softmax.
            w.sizes["s"] = 1
            column = w.generic(self.rows + "s", x.dtype, [sinks], lambda a: a)
            wide = w.concat(x, column, "j", "s", "S")
            if self.flip():
                p = w.softmax(wide, "S")
            else:
                m = w.reduce(wide, "S", "max", self.flip())
                e = w.unary("math.exp", w.binary("arith.subf", wide, m))
                p = w.binary("arith.divf", e, w.reduce(e, "S", "sum", self.flip()))
            return w.slice(p, "S", 0, "j")
        rows = self.rows
        m = w.reduce(x, "j", "max")
        m = w.binary("arith.maximumf", m, sinks, dims=rows)
        e = w.unary("math.exp", w.binary("arith.subf", x, m))
        extra = w.unary("math.exp", w.generic(
            rows, x.dtype, [sinks, m], lambda a, b: w.op(f"arith.subf {a}, {b} : {x.dtype}")))
        total = w.binary("arith.addf", w.reduce(e, "j", "sum"), extra)
        return self.normalise(e, total)
