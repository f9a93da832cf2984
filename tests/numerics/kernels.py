"""TileLang programs as GPU users write them, by factory. Nothing here knows of Tenstorrent."""

import tilelang.language as T


def gemm(M, N, K, bM=64, bN=64, bK=32, dtype="bfloat16", out="bfloat16", accum="float32", trans_a=False, trans_b=False,
         stages=2, clear_in_gemm=False, batch=0):  # fmt: skip
    a_shape, b_shape = ((K, M) if trans_a else (M, K)), ((N, K) if trans_b else (K, N))
    sa, sb = ((bK, bM) if trans_a else (bM, bK)), ((bN, bK) if trans_b else (bK, bN))

    if batch:

        @T.prim_func
        def batched(
            A: T.Tensor((batch, *a_shape), dtype),
            B: T.Tensor((batch, *b_shape), dtype),
            C: T.Tensor((batch, M, N), out),
        ):
            with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), batch, threads=128) as (bx, by, bz):
                A_shared = T.alloc_shared(sa, dtype)
                B_shared = T.alloc_shared(sb, dtype)
                C_local = T.alloc_fragment((bM, bN), accum)
                T.clear(C_local)
                for ko in T.Pipelined(T.ceildiv(K, bK), num_stages=stages):
                    if trans_a:
                        T.copy(A[bz, ko * bK, by * bM], A_shared)
                    else:
                        T.copy(A[bz, by * bM, ko * bK], A_shared)
                    if trans_b:
                        T.copy(B[bz, bx * bN, ko * bK], B_shared)
                    else:
                        T.copy(B[bz, ko * bK, bx * bN], B_shared)
                    T.gemm(A_shared, B_shared, C_local, transpose_A=trans_a, transpose_B=trans_b)
                T.copy(C_local, C[bz, by * bM, bx * bN])

        return batched

    @T.prim_func
    def main(A: T.Tensor(a_shape, dtype), B: T.Tensor(b_shape, dtype), C: T.Tensor((M, N), out)):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
            A_shared = T.alloc_shared(sa, dtype)
            B_shared = T.alloc_shared(sb, dtype)
            C_local = T.alloc_fragment((bM, bN), accum)
            if not clear_in_gemm:
                T.clear(C_local)
            for ko in T.Pipelined(T.ceildiv(K, bK), num_stages=stages):
                if trans_a:
                    T.copy(A[ko * bK, by * bM], A_shared)
                else:
                    T.copy(A[by * bM, ko * bK], A_shared)
                if trans_b:
                    T.copy(B[bx * bN, ko * bK], B_shared)
                else:
                    T.copy(B[ko * bK, bx * bN], B_shared)
                if clear_in_gemm:
                    clear = True if clear_in_gemm == "always" else ko == 0
                    T.gemm(A_shared, B_shared, C_local, transpose_A=trans_a, transpose_B=trans_b, clear_accum=clear)
                else:
                    T.gemm(A_shared, B_shared, C_local, transpose_A=trans_a, transpose_B=trans_b)
            T.copy(C_local, C[by * bM, bx * bN])

    return main


def gemm_epilogue(M, N, K, bM=64, bN=64, bK=32, dtype="bfloat16", accum="float32", scale=None, bias=False, relu=False,
                  residual=False):  # fmt: skip
    """relu(scale · A·B + bias) + residual, any part left out."""

    @T.prim_func
    def main(
        A: T.Tensor((M, K), dtype),
        B: T.Tensor((K, N), dtype),
        bias_t: T.Tensor((N,), dtype),
        R: T.Tensor((M, N), dtype),
        C: T.Tensor((M, N), dtype),
    ):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
            A_shared = T.alloc_shared((bM, bK), dtype)
            B_shared = T.alloc_shared((bK, bN), dtype)
            bias_shared = T.alloc_shared((bN,), dtype)
            R_shared = T.alloc_shared((bM, bN), dtype)
            C_local = T.alloc_fragment((bM, bN), accum)
            T.clear(C_local)
            if bias:
                T.copy(bias_t[bx * bN], bias_shared)
            if residual:
                T.copy(R[by * bM, bx * bN], R_shared)
            for ko in T.Pipelined(T.ceildiv(K, bK), num_stages=2):
                T.copy(A[by * bM, ko * bK], A_shared)
                T.copy(B[ko * bK, bx * bN], B_shared)
                T.gemm(A_shared, B_shared, C_local)
            if scale is not None:
                for i, j in T.Parallel(bM, bN):
                    C_local[i, j] = C_local[i, j] * scale
            if bias:
                for i, j in T.Parallel(bM, bN):
                    C_local[i, j] = C_local[i, j] + bias_shared[j]
            if relu:
                for i, j in T.Parallel(bM, bN):
                    C_local[i, j] = T.max(C_local[i, j], 0)
            if residual:
                for i, j in T.Parallel(bM, bN):
                    C_local[i, j] = C_local[i, j] + R_shared[i, j]
            T.copy(C_local, C[by * bM, bx * bN])

    return main


