"""Reductions and running sums of one block, as GPU users write them."""

import tilelang.language as T


def five(dtype, dim, M, N):
    n = (M, N)[1 - dim]

    @T.prim_func
    def main(
        A: T.Tensor((M, N), dtype),
        Sum: T.Tensor((n,), dtype),
        Max: T.Tensor((n,), dtype),
        Min: T.Tensor((n,), dtype),
        AbsSum: T.Tensor((n,), dtype),
        AbsMax: T.Tensor((n,), dtype),
    ):
        with T.Kernel(1, threads=128) as _:
            a = T.alloc_fragment((M, N), dtype)
            s = T.alloc_fragment((n,), dtype)
            high = T.alloc_fragment((n,), dtype)
            low = T.alloc_fragment((n,), dtype)
            size = T.alloc_fragment((n,), dtype)
            extent = T.alloc_fragment((n,), dtype)
            T.copy(A, a)
            T.reduce_sum(a, s, dim=dim)
            T.reduce_max(a, high, dim=dim)
            T.reduce_min(a, low, dim=dim)
            T.reduce_abssum(a, size, dim=dim)
            T.reduce_absmax(a, extent, dim=dim)
            T.copy(s, Sum)
            T.copy(high, Max)
            T.copy(low, Min)
            T.copy(size, AbsSum)
            T.copy(extent, AbsMax)

    return main


def running_maximum(M, N, dtype, dim, reverse):
    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), O: T.Tensor((M, N), dtype)):
        with T.Kernel(1, threads=128) as _:
            a = T.alloc_fragment((M, N), dtype)
            T.copy(A, a)
            T.cummax(a, dim=dim, reverse=reverse)
            T.copy(a, O)

    return main


def running_sum(M, N, dtype, dim, reverse):
    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), O: T.Tensor((M, N), dtype)):
        with T.Kernel(1, threads=128) as _:
            a = T.alloc_fragment((M, N), dtype)
            T.copy(A, a)
            T.cumsum(a, dim=dim, reverse=reverse)
            T.copy(a, O)

    return main
