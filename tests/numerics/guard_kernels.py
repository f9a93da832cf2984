"""Stores that happen for some elements only, as GPU users write them."""

import tilelang.language as T


def triangle(M, N, bM=32, bN=64, dtype="float32", both=False):
    """Below the diagonal A, above it -1 (both), or what C held."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), C: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
            for i, j in T.Parallel(bM, bN):
                if by * bM + i >= bx * bN + j:
                    C[by * bM + i, bx * bN + j] = A[by * bM + i, bx * bN + j]
                elif both:
                    C[by * bM + i, bx * bN + j] = -1

    return main


def guarded_buffer(M, N, bM=32, bN=64, dtype="float32"):
    """A buffer that is changed where an index, a number of the data, or both say so."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), C: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
            s = T.alloc_fragment((bM, bN), dtype)
            T.copy(A[by * bM, bx * bN], s)
            for i, j in T.Parallel(bM, bN):
                if (bx * bN + j) % 3 == 0:
                    s[i, j] = s[i, j] + 100
            for i, j in T.Parallel(bM, bN):
                if s[i, j] > 0:
                    s[i, j] = -s[i, j]
                    s[i, j] = s[i, j] * 2
                else:
                    s[i, j] = 5
            for i, j in T.Parallel(bM, bN):
                if T.And(s[i, j] < 0, by * bM + i > bx * bN + j):
                    s[i, j] = 0
            T.copy(s, C[by * bM, bx * bN])

    return main


def where_positive(M, N, bM=32, bN=64, dtype="float32"):
    """C is overwritten where A is positive."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), C: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
            for i, j in T.Parallel(bM, bN):
                if A[by * bM + i, bx * bN + j] > 0:
                    C[by * bM + i, bx * bN + j] = A[by * bM + i, bx * bN + j]

    return main


def flash_attention(S, D, bM=64, bN=64, dtype="bfloat16", causal=True):
    """The forward pass for one head, with an online softmax over blocks of keys."""
    scale = (1.0 / D) ** 0.5 * 1.44269504

    @T.prim_func
    def main(
        Q: T.Tensor((S, D), dtype),
        K: T.Tensor((S, D), dtype),
        V: T.Tensor((S, D), dtype),
        O: T.Tensor((S, D), dtype),
    ):
        with T.Kernel(T.ceildiv(S, bM), threads=128) as bx:
            q = T.alloc_shared((bM, D), dtype)
            k = T.alloc_shared((bN, D), dtype)
            v = T.alloc_shared((bN, D), dtype)
            s = T.alloc_fragment((bM, bN), "float32")
            p = T.alloc_fragment((bM, bN), dtype)
            o = T.alloc_fragment((bM, D), "float32")
            m = T.alloc_fragment((bM,), "float32")
            m_prev = T.alloc_fragment((bM,), "float32")
            alpha = T.alloc_fragment((bM,), "float32")
            row_sum = T.alloc_fragment((bM,), "float32")
            logsum = T.alloc_fragment((bM,), "float32")
            T.copy(Q[bx * bM, 0], q)
            T.fill(o, 0)
            T.fill(logsum, 0)
            T.fill(m, -T.infinity("float32"))
            for ko in T.Pipelined(T.ceildiv((bx + 1) * bM, bN) if causal else T.ceildiv(S, bN), num_stages=1):
                T.copy(K[ko * bN, 0], k)
                for i, j in T.Parallel(bM, bN):
                    s[i, j] = T.if_then_else(bx * bM + i >= ko * bN + j, 0, -T.infinity("float32")) if causal else 0
                T.gemm(q, k, s, transpose_B=True)
                T.copy(V[ko * bN, 0], v)
                T.copy(m, m_prev)
                T.reduce_max(s, m, dim=1, clear=False)
                for i in T.Parallel(bM):
                    alpha[i] = T.exp2(m_prev[i] * scale - m[i] * scale)
                for i, j in T.Parallel(bM, bN):
                    s[i, j] = T.exp2(s[i, j] * scale - m[i] * scale)
                for i, j in T.Parallel(bM, D):
                    o[i, j] *= alpha[i]
                T.copy(s, p)
                T.gemm(p, v, o)
                T.reduce_sum(s, row_sum, dim=1)
                for i in T.Parallel(bM):
                    logsum[i] = logsum[i] * alpha[i] + row_sum[i]
            for i, j in T.Parallel(bM, D):
                o[i, j] /= logsum[i]
            T.copy(o, O[bx * bM, 0])

    return main


def padded(M, N, rows, cols, dtype, out, value):
    """Outside the tensor stands a value of the user's choice."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), B: T.Tensor((rows, cols), out)):
        with T.Kernel(T.ceildiv(cols, 64), T.ceildiv(rows, 32)) as (bx, by):
            T.annotate_safe_value({A: value})
            a = T.alloc_shared((32, 64), dtype)
            T.copy(A[by * 32, bx * 64], a)
            T.copy(a, B[by * 32, bx * 64])

    return main


def filled(M, N):
    """Buffers filled with what a row's first element says, and with a block's number."""

    @T.prim_func
    def main(A: T.Tensor((M, N), "float32"), B: T.Tensor((M, N), "float32")):
        with T.Kernel(T.ceildiv(N, 32), T.ceildiv(M, 32)) as (bx, by):
            a = T.alloc_shared((32, 32), "float32")
            first = T.alloc_fragment((32, 32), "float32")
            number = T.alloc_fragment((32, 32), "float32")
            T.copy(A[by * 32, bx * 32], a)
            T.fill(first, a[0, 0])
            T.fill(number, bx * 10 + by)
            for i, j in T.Parallel(32, 32):
                a[i, j] = a[i, j] - first[i, j] + number[i, j]
            T.copy(a, B[by * 32, bx * 32])

    return main


def horner(M, N, terms, guarded=False):
    """A loop inside T.Parallel, between statements that use what the loop changes."""

    @T.prim_func
    def main(A: T.Tensor((M, N), "float32"), C: T.Tensor((terms, N), "float32"), B: T.Tensor((M, N), "float32")):
        with T.Kernel(T.ceildiv(M, 32)) as bx:
            a = T.alloc_shared((32, N), "float32")
            c = T.alloc_shared((terms, N), "float32")
            T.copy(A[bx * 32, 0], a)
            T.copy(C, c)
            for i, j in T.Parallel(32, N):
                x = a[i, j]
                a[i, j] = 0.0
                if not guarded or x > 0:
                    for k in T.serial(terms):
                        a[i, j] = a[i, j] * x + (k + 1)
                a[i, j] = a[i, j] - x
            T.copy(a, B[bx * 32, 0])

    return main
