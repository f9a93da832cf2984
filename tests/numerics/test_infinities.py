"""Infinities: in masks, in vectors that are broadcast, carried through loops, and at fp16's edge."""

import pytest
import tilelang
import tilelang.language as T
import torch

ARCHS = ["wormhole_b0", "blackhole"]
DTYPES = ["float32", "bfloat16", "float16"]
INF = float("inf")


def run(function, *inputs, arch="wormhole_b0", options="-numerics=exact"):
    return tilelang.compile(function, target=f"tenstorrent -arch={arch} {options}", out_idx=-1)(*inputs)


def matrix(dtype):
    """Row 3 and the rows from 40 on are -inf, all of them."""
    x = torch.randn(64, 64, generator=torch.Generator().manual_seed(0))
    x[3] = x[40:] = -INF
    return x.to(getattr(torch, dtype))


def close(got, want, dtype):
    assert torch.equal(torch.isinf(got), torch.isinf(want))
    finite = torch.isfinite(want)
    error = (got.double() - want.double())[finite].abs()
    assert torch.isfinite(got[finite]).all()
    assert error.max() <= {"float32": 1e-6, "bfloat16": 2.0**-6, "float16": 2.0**-9}[dtype] * 4


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_masks(dtype, arch):
    """A causal mask, then a maximum, a difference and exp of what is masked."""

    @T.prim_func
    def main(A: T.Tensor((64, 64), dtype), B: T.Tensor((64, 64), dtype), P: T.Tensor((64, 64), dtype)):
        with T.Kernel(1):
            b = T.alloc_fragment((64, 64), dtype)
            top = T.alloc_fragment((64,), dtype)
            for i, j in T.Parallel(64, 64):
                b[i, j] = T.if_then_else(i >= j, A[i, j], -T.infinity(dtype))
            T.reduce_max(b, top, dim=1)
            T.copy(b, B)
            for i, j in T.Parallel(64, 64):
                P[i, j] = T.exp(b[i, j] - top[i])

    x = torch.randn(64, 64, generator=torch.Generator().manual_seed(0)).to(getattr(torch, dtype))
    kernel = tilelang.compile(main, target=f"tenstorrent -arch={arch} -numerics=exact", out_idx=[1, 2])
    masked, weights = kernel(x)
    want = torch.where(torch.ones(64, 64).tril() > 0, x, torch.tensor(-INF, dtype=x.dtype))
    assert torch.equal(masked, want)
    close(weights, torch.exp(want.double() - want.double().amax(1, keepdim=True)), dtype)


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("fn", ["max", "add"])
@pytest.mark.parametrize("dim", [0, 1])
def test_infinite_maxima_are_broadcast(dim, fn, dtype, arch):
    @T.prim_func
    def main(A: T.Tensor((64, 64), dtype), B: T.Tensor((64, 64), dtype)):
        with T.Kernel(1):
            a = T.alloc_fragment((64, 64), dtype)
            top = T.alloc_fragment((64,), dtype)
            T.copy(A, a)
            T.reduce_max(a, top, dim=dim)
            for i, j in T.Parallel(64, 64):
                a[i, j] = (
                    T.max(a[i, j], top[i] if dim == 1 else top[j])
                    if fn == "max"
                    else a[i, j] + (top[i] if dim == 1 else top[j])
                )
            T.copy(a, B)

    x = matrix(dtype) if dim == 1 else matrix(dtype).T.contiguous()
    top = x.amax(dim, keepdim=True)
    close(run(main, x, arch=arch), torch.maximum(x, top) if fn == "max" else x + top, dtype)


def carried(dtype, kind):
    """m starts as -inf and is broadcast in each iteration; t is infinite where a row is."""

    @T.prim_func
    def main(A: T.Tensor((64, 128), dtype), B: T.Tensor((64, 128), dtype)):
        with T.Kernel(1):
            a = T.alloc_fragment((64, 64), dtype)
            m = T.alloc_fragment((64,), dtype)
            t = T.alloc_fragment((64,), dtype)
            T.fill(m, -T.infinity(dtype))
            for k in T.serial(2):
                T.copy(A[0, k * 64], a)
                T.reduce_max(a, t, dim=1)
                if kind == "log":
                    for i in T.Parallel(64):
                        t[i] = T.log(T.max(t[i], 0))
                    for i, j in T.Parallel(64, 64):
                        a[i, j] = T.max(a[i, j], t[i])
                else:
                    for i, j in T.Parallel(64, 64):
                        a[i, j] = T.max(a[i, j], m[i])
                    if kind == "running":
                        for i in T.Parallel(64):
                            m[i] = T.max(m[i] * 0.5, t[i])
                    else:
                        for i in T.Parallel(64):
                            m[i] = T.log(1 + T.exp(m[i])) + t[i]
                T.copy(a, B[0, k * 64])

    return main


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("kind", ["running", "log", "logsumexp"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_carried_vectors_start_infinite(dtype, kind, arch):
    x = torch.cat([matrix("float32"), matrix("float32").flip(0) - 1], 1).to(getattr(torch, dtype))
    got = run(carried(dtype, kind), x, arch=arch)
    want, m = [], torch.full((64,), -INF, dtype=torch.float64)
    for part in x.double().split(64, 1):
        t = part.amax(1)
        if kind == "log":
            want.append(torch.maximum(part, t.clamp_min(0).log()[:, None]))
            continue
        want.append(torch.maximum(part, m[:, None]))
        m = torch.maximum(m * 0.5, t) if kind == "running" else torch.log1p(torch.exp(m)) + t
    close(got, torch.cat(want, 1), dtype)


@pytest.mark.parametrize("arch", ARCHS)
def test_edge_of_fp16(arch):
    """What is past fp16's range comes back infinite, and what the host has infinite is past all others."""

    @T.prim_func
    def main(A: T.Tensor((32, 32), "float16"), B: T.Tensor((32, 32), "float16")):
        with T.Kernel(1):
            for i, j in T.Parallel(32, 32):
                B[i, j] = A[i, j] + A[i, j]

    x = torch.zeros(32, 32, dtype=torch.float16)
    x[0, :6] = torch.tensor([INF, -INF, 65504.0, -40000.0, 32752.0, float("nan")])
    got = run(main, x, arch=arch)
    assert got[0, :5].tolist() == [INF, -INF, INF, -INF, 65504.0]
    assert torch.isinf(got[0, 5])
    assert (got.flatten()[6:] == 0).all()
