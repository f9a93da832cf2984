"""Two chained GEMMs with silu between them: the hidden activations never leave the core.

tilelang-tt run examples/mlp_block.py
"""

import tilelang.language as T
import torch


def mlp_block(M=256, D=128, H=128, block_M=64, dtype="bfloat16"):
    @T.prim_func
    def main(
        X: T.Tensor((M, D), dtype), W1: T.Tensor((D, H), dtype), W2: T.Tensor((H, D), dtype), Y: T.Tensor((M, D), dtype)
    ):
        with T.Kernel(T.ceildiv(M, block_M), threads=128) as bx:
            x = T.alloc_shared((block_M, D), dtype)
            w1 = T.alloc_shared((D, H), dtype)
            w2 = T.alloc_shared((H, D), dtype)
            hidden = T.alloc_fragment((block_M, H), "float32")
            hidden_shared = T.alloc_shared((block_M, H), dtype)
            out = T.alloc_fragment((block_M, D), "float32")
            T.copy(X[bx * block_M, 0], x)
            T.copy(W1, w1)
            T.copy(W2, w2)
            T.clear(hidden)
            T.gemm(x, w1, hidden)
            for i, j in T.Parallel(block_M, H):
                hidden[i, j] = hidden[i, j] * T.sigmoid(hidden[i, j])
            T.copy(hidden, hidden_shared)
            T.clear(out)
            T.gemm(hidden_shared, w2, out)
            T.copy(out, Y[bx * block_M, 0])

    return main


def ref_program(X, W1, W2):
    hidden = torch.nn.functional.silu(X.double() @ W1.double())
    return hidden.bfloat16().double() @ W2.double()
