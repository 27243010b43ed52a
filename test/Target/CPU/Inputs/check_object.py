# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles functions to shared objects with headers, for several CPUs, and checks
their size without symbols and the libraries that they need.

  check_object.py DIRECTORY MODULE.mlir:FUNCTION ... -- CPU ...
"""

import pathlib
import re
import subprocess
import sys

MAX_BYTES = 100_000
# The C library, its threads and mathematics, and its loader.
LIBRARIES = re.compile(r"lib(c|m|pthread|dl)\.so\.\d+|ld-linux.*\.so\.\d+")


def check(directory, program, cpu):
    module, function = program.rsplit(":", 1)
    library, header, stripped = directory / "a.so", directory / "a.h", directory / "stripped.so"
    subprocess.run(["attn-compile", module, "--entry", function, "--cpu", cpu, "-o", library,
                    "--header", header], check=True)
    subprocess.run(["llvm-strip", library, "-o", stripped], check=True)
    size = stripped.stat().st_size + header.stat().st_size
    dynamic = subprocess.run(["llvm-readelf", "-d", library], check=True, capture_output=True, text=True).stdout
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    wrong = [name for name in needed if not LIBRARIES.fullmatch(name)]
    print(f"{function} for {cpu}: {size} bytes, needs {', '.join(needed)}")
    if size > MAX_BYTES:
        sys.exit(f"{function} for {cpu}: {MAX_BYTES} bytes at most are allowed")
    if wrong or not needed:
        sys.exit(f"{function} for {cpu}: expected the C library only, got {needed}")


def main():
    split = sys.argv.index("--")
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    for cpu in sys.argv[split + 1 :]:
        for program in sys.argv[2:split]:
            check(directory, program, cpu)


if __name__ == "__main__":
    main()
