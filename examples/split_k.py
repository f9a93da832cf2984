"""Split-K: for a small C and a long K, several blocks share each tile of C and add up their parts by T.atomic_add.

The compiler decides how many cores share a tile (a note in the compiler's remarks says how many): each stores its part to
a workspace, and a second launch adds the parts to what C held.

tilelang-tt run examples/split_k.py -D M=100 -D split_k=16
"""

import tilelang.language as T


def matmul(M=128, N=128, K=4096, split_k=16, block_M=64, block_N=64, block_K=64, dtype="bfloat16"):
    @T.prim_func
    def main(A: T.Tensor((M, K), dtype), B: T.Tensor((K, N), dtype), C: T.Tensor((M, N), "float32")):
        part = T.ceildiv(K, split_k)
        with T.Kernel(T.ceildiv(N, block_N), T.ceildiv(M, block_M), split_k, threads=128) as (bx, by, bz):
            A_shared = T.alloc_shared((block_M, block_K), dtype)
            B_shared = T.alloc_shared((block_K, block_N), dtype)
            C_local = T.alloc_fragment((block_M, block_N), "float32")
            T.clear(C_local)
            for ko in T.Pipelined(T.ceildiv(part, block_K), num_stages=2):
                T.copy(A[by * block_M, bz * part + ko * block_K], A_shared)
                T.copy(B[bz * part + ko * block_K, bx * block_N], B_shared)
                T.gemm(A_shared, B_shared, C_local)
            T.atomic_add(C[by * block_M, bx * block_N], C_local)

    return main


def ref_program(A, B, C):
    return C.double() + A.double() @ B.double()
