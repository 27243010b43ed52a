# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The cache on disk, threads, forks and the end of the interpreter."""

import os
import pathlib
import resource
import subprocess
import sys
import threading

import attn
import numpy as np
import pytest
from reference import attention

PROGRAM = """
import sys, numpy as np, attn
from attn import _library
sizes = [int(size) for size in sys.argv[1:]] or [8]
for size in sizes:
    q = np.random.default_rng(0).standard_normal((2, 20, size), dtype=np.float32)
    out = attn.sdpa(q, q, q)
    s = q @ q.transpose(0, 2, 1) / size ** 0.5
    p = np.exp(s - s.max(-1, keepdims=True))
    assert abs(out - p / p.sum(-1, keepdims=True) @ q).max() < 1e-5
print([program.is_cached for program in _library._programs.values()])
"""


def start(directory, *sizes, preexec_fn=None, **environment):
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *map(str, sizes)], text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, preexec_fn=preexec_fn,
                            env={**os.environ, "ATTN_CACHE_DIR": str(directory), **environment})


def finish(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out.strip()


def test_disk(tmp_path):
    assert finish(start(tmp_path)) == "[False]"
    (file,) = pathlib.Path(tmp_path).iterdir()
    assert finish(start(tmp_path)) == "[True]"
    # Damaged: cut, changed, empty, of another kind.
    content = file.read_bytes()
    middle = len(content) // 2
    for damaged in [content[:middle], content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :], b"", b"x" * 99]:
        file.write_bytes(damaged)
        assert finish(start(tmp_path)) == "[False]"
        assert file.read_bytes() == content
    assert finish(start(tmp_path)) == "[True]"


