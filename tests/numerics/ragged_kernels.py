"""Blocks that end inside a 32x32 tile, as GPU users write them."""

import tilelang.language as T


def row_reduce(M, N, fn, bM=32, dtype="float32", out="float32"):
    """fn over whole rows of N elements, whatever N is."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), C: T.Tensor((M,), out)):
        with T.Kernel(T.ceildiv(M, bM), threads=128) as by:
            a = T.alloc_fragment((bM, N), dtype)
            r = T.alloc_fragment((bM,), out)
            T.copy(A[by * bM, 0], a)
            getattr(T, "reduce_" + fn)(a, r, dim=1)
            T.copy(r, C[by * bM])

    return main


def col_reduce(M, N, fn, bN=32, dtype="float32"):
    """fn over whole columns of M elements."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), C: T.Tensor((N,), dtype)):
        with T.Kernel(T.ceildiv(N, bN), threads=128) as bx:
            a = T.alloc_fragment((M, bN), dtype)
            r = T.alloc_fragment((bN,), dtype)
            T.copy(A[0, bx * bN], a)
            getattr(T, "reduce_" + fn)(a, r, dim=0)
            T.copy(r, C[bx * bN])

    return main


def softmax(M, N, bM=32, dtype="float32"):
    """Softmax of rows of N elements, computed in fp32."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), C: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(M, bM), threads=128) as by:
            a = T.alloc_fragment((bM, N), "float32")
            m = T.alloc_fragment((bM,), "float32")
            s = T.alloc_fragment((bM,), "float32")
            T.copy(A[by * bM, 0], a)
            T.reduce_max(a, m, dim=1)
            for i, j in T.Parallel(bM, N):
                a[i, j] = T.exp(a[i, j] - m[i])
            T.reduce_sum(a, s, dim=1)
            for i, j in T.Parallel(bM, N):
                C[by * bM + i, j] = a[i, j] / s[i]

    return main


def part_of_rows(M, N, width, bM=32, dtype="float32"):
    """The sum of the first `width` columns: what follows in their last tile belongs to other columns."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), C: T.Tensor((M,), dtype)):
        with T.Kernel(T.ceildiv(M, bM), threads=128) as by:
            a = T.alloc_fragment((bM, width), dtype)
            r = T.alloc_fragment((bM,), dtype)
            T.copy(A[by * bM, 0], a)
            T.reduce_sum(a, r, dim=1)
            T.copy(r, C[by * bM])

    return main


def gemm(M, N, K, dtype="bfloat16", trans_a=False, trans_b=False, width=None):
    """One block of any size: operands that end inside tiles, along K too. width: of the tensors along K."""
    width = width or K
    a_shape, b_shape = ((width, M) if trans_a else (M, width)), ((N, width) if trans_b else (width, N))

    @T.prim_func
    def main(A: T.Tensor(a_shape, dtype), B: T.Tensor(b_shape, dtype), C: T.Tensor((M, N), "float32")):
        with T.Kernel(1, threads=128) as _:
            a = T.alloc_shared((K, M) if trans_a else (M, K), dtype)
            b = T.alloc_shared((N, K) if trans_b else (K, N), dtype)
            c = T.alloc_fragment((M, N), "float32")
            T.copy(A[0, 0], a)
            T.copy(B[0, 0], b)
            T.clear(c)
            T.gemm(a, b, c, transpose_A=trans_a, transpose_B=trans_b)
            T.copy(c, C)

    return main


def two_steps(M, N, dtype="float32"):
    """exp(A) to a workspace, whose padding nobody knows, then its row sums in a second launch."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), W: T.Tensor((M, N), dtype), C: T.Tensor((M,), dtype)):
        with T.Kernel(T.ceildiv(N, 32), T.ceildiv(M, 32), threads=128) as (bx, by):
            a = T.alloc_shared((32, 32), dtype)
            T.copy(A[by * 32, bx * 32], a)
            for i, j in T.Parallel(32, 32):
                a[i, j] = T.exp(a[i, j])
            T.copy(a, W[by * 32, bx * 32])
        with T.Kernel(T.ceildiv(M, 32), threads=128) as bz:
            w = T.alloc_shared((32, 64), dtype)
            r = T.alloc_fragment((32,), dtype)
            T.clear(r)
            for ko in T.serial(T.ceildiv(N, 64)):
                T.copy(W[bz * 32, ko * 64], w)
                T.reduce_sum(w, r, dim=1, clear=False)
            T.copy(r, C[bz * 32])

    return main
