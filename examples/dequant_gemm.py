"""C = A · dequant(B)ᵀ: int4 weights, two in a byte, each group of 64 along K with a scale of its own.

annotate_storage lets the host unpack B: on chip the shifts and masks below fall away, and only the scaling is left.

tilelang-tt run examples/dequant_gemm.py -D M=128 -D N=256 -D K=512
"""

import tilelang.language as T
import tilelang_tt
import torch

GROUP = 64


def dequant_gemm(M=128, N=128, K=256, block_M=64, block_N=64, block_K=64, dtype="bfloat16", accum_dtype="float32"):
    @T.prim_func
    def main(
        A: T.Tensor((M, K), dtype),
        B: T.Tensor((N, K // 2), "uint8"),
        scales: T.Tensor((N, K // GROUP), dtype),
        C: T.Tensor((M, N), dtype),
    ):
        with T.Kernel(T.ceildiv(N, block_N), T.ceildiv(M, block_M), threads=128) as (bx, by):
            tilelang_tt.annotate_storage({B: "int4"})
            A_shared = T.alloc_shared((block_M, block_K), dtype)
            B_shared = T.alloc_shared((block_N, block_K // 2), "uint8")
            weights = T.alloc_shared((block_N, block_K), dtype)
            C_local = T.alloc_fragment((block_M, block_N), accum_dtype)
            T.clear(C_local)
            for ko in T.Pipelined(T.ceildiv(K, block_K), num_stages=2):
                T.copy(A[by * block_M, ko * block_K], A_shared)
                T.copy(B[bx * block_N, ko * block_K // 2], B_shared)
                for n, k in T.Parallel(block_N, block_K):
                    code = (B_shared[n, k // 2] >> T.cast(k % 2 * 4, "uint8")) & T.uint8(15)
                    number = T.reinterpret(code << T.uint8(4), "int8") >> T.int8(4)  # its sign
                    weights[n, k] = T.cast(number, dtype) * scales[bx * block_N + n, (ko * block_K + k) // GROUP]
                T.gemm(A_shared, weights, C_local, transpose_B=True)
            T.copy(C_local, C[by * block_M, bx * block_N])

    return main


def ref_program(A, B, scales):
    numbers = torch.stack((B & 15, B >> 4), dim=-1).reshape(B.shape[0], -1).to(torch.int8)
    numbers = (numbers << 4) >> 4
    return A.float() @ (numbers.float() * scales.float().repeat_interleave(GROUP, 1)).T
