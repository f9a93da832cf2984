"""Data movement: small blocks, parts of buffers, views, permuted and unaligned copies."""

import sys
from pathlib import Path

import pytest
import tilelang
import tilelang.language as T
import torch
from bounds import randn, relative

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples"))

ARCHS = ["wormhole_b0", "blackhole"]


def run(func, *inputs, arch="wormhole_b0"):
    return tilelang.compile(func, target=f"tenstorrent -arch={arch}", out_idx=[-1])(*inputs)


def scaled_copy(M, N, bM, bN, dtype):
    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), B: T.Tensor((M, N), dtype)):
        with T.Kernel(T.ceildiv(N, bN), T.ceildiv(M, bM), threads=128) as (bx, by):
            s = T.alloc_shared((bM, bN), dtype)
            T.copy(A[by * bM, bx * bN], s)
            for i, j in T.Parallel(bM, bN):
                s[i, j] = s[i, j] * 2
            T.copy(s, B[by * bM, bx * bN])

    return main


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "int32"])
@pytest.mark.parametrize(
    "M, N, bM, bN", [(64, 64, 16, 64), (50, 70, 16, 48), (32, 32, 2, 2), (5, 7, 4, 4), (33, 100, 48, 10), (1, 1, 8, 8)]
)
def test_small_blocks(M, N, bM, bN, dtype):
    a = torch.randint(-99, 99, (M, N), dtype=torch.int32) if dtype == "int32" else randn(M, N, dtype=dtype)
    for arch in ARCHS:
        assert torch.equal(run(scaled_copy(M, N, bM, bN, dtype), a, arch=arch), a * 2)


@pytest.mark.parametrize("M, N, bM, bN", [(64, 64, 16, 32), (80, 48, 16, 16), (96, 96, 48, 48)])
def test_small_gemm_blocks(M, N, bM, bN):
    import kernels

    a, b = randn(M, 64), randn(64, N, seed=1)
    got = run(kernels.gemm(M, N, 64, bM, bN, 32, out="float32"), a, b)
    assert relative(got, a.double() @ b.double()) <= 1e-6


def row_norm(M, N, bM):
    @T.prim_func
    def main(A: T.Tensor((M, N), "float32"), W: T.Tensor((N,), "float32"), B: T.Tensor((M, N), "float32")):
        with T.Kernel(T.ceildiv(M, bM), threads=128) as bx:
            s = T.alloc_shared((bM, N), "float32")
            m = T.alloc_fragment((bM,), "float32")
            T.copy(A[bx * bM : (bx + 1) * bM, :], s)
            T.reduce_max(s, m, dim=1)
            for i, j in T.Parallel(bM, N):
                s[i, j] = T.exp(s[i, j] - m[i]) * W[j]
            T.copy(s, B[bx * bM : (bx + 1) * bM, :])

    return main


@pytest.mark.parametrize("M, bM", [(64, 8), (50, 4), (7, 2)])
def test_few_rows_a_block(M, bM):
    a, w = randn(M, 64).float(), randn(64, dtype="float32", seed=1)  # the maximum along rows passes through bf16
    got = run(row_norm(M, 64, bM), a, w)
    ref = torch.exp(a.double() - a.double().amax(1, keepdim=True)) * w.double()
    assert relative(got, ref) <= 1e-5


# ---- parts of buffers ----
def swap_halves(dtype):
    """Reads and writes static parts, of what was computed."""

    @T.prim_func
    def main(A: T.Tensor((64, 64), dtype), B: T.Tensor((64, 64), dtype)):
        with T.Kernel(1, threads=128):
            s = T.alloc_shared((64, 64), dtype)
            b = T.alloc_fragment((64, 64), dtype)
            T.copy(A, s)
            for i, j in T.Parallel(64, 64):
                s[i, j] = s[i, j] * 2
            T.copy(s[32:64, :], b[0:32, :])
            for h in T.serial(2):
                for i, j in T.Parallel(32, 32):
                    b[i + 32, h * 32 + j] = s[i, h * 32 + j] + s[i, j]
            T.copy(b, B)

    return main


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "int32"])
@pytest.mark.parametrize("arch", ARCHS)
def test_parts(dtype, arch):
    a = torch.randint(-9, 9, (64, 64), dtype=torch.int32)
    a = a if dtype == "int32" else a.to(getattr(torch, dtype))
    low = a[:32] * 2 + torch.cat([a[:32, :32], a[:32, :32]], 1) * 2
    assert torch.equal(run(swap_halves(dtype), a, arch=arch), torch.cat([a[32:] * 2, low]))


