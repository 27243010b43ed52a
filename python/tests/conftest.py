# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import zlib

import numpy as np
import pytest


@pytest.fixture
def rng(request):
    """Numbers that differ from test to test, and not from run to run."""
    return np.random.default_rng(zlib.crc32(request.node.nodeid.encode()))


def pytest_configure(config):
    config.addinivalue_line("markers", "gpu: runs kernels on a GPU")
