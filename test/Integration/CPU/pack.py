# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Directories of compiled problems that run on another machine, where nothing but
Python and numpy is needed: libraries, manifest.json and the scripts."""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MODULES = ["case", "emit", "inputs", "reference", "regions", "sequences", "workers"]


def compile_module(attn_compile, text, arguments, directory):
    """Compiles a module into a library of the directory; returns its name, and the
    error if there is one."""
    key = "\0".join([text, *arguments])
    name = hashlib.sha256(key.encode()).hexdigest()[:16]
    library = directory / f"{name}.so"
    if library.exists():
        return library.name, None
    # Under a name of its own: another job may be at the same module.
    with tempfile.TemporaryDirectory(dir=directory) as work:
        module = pathlib.Path(work) / "main.mlir"
        module.write_text(text)
        process = subprocess.run(
            [attn_compile, str(module), "-o", f"{work}/main.so", "--no-raise", *arguments],
            capture_output=True, text=True,
        )
        if process.returncode == 0:
            os.replace(f"{work}/main.so", library)
    return library.name, None if process.returncode == 0 else process.stderr.strip()


def write(directory, manifest, scripts):
    """Adds the manifest, the scripts and what they import."""
    (directory / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    for script in [*(HERE / f"{module}.py" for module in MODULES), *scripts]:
        shutil.copy(script, directory)
