"""Hand-written kernels on the emulator, from Python: a thin ctypes layer over tt_emulator/c_api.h.

The library is $TILELANG_TT_EMULATOR_LIBRARY, else the newest libtt_emulator.so of a build folder in the checkout, else
the installed package's.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Mapping, Sequence
from ctypes import POINTER, byref, c_bool, c_char_p, c_double, c_size_t, c_uint32, c_uint64, c_void_p
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing_extensions import Self

ROOT = Path(__file__).resolve().parents[2]
Core = tuple[int, int]
FORMATS = {"fp32": 0, "fp16": 1, "bf16": 5, "bfp8_b": 6, "int32": 8, "uint32": 24, "uint16": 9}
TILE_BYTES = {"fp32": 4096, "fp16": 2048, "bf16": 2048, "bfp8_b": 1088, "int32": 4096, "uint32": 4096, "uint16": 2048}
FIDELITY = {"LoFi": 0, "HiFi2": 2, "HiFi3": 3, "HiFi4": 4}


class EmulatorError(RuntimeError):
    """A run or a call that failed; `kind` is the emulator's word for it, e.g. "deadlock"."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def library_path() -> Path:
    if given := os.environ.get("TILELANG_TT_EMULATOR_LIBRARY"):
        return Path(given)
    found = sorted(ROOT.glob("build*/**/libtt_emulator.so"), key=lambda p: p.stat().st_mtime)
    if found:
        return found[-1]
    import tilelang_tt

    return Path(tilelang_tt.__file__).parent / "lib" / "libtt_emulator.so"


def _load() -> ctypes.CDLL:
    lib = ctypes.CDLL(str(library_path()))
    u32, u64, s, p = c_uint32, c_uint64, c_char_p, c_void_p
    words = POINTER(c_uint32)
    signatures = {
        "error": (s, []),
        "open": (p, [s, s, u32, u32, c_bool]),
        "close": (None, [p]),
        "grid": (c_bool, [p, words, words]),
        "noc_coordinates": (c_bool, [p, u32, u32, words, words]),
        "allocate": (c_bool, [p, u64, u32, c_bool, s, POINTER(c_uint64), words]),
        "release": (c_bool, [p, u64, c_bool]),
        "write": (c_bool, [p, u64, p, u64, c_bool]),
        "read": (c_bool, [p, u64, p, u64, c_bool]),
        "program_new": (p, []),
        "program_free": (None, [p]),
        "add_kernel": (u32, [p, s, c_bool, s, u32, u32]),
        "kernel_cores": (None, [p, u32, u32, u32, u32, u32]),
        "kernel_compile_args": (None, [p, u32, words, c_size_t]),
        "kernel_named_arg": (None, [p, u32, s, u32]),
        "kernel_define": (None, [p, u32, s, s]),
        "kernel_args": (None, [p, u32, u32, u32, words, c_size_t]),
        "kernel_common_args": (None, [p, u32, words, c_size_t]),
        "kernel_compute": (None, [p, u32, u32, c_bool, c_bool, c_bool, words, c_size_t]),
        "add_cb": (u32, [p, u32, u32]),
        "cb_cores": (None, [p, u32, u32, u32, u32, u32]),
        "cb_index": (None, [p, u32, u32, u32, u32, s]),
        "add_semaphore": (None, [p, u32, u32, u32, u32, u32, u32]),
        "run": (p, [p, p]),
        "result_free": (None, [p]),
        "result_ok": (c_bool, [p]),
        "result_kind": (s, [p]),
        "result_error": (s, [p]),
        "result_output": (s, [p]),
        "result_number": (c_double, [p, s]),
        "result_risc": (c_bool, [p, c_size_t, words, words, words, POINTER(c_uint64)]),
    }
    for name, (result, args) in signatures.items():
        function = getattr(lib, "tt_emu_" + name)
        function.restype, function.argtypes = result, args
    return lib


_lib = _load()


def _check(ok: bool) -> None:
    if not ok:
        message = _lib.tt_emu_error().decode()
        raise EmulatorError(message.split(":")[0], message)


def _words(values: Iterable[int]) -> ctypes.Array[c_uint32]:
    words = [int(v) & 0xFFFFFFFF for v in values]
    return (c_uint32 * len(words))(*words)


# --- Numbers and layouts ----------------------------------------------------------------------------------------------


def bf16(x: np.ndarray) -> np.ndarray:
    """Rounds to bf16 (nearest even) and back to float32."""
    return (to_bits(x, "bf16").astype(np.uint32) << 16).view(np.float32)


