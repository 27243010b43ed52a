# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Score and mask functions as regions: they are called once, with symbols.

Symbols know Python's operators, NumPy's ufuncs and `where`, and the functions of
PyTorch that mean the same. An `if` on a symbol raises: what is not known when
the function is traced cannot decide what it does; `where` can.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ._arguments import is_torch_tensor, view_of
from ._library import BF16, BOOL, F16, F32, F64, I8, I16, I32, I64

INDEX, BIT, REAL = "index", "bit", "real"
_MLIR_ELEMENTS = {
    F16: "f16", BF16: "bf16", F32: "f32", F64: "f64", BOOL: "i1", I8: "i8", I16: "i16", I32: "i32", I64: "i64",
}


class Region:
    """The operations of a region while it is traced."""

    def __init__(self, real: str, captures: Captures):
        self.real = real
        self.captures = captures
        self.lines: list[str] = []
        self._known: dict[str, str] = {}

    def emit(self, operation: str) -> str:
        """Appends an operation, unless it was there before, and names its result."""
        name = self._known.get(operation)
        if name is None:
            name = f"%t{self.captures.next_name()}"
            self._known[operation] = name
            self.lines.append(f"{name} = {operation}")
        return name

    def type_of(self, kind: str) -> str:
        return {INDEX: "index", BIT: "i1", REAL: self.real}[kind]

    def constant(self, value: Any) -> Symbol:
        if isinstance(value, bool):
            return Symbol(self, BIT, self.emit(f"arith.constant {'true' if value else 'false'}"))
        if isinstance(value, int):
            return Symbol(self, INDEX, self.emit(f"arith.constant {value} : index"))
        return Symbol(self, REAL, self.emit(f"arith.constant {_print_float(value, self.real)} : {self.real}"))


class Captures:
    """The tensors that regions read, each an argument of the kernel."""

    def __init__(self) -> None:
        self.arrays: list[Any] = []
        self.types: list[tuple[int, int]] = []
        # (capture, dimension, "b", "h", "i" or "j"): an index that is no larger.
        self.bounds: set[tuple[int, int, str]] = set()
        self._names = 0

    def next_name(self) -> int:
        self._names += 1
        return self._names

    def add(self, array: Any, dtype: int, rank: int) -> int:
        for index, known in enumerate(self.arrays):
            if known is array:
                return index
        self.arrays.append(array)
        self.types.append((dtype, rank))
        return len(self.arrays) - 1


def _print_float(value: float, real: str) -> str:
    value = float(value)
    if math.isfinite(value):
        text = repr(value)
        # MLIR wants a point before the exponent.
        if "." not in text:
            mantissa, _, exponent = text.partition("e")
            text = mantissa + ".0" + ("e" + exponent if exponent else "")
        return text
    bits = {"f32": ("0x7FC00000", "0x7F800000", "0xFF800000"),
            "f64": ("0x7FF8000000000000", "0x7FF0000000000000", "0xFFF0000000000000")}[real]
    return bits[0] if math.isnan(value) else bits[1] if value > 0 else bits[2]


