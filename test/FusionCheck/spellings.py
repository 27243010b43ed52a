# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random spellings of attention, all of which must be fused.

  spellings.py --count 2000 --seed 1 > spellings.mlir
  attn-fusion-check spellings.mlir

Every choice that a graph may make is drawn: ranks, layouts and reshapes, where the
scale is, the form and kind of masks and biases, the form of the softmax, types,
grouped heads, sinks. The same seed gives the same text.
"""

import argparse
import math
import random

from spell import INFINITY, LOWEST, Tensor, Writer


class Spelling:
    def __init__(self, name, rng, dtype=None):
        self.rng = rng
        size = lambda *options: rng.choice(options)
        # Equal sizes let mistakes in index maps go unseen by the verifier.
        square = rng.random() < 0.5
        n = size(3, 4)
        sizes = {letter: n if square else size(2, 3, 4) for letter in "abhijde"}
        sizes["a"] = 2
        sizes["r"] = 2
        self.lead = rng.choice(["", "h", "bh", "bh", "bh", "abh"])
        # Grouped heads: h key heads, r queries each.
        self.group = "r" if self.lead and rng.random() < 0.25 else ""
        self.w = Writer(name, sizes)
        self.dtype = dtype or rng.choice(["f64", "f64", "f64", "f32", "f32", "f16", "bf16"])
        self.softmax_dtype = self.dtype
        if self.dtype in ("f16", "bf16") and rng.random() < 0.6:
            self.softmax_dtype = "f32"
        self.has_finite_mask = rng.random() < 0.5
        self.rows = self.lead + self.group + "i"
        self.logits = self.rows + "j"

    def flip(self, probability=0.5):
        return self.rng.random() < probability

    # ---- Operands ------------------------------------------------------------

    def get_operand(self, dims):
        """An operand with the given dimensions, from an argument that lies
        differently."""
        w, rng = self.w, self.rng
        form = rng.choice(["plain", "plain", "transposed", "packed", "joined", "matmul"])
        if form == "transposed":
            letters = list(dims)
            rng.shuffle(letters)
            x = w.argument("".join(letters), self.dtype)
            return w.transpose(x, dims, named=self.flip())
        if form == "packed" and len(dims) > 2:
            # [.., 3 x last]: a slice of a wider projection.
            last = dims[-1]
            w.sizes["P"] = 3 * w.sizes[last]
            x = w.argument(dims[:-1] + "P", self.dtype)
            return w.slice(x, "P", rng.randrange(3) * w.sizes[last], last)
        if form == "joined" and len(dims) > 2:
            # [i, h * d] and its kin, as projections give it.
            joined = dims[-3] + dims[-1]
            order = dims[:-3] + dims[-2]
            w.sizes["J"] = w.sizes[joined[0]] * w.sizes[joined[1]]
            x = w.argument(order + "J", self.dtype)
            x = w.expand(x, [(c, c) for c in order] + [("J", joined)])
            return w.transpose(x, dims, named=self.flip())
        if form == "matmul":
            x = w.argument(dims[:-1] + "p", self.dtype) if w.sizes.setdefault("p", 3) else None
            y = w.argument("p" + dims[-1], self.dtype)
            return w.contract(x, y, dims, "p")
        return w.argument(dims, self.dtype)

    def scale_by(self, x, factor):
        """x * factor, in one of its forms."""
        w, rng = self.w, self.rng
        form = rng.choice(["mul", "first", "div", "twice", "splat", "inverse"])
        if form == "first":
            return w.with_constant("arith.mulf", x, factor, first=True)
        if form == "div":
            return w.with_constant("arith.divf", x, 1 / factor)
        if form == "twice":
            return w.with_constant("arith.mulf", w.with_constant("arith.mulf", x, factor / 4), 4.0)
        if form == "splat":
            splat = w.dense("", x.dtype, repr(float(factor)))
            return w.binary("arith.mulf", x, splat)
        if form == "inverse":
            half = w.filled("", x.dtype, 1 / factor)
            return w.binary("arith.divf", x, half)
        return w.with_constant("arith.mulf", x, factor)

    def repeat_heads(self, x):
        """Key or value with one head per query head."""
        if not self.group:
            return x
        w = self.w
        position = x.dims.index("h") + 1
        return w.generic(x.dims[:position] + "r" + x.dims[position:], x.dtype, [x], lambda a: a)

    # ---- Matmuls -------------------------------------------------------------

    def matmul(self, x, y, dims, letter):
        """A batched matmul of x [lead, m, letter] and y [lead, letter or n]."""
        w, rng = self.w, self.rng
        accumulate = None
        if x.dtype in ("f16", "bf16") and self.flip():
            accumulate = "f32"
        lead = dims[:-2]
        m, n = dims[-2:]
        shared = x.dims[:-2] == lead and y.dims[:-2] == lead
        forms = ["generic", "generic"]
        if shared:
            forms += ["named"]
            if len(lead) > 1:
                forms += ["collapsed", "collapsed"]
        form = rng.choice(forms)
        if form == "generic":
            if shared and self.flip(0.3):
                # (y^T x^T)^T.
                z = w.contract(y, x, lead + n + m, letter, accumulate)
                z = w.transpose(z, dims, named=self.flip())
            else:
                z = w.contract(x, y, dims, letter, accumulate, swap=self.flip())
        else:
            y = w.transpose(y, lead + letter + n, named=self.flip())
            if form == "collapsed":
                groups = lambda a, b: [("Z", lead), (a, a), (b, b)]
                x = w.collapse(w.transpose(x, lead + m + letter), groups(m, letter))
                y = w.collapse(y, groups(letter, n))
                z = w.named_matmul("batch_matmul", x, y, "Z" + m + n, accumulate)
                z = w.expand(z, groups(m, n))
            elif len(lead) < 2:
                x = w.transpose(x, lead + m + letter)
                z = w.named_matmul("batch_matmul" if lead else "matmul", x, y, dims, accumulate)
            else:
                z = w.contract(x, y, dims, letter, accumulate)
        return w.cast(z, self.dtype) if self.flip() else z

    # ---- Logits --------------------------------------------------------------

    def get_broadcast_dims(self):
        """Dimensions of a mask or bias: some are missing, or one."""
        dims = ""
        for c in self.logits:
            kind = self.rng.choice(["x", "x", "1", "missing"])
            dims += c if kind == "x" else "1" if kind == "1" and dims.count("1") < 9 else ""
        return dims

    def get_index_condition(self, dims):
        """A boolean tensor computed from indices, true where kept; the second
        result says whether each row keeps a key."""
        w, rng = self.w, self.rng
        loops = dims.replace("1", "")
        dtype = rng.choice(["i64", "i32", "index"])
        kind = rng.choice(["causal", "causal", "offset", "window", "strict", "blocks"])
        offset = {"causal": 0, "offset": rng.choice([1, 2]), "strict": -1}.get(kind, 0)

        def body():
            i = w.index(loops.index("i"), dtype)
            j = w.index(loops.index("j"), dtype)
            if kind == "window":
                width = w.constant(rng.choice([1, 2]), dtype)
                distance = w.op(f"arith.subi {i}, {j} : {dtype}")
                near = w.op(f"arith.cmpi sle, {distance}, {width} : {dtype}")
                causal = w.op(f"arith.cmpi sge, {i}, {j} : {dtype}")
                return w.op(f"arith.andi {near}, {causal} : i1")
            if kind == "blocks":
                two = w.constant(2, dtype)
                x = w.op(f"arith.divsi {i}, {two} : {dtype}")
                y = w.op(f"arith.divsi {j}, {two} : {dtype}")
                return w.op(f"arith.cmpi eq, {x}, {y} : {dtype}")
            if offset:
                shift = w.constant(offset, dtype)
                i = w.op(f"arith.addi {i}, {shift} : {dtype}")
            form = rng.randrange(3)
            if form == 0:
                return w.op(f"arith.cmpi sle, {j}, {i} : {dtype}")
            if form == 1:
                return w.op(f"arith.cmpi sge, {i}, {j} : {dtype}")
            difference = w.op(f"arith.subi {j}, {i} : {dtype}")
            zero = w.constant(0, dtype)
            return w.op(f"arith.cmpi sle, {difference}, {zero} : {dtype}")

        return w.generic(dims, "i1", [], body)

    def get_condition(self):
        """A boolean tensor that broadcasts to the logits, true where kept."""
        w, rng = self.w, self.rng
        form = rng.choice(["argument", "argument", "index", "index", "constant", "integer", "padding",
                           "both", "documents", "negated", "lengths"])
        if form == "index" or (form == "both" and self.flip()):
            return self.get_index_condition("ij")
        if form == "constant":
            rows, columns = w.sizes["i"], w.sizes["j"]
            offset = rng.choice([-1, 0, 0, 1])
            values = [[str(j <= i + offset).lower() for j in range(columns)] for i in range(rows)]
            text = "[" + ", ".join("[" + ", ".join(row) + "]" for row in values) + "]"
            return w.dense("ij", "i1", text)
        if form == "integer":
            mask = w.argument(self.get_broadcast_dims(), "i64", "mask")
            zero = w.constant(0, "i64")
            return w.generic(mask.dims, "i1", [mask], lambda a: w.op(f"arith.cmpi ne, {a}, {zero} : i64"))
        if form == "padding":
            lead = self.lead[0] if self.lead else ""
            return w.argument(lead + "j", "i1")
        if form == "both":
            x = self.get_index_condition("ij")
            y = w.argument((self.lead[0] if self.lead else "") + "j", "i1")
            dims = (self.lead[0] if self.lead else "") + "ij"
            name = rng.choice(["arith.andi", "arith.ori"])
            return w.generic(dims, "i1", [x, y], lambda a, b: w.op(f"{name} {a}, {b} : i1"))
        if form == "documents":
            x, y = w.argument("i", "i64"), w.argument("j", "i64")
            return w.generic("ij", "i1", [x, y], lambda a, b: w.op(f"arith.cmpi eq, {a}, {b} : i64"))
        if form == "lengths":
            lengths = w.argument(self.lead[0] if self.lead else "", "i64")
            dims = lengths.dims + "j"

            def body(a):
                j = w.index(dims.index("j"), "i64")
                return w.op(f"arith.cmpi slt, {j}, {a} : i64")

            return w.generic(dims, "i1", [lengths], body)
        mask = w.argument(self.get_broadcast_dims(), "i1")
        if form == "negated":
            one = w.constant(True, "i1")
            return w.generic(mask.dims, "i1", [mask], lambda a: w.op(f"arith.xori {a}, {one} : i1"))
        return mask

    def is_narrow(self, s):
        return "f16" in s.dtype or "f16" in self.softmax_dtype

    def get_sentinel(self, dtype):
        finite = [LOWEST[dtype], -1e4] if dtype == "f16" else [LOWEST[dtype], -1e9, -1e4, -1e30]
        if not self.has_finite_mask or self.flip(0.4):
            return -INFINITY
        return self.rng.choice(finite)

    def mask(self, s):
        """Logits with a mask."""
        w, rng = self.w, self.rng
        keep = self.get_condition()
        value = self.get_sentinel(s.dtype)
        form = rng.choice(["where", "where", "fill", "add", "add", "arithmetic", "multiply"])
        if self.is_narrow(s) and value != -INFINITY:
            # Adding rounds the logit away there, but not in f32.
            form = rng.choice(["where", "fill"])
        scalar = w.constant(value, s.dtype)
        if form == "where":
            return w.generic(
                s.dims, s.dtype, [keep, s],
                lambda c, a: w.op(f"arith.select {c}, {a}, {scalar} : {s.dtype}"),
            )
        if form == "fill":
            one = w.constant(True, "i1")
            drop = w.generic(keep.dims, "i1", [keep], lambda a: w.op(f"arith.xori {a}, {one} : i1"))
            return w.generic(
                s.dims, s.dtype, [drop, s],
                lambda c, a: w.op(f"arith.select {c}, {scalar}, {a} : {s.dtype}"),
            )
        if form == "add":
            zero = w.constant(0.0, s.dtype)
            matrix = w.generic(
                keep.dims, s.dtype, [keep],
                lambda c: w.op(f"arith.select {c}, {zero}, {scalar} : {s.dtype}"),
            )
            return w.binary("arith.addf", s, matrix)
        # (1 - keep) * value, with a value that is finite.
        if value == -INFINITY:
            return w.generic(
                s.dims, s.dtype, [keep, s],
                lambda c, a: w.op(f"arith.select {c}, {a}, {scalar} : {s.dtype}"),
            )
        number = w.generic(keep.dims, s.dtype, [keep], lambda c: w.op(f"arith.uitofp {c} : i1 to {s.dtype}"))
        penalty = w.with_constant("arith.subf", number, 1.0, first=True)
        penalty = w.with_constant("arith.mulf", penalty, value)
        if form == "multiply":
            s = w.binary("arith.mulf", s, number)
        return w.binary("arith.addf", s, penalty)

    def add_bias(self, s):
        w, rng = self.w, self.rng
        form = rng.choice(["tensor", "tensor", "alibi", "table", "two"])
        if form == "alibi" and self.lead:
            slopes = w.argument("h", s.dtype)

            def body(slope):
                i, j = w.index(1), w.index(2)
                distance = w.op(f"arith.subi {j}, {i} : i64")
                number = w.op(f"arith.sitofp {distance} : i64 to {s.dtype}")
                return w.op(f"arith.mulf {slope}, {number} : {s.dtype}")

            return w.binary("arith.addf", s, w.generic("hij", s.dtype, [slopes], body))
        if form == "table":
            # Relative positions: table[j - i + Lq - 1].
            w.sizes["T"] = w.sizes["i"] + w.sizes["j"]
            table = w.argument("T", s.dtype)

            def body():
                i, j = w.index(0, "index"), w.index(1, "index")
                shift = w.constant_index(w.sizes["i"] - 1)
                distance = w.op(f"arith.subi {j}, {i} : index")
                position = w.op(f"arith.addi {distance}, {shift} : index")
                return w.op(f"tensor.extract {table.name}[{position}] : {w.type_of(table)}")

            return w.binary("arith.addf", s, w.generic("ij", s.dtype, [], body))
        # An infinite bias beside a finite mask has no meaning that fusion keeps.
        kind = "" if self.has_finite_mask else "bias"
        bias = w.argument(self.get_broadcast_dims(), s.dtype, kind)
        s = w.binary("arith.addf", *((s, bias)), dims=s.dims)
        if form == "two":
            s = w.binary("arith.addf", s, w.argument(self.get_broadcast_dims(), s.dtype), dims=s.dims)
        return s

    def softcap(self, s):
        w = self.w
        s = w.with_constant(*self.rng.choice([("arith.divf", s, 4.0), ("arith.mulf", s, 0.25)]))
        return w.with_constant("arith.mulf", w.unary("math.tanh", s), 4.0)

    # ---- Softmax -------------------------------------------------------------

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

    # ---- All of it -----------------------------------------------------------

    def write(self):
        w, rng = self.w, self.rng
        query_dims = self.lead + self.group + "id"
        key_dims, value_dims = self.lead + "jd", self.lead + "je"
        if self.flip(0.2):
            key_dims = self.lead + "dj"
        q, k, v = self.get_operand(query_dims), self.get_operand(key_dims), self.get_operand(value_dims)
        if self.group and self.flip(0.7):
            k, v = self.repeat_heads(k), self.repeat_heads(v)
        factor = rng.choice([1.0, 0.5, 1 / math.sqrt(w.sizes["d"]), 0.25])
        where = rng.choice(["none", "query", "key", "both", "after", "after", "value", "element"])
        if where == "query":
            q = self.scale_by(q, factor)
        elif where == "key":
            k = self.scale_by(k, factor)
        elif where == "both":
            q, k = self.scale_by(q, math.sqrt(factor)), self.scale_by(k, math.sqrt(factor))
        s = self.matmul(q, k, self.logits, "d")
        if where == "after":
            s = self.scale_by(s, factor)
        elif where == "value":
            scalar = w.argument(None, s.dtype, "positive")
            name = rng.choice(["arith.mulf", "arith.divf"])
            s = w.generic(s.dims, s.dtype, [s], lambda a: w.op(f"{name} {a}, {scalar} : {s.dtype}"))
        elif where == "element":
            s = w.binary("arith.mulf", s, w.argument("", s.dtype, "positive"))
        if self.flip(0.3):
            s = w.cast(s, self.softmax_dtype)
        if self.flip(0.2):
            s = self.softcap(s)
        # Sums of large negative numbers overflow in f16, but not in f32.
        num_masks = rng.choice([0, 1, 1, 1, 1 if self.dtype == "f16" else 2])
        steps = [self.mask] * num_masks + [self.add_bias] * rng.choice([0, 0, 1])
        rng.shuffle(steps)
        if self.is_narrow(s):
            # Beside large negative numbers a bias is rounded away.
            steps.sort(key=lambda step: step == self.mask)
        for step in steps:
            s = step(s)
        s = w.cast(s, self.softmax_dtype)
        p, divisor = self.softmax(s)
        p = w.cast(p, self.dtype)
        if self.flip(0.1):
            p = w.with_constant("arith.mulf", p, 1.0)  # dropout in inference
        o = self.matmul(p, v, self.rows + "e", "j")
        if divisor:
            o = w.binary("arith.divf", w.cast(o, divisor.dtype), divisor)
        o = w.cast(o, self.dtype)
        if self.lead and self.flip(0.4):
            order = o.dims.replace("h", "").replace("r", "")
            order = order.replace("i", "ih" + self.group)
            o = w.transpose(o, order, named=self.flip())
            if self.flip():
                o = w.collapse(o, [(c, c) for c in order[: order.index("h")]]
                               + [("O", order[order.index("h"):])])
        return w.finish(o, "attributes {test.fused = 1 : i64} ")


def constant_index(self, value):
    key = (str(value), "index")
    if key not in self.constants:
        self.constants[key] = f"%c{len(self.constants)}"
    return self.constants[key]


Writer.constant_index = constant_index


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dtype", help="the type of query, key and value")
    parser.add_argument("--only", type=int, help="the number of one spelling")
    options = parser.parse_args()
    for number in range(options.count):
        if options.only is not None and number != options.only:
            continue
        rng = random.Random(f"{options.seed}-{number}")
        print(Spelling(f"s{number}", rng, options.dtype).write())


if __name__ == "__main__":
    main()
