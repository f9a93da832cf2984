"""Layer norm with gamma and beta.

tilelang-tt run examples/layer_norm.py
"""

import tilelang.language as T
import torch


def layer_norm(M=128, N=512, block_M=32, dtype="float32", eps=1e-5):
    @T.prim_func
    def main(
        X: T.Tensor((M, N), dtype),
        gamma: T.Tensor((N,), dtype),
        beta: T.Tensor((N,), dtype),
        Y: T.Tensor((M, N), dtype),
    ):
        with T.Kernel(T.ceildiv(M, block_M), threads=128) as bx:
            x = T.alloc_fragment((block_M, N), "float32")
            square = T.alloc_fragment((block_M, N), "float32")
            mean = T.alloc_fragment((block_M,), "float32")
            rstd = T.alloc_fragment((block_M,), "float32")
            g = T.alloc_shared((N,), dtype)
            b = T.alloc_shared((N,), dtype)
            T.copy(X[bx * block_M, 0], x)
            T.copy(gamma, g)
            T.copy(beta, b)
            T.reduce_sum(x, mean, dim=1)
            for i in T.Parallel(block_M):
                mean[i] = mean[i] / N
            for i, j in T.Parallel(block_M, N):
                x[i, j] = x[i, j] - mean[i]
            for i, j in T.Parallel(block_M, N):
                square[i, j] = x[i, j] * x[i, j]
            T.reduce_sum(square, rstd, dim=1)
            for i in T.Parallel(block_M):
                rstd[i] = T.rsqrt(rstd[i] / N + eps)
            for i, j in T.Parallel(block_M, N):
                x[i, j] = x[i, j] * rstd[i] * g[j] + b[j]
            T.copy(x, Y[bx * block_M, 0])

    return main


def ref_program(X, gamma, beta):
    return torch.nn.functional.layer_norm(X.double(), X.shape[-1:], gamma.double(), beta.double())
