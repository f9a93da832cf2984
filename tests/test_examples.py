"""Every example runs on the emulator by the command line, within its tolerance, on both chips."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).resolve().parent.parent / "examples").glob("*.py"))


@pytest.mark.parametrize("arch", ["wormhole_b0", "blackhole"])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_example(path, arch):
    command = [sys.executable, "-m", "tilelang_tt", "run", str(path), "--target", f"tenstorrent -arch={arch}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=os.environ, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "relative error" in done.stdout and ": ok" in done.stdout
