"""Norms and softmax as people write them, over ragged row counts, by block of rows and one row a block."""

import sys
from pathlib import Path

import pytest
import tilelang
import torch
from bounds import randn, relative

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples"))

import layer_norm
import rms_norm
import softmax

ROWS = [1, 32, 77]


def run(func, *inputs, arch="wormhole_b0"):
    return tilelang.compile(func, target=f"tenstorrent -arch={arch}", out_idx=[-1])(*inputs)


# fp32 is reduced in DST with all its bits: what is left is the rounding of sums and of the vector unit's functions.
BOUND = 2.0**-20


@pytest.mark.parametrize("arch", ["wormhole_b0", "blackhole"])
@pytest.mark.parametrize("M", ROWS)
def test_softmax(M, arch):
    x = randn(M, 256, dtype="float32") * 3
    got = run(softmax.softmax(M=M, N=256), x, arch=arch)
    assert relative(got, softmax.ref_program(x)) <= 3 * BOUND
    assert (got.double().sum(1) - 1).abs().max() <= 3 * BOUND


@pytest.mark.parametrize("M", ROWS)
def test_rms_norm_of_single_rows(M):
    x, w = randn(M, 256, dtype="float32"), randn(256, dtype="float32", seed=1)
    assert relative(run(rms_norm.rms_norm(M=M, N=256), x, w), rms_norm.ref_program(x, w)) <= BOUND


@pytest.mark.parametrize("M", ROWS)
def test_layer_norm(M):
    x, g, b = (
        randn(M, 256, dtype="float32") + 2,
        randn(256, dtype="float32", seed=1),
        randn(256, dtype="float32", seed=2),
    )
    assert relative(run(layer_norm.layer_norm(M=M, N=256), x, g, b), layer_norm.ref_program(x, g, b)) <= BOUND


def test_division_by_a_constant_is_a_division():
    """The chip's division by a constant wants the reciprocal: a factor of 512² if it is not given."""
    x, w = randn(32, 512, dtype="float32"), torch.ones(512)
    got = run(rms_norm.rms_norm(M=32, N=512), x, w)
    assert 0.99 <= (got.double().square().mean(1)).mean().item() <= 1.01