class Symbol:
    """A value of a region: an index, a truth value or a real number."""

    __slots__ = ("region", "kind", "name", "origin")
    __array_priority__ = 1000
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, region: Region, kind: str, name: str, origin: str | None = None):
        self.region, self.kind, self.name, self.origin = region, kind, name, origin

    # What would need the value now.
    def __bool__(self) -> bool:
        raise TypeError("a score or mask function cannot branch on its arguments: use `where`, `&`, `|` and `~`")

    def __index__(self) -> int:
        raise TypeError("a score or mask function cannot read an array by its arguments: wrap NumPy arrays in attn.capture(array)")

    def __float__(self) -> float:
        raise TypeError("a score or mask function cannot make a number of its arguments: use attn's, NumPy's or PyTorch's functions")

    __int__ = __index__

    def as_kind(self, kind: str) -> Symbol:
        """The value as another kind, as Python converts numbers."""
        region = self.region
        if kind == self.kind:
            return self
        if kind == REAL:
            integer = self if self.kind == INDEX else self.as_kind(INDEX)
            # Positions fit 32 bits; vectors of those are converted at once.
            narrow = region.emit(f"arith.index_cast {integer.name} : index to i32")
            return Symbol(region, REAL, region.emit(f"arith.sitofp {narrow} : i32 to {region.real}"))
        if kind == INDEX and self.kind == BIT:
            return Symbol(region, INDEX, region.emit(f"arith.index_castui {self.name} : i1 to index"))
        if kind == BIT:
            return _compare("ne", self, region.constant(0 if self.kind == INDEX else 0.0))
        raise TypeError("a real number is no index: use // or compare it instead")

    def __add__(self, other): return _arithmetic("add", self, other)
    def __radd__(self, other): return _arithmetic("add", other, self)
    def __sub__(self, other): return _arithmetic("sub", self, other)
    def __rsub__(self, other): return _arithmetic("sub", other, self)
    def __mul__(self, other): return _arithmetic("mul", self, other)
    def __rmul__(self, other): return _arithmetic("mul", other, self)
    def __truediv__(self, other): return _real_binary("divf", self, other)
    def __rtruediv__(self, other): return _real_binary("divf", other, self)
    def __floordiv__(self, other): return _floor_divide(self, other)
    def __rfloordiv__(self, other): return _floor_divide(other, self)
    def __mod__(self, other): return _remainder(self, other)
    def __rmod__(self, other): return _remainder(other, self)
    def __pow__(self, other): return _power(self, other)
    def __rpow__(self, other): return _power(other, self)
    def __neg__(self): return _arithmetic("sub", 0 if self.kind != REAL else -0.0, self)
    def __pos__(self): return self
    def __abs__(self): return absolute(self)
    def __and__(self, other): return _logical("andi", self, other)
    __rand__ = __and__
    def __or__(self, other): return _logical("ori", self, other)
    __ror__ = __or__
    def __xor__(self, other): return _logical("xori", self, other)
    __rxor__ = __xor__
    def __invert__(self): return _logical("xori", self, True)
    def __lt__(self, other): return _compare("lt", self, other)
    def __le__(self, other): return _compare("le", self, other)
    def __gt__(self, other): return _compare("gt", self, other)
    def __ge__(self, other): return _compare("ge", self, other)
    def __eq__(self, other): return _compare("eq", self, other)  # type: ignore[override]
    def __ne__(self, other): return _compare("ne", self, other)  # type: ignore[override]

    # What arrays and tensors have as methods.
    def __getattr__(self, name: str) -> Any:
        function = None if name.startswith("_") else _FUNCTIONS.get(name)
        if function is None:
            raise AttributeError(f"a value of a score or mask function has no '{name}'")
        return lambda *arguments: function(self, *arguments)

    def to(self, dtype: Any) -> Symbol:
        """Converted to a dtype, as far as regions tell them apart."""
        name = str(getattr(dtype, "__name__", dtype))
        return self.as_kind(REAL if "float" in name else BIT if "bool" in name else INDEX)

    astype = type = to

    def float(self) -> Symbol: return self.as_kind(REAL)
    def double(self) -> Symbol: return self.as_kind(REAL)
    def int(self) -> Symbol: return self.as_kind(INDEX)
    def long(self) -> Symbol: return self.as_kind(INDEX)
    def bool(self) -> Symbol: return self.as_kind(BIT)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        function = _FUNCTIONS.get(ufunc.__name__)
        if method != "__call__" or kwargs or function is None:
            return NotImplemented
        return function(*inputs)

    def __array_function__(self, function, types, args, kwargs):
        known = _FUNCTIONS.get(function.__name__)
        if known is None or kwargs:
            return NotImplemented
        return known(*args)

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        name = function.__name__.strip("_")
        if name == "getitem":
            return capture(args[0])[args[1]]
        known = _FUNCTIONS.get(name)
        if known is None or kwargs:
            raise TypeError(f"a score or mask function cannot call torch.{name}: the compiler has no such operation")
        return known(*(_to_number(argument) for argument in args))


def _to_number(value: Any) -> Any:
    """Tensors and arrays of one element as what they hold."""
    if isinstance(value, (Symbol, bool, int, float)):
        return value
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        return value.item()
    raise TypeError(f"a score or mask function works on its arguments and on numbers, got {type(value).__name__}: "
                    "read elements of arrays by its arguments")


