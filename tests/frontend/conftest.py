import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
import tilelang_tt
import tilelang_tt_cli

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


@pytest.fixture
def python(tmp_path):
    """Runs code in a fresh interpreter that finds this tilelang_tt; returns the finished process."""

    def run(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        package = str(Path(tilelang_tt.__file__).parent.parent)
        env = {**os.environ, "TILELANG_TT_LIBRARY": str(tilelang_tt.LIBRARY_PATH), **environment}
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [package, str(HERE), env.get("PYTHONPATH", "")]))
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


@pytest.fixture
def cli(python, capsys, tmp_path, monkeypatch):
    """Runs tilelang-tt, in this process unless the environment matters; returns what a finished process does."""

    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess:
        words = [str(argument) for argument in arguments]
        if environment:
            return python("import sys, tilelang_tt_cli; sys.exit(tilelang_tt_cli.main())", *words, **environment)
        monkeypatch.chdir(tmp_path)
        capsys.readouterr()
        with mock.patch.dict(os.environ):  # a command may set defaults for the file that it loads
            try:
                status = tilelang_tt_cli.main(words)
            except SystemExit as exit_:  # argparse
                status = exit_.code
        captured = capsys.readouterr()
        return subprocess.CompletedProcess(words, status, captured.out, captured.err)

    return run
