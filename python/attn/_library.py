# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The compiler's C library (include/attn-c/Compiler.h) through ctypes."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import pathlib
import sys
import threading
import time
from collections.abc import Iterable, Sequence

F16, BF16, F32, F64, BOOL, I8, I16, I32, I64 = range(1, 10)


class CompileError(RuntimeError):
    """The compiler cannot compile what was asked for; the message says why."""


class _Options(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("entry", ctypes.c_char_p),
        ("backend", ctypes.c_char_p),
        ("cpu", ctypes.c_char_p),
        ("numerics", ctypes.c_char_p),
        ("cache", ctypes.c_char_p),
        ("cache_bytes", ctypes.c_uint64),
        ("fuse", ctypes.c_int32),
        ("require_cached", ctypes.c_int32),
        ("target", ctypes.c_char_p),
        ("gpu_arch", ctypes.c_char_p),
        ("cuda_path", ctypes.c_char_p),
        ("kernel_options", ctypes.c_char_p),
    ]


class _Tensor(ctypes.Structure):
    """attn_tensor. Dense and row-major."""

    _fields_ = [
        ("data", ctypes.c_void_p), ("shape", ctypes.POINTER(ctypes.c_int64)), ("rank", ctypes.c_int32),
        ("dtype", ctypes.c_int32), ("strides", ctypes.POINTER(ctypes.c_int64)),
    ]


def make_tensor(address: int, shape: Sequence[int], dtype: int) -> _Tensor:
    """The argument of Program.call_tensors."""
    return _Tensor(address, (ctypes.c_int64 * len(shape))(*shape), len(shape), dtype, None)


def _find_library() -> str:
    """ATTN_LIBRARY, or the library that the package holds."""
    given = os.environ.get("ATTN_LIBRARY")
    if given:
        return given
    path = pathlib.Path(__file__).parent / "lib" / "libAttnC.so"
    if not path.exists():
        raise ImportError(f"{path} is missing: install the wheel, or point ATTN_LIBRARY to a build's libAttnC.so")
    return str(path)


def _load() -> ctypes.CDLL:
    library = ctypes.CDLL(_find_library())
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    for name, result, arguments in [
        ("attn_version", text, []),
        ("attn_error_message", text, []),
        ("attn_compiler_create", pointer, []),
        ("attn_compiler_cpu", text, [pointer]),
        ("attn_compiler_gpu_arch", text, [pointer, ctypes.c_int32]),
        ("attn_compile", pointer, [pointer, text, ctypes.c_size_t, ctypes.POINTER(_Options)]),
        ("attn_check_backend", ctypes.c_int, [pointer, text, ctypes.c_size_t, ctypes.POINTER(_Options)]),
        ("attn_count_fused", ctypes.c_int, [pointer, text, ctypes.c_size_t, ctypes.POINTER(_Options),
                                            ctypes.POINTER(ctypes.c_int32)]),
        ("attn_compile_shared", ctypes.c_int, [pointer, text, ctypes.c_size_t, ctypes.POINTER(_Options), text, text, text]),
        ("attn_program_call", ctypes.c_int, [pointer, pointer, ctypes.c_int32, pointer, ctypes.c_int32]),
        ("attn_program_destroy", None, [pointer]),
        ("attn_program_is_cached", ctypes.c_int32, [pointer]),
        ("attn_program_call_words", ctypes.c_int, [pointer, pointer, ctypes.c_int64]),
        ("attn_program_call_words_on", ctypes.c_int, [pointer, pointer, ctypes.c_int64, pointer]),
        ("attn_set_num_threads", None, [ctypes.c_int32]),
        ("attn_get_gpu_capability", ctypes.c_int32, []),
        ("attn_get_num_threads", ctypes.c_int32, []),
        ("attn_torch_register", ctypes.c_int, [text]),
        ("attn_torch_register_cuda", ctypes.c_int, [text]),
        ("attn_torch_remember", None, [pointer, pointer, ctypes.c_int64]),
        ("attn_torch_suspend", None, [ctypes.c_int32]),
        ("attn_torch_set_error", None, [text]),
    ]:
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


_library = _load()
_call_words = _library.attn_program_call_words
_call_words_on = _library.attn_program_call_words_on
_lock = threading.RLock()
_compiler: int | None = None

# A fork while another thread compiles would leave the child with a lock that
# nobody releases.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
    )


def version() -> str:
    """The version of the compiler."""
    return _library.attn_version().decode()


