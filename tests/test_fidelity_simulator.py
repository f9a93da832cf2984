"""A few golden bits again on a simulator, their kernels built from ttnn's own sources (docs/fidelity.md).

On wolfpine, in environments that the test makes for itself in the user's cache; skipped, with the reason, where a cross
compiler, a Python for ttnn's wheel or the wheels cannot be had. And on any simulator that TT_METAL_SIMULATOR names, where
TILELANG_TT_TTNN_PYTHON is a Python with ttnn and a compiler."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import pytest

TOOLS = pathlib.Path(__file__).resolve().parent.parent / "tools"
sys.path.insert(0, str(TOOLS / "tensix_gcc"))

import install

FIDELITY = TOOLS / "fidelity"
ARCHS = ("wormhole_b0", "blackhole")
LIMIT = 600  # seconds; 40 of processor time with an empty kernel cache

# Nothing of the vector engine: SFPI's headers are not there.
CASES = (
    "copy_bf16_bf16_dst16_wide",
    "copy_fp32_fp32_dst32_wide",
    "add_bf16_dst16_wide",
    "mul_bcast_cols_dst32",
    "matmul_bf16_LoFi_dst16",
    "matmul_bf16_HiFi4_dst32",
    "transpose_bf16_dst16",
    "reduce_sum_row_bf16_dst32",
)


def run(python: object, names: tuple[str, ...], environment: dict[str, str]) -> str:
    """What `fidelity live` says; every case must be equal."""
    command = [str(python), str(FIDELITY), "live", f"^({'|'.join(names)})$"]
    variables = {**os.environ, "TT_METAL_LOGGER_LEVEL": "ERROR", **environment}
    r = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False, env=variables)
    equal = re.findall(r"^\S+ (\S+): equal$", r.stdout, re.MULTILINE)
    assert sorted(equal) == sorted(names), (r.stdout + r.stderr)[-3000:]
    assert r.returncode == 0, (r.stdout + r.stderr)[-3000:]
    return r.stdout


@pytest.fixture(scope="session")
def ttnn_python() -> pathlib.Path:
    try:
        return install.cached_ttnn()
    except install.CannotInstall as why:
        pytest.skip(str(why))


@pytest.mark.parametrize("arch", ARCHS)
def test_wolfpine_gives_the_golden_bits(ttnn_python, arch, tmp_path):
    try:
        environment = install.wolfpine_environment(arch)
    except install.CannotInstall as why:
        pytest.skip(str(why))
    environment["TT_METAL_CACHE"] = str(ttnn_python.parent.parent / "kernels" / arch)
    assert arch in run(ttnn_python, CASES, environment)


def test_the_vector_engine_is_refused_without_its_headers(ttnn_python, tmp_path):
    """Never built into something that computes nothing."""
    compiler = install.ttnn_folder(ttnn_python) / "runtime" / "sfpi" / "compiler" / "bin" / "riscv-tt-elf-g++"
    source = tmp_path / "kernel.cpp"
    include = compiler.parents[2] / "include"
    for body, wanted in (("", 0), ("sfpi::dst_reg[0] = sfpi::dst_reg[1];", 1)):
        source.write_text(f'#include "sfpi.h"\nvoid kernel() {{ {body} }}\n')
        command = [compiler, "-mcpu=tt-wh-tensix", "-O2", f"-I{include}", "-c", source, "-o", tmp_path / "kernel.o"]
        r = subprocess.run(command, capture_output=True, text=True, check=False)
        assert r.returncode == wanted, r.stderr
        assert ("SFPI's own headers" in r.stderr) == bool(wanted)


def test_the_simulator_at_hand_gives_the_golden_bits():
    python = os.environ.get("TILELANG_TT_TTNN_PYTHON", "")
    if not python or not os.environ.get("TT_METAL_SIMULATOR"):
        pytest.skip("TT_METAL_SIMULATOR and TILELANG_TT_TTNN_PYTHON do not name a simulator and a Python with ttnn")
    run(python, (*CASES[:3], "relu_bf16_dst16_normal"), {})
