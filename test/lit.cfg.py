# Configuration of the regression tests. Loaded through lit.site.cfg.py, which
# CMake writes into the build directory.

import ctypes
import os
import platform
import shutil
import subprocess

import lit.formats

config.name = "attn"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "CMakeLists.txt", "cmake-package"]
config.test_source_root = os.path.join(config.attn_source_dir, "test")
config.test_exec_root = os.path.join(config.attn_binary_dir, "test")

bin_dir = os.path.join(config.attn_binary_dir, "bin")
config.environment["PATH"] = os.pathsep.join(
    [bin_dir, config.llvm_tools_dir, os.environ.get("PATH", "")]
)
# A variable of one CHECK-LABEL block does not leak into the next.
config.environment["FILECHECK_OPTS"] = "-enable-var-scope"
config.environment["UBSAN_OPTIONS"] = "print_stacktrace=1"

# Who links what this build made needs the sanitizers too.
sanitize = " ".join(f"-fsanitize={name}" for name in config.sanitizers.split(";") if name)
config.substitutions.append(("%user-cc", f"{config.host_cc} {sanitize}" if sanitize else "cc"))
config.substitutions.append(("%sanitize", sanitize))
config.substitutions.append(("%cc", config.host_cc))
config.substitutions.append(("%cxx", config.host_cxx))
config.substitutions.append(("%cmake", config.cmake))
config.substitutions.append(("%build", config.attn_binary_dir))
config.substitutions.append(("%examples", os.path.join(config.attn_source_dir, "examples")))
config.substitutions.append(("%utils", os.path.join(config.attn_source_dir, "utils")))
config.substitutions.append(("%source", config.attn_source_dir))


