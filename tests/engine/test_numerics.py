"""Accuracy of the compute engine: what was measured on the bit-exact simulator, and fast numerics against exact ones.

The figures stand in docs/fidelity.md: relative Frobenius errors on normal data, bf16 inputs, K = 1024.
"""

from __future__ import annotations

import numpy as np
import pytest
from compute import Operand, run
from emu import bf16, random

KT = 32
MATMUL = """
constexpr uint32_t kt = 32;
compute_kernel_hw_startup<SrcOrder::Reverse>(0, 1, 16);
matmul_init(0, 1);
cb_wait_front(0, kt); cb_wait_front(1, kt); cb_reserve_back(16, 1);
tile_regs_acquire();
for (uint32_t k = 0; k < kt; ++k) matmul_tiles(0, 1, k, k, 0);
tile_regs_commit(); tile_regs_wait();
pack_tile(0, 16);
tile_regs_release();
cb_push_back(16, 1);
"""


def relative(got: np.ndarray, want: np.ndarray) -> float:
    return float(np.linalg.norm(got.astype(np.float64) - want) / np.linalg.norm(want))


def matmul(a: np.ndarray, b: np.ndarray, out: str = "bf16", **options: object) -> np.ndarray:
    return run(MATMUL, [Operand(a), Operand(b)], (32, 32), out, **options)[0]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def operands() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    a, b = random(32, 32 * KT, seed=1), random(32 * KT, 32, seed=2)
    return a, b, a.astype(np.float64) @ b.astype(np.float64)


@pytest.mark.parametrize(
    ("out", "fp32", "fidelity", "expected"),
    [
        ("bf16", True, "HiFi4", 1.70e-3),
        ("bf16", True, "HiFi3", 1.70e-3),
        ("bf16", True, "HiFi2", 4.4e-3),
        ("bf16", True, "LoFi", 2.6e-2),
        ("fp32", True, "HiFi4", 3.1e-4),
        ("bf16", False, "HiFi4", 2.4e-2),
        ("bf16", False, "HiFi2", 2.4e-2),
    ],
)
def test_errors_measured_on_the_simulator(
    operands: tuple[np.ndarray, np.ndarray, np.ndarray], out: str, fp32: bool, fidelity: str, expected: float
) -> None:
    a, b, want = operands
    assert relative(matmul(a, b, out, fp32=fp32, fidelity=fidelity), want) == pytest.approx(expected, rel=0.2)


def test_bias_of_positive_data() -> None:
    rng = np.random.default_rng(3)
    a, b = (bf16(rng.random(s).astype(np.float32) + 0.5) for s in ((32, 32 * KT), (32 * KT, 32)))
    want = a.astype(np.float64) @ b.astype(np.float64)

    def bias(**options: object) -> float:
        return float((matmul(a, b, **options) / want - 1).mean())

    assert bias(fidelity="LoFi") == pytest.approx(-0.022, abs=0.006)
    assert bias(fp32=False) == pytest.approx(-0.009, abs=0.006)
    assert abs(bias()) < 1e-3


@pytest.mark.parametrize(("fp32", "bound"), [(True, 5e-4), (False, 4e-2)])
@pytest.mark.parametrize("fidelity", ["LoFi", "HiFi2", "HiFi3", "HiFi4"])
def test_fast_matmul_is_bounded_by_exact(
    operands: tuple[np.ndarray, np.ndarray, np.ndarray], fidelity: str, fp32: bool, bound: float
) -> None:
    a, b, want = operands
    exact, fast = (matmul(a, b, "fp32", fp32=fp32, fidelity=fidelity, exact=e) for e in (True, False))
    assert relative(fast, exact.astype(np.float64)) <= bound
    assert relative(fast, want) <= relative(exact, want) * 1.3 + 1e-6


