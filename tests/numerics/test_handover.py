"""Values that loops and branches hand on, as operands of products: by rows and, for a transposed operand, by columns."""

import pytest
import tilelang
import tilelang.language as T
import torch
from bounds import randn, relative

CHIPS = pytest.mark.parametrize("arch", ["wormhole_b0", "blackhole"])
# Products of bf16, rounded once more on the way through a bf16 buffer.
BOUND = 2.0**-7


def run(function, arch, *inputs):
    return tilelang.compile(function, target=f"tenstorrent -arch={arch}", out_idx=[len(inputs)])(*inputs)


def chosen_by_branch(n=96, d=64):
    @T.prim_func
    def main(
        Q: T.Tensor((2 * n, d), "bfloat16"),
        K: T.Tensor((2 * n, d), "bfloat16"),
        P: T.Tensor((2 * n, d), "bfloat16"),
        S: T.Tensor((2 * n, n), "float32"),
    ):
        with T.Kernel(2) as by:
            q, k = T.alloc_shared((n, d), "bfloat16"), T.alloc_shared((n, d), "bfloat16")
            s = T.alloc_fragment((n, n), "float32")
            T.copy(Q[by * n, 0], q)
            if by == 0:
                T.copy(K[by * n, 0], k)
            else:
                T.copy(P[by * n, 0], k)
            T.clear(s)
            T.gemm(q, k, s, transpose_B=True)
            T.copy(s, S[by * n, 0])

    return main


@CHIPS
def test_operand_of_either_branch(arch):
    q, k, p = (randn(192, 64, dtype="bfloat16", seed=i) for i in range(3))
    wanted = torch.cat([q[:96].double() @ k[:96].double().T, q[96:].double() @ p[96:].double().T])
    assert relative(run(chosen_by_branch(), arch, q, k, p), wanted) <= BOUND


def carried(trips, both):
    @T.prim_func
    def main(
        A: T.Tensor((64, 96), "bfloat16"),
        W: T.Tensor((96, 96), "bfloat16"),
        C: T.Tensor((64, 96), "float32"),
    ):
        with T.Kernel(1):
            a, w = T.alloc_shared((64, 96), "bfloat16"), T.alloc_shared((96, 96), "bfloat16")
            c = T.alloc_fragment((64, 96), "float32")
            T.copy(A, a)
            T.copy(W, w)
            T.clear(c)
            for step in T.serial(trips):
                T.gemm(a, w, c, transpose_B=True)
                if both:
                    T.gemm(a, w, c)
                for i, j in T.Parallel(96, 96):
                    w[i, j] = w[i, j] * 0.5 + 0.25
            T.gemm(a, w, c, transpose_B=True)
            T.copy(c, C)

    return main


@CHIPS
@pytest.mark.parametrize("both", [False, True], ids=["columns", "both orders"])
@pytest.mark.parametrize("trips", [1, 3])
def test_carried_operand(trips, both, arch):
    a, w = randn(64, 96, dtype="bfloat16"), randn(96, 96, dtype="bfloat16", seed=1)
    x, v = a.double(), w.double()
    wanted = torch.zeros(64, 96, dtype=torch.float64)
    for _ in range(trips):
        wanted += x @ v.T + (x @ v if both else 0)
        v = (v * 0.5 + 0.25).bfloat16().double()
    wanted += x @ v.T
    assert relative(run(carried(trips, both), arch, a, w), wanted) <= BOUND


def sum_as_operand(running):
    @T.prim_func
    def main(
        A: T.Tensor((96, 128), "bfloat16"),
        B: T.Tensor((128, 96), "bfloat16"),
        X: T.Tensor((32, 96), "bfloat16"),
        C: T.Tensor((32, 96), "float32"),
    ):
        with T.Kernel(1):
            a, b = T.alloc_shared((96, 64), "bfloat16"), T.alloc_shared((64, 96), "bfloat16")
            x, y = T.alloc_shared((32, 96), "bfloat16"), T.alloc_fragment((96, 96), "bfloat16")
            s, c = T.alloc_fragment((96, 96), "float32"), T.alloc_fragment((32, 96), "float32")
            T.copy(X, x)
            T.clear(s)
            for ko in T.Pipelined(2, num_stages=2):
                T.copy(A[0, ko * 64], a)
                T.copy(B[ko * 64, 0], b)
                T.gemm(a, b, s)
            if running:
                T.cumsum(s, dim=0)
            T.copy(s, y)
            T.clear(c)
            T.gemm(x, y, c, transpose_B=True)
            T.copy(c, C)

    return main


@CHIPS
@pytest.mark.parametrize("running", [False, True], ids=["sum", "running sum"])
def test_sum_as_transposed_operand(running, arch):
    a, b = randn(96, 128, dtype="bfloat16"), randn(128, 96, dtype="bfloat16", seed=1)
    x = randn(32, 96, dtype="bfloat16", seed=2)
    s = a.double() @ b.double()
    wanted = x.double() @ (s.cumsum(0) if running else s).T
    assert relative(run(sum_as_operand(running), arch, a, b, x), wanted) <= BOUND


def two_sums(trips):
    """A section packs a sum, which the packer adds up in L1, beside a value of this iteration."""

    @T.prim_func
    def main(
        A: T.Tensor((trips * 64, 64), "bfloat16"),
        B: T.Tensor((64, 64), "bfloat16"),
        S: T.Tensor((64, 64), "float32"),
    ):
        with T.Kernel(1):
            a, b = T.alloc_shared((64, 64), "bfloat16"), T.alloc_shared((64, 64), "bfloat16")
            half = T.alloc_shared((64, 64), "bfloat16")
            first, second = T.alloc_fragment((64, 64), "float32"), T.alloc_fragment((64, 64), "float32")
            T.copy(B, b)
            T.clear(first)
            T.clear(second)
            for step in T.Pipelined(trips, num_stages=2):
                T.copy(A[step * 64, 0], a)
                T.gemm(a, b, first)
                for i, j in T.Parallel(64, 64):
                    half[i, j] = a[i, j] * 0.5
                T.gemm(half, b, second, transpose_B=True)
            for i, j in T.Parallel(64, 64):
                first[i, j] = first[i, j] + 3 * second[i, j]
            T.copy(first, S)

    return main


@CHIPS
@pytest.mark.parametrize("trips", [1, 3])
def test_sums_beside_values(trips, arch):
    a, b = randn(trips * 64, 64, dtype="bfloat16"), randn(64, 64, dtype="bfloat16", seed=1)
    total = a.double().reshape(trips, 64, 64).sum(0)
    wanted = total @ b.double() + 1.5 * total @ b.double().T
    assert relative(run(two_sums(trips), arch, a, b), wanted) <= BOUND
