"""Row kernels as GPU users write them: whole rows, rows in parts that would not fit on chip, one row a block."""

import tilelang.language as T


def log_softmax(M, N, dtype="float32", bM=32):
    @T.prim_func
    def main(X: T.Tensor((M, N), dtype), Y: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(M, bM), threads=128) as bx:
            x = T.alloc_fragment((bM, N), "float32")
            e = T.alloc_fragment((bM, N), "float32")
            top = T.alloc_fragment((bM,), "float32")
            total = T.alloc_fragment((bM,), "float32")
            T.copy(X[bx * bM, 0], x)
            T.reduce_max(x, top, dim=1)
            for i, j in T.Parallel(bM, N):
                e[i, j] = T.exp(x[i, j] - top[i])
            T.reduce_sum(e, total, dim=1)
            for i, j in T.Parallel(bM, N):
                x[i, j] = x[i, j] - top[i] - T.log(total[i])
            T.copy(x, Y[bx * bM, 0])

    return main


def softmax_row_a_block(M, N, dtype="float32"):
    """One row a block of threads."""

    @T.prim_func
    def main(X: T.Tensor((M, N), dtype), Y: T.Tensor((M, N), dtype)):
        with T.Kernel(M, threads=128) as row:
            x = T.alloc_fragment((N,), "float32")
            top = T.alloc_fragment((1,), "float32")
            total = T.alloc_fragment((1,), "float32")
            T.copy(X[row, 0:N], x)
            T.reduce_max(x, top, dim=0)
            for j in T.Parallel(N):
                x[j] = T.exp(x[j] - top[0])
            T.reduce_sum(x, total, dim=0)
            for j in T.Parallel(N):
                x[j] = x[j] / total[0]
            T.copy(x, Y[row, 0:N])

    return main


def online_softmax(M, N, dtype="float32", bM=32, bN=128):
    """One pass for the running maximum and sum, a second one for the result; rows of any length."""

    @T.prim_func
    def main(X: T.Tensor((M, N), dtype), Y: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(M, bM), threads=128) as bx:
            x = T.alloc_fragment((bM, bN), dtype)
            y = T.alloc_fragment((bM, bN), dtype)
            e = T.alloc_fragment((bM, bN), "float32")
            lse = T.alloc_fragment((bM,), "float32")
            top = T.alloc_fragment((bM,), "float32")
            total = T.alloc_fragment((bM,), "float32")
            T.fill(lse, -T.infinity("float32"))
            for k in T.Pipelined(T.ceildiv(N, bN), num_stages=2):
                T.copy(X[bx * bM, k * bN], x)
                T.reduce_max(x, top, dim=1, clear=True)
                for i, j in T.Parallel(bM, bN):
                    e[i, j] = T.exp2(x[i, j] * 1.44269504 - top[i] * 1.44269504)
                T.reduce_sum(e, total, dim=1, clear=True)
                for i in T.Parallel(bM):
                    lse[i] = top[i] * 1.44269504 + T.log2(T.exp2(lse[i] - top[i] * 1.44269504) + total[i])
            for k in T.Pipelined(T.ceildiv(N, bN), num_stages=2):
                T.copy(X[bx * bM, k * bN], x)
                for i, j in T.Parallel(bM, bN):
                    y[i, j] = T.exp2(x[i, j] * 1.44269504 - lse[i])
                T.copy(y, Y[bx * bM, k * bN])

    return main


def two_pass_softmax(M, N, dtype="float32", bM=32, bN=128):
    """Running maximum and rescaled sum in one loop over the row, the result in another."""

    @T.prim_func
    def main(X: T.Tensor((M, N), dtype), Y: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(M, bM), threads=128) as bx:
            x = T.alloc_fragment((bM, bN), "float32")
            top = T.alloc_fragment((bM,), "float32")
            before = T.alloc_fragment((bM,), "float32")
            part = T.alloc_fragment((bM,), "float32")
            total = T.alloc_fragment((bM,), "float32")
            T.fill(top, -1e30)
            T.clear(total)
            for k in T.serial(T.ceildiv(N, bN)):
                T.copy(X[bx * bM, k * bN], x)
                T.copy(top, before)
                T.reduce_max(x, top, dim=1, clear=False)
                for i, j in T.Parallel(bM, bN):
                    x[i, j] = T.exp(x[i, j] - top[i])
                T.reduce_sum(x, part, dim=1)
                for i in T.Parallel(bM):
                    total[i] = total[i] * T.exp(before[i] - top[i]) + part[i]
            for k in T.serial(T.ceildiv(N, bN)):
                T.copy(X[bx * bM, k * bN], x)
                for i, j in T.Parallel(bM, bN):
                    x[i, j] = T.exp(x[i, j] - top[i]) / total[i]
                T.copy(x, Y[bx * bM, k * bN])

    return main