def set_num_threads(count: int) -> None:
    """Sets the threads of later calls of CPU kernels, the caller included; 0:
    one for each CPU that the process may run on, the default. Once PyTorch's
    tensors were used, kernels run on the threads of its OpenMP, and 0 stands for
    as many as `torch.set_num_threads` says."""
    if isinstance(count, bool) or not hasattr(count, "__index__"):
        raise TypeError(f"expected a number of threads, got {count!r}")
    if not 0 <= count < 1 << 31:
        raise ValueError(f"expected a number of threads from 0 to 2147483647, got {count}")
    _library.attn_set_num_threads(int(count))


def get_num_threads() -> int:
    """The threads of later calls of CPU kernels."""
    return _library.attn_get_num_threads()


def cache_directory() -> str | None:
    """Where compiled kernels are kept: ATTN_CACHE_DIR (empty: nowhere), or
    attn-mlir/kernels in the user's cache."""
    given = os.environ.get("ATTN_CACHE_DIR")
    if given is not None:
        return given or None
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "attn-mlir", "kernels")


def _cache_bytes() -> int:
    """ATTN_CACHE_SIZE in bytes; 0 is the compiler's default of 256 MiB."""
    given = os.environ.get("ATTN_CACHE_SIZE", "0")
    if not (given.isascii() and given.isdigit() and int(given) < 1 << 63):
        raise ValueError(f"ATTN_CACHE_SIZE: expected a number of bytes below 2^63, got '{given}'")
    return int(given)


def _make_options(backend: str, fuse: bool = False, target: str = "cpu", gpu_arch: str | None = None,
                  kernel_options: str = "") -> _Options:
    directory = cache_directory()
    toolkits = None
    if gpu_arch is not None:
        from . import _cuda

        toolkits = _cuda.find_toolkits()
    return _Options(
        size=ctypes.sizeof(_Options),
        entry=b"main",
        backend=backend.encode(),
        cache=os.fsencode(directory) if directory else None,
        cache_bytes=_cache_bytes(),
        fuse=fuse,
        target=target.encode(),
        gpu_arch=gpu_arch.encode() if gpu_arch else None,
        cuda_path=os.fsencode(toolkits) if toolkits else None,
        kernel_options=kernel_options.encode(),
    )


def _get_compiler() -> int:
    global _compiler
    if _compiler is None:
        _compiler = _library.attn_compiler_create()
    return _compiler


def get_gpu_arch(capability: int) -> str | None:
    """The code for GPUs of a compute capability (90 for 9.0), as "sm_90a"; None if
    they have no kernels."""
    with _lock:
        arch: bytes | None = _library.attn_compiler_gpu_arch(_get_compiler(), capability)
    return arch.decode() if arch else None


def get_gpu_capability() -> int:
    """The compute capability (90 for 9.0) of the GPU that is current; 0 without one."""
    return _library.attn_get_gpu_capability()


def _error() -> str:
    return _library.attn_error_message().decode(errors="replace")


class Program:
    """A kernel in this process."""

    __slots__ = ("_handle", "is_cached", "text")

    def __init__(self, handle: int, text: str):
        self._handle = handle
        self.text = text
        self.is_cached = bool(_library.attn_program_is_cached(handle))

    def __call__(self, words: Iterable[int]) -> None:
        """Runs on what the words say: for each argument its address, sizes and
        strides in elements."""
        words = tuple(words)
        count = len(words)
        if _call_words(self._handle, (ctypes.c_int64 * count)(*words), count):
            raise RuntimeError(_error())

    def call_on(self, words: Iterable[int], stream: int) -> None:
        """The same for a program for CUDA: puts its work on a stream."""
        words = tuple(words)
        count = len(words)
        if _call_words_on(self._handle, (ctypes.c_int64 * count)(*words), count, stream):
            raise RuntimeError(_error())

    def call_tensors(self, inputs: Sequence[_Tensor], outputs: Sequence[_Tensor]) -> None:
        """Runs a program of tensors. Outputs have their memory."""
        given, results = (_Tensor * len(inputs))(*inputs), (_Tensor * len(outputs))(*outputs)
        if _library.attn_program_call(self._handle, given, len(inputs), results, len(outputs)):
            raise RuntimeError(_error())


# Operators of PyTorch by kernels of the library (include/attn-c/Torch.h).


def register_torch(libtorch_cpu: str) -> bool:
    """Whether the PyTorch that is loaded has them now."""
    return bool(_library.attn_torch_register(os.fsencode(libtorch_cpu)) == 0)


def register_torch_cuda(libtorch_cuda: str) -> bool:
    """The same for tensors of CUDA, after `register_torch`."""
    return bool(_library.attn_torch_register_cuda(os.fsencode(libtorch_cuda)) == 0)


def remember_torch_call(program: Program, words: tuple[int, ...]) -> None:
    """Lets kernels run the program for calls that look like this one."""
    _library.attn_torch_remember(program._handle, (ctypes.c_int64 * len(words))(*words), len(words))


