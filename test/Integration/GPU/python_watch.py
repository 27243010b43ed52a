# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A plugin of pytest's for tests that may hang or break the GPU for those after them.

It runs one share of the tests (ATTN_WATCH_SHARE, as "2/16"), but for those that the
file of results (ATTN_WATCH_RESULTS) has begun already, and appends to that file, line
by line as JSON, which test begins and how it went. A test that takes longer than
ATTN_WATCH_TIMEOUT seconds ends the process, even in the middle of a call of CUDA, and
so does a failure after which the GPU does not answer: python.py starts it again for the
rest."""

import faulthandler
import json
import os

import pytest

_path = os.environ["ATTN_WATCH_RESULTS"]
_share, _, _count = os.environ["ATTN_WATCH_SHARE"].partition("/")
_timeout = float(os.environ["ATTN_WATCH_TIMEOUT"])
# Where pytest does not capture it.
_traceback = open(_path + ".traceback", "a")  # noqa: SIM115


def _write(*entry):
    with open(_path, "a") as file:
        file.write(json.dumps(entry) + "\n")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    begun = set()
    if os.path.exists(_path):
        with open(_path) as file:
            begun = {json.loads(line)[0] for line in file}
    # -k has been applied: shares are of what is left.
    chosen = [item for item in items[int(_share)::int(_count)] if item.nodeid not in begun]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def pytest_runtest_logstart(nodeid):
    _write(nodeid, None, 0, "")
    faulthandler.dump_traceback_later(_timeout, exit=True, file=_traceback)


def pytest_runtest_logfinish():
    faulthandler.cancel_dump_traceback_later()


_seconds = {}


def pytest_runtest_logreport(report):
    _seconds[report.nodeid] = _seconds.get(report.nodeid, 0) + report.duration
    if report.passed and report.when != "call":
        return
    text = report.longrepr[2] if report.skipped else str(report.longrepr) if report.failed else ""
    # In one write, which nothing cuts in two.
    _write(report.nodeid, report.outcome, _seconds[report.nodeid], text[-4000:])
    if report.failed and not _gpu_answers():
        os._exit(70)


def _gpu_answers():
    import torch

    try:
        if torch.cuda.is_initialized():
            torch.cuda.synchronize()
    except RuntimeError:
        return False
    return True