def long_rms_norm(M, N, dtype="float32", bM=32, bN=128, eps=1e-5):
    """As TileLang's example for long rows: the squares are summed over a loop, then a second loop scales."""

    @T.prim_func
    def main(X: T.Tensor((M, N), dtype), W: T.Tensor((N,), dtype), Y: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(M, bM), threads=128) as bx:
            x = T.alloc_shared((bM, bN), dtype)
            w = T.alloc_shared((bN,), dtype)
            square = T.alloc_fragment((bM, bN), "float32")
            scale = T.alloc_fragment((bM,), "float32")
            T.clear(square)
            for k in range(T.ceildiv(N, bN)):
                T.copy(X[bx * bM, k * bN], x)
                for i, j in T.Parallel(bM, bN):
                    square[i, j] += x[i, j] * x[i, j]
            T.reduce_sum(square, scale, dim=1)
            for i in T.Parallel(bM):
                scale[i] = T.rsqrt(scale[i] / N + eps)
            for k in range(T.ceildiv(N, bN)):
                T.copy(X[bx * bM, k * bN], x)
                T.copy(W[k * bN], w)
                for i, j in T.Parallel(bM, bN):
                    x[i, j] = x[i, j] * scale[i] * w[j]
                T.copy(x, Y[bx * bM, k * bN])

    return main


def long_layer_norm(M, N, dtype="float32", bM=32, bN=128, eps=1e-5):
    """Mean and 1/deviation go out as 1-D tensors, as a backward pass wants them."""

    @T.prim_func
    def main(
        X: T.Tensor((M, N), dtype),
        G: T.Tensor((N,), dtype),
        B: T.Tensor((N,), dtype),
        Y: T.Tensor((M, N), dtype),
        Mean: T.Tensor((M,), "float32"),
        Rstd: T.Tensor((M,), "float32"),
    ):
        with T.Kernel(T.ceildiv(M, bM), threads=128) as bx:
            x = T.alloc_fragment((bM, bN), "float32")
            g = T.alloc_shared((bN,), dtype)
            b = T.alloc_shared((bN,), dtype)
            part = T.alloc_fragment((bM,), "float32")
            mean = T.alloc_fragment((bM,), "float32")
            rstd = T.alloc_fragment((bM,), "float32")
            T.clear(mean)
            T.clear(rstd)
            for k in T.serial(T.ceildiv(N, bN)):
                T.copy(X[bx * bM, k * bN], x)
                T.reduce_sum(x, part, dim=1)
                for i in T.Parallel(bM):
                    mean[i] += part[i] / N
            for k in T.serial(T.ceildiv(N, bN)):
                T.copy(X[bx * bM, k * bN], x)
                for i, j in T.Parallel(bM, bN):
                    x[i, j] = (x[i, j] - mean[i]) * (x[i, j] - mean[i])
                T.reduce_sum(x, part, dim=1)
                for i in T.Parallel(bM):
                    rstd[i] += part[i]
            for i in T.Parallel(bM):
                rstd[i] = T.rsqrt(rstd[i] / N + eps)
            for k in T.serial(T.ceildiv(N, bN)):
                T.copy(X[bx * bM, k * bN], x)
                T.copy(G[k * bN], g)
                T.copy(B[k * bN], b)
                for i, j in T.Parallel(bM, bN):
                    x[i, j] = (x[i, j] - mean[i]) * rstd[i] * g[j] + b[j]
                T.copy(x, Y[bx * bM, k * bN])
            T.copy(mean, Mean[bx * bM])
            T.copy(rstd, Rstd[bx * bM])

    return main


def layer_norm_row_a_block(M, N, dtype="float32", eps=1e-5):
    @T.prim_func
    def main(
        X: T.Tensor((M, N), dtype),
        G: T.Tensor((N,), dtype),
        Y: T.Tensor((M, N), dtype),
        Mean: T.Tensor((M,), "float32"),
        Rstd: T.Tensor((M,), "float32"),
    ):
        with T.Kernel(M, threads=128) as row:
            x = T.alloc_fragment((N,), "float32")
            square = T.alloc_fragment((N,), "float32")
            mean = T.alloc_fragment((1,), "float32")
            rstd = T.alloc_fragment((1,), "float32")
            T.copy(X[row, 0:N], x)
            T.reduce_sum(x, mean, dim=0)
            mean[0] = mean[0] / N
            for j in T.Parallel(N):
                x[j] = x[j] - mean[0]
                square[j] = x[j] * x[j]
            T.reduce_sum(square, rstd, dim=0)
            rstd[0] = T.rsqrt(rstd[0] / N + eps)
            for j in T.Parallel(N):
                Y[row, j] = x[j] * rstd[0] * G[j]
            Mean[row] = mean[0]
            Rstd[row] = rstd[0]

    return main


def broadcasts(M, N, dtype="float32", bM=32, bN=64):
    """A row, a column and a scalar against a block, two results a body, a let, an update in place."""

    @T.prim_func
    def main(
        X: T.Tensor((M, N), dtype),
        Row: T.Tensor((N,), dtype),
        Col: T.Tensor((M,), dtype),
        S: T.Tensor((1,), dtype),
        Y: T.Tensor((M, N), dtype),
        Z: T.Tensor((M, N), dtype),
    ):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
            x = T.alloc_shared((bM, bN), dtype)
            row = T.alloc_shared((bN,), dtype)
            col = T.alloc_shared((bM,), dtype)
            s = T.alloc_shared((1,), dtype)
            T.copy(X[by * bM, bx * bN], x)
            T.copy(Row[bx * bN], row)
            T.copy(Col[by * bM], col)
            T.copy(S, s)
            for i, j in T.Parallel(bM, bN):
                scaled = x[i, j] * col[i] + row[j]
                x[i, j] = scaled * s[0]
                Y[by * bM + i, bx * bN + j] = x[i, j]
                Z[by * bM + i, bx * bN + j] = scaled - x[i, j]

    return main