def gemm_in_parts(parts):
    @T.prim_func
    def main(A: T.Tensor((64, 64), "bfloat16"), W: T.Tensor((64, 64), "bfloat16"), B: T.Tensor((64, 64), "float32")):
        with T.Kernel(1, threads=128):
            a = T.alloc_shared((64, 32), "bfloat16")
            w = T.alloc_shared((32, 64), "bfloat16")
            acc = T.alloc_fragment((64, 64), "float32")
            T.clear(acc)
            for k in T.Pipelined(2, num_stages=2):
                T.copy(A[0, k * 32], a)
                T.copy(W[k * 32, 0], w)
                for h in range(parts):
                    T.gemm(a[h * 32 : (h + 1) * 32, :], w, acc[h * 32 : (h + 1) * 32, :])
            T.copy(acc, B)

    return main


@pytest.mark.parametrize("arch", ARCHS)
def test_gemm_of_parts(arch):
    a, w = randn(64, 64), randn(64, 64, seed=1)
    assert relative(run(gemm_in_parts(2), a, w, arch=arch), a.double() @ w.double()) <= 1e-6


def multi_buffer(ahead):
    """Two stages by hand: written ahead of the iteration that reads them, or in it."""

    @T.prim_func
    def main(A: T.Tensor((64, 128), "bfloat16"), W: T.Tensor((128, 64), "bfloat16"), B: T.Tensor((64, 64), "float32")):
        with T.Kernel(1, threads=128):
            a = T.alloc_shared((2, 64, 32), "bfloat16")
            w = T.alloc_shared((2, 32, 64), "bfloat16")
            acc = T.alloc_fragment((64, 64), "float32")
            T.clear(acc)
            if ahead:
                T.copy(A[0:64, 0:32], a[0, :, :])
                T.copy(W[0:32, 0:64], w[0, :, :])
                for k in T.serial(17):
                    T.copy(A[0:64, (k % 3 + 1) * 32 : (k % 3 + 2) * 32], a[(k + 1) % 2, :, :])
                    T.copy(W[(k % 3 + 1) * 32 : (k % 3 + 2) * 32, 0:64], w[(k + 1) % 2, :, :])
                    T.gemm(a[k % 2, :, :], w[k % 2, :, :], acc)
            else:
                for k in T.Pipelined(4, num_stages=2):
                    T.copy(A[0:64, k * 32 : (k + 1) * 32], a[k % 2, :, :])
                    T.copy(W[k * 32 : (k + 1) * 32, 0:64], w[k % 2, :, :])
                    T.gemm(a[k % 2, :, :], w[k % 2, :, :], acc)
            T.copy(acc, B)

    return main


@pytest.mark.parametrize("ahead", [False, True])
def test_multi_buffer(ahead):
    a, w = randn(64, 128), randn(128, 64, seed=1)
    stages = [0] + [k % 3 + 1 for k in range(16)] if ahead else range(4)
    ref = sum(a[:, k * 32 : k * 32 + 32].double() @ w[k * 32 : k * 32 + 32].double() for k in stages)
    assert relative(run(multi_buffer(ahead), a, w), ref) <= 1e-6


def heads(H):
    """A three-dimensional fragment, whole and matrix by matrix; four-dimensional tensors."""

    @T.prim_func
    def main(A: T.Tensor((2, H, 64, 48), "float32"), B: T.Tensor((2, H, 64, 48), "float32")):
        with T.Kernel(2, threads=128) as bx:
            s = T.alloc_fragment((H, 64, 48), "float32")
            r = T.alloc_fragment((64, 48), "float32")
            T.copy(A[bx, 0:H, 0:64, 0:48], s)
            T.clear(r)
            for h in range(H):
                for i, j in T.Parallel(64, 48):
                    r[i, j] = r[i, j] + s[h, i, j]
            for h, i, j in T.Parallel(H, 64, 48):
                s[h, i, j] = s[h, i, j] * r[i, j]
            for h, i, j in T.Parallel(H, 64, 48):
                s[h, i, j] = s[h, i, j] + 1
            T.copy(s, B[bx, 0:H, 0:64, 0:48])

    return main


@pytest.mark.parametrize("arch", ARCHS)
def test_stacked_matrices(arch):
    a = randn(2, 3, 64, 48, dtype="float32")
    assert relative(run(heads(3), a, arch=arch), a.double() * a.double().sum(1, keepdim=True) + 1) <= 1e-6


