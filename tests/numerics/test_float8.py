"""Tensors of 8-bit floats, which lie as bfloat16 in device memory: casts, elementwise work and GEMM after a cast."""

import pytest
import tilelang
import tilelang.language as T
import tilelang_tt
import torch
from bounds import check_gemm, randn

DTYPES = {"float8_e4m3fn": torch.float8_e4m3fn, "float8_e5m2": torch.float8_e5m2}
TARGETS = ["tenstorrent", "tenstorrent -arch=blackhole -numerics=exact"]


def codes(dtype):
    """Every finite number of the dtype."""
    bits = torch.arange(256).to(torch.uint8).view(DTYPES[dtype])
    values = bits.float()[bits.float().isfinite()]
    return values[torch.arange(33 * 50) % len(values)].reshape(33, 50).to(DTYPES[dtype])


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("out", ["bfloat16", "float32"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_number_arrives(dtype, out, target):
    @T.prim_func
    def main(A: T.Tensor((33, 50), dtype), C: T.Tensor((33, 50), out)):
        with T.Kernel(2, 2, threads=128) as (bx, by):
            a = T.alloc_shared((32, 32), dtype)
            c = T.alloc_fragment((32, 32), out)
            T.copy(A[by * 32, bx * 32], a)
            T.copy(a, c)
            T.copy(c, C[by * 32, bx * 32])

    a = codes(dtype)
    got = tilelang.compile(main, target=target, out_idx=[-1])(a)
    assert torch.equal(got.float() + 0, a.float() + 0)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_stores_round(dtype, target):
    @T.prim_func
    def main(A: T.Tensor((64, 64), "float32"), C: T.Tensor((64, 64), dtype)):
        with T.Kernel(2, threads=128) as bx:
            for i, j in T.Parallel(32, 64):
                C[bx * 32 + i, j] = T.cast(A[bx * 32 + i, j] * 2.0, dtype)

    a = randn(64, 64, dtype="float32")
    got = tilelang.compile(main, target=target, out_idx=[-1])(a)
    want = 2 * a.double()
    # rounded to bfloat16 first, then to nearest: half a step and a little more
    digits, smallest = (4, 2.0**-9) if dtype == "float8_e4m3fn" else (3, 2.0**-16)
    bound = (2.0**-digits + 2.0**-8) * want.abs() + smallest / 2
    assert ((got.double() - want).abs() <= bound).all()


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_gemm_after_a_cast(dtype, target):
    M, N, K = 64, 96, 80

    @T.prim_func
    def main(A: T.Tensor((M, K), "bfloat16"), B: T.Tensor((N, K), dtype), C: T.Tensor((M, N), "bfloat16")):
        with T.Kernel(T.ceildiv(N, 64), T.ceildiv(M, 64), threads=128) as (bx, by):
            a = T.alloc_shared((64, 32), "bfloat16")
            b8 = T.alloc_shared((64, 32), dtype)
            b = T.alloc_shared((64, 32), "bfloat16")
            c = T.alloc_fragment((64, 64), "float32")
            T.clear(c)
            for k in T.Pipelined(T.ceildiv(K, 32), num_stages=2):
                T.copy(A[by * 64, k * 32], a)
                T.copy(B[bx * 64, k * 32], b8)
                T.copy(b8, b)
                T.gemm(a, b, c, transpose_B=True)
            T.copy(c, C[by * 64, bx * 64])

    a, b = randn(M, K), randn(N, K, seed=1).to(DTYPES[dtype])
    kernel = tilelang.compile(main, target=target, out_idx=[-1])
    check_gemm(kernel(a, b), a, b.double().T, numerics="exact" if "exact" in target else "fast")
    plan = tilelang_tt.compile_artifacts(main, target).plan
    assert f"B: {dtype} stored as Float16_b, which holds all its values" in plan["launches"][0]["notes"]


def test_gemm_of_float8_itself():
    """The matrix engine sees bfloat16, which holds all of its values."""

    @T.prim_func
    def main(
        A: T.Tensor((32, 64), "float8_e4m3fn"), B: T.Tensor((64, 32), "float8_e4m3fn"), C: T.Tensor((32, 32), "float32")
    ):
        with T.Kernel(1, threads=128) as bx:
            a = T.alloc_shared((32, 64), "float8_e4m3fn")
            b = T.alloc_shared((64, 32), "float8_e4m3fn")
            c = T.alloc_fragment((32, 32), "float32")
            T.copy(A[bx * 32, 0], a)
            T.copy(B[0, 0], b)
            T.clear(c)
            T.gemm(a, b, c)
            T.copy(c, C[bx * 32, 0])

    a, b = (randn(*s, seed=i).to(torch.float8_e4m3fn) for i, s in enumerate(((32, 64), (64, 32))))
    check_gemm(tilelang.compile(main, target="tenstorrent", out_idx=[-1])(a, b), a.double(), b.double(), out="float32")
