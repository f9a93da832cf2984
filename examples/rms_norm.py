"""RMS norm with a weight, as a GPU kernel writes it: one row a block. 32 neighbouring rows become one block of tiles.

tilelang-tt run examples/rms_norm.py -D M=100
"""

import tilelang.language as T
import torch


def rms_norm(M=128, N=512, dtype="float32", eps=1e-6):
    @T.prim_func
    def main(X: T.Tensor((M, N), dtype), W: T.Tensor((N,), dtype), Y: T.Tensor((M, N), dtype)):
        with T.Kernel(M, threads=128) as bx:
            x = T.alloc_fragment((1, N), "float32")
            square = T.alloc_fragment((1, N), "float32")
            scale = T.alloc_fragment((1,), "float32")
            w = T.alloc_shared((N,), dtype)
            T.copy(X[bx, 0], x)
            T.copy(W, w)
            for i, j in T.Parallel(1, N):
                square[i, j] = x[i, j] * x[i, j]
            T.reduce_sum(square, scale, dim=1)
            for i in T.Parallel(1):
                scale[i] = T.rsqrt(scale[i] / N + eps)
            for i, j in T.Parallel(1, N):
                x[i, j] = x[i, j] * scale[i] * w[j]
            T.copy(x, Y[bx, 0])

    return main


def ref_program(X, W):
    X = X.double()
    return X * torch.rsqrt((X * X).mean(-1, keepdim=True) + 1e-6) * W.double()
