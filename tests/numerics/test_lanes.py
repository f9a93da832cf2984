"""T.Parallel cut for threads instead of tiles: vector lanes, flat lanes, loops over rows and elements."""

import pytest
import tilelang
import tilelang.language as T
import torch
from bounds import randn

ARCHS = ["wormhole_b0", "blackhole"]
M, N = 64, 96


def vectors(dtype):
    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), B: T.Tensor((M, N), dtype)):
        with T.Kernel(M // 32) as bx:
            a = T.alloc_shared((32, N), dtype)
            for i, j in T.Parallel(32, N // 8):
                for v in T.vectorized(8):
                    a[i, j * 8 + v] = A[bx * 32 + i, j * 8 + v]
            for i, j in T.Parallel(32, N // 8):
                for v in T.vectorized(8):
                    B[bx * 32 + i, j * 8 + v] = a[i, j * 8 + v] * 2

    return main


def flat(dtype):
    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), B: T.Tensor((M, N), dtype)):
        with T.Kernel(M // 32) as bx:
            for t in T.Parallel(32 * N):
                B[bx * 32 + t // N, t % N] = A[bx * 32 + t // N, t % N] * 2

    return main


def elements(dtype):
    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), B: T.Tensor((M, N), dtype)):
        with T.Kernel(M // 32) as bx:
            a = T.alloc_shared((32, N), dtype)
            T.copy(A[bx * 32, 0], a)
            for i in T.serial(32):
                for j in T.serial(N):
                    a[i, j] = a[i, j] * 2
            T.copy(a, B[bx * 32, 0])

    return main


def rows(dtype):
    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), B: T.Tensor((M, N), dtype)):
        with T.Kernel(M // 32) as bx:
            a = T.alloc_shared((32, N), dtype)
            for i in T.unroll(32):
                for j in T.Parallel(N):
                    a[i, j] = A[bx * 32 + i, j]
            for i in T.serial(32):
                for j in T.Parallel(N):
                    a[i, j] = a[i, j] + a[i, j]
            T.copy(a, B[bx * 32, 0])

    return main


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("kernel", [vectors, flat, elements, rows])
def test_twice(kernel, dtype, arch):
    a = randn(M, N, dtype=dtype)
    b = torch.empty_like(a)
    tilelang.compile(kernel(dtype), target=f"tenstorrent -arch={arch}")(a, b)
    assert torch.equal(b, a * 2)
