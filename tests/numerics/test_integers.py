"""Integer tensors: elementwise work with the ends of the ranges against numpy, casts, broadcasts, refusals."""

import numpy as np
import pytest
import tilelang
import tilelang.language as T
import tilelang_tt
import torch
from storage_kernels import integer_rows_and_columns, integers, smaller_or_difference, wrapping_chain

WORMHOLE, BLACKHOLE = "tenstorrent", "tenstorrent -arch=blackhole"
DTYPES = ["int32", "uint32", "uint16", "uint8", "int8"]

# name -> (in the kernel, in numpy on arrays of the dtype)
BINARY = {
    "add": (lambda a, b: a + b, lambda a, b: a + b),
    "sub": (lambda a, b: a - b, lambda a, b: a - b),
    "mul": (lambda a, b: a * b, lambda a, b: a * b),
    "min": (T.min, np.minimum),
    "max": (T.max, np.maximum),
    "and": (lambda a, b: a & b, lambda a, b: a & b),
    "or": (lambda a, b: a | b, lambda a, b: a | b),
    "xor": (lambda a, b: a ^ b, lambda a, b: a ^ b),
    "not": (lambda a, b: ~a, lambda a, b: ~a),
    "less": (smaller_or_difference, lambda a, b: np.where(a < b, a, b - a)),
    "greater": (lambda a, b: T.if_then_else(a >= b, b, a), lambda a, b: np.where(a >= b, b, a)),
    "equal": (lambda a, b: T.if_then_else(a == b, a - a, a), lambda a, b: np.where(a == b, 0, a)),
}
SIGNED = {
    "negative": (lambda a, b: 0 - a, lambda a, b: -a),
    "absolute": (lambda a, b: T.abs(a), lambda a, b: np.abs(a)),
}
SHIFTS = {
    "left": (lambda a, b: a << b, lambda a, b: a << b),
    "right": (lambda a, b: a >> b, lambda a, b: a >> b),
}
DIVISIONS = {
    "floordiv": (lambda a, b: a // b, lambda a, b: a // b),
    "floormod": (lambda a, b: a % b, lambda a, b: a % b),
}


def values(dtype, seed, shape=(32, 64)):
    rng = np.random.default_rng(seed)
    info = np.iinfo(dtype)
    edges = [info.min, info.min + 1, -1 if info.min else 1, 0, 1, 2, 7, info.max // 2, info.max - 1, info.max]
    x = rng.integers(info.min, info.max, size=shape, endpoint=True, dtype=np.int64)
    return np.where(rng.random(shape) < 0.5, rng.choice(np.array(edges), size=shape), x).astype(dtype)


def check(fn, reference, dtype, target, a=None, b=None, out=None):
    a = values(dtype, 1) if a is None else a
    b = values(dtype, 2) if b is None else b
    kernel = tilelang.compile(integers(fn, dtype, out, a.shape), target=target, out_idx=[-1])
    got = kernel(torch.from_numpy(a.copy()), torch.from_numpy(b.copy())).numpy()
    with np.errstate(all="ignore"):
        want = reference(a, b).astype(out or dtype)
    bad = np.argwhere(got != want)
    assert not len(bad), [(a[tuple(i)], b[tuple(i)], got[tuple(i)], want[tuple(i)]) for i in bad[:5]]


@pytest.mark.parametrize("target", [WORMHOLE, BLACKHOLE])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", BINARY)
def test_binary(op, dtype, target):
    if target == BLACKHOLE and op not in ("mul", "less", "max"):
        pytest.skip("the same calls on both chips")
    check(*BINARY[op], dtype, target)


@pytest.mark.parametrize("dtype", ["int32", "int8"])
@pytest.mark.parametrize("op", SIGNED)
def test_signed(op, dtype):
    check(*SIGNED[op], dtype, WORMHOLE)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", SHIFTS)
def test_shifts(op, dtype):
    bits = np.iinfo(dtype).bits
    b = np.random.default_rng(3).integers(0, bits, size=(32, 64)).astype(dtype)
    check(*SHIFTS[op], dtype, WORMHOLE, b=b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", DIVISIONS)
def test_divisions(op, dtype):
    if (op, dtype) == ("floordiv", "uint32"):
        with pytest.raises(tilelang_tt.CompileError, match="TT4021.*floordiv of uint32"):
            tilelang_tt.compile_artifacts(integers(DIVISIONS[op][0], dtype))
        return
    a, b = values(dtype, 1), values(dtype, 2)
    b[b == 0] = 3
    if dtype == "int32":
        a[a == np.iinfo(dtype).min] = 5  # the smallest number by -1 has no quotient
    check(*DIVISIONS[op], dtype, WORMHOLE, a=a, b=b)


@pytest.mark.parametrize("to", [*DTYPES, "float32", "bfloat16"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_casts(dtype, to):
    if to == "bfloat16":
        a = (values(dtype, 1).astype(np.int64) % 127).astype(dtype)  # exact in bfloat16
        kernel = tilelang.compile(integers(lambda a, b: T.cast(a, to), dtype, to), target=WORMHOLE, out_idx=[-1])
        got = kernel(torch.from_numpy(a), torch.from_numpy(a)).float().numpy()
        assert np.array_equal(got, a.astype(np.float32))
    else:
        check(lambda a, b: T.cast(a, to), lambda a, b: a.astype(to), dtype, WORMHOLE, out=to)


@pytest.mark.parametrize("target", [WORMHOLE, BLACKHOLE])
@pytest.mark.parametrize("to", DTYPES)
def test_casts_of_floats_truncate_and_saturate(to, target):
    info = np.iinfo(to)
    a = np.random.default_rng(0).uniform(-300, 300, size=(32, 64)).astype(np.float32)
    a[0, :8] = [0, -0.5, 0.5, 1.5, 2.5, -1.5, 1e10, -1e10]
    a[1, :4] = [info.max / 2, info.min / 2, 65535.5, 254.5]
    want = np.clip(np.trunc(a.astype(np.float64)), info.min, info.max)
    if to == "uint32":
        a, want = np.abs(a), np.clip(np.trunc(np.abs(a).astype(np.float64)), 0, info.max)
    b = np.zeros_like(a)
    kernel = tilelang.compile(integers(lambda a, b: T.cast(a, to), "float32", to), target=target, out_idx=[-1])
    got = kernel(torch.from_numpy(a), torch.from_numpy(b)).numpy()
    assert np.array_equal(got.astype(np.int64), want.astype(np.int64))


@pytest.mark.parametrize("dtype", DTYPES)
def test_ragged_copy_through_buffers(dtype):
    @T.prim_func
    def main(A: T.Tensor((33, 50), dtype), C: T.Tensor((33, 50), dtype)):
        with T.Kernel(2, 2, threads=128) as (bx, by):
            a = T.alloc_shared((32, 32), dtype)
            T.copy(A[by * 32, bx * 32], a)
            T.copy(a, C[by * 32, bx * 32])

    a = values(dtype, 4, (33, 50))
    got = tilelang.compile(main, target=WORMHOLE, out_idx=[-1])(torch.from_numpy(a)).numpy()
    assert np.array_equal(got, a)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_and_columns(dtype):
    a, r, c = values(dtype, 1, (64, 96)), values(dtype, 2, (96,)), values(dtype, 3, (64,))
    kernel = tilelang.compile(integer_rows_and_columns(dtype), target=WORMHOLE, out_idx=[-1])
    got = kernel(*map(torch.from_numpy, (a, r, c))).numpy()
    assert np.array_equal(got, (a ^ r) + c[:, None])


@pytest.mark.parametrize("dtype", DTYPES)
def test_chains_wrap_at_every_step(dtype):
    check(wrapping_chain, lambda a, b: ((a + b) >> 1) * a.dtype.type(3) - np.maximum(a, ~b), dtype, WORMHOLE)


@pytest.mark.parametrize("dtype,instead", [("int64", "int32"), ("float64", "float32"), ("int16", "int32 or uint16")])
def test_refused_dtypes(dtype, instead):
    with pytest.raises(tilelang_tt.CompileError, match=f"TT2001.*\n?.*fix: use {instead}"):
        tilelang_tt.compile_artifacts(integers(lambda a, b: a, dtype))
