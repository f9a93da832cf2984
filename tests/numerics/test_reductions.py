"""Reductions: maxima and minima are elements of their operand, sums stay within bounds of float64."""

import pytest
import tilelang
import tilelang.language as T
import torch

ARCHS = ["wormhole_b0", "blackhole"]
TORCH = {name: getattr(torch, name) for name in ["float32", "float16", "bfloat16", "int32", "uint32"]}


def compile_(func, arch="wormhole_b0", options="", out=(-1,)):
    return tilelang.compile(func, target=f"tenstorrent -arch={arch} {options}", out_idx=list(out))


def values(dtype, *shape, seed=0, low=-(1 << 20)):
    """Values of every size around 10, all negative in the last rows: a maximum that a zero would spoil shows there."""
    generator = torch.Generator().manual_seed(seed)
    if dtype in ("int32", "uint32"):
        low = 0 if dtype == "uint32" else low
        high = (1 << 32) if dtype == "uint32" else 1 << 20
        return torch.randint(low, high, shape, generator=generator, dtype=torch.int64).to(TORCH[dtype])
    x = torch.randn(*shape, generator=generator) * 5
    x[-max(1, shape[0] // 3) :] -= 40
    return x.to(TORCH[dtype])


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


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("dim", [0, 1])
@pytest.mark.parametrize("dtype", list(TORCH))
def test_every_kind(dtype, dim, arch):
    x = values(dtype, 96, 160)
    total, high, low, size, extent = compile_(five(dtype, dim, 96, 160), arch, out=range(1, 6))(x)
    x = x.double()
    assert torch.equal(high.double(), x.amax(dim)), "a maximum is an element"
    assert torch.equal(low.double(), x.amin(dim)), "a minimum is an element"
    assert torch.equal(extent.double(), x.abs().amax(dim))
    if dtype in ("int32", "uint32"):
        bits = 2**32
        assert torch.equal(total.double() % bits, x.sum(dim) % bits)
        assert torch.equal(size.double() % bits, x.abs().sum(dim) % bits)
        return
    # fp32: one rounding a level of the tree and a tile. 16 bits: summed in fp32, rounded once (half away from zero).
    ulp = {"float32": 12 * 2.0**-24, "float16": 2.0**-10, "bfloat16": 2.0**-8}[dtype]
    for got, terms in ((total, x), (size, x.abs())):
        assert (got.double() - terms.sum(dim)).abs().max() <= ulp * x.abs().sum(dim).max()


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int32"])
def test_equality_with_the_maximum(dtype, arch):
    """What is compared with a maximum equals it somewhere in each row, and x - max is never positive."""
    M, N = 64, 128

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), Hits: T.Tensor((M, N), "float32"), Below: T.Tensor((M, N), dtype)):
        with T.Kernel(1, threads=128) as _:
            a = T.alloc_fragment((M, N), dtype)
            m = T.alloc_fragment((M,), dtype)
            hits = T.alloc_fragment((M, N), "float32")
            T.copy(A, a)
            T.reduce_max(a, m, dim=1)
            for i, j in T.Parallel(M, N):
                hits[i, j] = T.if_then_else(a[i, j] == m[i], 1.0, 0.0)
                a[i, j] = a[i, j] - m[i]
            T.copy(hits, Hits)
            T.copy(a, Below)

    x = values(dtype, M, N)
    hits, below = compile_(main, arch, out=(1, 2))(x)
    assert torch.equal(hits.double(), (x.double() == x.double().amax(1, keepdim=True)).double())
    assert (below.double() <= 0).all()
    assert torch.equal(below.double().amax(1), torch.zeros(M, dtype=torch.float64))


@pytest.mark.parametrize("precision", ["exact", "default", "fast"])
def test_precision_chooses_the_unit(precision):
    """fp32 keeps its bits in DST; precision=fast takes the matrix engine, which keeps 7 of a maximum's along rows."""
    x = values("float32", 64, 64)
    total, high, *_ = compile_(five("float32", 1, 64, 64), options=f"-precision={precision}", out=range(1, 6))(x)
    x = x.double()
    worst = ((high.double() - x.amax(1)).abs() / x.amax(1).abs()).max()
    scale = (total.double() - x.sum(1)).abs().max() / x.abs().sum(1).max()
    if precision == "fast":
        assert 2.0**-12 < worst <= 2.0**-7
        assert scale <= 2.0**-7  # HiFi2 leaves out the lower bits of one operand
    else:
        assert worst == 0
        assert scale <= 12 * 2.0**-24