def _lift(*values: Any) -> list[Symbol]:
    region = next(value.region for value in values if isinstance(value, Symbol))
    return [value if isinstance(value, Symbol) else region.constant(_to_number(value)) for value in values]


def _unify(*values: Any, least: str = BIT) -> list[Symbol]:
    """The values in the widest kind among them."""
    order = [BIT, INDEX, REAL]
    symbols = _lift(*values)
    kind = max([least] + [symbol.kind for symbol in symbols], key=order.index)
    return [symbol.as_kind(kind) for symbol in symbols]


def _arithmetic(operation: str, a: Any, b: Any) -> Symbol:
    a, b = _unify(a, b, least=INDEX)
    region, kind = a.region, a.kind
    suffix = "f" if kind == REAL else "i"
    return Symbol(region, kind, region.emit(f"arith.{operation}{suffix} {a.name}, {b.name} : {region.type_of(kind)}"))


def _real_binary(operation: str, a: Any, b: Any) -> Symbol:
    a, b = _unify(a, b, least=REAL)
    return Symbol(a.region, REAL, a.region.emit(f"arith.{operation} {a.name}, {b.name} : {a.region.real}"))


def _real_unary(operation: str, a: Any) -> Symbol:
    (a,) = _unify(a, least=REAL)
    return Symbol(a.region, REAL, a.region.emit(f"math.{operation} {a.name} : {a.region.real}"))


def _floor_divide(a: Any, b: Any) -> Symbol:
    a, b = _unify(a, b, least=INDEX)
    if a.kind == REAL:
        return _real_unary("floor", a / b)
    return Symbol(a.region, INDEX, a.region.emit(f"arith.floordivsi {a.name}, {b.name} : index"))


def _remainder(a: Any, b: Any) -> Symbol:
    a, b = _unify(a, b, least=INDEX)
    return a - _floor_divide(a, b) * b


def _power(a: Any, b: Any) -> Symbol:
    if isinstance(b, int) and not isinstance(b, bool) and 1 <= b <= 8:
        result = a
        for _ in range(b - 1):
            result = result * a
        return result
    a, b = _unify(a, b, least=REAL)
    return Symbol(a.region, REAL, a.region.emit(f"math.powf {a.name}, {b.name} : {a.region.real}"))


def _logical(operation: str, a: Any, b: Any) -> Symbol:
    symbols = _lift(a, b)
    if any(symbol.kind != BIT for symbol in symbols):
        raise TypeError("`&`, `|`, `^` and `~` take truth values in score and mask functions")
    a, b = symbols
    return Symbol(a.region, BIT, a.region.emit(f"arith.{operation} {a.name}, {b.name} : i1"))


def _compare(predicate: str, a: Any, b: Any) -> Symbol:
    a, b = _unify(a, b, least=INDEX)
    region = a.region
    if a.kind == REAL:
        prefix = "u" if predicate == "ne" else "o"
        return Symbol(region, BIT, region.emit(f"arith.cmpf {prefix}{predicate}, {a.name}, {b.name} : {region.real}"))
    signed = predicate if predicate in ("eq", "ne") else "s" + predicate
    return Symbol(region, BIT, region.emit(f"arith.cmpi {signed}, {a.name}, {b.name} : index"))


def where(condition: Any, a: Any, b: Any) -> Any:
    """`a` where the condition holds, else `b`."""
    if not any(isinstance(value, Symbol) for value in (condition, a, b)):
        # A tensor where FlexAttention or PyTorch's formulas call the function.
        if is_torch_tensor(condition):
            import torch

            return torch.where(condition, a, b)
        return a if condition else b
    region = next(value.region for value in (condition, a, b) if isinstance(value, Symbol))
    if not isinstance(condition, Symbol):
        condition = region.constant(bool(condition))
    condition = condition.as_kind(BIT)
    # Lifted beside the condition, in case both are numbers.
    a, b = _unify(*(value if isinstance(value, Symbol) else region.constant(_to_number(value)) for value in (a, b)))
    kind = a.kind
    return Symbol(region, kind, region.emit(f"arith.select {condition.name}, {a.name}, {b.name} : {region.type_of(kind)}"))


