"""What the compiler makes of whole programs gives, on the emulator in exact numerics, the bits that the real stack gave
(docs/fidelity.md). Where this fails after a change of the compiler that is meant, the programs are recorded again:
tools/fidelity/programs.py build, run, keep."""

import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "fidelity"))

import program_families
import programs

pytest.importorskip("tilelang_tt", reason="the compiler is not built")

GOLDEN = programs.Golden()
FAMILIES = {f.name: f for f in program_families.all_families()}


def chips(index: int, name: str) -> list[str]:
    """Both chips where they gave different bits, else one, by turns: the emulator has one engine for both."""
    results = GOLDEN.index["programs"][name]["results"]
    both = list(results)
    same = len(both) == 2 and results[both[0]] == results[both[1]]
    return [both[index % 2]] if same else both


RUNS = [(name, arch) for i, name in enumerate(GOLDEN.index["programs"]) for arch in chips(i, name)]


@pytest.mark.parametrize(("name", "arch"), RUNS)
def test_program_gives_the_recorded_bits(name, arch):
    wrong = GOLDEN.check(name, arch, programs.emulated(FAMILIES[name], arch))
    assert not wrong, wrong


def test_every_family_is_recorded():
    """On both chips, with the options and bounds that the list has now."""
    recorded = GOLDEN.index["programs"]
    assert list(recorded) == list(FAMILIES)
    for name, f in FAMILIES.items():
        assert set(recorded[name]["results"]) == set(programs.ARCHS), name
        assert (recorded[name]["options"], recorded[name]["bound"]) == (f.options, f.bound), name
        assert bool(f.bound) == bool(f.why), name


def test_a_wrong_bit_is_found():
    name, arch = "gemm_bf16_HiFi4", "wormhole_b0"
    (tensor, want), *_ = GOLDEN.index["programs"][name]["results"][arch].items()
    right = (GOLDEN.bits[want["sha256"][:16]].astype(np.uint32) << 16).view(np.float32)
    assert GOLDEN.check(name, arch, {tensor: right}) == ""
    wrong = right.copy()
    wrong.view(np.uint32)[3, 5] ^= 1 << 16
    assert "1 of 4096 elements differ, by up to 1 ulp" in GOLDEN.check(name, arch, {tensor: wrong})
    assert "shape" in GOLDEN.check(name, arch, {tensor: right[:32]})
    assert "outputs" in GOLDEN.check(name, arch, {})


def test_a_distance_beyond_the_bound_is_found():
    name, arch = "softmax_fp32", "blackhole"
    entry = GOLDEN.index["programs"][name]
    (tensor, want), *_ = entry["results"][arch].items()
    right = GOLDEN.bits[want["sha256"][:16]]
    assert GOLDEN.check(name, arch, {tensor: right * np.float32(1 + entry["bound"] / 2)}) == ""
    assert "elements differ" in GOLDEN.check(name, arch, {tensor: right * np.float32(1 + entry["bound"] * 2)})
    nan = np.where(right == right.max(), np.float32(np.nan), right)
    assert "elements differ" in GOLDEN.check(name, arch, {tensor: nan})
