"""Scalar arguments of kernels, against torch, on both chips."""

import pytest
import scalar_kernels as kernels
import tilelang
import torch
from bounds import randn, relative

ARCHS = ["wormhole_b0", "blackhole"]


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_float_scalar(arch, dtype):
    x = randn(70, 90, dtype=dtype)
    kernel = tilelang.compile(kernels.scaled(70, 90, dtype=dtype), target=f"tenstorrent -arch={arch}")
    for alpha in [0.7300000190734863, -2.5, 3]:
        got = torch.empty_like(x)
        kernel(x, alpha, got)
        ref = alpha * x.double() + max(alpha, 1) - x.double() / alpha
        assert relative(got, ref) <= (2.0**-7 if dtype == "bfloat16" else 1e-6)


@pytest.mark.parametrize("arch", ARCHS)
def test_integer_scalars(arch):
    x = randn(70, 90, dtype="float32")
    kernel = tilelang.compile(kernels.shifted(70, 90), target=f"tenstorrent -arch={arch}")
    for n, k in [(3, 40), (-7, 64), (1000, -5), (0, 1_000_000)]:
        got = torch.empty_like(x)
        kernel(x, n, k, got)
        ref = torch.where(torch.arange(70)[:, None] < k, x + n, torch.zeros(()))
        assert torch.equal(got, ref)


def test_a_float_scalar_must_be_a_number():
    kernel = tilelang.compile(kernels.scaled(32, 64), target="tenstorrent")
    x = torch.zeros(32, 64)
    with pytest.raises(Exception, match="alpha"):
        kernel(x, x, x.clone())
