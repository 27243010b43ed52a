#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs what make.py compiled on a GPU and compares it with numpy.

Every case runs twice, on tensors with gaps and in several layouts: outputs are
filled with NaN before, the memory around them must stay as it is, and both runs
must give the same bits. A case that hangs or faults takes its process with it and
counts as failed; the rest goes on in a new one.

    run.py [--group GROUP] [--case REGEX] [--jobs N]

compute-sanitizer sees the kernels of this process only:

    compute-sanitizer --tool memcheck python3 run.py --jobs 0 --case REGEX
"""

import argparse
import ctypes
import json
import os
import pathlib
import re
import sys
import time
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

# Processes run beside one another: threads of their own would be in the way.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np

import case as case_module
import emit
import inputs
import reference
import workers

TIMEOUT_SECONDS = 60
GUARD = 1024  # bytes before and behind every tensor
STATUS = ["ok", "invalid argument", "failed", "out of memory", "no device", "device fault"]

# ---------------------------------------------------------------------------
# The driver
# ---------------------------------------------------------------------------


class Driver:
    """As much of the CUDA driver as a test needs."""

    def __init__(self):
        self.library = ctypes.CDLL("libcuda.so.1")
        self.call("cuInit", 0)
        device, context = ctypes.c_int(), ctypes.c_void_p()
        self.call("cuDeviceGet", ctypes.byref(device), 0)
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        self.call("cuCtxSetCurrent", context)

    def call(self, name, *arguments):
        result = getattr(self.library, name)(*arguments)
        if result:
            raise RuntimeError(f"{name}: CUDA error {result}")

    def allocate(self, size):
        pointer = ctypes.c_uint64()
        self.call("cuMemAlloc_v2", ctypes.byref(pointer), ctypes.c_size_t(max(size, 1)))
        return pointer.value

    def free(self, pointer):
        self.call("cuMemFree_v2", ctypes.c_uint64(pointer))

    def upload(self, pointer, array):
        self.call("cuMemcpyHtoD_v2", ctypes.c_uint64(pointer),
                  array.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(array.nbytes))

    def download(self, array, pointer):
        self.call("cuMemcpyDtoH_v2", array.ctypes.data_as(ctypes.c_void_p),
                  ctypes.c_uint64(pointer), ctypes.c_size_t(array.nbytes))


def get_strides(shape, layout, item_size):
    """Strides in elements and the number of elements that they span. `heads`: the
    order [..., L, H, D]; `padded`: rows with a gap behind each."""
    order = list(range(len(shape)))
    if layout == "heads" and len(shape) > 2:
        order[-3], order[-2] = order[-2], order[-3]
    strides, step = [0] * len(shape), 1
    for position, dim in enumerate(reversed(order)):
        strides[dim] = step
        step *= max(shape[dim], 1)
        if layout == "padded" and position == 0:
            # Rows stay aligned for copies of 16 bytes.
            step = (step + 8) * item_size // 16 * 16 // item_size
    return strides, step


class Array:
    """A tensor on the device, with guards around it."""

    def __init__(self, driver, shape, dtype, layout):
        self.driver, self.shape, self.dtype = driver, tuple(shape), dtype
        self.item = np.dtype(inputs.BITS[dtype])
        self.strides, span = get_strides(self.shape, layout, self.item.itemsize)
        self.host = np.full(2 * GUARD + span * self.item.itemsize, 0xA5, np.uint8)
        self.memory = driver.allocate(self.host.nbytes)
        self.c_shape = (ctypes.c_int64 * max(len(shape), 1))(*shape)
        self.c_strides = (ctypes.c_int64 * max(len(shape), 1))(*self.strides)

    def view(self, host):
        base = host[GUARD:].view()
        base = np.frombuffer(base, dtype=self.item) if base.nbytes % self.item.itemsize == 0 \
            else np.frombuffer(base[: base.nbytes // self.item.itemsize * self.item.itemsize], dtype=self.item)
        return np.lib.stride_tricks.as_strided(
            base, self.shape, [s * self.item.itemsize for s in self.strides]
        )

    def fill(self, value):
        """Sets elements, leaving all other bytes as they are."""
        if 0 not in self.shape:
            self.view(self.host)[...] = value
        self.driver.upload(self.memory, self.host)

    def fetch(self):
        """The elements, and whether anything else has changed."""
        host = np.empty_like(self.host)
        self.driver.download(host, self.memory)
        if 0 in self.shape:
            return np.empty(self.shape, self.item), np.array_equal(host, self.host)
        elements = self.view(host).copy()
        self.view(host)[...] = self.view(self.host)
        return elements, np.array_equal(host, self.host)

    def get_tensor(self):
        return inputs.Tensor(self.memory + GUARD, self.c_shape, len(self.shape),
                      inputs.C_DTYPES[self.dtype], self.c_strides)

    def free(self):
        self.driver.free(self.memory)


# ---------------------------------------------------------------------------
# Cases
# ---------------------------------------------------------------------------


def run_case(driver, case, library, f32):
    """Returns what is wrong, or nothing. `f32`: how the kernel multiplies it."""
    function, error = library.attn_main, library.attn_main_error
    error.restype = ctypes.c_char_p
    library.attn_main_synchronize.argtypes = [ctypes.c_void_p]
    arrays = inputs.make_inputs(case)
    expected = reference.compute(case, arrays, tensor_cores=True, f32=f32)
    outs = reference.get_outs(case, expected)
    layouts = ["dense", "heads", "padded"]
    number = zlib.crc32(case.name.encode())
    keep_alive, tensors, results, host_scalars = [], [], [], []
    for position, (name, dtype, type_) in enumerate(emit.get_arguments(case)):
        value = inputs.encode(arrays[name], dtype)
        if not type_.startswith("tensor"):
            scalar = np.array(value)
            host_scalars.append(scalar)
            tensors.append(inputs.Tensor(scalar.ctypes.data, None, 0, inputs.C_DTYPES[dtype], None))
            continue
        layout = layouts[(number + position) % 3] if name in ("query", "key", "value") else "dense"
        array = Array(driver, value.shape, dtype, layout)
        array.fill(value)
        keep_alive.append(array)
        tensors.append(array.get_tensor())
    for position, (name, dtype, wanted, _) in enumerate(outs):
        layout = layouts[(number // 3) % 3] if name == "output" else "dense"
        results.append(Array(driver, wanted.shape, dtype, layout))
    c_inputs = (inputs.Tensor * max(len(tensors), 1))(*tensors)
    c_outputs = (inputs.Tensor * len(results))(*[result.get_tensor() for result in results])
    problems, first = [], None
    for run in range(2):
        for result in results:
            result.fill(inputs.encode(np.float64(np.nan), result.dtype))
        status = function(c_inputs, len(tensors), c_outputs, len(results), None)
        if status == 0:
            status = library.attn_main_synchronize(None)
        if status:
            return f"{STATUS[status]}: {error().decode()}", status == 5
        fetched = [result.fetch() for result in results]
        for (name, dtype, wanted, bound), (elements, intact) in zip(outs, fetched):
            if not intact:
                problems.append(f"{name}: memory around the tensor was written")
            if run == 0:
                actual = inputs.decode(elements, dtype)
                if name == "max_scores":
                    actual = expected.settle(actual)
                comparison = reference.compare(
                    actual, wanted.astype(np.float64),
                    bound.astype(np.float64), dtype
                )
                if comparison.message:
                    problems.append(f"{name}: {comparison.message}")
        bits = [elements.tobytes() for elements, _ in fetched]
        if first is None:
            first = bits
        elif bits != first:
            problems.append("two runs gave different bits")
    for array in keep_alive + results:
        array.free()
    return "\n".join(problems), False


def make_runner():
    """Runs the library of an entry, its only step; see workers.serve."""
    driver = Driver()
    libraries = {}

    def run(entry, _):
        name = entry["library"]
        if name not in libraries:
            libraries[name] = ctypes.CDLL(str(HERE / name))
        case = case_module.from_dict(entry["case"])
        yield run_case(driver, case, libraries[name], entry["f32"])

    return run


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--group", help="run this group only")
    parser.add_argument("--case", help="regular expression of case names")
    parser.add_argument(
        "--jobs", type=int, default=4,
        help="processes on the GPU; 0: this one, for compute-sanitizer",
    )
    parser.add_argument("--limit", type=float, default=1e9, help="seconds; the rest is skipped")
    options = parser.parse_args()
    manifest = json.loads((HERE / "manifest.json").read_text())
    entries = [
        entry for entry in manifest
        if (not options.group or entry["group"] == options.group)
        and (not options.case or re.search(options.case, entry["case"]["name"]))
    ]
    begin = time.monotonic()
    outcomes = {}

    def report(index, _, problem):
        outcomes[index] = problem
        if problem:
            entry = entries[index]
            print(f"FAIL {entry['group']} {entry['case']['name']}\n    "
                  + problem.replace("\n", "\n    "), flush=True)

    workers.run_all(
        make_runner, entries, lambda entry: 1, options.jobs, report,
        timeout=TIMEOUT_SECONDS, limit=options.limit,
    )
    failed = sum(1 for problem in outcomes.values() if problem)
    groups = {}
    for index, problem in outcomes.items():
        group = entries[index]["group"]
        passed, bad = groups.get(group, (0, 0))
        groups[group] = (passed + (not problem), bad + bool(problem))
    for group, (passed, bad) in sorted(groups.items()):
        print(f"{group:10} {passed} passed, {bad} failed")
    skipped = len(entries) - len(outcomes)
    print(f"{len(outcomes) - failed} passed, {failed} failed"
          + (f", {skipped} not run" if skipped else "")
          + f" in {time.monotonic() - begin:.0f} s")
    return 1 if failed or skipped or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