def absolute(a: Any) -> Symbol:
    (a,) = _unify(a, least=INDEX)
    return _real_unary("absf", a) if a.kind == REAL else where(a < 0, -a, a)


def _extremum(a: Any, b: Any, is_max: bool) -> Symbol:
    a, b = _unify(a, b, least=INDEX)
    if a.kind == REAL:
        return _real_binary("maximumf" if is_max else "minimumf", a, b)
    operation = "maxsi" if is_max else "minsi"
    return Symbol(a.region, INDEX, a.region.emit(f"arith.{operation} {a.name}, {b.name} : index"))


def _sigmoid(a: Any) -> Symbol:
    return 1.0 / (1.0 + _real_unary("exp", -_unify(a, least=REAL)[0]))


def _clamp(a: Any, low: Any = None, high: Any = None) -> Any:
    a = a if low is None else _extremum(a, low, True)
    return a if high is None else _extremum(a, high, False)


# By the names that NumPy, PyTorch and operator give them.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: _arithmetic("add", a, b),
    "sub": lambda a, b: _arithmetic("sub", a, b),
    "subtract": lambda a, b: _arithmetic("sub", a, b),
    "rsub": lambda a, b: _arithmetic("sub", b, a),
    "mul": lambda a, b: _arithmetic("mul", a, b),
    "multiply": lambda a, b: _arithmetic("mul", a, b),
    "div": lambda a, b: _real_binary("divf", a, b),
    "divide": lambda a, b: _real_binary("divf", a, b),
    "true_divide": lambda a, b: _real_binary("divf", a, b),
    "truediv": lambda a, b: _real_binary("divf", a, b),
    "floor_divide": _floor_divide, "floordiv": _floor_divide,
    "remainder": _remainder, "mod": _remainder,
    "power": _power, "pow": _power, "rpow": lambda a, b: _power(b, a),
    "negative": lambda a: -a, "neg": lambda a: -a, "positive": lambda a: a,
    "less": lambda a, b: _compare("lt", a, b), "lt": lambda a, b: _compare("lt", a, b),
    "less_equal": lambda a, b: _compare("le", a, b), "le": lambda a, b: _compare("le", a, b),
    "greater": lambda a, b: _compare("gt", a, b), "gt": lambda a, b: _compare("gt", a, b),
    "greater_equal": lambda a, b: _compare("ge", a, b), "ge": lambda a, b: _compare("ge", a, b),
    "equal": lambda a, b: _compare("eq", a, b), "eq": lambda a, b: _compare("eq", a, b),
    "not_equal": lambda a, b: _compare("ne", a, b), "ne": lambda a, b: _compare("ne", a, b),
    "logical_and": lambda a, b: _logical("andi", a, b), "and": lambda a, b: _logical("andi", a, b),
    "bitwise_and": lambda a, b: _logical("andi", a, b),
    "logical_or": lambda a, b: _logical("ori", a, b), "or": lambda a, b: _logical("ori", a, b),
    "bitwise_or": lambda a, b: _logical("ori", a, b),
    "logical_xor": lambda a, b: _logical("xori", a, b), "bitwise_xor": lambda a, b: _logical("xori", a, b),
    "logical_not": lambda a: _logical("xori", a, True), "invert": lambda a: _logical("xori", a, True),
    "bitwise_not": lambda a: _logical("xori", a, True),
    "where": where, "clip": _clamp, "clamp": _clamp,
    "abs": absolute, "absolute": absolute,
    "maximum": lambda a, b: _extremum(a, b, True), "minimum": lambda a, b: _extremum(a, b, False),
    "exp": lambda a: _real_unary("exp", a), "exp2": lambda a: _real_unary("exp2", a),
    "log": lambda a: _real_unary("log", a), "log2": lambda a: _real_unary("log2", a),
    "tanh": lambda a: _real_unary("tanh", a), "sqrt": lambda a: _real_unary("sqrt", a),
    "rsqrt": lambda a: _real_unary("rsqrt", a), "sin": lambda a: _real_unary("sin", a),
    "cos": lambda a: _real_unary("cos", a), "floor": lambda a: _real_unary("floor", a),
    "ceil": lambda a: _real_unary("ceil", a), "sigmoid": _sigmoid,
    "square": lambda a: a * a,
}


