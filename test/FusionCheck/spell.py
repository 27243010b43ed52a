# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A writer of linalg: one tensor after another, dimensions by letter.

A `Tensor` names its dimensions with letters (`bhid`); `Writer` knows the size of
each letter and emits operations whose index maps follow from the letters.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Tensor:
    name: str
    dims: str  # a letter each; "1" has size one
    dtype: str


class Writer:
    """Emits the body of one function."""

    def __init__(self, name, sizes):
        self.name = name
        self.sizes = dict(sizes, **{"1": 1})
        self.lines = []
        self.arguments = []
        self.constants = {}
        self.count = 0
        self.dynamic = ""

    # ---- Text ----------------------------------------------------------------

    def fresh(self, prefix="v"):
        self.count += 1
        return f"%{prefix}{self.count}"

    def type(self, dims, dtype):
        sizes = [str(self.sizes[letter]) for letter in dims]
        return f"tensor<{'x'.join(sizes + [dtype])}>"

    def type_of(self, tensor):
        return self.type(tensor.dims, tensor.dtype)

    def emit(self, text, prefix="v"):
        name = self.fresh(prefix)
        self.lines.append(f"  {name} = {text}")
        return name

    def argument(self, dims, dtype, kind=None):
        name = f"%arg{len(self.arguments)}"
        attribute = f' {{test.kind = "{kind}"}}' if kind else ""
        type_ = dtype if dims is None else self.type(dims, dtype)
        self.arguments.append(f"{name}: {type_}{attribute}")
        return name if dims is None else Tensor(name, dims, dtype)

    def constant(self, value, dtype):
        """A scalar constant."""
        if dtype == "i1":
            text = "true" if value else "false"
            dtype_text = ""
        elif dtype.startswith("i"):
            text, dtype_text = str(value), f" : {dtype}"
        else:
            text, dtype_text = format_float(value, dtype), f" : {dtype}"
        key = (text, dtype)
        if key not in self.constants:
            self.constants[key] = f"%c{len(self.constants)}"
        return self.constants[key]

    def constant_index(self, value):
        return self.constant(value, "index")

    def finish(self, result, attributes=""):
        results = [result] if isinstance(result, Tensor) else result
        types = ", ".join(self.type_of(r) for r in results)
        names = ", ".join(r.name for r in results)
        constants = [
            f"  {name} = arith.constant {text}"
            + (f" : {dtype}" if dtype != "i1" else "")
            for (text, dtype), name in self.constants.items()
        ]
        return "\n".join(
            [f"func.func @{self.name}({', '.join(self.arguments)}) -> ({types}) {attributes}{{"]
            + constants
            + self.lines
            + [f"  return {names} : {types}", "}"]
        )

    # ---- Tensors -------------------------------------------------------------

    def empty(self, dims, dtype):
        return Tensor(self.emit(f"tensor.empty() : {self.type(dims, dtype)}", "e"), dims, dtype)

    def filled(self, dims, dtype, value):
        empty = self.empty(dims, dtype)
        type_ = self.type_of(empty)
        scalar = self.constant(value, dtype)
        name = self.emit(f"linalg.fill ins({scalar} : {dtype}) outs({empty.name} : {type_}) -> {type_}")
        return Tensor(name, dims, dtype)

    def dense(self, dims, dtype, values):
        return Tensor(self.emit(f"arith.constant dense<{values}> : {self.type(dims, dtype)}"), dims, dtype)

    def generic(self, dims, dtype, inputs, body, init=None, reduced="", loops=None):
        """A linalg.generic; `body(args)` gives (lines, result), where args are the
        inputs' scalars, then the init's."""
        loops = loops or dims.replace("1", "") + reduced
        letters = ", ".join(f"d{n}" for n in range(len(loops)))

        def get_map(letters_):
            results = ", ".join("0" if c == "1" else f"d{loops.index(c)}" for c in letters_)
            return f"affine_map<({letters}) -> ({results})>"

        # A loop that runs over nothing but ones is needed for the output's ones.
        maps = [get_map(t.dims) for t in inputs] + [get_map(dims)]
        iterators = ", ".join('"reduction"' if c in reduced else '"parallel"' for c in loops)
        init = init or self.empty(dims, dtype)
        arguments = [self.fresh("a") for _ in inputs]
        accumulator = self.fresh("a")
        types = [t.dtype for t in inputs] + [dtype]
        block = ", ".join(f"{a}: {t}" for a, t in zip(arguments + [accumulator], types))
        self.body_lines = []
        result = body(*arguments, accumulator) if reduced else body(*arguments)
        ins = ""
        if inputs:
            ins = (
                f" ins({', '.join(t.name for t in inputs)} : "
                f"{', '.join(self.type_of(t) for t in inputs)})"
            )
        name = self.fresh()
        type_ = self.type(dims, dtype)
        self.lines += [
            f"  {name} = linalg.generic {{indexing_maps = [{', '.join(maps)}], "
            f"iterator_types = [{iterators}]}}{ins} outs({init.name} : {type_}) {{",
            f"  ^bb0({block}):",
            *self.body_lines,
            f"    linalg.yield {result} : {dtype}",
            f"  }} -> {type_}",
        ]
        return Tensor(name, dims, dtype)

    def op(self, text):
        """A scalar operation in the body of `generic`."""
        name = self.fresh("s")
        self.body_lines.append(f"    {name} = {text}")
        return name

    def index(self, loop, dtype="i64"):
        i = self.op(f"linalg.index {loop} : index")
        return i if dtype == "index" else self.op(f"arith.index_cast {i} : index to {dtype}")

    def binary(self, name, x, y, dims=None):
        dims = dims or x.dims
        return self.generic(dims, x.dtype, [x, y], lambda a, b: self.op(f"{name} {a}, {b} : {x.dtype}"))

    def unary(self, name, x):
        return self.generic(x.dims, x.dtype, [x], lambda a: self.op(f"{name} {a} : {x.dtype}"))

    def with_constant(self, name, x, value, first=False):
        scalar = self.constant(value, x.dtype)

        def body(a):
            operands = (scalar, a) if first else (a, scalar)
            return self.op(f"{name} {operands[0]}, {operands[1]} : {x.dtype}")

        return self.generic(x.dims, x.dtype, [x], body)

    def cast(self, x, dtype):
        if x.dtype == dtype:
            return x
        wider = WIDTH[dtype] > WIDTH[x.dtype]
        if WIDTH[dtype] == WIDTH[x.dtype]:
            return self.cast(self.cast(x, "f32"), dtype)
        name = "arith.extf" if wider else "arith.truncf"
        return self.generic(x.dims, dtype, [x], lambda a: self.op(f"{name} {a} : {x.dtype} to {dtype}"))

    def transpose(self, x, dims, named=True):
        if x.dims == dims:
            return x
        if not named:
            return self.generic(dims, x.dtype, [x], lambda a: a)
        empty = self.empty(dims, x.dtype)
        permutation = [x.dims.index(c) for c in dims]
        name = self.emit(
            f"linalg.transpose ins({x.name} : {self.type_of(x)}) "
            f"outs({empty.name} : {self.type_of(empty)}) permutation = {permutation}"
        )
        # The named op has no result type in its assembly.
        return Tensor(name, dims, x.dtype)

    def collapse(self, x, groups):
        """Joins dimensions: groups are strings of letters, given with the letter
        that stands for each, as (letter, letters)."""
        dims = "".join(letter for letter, _ in groups)
        for letter, letters in groups:
            size = 1
            for c in letters:
                size *= self.sizes[c]
            self.sizes[letter] = size
        text = self.get_reassociation(groups)
        result = self.type(dims, x.dtype)
        name = self.emit(f"tensor.collapse_shape {x.name} {text} : {self.type_of(x)} into {result}")
        return Tensor(name, dims, x.dtype)

    def expand(self, x, groups):
        dims = "".join(letters for _, letters in groups)
        text = self.get_reassociation(groups)
        shape = [self.sizes[c] for c in dims]
        result = self.type(dims, x.dtype)
        name = self.emit(
            f"tensor.expand_shape {x.name} {text} output_shape {shape} : {self.type_of(x)} into {result}"
        )
        return Tensor(name, dims, x.dtype)

    @staticmethod
    def get_reassociation(groups):
        position, parts = 0, []
        for _, letters in groups:
            parts.append(list(range(position, position + len(letters))))
            position += len(letters)
        return str(parts)

    def slice(self, x, letter, begin, target):
        """x[..., begin : begin + size of target, ...] along `letter`."""
        dims = x.dims.replace(letter, target)
        offsets = [begin if c == letter else 0 for c in x.dims]
        sizes = [self.sizes[c] for c in dims]
        strides = [1] * len(dims)
        result = self.type(dims, x.dtype)
        name = self.emit(
            f"tensor.extract_slice {x.name}{offsets} {sizes} {strides} : {self.type_of(x)} to {result}"
        )
        return Tensor(name, dims, x.dtype)

    def concat(self, x, y, letter, other, target):
        """Along `letter` of x and `other` of y; the result's letter is `target`."""
        self.sizes[target] = self.sizes[letter] + self.sizes[other]
        dims = x.dims.replace(letter, target)
        name = self.emit(
            f"tensor.concat dim({x.dims.index(letter)}) {x.name}, {y.name} : "
            f"({self.type_of(x)}, {self.type_of(y)}) -> {self.type(dims, x.dtype)}"
        )
        return Tensor(name, dims, x.dtype)

    # ---- Computations --------------------------------------------------------

    def reduce(self, x, letter, kind, keep=False, order=False):
        """max, sum, all or any over a letter; `keep` leaves a dimension of one."""
        name, neutral = REDUCTIONS[kind]
        dims = x.dims.replace(letter, "1" if keep else "")
        init = self.filled(dims, x.dtype, neutral)
        loops = x.dims

        def body(a, accumulator):
            operands = (accumulator, a) if order else (a, accumulator)
            return self.op(f"{name} {operands[0]}, {operands[1]} : {x.dtype}")

        return self.generic(dims, x.dtype, [x], body, init, letter, loops)

    def contract(self, x, y, dims, letter, dtype=None, swap=False):
        """sum over `letter` as a linalg.generic."""
        dtype = dtype or x.dtype
        init = self.filled(dims, dtype, 0.0)
        if swap:
            x, y = y, x

        def body(a, b, accumulator):
            for operand, tensor in ((a, x), (b, y)):
                if tensor.dtype != dtype:
                    wide = self.op(f"arith.extf {operand} : {tensor.dtype} to {dtype}")
                    a, b = (wide, b) if operand == a else (a, wide)
            product = self.op(f"arith.mulf {a}, {b} : {dtype}")
            return self.op(f"arith.addf {accumulator}, {product} : {dtype}")

        return self.generic(dims, dtype, [x, y], body, init, letter, dims.replace("1", "") + letter)

    def named_matmul(self, op, x, y, dims, dtype=None):
        init = self.filled(dims, dtype or x.dtype, 0.0)
        type_ = self.type_of(init)
        name = self.emit(
            f"linalg.{op} ins({x.name}, {y.name} : {self.type_of(x)}, {self.type_of(y)}) "
            f"outs({init.name} : {type_}) -> {type_}"
        )
        return Tensor(name, dims, init.dtype)

    def softmax(self, x, letter):
        init = self.empty(x.dims, x.dtype)
        type_ = self.type_of(x)
        name = self.emit(
            f"linalg.softmax dimension({x.dims.index(letter)}) ins({x.name} : {type_}) "
            f"outs({init.name} : {type_}) -> {type_}"
        )
        return Tensor(name, x.dims, x.dtype)