def test_size(tmp_path):
    finish(start(tmp_path, 8))
    (first,) = pathlib.Path(tmp_path).iterdir()
    size = first.stat().st_size
    finish(start(tmp_path, 16, 24, ATTN_CACHE_SIZE=str(2 * size + size // 2)))
    files = list(pathlib.Path(tmp_path).iterdir())
    assert first not in files and len(files) == 2


def test_many_processes(tmp_path):
    results = [finish(process) for process in [start(tmp_path, 8, 16) for _ in range(6)]]
    assert "[False, False]" in results
    assert len(list(pathlib.Path(tmp_path).iterdir())) == 2
    assert finish(start(tmp_path, 8, 16)) == "[True, True]"


def test_no_cache(tmp_path):
    assert finish(start("")) == "[False]"
    # A directory that cannot be made costs time alone.
    (tmp_path / "file").write_text("")
    assert finish(start(tmp_path / "file" / "below")) == "[False]"


def test_full_disk(tmp_path):
    """An object that does not fit is not kept, nor a part of it."""
    cache = tmp_path / "cache"
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    assert finish(start(cache, preexec_fn=limit, PYTHONDONTWRITEBYTECODE="1")) == "[False]"
    assert list(cache.iterdir()) == []
    assert finish(start(cache)) == "[False]" and finish(start(cache)) == "[True]"


def test_threads(rng):
    q = rng.standard_normal((2, 3, 50, 40)).astype("float32")
    expected = attention(q, q, q, offset=0)[0]
    errors = []

    def call():
        for _ in range(50):
            errors.append(np.abs(attn.sdpa(q, q, q, is_causal=True) - expected).max())

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 200 and max(errors) < 1e-5


def test_number_of_threads():
    attn.set_num_threads(1)
    assert attn.get_num_threads() == 1
    attn.set_num_threads(0)
    assert attn.get_num_threads() >= 1
    with pytest.raises(ValueError, match="a number of threads from 0 to 2147483647, got -1"):
        attn.set_num_threads(-1)


def test_fork(rng):
    """Calls and compiles in a child, while the parent has threads."""
    q = rng.standard_normal((2, 3, 100, 8)).astype("float32")
    expected = attention(q, q, q)[0]
    attn.sdpa(q, q, q)
    stop = threading.Event()

    def work():
        while not stop.is_set():
            attn.sdpa(q, q, q)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for round_ in range(3):
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    fine = np.abs(attn.sdpa(q, q, q) - expected).max() < 1e-5
                    new = attn.sdpa(q, q, q, softcap=3.0 + round_)
                    fine &= np.abs(new - attention(q, q, q, softcap=3.0 + round_)[0]).max() < 1e-5
                    status = 0 if fine else 2
                finally:
                    os._exit(status)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        stop.set()
        thread.join()


def test_exit_with_threads(tmp_path):
    program = PROGRAM + """
import threading
threading.Thread(target=lambda: [attn.sdpa(q, q, q) for _ in range(10**6)], daemon=True).start()
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300, capture_output=True,
                   env={**os.environ, "ATTN_CACHE_DIR": str(tmp_path)})


TEAM_PROGRAM = """
import os, pathlib, torch, attn
import torch.nn.functional as F

def count_threads():
    return len(list(pathlib.Path("/proc/self/task").iterdir()))

def differs(x):
    return float((attn.sdpa(x, x, x) - F.scaled_dot_product_attention(x, x, x)).abs().max()) > 1e-5

torch.manual_seed(0)
torch.set_num_threads(3)
x = torch.randn(2, 8, 200, 32)
assert not differs(x)
before = count_threads()
assert not any(differs(x) for _ in range(5))
# No second pool, and as many threads as PyTorch has.
assert count_threads() == before, (count_threads(), before)
assert attn.get_num_threads() == 3
torch.set_num_threads(1)
assert attn.get_num_threads() == 1 and not differs(x)
torch.set_num_threads(3)
attn.set_num_threads(2)
assert attn.get_num_threads() == 2 and not differs(x)
attn.set_num_threads(0)
# OpenMP does not survive a fork, PyTorch's own loops would hang: the child has a pool.
expected = attn.sdpa(x, x, x)
child = os.fork()
if child == 0:
    result = attn.sdpa(x, x, x)
    os._exit(0 if (result.numpy() == expected.numpy()).all() and count_threads() > 1 else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts threads in /proc")
def test_threads_of_pytorch(tmp_path):
    pytest.importorskip("torch")
    process = subprocess.run([sys.executable, "-c", TEAM_PROGRAM], timeout=300, capture_output=True, text=True,
                             env={**os.environ, "ATTN_CACHE_DIR": str(tmp_path)})
    assert process.returncode == 0, process.stderr


FIRST_CALL_PROGRAM = """
import sys, torch, attn
q = torch.randn(1, 2, 20, 8)
attn.sdpa(q, q, q)
attn.sdpa(q, q, q, causal="lower_right", key_lengths=torch.tensor([7]))
attn.sdpa(q, q, q, score_mod=lambda score, b, h, i, j: score + (i - j), mask_mod=lambda b, h, i, j: i >= j)
bounds = torch.tensor([0, 3, 20])
attn.sdpa_varlen(q[0].transpose(0, 1), q[0].transpose(0, 1), q[0].transpose(0, 1), bounds, is_causal=True)
attn.sdpa(q.requires_grad_(), q, q).sum().backward()
attn.sdpa_varlen(q[0].transpose(0, 1), q[0].transpose(0, 1), q[0].transpose(0, 1), bounds).sum().backward()
print([name for name in ("torch._dynamo", "torch._inductor", "triton") if name in sys.modules])
"""


def test_first_call_without_dynamo(tmp_path):
    """What compiles nothing does not wait for seconds of imports."""
    pytest.importorskip("torch")
    process = subprocess.run([sys.executable, "-c", FIRST_CALL_PROGRAM], timeout=300, capture_output=True, text=True,
                             env={**os.environ, "ATTN_CACHE_DIR": str(tmp_path)})
    assert process.returncode == 0, process.stderr
    assert process.stdout.strip() == "[]"


OLD_PROGRAM = """
import sys, types
torch = types.ModuleType("torch")
torch.compile, torch.Tensor, torch.library = print, type("Tensor", (), {}), types.ModuleType("torch.library")
sys.modules["torch"] = torch
import attn, numpy as np
assert "attn._torch" not in sys.modules
print(attn.sdpa(*[np.ones((2, 3, 4), "f")] * 3).shape)
"""
REGISTER_PROGRAM = """
import sys
import attn
assert "torch" not in sys.modules and "attn._torch" not in sys.modules
for name in [name for name in sys.modules if name.partition(".")[0] == "attn"]:
    del sys.modules[name]
import torch, attn
print("attn._torch" in sys.modules)
"""


@pytest.mark.parametrize("program, output", [(OLD_PROGRAM, "(2, 3, 4)"), (REGISTER_PROGRAM, "True")], ids=["old", "new"])
def test_operators_are_registered(program, output):
    """When the package is imported, if a PyTorch that has what that needs is there."""
    if program is REGISTER_PROGRAM:
        pytest.importorskip("torch")
    process = subprocess.run([sys.executable, "-c", program], timeout=300, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    assert process.stdout.strip() == output
