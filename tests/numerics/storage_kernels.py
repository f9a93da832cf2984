"""TileLang programs whose tensors are stored in another format than their dtype's."""

import tilelang.language as T
import tilelang_tt


def gemm(M, N, K, storage, dtype="bfloat16", out="bfloat16", trans_b=False, block=64, loads=2):
    @T.prim_func
    def main(A: T.Tensor((M, K), dtype), B: T.Tensor((N, K) if trans_b else (K, N), dtype), C: T.Tensor((M, N), out)):
        with T.Kernel(T.ceildiv(N, block), T.ceildiv(M, block), threads=128) as (bx, by):
            tilelang_tt.annotate_storage({t: storage[n] for n, t in (("A", A), ("B", B), ("C", C)) if n in storage})
            A_shared = T.alloc_shared((block, 32), dtype)
            B_shared = T.alloc_shared((block, 32) if trans_b else (32, block), dtype)
            C_local = T.alloc_fragment((block, block), "float32")
            T.clear(C_local)
            for ko in T.Pipelined(T.ceildiv(K, 32), num_stages=loads):
                T.copy(A[by * block, ko * 32], A_shared)
                if trans_b:
                    T.copy(B[bx * block, ko * 32], B_shared)
                else:
                    T.copy(B[ko * 32, bx * block], B_shared)
                T.gemm(A_shared, B_shared, C_local, transpose_B=trans_b)
            T.copy(C_local, C[by * block, bx * block])

    return main


def product(M, N, storage, dtype="bfloat16"):
    """C = A * B with A and C stored as `storage`."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), B: T.Tensor((M, N), dtype), C: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(N, 32), T.ceildiv(M, 32), threads=128) as (bx, by):
            tilelang_tt.annotate_storage({A: storage, C: storage})
            for i, j in T.Parallel(32, 32):
                C[by * 32 + i, bx * 32 + j] = A[by * 32 + i, bx * 32 + j] * B[by * 32 + i, bx * 32 + j]

    return main


def dequant_gemm(
    M, N, K, number, storage="", weights="uint8", bits=4, group=0, bM=64, bN=64, bK=64, dtype="bfloat16", through=False
):
    """C = A * B^T with B's bytes holding numbers of `bits` bits; number(byte, position, dtype) takes one of them out.

    group: so many of a row share a scale; 0: none does. through: the bytes go through a fragment.
    """
    per_byte = 8 // bits

    @T.prim_func
    def main(
        A: T.Tensor((M, K), dtype),
        B: T.Tensor((N, K // per_byte), weights),
        S: T.Tensor((N, max(1, K // max(group, 1))), dtype),
        C: T.Tensor((M, N), dtype),
    ):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
            if storage:
                tilelang_tt.annotate_storage({B: storage})
            A_shared = T.alloc_shared((bM, bK), dtype)
            B_shared = T.alloc_shared((bN, bK // per_byte), weights)
            B_local = T.alloc_fragment((bN, bK // per_byte), weights)
            B_dequant = T.alloc_shared((bN, bK), dtype)
            C_local = T.alloc_fragment((bM, bN), "float32")
            T.clear(C_local)
            for k in T.Pipelined(T.ceildiv(K, bK), num_stages=2):
                T.copy(A[by * bM, k * bK], A_shared)
                T.copy(B[bx * bN, k * bK // per_byte], B_shared)
                if through:
                    T.copy(B_shared, B_local)
                for i, j in T.Parallel(bN, bK):
                    if through:
                        B_dequant[i, j] = number(B_local[i, j // per_byte], j % per_byte, dtype)
                    elif group:
                        B_dequant[i, j] = (
                            number(B_shared[i, j // per_byte], j % per_byte, dtype)
                            * S[bx * bN + i, (k * bK + j) // group]
                        )
                    else:
                        B_dequant[i, j] = number(B_shared[i, j // per_byte], j % per_byte, dtype)
                T.gemm(A_shared, B_dequant, C_local, transpose_B=True)
            T.copy(C_local, C[by * bM, bx * bN])

    return main


# Ways to take number `pos` out of a byte, and what it is (unsigned, or in two's complement).


def by_shift(byte, pos, dtype):
    return T.cast((byte >> T.cast(pos * 4, "uint8")) & T.uint8(15), dtype)


def by_selection(byte, pos, dtype):
    return T.cast(T.if_then_else(pos == 0, byte & T.uint8(15), byte >> T.uint8(4)), dtype)


def by_shift_of_2(byte, pos, dtype):
    return T.cast((byte >> T.cast(pos * 2, "uint8")) & T.uint8(3), dtype)


def with_zero_point(byte, pos, dtype):
    return T.cast((byte >> T.cast(pos * 4, "uint8")) & T.uint8(15), dtype) - T.cast(8, dtype)


def signed_by_shifts(byte, pos, dtype):
    code = (byte >> T.cast(pos * 4, "int8")) & T.int8(15)
    return T.cast((code << T.int8(4)) >> T.int8(4), dtype)


def signed_by_reinterpret(byte, pos, dtype):
    code = (byte >> T.cast(pos * 4, "uint8")) & T.uint8(15)
    return T.cast(T.reinterpret(code << T.uint8(4), "int8") >> T.int8(4), dtype)


def whole_byte(byte, pos, dtype):
    return T.cast(byte, dtype)


def integers(fn, dtype, out=None, shape=(32, 64)):
    """C = fn(A, B) element by element."""
    M, N = shape

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), B: T.Tensor((M, N), dtype), C: T.Tensor((M, N), out or dtype)):
        with T.Kernel(T.ceildiv(N, 32), T.ceildiv(M, 32), threads=128) as (bx, by):
            for i, j in T.Parallel(32, 32):
                C[by * 32 + i, bx * 32 + j] = fn(A[by * 32 + i, bx * 32 + j], B[by * 32 + i, bx * 32 + j])

    return main


def wrapping_chain(a, b):
    """Every step wraps around in the dtype."""
    return ((a + b) >> T.cast(1, a.dtype)) * T.cast(3, a.dtype) - T.max(a, ~b)


def smaller_or_difference(a, b):
    return T.if_then_else(a < b, a, b - a)


def integer_rows_and_columns(dtype, shape=(64, 96)):
    M, N = shape

    @T.prim_func
    def main(
        A: T.Tensor((M, N), dtype), R: T.Tensor((N,), dtype), L: T.Tensor((M,), dtype), C: T.Tensor((M, N), dtype)
    ):
        with T.Kernel(T.ceildiv(N, 32), T.ceildiv(M, 32), threads=128) as (bx, by):
            for i, j in T.Parallel(32, 32):
                C[by * 32 + i, bx * 32 + j] = (A[by * 32 + i, bx * 32 + j] ^ R[bx * 32 + j]) + L[by * 32 + i]

    return main
