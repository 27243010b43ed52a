# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a kernel computes, as MLIR: one attn.sdpa on memrefs of any strides.

All sizes are dynamic but those that kernels are made for: the head dimensions,
few queries (decoding), and the ones that a mask broadcasts.
"""

from __future__ import annotations

import dataclasses

from ._library import F64
from ._symbols import _MLIR_ELEMENTS, _print_float

# As many queries get kernels of their own (attn-select-schedule).
FEW_QUERIES = 16


@dataclasses.dataclass(frozen=True)
class Broadcast:
    """An operand that broadcasts: its type and, by dimension, whether it is 1."""

    dtype: int
    ones: tuple[bool, ...]
    contiguous: bool = True


@dataclasses.dataclass(frozen=True)
class Kernel:
    """What tells kernels apart. Regions are MLIR."""

    dtype: int
    rank: int
    head_dim: int
    value_dim: int
    num_queries: int | None = None
    has_scale: bool = False
    softcap: float | None = None
    bias: Broadcast | None = None
    mask: Broadcast | None = None
    sinks: int | None = None
    key_lengths: Broadcast | None = None
    # Where sequences lie behind one another: the type of the cumulative lengths.
    ragged: int | None = None
    structure: tuple[str, ...] = ()
    captures: tuple[tuple[int, int], ...] = ()
    score: str = ""
    keep: str = ""
    has_lse: bool = False

    def describe(self) -> str:
        """For people: what is being compiled."""
        parts = [f"attention of {_MLIR_ELEMENTS[self.dtype]}, head dimension {self.head_dim}"]
        for name, value in [("bias", self.bias), ("mask", self.mask), ("sinks", self.sinks), ("score", self.score),
                            ("keep", self.keep), ("softcap", self.softcap)]:
            if value:
                parts.append(name)
        if self.ragged:
            parts.append("sequences of any lengths")
        return ", ".join(parts + [name.partition("<")[0].removeprefix("#attn.") for name in self.structure])

    def to_mlir(self) -> str:
        """The module, with @main."""
        return _Printer(self).print()


class _Printer:
    def __init__(self, kernel: Kernel):
        self.kernel = kernel
        self.arguments: list[str] = []
        self.lines: list[str] = []

    def add_tensor(self, name: str, sizes: list[int | None], dtype: int, contiguous: bool = True,
                   writable: bool = False) -> str:
        """An argument as a tensor; its type."""
        element = _MLIR_ELEMENTS[dtype]
        shape = "".join(f"{'?' if size is None else size}x" for size in sizes)
        strides = ["?"] * (len(sizes) - 1) + ["1" if contiguous else "?"]
        if sizes:
            memref = f"memref<{shape}{element}, strided<[{', '.join(strides)}], offset: ?>>"
        else:
            memref = f"memref<{element}>"
        tensor = f"tensor<{shape}{element}>"
        self.arguments.append(f"%{name}_buffer: {memref}")
        access = "restrict writable" if writable else "restrict"
        self.lines.append(f"%{name} = bufferization.to_tensor %{name}_buffer {access} : {memref} to {tensor}")
        if writable:
            self.written.append((name, tensor, memref))
        return tensor

    def add_broadcast(self, name: str, operand: Broadcast) -> str:
        sizes = [1 if one else None for one in operand.ones]
        return self.add_tensor(name, sizes, operand.dtype, operand.contiguous)

    def print(self) -> str:
        kernel = self.kernel
        self.written: list[tuple[str, str, str]] = []
        dtype, batch = kernel.dtype, [None] * (kernel.rank - 2)
        query = self.add_tensor("q", [*batch, kernel.num_queries, kernel.head_dim], dtype)
        key = self.add_tensor("k", [*batch, None, kernel.head_dim], dtype)
        value = self.add_tensor("v", [*batch, None, kernel.value_dim], dtype)
        real = "f64" if dtype == F64 else "f32"
        clauses = []
        if kernel.has_scale:
            self.arguments.append(f"%scale: {real}")
            clauses.append(f"scale(%scale : {real})")
        if kernel.softcap is not None:
            clauses.append(f"softcap = {_print_float(kernel.softcap, 'f64')}")
        if kernel.bias:
            clauses.append(f"bias(%bias : {self.add_broadcast('bias', kernel.bias)})")
        if kernel.mask:
            clauses.append(f"mask(%mask : {self.add_broadcast('mask', kernel.mask)})")
        if kernel.sinks is not None:
            clauses.append(f"sinks(%sinks : {self.add_tensor('sinks', [None], kernel.sinks)})")
        if kernel.key_lengths:
            clauses.append(f"key_lengths(%lengths : {self.add_broadcast('lengths', kernel.key_lengths)})")
        if kernel.ragged:
            kinds = ", ".join(self.add_tensor(name, [None], kernel.ragged) for name in ("cq", "ck"))
            clauses.append(f"cu_seqlens(%cq, %ck : {kinds})")
        if len(kernel.structure) == 1:
            clauses.append(f"structure({kernel.structure[0]})")
        elif kernel.structure:
            clauses.append(f"structure(#attn.all_of<[{', '.join(kernel.structure)}]>)")
        clauses += [region for region in (kernel.score, kernel.keep) if region]
        for number, (element, rank) in enumerate(kernel.captures):
            self.add_tensor(f"c{number}", [None] * rank, element, contiguous=False)
        outs = [("o", self.add_tensor("o", [*batch, kernel.num_queries, kernel.value_dim], dtype, writable=True))]
        if kernel.has_lse:
            lse = F64 if dtype == F64 else 3
            outs.append(("l", self.add_tensor("l", [*batch, kernel.num_queries], lse, writable=True)))
        names, types = ", ".join(f"%{name}" for name, _ in outs), ", ".join(kind for _, kind in outs)
        result = "%r" if len(outs) == 1 else "%r:2"
        self.lines.append(f"{result} = attn.sdpa query(%q : {query}) key(%k : {key}) value(%v : {value})")
        self.lines += [f"    {clause}" for clause in clauses]
        self.lines.append(f"    outs({names} : {types}) -> {types}")
        for index, (name, tensor, memref) in enumerate(self.written):
            source = "%r" if len(outs) == 1 else f"%r#{index}"
            self.lines.append(f"bufferization.materialize_in_destination {source} in restrict writable %{name}_buffer : "
                              f"({tensor}, {memref}) -> ()")
        body = "\n  ".join([*self.lines, "return"])
        return f"func.func @main({', '.join(self.arguments)}) {{\n  {body}\n}}\n"
