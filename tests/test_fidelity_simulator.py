"""A few golden bits again on a simulator, where TT_METAL_SIMULATOR names one and TILELANG_TT_TTNN_PYTHON a Python with
ttnn and a compiler for its kernels (docs/fidelity.md); skipped elsewhere."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess

import pytest

FIDELITY = pathlib.Path(__file__).resolve().parent.parent / "tools" / "fidelity"
CASES = ("copy_bf16_bf16_dst16_wide", "add_bf16_dst16_wide", "matmul_bf16_HiFi4_dst16", "relu_bf16_dst16_normal")
LIMIT = 240  # seconds; wolfpine took 20 with an empty kernel cache


def test_simulator_gives_the_golden_bits():
    python = os.environ.get("TILELANG_TT_TTNN_PYTHON", "")
    if not python or not os.environ.get("TT_METAL_SIMULATOR"):
        pytest.skip("TT_METAL_SIMULATOR and TILELANG_TT_TTNN_PYTHON do not name a simulator and a Python with ttnn")
    command = [python, str(FIDELITY), "live", f"^({'|'.join(CASES)})$"]
    r = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    said = r.stdout + r.stderr
    equal = re.findall(r"^\S+ (\S+): equal$", r.stdout, re.MULTILINE)  # a case that is refused prints no line
    assert sorted(equal) == sorted(CASES), said[-3000:]
    assert r.returncode == 0, said[-3000:]