def to_bits(x: np.ndarray, dtype: str) -> np.ndarray:
    x = np.ascontiguousarray(x)
    if dtype == "bf16":
        bits = np.asarray(x, np.float32).view(np.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return np.ascontiguousarray(
        x, {"fp32": np.float32, "fp16": np.float16, "int32": np.int32, "uint32": np.uint32, "uint16": np.uint16}[dtype]
    )


def from_bits(raw: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == "bf16":
        return (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return raw.view(
        {"fp32": np.float32, "fp16": np.float16, "int32": np.int32, "uint32": np.uint32, "uint16": np.uint16}[dtype]
    )


def tilize(x: np.ndarray) -> np.ndarray:
    """[rows, cols] (multiples of 32) to [tiles, 1024] in face order."""
    r, c = x.shape
    faces = x.reshape(r // 32, 2, 16, c // 32, 2, 16).transpose(0, 3, 1, 4, 2, 5)
    return np.ascontiguousarray(faces).reshape(-1, 1024)


def untilize(tiles: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    r, c = shape
    faces = tiles.reshape(r // 32, c // 32, 2, 2, 16, 16).transpose(0, 2, 4, 1, 3, 5)
    return np.ascontiguousarray(faces).reshape(r, c)


def random(*shape: int, seed: int = 0, scale: float = 1.0) -> np.ndarray:
    """Normal numbers that bf16 holds exactly."""
    return bf16(np.random.default_rng(seed).standard_normal(shape).astype(np.float32) * np.float32(scale))


# --- Programs -----------------------------------------------------------------------------------------------------------

Rect = tuple[int, int, int, int]


def rect(nx: int, ny: int) -> list[Rect]:
    return [(0, 0, nx - 1, ny - 1)]


@dataclass
class Kernel:
    """A kernel; `source` is C++ text or a Path. kind: "reader" (NCRISC, NoC 0... as tt-metal), "writer" or "compute"."""

    source: str | Path
    kind: str
    cores: Sequence[Rect]
    args: Mapping[Core, Sequence[int]] = field(default_factory=dict)
    common: Sequence[int] = ()
    compile_args: Sequence[int] = ()
    named: Mapping[str, int] = field(default_factory=dict)
    defines: Mapping[str, object] = field(default_factory=dict)
    name: str = ""
    fidelity: str = "HiFi4"
    fp32: bool = False
    full_sync: bool = False
    approximate: bool = False
    unpack_fp32: Sequence[int] = ()
    noc: int | None = None


@dataclass
class CB:
    """A circular buffer of `pages` pages; views are (id, format) over the same bytes, page size one tile by default."""

    cores: Sequence[Rect]
    pages: int
    views: Sequence[tuple[int, str]]
    page_size: int = 0
    names: Sequence[str] = ()
    address: int = 0


@dataclass
class Semaphore:
    id: int
    cores: Rect
    initial: int = 0


@dataclass
class Result:
    ok: bool
    kind: str
    error: str
    output: str
    cycles: int
    microseconds: float
    host_seconds: float
    compile_seconds: float
    dram_read_bytes: int
    dram_write_bytes: int
    clocks: dict[tuple[int, int, str], tuple[int, int, int]]


class Tensor:
    """An interleaved buffer on the device: a matrix in bf16/fp32/... tiles, or rows ("sticks")."""

    def __init__(self, device: Device, shape: tuple[int, int], dtype: str, tiled: bool, name: str, dram: bool) -> None:
        self.device, self.shape, self.dtype, self.tiled, self.name, self.dram = device, shape, dtype, tiled, name, dram
        size = to_bits(np.zeros(1), dtype).itemsize
        rows, cols = shape
        self.padded = (-(-rows // 32) * 32, -(-cols // 32) * 32) if tiled else shape
        self.page_size = 1024 * size if tiled else cols * size
        self.size = self.padded[0] * self.padded[1] * size
        address, aligned = c_uint64(), c_uint32()
        _check(
            _lib.tt_emu_allocate(
                device.handle, self.size, self.page_size, dram, name.encode(), byref(address), byref(aligned)
            )
        )
        self.address, self.aligned_page_size = address.value, aligned.value

    def write(self, x: np.ndarray, fill: float = 0.0) -> Tensor:
        full = np.full(self.padded, fill, np.asarray(x).dtype)
        full[: x.shape[0], : x.shape[1]] = x
        raw = np.ascontiguousarray(tilize(to_bits(full, self.dtype)) if self.tiled else to_bits(full, self.dtype))
        _check(_lib.tt_emu_write(self.device.handle, self.address, raw.ctypes.data, raw.nbytes, self.dram))
        return self

    def read(self) -> np.ndarray:
        raw = np.empty(self.size, np.uint8)
        _check(_lib.tt_emu_read(self.device.handle, self.address, raw.ctypes.data, raw.nbytes, self.dram))
        values = from_bits(raw, self.dtype)
        full = untilize(values, self.padded) if self.tiled else values.reshape(self.padded)
        return full[: self.shape[0], : self.shape[1]]

    def release(self) -> None:
        _check(_lib.tt_emu_release(self.device.handle, self.address, self.dram))

    @property
    def accessor(self) -> list[int]:
        """Compile-time arguments of TensorAccessorArgs: the config word and the aligned page size."""
        return [2 if self.dram else 0, self.aligned_page_size]


class Device:
    def __init__(self, arch: str = "", board: str = "", grid: Core = (0, 0), exact: bool = True) -> None:
        self.handle = _lib.tt_emu_open(arch.encode(), board.encode(), grid[0], grid[1], exact)
        _check(bool(self.handle))
        x, y = c_uint32(), c_uint32()
        _lib.tt_emu_grid(self.handle, byref(x), byref(y))
        self.grid = (x.value, y.value)

    def close(self) -> None:
        if self.handle:
            _lib.tt_emu_close(self.handle)
            self.handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def noc(self, x: int, y: int) -> list[int]:
        """NoC coordinates of a logical core."""
        a, b = c_uint32(), c_uint32()
        _check(_lib.tt_emu_noc_coordinates(self.handle, x, y, byref(a), byref(b)))
        return [a.value, b.value]

    def tensor(
        self, x: np.ndarray, dtype: str = "bf16", tiled: bool = True, name: str = "", fill: float = 0.0
    ) -> Tensor:
        return Tensor(self, (x.shape[0], x.shape[1]), dtype, tiled, name, True).write(x, fill)

    def empty(
        self, shape: tuple[int, int], dtype: str = "bf16", tiled: bool = True, name: str = "", dram: bool = True
    ) -> Tensor:
        return Tensor(self, shape, dtype, tiled, name, dram)

    def run(
        self,
        kernels: Sequence[Kernel],
        cbs: Sequence[CB] = (),
        semaphores: Sequence[Semaphore] = (),
        check: bool = True,
    ) -> Result:
        """Runs a program; raises EmulatorError if it fails and `check`."""
        program = _lib.tt_emu_program_new()
        try:
            for kernel in kernels:
                self._add(program, kernel)
            for cb in cbs:
                size = cb.page_size or max(TILE_BYTES[f] for _, f in cb.views)
                n = _lib.tt_emu_add_cb(program, cb.pages * size, cb.address)
                for r in cb.cores:
                    _lib.tt_emu_cb_cores(program, n, *r)
                for i, (index, fmt) in enumerate(cb.views):
                    name = cb.names[i] if i < len(cb.names) else ""
                    page = cb.page_size or TILE_BYTES[fmt]
                    _lib.tt_emu_cb_index(program, n, index, FORMATS[fmt], page, name.encode())
            for semaphore in semaphores:
                _lib.tt_emu_add_semaphore(program, semaphore.id, *semaphore.cores, semaphore.initial)
            handle = _lib.tt_emu_run(self.handle, program)
        finally:
            _lib.tt_emu_program_free(program)
        try:
            result = self._result(handle)
        finally:
            _lib.tt_emu_result_free(handle)
        if check and not result.ok:
            raise EmulatorError(result.kind, result.error)
        return result

    @staticmethod
    def _add(program: int, kernel: Kernel) -> None:
        is_path = isinstance(kernel.source, Path)
        processor, noc = {"writer": (0, 1), "reader": (1, 0), "compute": (2, 0)}[kernel.kind]
        noc = noc if kernel.noc is None else kernel.noc
        name = kernel.name or (kernel.source.name if is_path else kernel.kind + ".cpp")
        n = _lib.tt_emu_add_kernel(program, str(kernel.source).encode(), is_path, name.encode(), processor, noc)
        for r in kernel.cores:
            _lib.tt_emu_kernel_cores(program, n, *r)
        words = _words(kernel.compile_args)
        _lib.tt_emu_kernel_compile_args(program, n, words, len(words))
        for key, value in kernel.named.items():
            _lib.tt_emu_kernel_named_arg(program, n, key.encode(), int(value))
        for key, define in kernel.defines.items():
            _lib.tt_emu_kernel_define(program, n, key.encode(), str(define).encode())
        for (x, y), args in kernel.args.items():
            words = _words(args)
            _lib.tt_emu_kernel_args(program, n, x, y, words, len(words))
        words = _words(kernel.common)
        _lib.tt_emu_kernel_common_args(program, n, words, len(words))
        if kernel.kind == "compute":
            words = _words(kernel.unpack_fp32)
            _lib.tt_emu_kernel_compute(
                program,
                n,
                FIDELITY[kernel.fidelity],
                kernel.fp32,
                kernel.full_sync,
                kernel.approximate,
                words,
                len(words),
            )

    @staticmethod
    def _result(handle: int) -> Result:
        def number(what: str) -> float:
            return _lib.tt_emu_result_number(handle, what.encode())

        clocks = {}
        x, y, processor, clock = c_uint32(), c_uint32(), c_uint32(), (c_uint64 * 3)()
        i = 0
        while _lib.tt_emu_result_risc(handle, i, byref(x), byref(y), byref(processor), clock):
            kind = ("writer", "reader", "compute")[processor.value]
            clocks[(x.value, y.value, kind)] = (clock[0], clock[1], clock[2])
            i += 1
        return Result(
            ok=_lib.tt_emu_result_ok(handle),
            kind=_lib.tt_emu_result_kind(handle).decode(),
            error=_lib.tt_emu_result_error(handle).decode(),
            output=_lib.tt_emu_result_output(handle).decode(),
            cycles=int(number("cycles")),
            microseconds=number("microseconds"),
            host_seconds=number("host_seconds"),
            compile_seconds=number("compile_seconds"),
            dram_read_bytes=int(number("dram_read_bytes")),
            dram_write_bytes=int(number("dram_write_bytes")),
            clocks=clocks,
        )