def suspend_torch_kernels(change: int) -> None:
    """While the sum of changes is not 0, kernels take no program they know."""
    _library.attn_torch_suspend(change)


def set_torch_error(message: str) -> None:
    _library.attn_torch_set_error(message.encode())


class _Progress:
    """Says so on stderr when a compilation takes longer than a second."""

    def __init__(self, what: str):
        self._what = what
        self._timer = threading.Timer(1.0, self._say)
        self._timer.daemon = True
        self._said = False

    def _say(self) -> None:
        self._said = True
        print(f"attn: compiling {self._what} ...", file=sys.stderr, flush=True)

    def __enter__(self) -> None:
        self._start = time.monotonic()
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._said:
            seconds = time.monotonic() - self._start
            print(f"attn: compiled {self._what} in {seconds:.1f} s", file=sys.stderr, flush=True)


_programs: dict[tuple[str, str, str | None, str], Program] = {}


def _get_program(key: tuple[str, str, str | None, str], fuse: bool, progress: _Progress | None) -> Program | None:
    """From memory or from disk, or, showing the progress, compiled."""
    with _lock:
        program = _programs.get(key)
        if program is None:
            text, backend, gpu_arch, kernel_options = key
            encoded = text.encode()
            options = _make_options(backend, fuse, "cuda" if gpu_arch else "cpu", gpu_arch, kernel_options)
            options.require_cached = progress is None
            with progress or contextlib.nullcontext():
                handle = _library.attn_compile(_get_compiler(), encoded, len(encoded), options)
            if handle:
                program = _programs[key] = Program(handle, text)
    return program


def find_program(text: str, backend: str, fuse: bool = False, gpu_arch: str | None = None,
                 kernel_options: str = "") -> Program | None:
    """What `compile_program` returns, if it is in memory or on disk: without the thread of
    progress, whose start takes as long."""
    key = text, backend, gpu_arch, kernel_options
    return _programs.get(key) or _get_program(key, fuse, None)


def compile_program(text: str, backend: str, what: str, fuse: bool = False, gpu_arch: str | None = None,
                    kernel_options: str = "") -> Program:
    """Compiles @main of a module, or finds it in memory or on disk. With `fuse`,
    naive attention is raised first; modules are either to be fused or not. For a
    GPU with `gpu_arch`, and what its kernels' cost model would choose.

    Raises CompileError with the compiler's message."""
    program = find_program(text, backend, fuse, gpu_arch, kernel_options)
    if program is None:
        progress = _Progress(what if gpu_arch is None else f"{what} for {gpu_arch}")
        program = _get_program((text, backend, gpu_arch, kernel_options), fuse, progress)
    if program is None:
        raise CompileError(_error())
    return program


def compile_shared(text: str, backend: str, cpu: str, output: str, header: str | None, gpu_arch: str | None = None,
                   fuse: bool = True, kernel_options: str = "") -> None:
    """Writes @main of a module as a shared object, and a C header for it.

    Raises CompileError with the compiler's message."""
    # C's strings end there.
    for name, given in ("path", output), ("header", header), ("cpu", cpu), ("gpu_arch", gpu_arch), ("backend", backend):
        if given is not None and b"\0" in os.fsencode(given):
            raise ValueError(f"attn.compile_exported: {name} holds a null character: {given!r}")
    options = _make_options(backend, fuse, "cuda" if gpu_arch else "cpu", gpu_arch, kernel_options)
    options.cpu = cpu.encode()
    runtime = pathlib.Path(_find_library()).with_name("libAttnRuntimeCPU.a")
    with _lock, _Progress(output):
        encoded = text.encode()
        if _library.attn_compile_shared(_get_compiler(), encoded, len(encoded), options, os.fsencode(runtime),
                                        os.fsencode(output), os.fsencode(header) if header is not None else None):
            raise CompileError(_error())


@functools.lru_cache(maxsize=4096)
def check_backend(text: str, backend: str, fuse: bool = False, target: str = "cpu") -> str | None:
    """Why the backend cannot take the attention of a module on the target, "cpu" or
    "cuda"; None if it can."""
    with _lock:
        encoded = text.encode()
        status = _library.attn_check_backend(_get_compiler(), encoded, len(encoded), _make_options(backend, fuse, target))
        return _error() if status else None


def count_fused(text: str) -> tuple[int, str]:
    """How many attn.sdpa a module has once naive attention is raised, and what was
    not fused and why."""
    with _lock:
        encoded, count = text.encode(), ctypes.c_int32()
        if _library.attn_count_fused(_get_compiler(), encoded, len(encoded), _make_options("auto", True),
                                     ctypes.byref(count)):
            raise CompileError(_error())
        return count.value, _error()
