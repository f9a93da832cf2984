"""Kernels that see a tensor or buffer in several shapes, and kernels over vectors."""

import tilelang.language as T

# ---- T.reshape and T.view, as in TileLang's own tests ----


def reshape_tensor(N, M, dtype, view=T.reshape):
    @T.prim_func
    def main(A: T.Tensor((N,), dtype), B: T.Tensor((N // M, M), dtype)):
        with T.Kernel(1) as _:
            A_reshaped = view(A, [N // M, M])
            T.copy(A_reshaped, B)

    return main


def shared_1d_to_2d(N, M, dtype):
    @T.prim_func
    def main(A: T.Tensor((N,), dtype), B: T.Tensor((N // M, M), dtype)):
        with T.Kernel(1) as _:
            A_shared = T.alloc_shared((N,), dtype)
            for i in T.Parallel(N):
                A_shared[i] = A[i]
            A_smem_reshaped = T.reshape(A_shared, [N // M, M])
            T.copy(A_smem_reshaped, B)

    return main


def shared_2d_to_1d(N, M, dtype):
    @T.prim_func
    def main(A: T.Tensor((N // M, M), dtype), B: T.Tensor((N,), dtype)):
        with T.Kernel(1) as _:
            A_shared = T.alloc_shared((N // M, M), dtype)
            for i, j in T.Parallel(N // M, M):
                A_shared[i, j] = A[i, j]
            A_smem_reshaped = T.reshape(A_shared, [N])
            T.copy(A_smem_reshaped, B)

    return main


def fragment_2d_to_1d(N, M, dtype):
    @T.prim_func
    def main(A: T.Tensor((N // M, M), dtype), B: T.Tensor((N,), dtype)):
        with T.Kernel(1, threads=32) as _:
            A_shared = T.alloc_shared((N // M, M), dtype)
            A_local = T.alloc_fragment((N // M, M), dtype)
            B_shared = T.alloc_shared((N,), dtype)
            T.copy(A, A_shared)
            T.copy(A_shared, A_local)
            A_local_reshape = T.reshape(A_local, [N])
            T.copy(A_local_reshape, B_shared)
            T.copy(B_shared, B)

    return main


def reduce_after_reshape(N, M, dtype):
    @T.prim_func
    def main(A: T.Tensor((N,), dtype), B: T.Tensor((N // M,), dtype)):
        with T.Kernel(1, threads=32) as _:
            A_shared = T.alloc_shared((N,), dtype)
            A_local = T.alloc_fragment((N,), dtype)
            B_local = T.alloc_fragment((N // M,), dtype)
            T.copy(A, A_shared)
            T.copy(A_shared, A_local)
            A_local_reshape = T.reshape(A_local, [N // M, M])
            T.reduce_max(A_local_reshape, B_local, dim=1)
            T.copy(B_local, B)

    return main


def collapsed_gemm(B, S, H, D, N):
    """[B, S, H, D] used as [B * S, H * D]."""

    @T.prim_func
    def main(
        X: T.Tensor((B, S, H, D), "bfloat16"), W: T.Tensor((H * D, N), "bfloat16"), Y: T.Tensor((B, S, N), "float32")
    ):
        with T.Kernel(T.ceildiv(N, 32), T.ceildiv(B * S, 32)) as (bx, by):
            X2 = T.reshape(X, [B * S, H * D])
            Y2 = T.reshape(Y, [B * S, N])
            x = T.alloc_shared((32, 32), "bfloat16")
            w = T.alloc_shared((32, 32), "bfloat16")
            acc = T.alloc_fragment((32, 32), "float32")
            T.clear(acc)
            for k in T.Pipelined(T.ceildiv(H * D, 32), num_stages=2):
                T.copy(X2[by * 32, k * 32], x)
                T.copy(W[k * 32, bx * 32], w)
                T.gemm(x, w, acc)
            T.copy(acc, Y2[by * 32, bx * 32])

    return main


def both_shapes(B, S, D):
    """A tensor written in its own shape and read, in a second kernel, collapsed."""

    @T.prim_func
    def main(X: T.Tensor((B, S, D), "float32"), Y: T.Tensor((B * S, D), "float32")):
        W = T.alloc_global((B, S, D), "float32")
        with T.Kernel(T.ceildiv(S, 32), B) as (bx, by):
            for i, j in T.Parallel(32, D):
                W[by, bx * 32 + i, j] = X[by, bx * 32 + i, j] + 1
        with T.Kernel(T.ceildiv(B * S, 32)) as bx:
            W2 = T.reshape(W, [B * S, D])
            for i, j in T.Parallel(32, D):
                Y[bx * 32 + i, j] = W2[bx * 32 + i, j] * 2

    return main


def counted_off(M, N, dtype):
    """A vector that is written where a matrix is read."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), C: T.Tensor((M * N,), dtype)):
        with T.Kernel(T.ceildiv(M, 32)) as bx:
            for i, j in T.Parallel(32, N):
                C[(bx * 32 + i) * N + j] = A[bx * 32 + i, j]

    return main


# ---- vectors ----


def add(N, block, dtype):
    @T.prim_func
    def main(A: T.Tensor((N,), dtype), B: T.Tensor((N,), dtype), C: T.Tensor((N,), dtype)):
        with T.Kernel(T.ceildiv(N, block), threads=128) as bx:
            for i in T.Parallel(block):
                C[bx * block + i] = A[bx * block + i] + B[bx * block + i]

    return main


def add_vectorized(N, threads, vec, dtype):
    @T.prim_func
    def main(A: T.Tensor((N,), dtype), B: T.Tensor((N,), dtype), C: T.Tensor((N,), dtype)):
        with T.Kernel(T.ceildiv(N, threads * vec), threads=threads) as bx:
            for i, v in T.Parallel(threads, vec):
                C[(bx * threads + i) * vec + v] = A[(bx * threads + i) * vec + v] + B[(bx * threads + i) * vec + v]

    return main


def guarded(N, block, dtype):
    """Guards, positions and masks."""

    @T.prim_func
    def main(A: T.Tensor((N,), dtype), C: T.Tensor((N,), dtype)):
        with T.Kernel(T.ceildiv(N, block), threads=128) as bx:
            for i in T.Parallel(block):
                if bx * block + i < N:
                    C[bx * block + i] = T.if_then_else(
                        (bx * block + i) % 3 == 1, A[bx * block + i], T.cast(bx * block + i, dtype)
                    )

    return main


def through_buffers(N, block, dtype):
    @T.prim_func
    def main(A: T.Tensor((N,), dtype), C: T.Tensor((N,), dtype)):
        with T.Kernel(T.ceildiv(N, block), threads=128) as bx:
            s = T.alloc_shared((block,), dtype)
            f = T.alloc_fragment((block,), dtype)
            T.copy(A[bx * block], s)
            T.fill(f, 1)
            for i in T.Parallel(block):
                f[i] = f[i] + s[i] * 2
            T.copy(f, C[bx * block])

    return main


def in_place(N, block, dtype):
    @T.prim_func
    def main(A: T.Tensor((N,), dtype), C: T.Tensor((N,), dtype)):
        with T.Kernel(T.ceildiv(N, block), threads=128) as bx:
            for i in T.Parallel(block):
                C[bx * block + i] = C[bx * block + i] + A[bx * block + i]

    return main


def two_launches(N, block, dtype):
    """The second reads what the first wrote, also behind the end: exp(0) is 1 there."""

    @T.prim_func
    def main(A: T.Tensor((N,), dtype), C: T.Tensor((N,), dtype)):
        W = T.alloc_global((N,), dtype)
        with T.Kernel(T.ceildiv(N, block)) as bx:
            for i in T.Parallel(block):
                W[bx * block + i] = T.exp(A[bx * block + i])
        with T.Kernel(T.ceildiv(N, block)) as bx:
            for i in T.Parallel(block):
                C[bx * block + i] = W[bx * block + i] * 2

    return main


def grid_stride(N, block, blocks, dtype):
    @T.prim_func
    def main(A: T.Tensor((N,), dtype), C: T.Tensor((N,), dtype)):
        with T.Kernel(blocks) as bx:
            for w in T.serial(T.ceildiv(N, block * blocks)):
                for i in T.Parallel(block):
                    C[(bx + w * blocks) * block + i] = A[(bx + w * blocks) * block + i] * 3

    return main


def several_a_block(N, block, times, dtype):
    @T.prim_func
    def main(A: T.Tensor((N,), dtype), C: T.Tensor((N,), dtype)):
        with T.Kernel(T.ceildiv(N, block * times)) as bx:
            for k in T.serial(times):
                for i in T.Parallel(block):
                    C[(bx * times + k) * block + i] = A[(bx * times + k) * block + i] * 3

    return main


def symbolic(block, dtype):
    N = T.dynamic("N")

    @T.prim_func
    def main(A: T.Tensor((N,), dtype), B: T.Tensor((N,), dtype), C: T.Tensor((N,), dtype)):
        with T.Kernel(T.ceildiv(N, block)) as bx:
            for i in T.Parallel(block):
                C[bx * block + i] = A[bx * block + i] + B[bx * block + i]

    return main


def broadcast(M, N, dtype):
    """A vector that is added to rows stays a vector."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), v: T.Tensor((N,), dtype), C: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(M, 32)) as bx:
            for i, j in T.Parallel(32, N):
                C[bx * 32 + i, j] = A[bx * 32 + i, j] + v[j]

    return main
