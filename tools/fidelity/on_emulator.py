"""Runs a Program on the emulator through its C interface (emulator/include/tt_emulator/c_api.h)."""

from __future__ import annotations

import ctypes
import functools
import os
import pathlib

import numpy as np
from program import FORMATS, KERNELS, Program, Refused

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# tt-metal's numbers of the formats
NUMBERS = {"Float32": 0, "Float16_b": 5, "Bfp8_b": 6, "Bfp4_b": 7, "Int32": 8, "UInt16": 9, "UInt32": 24, "UInt8": 30}
FIDELITIES = {"LoFi": 0, "HiFi2": 2, "HiFi3": 3, "HiFi4": 4}
BRISC, NCRISC, COMPUTE = 0, 1, 2
IS_DRAM = 2  # flag of TensorAccessorArgs


def library_path() -> pathlib.Path | None:
    """$TILELANG_TT_EMULATOR_LIBRARY, else the newest library of a build folder in the checkout."""
    chosen = os.environ.get("TILELANG_TT_EMULATOR_LIBRARY")
    if chosen:
        return pathlib.Path(chosen)
    found = sorted(ROOT.glob("build*/**/libtt_emulator.so"), key=lambda p: p.stat().st_mtime)
    return found[-1] if found else None


@functools.cache
def library() -> ctypes.CDLL:
    path = library_path()
    if path is None or not path.is_file():
        raise RuntimeError("no libtt_emulator.so: build the project, or set TILELANG_TT_EMULATOR_LIBRARY")
    lib = ctypes.CDLL(str(path))
    p, u32, u64, s, b = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint64, ctypes.c_char_p, ctypes.c_bool
    size = ctypes.c_size_t
    words, longs = ctypes.POINTER(u32), ctypes.POINTER(u64)
    for name, result, *args in (
        ("error", s),
        ("open", p, s, s, u32, u32, b),
        ("close", None, p),
        ("allocate", b, p, u64, u32, b, s, longs, words),
        ("release", b, p, u64, b),
        ("write", b, p, u64, p, u64, b),
        ("read", b, p, u64, p, u64, b),
        ("program_new", p),
        ("program_free", None, p),
        ("add_kernel", u32, p, s, b, s, u32, u32),
        ("kernel_cores", None, p, u32, u32, u32, u32, u32),
        ("kernel_compile_args", None, p, u32, words, size),
        ("kernel_named_arg", None, p, u32, s, u32),
        ("kernel_define", None, p, u32, s, s),
        ("kernel_common_args", None, p, u32, words, size),
        ("kernel_compute", None, p, u32, u32, b, b, b, words, size),
        ("add_cb", u32, p, u32, u32),
        ("cb_cores", None, p, u32, u32, u32, u32, u32),
        ("cb_index", None, p, u32, u32, u32, u32, s),
        ("run", p, p, p),
        ("result_free", None, p),
        ("result_ok", b, p),
        ("result_error", s, p),
    ):
        f = getattr(lib, f"tt_emu_{name}")
        f.restype, f.argtypes = result, list(args)
    return lib


def _check(ok: object) -> None:
    if not ok:
        raise Refused((library().tt_emu_error() or b"").decode())


@functools.cache
def device(arch: str) -> ctypes.c_void_p:
    handle = library().tt_emu_open(arch.encode(), None, 0, 0, True)
    _check(handle)
    return handle


def _words(values: list[int] | tuple[int, ...]) -> tuple[ctypes.Array[ctypes.c_uint32], int]:
    return (ctypes.c_uint32 * max(len(values), 1))(*values), len(values)


def run(arch: str, p: Program, data: list[np.ndarray]) -> np.ndarray:
    lib, dev = library(), device(arch)
    buffers: list[int] = []

    def allocate(pages: np.ndarray) -> tuple[int, int]:
        address, aligned = ctypes.c_uint64(), ctypes.c_uint32()
        _check(lib.tt_emu_allocate(dev, pages.nbytes, pages.shape[1], True, b"", address, aligned))
        buffers.append(address.value)
        pages = np.ascontiguousarray(pages)
        _check(lib.tt_emu_write(dev, address.value, pages.ctypes.data, pages.nbytes, True))
        return address.value, aligned.value

    program = lib.tt_emu_program_new()
    try:
        ins = [d.view(np.uint8).reshape(-1, p.in_page(i)) for i, d in enumerate(data)]
        places = [allocate(i) for i in ins]
        out_page = p.out_page or FORMATS[p.out_format][0]
        out = np.full((p.out_tiles * FORMATS[p.out_format][0] // out_page, out_page), 0xA5, np.uint8)
        out_address, out_aligned = allocate(out)
        accessors: list[int] = []
        common: list[int] = []
        for i in range(3):
            address, aligned = places[min(i, len(places) - 1)]
            accessors += [IS_DRAM, aligned]
            common += [address, len(ins[i]) if i < len(ins) else 0]

        def kernel(file: str, processor: int, noc: int, ct: list[int], common: list[int]) -> int:
            k = lib.tt_emu_add_kernel(program, str(KERNELS / file).encode(), True, file.encode(), processor, noc)
            lib.tt_emu_kernel_cores(program, k, 0, 0, 0, 0)
            lib.tt_emu_kernel_compile_args(program, k, *_words(ct))
            lib.tt_emu_kernel_common_args(program, k, *_words(common))
            return int(k)

        kernel("reader.cpp", NCRISC, 0, accessors, common)
        kernel("writer.cpp", BRISC, 1, [IS_DRAM, out_aligned], [out_address, len(out)])
        k = kernel(p.compute, COMPUTE, 0, [], [])
        for name, value in p.named.items():
            lib.tt_emu_kernel_named_arg(program, k, name.encode(), value)
        for name, text in p.defines.items():
            lib.tt_emu_kernel_define(program, k, name.encode(), text.encode())
        lib.tt_emu_kernel_compute(
            program, k, FIDELITIES[p.fidelity], p.dst32, p.full_sync, p.approx, *_words(p.unpack_to_dest)
        )

        def cb(index: int, fmt: str, size: int, page: int) -> None:
            c = lib.tt_emu_add_cb(program, size, 0)
            lib.tt_emu_cb_cores(program, c, 0, 0, 0, 0)
            lib.tt_emu_cb_index(program, c, index, NUMBERS[fmt], page, b"")

        for i, d in enumerate(ins):
            cb(i, p.inputs[i].format, d.nbytes, p.in_page(i))
        cb(16, p.out_format, out.nbytes, out_page)
        result = lib.tt_emu_run(dev, program)
        try:
            if not lib.tt_emu_result_ok(result):
                raise Refused((lib.tt_emu_result_error(result) or b"").decode())
        finally:
            lib.tt_emu_result_free(result)
        _check(lib.tt_emu_read(dev, out_address, out.ctypes.data, out.nbytes, True))
        return out.reshape(-1).view(FORMATS[p.out_format][1]).reshape(p.out_tiles, -1)
    finally:
        lib.tt_emu_program_free(program)
        for address in buffers:
            lib.tt_emu_release(dev, address, True)
