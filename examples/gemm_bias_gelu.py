"""gelu(A · B + bias) in one kernel: the epilogue runs on the sums before they are rounded to bf16.

tilelang-tt run examples/gemm_bias_gelu.py -D M=100 -D N=150
"""

import tilelang.language as T
import torch


def gemm_bias_gelu(M=256, N=256, K=256, block_M=64, block_N=64, block_K=64, dtype="bfloat16"):
    @T.prim_func
    def main(
        A: T.Tensor((M, K), dtype), B: T.Tensor((K, N), dtype), bias: T.Tensor((N,), dtype), C: T.Tensor((M, N), dtype)
    ):
        with T.Kernel(T.ceildiv(N, block_N), T.ceildiv(M, block_M), threads=128) as (bx, by):
            A_shared = T.alloc_shared((block_M, block_K), dtype)
            B_shared = T.alloc_shared((block_K, block_N), dtype)
            bias_shared = T.alloc_shared((block_N,), dtype)
            C_local = T.alloc_fragment((block_M, block_N), "float32")
            T.clear(C_local)
            T.copy(bias[bx * block_N], bias_shared)
            for ko in T.Pipelined(T.ceildiv(K, block_K), num_stages=2):
                T.copy(A[by * block_M, ko * block_K], A_shared)
                T.copy(B[ko * block_K, bx * block_N], B_shared)
                T.gemm(A_shared, B_shared, C_local)
            for i, j in T.Parallel(block_M, block_N):
                C_local[i, j] = C_local[i, j] + bias_shared[j]
            for i, j in T.Parallel(block_M, block_N):
                C_local[i, j] = 0.5 * C_local[i, j] * (1.0 + T.erf(C_local[i, j] * 0.70710678))
            T.copy(C_local, C[by * block_M, bx * block_N])

    return main


def ref_program(A, B, bias):
    return torch.nn.functional.gelu(A.double() @ B.double() + bias.double())