WIDTH = {"f64": 64, "f32": 32, "f16": 16, "bf16": 16}
INFINITY = float("inf")
LOWEST = {
    "f64": -1.7976931348623157e308,
    "f32": -3.4028234663852886e38,
    "bf16": -3.3895313892515355e38,
    "f16": -65504.0,
}
REDUCTIONS = {
    "max": ("arith.maximumf", -INFINITY),
    "maxnum": ("arith.maxnumf", -INFINITY),
    "sum": ("arith.addf", 0.0),
    "all": ("arith.andi", True),
    "any": ("arith.ori", False),
}
NEGATIVE_INFINITY = {"f64": "0xFFF0000000000000", "f32": "0xFF800000", "f16": "0xFC00", "bf16": "0xFF80"}
NAN = {"f64": "0x7FF8000000000000", "f32": "0x7FC00000", "f16": "0x7E00", "bf16": "0x7FC0"}


def format_float(value, dtype):
    if value == -INFINITY:
        return NEGATIVE_INFINITY[dtype]
    if value == INFINITY:
        return {"f64": "0x7FF0000000000000", "f32": "0x7F800000", "f16": "0x7C00", "bf16": "0x7F80"}[dtype]
    if value != value:
        return NAN[dtype]
    text = repr(float(value))
    if "e" in text and "." not in text.split("e")[0]:
        text = text.replace("e", ".0e")
    return text