class capture:  # noqa: N801  (called like a function)
    """An array that a score or mask function reads: `attn.capture(slopes)[h]`.

    PyTorch's tensors need no capture. Indices are clamped to the array."""

    def __init__(self, array: Any):
        self._array = array

    def __getitem__(self, indices: Any) -> Any:
        if not isinstance(indices, tuple):
            indices = (indices,)
        if not any(isinstance(index, Symbol) for index in indices):
            if any(map(is_torch_tensor, indices)):
                # Where PyTorch's formulas call the function.
                import torch

                sizes = self._array.shape
                return torch.as_tensor(self._array)[tuple(
                    index.clamp(0, size - 1) if is_torch_tensor(index) else index for index, size in zip(indices, sizes))]
            return self._array[indices]
        view = view_of(self._array, "a captured array")
        if len(indices) != len(view.shape):
            raise TypeError(f"a captured array of shape {list(view.shape)} needs {len(view.shape)} indices in a score or mask "
                            f"function, got {len(indices)}")
        symbols = _lift(*indices)
        region = symbols[0].region
        if any(symbol.kind == REAL for symbol in symbols):
            raise TypeError("a real number is no index")
        captures = region.captures
        number = captures.add(self._array, view.dtype, len(view.shape))
        tensor, kind = f"%c{number}", f"tensor<{'?x' * len(view.shape)}{_MLIR_ELEMENTS[view.dtype]}>"
        names = []
        for dimension, symbol in enumerate(symbols):
            if symbol.origin is not None:
                # Checked before the call.
                captures.bounds.add((number, dimension, symbol.origin))
                names.append(symbol.name)
                continue
            constant = region.constant(dimension)
            size = Symbol(region, INDEX, region.emit(f"tensor.dim {tensor}, {constant.name} : {kind}"))
            names.append(_extremum(_extremum(symbol.as_kind(INDEX), size - 1, False), 0, True).name)
        element = region.emit(f"tensor.extract {tensor}[{', '.join(names)}] : {kind}")
        dtype, real = view.dtype, region.real
        if dtype == BOOL:
            return Symbol(region, BIT, element)
        if dtype in (F16, BF16, F32, F64):
            source = _MLIR_ELEMENTS[dtype]
            if source != real:
                operation = "truncf" if dtype == F64 else "extf"
                element = region.emit(f"arith.{operation} {element} : {source} to {real}")
            return Symbol(region, REAL, element)
        return Symbol(region, INDEX, region.emit(f"arith.index_cast {element} : {_MLIR_ELEMENTS[dtype]} to index"))


def trace(function: Callable[..., Any], is_score: bool, real: str, num_batch: int, has_head: bool,
          captures: Captures) -> str:
    """The region of a function of (score, b, h, i, j), or of (b, h, i, j) for
    masks. Batch dimensions beyond one are counted in one `b`: the operation must
    have one at most."""
    region = Region(real, captures)
    kind = "score" if is_score else "keep"
    prefix = "s" if is_score else "k"
    operands = []
    arguments: list[Symbol] = []
    if is_score:
        operands.append(f"%{prefix}x: {real}")
        arguments.append(Symbol(region, REAL, f"%{prefix}x"))
    for origin, exists in [("b", num_batch > 0), ("h", has_head), ("i", True), ("j", True)]:
        if exists:
            operands.append(f"%{prefix}{origin}: index")
            arguments.append(Symbol(region, INDEX, f"%{prefix}{origin}", origin))
        else:
            arguments.append(region.constant(0))
    try:
        result = function(*arguments)
    except IndexError as error:
        # What NumPy says of an index that is none.
        if "only integers" in str(error):
            raise TypeError("a score or mask function cannot read a NumPy array by its arguments: wrap it in "
                            "attn.capture(array)") from error
        raise
    if not isinstance(result, Symbol):
        result = region.constant(_to_number(result))
    result = result.as_kind(REAL if is_score else BIT)
    # One line: Inductor writes what an operator is given into comments of its code.
    body = " ".join(region.lines + [f"attn.yield {result.name} : {region.type_of(result.kind)}"])
    return f"{kind}({', '.join(operands)}) {{ {body} }}"
