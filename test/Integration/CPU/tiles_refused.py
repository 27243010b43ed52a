#!/usr/bin/env python3
# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls the function `bf16` of a shared object in a process that Linux refuses the
tile registers of AMX: its signal stack has no room for them. Prints the status and
the message."""

import ctypes
import sys


class SignalStack(ctypes.Structure):
    _fields_ = [("sp", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t)]


def main():
    memory = ctypes.create_string_buffer(4096)
    stack = SignalStack(ctypes.addressof(memory), 0, len(memory))
    if ctypes.CDLL(None).sigaltstack(ctypes.byref(stack), None) != 0:
        sys.exit("tiles_refused.py: sigaltstack failed")
    library = ctypes.CDLL(sys.argv[1])
    library.attn_bf16_error.restype = ctypes.c_char_p
    status = library.attn_bf16(None, 0, None, 0)
    print("status", status, library.attn_bf16_error().decode())


if __name__ == "__main__":
    main()
