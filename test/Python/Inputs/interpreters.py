"""Installs the wheel for other CPythons, and uses it.

usage: interpreters.py DIRECTORY_OF_WHEEL DIRECTORY VERSION=PYTHON ...

Each Python has NumPy; without one the line of its version says why nothing ran."""

import pathlib
import subprocess
import sys


def try_wheel(wheels, venv, python):
    """What installed.py prints in a fresh virtual environment."""
    subprocess.run([python, "-m", "venv", venv], check=True)
    subprocess.run([venv / "bin" / "pip", "install", "-q", "--no-index", "--no-deps", "--find-links", wheels, "attn-mlir"],
                   check=True)
    numpy = subprocess.run([python, "-c", "import numpy; print(numpy.__path__[0])"], check=True, capture_output=True, text=True)
    script = pathlib.Path(__file__).with_name("installed.py")
    command = [venv / "bin" / "python", script, venv, pathlib.Path(numpy.stdout.strip()).parent]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main():
    wheels, directory, *others = sys.argv[1:]
    for other in others:
        version, python = other.split("=", 1)
        print(f"CPython {version}: ", end="")
        if not python:
            print("skipped: ./dev test found no such interpreter, or no NumPy for it")
            continue
        lines = try_wheel(wheels, pathlib.Path(directory).resolve() / version, python).splitlines()
        print("; ".join(lines), flush=True)


if __name__ == "__main__":
    main()