@pytest.mark.parametrize("fp32", [True, False])
@pytest.mark.parametrize("op", ["add", "sub", "mul"])
@pytest.mark.parametrize("bcast", ["", "_bcast_rows", "_bcast_cols", "_bcast_scalar"])
def test_fast_elementwise_is_bounded_by_exact(op: str, bcast: str, fp32: bool) -> None:
    a, b = random(32, 32, seed=4), random(32, 32, seed=5)
    body = f"""
    compute_kernel_hw_startup(0, 1, 16); {op}{bcast}_init(0, 1);
    cb_wait_front(0, 1); cb_wait_front(1, 1); cb_reserve_back(16, 1);
    tile_regs_acquire(); {op}_tiles{bcast}(0, 1, 0, 0, 0); tile_regs_commit();
    tile_regs_wait(); pack_tile(0, 16); tile_regs_release(); cb_push_back(16, 1);
    """
    exact, fast = (run(body, [Operand(a), Operand(b)], (32, 32), "fp32", fp32=fp32, exact=e)[0] for e in (True, False))
    other = {"": b, "_bcast_rows": b[:1], "_bcast_cols": b[:, :1], "_bcast_scalar": b[:1, :1]}[bcast]
    want = {"add": np.add, "sub": np.subtract, "mul": np.multiply}[op](a.astype(np.float64), other)
    scale = np.abs(a) + np.abs(other) if op != "mul" else np.abs(want)
    # The FPU keeps 11 bits of a sum and all of a product; a 16-bit DST rounds every phase to 8 bits.
    bound = scale * (2.0**-11 if fp32 else 2.0**-6 if op == "mul" else 2.0**-7)
    assert (np.abs(exact - want) <= bound).all()
    assert (np.abs(fast - want) <= bound).all()
    assert (np.abs(fast - exact) <= 2 * bound).all()


REDUCE = """
compute_kernel_hw_startup(0, 1, 16);
if constexpr ({swap}) reconfig_data_format(1, 0);
reduce_init<PoolType::{pool}, ReduceDim::{dim}>(0, 1, 16);
cb_wait_front(0, 2); cb_wait_front(1, 1); cb_reserve_back(16, 1);
tile_regs_acquire();
for (uint32_t t = 0; t < 2; ++t) reduce_tile<PoolType::{pool}, ReduceDim::{dim}>(0, 1, t, 0, 0);
tile_regs_commit(); tile_regs_wait();
pack_tile(0, 16);
tile_regs_release();
reduce_uninit();
cb_push_back(16, 1);
"""


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("dim", ["REDUCE_ROW", "REDUCE_COL", "REDUCE_SCALAR"])
@pytest.mark.parametrize("pool", ["SUM", "MAX"])
def test_reductions_accumulate_over_tiles(pool: str, dim: str, exact: bool) -> None:
    x = random(32, 64, seed=6) - (4 if pool == "MAX" else 0)
    x = bf16(x)
    swap = str(pool == "SUM" and dim == "REDUCE_ROW").lower()
    body = REDUCE.format(pool=pool, dim=dim, swap=swap)
    got, _ = run(body, [Operand(x), Operand(np.ones((32, 32), np.float32))], (32, 32), "fp32", exact=exact)
    pick = np.sum if pool == "SUM" else np.max
    tiles = x.reshape(32, 2, 32)
    want = {
        "REDUCE_ROW": lambda: (pick(x.astype(np.float64), axis=1), got[:, 0], got[:, 1:]),
        "REDUCE_COL": lambda: (pick(tiles.astype(np.float64), axis=(0, 1)), got[0], got[1:]),
        "REDUCE_SCALAR": lambda: (pick(x.astype(np.float64)), got[0, 0], got[1:]),
    }[dim]()
    # The second pooling of a scalar sum sees bf16.
    bound = 2.0**-6 * np.abs(x).sum() ** 0.5 if dim == "REDUCE_SCALAR" and pool == "SUM" else 1e-2
    assert np.abs(want[0] - want[1]).max() <= bound
    assert (want[2] == 0).all()


def unary(call: str, x: np.ndarray, dtype: str = "fp32", **options: object) -> np.ndarray:
    name = call.split("(")[0]
    body = f"""
    compute_kernel_hw_startup(0, 16); copy_init(0); {name}_init();
    cb_wait_front(0, 1); cb_reserve_back(16, 1);
    tile_regs_acquire(); copy_tile(0, 0, 0); {call}; tile_regs_commit();
    tile_regs_wait(); pack_tile(0, 16); tile_regs_release(); cb_push_back(16, 1);
    """
    return run(body, [Operand(x, dtype)], x.shape, dtype, **options)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "function", "low", "high", "ulps"),
    [
        ("exp_tile(0)", np.exp, -80, 80, 4),
        ("log_tile(0)", np.log, 1e-3, 1e6, 4),
        ("tanh_tile(0)", np.tanh, -6, 6, 6),
        ("sigmoid_tile(0)", lambda x: 1 / (1 + np.exp(-x)), -20, 20, 6),
        ("silu_tile(0)", lambda x: x / (1 + np.exp(-x)), -20, 20, 6),
        ("sqrt_tile(0)", np.sqrt, 0, 1e6, 1),
        ("rsqrt_tile(0)", lambda x: 1 / np.sqrt(x), 1e-6, 1e6, 2),
        ("recip_tile(0)", lambda x: 1 / x, 1e-6, 1e6, 1),
    ],
)
def test_functions_of_the_vector_unit(call: str, function: object, low: float, high: float, ulps: float) -> None:
    rng = np.random.default_rng(7)
    x = rng.uniform(low, high, (32, 32)).astype(np.float32)
    got = unary(call, x, unpack_fp32=[0]).astype(np.float64)
    want = function(x.astype(np.float64))  # type: ignore[operator]
    assert (np.abs(got - want) <= ulps * 2.0**-23 * np.maximum(np.abs(want), 2.0**-126)).all()


