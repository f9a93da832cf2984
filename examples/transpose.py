"""Transpose of a matrix of any size: blocks that run over its edges are cut there.

tilelang-tt run examples/transpose.py -D M=100 -D N=300
"""

import tilelang.language as T


def transpose(M=256, N=320, block_M=64, block_N=64, dtype="bfloat16"):
    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), B: T.Tensor((N, M), dtype)):
        with T.Kernel(T.ceildiv(N, block_N), T.ceildiv(M, block_M), threads=128) as (bx, by):
            a = T.alloc_shared((block_M, block_N), dtype)
            b = T.alloc_fragment((block_N, block_M), dtype)
            T.copy(A[by * block_M, bx * block_N], a)
            for i, j in T.Parallel(block_N, block_M):
                b[i, j] = a[j, i]
            T.copy(b, B[bx * block_N, by * block_M])

    return main


def ref_program(A):
    return A.double().T
