"""ttnn as the device of kernels in this process: `tilelang_tt.device("ttnn")` or TILELANG_TT_DEVICE=ttnn.

The compiled module calls run() with its artifacts and the addresses of the caller's arrays; the launcher does the rest.
"""

from __future__ import annotations

import atexit
import ctypes
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import launch
from .errors import RunError

DEVICES = ("emulator", "ttnn")
_VARIABLE = "TILELANG_TT_DEVICE"

_BITS = {"bfloat16": np.uint16, "float8_e4m3fn": np.uint8, "float8_e5m2": np.uint8}

_device: Any = None
_programs: dict[tuple[tuple[str, str], ...], launch.Program] = {}


def device(name: str) -> None:
    """Chooses where kernels run from now on: "emulator" (the target's device) or "ttnn" (a card, or TT_METAL_SIMULATOR)."""
    if name not in DEVICES:
        raise ValueError(f"no device '{name}': there are {', '.join(DEVICES)}")
    os.environ[_VARIABLE] = name


def _view(array: Mapping[str, Any]) -> np.ndarray:
    """The caller's memory; floats that numpy lacks as their bits."""
    dtype = np.dtype(_BITS.get(str(array["dtype"]), array["dtype"]))
    shape = tuple(int(n) for n in array["shape"])
    strides = tuple(int(n) * dtype.itemsize for n in array["strides"])
    if 0 in shape:
        return np.zeros(shape, dtype)
    extent = sum((n - 1) * s for n, s in zip(shape, strides, strict=True)) + dtype.itemsize
    memory = (ctypes.c_char * extent).from_address(int(array["data"]))
    return np.ndarray(shape, dtype, memory, strides=strides)


def _open() -> Any:
    global _device
    if _device is None:
        _device = launch.open_device(int(os.environ.get("TILELANG_TT_TTNN_DEVICE", "0")))
        atexit.register(_close)
    return _device


def _close() -> None:
    global _device
    _programs.clear()  # their tensors and programs go before the device does
    opened, _device = _device, None
    launch.close_device(opened)


def run(files: Mapping[str, str], arrays: Sequence[Mapping[str, Any]], symbols: Mapping[str, int]) -> str:
    """One call of a kernel; `arrays` are its tensors in parameter order, written in place. Returns the device's name."""
    key = tuple(sorted((str(name), str(text)) for name, text in files.items() if name != "host.cpp"))
    try:
        program = _programs.get(key)
        if program is None:
            program = _programs[key] = launch.Program(dict(key))
        opened = _open()
        params = sorted((t for t in program.tensors if t.param >= 0), key=lambda t: t.param)
        views = {t.index: _view(a) for t, a in zip(params, arrays, strict=True)}
        values = {t.index: launch.decode_bits(views[t.index], t.plan["dtype"]) for t in params}
        scalars = program.scalars_from_bits({str(k): int(v) for k, v in symbols.items()})
        inputs = [values[t.index] for t in program.inputs]
        # What a kernel does not write of an output stays the caller's.
        outputs = program.run(opened, inputs, scalars, {t.index: values[t.index] for t in program.outputs})
    except launch.LaunchError as error:
        raise RunError(str(error)) from error
    for t, result in zip(program.outputs, outputs, strict=True):
        view = views[t.index]
        view[...] = launch.encode_bits(result, t.plan["dtype"])
    return f"ttnn {launch.arch_of(opened)}"
