"""Compile a program's text to artifacts, build its host program against the emulator, run it on numpy arrays."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import ml_dtypes
import numpy as np
from textcases import find_opt

ROOT = Path(__file__).resolve().parent.parent.parent
DTYPES = {"bfloat16": ml_dtypes.bfloat16, "float16": np.float16, "float32": np.float32, "int32": np.int32}


def compile_text(program: str, folder: Path, target: str = "") -> subprocess.CompletedProcess[str]:
    """Writes the artifacts to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [find_opt(), "--until", "codegen", "--target", target, "--output", str(folder), "-"]
    return subprocess.run(command, input=program, capture_output=True, text=True, timeout=60, check=False)


@cache
def emulator_library() -> Path:
    """libtt_emulator.so of the build that the tool is from."""
    build = Path(find_opt()).resolve().parent.parent
    return next(build.rglob("libtt_emulator.so"))


def cxx() -> str:
    found = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    assert found, "no C++ compiler"
    return found


def build_host(folder: Path) -> Path:
    """Compiles host.cpp against the emulator's headers; a warning is an error."""
    library = emulator_library()
    program = folder / "host"
    command = [cxx(), "-std=c++20", "-O0", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/emulator/include"]
    command += [str(folder / "host.cpp"), "-o", str(program)]
    command += [f"-L{library.parent}", "-ltt_emulator", f"-Wl,-rpath,{library.parent}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return program


def run_host(program: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(program), *args], capture_output=True, text=True, timeout=120, check=False)


def write_reference(folder: Path, arrays: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    """As `tilelang-tt compile --with-reference` does."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        (folder / f"{name}.in.bin").write_bytes(np.ascontiguousarray(array).tobytes())
    for name, array in expected.items():
        (folder / f"{name}.ref.bin").write_bytes(np.ascontiguousarray(array).tobytes())