def test_special_values() -> None:
    x = np.zeros((32, 32), np.float32)
    x[0, :6] = [-np.inf, np.inf, np.nan, -0.0, 1e-40, 1.0]
    got = unary("exp_tile(0)", x, unpack_fp32=[0])[0]
    assert got[0] == 0
    assert got[1] == np.inf
    assert np.isnan(got[2])
    assert (got[3:5] == 1).all()
    # copy_tile: NaN becomes infinity, -0 and denormals +0; fp32 through SrcA keeps 10 mantissa bits.
    y = np.zeros((32, 32), np.float32)
    y[0, :6] = [np.nan, -np.inf, -0.0, 1e-40, 1 + 2.0**-10 + 2.0**-11, 1 + 2.0**-11]
    got = run(COPY, [Operand(y, "fp32")], (32, 32), "fp32")[0][0]
    assert np.isinf(got[0])
    assert got[1] == -np.inf
    assert got[2:4].view(np.uint32).tolist() == [0, 0]
    assert got[4:6].tolist() == [1 + 2.0**-10, 1.0]


COPY = """
compute_kernel_hw_startup(0, 16); copy_init(0);
cb_wait_front(0, 1); cb_reserve_back(16, 1);
tile_regs_acquire(); copy_tile(0, 0, 0); tile_regs_commit();
tile_regs_wait(); pack_tile(0, 16); tile_regs_release(); cb_push_back(16, 1);
"""


def test_unpacking_to_dst_keeps_all_bits() -> None:
    x = np.random.default_rng(8).standard_normal((32, 32)).astype(np.float32)
    got, _ = run(COPY, [Operand(x, "fp32")], (32, 32), "fp32", unpack_fp32=[0])
    assert np.array_equal(got, x)


def test_pack_rounds_half_away_from_zero() -> None:
    x = np.full((32, 32), 1 + 2.0**-8, np.float32)
    x[0, 0] = -(1 + 2.0**-8)
    got, _ = run(COPY, [Operand(x, "fp32")], (32, 32), "bf16", unpack_fp32=[0])
    assert got[0, 0] == -(1 + 2.0**-7)
    assert got[0, 1] == 1 + 2.0**-7


def test_multiplication_accumulates_and_addition_overwrites() -> None:
    two = np.full((32, 32), 2, np.float32)
    for op, want in (("mul", 8.0), ("add", 4.0), ("sub", 0.0)):
        body = f"""
        compute_kernel_hw_startup(0, 1, 16); {op}_init(0, 1);
        cb_wait_front(0, 1); cb_wait_front(1, 1); cb_reserve_back(16, 1);
        tile_regs_acquire(); {op}_tiles(0, 1, 0, 0, 0); {op}_tiles(0, 1, 0, 0, 0); tile_regs_commit();
        tile_regs_wait(); pack_tile(0, 16); tile_regs_release(); cb_push_back(16, 1);
        """
        assert (run(body, [Operand(two), Operand(two)], (32, 32))[0] == want).all()


def test_packer_relu_and_l1_accumulation() -> None:
    x = random(32, 32, seed=9)
    body = """
    compute_kernel_hw_startup(0, 16); copy_init(0);
    cb_wait_front(0, 1); cb_reserve_back(16, 1);
    for (uint32_t i = 0; i < 3; ++i) {
        tile_regs_acquire(); copy_tile(0, 0, 0); tile_regs_commit();
        tile_regs_wait(); pack_tile<true>(0, 16, 0); tile_regs_release();
        pack_reconfig_l1_acc(1);
        pack_relu_config(ReluConfig::zero());
    }
    pack_reconfig_l1_acc(0);
    pack_relu_config(ReluConfig::none());
    cb_push_back(16, 1);
    """
    got, _ = run(body, [Operand(x)], (32, 32), "fp32")
    assert np.allclose(got, x + 2 * np.maximum(x, 0), rtol=1e-6)


