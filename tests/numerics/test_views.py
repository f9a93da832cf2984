"""Tensors and buffers in several shapes (T.reshape, T.view), and vectors, which lie in rows of 32 elements."""

import pytest
import tilelang
import tilelang.language as T
import tilelang_tt
import torch
import view_kernels as kernels

ARCHS = ["wormhole_b0", "blackhole"]
DTYPES = ["bfloat16", "float16", "float32", "int32"]


def run(func, *inputs, arch="wormhole_b0", **options):
    return tilelang.compile(func, target=f"tenstorrent -arch={arch}", **({"out_idx": [-1]} | options))(*inputs)


def whole(*shape, dtype, seed=0):
    """Whole numbers that every dtype holds, as it holds their sums."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-50, 50, shape, generator=generator, dtype=torch.int32).to(getattr(torch, dtype))


# ---- T.reshape and T.view ----
SHAPES = [(1024, 32, "float32"), (2048, 64, "float16"), (512, 16, "bfloat16"), (100, 10, "int32"), (7, 7, "float32")]


@pytest.mark.parametrize("N, M, dtype", SHAPES)
@pytest.mark.parametrize("arch", ARCHS)
def test_reshape(N, M, dtype, arch):
    a = whole(N, dtype=dtype)
    matrix = a.reshape(N // M, M)
    assert torch.equal(run(kernels.reshape_tensor(N, M, dtype), a, arch=arch), matrix)
    assert torch.equal(run(kernels.shared_1d_to_2d(N, M, dtype), a, arch=arch), matrix)
    assert torch.equal(run(kernels.shared_2d_to_1d(N, M, dtype), matrix, arch=arch), a)
    assert torch.equal(run(kernels.fragment_2d_to_1d(N, M, dtype), matrix, arch=arch), a)


def test_view():
    a = whole(2048, dtype="float16")
    assert torch.equal(run(kernels.reshape_tensor(2048, 64, "float16", T.view), a), a.reshape(32, 64))


@pytest.mark.parametrize("N, M, dtype", SHAPES)
def test_reduce_after_reshape(N, M, dtype):
    a = whole(N, dtype=dtype)
    assert torch.equal(run(kernels.reduce_after_reshape(N, M, dtype), a), a.reshape(N // M, M).amax(1))


@pytest.mark.parametrize("B, S, H, D, N", [(2, 48, 4, 16, 96), (1, 50, 2, 40, 33)])
def test_collapsed(B, S, H, D, N):
    x, w = whole(B, S, H, D, dtype="bfloat16"), whole(H * D, N, dtype="bfloat16", seed=1)
    got = run(kernels.collapsed_gemm(B, S, H, D, N), x, w)
    assert torch.equal(got.double(), (x.reshape(B * S, H * D).double() @ w.double()).reshape(B, S, N))


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("B, S, D", [(2, 64, 40), (3, 32, 32)])
def test_both_shapes(B, S, D, arch):
    x = whole(B, S, D, dtype="float32")
    assert torch.equal(run(kernels.both_shapes(B, S, D), x, arch=arch), ((x + 1) * 2).reshape(B * S, D))


@pytest.mark.parametrize("M, N", [(64, 40), (50, 33)])
def test_counted_off(M, N):
    a = whole(M, N, dtype="bfloat16")
    assert torch.equal(run(kernels.counted_off(M, N, "bfloat16"), a), a.reshape(-1))


def test_caller_strides():
    """Neither the input nor the result is contiguous."""
    x, w = whole(2, 4, 48, 16, dtype="bfloat16").permute(0, 2, 1, 3), whole(64, 96, dtype="bfloat16", seed=1)
    y = torch.zeros(2, 96, 48).transpose(1, 2)
    run(kernels.collapsed_gemm(2, 48, 4, 16, 96), x, w, y, out_idx=None)
    assert torch.equal(y.double(), (x.reshape(96, 64).double() @ w.double()).reshape(2, 48, 96))
    a, b, c = whole(3000, dtype="float32"), whole(3000, dtype="float32", seed=1), torch.full((9000,), 7.0)
    run(kernels.add(3000, 1024, "float32"), a.flip(0), b, c[::3], out_idx=None)
    assert torch.equal(c[::3], a.flip(0) + b) and (c[1::3] == 7).all() and (c[2::3] == 7).all()


# ---- vectors ----
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize(
    "N, block", [(4096, 1024), (4000, 1024), (4097, 256), (1, 1024), (20, 128), (40, 32), (1000, 1000), (5000, 96)]
)
def test_add(N, block, dtype, arch):
    a, b = whole(N, dtype=dtype), whole(N, dtype=dtype, seed=1)
    assert torch.equal(run(kernels.add(N, block, dtype), a, b, arch=arch), a + b)


@pytest.mark.parametrize("N", [3000, 4096])
def test_lanes_together(N):
    a, b = whole(N, dtype="bfloat16"), whole(N, dtype="bfloat16", seed=1)
    assert torch.equal(run(kernels.add_vectorized(N, 128, 8, "bfloat16"), a, b), a + b)


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("N, block", [(3000, 1024), (1024, 1024), (333, 128), (5, 64)])
def test_guards_and_positions(N, block, arch):
    a, at = whole(N, dtype="float32"), torch.arange(N)
    assert torch.equal(run(kernels.guarded(N, block, "float32"), a, arch=arch), torch.where(at % 3 == 1, a, at.float()))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("N, block", [(3000, 1024), (999, 128), (100, 100)])
def test_buffers(N, block, dtype):
    a = whole(N, dtype=dtype)
    assert torch.equal(run(kernels.through_buffers(N, block, dtype), a), 1 + a * 2)


@pytest.mark.parametrize("N, block", [(3000, 1024), (999, 256)])
def test_in_place(N, block):
    a, c = whole(N, dtype="float32"), whole(N, dtype="float32", seed=1)
    expected = a + c
    run(kernels.in_place(N, block, "float32"), a, c, out_idx=None)
    assert torch.equal(c, expected)


@pytest.mark.parametrize("arch", ARCHS)
def test_two_launches(arch):
    a = whole(3000, dtype="float32") / 20
    got = run(kernels.two_launches(3000, 1024, "float32"), a, arch=arch)
    assert torch.allclose(got.double(), 2 * torch.exp(a.double()), rtol=1e-5)


@pytest.mark.parametrize("N", [30000, 31 * 1024])
def test_several_blocks_a_core(N):
    a = whole(N, dtype="bfloat16")
    assert torch.equal(run(kernels.grid_stride(N, 1024, 4, "bfloat16"), a), a * 3)
    assert torch.equal(run(kernels.several_a_block(N, 1024, 4, "bfloat16"), a), a * 3)
    assert torch.equal(run(kernels.several_a_block(N, 256, 4, "bfloat16"), a), a * 3)
    small = "tenstorrent -arch=wormhole_b0 -grid=2x1"
    assert torch.equal(tilelang.compile(kernels.add(N, 512, "bfloat16"), target=small, out_idx=[-1])(a, a), a + a)


def test_symbolic():
    kernel = tilelang.compile(kernels.symbolic(256, "float32"), target="tenstorrent", out_idx=[-1])
    for N in (1, 31, 256, 1000, 5000):
        a, b = whole(N, dtype="float32"), whole(N, dtype="float32", seed=1)
        assert torch.equal(kernel(a, b), a + b)


def test_broadcast():
    a, v = whole(50, 40, dtype="bfloat16"), whole(40, dtype="bfloat16", seed=1)
    assert torch.equal(run(kernels.broadcast(50, 40, "bfloat16"), a, v), a + v)


def test_plan():
    """A page is a tile of 1024 elements, of which none is wasted."""
    plan = tilelang_tt.compile_artifacts(kernels.add(4000, 1024, "bfloat16")).plan
    for tensor in plan["tensors"]:
        assert tensor["shape"] == [4000] and tensor["host"]["view"] == [125, 32] and tensor["layout"]["pages"] == 4
    plan = tilelang_tt.compile_artifacts(kernels.broadcast(50, 40, "bfloat16")).plan
    assert not any("view" in tensor["host"] for tensor in plan["tensors"])
