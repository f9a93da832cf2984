"""Seeded inputs as raw tile pages. A name is `kind:seed:tiles`; the same name always gives the same bits."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from program import FORMATS


def bf16_bits(x: np.ndarray) -> np.ndarray:
    """float32 -> bf16 bits, round to nearest even; NaN stays NaN."""
    u = np.ascontiguousarray(x, np.float32).view(np.uint32).astype(np.uint64)
    r = ((u + 0x7FFF + ((u >> 16) & 1)) >> 16).astype(np.uint16)
    return np.where(np.isnan(x), np.uint16(0x7FC0), r).astype(np.uint16)


# Patterns of interest, upper 16 bits: zeros, smallest and largest denormals and normals, one and its neighbours,
# values whose halves are ties, infinities, NaNs.
_HIGH = [0x0000, 0x8000, 0x0001, 0x8001, 0x007F, 0x807F, 0x0080, 0x8080, 0x0081, 0x00FF, 0x0100, 0x3F7F, 0x3F80, 0x3F81,
         0xBF80, 0xBF81, 0x3FC0, 0x4000, 0x4040, 0xC040, 0x7E80, 0x7F00, 0x7F7F, 0xFF7F, 0x7F80, 0xFF80, 0x7FC0, 0xFFC0,
         0x7F81, 0x4B00, 0x4780, 0x3380]  # fmt: skip
# Lower halves for fp32: exact, below, at and above a rounding tie of bf16 (0x8000) and of TF32 (0x1000), all ones.
_LOW = [0x0000, 0x0001, 0x0FFF, 0x1000, 0x1001, 0x1FFF, 0x2000, 0x3000, 0x7FFF, 0x8000, 0x8001, 0x9000, 0xC000, 0xEFFF,
        0xF000, 0xFFFF]  # fmt: skip


_EDGES = [0, 1, 2, 3, 7, 10, 31, 32, 33, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0xFFFFFF, 0x1000001,
          0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFF8000, 0xFFFFFF80, 0xFFFFFFF6, 0xFFFFFFFE, 0xFFFFFFFF]  # fmt: skip


def _edges(rng: np.random.Generator, shape: tuple[int, int], dtype: Any, shifts: bool) -> np.ndarray:
    """Ends of the ranges and random numbers of every width; "shift": mostly 0 to 31, some larger and negative."""
    n = shape[0] * shape[1]
    wide = rng.integers(0, 1 << 32, size=n, dtype=np.uint64) >> rng.integers(0, 32, size=n).astype(np.uint64)
    x = np.where(rng.integers(0, 2, size=n) == 0, rng.choice(np.array(_EDGES, np.uint64), size=n), wide)
    if shifts:
        x = np.where(rng.integers(0, 8, size=n) == 0, x, rng.integers(0, 32, size=n).astype(np.uint64))
    return x.reshape(shape).astype(dtype)


def make(fmt: str, name: str) -> np.ndarray:
    """Bits of `name` in format `fmt`: an array [tiles, elements of a page]."""
    kind, seed, tiles = name.split(":")
    rng = np.random.default_rng([int(seed), zlib.crc32(kind.encode())])
    n = int(tiles)
    nbytes, dtype = FORMATS[fmt]
    shape = (n, nbytes // np.dtype(dtype).itemsize)
    if fmt in ("Bfp8_b", "Bfp4_b"):
        exponents = rng.integers(120, 134, size=(n, 64), dtype=np.uint8)
        return np.concatenate([exponents, rng.integers(0, 256, size=(n, nbytes - 64), dtype=np.uint8)], axis=1)
    if fmt in ("UInt32", "Int32", "UInt16", "UInt8"):
        if kind in ("edge", "shift", "divisor"):
            x = _edges(rng, shape, dtype, kind == "shift")
            return np.where(x == 0, 3, x).astype(dtype) if kind == "divisor" else x
        limit = {"int": np.iinfo(dtype).max, "small": 200}[kind]
        x = rng.integers(0, int(limit) + 1, size=shape, dtype=np.uint64).astype(dtype)
        if fmt == "Int32" and kind == "small":
            x = (x.astype(np.int32) - 100).view(np.uint32)
        return x
    if kind.startswith("special"):  # every pattern; "specialr": in another order, to meet them with each other
        high = np.array(_HIGH, np.uint32)
        if kind == "specialr":  # element i holds pattern 5 i + i / 32
            i = np.arange(shape[0] * shape[1])
            high = high[(5 * i + i // 32) % 32]
        if dtype is np.uint16:
            return np.resize(np.concatenate([high, high[::-1]]), shape).astype(np.uint16)
        return np.resize((high[:, None] << 16 | np.array(_LOW, np.uint32)[None, :]).reshape(-1), shape).astype(
            np.uint32
        )
    if kind == "ties":  # random fp32 whose low half is a pattern of interest
        high = rng.integers(0x3E00, 0x4200, size=shape, dtype=np.uint32)
        sign = rng.integers(0, 2, size=shape, dtype=np.uint32) << 31
        return sign | high << 16 | rng.choice(np.array(_LOW, np.uint32), size=shape)
    if kind == "wide":  # any finite normal number of moderate exponent, so that a sum shows alignment and rounding
        x = np.ldexp(rng.standard_normal(shape), rng.integers(-20, 21, size=shape)).astype(np.float32)
    elif kind == "normal":
        x = rng.standard_normal(shape).astype(np.float32)
    elif kind == "positive":
        x = (np.abs(rng.standard_normal(shape)) + 1e-3).astype(np.float32)
    elif kind == "unit":
        x = rng.uniform(-1, 1, size=shape).astype(np.float32)
    elif kind == "range8":
        x = rng.uniform(-8, 8, size=shape).astype(np.float32)
    elif kind == "ones":
        x = np.ones(shape, np.float32)
    elif kind in ("scaler", "scaler32"):  # what reduce wants: row 0 of each face = 1, or 1/32
        x = np.zeros((n, 4, 16, 16), np.float32)
        x[:, :, 0, :] = 1 if kind == "scaler" else 1 / 32
        x = x.reshape(shape)
    elif kind == "mask":
        x = rng.integers(0, 2, size=shape).astype(np.float32)
    elif kind == "whole":
        x = rng.integers(0, 60000, size=shape).astype(np.float32)
    elif kind == "ends":  # around the ends of the integers' ranges, and halves
        ends = np.array([0, 127, 128, 255, 256, 32767, 65535, 65536, 2.0**31 - 128, 2.0**31, 2.0**32 - 256, 2.0**32])
        near = rng.choice(ends, size=shape) + rng.integers(-3, 4, size=shape) * 0.5
        x = (near * rng.choice([-1.0, 1.0], size=shape)).astype(np.float32)
    elif kind == "wholes":
        x = rng.integers(-150, 151, size=shape).astype(np.float32) + rng.choice([0.0, 0.25, 0.5], size=shape)
    else:
        raise ValueError(f"unknown input kind '{kind}'")
    return x.view(np.uint32).copy() if dtype is np.uint32 else bf16_bits(x)
