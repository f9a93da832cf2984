"""Kernels as people write them for GPUs, for the importer and the command line."""

import tilelang
import tilelang.language as T


def gemm(M=256, N=256, K=256, bM=64, bN=64, bK=32, dtype="bfloat16", accum="float32", trans_a=False, trans_b=False):
    shape_a, block_a = ((K, M), (bK, bM)) if trans_a else ((M, K), (bM, bK))
    shape_b, block_b = ((N, K), (bN, bK)) if trans_b else ((K, N), (bK, bN))

    @T.prim_func
    def matmul(A: T.Tensor(shape_a, dtype), B: T.Tensor(shape_b, dtype), C: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
            A_shared = T.alloc_shared(block_a, dtype)
            B_shared = T.alloc_shared(block_b, dtype)
            C_local = T.alloc_fragment((bM, bN), accum)
            T.use_swizzle(panel_size=10)
            T.clear(C_local)
            for ko in T.Pipelined(T.ceildiv(K, bK), num_stages=2):
                if trans_a:
                    T.copy(A[ko * bK, by * bM], A_shared)
                else:
                    T.copy(A[by * bM, ko * bK], A_shared)
                if trans_b:
                    T.copy(B[bx * bN, ko * bK], B_shared)
                else:
                    T.copy(B[ko * bK, bx * bN], B_shared)
                T.gemm(A_shared, B_shared, C_local, transpose_A=trans_a, transpose_B=trans_b)
            T.copy(C_local, C[by * bM, bx * bN])

    return matmul


def bias_relu(M=128, N=128, K=64, bM=64, bN=64, bK=32, dtype="bfloat16"):
    @T.prim_func
    def gemm_bias_relu(
        A: T.Tensor((M, K), dtype),
        B: T.Tensor((K, N), dtype),
        bias: T.Tensor((N,), dtype),
        R: T.Tensor((M, N), dtype),
        C: T.Tensor((M, N), dtype),
    ):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM)) as (bx, by):
            A_shared = T.alloc_shared((bM, bK), dtype)
            B_shared = T.alloc_shared((bK, bN), dtype)
            R_shared = T.alloc_shared((bM, bN), dtype)
            C_local = T.alloc_fragment((bM, bN), "float32")
            T.clear(C_local)
            T.copy(R[by * bM, bx * bN], R_shared)
            for ko in T.serial(T.ceildiv(K, bK)):
                T.copy(A[by * bM, ko * bK], A_shared)
                T.copy(B[ko * bK, bx * bN], B_shared)
                T.gemm(A_shared, B_shared, C_local)
            for i, j in T.Parallel(bM, bN):
                scaled = C_local[i, j] * 0.5 + bias[bx * bN + j]
                C_local[i, j] = T.max(scaled, 0)
            for i, j in T.Parallel(bM, bN):
                C[by * bM + i, bx * bN + j] = C_local[i, j] + R_shared[i, j]

    return gemm_bias_relu


def batched(batch=3, M=64, N=64, K=64, bM=32, bN=32, bK=32, dtype="float16"):
    @T.prim_func
    def bmm(A: T.Tensor((batch, M, K), dtype), B: T.Tensor((batch, K, N), dtype), C: T.Tensor((batch, M, N), dtype)):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), batch, threads=128) as (bx, by, bz):
            A_shared = T.alloc_shared((bM, bK), dtype)
            B_shared = T.alloc_shared((bK, bN), dtype)
            C_local = T.alloc_fragment((bM, bN), "float32")
            for ko in T.Pipelined(T.ceildiv(K, bK), num_stages=3):
                T.copy(A[bz, by * bM, ko * bK], A_shared)
                T.copy(B[bz, ko * bK, bx * bN], B_shared)
                T.gemm(A_shared, B_shared, C_local, clear_accum=(ko == 0))
            T.copy(C_local, C[bz, by * bM, bx * bN])

    return bmm


def add(M=100, N=72, bM=32, bN=32, dtype="bfloat16"):
    @T.prim_func
    def elementwise_add(A: T.Tensor((M, N), dtype), B: T.Tensor((M, N), dtype), C: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
            for i, j in T.Parallel(bM, bN):
                C[by * bM + i, bx * bN + j] = A[by * bM + i, bx * bN + j] + B[by * bM + i, bx * bN + j]

    return elementwise_add


def symbolic(bM=32, bN=32, bK=32, dtype="bfloat16"):
    M, N, K = T.dynamic("M, N, K")

    @T.prim_func
    def matmul_any(A: T.Tensor((M, K), dtype), B: T.Tensor((K, N), dtype), C: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
            A_shared = T.alloc_shared((bM, bK), dtype)
            B_shared = T.alloc_shared((bK, bN), dtype)
            C_local = T.alloc_fragment((bM, bN), "float32")
            T.clear(C_local)
            for ko in T.Pipelined(T.ceildiv(K, bK), num_stages=2):
                T.copy(A[by * bM, ko * bK], A_shared)
                T.copy(B[ko * bK, bx * bN], B_shared)
                T.gemm(A_shared, B_shared, C_local)
            T.copy(C_local, C[by * bM, bx * bN])

    return matmul_any


@tilelang.jit(target="tenstorrent", out_idx=[-1])
def lazy(M, N, K):
    return gemm(M, N, K)


@tilelang.jit(target="tenstorrent")
def eager(A, B, bM: int = 32, bN: int = 32, bK: int = 32):
    M, N, K = T.const("M, N, K")
    A: T.Tensor((M, K), T.bfloat16)
    B: T.Tensor((K, N), T.bfloat16)
    C = T.empty((M, N), T.bfloat16)
    with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
        A_shared = T.alloc_shared((bM, bK), T.bfloat16)
        B_shared = T.alloc_shared((bK, bN), T.bfloat16)
        C_local = T.alloc_fragment((bM, bN), T.float32)
        T.clear(C_local)
        for ko in T.Pipelined(T.ceildiv(K, bK), num_stages=2):
            T.copy(A[by * bM, ko * bK], A_shared)
            T.copy(B[ko * bK, bx * bN], B_shared)
            T.gemm(A_shared, B_shared, C_local)
        T.copy(C_local, C[by * bM, bx * bN])
    return C
