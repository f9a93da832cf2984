"""Stores under conditions that differ between elements, and causal attention, against torch, on both chips."""

import guard_kernels as kernels
import pytest
import tilelang
import torch
from bounds import randn, relative

ARCHS = ["wormhole_b0", "blackhole"]


def compiled(func, arch):
    return tilelang.compile(func, target=f"tenstorrent -arch={arch}")


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_triangles_of_a_tensor(arch, dtype):
    x, c = randn(100, 130, dtype=dtype), randn(100, 130, dtype=dtype, seed=1)
    below = torch.arange(100)[:, None] >= torch.arange(130)
    got = c.clone()
    compiled(kernels.triangle(100, 130, dtype=dtype), arch)(x, got)
    assert torch.equal(got, torch.where(below, x, c))
    compiled(kernels.triangle(100, 130, dtype=dtype, both=True), arch)(x, got)
    assert torch.equal(got, torch.where(below, x, torch.tensor(-1, dtype=x.dtype)))


@pytest.mark.parametrize("arch", ARCHS)
def test_a_buffer_under_conditions(arch):
    x = randn(70, 90, dtype="float32")
    got = torch.empty_like(x)
    compiled(kernels.guarded_buffer(70, 90), arch)(x, got)
    i, j = torch.arange(70)[:, None], torch.arange(90)
    s = torch.where(j % 3 == 0, x + 100, x)
    s = torch.where(s > 0, -2 * s, torch.tensor(5.0))
    assert torch.equal(got, torch.where((s < 0) & (i > j), torch.tensor(0.0), s))


@pytest.mark.parametrize("arch", ARCHS)
def test_a_tensor_under_a_condition_on_data(arch):
    x, c = randn(64, 100, dtype="float32"), randn(64, 100, dtype="float32", seed=1)
    got = c.clone()
    compiled(kernels.where_positive(64, 100), arch)(x, got)
    assert torch.equal(got, torch.where(x > 0, x, c))


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize(("S", "D", "bM", "bN"), [(256, 64, 64, 64), (128, 32, 32, 64)])
def test_attention(arch, causal, S, D, bM, bN):
    q, k, v = (randn(S, D, seed=n) for n in range(3))
    got = torch.empty(S, D, dtype=torch.bfloat16)
    compiled(kernels.flash_attention(S, D, bM, bN, causal=causal), arch)(q, k, v, got)
    ref = torch.nn.functional.scaled_dot_product_attention(
        q.double()[None, None], k.double()[None, None], v.double()[None, None], is_causal=causal
    )[0, 0]
    # probabilities in bf16
    assert relative(got, ref) <= 8e-3


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize(
    ("dtype", "out", "value"), [("float32", "float32", -99), ("float32", "float16", -99), ("int32", "int32", 7)]
)
def test_values_outside_a_tensor_are_the_users(arch, dtype, out, value):
    M, N, rows, cols = 70, 75, 96, 128
    x = (randn(M, N, dtype="float32") * 100).round().to(getattr(torch, dtype))  # exact in float16
    got = torch.empty(rows, cols, dtype=getattr(torch, out))
    compiled(kernels.padded(M, N, rows, cols, dtype, out, value), arch)(x, got)
    ref = torch.full((rows, cols), value, dtype=got.dtype)
    ref[:M, :N] = x.to(got.dtype)
    assert torch.equal(got, ref)


@pytest.mark.parametrize("arch", ARCHS)
def test_fills_of_values(arch):
    x = randn(70, 100, dtype="float32")
    got = torch.empty_like(x)
    compiled(kernels.filled(70, 100), arch)(x, got)
    for by in range(3):
        for bx in range(4):
            block = x[by * 32 : by * 32 + 32, bx * 32 : bx * 32 + 32]
            assert torch.equal(
                got[by * 32 : by * 32 + 32, bx * 32 : bx * 32 + 32], block - block[0, 0] + (bx * 10 + by)
            )


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("guarded", [False, True])
def test_loops_inside_parallel(arch, guarded):
    x = randn(50, 64, dtype="float32")
    got = torch.empty_like(x)
    compiled(kernels.horner(50, 64, 5, guarded), arch)(x, torch.zeros(5, 64), got)
    ref = torch.zeros(50, 64, dtype=torch.float64)
    for k in range(5):
        ref = ref * x.double() + (k + 1)
    if guarded:
        ref = torch.where(x > 0, ref, torch.zeros_like(ref))
    assert relative(got, ref - x.double()) <= 1e-6
