# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From arguments to a kernel and its call, for arrays of any library."""

from __future__ import annotations

import ctypes
import dataclasses
import math
import operator
import re
from collections.abc import Callable
from typing import Any

from . import _backends, _cuda, _library
from ._arguments import DTYPE_NAMES, View, view_of, with_contiguous_rows
from ._bias import LOWER_RIGHT, UPPER_LEFT, read_bias
from ._kernel import FEW_QUERIES, Broadcast, Kernel
from ._library import BF16, BOOL, F16, F32, F64, I32, I64
from ._symbols import Captures, trace

FLOATS = (F16, BF16, F32, F64)


@dataclasses.dataclass
class Request:
    """An attention that somebody asked for, as views and options."""

    query: View
    key: View
    value: View
    mask: View | None = None
    scale: float | None = None
    enable_gqa: bool = False
    causal: str | None = None
    window: tuple[int, int] | None = None
    softcap: float | None = None
    score_mod: Callable[..., Any] | None = None
    mask_mod: Callable[..., Any] | None = None
    sinks: View | None = None
    key_lengths: View | None = None
    return_lse: bool = False
    # Cumulative lengths of the queries and keys of sequences that lie behind one
    # another: both int64, or int32.
    cu_seqlens: tuple[View, View] | None = None
    # In place of the functions, where they were traced before: the regions, and
    # what they capture.
    regions: tuple[str, str, list[View]] | None = None
    # Whether float32 may be multiplied as tf32, on CUDA.
    wants_tf32: bool = False

    def memo_key(self) -> tuple[Any, ...] | None:
        """What the plan depends on; None if it has to be made anew."""
        if self.score_mod is not None or self.mask_mod is not None:
            return None
        q, k, v, mask = self.query, self.key, self.value, self.mask
        regions = self.regions
        return (
            q.dtype, k.dtype, v.dtype, q.shape, k.shape, v.shape, q.device, k.device, v.device,
            mask and (mask.dtype, mask.shape, mask.strides[-1:] == (1,), mask.device),
            self.scale is None, self.enable_gqa, self.causal, self.window, self.softcap,
            self.sinks and (self.sinks.dtype, self.sinks.shape, self.sinks.device),
            self.key_lengths and (self.key_lengths.dtype, self.key_lengths.shape, self.key_lengths.strides[-1:] == (1,),
                                  self.key_lengths.device),
            self.return_lse, self.wants_tf32, self.cu_seqlens and tuple((view.dtype, view.device) for view in self.cu_seqlens),
            regions and (*regions[:2], *((view.dtype, view.shape, view.device) for view in regions[2])),
        )


# Of 64 queries: about as many as a large GPU has multiprocessors, and so many that there
# is nothing to be won by splitting. Keys that few queries are worth to be split for, and
# those from which on larger tiles win by more than that there are fewer of them.
_FEW_TILES, _MANY_TILES, _SPLIT_KEYS, _MANY_KEYS = 128, 512, 512, 4096


