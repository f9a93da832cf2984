"""Kernels that take scalars, as GPU users write them."""

import tilelang.language as T


def scaled(M, N, dtype="float32", scalar="float32", bM=32, bN=64):
    """alpha · A + (alpha > 1 ? alpha : 1) - A / alpha"""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), alpha: T.dtype(scalar), C: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
            for i, j in T.Parallel(bM, bN):
                a = A[by * bM + i, bx * bN + j]
                C[by * bM + i, bx * bN + j] = (
                    a * T.cast(alpha, dtype) + T.max(T.cast(alpha, dtype), T.cast(1, dtype)) - a / T.cast(alpha, dtype)
                )

    return main


def shifted(M, N, dtype="float32", bM=32, bN=64):
    """A + n where the row is below k, else 0: integer scalars as value and in a mask."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), n: T.int32, k: T.int32, C: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
            for i, j in T.Parallel(bM, bN):
                C[by * bM + i, bx * bN + j] = T.if_then_else(
                    by * bM + i < k, A[by * bM + i, bx * bN + j] + T.cast(n, dtype), T.cast(0, dtype)
                )

    return main