def test_clocks_follow_fidelity() -> None:
    a, b = random(32, 32 * KT, seed=1), random(32 * KT, 32, seed=2)
    math = {}
    for fidelity in ("LoFi", "HiFi2", "HiFi4"):
        _, result = run(MATMUL, [Operand(a), Operand(b)], (32, 32), fidelity=fidelity)
        unpack, math[fidelity], pack = result.clocks[(0, 0, "compute")]
        assert 0 < unpack <= math[fidelity] <= pack
    assert math["HiFi4"] - math["HiFi2"] >= 0.3 * 32 * KT
    assert math["HiFi4"] > math["HiFi2"] >= math["LoFi"]


def test_vector_operations_issued_by_the_packer() -> None:
    x = random(32, 32, seed=10)
    body = """
    compute_kernel_hw_startup(0, 16); copy_init(0); gelu_tile_init(); tanh_tile_init_pack();
    cb_wait_front(0, 1); cb_reserve_back(16, 1);
    tile_regs_acquire(); copy_tile(0, 0, 0); tile_regs_commit();
    tile_regs_wait(); tanh_tile_pack(0); pack_tile(0, 16); tile_regs_release(); cb_push_back(16, 1);
    """
    got, result = run(body, [Operand(x)], (32, 32), "fp32")
    assert np.allclose(got, np.tanh(x), atol=1e-6)
    _, math, pack = result.clocks[(0, 0, "compute")]
    assert pack - math > 500


def test_block_row_maximum_and_random_numbers() -> None:
    x = random(32, 96, seed=11)
    body = """
    compute_kernel_hw_startup(0, 1, 16); reduce_block_max_row_init<3>(16);
    cb_wait_front(0, 3); cb_wait_front(1, 1); cb_reserve_back(16, 1);
    tile_regs_acquire(); reduce_block_max_row<3>(0, 1, 0, 0); tile_regs_commit();
    tile_regs_wait(); pack_tile(0, 16); tile_regs_release(); reduce_block_max_row_uninit(0); cb_push_back(16, 1);
    """
    got, _ = run(body, [Operand(x), Operand(np.ones((32, 32), np.float32))], (32, 32))
    assert np.array_equal(got[:, 0], x.max(axis=1))
    body = """
    compute_kernel_hw_startup(0, 16); rand_tile_init(5); cb_reserve_back(16, 1);
    tile_regs_acquire(); rand_tile(0, 0x40000000, 0x3f800000); tile_regs_commit();
    tile_regs_wait(); pack_tile(0, 16); tile_regs_release(); cb_push_back(16, 1);
    """
    got, _ = run(body, [Operand(x)], (32, 32), "fp32")
    assert 2 <= got.min() < 2.1
    assert 2.9 < got.max() < 3
    assert abs(got.mean() - 2.5) < 0.05


@pytest.mark.parametrize("bcast", ["row", "col"])
@pytest.mark.parametrize("op", ["add", "sub", "mul"])
def test_vector_broadcasts_are_exact_in_a_wide_dst(op: str, bcast: str) -> None:
    rng = np.random.default_rng(12)
    a, b = (rng.standard_normal((32, 32)).astype(np.float32) for _ in range(2))
    body = f"""
    compute_kernel_hw_startup(0, 1, 16); copy_init(0); sfpu_{op}_bcast_{bcast}_init();
    cb_wait_front(0, 1); cb_wait_front(1, 1); cb_reserve_back(16, 1);
    tile_regs_acquire(); copy_tile(0, 0, 0); copy_tile(1, 0, 1); sfpu_{op}_bcast_{bcast}(0, 1); tile_regs_commit();
    tile_regs_wait(); pack_tile(0, 16); tile_regs_release(); cb_push_back(16, 1);
    """
    got, _ = run(body, [Operand(a, "fp32"), Operand(b, "fp32")], (32, 32), "fp32", unpack_fp32=[0, 1])
    other = b[:1] if bcast == "row" else b[:, :1]
    assert np.array_equal(got, {"add": np.add, "sub": np.subtract, "mul": np.multiply}[op](a, other))


def test_transposes() -> None:
    x = random(32, 64, seed=13)
    body = """
    compute_kernel_hw_startup(0, 16); transpose_init(0);
    cb_wait_front(0, 2); cb_reserve_back(16, 2);
    tile_regs_acquire(); transpose_block(0, 0, 0, 2); tile_regs_commit();
    tile_regs_wait(); pack_block(0, 16, 2); tile_regs_release(); cb_push_back(16, 2);
    """
    got, _ = run(body, [Operand(x)], (64, 32))
    assert np.array_equal(got, x.T)
