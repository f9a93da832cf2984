"""Norms and softmax in the forms that GPU kernels have, on both chips, against float64."""

import pytest
import row_kernels as rows
import tilelang
import torch
from bounds import TORCH, randn, relative

# fp32 is reduced in DST; a bf16 result is rounded by 2^-9.
BOUND = {"float32": 2.0**-19, "bfloat16": 2.0**-9}
CHIPS = pytest.mark.parametrize("arch", ["wormhole_b0", "blackhole"])
DTYPES = pytest.mark.parametrize("dtype", ["float32", "bfloat16"])


def check(function, inputs, expected, dtype, arch):
    outputs = list(range(len(inputs), len(inputs) + len(expected)))
    got = tilelang.compile(function, target=f"tenstorrent -arch={arch}", out_idx=outputs)(*inputs)
    for result, reference in zip(got if len(expected) > 1 else [got], expected, strict=True):
        assert torch.isfinite(result.double()).all()
        assert relative(result, reference) <= BOUND[dtype]


def normalized(x, eps=1e-5):
    mean, rstd = x.mean(1), torch.rsqrt(x.var(1, unbiased=False) + eps)
    return (x - mean[:, None]) * rstd[:, None], mean, rstd


SOFTMAX = {
    "one row a block": rows.softmax_row_a_block,
    "online, base 2": rows.online_softmax,
    "online, rescaled": rows.two_pass_softmax,
}


@CHIPS
@DTYPES
@pytest.mark.parametrize("form", SOFTMAX)
def test_softmax(form, dtype, arch):
    x = (randn(77, 256, dtype="float32") * 2).to(TORCH[dtype])
    check(SOFTMAX[form](77, 256, dtype), [x], [torch.softmax(x.double(), 1)], dtype, arch)


@CHIPS
@DTYPES
def test_log_softmax(dtype, arch):
    x = (randn(77, 256, dtype="float32") * 2).to(TORCH[dtype])
    check(rows.log_softmax(77, 256, dtype), [x], [torch.log_softmax(x.double(), 1)], dtype, arch)


@CHIPS
@DTYPES
def test_long_rms_norm(dtype, arch):
    x, w = randn(45, 384, dtype=dtype), randn(384, dtype=dtype, seed=1)
    scale = torch.rsqrt(x.double().square().mean(1, keepdim=True) + 1e-5)
    check(rows.long_rms_norm(45, 384, dtype), [x, w], [x.double() * scale * w.double()], dtype, arch)


@CHIPS
@DTYPES
def test_layer_norm_with_statistics(dtype, arch):
    x = (randn(45, 384, dtype="float32") + 1).to(TORCH[dtype])
    g, b = randn(384, dtype=dtype, seed=1), randn(384, dtype=dtype, seed=2)
    y, mean, rstd = normalized(x.double())
    expected = [y * g.double() + b.double(), mean, rstd]
    check(rows.long_layer_norm(45, 384, dtype), [x, g, b], expected, dtype, arch)


@CHIPS
@DTYPES
def test_layer_norm_of_single_rows_with_statistics(dtype, arch):
    x, g = (randn(45, 128, dtype="float32") + 1).to(TORCH[dtype]), randn(128, dtype=dtype, seed=1)
    y, mean, rstd = normalized(x.double())
    check(rows.layer_norm_row_a_block(45, 128, dtype), [x, g], [y * g.double(), mean, rstd], dtype, arch)


@pytest.mark.parametrize("kernel", [rows.online_softmax, rows.two_pass_softmax])
def test_rows_longer_than_l1(kernel):
    """32 rows of 16384 fp32 values are 2 MB: more than a core has."""
    x = randn(32, 16384, dtype="float32")
    check(kernel(32, 16384, bN=1024), [x], [torch.softmax(x.double(), 1)], "float32", "wormhole_b0")


@CHIPS
@DTYPES
def test_broadcasts_stores_lets_in_place(dtype, arch):
    x, row, col, s = (randn(*shape, dtype=dtype, seed=i) for i, shape in enumerate([(70, 100), (100,), (70,), (1,)]))
    scaled = x.double() * col.double()[:, None] + row.double()
    expected = [scaled * s.double(), scaled - scaled * s.double()]
    check(rows.broadcasts(70, 100, dtype), [x, row, col, s], expected, dtype, arch)
