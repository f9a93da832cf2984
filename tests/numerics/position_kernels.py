"""Kernels whose values depend on where an element is, as GPU users write them."""

import tilelang.language as T


def causal(M, N, bM=32, bN=64, dtype="float32", fill=None):
    """Below the diagonal what was there, above it minus infinity (or `fill`)."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), C: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
            S = T.alloc_shared((bM, bN), dtype)
            T.copy(A[by * bM, bx * bN], S)
            for i, j in T.Parallel(bM, bN):
                S[i, j] = T.if_then_else(
                    by * bM + i >= bx * bN + j, S[i, j], -T.infinity(dtype) if fill is None else T.cast(fill, dtype)
                )
            T.copy(S, C[by * bM, bx * bN])

    return main


def bias(M, N, slope, bM=32, bN=64, dtype="float32"):
    """A + slope · (row - column), the bias of ALiBi."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), C: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
            for i, j in T.Parallel(bM, bN):
                C[by * bM + i, bx * bN + j] = A[by * bM + i, bx * bN + j] + T.cast(
                    by * bM + i - (bx * bN + j), dtype
                ) * T.cast(slope, dtype)

    return main


def positions(M, N, bM=32, bN=64, dtype="int32", scale_row=1, scale_col=1, offset=0, divisor=1, modulus=1 << 30):
    """((scale_row · row + scale_col · column + offset) // divisor) % modulus, without reading anything."""

    @T.prim_func
    def main(C: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
            for i, j in T.Parallel(bM, bN):
                C[by * bM + i, bx * bN + j] = T.cast(
                    (((by * bM + i) * scale_row + (bx * bN + j) * scale_col + offset) // divisor) % modulus, dtype
                )

    return main


def row_positions(N, bN=64, dtype="float32"):
    """A vector of its own indices."""

    @T.prim_func
    def main(C: T.Tensor((N,), dtype)):
        with T.Kernel(T.ceildiv(N, bN), threads=128) as bx:
            for j in T.Parallel(bN):
                C[bx * bN + j] = T.cast((bx * bN + j) * 2 + 1, dtype)

    return main


def band(M, N, width, bM=32, bN=64, dtype="float32"):
    """A band around the diagonal where the element is positive or lies on an even column; else its negative."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), C: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
            for i, j in T.Parallel(bM, bN):
                row = by * bM + i
                col = bx * bN + j
                a = A[row, col]
                C[row, col] = T.if_then_else(
                    T.And(T.And(row - col < width, col - row < width), T.Or(a > 0, col % 2 == 0)), a, -a
                )

    return main


def masked_loop(M, N, bM=32, bN=32, dtype="float32"):
    """Row sums of the lower triangle, block by block in a loop: the mask depends on the loop's variable."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), C: T.Tensor((M,), dtype)):
        with T.Kernel(T.ceildiv(M, bM), threads=128) as by:
            S = T.alloc_shared((bM, bN), dtype)
            P = T.alloc_fragment((bM, bN), dtype)
            total = T.alloc_fragment((bM,), dtype)
            T.clear(total)
            for ko in T.Pipelined(T.ceildiv(N, bN), num_stages=2):
                T.copy(A[by * bM, ko * bN], S)
                for i, j in T.Parallel(bM, bN):
                    P[i, j] = T.if_then_else(by * bM + i >= ko * bN + j, S[i, j], 0)
                T.reduce_sum(P, total, dim=1, clear=False)
            T.copy(total, C[by * bM])

    return main
