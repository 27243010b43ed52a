#!/usr/bin/env python3
"""Runs pytest on a file of python/tests with the package of this checkout.

usage: run_pytest.py BUILD CACHE FILE [pytest's options]

Any Python will do: where it has no pytest it takes the distribution's.
"""

import os
import pathlib
import subprocess
import sys

RUN = """
import sys
sys.path.append("/usr/lib/python3/dist-packages")
import pytest
sys.exit(pytest.main(sys.argv[1:]))
"""


def main():
    build, cache, file, *options = sys.argv[1:]
    python = pathlib.Path(__file__).resolve().parents[2] / "python"
    environment = dict(
        os.environ,
        ATTN_LIBRARY=os.path.join(build, "lib", "libAttnC.so"),
        ATTN_CACHE_DIR=cache,
        PYTHONPATH=str(python),
        PYTHONDONTWRITEBYTECODE="1",
    )
    # The sanitizer's library must come first, and Python itself leaks.
    if preload := environment.get("ATTN_TEST_PRELOAD"):
        environment["LD_PRELOAD"] = preload
        environment["ASAN_OPTIONS"] += ":detect_leaks=0"
    tests = python / "tests"
    command = [sys.executable, "-c", RUN, "-q", "-p", "no:cacheprovider", "--rootdir", str(tests), str(tests / file)]
    status = subprocess.run([*command, *options], env=environment, cwd=tests).returncode
    sys.exit(status)


if __name__ == "__main__":
    main()
