"""GEMMs whose blocks share out one line of iterations over all output tiles."""

import tilelang.language as T


def by_while(M, N, K, programs, tiles, bM, bN, bK, dtype, full_tiles=0):
    columns, iterations = -(-N // bN), -(-K // bK)
    full, part = divmod(tiles * iterations, programs)

    @T.prim_func
    def main(A: T.Tensor((M, K), dtype), B: T.Tensor((K, N), dtype), C: T.Tensor((M, N), "float32")):
        with T.Kernel(programs, threads=128) as pid:
            A_shared = T.alloc_shared((bM, bK), dtype)
            B_shared = T.alloc_shared((bK, bN), dtype)
            acc = T.alloc_fragment((bM, bN), "float32")
            start = T.alloc_var("int32")
            end = T.alloc_var("int32")
            start = pid * full + T.min(pid, part)
            last = (pid + 1) * full + T.min(pid + 1, part)
            while start < last:
                end = T.min(start + (iterations - start % iterations), last)
                tile = start // iterations
                T.clear(acc)
                for k in T.Pipelined(end - start, num_stages=2):
                    T.copy(A[tile // columns * bM, (k + start % iterations) * bK], A_shared)
                    T.copy(B[(k + start % iterations) * bK, tile % columns * bN], B_shared)
                    T.gemm(A_shared, B_shared, acc)
                if start % iterations == 0 and end % iterations == 0:
                    T.copy(acc, C[tile // columns * bM, tile % columns * bN])
                else:
                    for i, j in T.Parallel(bM, bN):
                        T.atomic_add(C[tile // columns * bM + i, tile % columns * bN + j], acc[i, j])
                start = end
            for p in T.serial(full_tiles):
                rest = pid + tiles + p * programs
                T.clear(acc)
                for k in T.Pipelined(iterations, num_stages=1):
                    T.copy(A[rest // columns * bM, k * bK], A_shared)
                    T.copy(B[k * bK, rest % columns * bN], B_shared)
                    T.gemm(A_shared, B_shared, acc)
                T.copy(acc, C[rest // columns * bM, rest % columns * bN])

    return main


def by_loops(M, N, K, programs, tiles, bM, bN, bK, dtype):
    columns, iterations = -(-N // bN), -(-K // bK)
    full, part = divmod(tiles * iterations, programs)

    @T.prim_func
    def main(A: T.Tensor((M, K), dtype), B: T.Tensor((K, N), dtype), C: T.Tensor((M, N), "float32")):
        with T.Kernel(programs, threads=128) as pid:
            A_shared = T.alloc_shared((bM, bK), dtype)
            B_shared = T.alloc_shared((bK, bN), dtype)
            acc = T.alloc_fragment((bM, bN), "float32")
            first = pid * full + T.min(pid, part)
            last = (pid + 1) * full + T.min(pid + 1, part)
            for tile in T.serial(first // iterations, T.ceildiv(last, iterations)):
                begin = T.max(first - tile * iterations, 0)
                end = T.min(last - tile * iterations, iterations)
                T.clear(acc)
                for k in T.serial(begin, end):
                    T.copy(A[tile // columns * bM, k * bK], A_shared)
                    T.copy(B[k * bK, tile % columns * bN], B_shared)
                    T.gemm(A_shared, B_shared, acc)
                if begin == 0 and end == iterations:
                    T.copy(acc, C[tile // columns * bM, tile % columns * bN])
                else:
                    T.atomic_add(C[tile // columns * bM, tile % columns * bN], acc)

    return main
