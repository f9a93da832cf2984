"""Reductions: maxima and minima are elements of their operand, sums stay within bounds of float64."""

import numpy as np
import pytest
import reduction_kernels
import tilelang
import tilelang.language as T
import tilelang_tt
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


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("dim", [0, 1])
@pytest.mark.parametrize("dtype", list(TORCH))
def test_every_kind(dtype, dim, arch):
    x = values(dtype, 96, 160)
    total, high, low, size, extent = compile_(reduction_kernels.five(dtype, dim, 96, 160), arch, out=range(1, 6))(x)
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
    total, high, *_ = compile_(
        reduction_kernels.five("float32", 1, 64, 64), options=f"-precision={precision}", out=range(1, 6)
    )(x)
    x = x.double()
    worst = ((high.double() - x.amax(1)).abs() / x.amax(1).abs()).max()
    scale = (total.double() - x.sum(1)).abs().max() / x.abs().sum(1).max()
    if precision == "fast":
        assert 2.0**-12 < worst <= 2.0**-7
        assert scale <= 2.0**-7  # HiFi2 leaves out the lower bits of one operand
    else:
        assert worst == 0
        assert scale <= 12 * 2.0**-24


@pytest.mark.parametrize("op", ["sum", "max", "min"])
def test_reducer(op):
    """What lanes contribute to a reducer, over a loop, along rows and columns, and to a single element."""
    M, N, block = 64, 128, 64

    @T.prim_func
    def main(
        A: T.Tensor((M, N), "float32"),
        Rows: T.Tensor((M,), "float32"),
        Cols: T.Tensor((block,), "float32"),
        One: T.Tensor((1,), "float32"),
    ):
        with T.Kernel(1, threads=128) as _:
            rows = T.alloc_reducer((M,), "float32", op=op)
            cols = T.alloc_reducer((block,), "float32", op=op)
            one = T.alloc_reducer((1,), "float32", op=op)
            a = T.alloc_fragment((M, block), "float32")
            r = T.alloc_fragment((M,), "float32")
            c = T.alloc_fragment((block,), "float32")
            o = T.alloc_fragment((1,), "float32")
            T.reducer_init(rows)
            T.reducer_init(cols)
            T.reducer_init(one, 3)
            for k in T.Pipelined(N // block, num_stages=2):
                T.copy(A[0, k * block], a)
                for i, j in T.Parallel(M, block):
                    T.reducer_update(rows[i], a[i, j])
                    T.reducer_update(cols[j], a[i, j])
                    T.reducer_update(one[0], a[i, j])
            T.finalize_reducer(rows, r)
            T.finalize_reducer(cols, c)
            T.finalize_reducer(one, o)
            T.copy(r, Rows)
            T.copy(c, Cols)
            T.copy(o, One)

    x = values("float32", M, N)
    got = compile_(main, out=(1, 2, 3))(x)
    x = x.double()
    fold = {"sum": torch.sum, "max": torch.amax, "min": torch.amin}[op]
    halves = x.reshape(M, 2, block)
    start = torch.tensor(3.0, dtype=torch.float64)
    refs = [fold(x, 1), fold(halves, (0, 1)), fold(torch.stack([fold(x, (0, 1)), start]), 0).reshape(1)]
    for g, ref in zip(got, refs, strict=True):
        bound = 16 * 2.0**-24 * x.abs().sum() if op == "sum" else 0
        assert (g.double() - ref).abs().max() <= bound


def test_legacy_reducer():
    """GEMV as TileLang's examples write it: acc[i] += in T.Parallel, finalised in place."""
    M, N, block = 64, 256, 64

    @T.prim_func
    def main(A: T.Tensor((M, N), "float16"), X: T.Tensor((N,), "float16"), O: T.Tensor((M,), "float32")):
        with T.Kernel(1, threads=128) as _:
            o = T.alloc_reducer(M, "float32", replication="all")
            T.clear(o)
            for k in T.Pipelined(N // block, num_stages=2):
                a = T.alloc_fragment((M, block), "float16")
                x = T.alloc_fragment((block,), "float16")
                T.copy(A[0, k * block], a)
                T.copy(X[k * block], x)
                for i, j in T.Parallel(M, block):
                    o[i] += T.cast(a[i, j], "float32") * T.cast(x[j], "float32")
            T.finalize_reducer(o)
            T.copy(o, O)

    generator = torch.Generator().manual_seed(0)
    a, x = (torch.randn(*s, generator=generator).half() for s in ((M, N), (N,)))
    ref = (a.double() * x.double()).sum(1)
    assert (compile_(main)(a, x).double() - ref).abs().max() <= 32 * 2.0**-24 * (a * x).double().abs().sum(1).max()


def test_reducer_of_bits_is_refused():
    @T.prim_func
    def main(A: T.Tensor((64, 64), "int32"), O: T.Tensor((64,), "int32")):
        with T.Kernel(1, threads=128) as _:
            acc = T.alloc_reducer((64,), "int32", op="bitor")
            a = T.alloc_fragment((64, 64), "int32")
            o = T.alloc_fragment((64,), "int32")
            T.copy(A, a)
            T.reducer_init(acc)
            for i, j in T.Parallel(64, 64):
                T.reducer_update(acc[i], a[i, j])
            T.finalize_reducer(acc, o)
            T.copy(o, O)

    with pytest.raises(Exception, match="TT1002.*T.alloc_reducer with op=.bitor. is not supported"):
        compile_(main)


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize(
    ("shape", "dim", "reverse"),
    [((96, 64), 0, False), ((96, 64), 0, True), ((64, 96), 1, False), ((64, 96), -1, True), ((50, 70), 1, False)],
)
def test_cumsum(shape, dim, reverse, dtype, arch):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(*shape, generator=generator).to(TORCH[dtype])
    got = compile_(reduction_kernels.running_sum(*shape, dtype, dim, reverse), arch)(x).double()
    x = x.double()
    ref = x.flip(dim).cumsum(dim).flip(dim) if reverse else x.cumsum(dim)
    # one rounding an addition, of what has been added so far or, in reverse, of the whole; the result rounds once more
    size = x.abs().sum(dim, keepdim=True) if reverse else x.abs().cumsum(dim)
    ulp = {"float32": 0, "float16": 2.0**-10, "bfloat16": 2.0**-8}[dtype]
    # the whole of bf16 is the matrix engine's sum
    whole = 2.0**-14 if reverse and dtype == "bfloat16" else 16 * 2.0**-24
    assert ((got - ref).abs() - (whole * size + ulp * ref.abs())).max() <= 1e-7


def integers(dtype, *shape):
    """Of the whole range: sums wrap, and uint32 passes 2^31."""
    info = torch.iinfo(getattr(torch, dtype))
    generator = torch.Generator().manual_seed(1)
    x = torch.randint(info.min, info.max + 1, shape, generator=generator, dtype=torch.int64)
    return x.to(getattr(torch, dtype))


@pytest.mark.parametrize("op", ["bitand", "bitor", "bitxor"])
@pytest.mark.parametrize("dtype", ["int32", "uint32", "uint16", "int8", "uint8"])
@pytest.mark.parametrize(
    ("shape", "dim", "clear", "arch"),
    [((64, 96), 1, True, "wormhole_b0"), ((100, 40), 0, False, "blackhole"), ((1, 50), 1, True, "wormhole_b0")],
)
def test_bits(shape, dim, clear, arch, dtype, op):
    M, N = shape
    n = shape[1 - dim]
    reduce = {"bitand": T.reduce_bitand, "bitor": T.reduce_bitor, "bitxor": T.reduce_bitxor}[op]

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), O: T.Tensor((n,), dtype)):
        with T.Kernel(1, threads=128) as _:
            a = T.alloc_fragment((M, N), dtype)
            o = T.alloc_fragment((n,), dtype)
            T.copy(A, a)
            T.fill(o, 21)
            reduce(a, o, dim=dim, clear=clear)
            T.copy(o, O)

    x = integers(dtype, *shape).numpy()
    # Many elements make all bits ones or zeros: few of them have a bit that the others lack.
    rare = np.where(np.arange(x.size).reshape(shape) % 17 == 3, x, 0).astype(x.dtype)
    x = {"bitand": ~rare, "bitor": rare, "bitxor": x}[op]
    fold = {"bitand": np.bitwise_and, "bitor": np.bitwise_or, "bitxor": np.bitwise_xor}[op]
    want = fold.reduce(x, axis=dim)
    if not clear:
        want = fold(want, x.dtype.type(21))
    assert np.array_equal(compile_(main, arch)(torch.from_numpy(x)).numpy(), want)


