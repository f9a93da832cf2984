"""GEMM with weights of 8, 4 and 2 bits that a T.Parallel dequantises, against float64."""

import pytest
import storage_kernels as kernels
import tilelang
import tilelang.language as T
import tilelang_tt
import torch
from bounds import check_gemm, randn, relative

WORMHOLE, BLACKHOLE = "tenstorrent", "tenstorrent -arch=blackhole"


def numbers(b, bits, signed):
    """The numbers in bytes, the lowest bits first."""
    codes = torch.stack([b.int() >> s & (1 << bits) - 1 for s in range(0, 8, bits)], -1).reshape(b.shape[0], -1)
    return torch.where(codes >= 1 << bits - 1, codes - (1 << bits), codes) if signed else codes


def run(number, shape=(64, 96, 128), bits=4, signed=False, offset=0, group=0, target=WORMHOLE, **options):
    M, N, K = shape
    weights = options.get("weights", "uint8")
    generator = torch.Generator().manual_seed(3)
    a = randn(M, K)
    b = torch.randint(0, 256, (N, K * bits // 8), generator=generator, dtype=torch.uint8)
    b = b.view(torch.int8) if weights == "int8" else b
    s = (torch.rand(N, max(1, K // max(group, 1)), generator=generator) + 0.5).bfloat16()
    kernel = tilelang.compile(
        kernels.dequant_gemm(M, N, K, number, bits=bits, group=group, **options), target=target, out_idx=[-1]
    )
    values = b if bits == 8 else numbers(b, bits, signed)
    dense = values.double() + offset
    got = kernel(a, b, s)
    if not group:
        return check_gemm(got, a, dense.T, numerics="exact" if "exact" in target else "fast")
    dense *= s.double().repeat_interleave(group, 1)[:, :K]
    ref, scale = a.double() @ dense.T, a.double().abs() @ dense.abs().T
    assert relative(got, ref) <= 4e-3
    # the scaled weights are rounded to bfloat16 before the product
    excess = ((got.double() - ref).abs() - (2.0**-8 * ref.abs() + 2.0**-8 * scale)).max().item()
    assert excess <= 0, f"elementwise bound 2^-8·(|C| + |A|·|B|) exceeded by {excess:.3e}"


@pytest.mark.parametrize("target", [WORMHOLE, BLACKHOLE, WORMHOLE + " -numerics=exact"])
@pytest.mark.parametrize("group", [0, 64, 128])
@pytest.mark.parametrize("weights", ["int8", "uint8"])
def test_bytes(weights, group, target):
    run(kernels.whole_byte, bits=8, weights=weights, group=group, target=target)


@pytest.mark.parametrize(
    "number,storage,weights,signed,offset",
    [
        (kernels.by_shift, "uint4", "uint8", False, 0),
        (kernels.by_selection, "uint4", "uint8", False, 0),
        (kernels.with_zero_point, "uint4", "uint8", False, -8),
        (kernels.signed_by_shifts, "int4", "int8", True, 0),
        (kernels.signed_by_shifts, "uint4", "int8", True, 0),  # the kernel's own arithmetic extends the sign
        (kernels.signed_by_reinterpret, "int4", "uint8", True, 0),
        (kernels.by_shift, "int4", "uint8", False, 0),
    ],
)
def test_packed(number, storage, weights, signed, offset):
    run(number, storage=storage, weights=weights, signed=signed, offset=offset)


@pytest.mark.parametrize("target", [BLACKHOLE, WORMHOLE + " -numerics=exact"])
def test_packed_elsewhere(target):
    run(kernels.by_shift, storage="uint4", group=64, target=target)


@pytest.mark.parametrize("shape", [(32, 64, 64), (50, 70, 192), (128, 128, 64)])
def test_shapes_and_groups(shape):
    run(kernels.signed_by_reinterpret, shape, storage="int4", signed=True, group=64, through=False)


def test_two_bits_through_a_fragment():
    run(kernels.by_shift_of_2, bits=2, storage="uint2", through=True)


def test_numbers_reach_the_product_without_integer_work():
    function = kernels.dequant_gemm(64, 64, 128, kernels.signed_by_reinterpret, "int4")
    artifacts = tilelang_tt.compile_artifacts(function)
    compute = artifacts.files["compute.cpp"]
    assert "bitwise" not in compute and "shift" not in compute and "typecast" not in compute
    tensor = next(t for t in artifacts.plan["tensors"] if t["name"] == "B")
    assert tensor["shape"] == [64, 64] and tensor["host"]["cols"] == 128
    assert tensor["host"]["unpack"] == {"bits": 4, "signed": True}
    assert any("the host unpacks 2 numbers a byte" in n for n in artifacts.plan["launches"][0]["notes"])


def test_without_annotation_the_message_names_it():
    with pytest.raises(tilelang_tt.CompileError) as error:
        tilelang_tt.compile_artifacts(kernels.dequant_gemm(64, 64, 64, kernels.by_shift))
    assert 'tilelang_tt.annotate_storage({tensor: "uint4"})' in str(error.value)


def more_than_one(byte, pos, dtype):
    return T.cast(byte & T.uint8(127), dtype)


def test_uses_of_whole_bytes_are_refused():
    with pytest.raises(tilelang_tt.CompileError, match="TT2071.*single numbers out of the bytes of `B_shared`"):
        tilelang_tt.compile_artifacts(kernels.dequant_gemm(64, 64, 64, more_than_one, "uint4"))

    @T.prim_func
    def copied(B: T.Tensor((64, 32), "uint8"), C: T.Tensor((64, 32), "uint8")):
        with T.Kernel(2, threads=128) as bx:
            tilelang_tt.annotate_storage({B: "uint4"})
            b = T.alloc_shared((32, 32), "uint8")
            T.copy(B[bx * 32, 0], b)
            T.copy(b, C[bx * 32, 0])

    with pytest.raises(tilelang_tt.CompileError, match="TT2070.*T.copy uses `b`"):
        tilelang_tt.compile_artifacts(copied)
