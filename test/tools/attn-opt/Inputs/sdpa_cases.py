# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random `attn.sdpa` as text: valid ones, and ones with a fault.

A case is a function with one op. `generate` gives its text and whether it must verify; what has a fault may happen to verify.
"""

INVALID_TYPES = ["i8", "f8E4M3FN", "f80", "index", "complex<f32>"]
FLOATS = ["f16", "bf16", "f32", "f64"]
LENGTHS = [0, 1, 2, 5, 7, 16, 33, 64, 77, 128, 500, "?", "?", "?"]
HUGE = [2**31 - 1, 2**31, 2**32 + 1, 2**40, 2**62, 2**63 - 1]
HEAD_DIMS = [1, 3, 8, 16, 20, 32, 64, 64, 72, 96, 128, 128, 192, 256, 257, 512, 513]
MASKS = ["causal", "window", "prefix", "document"]
LAYOUTS = ["strided", "strided", "offset", "padded", "reversed", "map"]


class Operand:
    """A shaped operand: a name, a shape and an element type."""

    def __init__(self, name, shape, element):
        self.name, self.shape, self.element = name, list(shape), element
        self.layout = None
        self.kind = None

    def type(self, memrefs):
        dims = "".join(f"{size}x" for size in self.shape)
        kind = self.kind or ("memref" if memrefs else "tensor")
        layout = f", {self.layout}" if self.layout and kind == "memref" else ""
        if kind == "unranked":
            return f"tensor<*x{self.element}>"
        if kind == "encoded":
            return f"tensor<{dims}{self.element}, \"encoding\">"
        return f"{kind}<{dims}{self.element}{layout}>"


def pick_layout(rng, shape):
    """A layout for a memref of that shape; what it means need not make sense."""
    rank = len(shape)
    kind = rng.choice(LAYOUTS)
    if kind == "strided":
        return f"strided<[{', '.join(['?'] * (rank - 1) + ['1'])}]>" if rank else None
    if kind == "offset":
        return f"strided<[{', '.join(['?'] * rank)}], offset: ?>"
    if kind == "padded" or kind == "reversed":
        strides, stride = [], 1
        for size in shape[::-1] if kind == "padded" else shape:
            strides.append(str(stride))
            stride = "?" if "?" in (size, stride) or stride * (size + 3) >= 2**63 else stride * (size + 3)
        if kind == "padded":
            strides.reverse()
        return f"strided<[{', '.join(strides)}], offset: {rng.choice(['?', 7])}>"
    dims = [f"d{i}" for i in range(rank)]
    return f"affine_map<({', '.join(dims)}) -> ({', '.join(dims[::-1])})>" if rank else None


class Case:
    def __init__(self, rng, on_memrefs, for_cuda):
        self.rng = rng
        self.for_cuda = for_cuda
        self.on_memrefs = on_memrefs
        self.rank = rng.choice([2, 3, 4, 4, 4, 5])
        self.element = rng.choice(FLOATS[:3] if for_cuda and rng.random() < 0.95 else FLOATS)
        self.compute = "f64" if self.element == "f64" else "f32"
        # Ragged batches with documents and several query heads of a key head.
        self.packed = rng.random() < 0.15
        self.ragged = self.packed or rng.random() < 0.2
        self.ids = rng.choice(["i32", "i64", "index"])
        self.sequences = rng.choice([0, 1, 2, 3, "?"])
        self.captures = []
        self.make_dims()
        self.make_operands()
        self.make_attributes()
        self.score = self.make_region("score") if rng.random() < 0.2 else None
        self.keep = self.make_region("keep") if rng.random() < 0.2 else None

    def chance(self, probability):
        return self.rng.random() < probability

    def blur(self, size):
        """The size, or dynamic."""
        return "?" if self.chance(0.15) else size

    def make_dims(self):
        rng = self.rng
        self.batch = [rng.choice([0, 1, 2, 3, "?"]) for _ in range(max(self.rank - 3, 0))]
        self.queries = rng.choice(LENGTHS)
        self.keys = rng.choice(LENGTHS)
        if self.chance(0.03):
            self.queries = rng.choice(HUGE)
        if self.chance(0.03):
            self.keys = rng.choice(HUGE)
        self.key_heads = rng.choice([1, 1, 2, 3, "?"])
        group = rng.choice([2, 3, 4, 5, 8] if self.packed else [1, 1, 2, 4, 5])
        self.heads = self.key_heads if self.key_heads == "?" else self.key_heads * group
        sizes = HEAD_DIMS[:-3] if self.for_cuda and self.chance(0.9) else HEAD_DIMS
        self.head_dim = rng.choice(sizes)
        self.value_dim = self.head_dim if self.chance(0.6) else rng.choice(sizes)

    def broadcast(self, shape, leading=True):
        """A shape that broadcasts to `shape`."""
        result = [1 if self.chance(0.25) else self.blur(size) for size in shape]
        if leading:
            result = result[self.rng.randrange(len(result) + 1) if self.chance(0.3) else 0 :]
        return result

    def make_operands(self):
        rng = self.rng
        head = [self.heads] if self.rank > 2 else []
        key_head = [self.key_heads] if self.rank > 2 else []
        # The batch of the key may broadcast, the others then say the size.
        key_batch = [1 if self.chance(0.15) else self.blur(size) for size in self.batch]
        rows = self.batch + head + [self.queries]
        self.query = Operand("query", rows + [self.head_dim], self.element)
        self.key = Operand("key", key_batch + key_head + [self.keys, self.head_dim], self.element)
        self.value = Operand("value", self.batch + key_head + [self.keys, self.value_dim], self.element)
        out_element = self.element if self.chance(0.7) else rng.choice(FLOATS)
        self.outs = [Operand("out0", rows + [self.value_dim], out_element)]
        for index in range(rng.choice([0, 0, 1, 2])):
            self.outs.append(Operand(f"out{index + 1}", rows, self.compute))
        sequence = [self.sequences] if self.ragged else []
        pair = self.batch + sequence + head + (["?", "?"] if self.ragged else [self.queries, self.keys])
        self.optional = {}

        def add(name, probability, shape, element):
            if self.chance(probability):
                self.optional[name] = Operand(name, shape, element)

        add("bias", 0.25, self.broadcast(pair), rng.choice(FLOATS))
        add("mask", 0.25, self.broadcast(pair), "i1")
        add("sinks", 0.15, [rng.choice([1, self.heads if self.rank > 2 else 1])], rng.choice(FLOATS))
        add("key_lengths", 0.2, self.broadcast(self.batch + sequence), rng.choice(["i32", "i64", "index"]))
        self.documents = []
        if self.ragged:
            ends = self.sequences if self.sequences == "?" else self.sequences + 1
            self.ends = [Operand(f"ends{i}", [self.blur(ends)], self.ids) for i in range(2)]

    def pick_mask(self):
        rng = self.rng
        kind = rng.choice(MASKS)
        alignment = rng.choice(["top_left", "bottom_right"])
        bound = lambda: rng.choice([-1, 0, 1, 5, 64, 1000, 2**31, 2**61 - 1])
        if kind == "causal":
            return f"#attn.causal<{alignment}>"
        if kind == "window":
            return f"#attn.window<{bound()}, {bound()}, {alignment}>"
        if kind == "prefix":
            return f"#attn.prefix<{rng.choice([0, 1, 7, 2**31, 2**63 - 1])}, {alignment}>"
        return "#attn.document"

    def pick_structure(self, count, depth=0):
        """A mask, or the conjunction of several or of none, which may hold others."""
        if count == 1 and self.chance(0.9):
            return self.pick_mask()
        nested = lambda: self.pick_structure(self.rng.choice([0, 1, 2]), depth + 1)
        members = [nested() if depth < 3 and self.chance(0.2) else self.pick_mask() for _ in range(count)]
        return f"#attn.all_of<[{', '.join(members)}]>"

    def make_attributes(self):
        rng = self.rng
        self.scale = rng.choice([None, None, "operand", 0.125, 0.0, -1.0, "1.0e30"])
        self.scale_type = rng.choice(FLOATS)
        self.softcap = rng.choice([None, None, None, 30.0, "1.0e-30", "1.0e30"])
        self.structure = None
        if self.packed or self.chance(0.5):
            self.structure = self.pick_structure(rng.choice([0, 1, 1, 1, 2, 3]))
            if self.packed and "#attn.document" not in self.structure:
                self.structure = f"#attn.all_of<[{self.structure}, #attn.document]>"
            if "#attn.document" in self.structure:
                self.documents = [
                    Operand("query_documents", self.broadcast(self.batch + [self.queries]), self.ids),
                    Operand("key_documents", self.broadcast(self.batch + [self.keys]), self.ids),
                ]
        self.masked_row = "zero" if "sinks" in self.optional else rng.choice(["zero", "nan", "uniform"])
        self.backend = rng.choice(["auto", "flash", "math", "efficient"]) if self.chance(0.1) else None
        self.schedule = self.make_schedule() if self.chance(0.1) else None

    def make_schedule(self):
        rng = self.rng
        dot = rng.choice(["fma", "fma", "bf16", "amx"])
        vector = 16 if dot == "amx" else rng.choice([4, 8, 16])
        rows = rng.choice([0, 0, 1, 3]) if dot == "fma" else 0
        vectors = 1 if rows else rng.choice([1, 2])
        split = rng.choice([0, 0, 64, 2**62])
        groups = 1 if rows or split else rng.choice([1, 2])
        key_rows = rng.choice([1, 2, 4])
        block = rng.choice([32, 64, 128])
        return (
            f"#attn.cpu_schedule<vector_size = {vector}, query_vectors = {vectors}, key_rows = {key_rows}, "
            f"value_rows = {rng.choice([1, 2, 4, 7])}, block_keys = {block}, exp2 = portable, "
            f"query_groups = {groups}, dot = {dot}, split_keys = {split}, row_queries = {rows}>"
        )

    def make_region(self, kind):
        """A region whose body computes from its arguments and perhaps from memory."""
        rng = self.rng
        prefix = kind[0]
        names = [f"%{prefix}{i}" for i in range(self.rank + self.ragged)]
        head, i, j = (names[-3] if len(names) > 2 else names[0]), names[-2], names[-1]
        arguments = ", ".join(f"{name}: index" for name in names)
        body = []
        if kind == "keep":
            value, index = self.keep_body(rng.randrange(5), head, i, j, body)
            lines = "\n        ".join(body)
            return f"keep({arguments}) {{\n        {lines}\n        attn.yield {value} : i1\n      }}"
        value = self.score_body(rng.randrange(6), head, i, j, body)
        lines = "\n        ".join(body)
        return (
            f"score(%x: {self.compute}, {arguments}) {{\n        {lines}\n"
            f"        attn.yield {value} : {self.compute}\n      }}"
        )

    def capture(self, shape, element):
        name = f"captured{len(self.captures)}"
        operand = Operand(name, shape, element)
        self.captures.append(operand)
        return operand

    def read(self, operand, indices, result, body):
        kind = "memref.load" if self.on_memrefs else "tensor.extract"
        # The type may get a layout yet.
        body.append(f"{result} = {kind} %{operand.name}[{', '.join(indices)}] : <{operand.name}>")

    def keep_body(self, form, head, i, j, body):
        if form == 0:
            body.append(f"%kp = arith.cmpi sle, {j}, {i} : index")
        elif form == 1:
            self.read(self.capture(["?", "?"], "i1"), [i, j], "%kp", body)
        elif form == 2:
            self.read(self.capture(["?"], "i8"), [j], "%ke", body)
            body += ["%kz = arith.constant 0 : i8", "%kp = arith.cmpi ne, %ke, %kz : i8"]
        elif form == 3:
            body.append("%kp = arith.constant true")
        else:
            body += [
                f"%kc = arith.cmpi slt, {head}, {j} : index",
                "%kp = scf.if %kc -> i1 {",
                f"  %kq = arith.cmpi eq, {i}, {j} : index",
                "  scf.yield %kq : i1",
                "} else {",
                "  scf.yield %kc : i1",
                "}",
            ]
        return "%kp", None

    def score_body(self, form, head, i, j, body):
        t = self.compute
        if form == 0:
            return "%x"
        if form == 1:
            self.read(self.capture(["?"], t), [head], "%sl", body)
            body += [
                f"%sd = arith.subi {j}, {i} : index",
                "%si = arith.index_cast %sd : index to i64",
                f"%sf = arith.sitofp %si : i64 to {t}",
                f"%sm = arith.mulf %sl, %sf : {t}",
                f"%sr = arith.addf %x, %sm : {t}",
            ]
        elif form == 2:
            function = self.rng.choice(["tanh", "exp", "sqrt", "erf", "sin", "log1p", "absf", "ceil"])
            body.append(f"%sr = math.{function} %x : {t}")
        elif form == 3:
            self.read(self.capture(["?", "?"], "f16"), [i, j], "%se", body)
            body += [f"%sw = arith.extf %se : f16 to {t}", f"%sr = arith.mulf %x, %sw : {t}"]
        elif form == 4:
            body += [f"%sz = arith.constant 0xFF{'8' + '0' * 5 if t == 'f32' else 'F' + '0' * 13} : {t}",
                     f"%sg = arith.cmpf ogt, %x, %sz : {t}",
                     f"%sr = arith.select %sg, %x, %sz : {t}"]
        else:
            body += [
                "%s_a = arith.constant 0 : index", "%s_b = arith.constant 1 : index",
                f"%sr = scf.for %s_i = %s_a to {j} step %s_b iter_args(%s_s = %x) -> ({t}) {{",
                f"  %s_t = arith.addf %s_s, %x : {t}", f"  scf.yield %s_t : {t}", "}",
            ]
        return "%sr"

    def shaped(self):
        operands = [self.query, self.key, self.value, *self.optional.values(), *self.documents, *self.outs]
        return operands + (self.ends if self.ragged else [])

    def add_layouts(self):
        for operand in self.shaped() + self.captures:
            if self.chance(0.3):
                operand.layout = pick_layout(self.rng, operand.shape)

    def add_fault(self):
        """Changes one thing, after which the op is wrong more often than not."""
        rng = self.rng
        operand = rng.choice(self.shaped())
        fault = rng.randrange(12)
        if fault == 0 and operand.shape:
            operand.shape[rng.randrange(len(operand.shape))] = rng.choice([0, 1, 6, 13, "?", *HUGE])
        elif fault == 1:
            operand.element = rng.choice(INVALID_TYPES + FLOATS + ["i1", "i32"])
        elif fault == 2:
            operand.shape = operand.shape[1:]
        elif fault == 3:
            operand.shape = [rng.choice([1, 2, "?"])] + operand.shape
        elif fault == 4:
            operand.kind = rng.choice(["tensor", "memref", "vector", "unranked", "encoded"])
        elif fault == 5:
            self.scale = self.softcap = rng.choice(["-1.0", "0x7FF0000000000000", "0x7FF8000000000000", "1.0e300"])
        elif fault == 6:
            self.structure = rng.choice([
                "#attn.window<-2, 0>", "#attn.window<9223372036854775807, 1>", "#attn.prefix<-1>",
                "#attn.window<99999999999999999999, 0>", "#attn.all_of<[1 : i32]>", "#attn.causal<left>",
                "#attn.document", "unit", "#attn.backend<flash>"])
        elif fault == 7:
            self.schedule = rng.choice([
                "#attn.causal<top_left>", "#attn.cpu_ragged_schedule<[]>", "unit",
                "#attn.cpu_schedule<vector_size = 4096>"])
        elif fault == 8:
            self.masked_row, self.backend = rng.choice([("nan", "auto"), ("one", "flash"), ("uniform", "gpu")])
        elif fault == 9:
            self.outs = self.outs[1:] if self.chance(0.5) else self.outs * 2
        elif fault == 10:
            self.score = rng.choice([
                "score() {\n }", "score(%x: f32) {\n attn.yield %x : f32\n }", "score(%x: f16, %i: index, %j: index) {\n }",
                "score(%x: f32, %i: index, %j: index) {\n %c = arith.constant true attn.yield %c : i1\n }",
                "score(%x: f32, %i: index, %j: index) {\n ^bb1:\n attn.yield %x : f32\n }"])
        else:
            self.keep = rng.choice([
                "keep() {\n %c = arith.constant true attn.yield %c : i1\n }",
                "keep(%i: index, %j: index) {\n }",
                "keep(%i: index, %j: index) {\n %b = memref.alloc() : memref<1xi1>\n"
                " %c = arith.constant true memref.store %c, %b[%i] : memref<1xi1>\n attn.yield %c : i1\n }"])

    def text(self, name):
        memrefs = self.on_memrefs
        typed = lambda operand: f"%{operand.name} : {operand.type(memrefs)}"
        parts = [f"{operand.name}({typed(operand)})" for operand in (self.query, self.key, self.value)]
        arguments = [f"%{o.name}: {o.type(memrefs)}" for o in dict.fromkeys(self.shaped() + self.captures)]
        if self.scale == "operand":
            arguments.append(f"%scale: {self.scale_type}")
            parts.append(f"scale(%scale : {self.scale_type})")
        elif self.scale is not None:
            parts.append(f"scale = {self.scale}")
        if self.softcap is not None:
            parts.append(f"softcap = {self.softcap}")
        pair = lambda key, a, b: f"{key}(%{a.name}, %{b.name} : {a.type(memrefs)}, {b.type(memrefs)})"
        for key in ["bias", "mask", "sinks", "documents", "key_lengths"]:
            if key == "documents" and self.documents:
                parts.append(pair(key, *self.documents))
            elif key in self.optional:
                parts.append(f"{key}({typed(self.optional[key])})")
        if self.ragged:
            parts.append(pair("cu_seqlens", *self.ends))
        if self.structure:
            parts.append(f"structure({self.structure})")
        parts.append(f"masked_row = {self.masked_row}")
        if self.backend:
            parts.append(f"backend = {self.backend}")
        if self.schedule:
            parts.append(f"schedule = {self.schedule}")
        for region in filter(None, (self.score, self.keep)):
            for operand in self.captures:
                region = region.replace(f"<{operand.name}>", operand.type(memrefs))
            parts.append(region)
        types = ", ".join(o.type(memrefs) for o in self.outs)
        names = ", ".join(f"%{o.name}" for o in self.outs)
        parts.append(f"outs({names} : {types})")
        op = "attn.sdpa " + "\n      ".join(parts)
        head = f"func.func @{name}({', '.join(arguments)})"
        if memrefs:
            return f"{head} {{\n  {op}\n  return\n}}\n"
        results = ", ".join(f"%r#{i}" for i in range(len(self.outs)))
        returned = f"return {results} : {types}" if self.outs else "return"
        op = f"%r:{len(self.outs)} = {op} -> {types}" if self.outs else op
        return f"{head} -> ({types}) {{\n  {op}\n  {returned}\n}}\n"


def generate(rng, name, on_memrefs, for_cuda=False):
    case = Case(rng, on_memrefs, for_cuda)
    if on_memrefs:
        case.add_layouts()
    faulty = rng.random() < 0.3
    if faulty:
        case.add_fault()
    return case.text(name), not faulty
