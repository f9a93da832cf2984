"""Tensors kept in block formats by annotation: GEMM, elementwise work and copies against float64."""

import pytest
import tilelang
import tilelang.language as T
import tilelang_tt
import torch
from bounds import TORCH, randn
from storage_kernels import gemm, product

TARGETS = ["tenstorrent", "tenstorrent -arch=blackhole"]
# Half a step of the format, relative to the largest of the elements that share an exponent.
STEP = {"bfp8_b": 2.0**-7, "bfp4_b": 2.0**-3}


def blocks(x, storage):
    """How far the host's conversion is off at most: half a step, of 16 elements of a row that share an exponent."""
    rows, cols = x.shape
    groups = torch.zeros(rows, -(-cols // 16) * 16, dtype=torch.float64)
    groups[:, :cols] = x.double()
    groups = groups.reshape(rows, -1, 16)
    largest = groups.abs().amax(2, keepdim=True).expand_as(groups)
    return STEP[storage] * largest.reshape(rows, -1)[:, :cols]


@pytest.mark.parametrize("numerics", ["fast", "exact"])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "storage", [{"B": "bfp8_b"}, {"A": "bfp8_b", "B": "bfp8_b"}, {"B": "bfp4_b"}, {"C": "bfp8_b"},
                {"A": "bfp8_b", "B": "bfp8_b", "C": "bfp8_b"}],
    ids=["b8", "ab8", "b4", "c8", "abc8"])  # fmt: skip
def test_gemm(storage, target, numerics):
    check_gemm((96, 80, 160), storage, f"{target} -numerics={numerics}")


@pytest.mark.parametrize("dtype,out", [("float32", "float32"), ("float16", "float16"), ("bfloat16", "float32")])
@pytest.mark.parametrize("trans_b", [False, True])
def test_gemm_dtypes(dtype, out, trans_b):
    # of float16 the matrix engine takes operands of one exponent width: both are blocks
    check_gemm((70, 50, 100), {"A": "bfp8_b", "B": "bfp8_b"}, TARGETS[0], dtype=dtype, out=out, trans_b=trans_b)


@pytest.mark.parametrize("block", [32, 128])
def test_gemm_blocks(block):
    check_gemm((256, 128, 128), {"A": "bfp8_b", "B": "bfp8_b", "C": "bfp8_b"}, TARGETS[0], block=block)


def check_gemm(shape, storage, target, dtype="bfloat16", out="bfloat16", trans_b=False, block=64):
    M, N, K = shape
    a, b = randn(M, K, dtype=dtype), randn(N, K, dtype=dtype, seed=1)
    stored = b if trans_b else b.T.contiguous()
    kernel = tilelang.compile(
        gemm(M, N, K, storage, dtype, out, trans_b, block), target=target, out_idx=[-1]
    )  # fmt: skip
    got = kernel(a, stored)
    assert got.dtype == TORCH[out]
    ref = a.double() @ b.double().T
    error_a = blocks(a, storage["A"]) if "A" in storage else torch.zeros_like(a, dtype=torch.float64)
    error_b = torch.zeros_like(b, dtype=torch.float64)
    if "B" in storage:
        error_b = blocks(stored, storage["B"]) if trans_b else blocks(stored, storage["B"]).T
    bound = error_a @ b.double().abs().T + a.double().abs() @ error_b.T + error_a @ error_b.T
    bound += 2.0**-8 * (ref.abs() + bound) + 2.0**-9 * (a.double().abs() @ b.double().abs().T)
    if "C" in storage:
        bound += blocks(ref.abs() + bound, "bfp8_b") * 2
    excess = ((got.double() - ref).abs() - bound).max().item()
    assert excess <= 0, f"bound exceeded by {excess:.3e}"
    # and the format is used: more is lost than without it, unless the result alone is stored so
    relative = ((got.double() - ref).norm() / ref.norm()).item()
    assert relative > 3e-3, relative


@pytest.mark.parametrize("numerics", ["fast", "exact"])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("storage", ["bfp8_b", "bfp4_b"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float16"])
@pytest.mark.parametrize("shape", [(64, 96), (33, 49), (1, 1)])
def test_eltwise(shape, dtype, storage, target, numerics):
    M, N = shape
    a, b = randn(M, N, dtype=dtype), randn(M, N, dtype=dtype, seed=1)
    got = tilelang.compile(product(M, N, storage, dtype), target=f"{target} -numerics={numerics}", out_idx=[-1])(a, b)
    ref = a.double() * b.double()
    bound = blocks(a, storage) * b.double().abs()
    bound += 2.0**-7 * (ref.abs() + bound)
    # the packer rounds to 7 bits, then to bfp8_b, or cuts off to bfp4_b: a whole step
    bound += blocks(ref.abs() + bound, storage) * 2
    excess = ((got.double() - ref).abs() - bound).max().item()
    assert excess <= 0, f"bound exceeded by {excess:.3e}"


def test_in_place():
    @T.prim_func
    def main(A: T.Tensor((64, 64), "float32")):
        with T.Kernel(2, threads=128) as bx:
            tilelang_tt.annotate_storage({A: "bfp8_b"})
            for i, j in T.Parallel(32, 64):
                A[bx * 32 + i, j] = A[bx * 32 + i, j] + 1.0

    a = torch.randint(-20, 20, (64, 64)).float()
    ref = a + 1
    tilelang.compile(main, target="tenstorrent")(a)
    assert torch.equal(a, ref)  # small integers are exact in the format


def test_plan_says_so():
    artifacts = tilelang_tt.compile_artifacts(gemm(64, 64, 64, {"A": "bfp8_b", "B": "bfp4_b"}))
    tensors = {t["name"]: t["layout"] for t in artifacts.plan["tensors"]}
    assert tensors["A"]["format"] == "Bfp8_b" and tensors["A"]["page_size"] == 1088
    assert tensors["B"]["format"] == "Bfp4_b" and tensors["B"]["page_size"] == 576
    channels = {c["name"]: c["ttnn_dtype"] for c in artifacts.plan["launches"][0]["circular_buffers"]}
    assert channels["A_shared"] == "bfloat8_b" and channels["B_shared"] == "bfloat4_b"
    assert any("A: bfloat16 stored as Bfp8_b, as annotated" in n for n in artifacts.plan["launches"][0]["notes"])
