# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What random spellings do to logits: masks, biases, the softcap."""

from spell import INFINITY, LOWEST


class LogitSpellings:
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
            return self.get_length_condition()
        mask = w.argument(self.get_broadcast_dims(), "i1")
        if form == "negated":
            one = w.constant(True, "i1")
            return w.generic(mask.dims, "i1", [mask], lambda a: w.op(f"arith.xori {a}, {one} : i1"))
        return mask

    def get_length_condition(self):
        """j < length[b], in one of its forms."""
        w, rng = self.w, self.rng
        dtype = rng.choice(["i64", "i64", "i32"])
        # Of heads it is a mask.
        lengths = w.argument(self.lead[: rng.choice([1, 1, 1, 2])], dtype, "length")
        dims = lengths.dims + "j"
        offset = rng.choice([0, 0, 0, 1, -1])
        predicate, swapped = rng.choice([("slt", False), ("sle", False), ("sgt", True), ("sge", True)])
        inverted = {"slt": "sge", "sle": "sgt", "sgt": "sle", "sge": "slt"}
        is_negated = self.flip(0.3)

        def body(a):
            j = w.index(dims.index("j"), "i64")
            if dtype == "i32":
                a = w.op(f"arith.extsi {a} : i32 to i64")
            if offset:
                j = w.op(f"arith.addi {j}, {w.constant(offset, 'i64')} : i64")
            x, y = (a, j) if swapped else (j, a)
            keep = w.op(f"arith.cmpi {inverted[predicate] if is_negated else predicate}, {x}, {y} : i64")
            return w.op(f"arith.xori {keep}, {w.constant(True, 'i1')} : i1") if is_negated else keep

        return w.generic(dims, "i1", [lengths], body)

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
        if form == "multiply" and self.masks_infinite:
            # Zero times -inf: rows of NaN.
            self.is_multiplied = True
        self.masks_infinite |= value == -INFINITY
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
