"""Reductions, norms and products over blocks that end inside a tile, against torch, on both chips."""

import pytest
import ragged_kernels as kernels
import tilelang
import torch
from bounds import randn, relative

ARCHS = ["wormhole_b0", "blackhole"]
TORCH_FN = {
    "sum": lambda x, dim: x.sum(dim),
    "max": lambda x, dim: x.amax(dim),
    "min": lambda x, dim: x.amin(dim),
    "abssum": lambda x, dim: x.abs().sum(dim),
    "absmax": lambda x, dim: x.abs().amax(dim),
}


def run(func, *inputs, arch="wormhole_b0", out=(-1,)):
    return tilelang.compile(func, target=f"tenstorrent -arch={arch}", out_idx=list(out))(*inputs)


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("fn", TORCH_FN)
@pytest.mark.parametrize(("M", "N", "dtype"), [(64, 48, "float32"), (33, 100, "bfloat16"), (32, 3, "float32")])
def test_rows(arch, fn, M, N, dtype):
    # all of one sign: a zero or garbage that takes part is seen
    x = randn(M, N, dtype=dtype).abs() + 1
    x = -x if fn == "max" else x
    got = run(kernels.row_reduce(M, N, fn, dtype=dtype), x, arch=arch)
    assert relative(got, TORCH_FN[fn](x.double(), 1)) <= (2.0**-8 if dtype == "bfloat16" else 1e-6)


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("fn", ["sum", "max", "min"])
def test_columns(arch, fn):
    x = randn(70, 40, dtype="float32").abs() + 1
    x = -x if fn == "max" else x
    got = run(kernels.col_reduce(70, 40, fn), x, arch=arch)
    assert relative(got, TORCH_FN[fn](x.double(), 0)) <= 1e-6


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("N", [48, 100, 1000])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_softmax_of_ragged_rows(arch, N, dtype):
    if N == 1000 and dtype == "float32" and arch == "blackhole":
        pytest.skip("as on the other chip")
    x = (randn(40, N, dtype="float32") * 3 - 20).to(getattr(torch, dtype))
    got = run(kernels.softmax(40, N, dtype=dtype), x, arch=arch)
    ref = torch.softmax(x.double(), 1)
    assert relative(got, ref) <= (2.0**-8 if dtype == "bfloat16" else 1e-5)


@pytest.mark.parametrize("arch", ARCHS)
def test_other_columns_in_the_last_tile(arch):
    x = randn(64, 100, dtype="float32") + 5
    got = run(kernels.part_of_rows(64, 100, 40), x, arch=arch)
    assert relative(got, x.double()[:, :40].sum(1)) <= 1e-6


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("trans_a", [False, True])
@pytest.mark.parametrize("trans_b", [False, True])
def test_gemm_with_a_ragged_depth(arch, trans_a, trans_b):
    M, N, K, width = 40, 72, 48, 80
    a, b = randn(M, width), randn(width, N, seed=1)
    # what lies beyond the block must not take part, not even as a product with zero
    a[:, K:], b[K:] = torch.inf, torch.inf
    inputs = (a.T.contiguous() if trans_a else a), (b.T.contiguous() if trans_b else b)
    got = run(kernels.gemm(M, N, K, trans_a=trans_a, trans_b=trans_b, width=width), *inputs, arch=arch)
    assert relative(got, a[:, :K].double() @ b[:K].double()) <= 2e-3


@pytest.mark.parametrize("arch", ARCHS)
def test_sums_over_an_edge_that_a_kernel_wrote(arch):
    M, N = 70, 100
    x = randn(M, N, dtype="float32")
    w = torch.empty(M, N)
    got = torch.empty(M)
    tilelang.compile(kernels.two_steps(M, N), target=f"tenstorrent -arch={arch}")(x, w, got)
    assert relative(got, x.double().exp().sum(1)) <= 1e-5