@pytest.mark.parametrize("op", ["sum", "max", "min"])
@pytest.mark.parametrize("dtype", ["uint16", "int8", "uint8"])
def test_narrow_integers(dtype, op):
    """Reduced in the result's dtype: sums of bytes wrap there."""
    M, N = 40, 96
    reduce = {"sum": T.reduce_sum, "max": T.reduce_max, "min": T.reduce_min}[op]

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), Wide: T.Tensor((M,), "int32"), Same: T.Tensor((N,), dtype)):
        with T.Kernel(1, threads=128) as _:
            a = T.alloc_fragment((M, N), dtype)
            wide = T.alloc_fragment((M,), "int32")
            same = T.alloc_fragment((N,), dtype)
            T.copy(A, a)
            reduce(a, wide, dim=1)
            reduce(a, same, dim=0)
            T.copy(wide, Wide)
            T.copy(same, Same)

    x = integers(dtype, M, N)
    wide, same = compile_(main, out=(1, 2))(x)
    fold = {"sum": torch.sum, "max": torch.amax, "min": torch.amin}[op]
    assert torch.equal(wide.long(), fold(x.long(), 1))
    assert torch.equal(same.long(), fold(x.long(), 0).to(x.dtype).long())


SCANS = [
    ((32, 32), 0, False, "wormhole_b0"),
    ((100, 33), 0, True, "blackhole"),
    ((50, 70), 1, True, "wormhole_b0"),
    ((160, 32), 0, False, "blackhole"),
    ((64, 1), 0, False, "wormhole_b0"),
]


