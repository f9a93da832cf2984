"""The emulator returns the bits that the real stack returned, operation by operation (docs/fidelity.md)."""

import pathlib
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "fidelity"))

import cases
import fidelity
import golden
import inputs
import on_emulator
from program import ARCHS

STORE = golden.Store(ROOT / "tests" / "golden" / "ops")
NAMES = STORE.names()


@pytest.fixture(scope="session")
def emulator() -> None:
    path = on_emulator.library_path()
    if path is None:
        pytest.skip("no libtt_emulator.so: build the project, or set TILELANG_TT_EMULATOR_LIBRARY")


@pytest.mark.parametrize("name", NAMES)
def test_emulator_returns_the_recorded_bits(emulator, name):
    case = STORE.case(name)
    for arch in case.archs:
        want = STORE.output(case, arch)
        if want is None:
            continue
        got = on_emulator.run(arch, case.program, STORE.data(case))
        differ, ulp, first = fidelity.distance(case.result(got), want, case.program.out_format, case.absolute)
        allowed = case.ulp or 0
        agrees = differ == 0 if case.ulp is None else ulp <= allowed
        assert agrees, (
            f"{arch}: {differ} of {want.size} elements differ, by up to {ulp} ulp of {allowed}; first {first}"
        )


def test_the_record_is_complete():
    """Every case in the list is recorded or says why not, on both chips, with the inputs that its seeds give."""
    assert NAMES == [c.name for c in cases.all_cases()]
    for case in cases.all_cases():
        for arch in ARCHS:
            recorded = STORE.output(STORE.case(case.name), arch) is not None
            assert recorded or STORE.refusal(case.name, arch), f"{case.name} is not recorded for {arch}"
        for i, bits in zip(case.program.inputs, STORE.data(case), strict=True):
            np.testing.assert_array_equal(bits, inputs.make(i.format, i.data), err_msg=f"{case.name}: {i}")


def as_float(bits: np.ndarray) -> np.ndarray:
    return ((bits.astype(np.uint32) << 16) if bits.dtype == np.uint16 else bits).view(np.float32).astype(np.float64)


def matrix(bits: np.ndarray) -> np.ndarray:
    return as_float(bits).reshape(-1, 2, 2, 16, 16).transpose(0, 1, 3, 2, 4).reshape(-1, 32, 32)


@pytest.mark.parametrize(
    ("name", "function", "bound"),
    [
        ("matmul_bf16_HiFi4_dst32", lambda a, b: a[0] @ b[0], 1e-3),
        ("matmul_bf16_LoFi_dst32", lambda a, b: a[0] @ b[0], 5e-2),
        ("add_bf16_dst32_normal", lambda a, b: a[0] + b[0], 3e-3),
        ("mul_bcast_cols_dst32", lambda a, b: a[0] * b[0][:, :1], 3e-3),
        ("sub_bcast_rows_fp32", lambda a, b: a[0] - b[0][:1], 1e-3),
        ("transpose_bf16_dst32", lambda a: a[0].T, 0),
        ("exp_fp32_dst32_range8", lambda a: np.exp(a[0]), 5e-3),
        ("recip_fp32_dst32_normal", lambda a: 1 / a[0], 1e-3),
    ],
)
@pytest.mark.parametrize("arch", ARCHS)
def test_the_record_means_what_it_says(name, function, bound, arch):
    """The recorded bits are the operation's result: a guard against a recording that went wrong."""
    case = STORE.case(name)
    want = function(*(matrix(d) for d in STORE.data(case)))
    got = matrix(STORE.output(case, arch))[0]
    assert np.linalg.norm(got - want) <= bound * np.linalg.norm(want)


def test_a_wrong_bit_is_found():
    """The comparison itself: one bit in one element, signed zeros and distances across zero."""
    a = np.array([[0x3F80, 0x0000, 0x8000, 0x0001]], np.uint16)
    assert fidelity.distance(a, a, "Float16_b") == (0, 0, "")
    assert fidelity.distance(a ^ np.uint16([[1, 0, 0, 0]]), a, "Float16_b")[:2] == (1, 1)
    assert fidelity.distance(a ^ np.uint16([[1, 0, 0, 0]]), a, "Float16_b", 0.01)[:2] == (0, 0)
    assert fidelity.distance(a ^ np.uint16([[1, 0, 0, 0]]), a, "Float16_b", 0.001)[:2] == (1, 1)
    nan = np.where(a == 0x3F80, np.uint16(0x7FC0), a)
    assert fidelity.distance(nan, a, "Float16_b", 0.01)[0] == 1
    assert fidelity.distance(np.array([[0x8001]], np.uint16), np.array([[0x0001]], np.uint16), "Float16_b")[:2] == (
        1,
        2,
    )
