"""Kernels whose blocks start or end inside a 32x32 tile: their tensors lie in rows."""

import tilelang.language as T


def shifted_copy(M, N, bM, bN, row, col, dtype, scale=None):
    """B[row:, col:] = A[row:, col:] in blocks of bM x bN; times scale, if given."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), B: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(N - col, bN), T.ceildiv(M - row, bM), threads=128) as (bx, by):
            s = T.alloc_shared((bM, bN), dtype)
            T.copy(A[by * bM + row, bx * bN + col], s)
            if scale is not None:
                for i, j in T.Parallel(bM, bN):
                    s[i, j] = s[i, j] * scale
            T.copy(s, B[by * bM + row, bx * bN + col])

    return main


def slices(dtype):
    """A slice of one tensor to another place of a tensor of another width."""

    @T.prim_func
    def main(A: T.Tensor((70, 50), dtype), B: T.Tensor((41, 77), dtype)):
        with T.Kernel(1, threads=128):
            s = T.alloc_shared((32, 32), dtype)
            T.copy(A[7:39, 3:35], s)
            T.copy(s, B[1:33, 44:76])

    return main


def elements(N, dtype):
    """One element a block, every third."""

    @T.prim_func
    def main(A: T.Tensor((N,), dtype), B: T.Tensor((N,), dtype)):
        with T.Kernel(N // 3, threads=32) as bx:
            for i in T.Parallel(1):
                B[bx * 3 + 1 + i] = A[bx * 3 + 1 + i]

    return main


def vectors(N, n, off, dtype):
    """A part of a vector, and a column of a matrix from a part of a vector."""

    @T.prim_func
    def main(x: T.Tensor((N,), dtype), s: T.Tensor((N,), dtype), C: T.Tensor((N, 40), dtype)):
        with T.Kernel((N - off) // n, threads=32) as bx:
            f = T.alloc_fragment((n, 40), dtype)
            for i, j in T.Parallel(n, 40):
                f[i, j] = x[off + bx * n + i] * s[j]
            T.copy(f, C[off + bx * n, 0])

    return main


def gemm(M, N, K, bM, bN, bK, trans_b, in_dtype, out_dtype, row=0):
    """C[row + i, :] = (i of the block) + A B: the blocks differ in more than their place, so none are merged."""

    @T.prim_func
    def main(
        A: T.Tensor((M, K), in_dtype),
        B: T.Tensor((N, K) if trans_b else (K, N), in_dtype),
        C: T.Tensor((M, N), out_dtype),
    ):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M - row, bM), threads=128) as (bx, by):
            a = T.alloc_shared((bM, bK), in_dtype)
            b = T.alloc_shared((bN, bK) if trans_b else (bK, bN), in_dtype)
            c = T.alloc_fragment((bM, bN), "float32")
            T.clear(c)
            for k in T.Pipelined(T.ceildiv(K, bK), num_stages=2):
                T.copy(A[by * bM + row, k * bK], a)
                if trans_b:
                    T.copy(B[bx * bN, k * bK], b)
                else:
                    T.copy(B[k * bK, bx * bN], b)
                T.gemm(a, b, c, transpose_B=trans_b)
            for i, j in T.Parallel(bM, bN):
                c[i, j] = c[i, j] + T.cast(i, "float32")
            T.copy(c, C[by * bM + row, bx * bN])

    return main


def branch(M, N, bM, dtype):
    """Every other block is doubled, the others are written with the first row's numbers."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), B: T.Tensor((M, N), dtype)):
        with T.Kernel(M // bM, threads=32) as bx:
            s = T.alloc_shared((bM, N), dtype)
            if bx % 2 == 0:
                T.copy(A[bx * bM, 0], s)
                for i, j in T.Parallel(bM, N):
                    s[i, j] = s[i, j] * 2 + i
                T.copy(s, B[bx * bM, 0])
            else:
                for k in T.serial(3):
                    T.copy(A[bx * bM + k, 0], s)
                    T.copy(s, B[bx * bM, 0])

    return main


def triangle(M, bM, dtype):
    """Adds to the elements on and below the diagonal, in place, 1 + their row in the block."""

    @T.prim_func
    def main(A: T.Tensor((M, M), dtype)):
        with T.Kernel(M // bM, M // bM, threads=32) as (bx, by):
            for i, j in T.Parallel(bM, bM):
                if by * bM + i >= bx * bM + j:
                    A[by * bM + i, bx * bM + j] = A[by * bM + i, bx * bM + j] + 1 + i

    return main


def heads(B, S, H, D, bS, dtype):
    """Softmax over blocks of bS positions of one head at a time: the second dimension of four, from 5 on."""

    @T.prim_func
    def main(X: T.Tensor((B, S, H, D), dtype), Y: T.Tensor((B, S, H, D), dtype)):
        with T.Kernel(T.ceildiv(S - 5, bS), H, B, threads=128) as (bx, by, bz):
            s = T.alloc_shared((bS, D), dtype)
            e = T.alloc_fragment((bS, D), "float32")
            m = T.alloc_fragment((bS,), "float32")
            T.copy(X[bz, 5 + bx * bS : 5 + (bx + 1) * bS, by, :], s)
            T.copy(s, e)
            T.reduce_max(e, m, dim=1)
            for i, j in T.Parallel(bS, D):
                e[i, j] = T.exp(e[i, j] - m[i])
            T.reduce_sum(e, m, dim=1)
            for i, j in T.Parallel(bS, D):
                e[i, j] = e[i, j] / m[i]
            T.copy(e, Y[bz, 5 + bx * bS : 5 + (bx + 1) * bS, by, :])

    return main


def column_sums(M, N, bM, bN, dtype):
    """Sums down the columns of blocks that begin and end inside tiles: what lies beside a block must not count."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), C: T.Tensor((M // bM, N), "float32")):
        with T.Kernel(T.ceildiv(N, bN), M // bM, threads=128) as (bx, by):
            s = T.alloc_shared((bM, bN), dtype)
            f = T.alloc_fragment((bM, bN), "float32")
            r = T.alloc_fragment((bN,), "float32")
            T.copy(A[by * bM, bx * bN], s)
            for i, j in T.Parallel(bM, bN):
                f[i, j] = s[i, j] * (i + 1)
            T.reduce_sum(f, r, dim=0)
            T.copy(r, C[by, bx * bN])

    return main


def annotated(M, N, dtype, tensors):
    import tilelang_tt

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), B: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(N, 64), T.ceildiv(M, 32), threads=128) as (bx, by):
            tilelang_tt.annotate_storage({t: "row_major" for n, t in (("A", A), ("B", B)) if n in tensors})
            s = T.alloc_shared((32, 64), dtype)
            T.copy(A[by * 32, bx * 64], s)
            for i, j in T.Parallel(32, 64):
                s[i, j] = s[i, j] * 2
            T.copy(s, B[by * 32, bx * 64])

    return main


def resident(M, N, n, dtype):
    """Every block uses the same part of W, which begins inside a tile."""

    @T.prim_func
    def main(A: T.Tensor((M, 64), dtype), W: T.Tensor((N, 90), dtype), C: T.Tensor((M, n), "float32")):
        with T.Kernel(M // 32, threads=128) as bx:
            a = T.alloc_shared((32, 64), dtype)
            w = T.alloc_shared((64, n), dtype)
            c = T.alloc_fragment((32, n), "float32")
            T.copy(A[bx * 32, 0], a)
            T.copy(W[3 : 3 + 64, 7 : 7 + n], w)
            T.gemm(a, w, c, clear_accum=True)
            T.copy(c, C[bx * 32, 0])

    return main
