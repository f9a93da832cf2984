"""Number formats and tile layout of tensix/ against numpy."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
FORMATS = {
    "fp32": (0, np.float32),
    "fp16": (1, np.float16),
    "bf16": (5, np.uint16),
    "int32": (8, np.int32),
    "uint16": (9, np.uint16),
    "uint32": (24, np.uint32),
    "uint8": (30, np.uint8),
    "int8": (14, np.int8),
}
BLOCKS = {"bfp8_b": (6, 7), "bfp4_b": (7, 3), "bfp2_b": (15, 1)}
NEAREST_EVEN, HALF_AWAY, TRUNCATE = 0, 1, 2


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    compiler = os.environ.get("CXX", "").split() or [next(filter(None, map(shutil.which, ("c++", "g++", "clang++"))))]
    target = tmp_path_factory.mktemp("shim") / "shim.so"
    sources = [ROOT / "tests/engine/shim.cpp", ROOT / "tensix/formats.cpp", ROOT / "tensix/tile.cpp"]
    command = [*compiler, "-std=c++20", "-O2", "-shared", "-fPIC", f"-I{ROOT}", *map(str, sources), "-o", str(target)]
    subprocess.run(command, check=True)
    lib = ctypes.CDLL(str(target))
    p, n, b, f = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint8, ctypes.c_float
    lib.shim_decode.argtypes = [b, p, p, n]
    lib.shim_encode.argtypes = [b, p, p, n, ctypes.c_int]
    lib.shim_tilize.argtypes, lib.shim_tilize.restype = [p, b, n, n, n, p, b, f], ctypes.c_bool
    lib.shim_untilize.argtypes, lib.shim_untilize.restype = [p, b, n, n, p, b, n], ctypes.c_bool
    lib.shim_tiled_bytes.argtypes, lib.shim_tiled_bytes.restype = [n, n, b], n
    lib.shim_parse.argtypes = [ctypes.c_char_p]
    return lib


def ptr(a: np.ndarray) -> int:
    return a.ctypes.data


def decode(lib: ctypes.CDLL, fmt: int, raw: np.ndarray, n: int) -> np.ndarray:
    out = np.empty(n, np.float32)
    lib.shim_decode(fmt, ptr(raw), ptr(out), n)
    return out


def encode(lib: ctypes.CDLL, fmt: int, x: np.ndarray, size: int, rounding: int = NEAREST_EVEN) -> np.ndarray:
    raw = np.zeros(size, np.uint8)
    lib.shim_encode(fmt, ptr(x), ptr(raw), x.size, rounding)
    return raw


def awkward(seed: int = 0, n: int = 4096) -> np.ndarray:
    """Floats with random bits, ties, denormals, zeros and infinities; no NaN."""
    bits = np.random.default_rng(seed).integers(0, 2**32, n, dtype=np.uint32)
    bits[: n // 4] &= np.uint32(0xFFFF8000)
    bits[n // 4 : n // 2] &= np.uint32(0xFFFFF000)
    bits[:8] = [0, 0x80000000, 1, 0x807FFFFF, 0x7F800000, 0xFF800000, 0x7F7FFFFF, 0x00800000]
    x = bits.view(np.float32)
    return np.where(np.isnan(x), np.float32(1.5), x).astype(np.float32)


def test_names(shim: ctypes.CDLL) -> None:
    assert shim.shim_parse(b"Float16_b") == shim.shim_parse(b"bf16") == 5
    assert shim.shim_parse(b"Bfp8_b") == 6
    assert shim.shim_parse(b"nonsense") == -1


@pytest.mark.parametrize("rounding", [NEAREST_EVEN, HALF_AWAY, TRUNCATE])
def test_bf16(shim: ctypes.CDLL, rounding: int) -> None:
    x = awkward(1)
    got = encode(shim, 5, x, 2 * x.size, rounding).view(np.uint16)
    bits = x.view(np.uint32).astype(np.uint64)
    add = {NEAREST_EVEN: 0x7FFF + (bits >> 16 & 1), HALF_AWAY: 0x8000, TRUNCATE: 0}[rounding]
    assert np.array_equal(got, ((bits + add) >> 16).astype(np.uint16))
    back = decode(shim, 5, got, x.size)
    assert np.array_equal(back.view(np.uint32), got.astype(np.uint32) << 16)
    nan = np.array([np.nan, -np.nan], np.float32)
    assert np.isnan(decode(shim, 5, encode(shim, 5, nan, 4, rounding), 2)).all()


def test_fp16_is_ieee(shim: ctypes.CDLL) -> None:
    x = np.concatenate([awkward(2), np.random.default_rng(3).standard_normal(4096).astype(np.float32)])
    x = np.concatenate([x, np.float32(2.0) ** np.arange(-27, 18, dtype=np.float32) * np.float32(1.0009766)])
    with np.errstate(over="ignore"):
        want = x.astype(np.float16)
    got = encode(shim, 1, x, 2 * x.size).view(np.float16)
    assert np.array_equal(got.view(np.uint16), want.view(np.uint16))
    every = np.arange(65536, dtype=np.uint16)
    back = decode(shim, 1, every, every.size)
    want32 = every.view(np.float16).astype(np.float32)
    assert np.array_equal(back[~np.isnan(want32)], want32[~np.isnan(want32)])
    assert np.isnan(back[np.isnan(want32)]).all()


@pytest.mark.parametrize("name", ["int32", "uint32", "uint16", "int8", "uint8"])
def test_integers_round_and_saturate(shim: ctypes.CDLL, name: str) -> None:
    fmt, dtype = FORMATS[name]
    info = np.iinfo(dtype)
    x = np.array([0, 1, -1, 2.5, 3.5, -2.5, 1e20, -1e20, 100.25, np.nan], np.float32)
    want = np.clip(np.nan_to_num(np.rint(x.astype(np.float64)), nan=0), info.min, info.max).astype(dtype)
    assert np.array_equal(encode(shim, fmt, x, x.size * np.dtype(dtype).itemsize).view(dtype), want)
    assert np.array_equal(decode(shim, fmt, want, want.size), want.astype(np.float32))


def block_reference(x: np.ndarray, mantissa: int) -> np.ndarray:
    """Values after one trip through a block format: a shared exponent for 16, magnitudes nearest even, saturated."""
    rows = x.reshape(-1, 16).astype(np.float64)
    top = np.floor(np.log2(np.maximum(np.abs(rows).max(1, keepdims=True), 2.0**-126)))
    step = 2.0 ** (top - mantissa + 1)
    return (np.clip(np.abs(np.rint(rows / step)), 0, 2**mantissa - 1) * np.sign(rows) * step).reshape(-1)


@pytest.mark.parametrize("name", list(BLOCKS))
def test_block_formats(shim: ctypes.CDLL, name: str) -> None:
    fmt, mantissa = BLOCKS[name]
    x = np.random.default_rng(4).standard_normal(1024).astype(np.float32)
    x *= np.float32(2.0) ** np.random.default_rng(5).integers(-20, 20, 1024).astype(np.float32)
    x[32:48] = 0
    size = 64 + 1024 * (mantissa + 1) // 8
    assert shim.shim_tiled_bytes(32, 32, fmt) == size
    got = decode(shim, fmt, encode(shim, fmt, x, size), 1024)
    assert np.array_equal(got, block_reference(x, mantissa).astype(np.float32))
    again = decode(shim, fmt, encode(shim, fmt, got, size), 1024)
    assert np.array_equal(again, got)


def faces(x: np.ndarray) -> np.ndarray:
    r, c = x.shape
    return x.reshape(r // 32, 2, 16, c // 32, 2, 16).transpose(0, 3, 1, 4, 2, 5).reshape(-1)


@pytest.mark.parametrize("shape", [(32, 32), (64, 96), (1, 1), (33, 65), (31, 17), (5, 100)])
@pytest.mark.parametrize("name", ["fp32", "int32", "uint16", "uint8"])
def test_tiles_of_any_shape(shim: ctypes.CDLL, shape: tuple[int, int], name: str) -> None:
    fmt, dtype = FORMATS[name]
    rows, columns = shape
    stride = columns + 3
    x = np.random.default_rng(6).integers(0, 200, (rows, stride)).astype(dtype)
    padded = np.full((-(-rows // 32) * 32, -(-columns // 32) * 32), 7, dtype)
    padded[:rows, :columns] = x[:, :columns]
    tiles = np.zeros(padded.size, dtype)
    assert shim.shim_tilize(ptr(x), fmt, rows, columns, stride, ptr(tiles), fmt, 7.0)
    assert np.array_equal(tiles, faces(padded))
    back = np.zeros_like(x)
    assert shim.shim_untilize(ptr(tiles), fmt, rows, columns, ptr(back), fmt, stride)
    assert np.array_equal(back[:, :columns], x[:, :columns])
    assert (back[:, columns:] == 0).all()


def test_tilize_converts(shim: ctypes.CDLL) -> None:
    x = np.random.default_rng(7).standard_normal((40, 50)).astype(np.float32)
    tiles = np.zeros(64 * 64, np.uint16)
    assert shim.shim_tilize(ptr(x), 0, 40, 50, 50, ptr(tiles), 5, 0.0)
    back = np.zeros_like(x)
    assert shim.shim_untilize(ptr(tiles), 5, 40, 50, ptr(back), 0, 50)
    assert np.abs(back - x).max() <= np.abs(x).max() * 2**-8
    block = np.zeros(4 * 1088, np.uint8)
    assert shim.shim_tilize(ptr(x), 0, 40, 50, 50, ptr(block), 6, 0.0)
    padded = np.zeros((64, 64), np.float32)
    padded[:40, :50] = x
    assert shim.shim_untilize(ptr(block), 6, 40, 50, ptr(back), 0, 50)
    want = block_reference(faces(padded), 7).astype(np.float32)
    want = want.reshape(2, 2, 2, 2, 16, 16).transpose(0, 2, 4, 1, 3, 5).reshape(64, 64)[:40, :50]
    assert np.array_equal(back, want)
    halves = x.astype(np.float16)
    wide = np.zeros(64 * 64, np.uint16)
    assert shim.shim_tilize(ptr(halves), 1, 40, 50, 50, ptr(wide), 5, 0.0)
    whole = np.array([[2**31 - 1, -(2**31)], [16777217, -5]], np.int32)
    unsigned = np.zeros(1024, np.uint32)
    assert shim.shim_tilize(ptr(whole), 8, 2, 2, 2, ptr(unsigned), 24, 0.0)
    assert unsigned[:2].tolist() == [2**31 - 1, 0]
    assert unsigned[16] == 16777217


def test_block_formats_have_no_rows(shim: ctypes.CDLL) -> None:
    raw = np.zeros(4096, np.uint8)
    assert not shim.shim_tilize(ptr(raw), 6, 32, 32, 32, ptr(raw), 0, 0.0)
    assert not shim.shim_untilize(ptr(raw), 0, 32, 32, ptr(raw), 7, 32)