def choose_splits(output: tuple[int, ...], key: tuple[int, ...]) -> str:
    """The option of a GPU's kernel for an output [..., heads, queries, size] and keys
    [..., key heads, keys, size] that lets keys be split (Flash-Decoding, Dao et al., 2023)
    and heads that share them be rows of one tile (FlashAttention-3's PackGQA), or none: where
    a call has fewer tiles of queries than the GPU has multiprocessors, or would read keys
    several times. By measurement on an H200 (docs/Performance.md); into how many parts is
    decided at each launch."""
    num_queries, num_keys = output[-2], key[-2]
    if num_queries == 0:
        return ""
    heads = math.prod(output[:-2])
    if num_queries <= 64:
        group = output[-3] // max(key[-3], 1) if len(output) > 2 else 1
        if group > 1 and (heads > _FEW_TILES or num_keys > _MANY_KEYS):
            return "few-queries=grouped" if group * num_queries > 64 else "few-queries=on"
        return "" if num_keys <= _SPLIT_KEYS or heads >= _MANY_TILES else "few-queries=on"
    if num_keys <= _SPLIT_KEYS:
        return ""
    if num_keys <= _MANY_KEYS and heads * -(-num_queries // 64) <= _FEW_TILES:
        return "few-queries=on"
    most = _FEW_TILES if num_keys > _MANY_KEYS else _FEW_TILES // 2
    return "split-keys=on" if heads * -(-num_queries // 128) <= most else ""


@dataclasses.dataclass
class Plan:
    """A kernel, and the sizes that one call gives it."""

    kernel: Kernel
    text: str
    query_shape: tuple[int, ...]
    key_shape: tuple[int, ...]
    value_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    # Where it runs: _cuda.CPU or a device of CUDA.
    device: int
    # Read by functions that were traced for this plan alone.
    captures: list[View] = dataclasses.field(default_factory=list)
    # By what is allowed and forced. None: PyTorch's own formula.
    programs: dict[tuple[tuple[str, ...], str], _library.Program | None] = dataclasses.field(default_factory=dict)
    wants_tf32: bool = False
    # The option of a GPU's kernel that its sizes ask for.
    splits: str = ""

    @property
    def lse_shape(self) -> tuple[int, ...]:
        return self.output_shape[:-1]

    @property
    def lse_dtype(self) -> int:
        return F64 if self.kernel.dtype == F64 else F32

    def get_program(self) -> _library.Program | None:
        """The kernel, compiled, of a backend that is allowed here; None for math on a
        GPU, which is a formula of PyTorch's."""
        options = _backends.get_kernel_options(self.device, self.kernel.dtype, self.wants_tf32, self.splits)
        key = _backends.get_allowed(), options
        if key not in self.programs:
            arch = None if self.device == _cuda.CPU or _cuda.get_obstacle(self.device) else _cuda.get_arch(self.device)
            # One from disk can be computed: to ask the compiler takes longer than to load it.
            known = _library.find_program(self.text, "flash", gpu_arch=arch, kernel_options=options) \
                if arch and "flash" in key[0] else None
            self.programs[key] = known or self._compile(options)
        return self.programs[key]

    def _compile(self, options: str) -> _library.Program | None:
        backend = _backends.choose(self.text, self.device)
        if self.device != _cuda.CPU and backend == "math":
            return None
        return _library.compile_program(self.text, backend, self.kernel.describe(), gpu_arch=_cuda.get_arch(self.device),
                                        kernel_options=options)

    def call(self, words: list[int]) -> None:
        """Runs the kernel; on a GPU, on the current stream of its device."""
        program = self.get_program()
        assert program is not None
        if self.device == _cuda.CPU:
            program(words)
            return
        with _cuda.current(self.device):
            program.call_on(words, _cuda.get_stream(self.device))


def _shape_error(message: str, request: Request) -> ValueError:
    q, k, v = (list(view.shape) for view in (request.query, request.key, request.value))
    return ValueError(f"attn.sdpa: {message}; query is {q}, key is {k}, value is {v}")


def _check_operands(request: Request) -> None:
    views = {"query": request.query, "key": request.key, "value": request.value}
    for name, view in views.items():
        if view.dtype not in FLOATS:
            raise TypeError(f"attn.sdpa: {name} is {DTYPE_NAMES[view.dtype]}; kernels take float16, bfloat16, float32 and float64")
        if view.dtype != request.query.dtype:
            raise TypeError(f"attn.sdpa: query, key and value need one dtype, got {DTYPE_NAMES[request.query.dtype]} and "
                            f"{DTYPE_NAMES[view.dtype]} ({name})")
        if len(view.shape) < 2:
            raise _shape_error(f"{name} needs two dimensions at least", request)
    q, k, v = request.query.shape, request.key.shape, request.value.shape
    if q[-1] != k[-1]:
        raise _shape_error("query and key need the same last dimension", request)
    if k[-2] != v[-2]:
        raise _shape_error("key and value need the same length (dimension -2)", request)
    if q[-1] == 0 or v[-1] == 0:
        raise _shape_error("head dimensions of 0 have no kernel", request)


def check_devices(device: int, views: list[tuple[str, View | None]]) -> None:
    for name, view in views:
        if view is not None and view.device != device:
            raise ValueError(f"attn.sdpa: all operands need one device: query is on {_cuda.describe(device)}, {name} on "
                             f"{_cuda.describe(view.device)}")


def _broadcast(shapes: list[tuple[int, ...]], request: Request) -> tuple[int, ...]:
    rank = max(map(len, shapes))
    result = []
    for sizes in zip(*((1,) * (rank - len(shape)) + shape for shape in shapes)):
        others = {size for size in sizes if size != 1}
        if len(others) > 1:
            raise _shape_error("batch dimensions need to be equal or 1", request)
        result.append(others.pop() if others else 1)
    return tuple(result)


def _make_shapes(request: Request) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """The shapes of query, key and value once broadcast to each other."""
    q, k, v = request.query.shape, request.key.shape, request.value.shape
    if request.enable_gqa:
        if min(len(q), len(k), len(v)) < 3:
            raise _shape_error("enable_gqa needs a dimension of heads", request)
        heads, key_heads = q[-3], max(k[-3], v[-3])
        if k[-3] != v[-3] and 1 not in (k[-3], v[-3]):
            raise _shape_error("key and value need as many heads", request)
        if key_heads == 0 or heads % key_heads:
            if heads or key_heads:
                raise _shape_error(f"the {heads} heads of the query are no multiple of the {key_heads} of the key", request)
        batch = _broadcast([q[:-3], k[:-3], v[:-3]], request)
        return (*batch, *q[-3:]), (*batch, key_heads, *k[-2:]), (*batch, key_heads, *v[-2:])
    try:
        batch = _broadcast([q[:-2], k[:-2], v[:-2]], request)
    except ValueError:
        if min(len(q), len(k)) >= 3 and k[-3] and q[-3] % k[-3] == 0:
            raise _shape_error("batch dimensions need to be equal or 1; grouped heads need enable_gqa=True", request) from None
        raise
    return (*batch, *q[-2:]), (*batch, *k[-2:]), (*batch, *v[-2:])


def _make_broadcast(view: View, target: tuple[int, ...], name: str) -> Broadcast:
    """How an operand broadcasts to the target."""
    shape = view.shape
    fits = len(shape) <= len(target) and all(a in (1, b) for a, b in zip(shape[::-1], target[::-1]))
    if not fits:
        raise ValueError(f"attn.sdpa: {name} of shape {list(shape)} does not broadcast to {list(target)}")
    ones = tuple(size == 1 for size in shape)
    return Broadcast(view.dtype, ones, not shape or view.strides[-1] == 1)


def _make_structure(request: Request) -> tuple[str, ...]:
    structure = []
    end = "bottom_right" if request.causal == LOWER_RIGHT else "top_left"
    if request.causal is not None:
        structure.append(f"#attn.causal<{end}>")
    if request.window is not None:
        left, right = request.window
        structure.append(f"#attn.window<{left}, {right}{', bottom_right' if end == 'bottom_right' else ''}>")
    return tuple(structure)


def _trace_regions(request: Request, shapes: tuple[tuple[int, ...], ...], captures: Captures) -> tuple[str, str]:
    rank = len(shapes[0])
    real = "f64" if request.query.dtype == F64 else "f32"
    regions = []
    for function, is_score in [(request.score_mod, True), (request.mask_mod, False)]:
        if function is None:
            regions.append("")
            continue
        if rank > 4:
            raise ValueError(f"attn.sdpa: score_mod and mask_mod take one batch dimension, got {rank - 3}")
        regions.append(trace(function, is_score, real, max(rank - 3, 0), rank > 2, captures))
    return regions[0], regions[1]


def read_bounds(regions: str) -> set[tuple[int, int, str]]:
    """What `Captures.bounds` was when the regions were traced."""
    bounds = set()
    for number, indices in re.findall(r"tensor\.extract %c(\d+)\[([^]]*)\]", regions):
        for dimension, name in enumerate(indices.split(", ")):
            if re.fullmatch(r"%[sk][bhij]", name):
                bounds.add((int(number), dimension, name[2]))
    return bounds


def _check_bounds(bounds: set[tuple[int, int, str]], captured: list[tuple[int, ...]],
                  shapes: tuple[tuple[int, ...], ...]) -> None:
    """Whether captured arrays have all elements that regions read."""
    rank = len(shapes[0])
    sizes = {"b": shapes[0][0] if rank > 3 else 1, "h": shapes[0][-3] if rank > 2 else 1, "i": shapes[0][-2],
             "j": shapes[1][-2]}
    names = {"b": "batch index", "h": "head", "i": "query", "j": "key"}
    for number, dimension, origin in bounds:
        size = captured[number][dimension]
        if size < sizes[origin]:
            raise IndexError(f"attn.sdpa: dimension {dimension} of a captured array has {size} elements and is read by the "
                             f"{names[origin]}, of which there are {sizes[origin]}")


def check_numbers(scale: float | None, softcap: float | None) -> None:
    if scale is not None and not math.isfinite(scale):
        raise ValueError(f"attn.sdpa: expected a finite scale, got {scale}")
    if softcap is not None and not (softcap > 0 and math.isfinite(softcap)):
        raise ValueError(f"attn.sdpa: expected a positive softcap, got {softcap}")


_memo: dict[tuple[Any, ...], Plan] = {}


def make_plan(request: Request) -> Plan:
    """Checks the request and finds its kernel, which need not be compiled.

    Raises ValueError, TypeError or IndexError, which say what is wrong."""
    # The scale is an operand: plans do not know it.
    check_numbers(request.scale, None)
    key = request.memo_key()
    plan = _memo.get(key) if key is not None else None
    if plan is None:
        plan = _make_plan(request)
        if key is not None:
            if len(_memo) >= 4096:
                _memo.clear()
            _memo[key] = plan
    return plan


def _make_plan(request: Request) -> Plan:
    device = request.query.device
    bounds = request.cu_seqlens or (None, None)
    check_devices(device, [("key", request.key), ("value", request.value), ("attn_mask", request.mask),
                            ("sinks", request.sinks), ("key_lengths", request.key_lengths), ("cu_seqlens_q", bounds[0]),
                            ("cu_seqlens_k", bounds[1])])
    _check_operands(request)
    shapes = query, key, value = _make_shapes(request)
    output = (*query[:-1], value[-1])
    logits = (*query[:-1], key[-2])
    heads = query[-3] if len(query) > 2 else 1
    bias = mask = None
    if request.mask is not None:
        if request.mask.dtype == BOOL:
            mask = _make_broadcast(request.mask, logits, "attn_mask")
        elif request.mask.dtype in FLOATS:
            bias = _make_broadcast(request.mask, logits, "attn_mask")
        else:
            raise TypeError(f"attn.sdpa: attn_mask is {DTYPE_NAMES[request.mask.dtype]}; expected bool or a float dtype")
    check_numbers(None, request.softcap)
    if request.window is not None and min(request.window) < -1:
        raise ValueError(f"attn.sdpa: expected a window of keys to the left and right, -1 for all, got {request.window}")
    if request.sinks is not None and (request.sinks.dtype not in FLOATS or request.sinks.shape != (heads,)):
        raise ValueError(f"attn.sdpa: expected sinks of shape [{heads}] and a float dtype, got "
                         f"{list(request.sinks.shape)} of {DTYPE_NAMES[request.sinks.dtype]}")
    lengths = None
    if request.key_lengths is not None:
        if request.key_lengths.dtype not in (I32, I64):
            raise TypeError(f"attn.sdpa: key_lengths are {DTYPE_NAMES[request.key_lengths.dtype]}; expected int32 or int64")
        lengths = _make_broadcast(request.key_lengths, query[:-3], "key_lengths")
    captures = Captures()
    if request.regions is not None:
        score, keep, views = request.regions
        captures.types = [(view.dtype, len(view.shape)) for view in views]
        _check_bounds(read_bounds(score + keep), [view.shape for view in views], shapes)
    else:
        score, keep = _trace_regions(request, shapes, captures)
        _check_bounds(captures.bounds, [tuple(array.shape) for array in captures.arrays], shapes)
    kernel = Kernel(
        dtype=request.query.dtype, rank=len(query), head_dim=query[-1], value_dim=value[-1],
        num_queries=query[-2] if 1 <= query[-2] <= FEW_QUERIES and request.cu_seqlens is None else None,
        has_scale=request.scale is not None, softcap=request.softcap, bias=bias, mask=mask,
        sinks=request.sinks.dtype if request.sinks else None, key_lengths=lengths,
        ragged=request.cu_seqlens[0].dtype if request.cu_seqlens else None, structure=_make_structure(request),
        captures=tuple(captures.types), score=score, keep=keep, has_lse=request.return_lse)
    views = [view_of(array, "a captured array") for array in captures.arrays]
    check_devices(device, [("a captured array", view) for view in (views if request.regions is None else request.regions[2])])
    # Lengths of sequences are not known, and few queries tell the compiler themselves.
    splits = choose_splits(output, key) if kernel.ragged is None else ""
    if kernel.num_queries is not None and splits == "few-queries=on":
        splits = ""
    return Plan(kernel, kernel.to_mlir(), query, key, value, output, device, views, wants_tf32=request.wants_tf32, splits=splits)


def run(plan: Plan, request: Request, output: View, lse: View | None) -> None:
    """Computes the attention into memory of the caller's."""
    # Copies live until the call is over.
    query, key, value = map(with_contiguous_rows, (request.query, request.key, request.value))
    words = [
        *query.broadcast_to(plan.query_shape).words(),
        *key.broadcast_to(plan.key_shape).words(),
        *value.broadcast_to(plan.value_shape).words(),
    ]
    if request.scale is not None:
        number = ctypes.c_double if plan.kernel.dtype == F64 else ctypes.c_float
        scale = number(request.scale)
        words.append(ctypes.addressof(scale))
    captures = request.regions[2] if request.regions is not None else plan.captures
    for operand in (request.mask, request.sinks, request.key_lengths, *(request.cu_seqlens or ()), *captures):
        if operand is not None:
            words += operand.words()
    words += output.words()
    if lse is not None:
        words += lse.words()
    plan.call(words)


# No sequence is longer: #attn.window takes no more.
_MOST_KEYS = (1 << 61) - 1


def _read_bound(size: Any) -> int:
    number = size if type(size) is int else operator.index(size)
    return number if number <= _MOST_KEYS else -1


def _is_count(size: Any) -> bool:
    return not isinstance(size, bool) and (isinstance(size, int) or hasattr(size, "__index__"))


def read_window(window: Any) -> tuple[int, int] | None:
    """The window as (left, right), of whatever integers."""
    if window is None:
        return None
    sides = window if isinstance(window, (tuple, list)) and len(window) == 2 else (window, window)
    # No `any`, which Dynamo of PyTorch 2.10 does not look into; nor has it `hasattr` of a size of a graph.
    if not _is_count(sides[0]) or not _is_count(sides[1]):
        raise TypeError(f"attn.sdpa: expected window to be a number of keys or a pair (left, right), got {window!r}")
    return _read_bound(sides[0]), _read_bound(sides[1])


def read_number(number: Any, name: str) -> float:
    """A scale or a softcap."""
    if isinstance(number, float):
        return number
    if not hasattr(number, "__float__"):
        raise TypeError(f"attn.sdpa: expected {name} to be a number, got {number!r}")
    return float(number)


def make_request(query: Any, key: Any, value: Any, attn_mask: Any = None, is_causal: bool = False,
                 scale: float | None = None, enable_gqa: bool = False, *, causal: str | None = None, window: Any = None,
                 softcap: float | None = None, score_mod: Any = None, mask_mod: Any = None, sinks: Any = None,
                 key_lengths: Any = None, return_lse: bool = False) -> Request:
    """Reads the arguments of `attn.sdpa`."""
    q, k, v = view_of(query, "query"), view_of(key, "key"), view_of(value, "value")
    if causal not in (None, UPPER_LEFT, LOWER_RIGHT):
        raise ValueError(f"attn.sdpa: expected causal to be None, 'upper_left' or 'lower_right', got {causal!r}")
    if is_causal:
        if attn_mask is not None:
            raise ValueError("attn.sdpa: attn_mask and is_causal=True exclude each other; causal='upper_left' goes with a mask")
        if causal == LOWER_RIGHT:
            raise ValueError("attn.sdpa: is_causal=True means causal='upper_left', got causal='lower_right'")
        causal = UPPER_LEFT
    mask = None
    bias = read_bias(attn_mask)
    if bias is not None:
        if causal is not None:
            raise ValueError("attn.sdpa: attn_mask is causal already; leave causal out")
        bias.check(q.shape, k.shape)
        causal = bias.variant
    elif attn_mask is not None:
        mask = view_of(attn_mask, "attn_mask")
        # Keys that share an element, as `expand` makes them: rows are contiguous.
        if mask.strides[-1:] == (0,) and mask.shape[-1] == k.shape[-2]:
            mask = View(mask.address, (*mask.shape[:-1], 1), mask.strides, mask.dtype, mask.owner, mask.device)
    return Request(
        q, k, v, mask, None if scale is None else read_number(scale, "scale"), enable_gqa, causal, read_window(window),
        None if softcap is None else read_number(softcap, "softcap"), score_mod, mask_mod,
        None if sinks is None else view_of(sinks, "sinks"),
        None if key_lengths is None else view_of(key_lengths, "key_lengths"), return_lse,
        wants_tf32=_cuda.wants_tf32(q.device, q.dtype))


@dataclasses.dataclass(frozen=True)
class Explanation:
    """Which backend computes an attention, and why others do not."""

    kernel: str
    backend: str | None
    reasons: dict[str, str]
    mlir: str = dataclasses.field(repr=False)

    def __str__(self) -> str:
        lines = [self.kernel, f"backend: {self.backend or 'none'}"]
        lines += [f"{name}: {reason}" for name, reason in self.reasons.items()]
        return "\n".join(lines)


def explain_request(request: Request) -> Explanation:
    plan = make_plan(request)
    reasons = _backends.get_obstacles(plan.text, plan.device)
    chosen = next((name for name in _backends.BACKENDS if name not in reasons), None)
    return Explanation(plan.kernel.describe(), chosen, reasons, plan.text)
