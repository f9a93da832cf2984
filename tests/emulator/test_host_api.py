"""A TT-Metalium host program in C++, built against the emulator's headers and run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import emu
import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("host") / "gemm"
    library = emu.library_path().resolve()
    command = [
        os.environ.get("CXX", "c++"),
        "-std=c++20",
        "-O1",
        "-Wall",
        "-Wextra",
        "-Werror",
        str(HERE / "host_gemm.cpp"),
        "-I",
        str(HERE.parents[1] / "emulator" / "include"),
        "-o",
        str(out),
        str(library),
        f"-Wl,-rpath,{library.parent}",
    ]
    subprocess.run(command, check=True, timeout=120)
    return out


@pytest.mark.parametrize("board", ["n150", "p150"])
@pytest.mark.parametrize("numerics", ["exact", "fast"])
def test_gemm_host_program(program: Path, board: str, numerics: str) -> None:
    env = {
        **os.environ,
        "TILELANG_TT_EMULATOR_BOARD": board,
        "TILELANG_TT_EMULATOR_NUMERICS": numerics,
        "TILELANG_TT_EMULATOR_REPORT": "1",
    }
    done = subprocess.run(
        [str(program), str(HERE / "kernels" / "gemm_block")],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "relative error" in done.stdout and "cycles" in done.stderr


def test_bad_settings_are_refused(program: Path) -> None:
    for variable, value, message in (
        ("TILELANG_TT_EMULATOR_BOARD", "n151", "known are"),
        ("TILELANG_TT_EMULATOR_GRID", "4", "expected e.g. 8x8"),
        ("TILELANG_TT_EMULATOR_GRID", "40x2", "is larger than"),
    ):
        done = subprocess.run(
            [str(program), str(HERE / "kernels" / "gemm_block")],
            env={**os.environ, variable: value},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode != 0 and message in done.stderr
