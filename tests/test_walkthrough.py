"""docs/walkthrough.md shows what the compiler really gives."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_walkthrough_is_up_to_date():
    pytest.importorskip("tilelang_tt", reason="the package is not built", exc_type=ImportError)
    command = [sys.executable, str(ROOT / "tools" / "gen_walkthrough.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"run tools/gen_walkthrough.py\n{done.stdout}\n{done.stderr[-4000:]}"