def eltwise(M, N, op, bM=32, bN=64, dtype="bfloat16", via_shared=False):
    """add, mul or relu of 2-D tensors, straight on global memory or through shared buffers."""

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), B: T.Tensor((M, N), dtype), C: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
            if via_shared:
                A_s = T.alloc_shared((bM, bN), dtype)
                B_s = T.alloc_shared((bM, bN), dtype)
                C_f = T.alloc_fragment((bM, bN), dtype)
                T.copy(A[by * bM, bx * bN], A_s)
                T.copy(B[by * bM, bx * bN], B_s)
                for i, j in T.Parallel(bM, bN):
                    if op == "add":
                        C_f[i, j] = A_s[i, j] + B_s[i, j]
                    elif op == "mul":
                        C_f[i, j] = A_s[i, j] * B_s[i, j]
                    else:
                        C_f[i, j] = T.max(A_s[i, j], 0)
                T.copy(C_f, C[by * bM, bx * bN])
            else:
                for i, j in T.Parallel(bM, bN):
                    if op == "add":
                        C[by * bM + i, bx * bN + j] = A[by * bM + i, bx * bN + j] + B[by * bM + i, bx * bN + j]
                    elif op == "mul":
                        C[by * bM + i, bx * bN + j] = A[by * bM + i, bx * bN + j] * B[by * bM + i, bx * bN + j]
                    else:
                        C[by * bM + i, bx * bN + j] = T.max(A[by * bM + i, bx * bN + j], 0)

    return main


def two_gemms(M, N, K, L, bM=32, bK=32, dtype="bfloat16", accum="float32"):
    """(A·B)·D with A·B kept in `dtype`, as in attention without a softmax."""

    @T.prim_func
    def main(
        A: T.Tensor((M, K), dtype),
        B: T.Tensor((K, N), dtype),
        D: T.Tensor((N, L), dtype),
        C: T.Tensor((M, L), "float32"),
    ):
        with T.Kernel(T.ceildiv(M, bM), threads=128) as by:
            A_shared = T.alloc_shared((bM, bK), dtype)
            B_shared = T.alloc_shared((bK, N), dtype)
            D_shared = T.alloc_shared((N, L), dtype)
            P_local = T.alloc_fragment((bM, N), accum)
            P_shared = T.alloc_shared((bM, N), dtype)
            C_local = T.alloc_fragment((bM, L), "float32")
            T.copy(D, D_shared)
            T.clear(P_local)
            T.clear(C_local)
            for ko in T.Pipelined(T.ceildiv(K, bK), num_stages=2):
                T.copy(A[by * bM, ko * bK], A_shared)
                T.copy(B[ko * bK, 0], B_shared)
                T.gemm(A_shared, B_shared, P_local)
            T.copy(P_local, P_shared)
            T.gemm(P_shared, D_shared, C_local)
            T.copy(C_local, C[by * bM, 0])

    return main


def gemm_in_place(M, N, K, bM=64, bN=64, bK=32, dtype="bfloat16", accum="float32", out="float32"):
    """C += A·B."""

    @T.prim_func
    def main(A: T.Tensor((M, K), dtype), B: T.Tensor((K, N), dtype), C: T.Tensor((M, N), out)):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
            A_shared = T.alloc_shared((bM, bK), dtype)
            B_shared = T.alloc_shared((bK, bN), dtype)
            C_local = T.alloc_fragment((bM, bN), accum)
            T.copy(C[by * bM, bx * bN], C_local)
            for ko in T.Pipelined(T.ceildiv(K, bK), num_stages=2):
                T.copy(A[by * bM, ko * bK], A_shared)
                T.copy(B[ko * bK, bx * bN], B_shared)
                T.gemm(A_shared, B_shared, C_local)
            T.copy(C_local, C[by * bM, bx * bN])

    return main


def attention(S, D, bM=32, bN=32, dtype="bfloat16"):
    """softmax(Q·Kᵀ / √D)·V, block by block with running maxima and sums."""
    scale = D**-0.5

    @T.prim_func
    def main(
        Q: T.Tensor((S, D), dtype), K: T.Tensor((S, D), dtype), V: T.Tensor((S, D), dtype), O: T.Tensor((S, D), dtype)
    ):
        with T.Kernel(T.ceildiv(S, bM), threads=128) as bx:
            Q_shared = T.alloc_shared((bM, D), dtype)
            K_shared = T.alloc_shared((bN, D), dtype)
            V_shared = T.alloc_shared((bN, D), dtype)
            scores = T.alloc_fragment((bM, bN), "float32")
            weights = T.alloc_fragment((bM, bN), dtype)
            acc = T.alloc_fragment((bM, D), "float32")
            row_max = T.alloc_fragment((bM,), "float32")
            before = T.alloc_fragment((bM,), "float32")
            rescale = T.alloc_fragment((bM,), "float32")
            total = T.alloc_fragment((bM,), "float32")
            block_sum = T.alloc_fragment((bM,), "float32")
            T.copy(Q[bx * bM, 0], Q_shared)
            T.fill(acc, 0)
            T.fill(total, 0)
            T.fill(row_max, -T.infinity("float32"))
            for kb in T.Pipelined(T.ceildiv(S, bN), num_stages=2):
                T.copy(K[kb * bN, 0], K_shared)
                T.clear(scores)
                T.gemm(Q_shared, K_shared, scores, transpose_B=True)
                T.copy(row_max, before)
                T.reduce_max(scores, row_max, dim=1, clear=False)
                for i in T.Parallel(bM):
                    rescale[i] = T.exp((before[i] - row_max[i]) * scale)
                for i, j in T.Parallel(bM, bN):
                    scores[i, j] = T.exp((scores[i, j] - row_max[i]) * scale)
                T.reduce_sum(scores, block_sum, dim=1)
                for i in T.Parallel(bM):
                    total[i] = total[i] * rescale[i] + block_sum[i]
                for i, j in T.Parallel(bM, D):
                    acc[i, j] = acc[i, j] * rescale[i]
                T.copy(scores, weights)
                T.copy(V[kb * bN, 0], V_shared)
                T.gemm(weights, V_shared, acc)
            for i, j in T.Parallel(bM, D):
                acc[i, j] = acc[i, j] / total[i]
            T.copy(acc, O[bx * bM, 0])

    return main
