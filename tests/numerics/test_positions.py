"""Values and masks that depend on the position of an element, against torch, on both chips."""

import position_kernels as kernels
import pytest
import tilelang
import torch
from bounds import TORCH, randn

ARCHS = ["wormhole_b0", "blackhole"]


def run(func, *inputs, arch="wormhole_b0"):
    return tilelang.compile(func, target=f"tenstorrent -arch={arch}", out_idx=[-1])(*inputs)


def grid(M, N):
    return torch.arange(M)[:, None].expand(M, N), torch.arange(N)[None].expand(M, N)


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize(
    ("dtype", "M", "N", "bM", "bN"),
    [
        ("float32", 128, 192, 32, 64),
        ("bfloat16", 100, 72, 32, 64),
        ("float16", 64, 64, 64, 32),
        ("float32", 1, 1, 32, 32),
        ("float32", 320, 256, 64, 128),
    ],
)
def test_causal_mask(arch, dtype, M, N, bM, bN):
    x = randn(M, N, dtype=dtype)
    i, j = grid(M, N)
    fill = -60000.0 if dtype == "float16" else None  # the packer's fp16 has no infinities
    got = run(kernels.causal(M, N, bM, bN, dtype, fill), x, arch=arch)
    assert torch.equal(got, torch.where(i >= j, x, torch.tensor(fill or -torch.inf, dtype=x.dtype)))


def test_mask_with_a_number():
    x = randn(96, 64, dtype="float32")
    i, j = grid(96, 64)
    assert torch.equal(run(kernels.causal(96, 64, fill=2.5), x), torch.where(i >= j, x, torch.tensor(2.5)))


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_bias_by_distance(arch, dtype):
    M, N, slope = 96, 160, 0.25
    x = randn(M, N, dtype=dtype)
    i, j = grid(M, N)
    ref = x.double() + (i - j).double() * slope
    got = run(kernels.bias(M, N, slope, dtype=dtype), x, arch=arch)
    # the sum is rounded to fp32 and then to the dtype
    assert ((got.double() - ref).abs() <= ref.abs() * 2.0 ** (-8 if dtype == "bfloat16" else -22) + 1e-6).all()


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"scale_row": 3, "modulus": 5},
        {"scale_row": -1, "offset": -7, "modulus": 4},
        {"scale_row": 7, "scale_col": -5, "divisor": 3, "modulus": 11},
        {"scale_row": 0, "scale_col": 1, "offset": 1 << 25},
        {"scale_row": 100_000, "scale_col": 1},
        {"scale_row": 100_000, "scale_col": 3, "divisor": 7, "modulus": 1000},
    ],
)
def test_integers(arch, options):
    M, N = 70, 130
    i, j = grid(M, N)
    o = {"scale_row": 1, "scale_col": 1, "offset": 0, "divisor": 1, "modulus": 1 << 30} | options
    ref = ((i * o["scale_row"] + j * o["scale_col"] + o["offset"]) // o["divisor"]) % o["modulus"]
    assert torch.equal(run(kernels.positions(M, N, **options), arch=arch), ref.int())


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_numbers(dtype):
    i, j = grid(64, 128)
    got = run(kernels.positions(64, 128, dtype=dtype, scale_row=2, modulus=37))
    assert torch.equal(got, ((2 * i + j) % 37).to(TORCH[dtype]))


def test_vector_of_positions():
    assert torch.equal(run(kernels.row_positions(200)), torch.arange(200).float() * 2 + 1)


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_positions_and_data_in_one_condition(arch, dtype):
    M, N, width = 100, 96, 40
    x = randn(M, N, dtype=dtype)
    i, j = grid(M, N)
    keep = ((i - j).abs() < width) & ((x > 0) | (j % 2 == 0))
    assert torch.equal(run(kernels.band(M, N, width, dtype=dtype), x, arch=arch), torch.where(keep, x, -x))


@pytest.mark.parametrize("arch", ARCHS)
def test_mask_over_a_loop(arch):
    M, N = 96, 160
    x = randn(M, N, dtype="float32")
    got = run(kernels.masked_loop(M, N), x, arch=arch)
    ref = x.double().tril().sum(1)
    # operands of the sum keep 10 mantissa bits
    assert ((got.double() - ref).abs() <= 2.0**-10 * x.double().tril().abs().sum(1) + 1e-6).all()
