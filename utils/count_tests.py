#!/usr/bin/env python3
"""Prints `N passed, N failed` (`, N skipped`) for lit's JSON results.

Exits 1 if a test failed or if none ran.
"""

import collections
import json
import sys


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: count_tests.py RESULTS.json")
    with open(sys.argv[1]) as results:
        tests = json.load(results)["tests"]
    counts = collections.Counter(test["code"] for test in tests)
    # lit counts every case of a GoogleTest executable as a test of its own.
    passed = counts["PASS"] + counts["XFAIL"] + counts["FLAKYPASS"]
    skipped = counts["UNSUPPORTED"] + counts["SKIPPED"] + counts["EXCLUDED"]
    failed = len(tests) - passed - skipped
    line = f"{passed} passed, {failed} failed"
    if skipped:
        line += f", {skipped} skipped"
    print(line)
    if failed or not passed:
        sys.exit(1)


if __name__ == "__main__":
    main()