@pytest.mark.parametrize("dtype", ["int32", "uint32", "uint16", "int8", "uint8"])
@pytest.mark.parametrize(("shape", "dim", "reverse", "arch"), [*SCANS, ((1, 64), 1, False, "blackhole")])
def test_cumsum_of_integers_wraps(shape, dim, reverse, dtype, arch):
    x = integers(dtype, *shape)
    got = compile_(reduction_kernels.running_sum(*shape, dtype, dim, reverse), arch)(x)
    x = x.long()
    ref = x.flip(dim).cumsum(dim).flip(dim) if reverse else x.cumsum(dim)
    assert torch.equal(got.long(), ref.to(getattr(torch, dtype)).long())


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int32", "uint32", "int8"])
@pytest.mark.parametrize(("shape", "dim", "reverse", "arch"), SCANS)
def test_cummax_is_exact(shape, dim, reverse, dtype, arch):
    if dtype in TORCH and dtype not in ("int32", "uint32"):
        x = values(dtype, *shape)
        x[: shape[0] // 2 + 1, 0] = -float("inf")
    else:
        x = integers(dtype, *shape)
    got = compile_(reduction_kernels.running_maximum(*shape, dtype, dim, reverse), arch)(x).double()
    x = x.double()
    ref = x.flip(dim).cummax(dim).values.flip(dim) if reverse else x.cummax(dim).values
    assert torch.equal(got, ref)


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_scans_in_a_loop(dtype):
    """Block by block, with what the blocks before left: TileLang's way to scan what is longer than a block."""
    M, N = 96, 32

    @T.prim_func
    def main(A: T.Tensor((M, N), dtype), Sums: T.Tensor((M, N), dtype), Maxima: T.Tensor((M, N), dtype)):
        with T.Kernel(1, threads=128) as _:
            a = T.alloc_shared((32, N), dtype)
            m = T.alloc_shared((32, N), dtype)
            total = T.alloc_fragment((N,), dtype)
            part = T.alloc_fragment((N,), dtype)
            T.clear(total)
            for k in T.serial(M // 32):
                T.copy(A[k * 32, 0], a)
                T.copy(A[k * 32, 0], m)
                T.reduce_sum(a, part, dim=0)
                T.cumsum(a, dim=0)
                T.cummax(m, dim=0)
                for i, j in T.Parallel(32, N):
                    a[i, j] += total[j]
                for j in T.Parallel(N):
                    total[j] += part[j]
                T.copy(a, Sums[k * 32, 0])
                T.copy(m, Maxima[k * 32, 0])

    x = integers(dtype, M, N) if dtype == "int32" else torch.randint(-9, 9, (M, N)).float()
    sums, maxima = compile_(main, out=(1, 2))(x)
    wide = x.cumsum(0, dtype=torch.int64).to(torch.int32) if dtype == "int32" else x.cumsum(0)
    assert torch.equal(sums, wide)
    assert torch.equal(maxima, x.reshape(3, 32, N).cummax(1).values.reshape(M, N))


def test_cummax_says_what_it_costs():
    kernel = reduction_kernels.running_maximum(64, 64, "float32", 0, False)
    notes = [remark.text for remark in tilelang_tt.compile_artifacts(kernel).remarks]
    assert any("TT3031" in note and "32 reductions a tile" in note for note in notes)


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_both_dimensions_and_accumulation(dtype):
    """A row of a matrix reduced again to one element; what a result held before joins in; a vector used either way."""
    M, N = 64, 64

    @T.prim_func
    def main(
        A: T.Tensor((M, N), dtype), O: T.Tensor((1,), dtype), S: T.Tensor((N,), dtype), C: T.Tensor((M, N), dtype)
    ):
        with T.Kernel(1, threads=128) as _:
            a = T.alloc_fragment((M, N), dtype)
            high = T.alloc_fragment((M,), dtype)
            one = T.alloc_fragment((1,), dtype)
            s = T.alloc_fragment((N,), dtype)
            T.copy(A, a)
            T.reduce_max(a, high, dim=-1)
            T.reduce_max(high, one, dim=0)
            T.fill(s, 3)
            for _k in T.serial(2):
                T.reduce_sum(a, s, dim=0, clear=False)
            for i, j in T.Parallel(M, N):
                a[i, j] = high[j] - a[i, j]
            T.copy(one, O)
            T.copy(s, S)
            T.copy(a, C)

    x = values(dtype, M, N) - 50
    one, s, c = compile_(main, out=(1, 2, 3))(x)
    x = x.double()
    assert one.double().item() == x.max().item()
    bound = 0 if dtype == "int32" else 32 * 2.0**-24 * x.abs().sum(0).max()
    assert (s.double() - (3 + 2 * x.sum(0))).abs().max() <= bound
    ref = x.amax(1)[None, :] - x
    assert (c.double() - ref).abs().max() <= (0 if dtype == "int32" else 2.0**-24 * ref.abs().max())
