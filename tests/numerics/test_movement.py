"""Data movement: small blocks, parts of buffers, views, permuted and unaligned copies."""

import pytest
import tilelang
import tilelang.language as T
import torch
from bounds import randn, relative

ARCHS = ["wormhole_b0", "blackhole"]


def run(func, *inputs, arch="wormhole_b0"):
    return tilelang.compile(func, target=f"tenstorrent -arch={arch}", out_idx=[-1])(*inputs)


def scaled_copy(M, N, bM, bN, dtype):
    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), B: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
            s = T.alloc_shared((bM, bN), dtype)
            T.copy(A[by * bM, bx * bN], s)
            for i, j in T.Parallel(bM, bN):
                s[i, j] = s[i, j] * 2
            T.copy(s, B[by * bM, bx * bN])

    return main


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "int32"])
@pytest.mark.parametrize(
    "M, N, bM, bN", [(64, 64, 16, 64), (50, 70, 16, 48), (32, 32, 2, 2), (5, 7, 4, 4), (33, 100, 48, 10), (1, 1, 8, 8)]
)
def test_small_blocks(M, N, bM, bN, dtype):
    a = torch.randint(-99, 99, (M, N), dtype=torch.int32) if dtype == "int32" else randn(M, N, dtype=dtype)
    for arch in ARCHS:
        assert torch.equal(run(scaled_copy(M, N, bM, bN, dtype), a, arch=arch), a * 2)


@pytest.mark.parametrize("M, N, bM, bN", [(64, 64, 16, 32), (80, 48, 16, 16), (96, 96, 48, 48)])
def test_small_gemm_blocks(M, N, bM, bN):
    import kernels

    a, b = randn(M, 64), randn(64, N, seed=1)
    got = run(kernels.gemm(M, N, 64, bM, bN, 32, out="float32"), a, b)
    assert relative(got, a.double() @ b.double()) <= 1e-6


def row_norm(M, N, bM):
    @T.prim_func
    def main(A: T.Tensor((M, N), "float32"), W: T.Tensor((N,), "float32"), B: T.Tensor((M, N), "float32")):
        with T.Kernel(T.ceildiv(M, bM), threads=128) as bx:
            s = T.alloc_shared((bM, N), "float32")
            m = T.alloc_fragment((bM,), "float32")
            T.copy(A[bx * bM : (bx + 1) * bM, :], s)
            T.reduce_max(s, m, dim=1)
            for i, j in T.Parallel(bM, N):
                s[i, j] = T.exp(s[i, j] - m[i]) * W[j]
            T.copy(s, B[bx * bM : (bx + 1) * bM, :])

    return main


@pytest.mark.parametrize("M, bM", [(64, 8), (50, 4), (7, 2)])
def test_few_rows_a_block(M, bM):
    a, w = randn(M, 64).float(), randn(64, dtype="float32", seed=1)  # the maximum along rows passes through bf16
    got = run(row_norm(M, 64, bM), a, w)
    ref = torch.exp(a.double() - a.double().amax(1, keepdim=True)) * w.double()
    assert relative(got, ref) <= 1e-5
