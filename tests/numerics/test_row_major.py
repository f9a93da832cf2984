"""Tensors that lie in rows: blocks that begin or end inside tiles, partial tile writes, annotated tensors."""

import pytest
import row_major_kernels as kernels
import tilelang
import torch
from bounds import randn, relative

ARCHS = ["wormhole_b0", "blackhole"]
DTYPES = ["bfloat16", "float16", "float32", "int32"]


def run(func, *inputs, arch="wormhole_b0", grid="", numerics="fast"):
    target = f"tenstorrent -arch={arch} -numerics={numerics}" + (f" -grid={grid}" if grid else "")
    return tilelang.compile(func, target=target)(*inputs)


def values(*shape, dtype, seed=0):
    if dtype != "int32":
        return randn(*shape, dtype=dtype, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-(2**31), 2**31 - 1, shape, dtype=torch.int32, generator=generator)


def filled_like(a, value=77):
    return torch.full_like(a, value)


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "M, N, bM, bN, row, col",
    [
        (70, 90, 16, 24, 5, 3),
        (100, 300, 48, 200, 1, 1),
        (33, 65, 32, 32, 0, 16),
        (3, 5, 2, 2, 1, 1),
        (40, 41, 1, 40, 7, 1),
    ],
)
def test_copies_are_exact(M, N, bM, bN, row, col, dtype, arch):
    a = values(M, N, dtype=dtype)
    got = filled_like(a)
    run(kernels.shifted_copy(M, N, bM, bN, row, col, dtype), a, got, arch=arch, grid="2x2", numerics="exact")
    want = filled_like(a)
    want[row:, col:] = a[row:, col:]
    assert torch.equal(got, want)


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_slices(dtype, arch):
    a = values(70, 50, dtype=dtype)
    got = torch.full((41, 77), 5, dtype=a.dtype)
    run(kernels.slices(dtype), a, got, arch=arch)
    want = torch.full((41, 77), 5, dtype=a.dtype)
    want[1:33, 44:76] = a[7:39, 3:35]
    assert torch.equal(got, want)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_scaled_blocks(dtype):
    a = values(75, 90, dtype=dtype)
    got = filled_like(a)
    run(kernels.shifted_copy(75, 90, 20, 70, 3, 9, dtype, 2), a, got)
    want = filled_like(a)
    want[3:, 9:] = a[3:, 9:] * 2
    assert torch.equal(got, want)


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_single_elements(dtype, arch):
    a = values(30, dtype=dtype)
    got = filled_like(a)
    run(kernels.elements(30, dtype), a, got, arch=arch, grid="2x2")
    want = filled_like(a)
    want[1::3] = a[1::3]
    assert torch.equal(got, want)


@pytest.mark.parametrize("arch", ARCHS)
def test_parts_of_vectors(arch):
    x, s = values(53, dtype="float32"), values(53, dtype="float32", seed=1)
    got = torch.full((53, 40), 7.0)
    run(kernels.vectors(53, 16, 5, "float32"), x, s, got, arch=arch)
    want = torch.full((53, 40), 7.0)
    want[5:] = x[5:, None] * s[None, :40]
    assert torch.equal(got, want)


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize(
    "M, N, K, bM, bN, bK, trans_b, row",
    [(75, 100, 70, 16, 48, 24, False, 3), (75, 100, 70, 48, 40, 40, True, 3), (96, 64, 96, 16, 64, 16, False, 0)],
)
def test_gemm(M, N, K, bM, bN, bK, trans_b, row, arch):
    a, b = values(M, K, dtype="bfloat16"), values(*((N, K) if trans_b else (K, N)), dtype="bfloat16", seed=1)
    got = torch.full((M, N), 3.0)
    run(kernels.gemm(M, N, K, bM, bN, bK, trans_b, "bfloat16", "float32", row), a, b, got, arch=arch)
    want = a.double() @ (b.double().T if trans_b else b.double())
    want += (torch.arange(M)[:, None] - row) % bM
    assert torch.equal(got[:row], torch.full((row, N), 3.0))
    assert relative(got[row:], want[row:]) <= 1e-6


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_branches_and_loops(dtype, arch):
    a = values(48, 50, dtype=dtype) if dtype == "float32" else torch.arange(48 * 50, dtype=torch.int32).reshape(48, 50)
    got = filled_like(a)
    run(kernels.branch(48, 50, 12, dtype), a, got, arch=arch, grid="1x2")
    want = a.clone()
    for first in range(0, 48, 12):
        if first // 12 % 2 == 0:
            want[first : first + 12] = a[first : first + 12] * 2 + torch.arange(12, dtype=a.dtype)[:, None]
        else:
            shifted = torch.zeros(12, 50, dtype=a.dtype)
            rows = a[first + 2 : first + 14]
            shifted[: len(rows)] = rows
            want[first : first + 12] = shifted
    assert torch.equal(got, want)


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_masked_stores_in_place(dtype, arch):
    a = torch.arange(3600).reshape(60, 60).to(getattr(torch, dtype))
    want = a.clone()
    row, col = torch.meshgrid(torch.arange(60), torch.arange(60), indexing="ij")
    want += (row >= col) * (row % 20 + 1)
    run(kernels.triangle(60, 20, dtype), a, arch=arch)
    assert torch.equal(a, want.to(a.dtype))


@pytest.mark.parametrize("arch", ARCHS)
def test_middle_dimensions(arch):
    x = values(2, 53, 3, 40, dtype="float32")
    got = torch.full_like(x, 3)
    run(kernels.heads(2, 53, 3, 40, 16, "float32"), x, got, arch=arch)
    assert torch.equal(got[:, :5], torch.full((2, 5, 3, 40), 3.0))
    assert relative(got[:, 5:], torch.softmax(x[:, 5:].double(), -1)) <= 1e-5


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_rest_of_tiles_does_not_count(dtype, arch):
    a = values(60, 100, dtype=dtype)
    got = torch.empty(5, 100)
    run(kernels.column_sums(60, 100, 12, 20, dtype), a, got, arch=arch)
    want = (a.double().reshape(5, 12, 100) * torch.arange(1, 13)[:, None]).sum(1)
    assert relative(got, want) <= 1e-6


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("tensors", ["A", "B", "AB"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_annotated(tensors, dtype, arch):
    a = values(70, 90, dtype=dtype) if dtype != "int32" else torch.arange(6300, dtype=torch.int32).reshape(70, 90)
    got = filled_like(a)
    run(kernels.annotated(70, 90, dtype, tensors), a, got, arch=arch)
    assert torch.equal(got, a * 2)


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("n", [48, 20, 80])
def test_same_part_for_all_blocks(n, arch):
    a, w = values(160, 64, dtype="bfloat16"), values(80, 90, dtype="bfloat16", seed=1)
    got = torch.empty(160, n)
    run(kernels.resident(160, 80, n, "bfloat16"), a, w, got, arch=arch, grid="1x2")
    assert relative(got, a.double() @ w.double()[3:67, 7 : 7 + n]) <= 1e-6
