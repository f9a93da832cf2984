"""Property tests of compiler/ir, in compiler/tools/ir_test.cpp."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def ir_test() -> str:
    chosen = os.environ.get("TILELANG_TT_IR_TEST")
    built = TESTS.parent / "build" / "compiler" / "tilelang-tt-ir-test"
    beside = os.environ.get("TILELANG_TT_OPT")
    candidates = [chosen, str(built), beside and str(Path(beside).with_name("tilelang-tt-ir-test"))]
    found = next((c for c in candidates if c and Path(c).exists()), shutil.which("tilelang-tt-ir-test"))
    if not found:
        pytest.skip("tilelang-tt-ir-test is not built: cmake -S . -B build && cmake --build build")
    return found


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=300, check=False)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.mark.parametrize("seed", [1, 11])
def test_index_simplification(ir_test: str, seed: int) -> None:
    """What is simplified has the value, the bounds and the divisors that it says."""
    assert int(run(ir_test, "index", str(seed), "20000").split()[0]) > 100_000


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_text_round_trip(ir_test: str, seed: int) -> None:
    """Random forms: parse(print(form)) == form and print(parse(text)) == text."""
    assert run(ir_test, "roundtrip", str(seed), "500") == "1500 forms\n"


def test_mutated_texts(ir_test: str) -> None:
    """Texts with errors end in one diagnostic with line and column; what is accepted round-trips.

    What is even well-formed is interpreted, to a result or to errors.
    """
    corpus = sorted(str(path) for path in TESTS.rglob("*.case"))
    outcome = run(ir_test, "fuzz", "1", "5000", *corpus)
    refused, malformed, interpreted = (int(word) for word in outcome.split() if word.isdigit())
    assert refused > 100 and malformed > 0 and interpreted > 0, outcome


def test_rounding(ir_test: str) -> None:
    run(ir_test, "rounding", "1", "20000")


def test_known_programs(ir_test: str) -> None:
    """Interpreted programs against results that were worked out by hand or by plain loops."""
    run(ir_test, "programs", "1", "1")
