"""Uses the installed package.

usage: installed.py VIRTUAL_ENVIRONMENT [DIRECTORY_OF_NUMPY]"""

import importlib.metadata
import pathlib
import sys

# Without the directory NumPy is the distribution's.
sys.path.append(sys.argv[2] if len(sys.argv) > 2 else "/usr/lib/python3/dist-packages")

import numpy as np

import attn

venv = pathlib.Path(sys.argv[1]).resolve()
assert venv in pathlib.Path(attn.__file__).resolve().parents, attn.__file__
assert (pathlib.Path(attn.__file__).parent / "py.typed").exists()
# For attn.compile_exported.
for target in ("CPU", "CUDA"):
    assert (pathlib.Path(attn.__file__).parent / "lib" / f"libAttnRuntime{target}.a").exists()
q = np.random.default_rng(0).standard_normal((2, 4, 50, 32), dtype=np.float32)
out = attn.sdpa(q, q, q, is_causal=True)
s = np.where(np.tri(50, dtype=bool), q @ q.swapaxes(-1, -2) / 32**0.5, -np.inf)
p = np.exp(s - s.max(-1, keepdims=True))
error = abs(out - p / p.sum(-1, keepdims=True) @ q).max()
assert error < 1e-5
print(f"attn-mlir {attn.__version__}: largest error {error:.1e}")
(entry,) = importlib.metadata.entry_points(group="torch_dynamo_backends", name="attn")
print(f"entry point: {entry.value}")
with open("/proc/self/maps") as maps:
    files = {line.split(None, 5)[5].strip() for line in maps if len(line.split(None, 5)) > 5}
libraries = [pathlib.Path(file) for file in files if any(name in file for name in ("libLLVM", "libMLIR", "libAttnC"))]
assert len(libraries) >= 3, files
assert all(venv in library.resolve().parents for library in libraries), libraries
print("libraries of the compiler: all from the wheel")