def assembled(steps):
    """Parts that a matmul takes as a whole; a part whose place differs between iterations."""

    @T.prim_func
    def main(A: T.Tensor((64, 32), "bfloat16"), W: T.Tensor((96, 64), "bfloat16"), B: T.Tensor((64, 96), "float32")):
        with T.Kernel(1, threads=128):
            a = T.alloc_shared((64, 32), "bfloat16")
            p = T.alloc_shared((64, 64), "bfloat16")
            w = T.alloc_shared((96, 64), "bfloat16")
            acc = T.alloc_fragment((64, 96), "float32")
            T.copy(A, a)
            T.copy(W, w)
            for i, j in T.Parallel(64, 32):
                p[i, j] = a[i, j] * 2
            for i, j in T.Parallel(64, 32):
                p[i, j + 32] = T.max(a[i, j], 0)
            for k in T.serial(steps):
                for i, j in T.Parallel(64, 32):
                    p[i, k % 2 * 32 + j] = -p[i, k % 2 * 32 + j]
            T.gemm(p, w, acc, transpose_B=True, clear_accum=True)
            T.copy(acc, B)

    return main


@pytest.mark.parametrize("arch", ARCHS)
def test_assembled_operand(arch):
    a, w = randn(64, 32), randn(96, 64, seed=1)
    p = torch.cat([-a * 2, a.clamp_min(0)], 1).double()
    assert relative(run(assembled(17), a, w, arch=arch), p @ w.double().T) <= 1e-6


def one_row_at_a_time():
    @T.prim_func
    def main(A: T.Tensor((64, 64), "float32"), B: T.Tensor((64, 64), "float32")):
        with T.Kernel(1, threads=128):
            s = T.alloc_shared((64, 64), "float32")
            T.copy(A, s)
            for k in T.serial(64):
                for j in T.Parallel(64):
                    s[k, j] = s[k, j] * 2
            T.copy(s, B)

    return main


def test_rows_one_at_a_time_are_done_together():
    a = torch.randn(64, 64)
    assert torch.equal(tilelang.compile(one_row_at_a_time(), target="tenstorrent", out_idx=[-1])(a), 2 * a)


def each_row_from_the_one_before():
    @T.prim_func
    def main(A: T.Tensor((64, 64), "float32"), B: T.Tensor((64, 64), "float32")):
        with T.Kernel(1, threads=128):
            s = T.alloc_shared((64, 64), "float32")
            T.copy(A, s)
            for k in T.serial(1, 64):
                for j in T.Parallel(64):
                    s[k, j] = s[k, j] + s[k - 1, j]
            T.copy(s, B)

    return main


def test_part_inside_a_tile_is_refused():
    with pytest.raises(Exception, match="TT3003.*not made of whole 32x32 tiles"):
        tilelang.compile(each_row_from_the_one_before(), target="tenstorrent", out_idx=[-1])


# ---- copies, casts, permuted tensors ----
def permuted(B, S, H, D, dtype, out):
    """(B, S, H, D) as (B, H, D, S), cast on the way."""

    @T.prim_func
    def main(A: T.Tensor((B, S, H, D), dtype), C: T.Tensor((B, H, D, S), out)):
        with T.Kernel(T.ceildiv(S, 32), H, B, threads=128) as (bx, by, bz):
            a = T.alloc_shared((32, D), dtype)
            c = T.alloc_fragment((D, 32), out)
            T.copy(A[bz, bx * 32 : (bx + 1) * 32, by, 0:D], a)
            for i, j in T.Parallel(D, 32):
                c[i, j] = a[j, i]
            T.copy(c, C[bz, by, 0:D, bx * 32 : (bx + 1) * 32])

    return main


@pytest.mark.parametrize("dtype, out", [("bfloat16", "float32"), ("float32", "bfloat16"), ("float16", "float16")])
@pytest.mark.parametrize("S, D", [(64, 64), (50, 40), (1, 1)])
def test_permuted_copy(S, D, dtype, out):
    a = randn(2, S, 3, D, dtype=dtype)
    got = run(permuted(2, S, 3, D, dtype, out), a)
    assert (got.double() - a.permute(0, 2, 3, 1).double()).abs().max() <= (2.0**-7 if out == "bfloat16" else 0)


def transposed(M, N, dtype):
    import transpose

    return transpose.transpose(M=M, N=N, dtype=dtype)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
@pytest.mark.parametrize("M, N", [(64, 128), (50, 70), (1, 100)])
def test_transpose(M, N, dtype):
    a = randn(M, N).to(getattr(torch, dtype))
    assert torch.equal(run(transposed(M, N, dtype), a), a.T.contiguous())