def find_venv(requirements, suffix=""):
    """The virtual environment that `./dev` installs for a list of utils."""
    import hashlib

    with open(os.path.join(config.attn_source_dir, "utils", requirements), "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()[:16]
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    venv = os.path.join(cache, "attn-mlir", f"venv-{digest}{suffix}")
    return venv if os.path.exists(os.path.join(venv, "complete")) else None


def find_models_python():
    """The virtual environment that `./dev test --models` installs."""
    venv = find_venv("requirements-models.txt")
    return os.path.join(venv, "bin", "python") if venv else None


if find_venv("requirements-wheel.txt"):
    config.available_features.add("wheel")
# Of CPythons beside the distribution's: VERSION=PYTHON, nothing behind = if there is none.
others = {version: find_venv("requirements-numpy.txt", f"-{version}") for version in ("3.10", "3.12", "3.13", "3.14")}
config.substitutions.append(("%other-pythons", " ".join(
    f"{version}={os.path.join(venv, 'bin', 'python') if venv else ''}" for version, venv in others.items())))
models_python = find_models_python()
if models_python:
    config.available_features.add("models")
config.substitutions.append(("%models-python", models_python or "python3"))


def find_python():
    """A Python with numpy: the distribution's, or the first on the PATH."""
    for python in ["/usr/bin/python3", "python3"]:
        if subprocess.run([python, "-c", "import numpy"], capture_output=True).returncode == 0:
            return python
    return None


python = find_python()
if python:
    config.available_features.add("numpy")
config.substitutions.append(("%python", python or "python3"))


def has_pytest():
    """Whether the distribution's pytest is there, which every Python can use."""
    return os.path.isdir("/usr/lib/python3/dist-packages/pytest") or bool(
        python and subprocess.run([python, "-c", "import pytest"], capture_output=True).returncode == 0
    )


if has_pytest():
    config.available_features.add("pytest")
config.substitutions.append(("%pytest", os.path.join(config.attn_source_dir, "test", "Python", "run_pytest.py")))


def find_torch_python():
    """A Python with PyTorch among the virtual environments that `./dev` installs."""
    import glob

    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    environments = glob.glob(os.path.join(cache, "attn-mlir", "venv-*", "complete"))
    for complete in [models_python and os.path.join(os.path.dirname(models_python), "..", "complete"), *environments]:
        if complete and glob.glob(os.path.join(os.path.dirname(complete), "lib", "*", "site-packages", "torch")):
            return os.path.join(os.path.dirname(complete), "bin", "python")
    return None


torch_python = find_torch_python()
if torch_python:
    config.available_features.add("torch")
config.substitutions.append(("%torch-python", torch_python or "python3"))


def find_mypy():
    """mypy of the virtual environment that `./dev test` installs, or of the PATH."""
    import glob

    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    found = glob.glob(os.path.join(cache, "attn-mlir", "venv-*", "bin", "mypy"))
    return found[0] if found else shutil.which("mypy")


mypy = find_mypy()
if mypy:
    config.available_features.add("mypy")
config.substitutions.append(("%mypy", mypy or "mypy"))


def find_cuda_tool(name):
    """A tool of CUDA's where ours look for it."""
    cache = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    for place in [os.path.join(cache, "attn-mlir", "cuda"), "/usr/local/cuda"]:
        tool = os.path.join(place, "bin", name)
        if os.access(tool, os.X_OK):
            return tool
    return shutil.which(name)


for tool in ["ptxas", "nvdisasm"]:
    path = find_cuda_tool(tool)
    if path:
        config.available_features.add(tool)
    config.substitutions.append(("%" + tool, path or tool))



def has_gpu():
    """Whether there is a driver and a GPU."""
    try:
        return ctypes.CDLL("libcuda.so.1").cuInit(0) == 0
    except OSError:
        return False


if has_gpu():
    config.available_features.add("gpu")

if config.sanitizers:
    config.available_features.add("sanitizer")
    config.environment["ASAN_OPTIONS"] = ":".join(
        [
            # Tests ask for more memory than there is, and want the program's own error.
            "allocator_may_return_null=1",
            # LLVM is not instrumented: our code would poison parts of its containers
            # and arenas, which it does not undo.
            "detect_container_overflow=0",
            "allow_user_poisoning=0",
            # It gives threads stacks for signals, which the sanitizer takes for its own.
            "use_sigaltstack=0",
        ]
    )
    config.environment["LSAN_OPTIONS"] = "print_suppressions=0:suppressions=" + os.path.join(
        config.attn_source_dir, "utils", "leaks.supp"
    )
    # For programs that are not instrumented and load a library that is. PyTorch throws
    # exceptions, whose functions the sanitizer looks for when it is loaded.
    libraries = [
        subprocess.run([config.host_cc, "-print-file-name=" + name], capture_output=True, text=True).stdout.strip()
        for name in ("libclang_rt.asan-x86_64.so", "libstdc++.so.6")
    ]
    config.environment["ATTN_TEST_PRELOAD"] = " ".join(libraries)


def cpu_flags():
    """The features of this CPU, as Linux lists them."""
    try:
        with open("/proc/cpuinfo") as info:
            for line in info:
                if line.startswith("flags"):
                    return set(line.split(":", 1)[1].split())
    except OSError:
        pass
    return set()


if platform.machine() == "x86_64":
    config.available_features.add("x86_64")
    flags = cpu_flags()
    if "avx2" in flags and "fma" in flags:
        config.available_features.add("avx2")
    if {"avx512f", "avx512dq", "avx512bw", "avx512vl"} <= flags:
        config.available_features.add("avx512")
    if {"avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16", "amx_int8"} <= flags:
        config.available_features.add("amx")

# Code for AArch64 runs in Debian's qemu-user, with a runtime built by
# gcc-aarch64-linux-gnu.
if shutil.which("qemu-aarch64") and shutil.which("aarch64-linux-gnu-gcc"):
    config.available_features.add("qemu-aarch64")


def find_tsan_compiler():
    """A C compiler whose thread sanitizer works, if there is one."""
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory() as directory:
        program = os.path.join(directory, "program")
        for compiler in (config.host_cc, "cc"):
            command = [compiler, "-fsanitize=thread", "-x", "c", "-", "-o", program]
            try:
                subprocess.run(command, input=b"int main(void) { return 0; }", check=True, capture_output=True)
                subprocess.run([program], check=True, capture_output=True)
            except (OSError, subprocess.CalledProcessError):
                continue
            return compiler
    return None


tsan_compiler = find_tsan_compiler()
if tsan_compiler:
    config.available_features.add("tsan")
    if tsan_compiler == config.host_cc:
        # %cxx goes with it.
        config.available_features.add("tsan-cxx")
config.substitutions.append(("%tsan-cc", tsan_compiler or "cc"))
