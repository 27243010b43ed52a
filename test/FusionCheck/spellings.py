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

from spell import Writer
from spellings_logits import LogitSpellings
from spellings_softmax import SoftmaxSpellings


class Spelling(LogitSpellings, SoftmaxSpellings):
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
        self.always_fused = True
        self.masks_infinite = self.is_multiplied = False
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
        return w.finish(o, "attributes {test.fused = 1 : i64} " if self.always_fused else "")


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
