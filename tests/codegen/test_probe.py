"""Index expressions and host layouts, through tests/codegen/probe.cpp."""

import json
import subprocess
from pathlib import Path

import artifacts
import pytest
from textcases import find_opt

VECTORS = json.loads((Path(__file__).parent / "expr_vectors.json").read_text())


def probe(*args: str, text: str = "") -> subprocess.CompletedProcess[str]:
    program = Path(find_opt()).with_name("tilelang-tt-codegen-probe")
    return subprocess.run([str(program), *args], input=text, capture_output=True, text=True, timeout=60, check=False)


def prefix(expression) -> str:
    if isinstance(expression, int):
        return str(expression)
    if "var" in expression:
        return f"(var {expression['var']})"
    return f"({expression['op']} {' '.join(prefix(a) for a in expression['args'])})"


def test_vectors():
    """The plan's expressions mean the same in C++ as the test vectors say, simplified or not."""
    lines = [
        f"{prefix(v['expression'])} | {' '.join(f'{name}={value}' for name, value in v['variables'].items())}"
        for v in VECTORS
    ]
    done = probe("evaluate", text="\n".join(lines) + "\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{v['value']} {v['value']}" for v in VECTORS]


@pytest.mark.parametrize("seed", range(4))
def test_expressions_in_kernels(tmp_path, seed):
    """Random expressions, written as for a kernel, give in C++ what they are worth: no sign or precedence is lost."""
    source = tmp_path / "expressions.cpp"
    source.write_text(probe("kernel", str(seed)).stdout)
    program = tmp_path / "expressions"
    command = [artifacts.cxx(), "-std=c++20", "-O0", "-fsanitize=undefined", "-fno-sanitize-recover=all"]
    command += ["-Wall", "-Wextra", "-Werror", "-Wno-sign-compare", "-Wno-type-limits"]
    done = subprocess.run([*command, str(source), "-o", str(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:3000]
    done = subprocess.run([str(program)], capture_output=True, text=True, timeout=60, check=False)
    name = done.stdout.strip()
    assert done.returncode == 0, f"{name}: {[x for x in source.read_text().splitlines() if f' {name}(' in x][:2]}"


@pytest.mark.parametrize("seed", range(5))
def test_host_layout(seed):
    done = probe("layout", str(seed))
    assert done.returncode == 0, done.stdout
