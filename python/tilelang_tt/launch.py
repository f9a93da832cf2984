"""Runs a folder of artifacts (kernels and tt.plan.json) through ttnn, on a card or on the simulator of TT_METAL_SIMULATOR.

Needs ttnn and numpy only: a machine with a card needs neither TileLang nor this project's compiler to run a kernel.

  python -m tilelang_tt.launch DIR --input a.npy --input b.npy --output c.npy [--scalar n=5] [--device 0] [--repeat 3]

Inputs and outputs are given in the order of the program's parameters; an argument that the program reads and writes counts
as both. Arrays of bfloat16 and 8-bit floats are read and written as float32. In a program: `Program(folder).run(open_device(), [a, b])`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import pathlib
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

PLAN_FILE = "tt.plan.json"
PLAN_VERSION = 1
TILE = 32

Env = Mapping[str, int]


class LaunchError(RuntimeError):
    """The plan, the arguments or the device do not fit; the message says what, where, limit and value."""


# ---- the plan's expressions: an integer, {"var": name} or {"op": name, "args": [...]} ----

_OPS = {
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "floordiv": lambda a, b: a // b,
    "floormod": lambda a, b: a % b,
    "min": min,
    "max": max,
    "lt": lambda a, b: int(a < b),
    "le": lambda a, b: int(a <= b),
    "eq": lambda a, b: int(a == b),
    "ne": lambda a, b: int(a != b),
    "and": lambda a, b: int(bool(a) and bool(b)),
    "or": lambda a, b: int(bool(a) or bool(b)),
    "not": lambda a: int(not a),
    "select": lambda c, a, b: a if c else b,
}


def evaluate(expression: Any, env: Env) -> int:
    """The value of a plan's expression where `env` gives its variables."""
    if isinstance(expression, int):
        return int(expression)
    if "var" in expression:
        name = expression["var"]
        if name not in env:
            raise LaunchError(f"the plan uses '{name}', which no argument defines; known are {sorted(env) or 'none'}")
        return env[name]
    if expression["op"] not in _OPS:
        raise LaunchError(f"the plan uses the operation '{expression['op']}', which this launcher does not know")
    return int(_OPS[expression["op"]](*(evaluate(a, env) for a in expression["args"])))


# ---- host arrays <-> pages as they lie in device memory ----


def _bf16_encode(x: np.ndarray) -> np.ndarray:
    """float32 -> bits of bfloat16, round to nearest even; NaN stays NaN."""
    u = x.view(np.uint32)
    rounded = (u + np.uint32(0x7FFF) + (u >> 16 & np.uint32(1))) >> 16
    return np.where(np.isnan(x), u >> 16 | 0x40, rounded).astype(np.uint16)


# dtype -> (mantissa bits, exponent bias, whether it has infinities)
_FLOAT8 = {"float8_e4m3fn": (3, 7, False), "float8_e5m2": (2, 15, True)}


def _float8_values(dtype: str) -> np.ndarray:
    """The value of each of the 256 codes."""
    bits, bias, infinities = _FLOAT8[dtype]
    code = np.arange(128)
    exponent, mantissa = code >> bits, code & (1 << bits) - 1
    value = np.where(
        exponent > 0,
        np.ldexp(1.0 + mantissa / (1 << bits), exponent - bias),
        np.ldexp(mantissa / (1 << bits), 1 - bias),
    )
    if infinities:
        value[exponent == exponent.max()] = np.nan
        value[(exponent == exponent.max()) & (mantissa == 0)] = np.inf
    else:
        value[127] = np.nan
    return np.concatenate([value, -value]).astype(np.float32)


def decode_bits(bits: np.ndarray, dtype: str) -> np.ndarray:
    """The bits of a float that numpy lacks -> float32; other arrays as they are."""
    if dtype == "bfloat16":
        return (bits.astype(np.uint32) << 16).view(np.float32)
    return _float8_values(dtype)[bits] if dtype in _FLOAT8 else bits


def encode_bits(x: np.ndarray, dtype: str) -> np.ndarray:
    """float32 -> the bits of a float that numpy lacks, to nearest even; other arrays as they are."""
    if dtype == "bfloat16":
        return _bf16_encode(x)
    if dtype not in _FLOAT8:
        return x
    _, _, infinities = _FLOAT8[dtype]
    values = _float8_values(dtype)[:128].astype(np.float64)
    last = int(np.flatnonzero(np.isfinite(values))[-1])
    # Beyond the largest number by half a step or more: infinity, or NaN where there is none.
    grid = np.append(values[: last + 1], 2 * values[last] - values[last - 1])
    magnitude = np.abs(np.nan_to_num(x.astype(np.float64), nan=np.inf))
    low = np.clip(np.searchsorted(grid, magnitude, side="right") - 1, 0, last)
    below, above = magnitude - grid[low], grid[low + 1] - magnitude
    code = low + ((above < below) | ((above == below) & (low % 2 == 1)))
    if not infinities:
        code = np.minimum(code, 127)
    code = np.where(np.isnan(x), 127, code)
    return (code | np.signbit(x).astype(np.int64) << 7).astype(np.uint8)


def _block_encode(x: np.ndarray, bits: int) -> np.ndarray:
    """[tiles, 1024] float32 -> bytes of tiles with one exponent for 16 elements, as ttnn converts: aligned to the largest
    exponent, what falls out cut off, then rounded to nearest even."""
    u = np.ascontiguousarray(x, np.float32).view(np.uint32).reshape(len(x), 64, 16)
    exponent = (u >> 23 & 255).astype(np.int64)
    shared = exponent.max(axis=2)
    mantissa_bits = bits - 1
    mantissa = (u & 0x7FFFFF | 0x800000).astype(np.int64) >> np.minimum(shared[:, :, None] - exponent, 40)
    shift = 24 - mantissa_bits
    rounded = mantissa + (1 << shift - 1) - 1 + (mantissa >> shift & 1) >> shift
    magnitude = np.minimum(rounded, (1 << mantissa_bits) - 1)
    magnitude = np.where(exponent == 0, 0, magnitude)
    codes = np.where(magnitude > 0, magnitude | (u >> 31).astype(np.int64) << mantissa_bits, 0).astype(np.uint8)
    codes = codes.reshape(len(x), 1024)
    if bits == 4:
        codes = codes[:, 0::2] | codes[:, 1::2] << 4
    return np.concatenate([shared.astype(np.uint8), codes], axis=1)


def _block_decode(raw: np.ndarray, bits: int) -> np.ndarray:
    exponents, codes = raw[:, :64].astype(np.int64), raw[:, 64:]
    if bits == 4:
        codes = np.stack([codes & 15, codes >> 4], axis=2).reshape(len(raw), 1024)
    mantissa_bits = bits - 1
    magnitude = (codes & (1 << mantissa_bits) - 1).astype(np.float64)
    negative = (codes >> mantissa_bits).astype(bool)
    scale = np.repeat(np.exp2(exponents - 127.0 - mantissa_bits + 1), 16, axis=1)
    value = np.where((magnitude == 0) & negative, np.inf, magnitude * scale)  # a negative zero stands for -infinity
    return np.where(negative, -value, value).astype(np.float32)


def _unpack(array: np.ndarray, bits: int, signed: bool) -> np.ndarray:
    """Bytes that hold several numbers along the last dimension, the lowest bits first -> one number an element."""
    codes = array.view(np.uint8)[..., None] >> np.arange(0, 8, bits, dtype=np.uint8) & ((1 << bits) - 1)
    numbers = codes.astype(np.int8).reshape(*array.shape[:-1], -1)
    return np.where(numbers >> bits - 1 != 0, numbers - (1 << bits), numbers) if signed else numbers


@dataclasses.dataclass(frozen=True)
class _Format:
    page: int  # bytes of a tile
    bits: np.dtype  # in which its elements are kept

    def encode(self, x: np.ndarray) -> np.ndarray:
        """[tiles, 1024] -> [tiles, page] bytes."""
        return x.astype(self.bits).view(np.uint8)

    def decode(self, raw: np.ndarray) -> np.ndarray:
        return raw.view(self.bits)


class _Bf16(_Format):
    def encode(self, x: np.ndarray) -> np.ndarray:
        return _bf16_encode(np.ascontiguousarray(x, np.float32)).view(np.uint8)

    def decode(self, raw: np.ndarray) -> np.ndarray:
        return (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32)


@dataclasses.dataclass(frozen=True)
class _Block(_Format):
    width: int = 8

    def encode(self, x: np.ndarray) -> np.ndarray:
        return _block_encode(x, self.width)

    def decode(self, raw: np.ndarray) -> np.ndarray:
        return _block_decode(raw, self.width)


# by the name of the ttnn dtype that stores it
FORMATS: dict[str, _Format] = {
    "bfloat16": _Bf16(2048, np.dtype(np.uint16)),
    "float32": _Format(4096, np.dtype(np.float32)),
    "bfloat8_b": _Block(1088, np.dtype(np.uint8), 8),
    "bfloat4_b": _Block(576, np.dtype(np.uint8), 4),
    "int32": _Format(4096, np.dtype(np.int32)),
    "uint32": _Format(4096, np.dtype(np.uint32)),
    "uint16": _Format(2048, np.dtype(np.uint16)),
    "uint8": _Format(1024, np.dtype(np.uint8)),
}
_FLOATS = ("float64", "float32", "float16", "bfloat16")
# numpy's type of a logical dtype; bfloat16 and the 8-bit floats have none and are kept as float32
_NUMPY = {
    "bfloat16": np.dtype(np.float32),
    "float8_e4m3fn": np.dtype(np.float32),
    "float8_e5m2": np.dtype(np.float32),
    "bool": np.dtype(np.bool_),
}


def _numpy_dtype(logical: str) -> np.dtype:
    return _NUMPY.get(logical) or np.dtype(logical)


class Tensor:
    """A tensor of the plan, with its recipe between the caller's array and device pages."""

    def __init__(self, plan: dict[str, Any], index: int) -> None:
        self.plan = plan
        self.index = index
        self.name: str = plan["name"]
        self.role: str = plan["role"]
        self.param: int = plan["param"]
        self.host = plan["host"]
        self.stored: str = self.host["ttnn_dtype"]
        if self.stored not in FORMATS:
            raise LaunchError(f"'{self.name}': ttnn has no tensors that store {plan['layout']['format']}")
        self.row_major = plan["layout"]["page"] == "row"
        if plan["layout"]["memory"] != "dram_interleaved" or plan["layout"]["page"] not in ("tile", "row"):
            raise LaunchError(f"'{self.name}': this launcher places tensors interleaved in DRAM, not {plan['layout']}")
        if self.row_major and plan["layout"]["format"] == "Float16":
            raise LaunchError(
                f"'{self.name}': ttnn has no tensors of float16, and rows of it are not moved as float32: use bfloat16"
            )
        self.format = FORMATS[self.stored]

    @property
    def is_input(self) -> bool:
        return self.role in ("input", "inout")

    @property
    def is_output(self) -> bool:
        return self.role in ("output", "inout")

    def shape(self, env: Env) -> tuple[int, ...]:
        return tuple(evaluate(e, env) for e in self.plan["shape"])

    def _matrix(self, env: Env) -> tuple[int, int, int]:
        outer, rows, cols = (evaluate(self.host[k], env) for k in ("outer", "rows", "cols"))
        return outer, rows, cols

    def page_bytes(self, env: Env) -> int:
        """Of a tile as ttnn stores it, or of a row."""
        return evaluate(self.plan["layout"]["page_size"], env) if self.row_major else self.format.page

    def pages(self, env: Env) -> int:
        outer, rows, cols = self._matrix(env)
        if self.row_major:
            return outer
        return outer * -(-rows // TILE) * -(-cols // TILE)

    def to_pages(self, array: np.ndarray, env: Env) -> np.ndarray:
        """The caller's array as [pages, bytes of a page]: permuted, padded, tilized and stored as the plan says, or its
        rows."""
        outer, rows, cols = self._matrix(env)
        if "unpack" in self.host:
            array = _unpack(array, self.host["unpack"]["bits"], self.host["unpack"]["signed"])
        if "view" in self.host:
            view = [evaluate(e, env) for e in self.host["view"]]
            array = np.pad(array.reshape(-1), (0, math.prod(view) - array.size)).reshape(view)
        x = np.transpose(array, self.host["permute"]).reshape(outer, rows, cols)
        if self.row_major:
            row = self.format.encode(np.ascontiguousarray(x).reshape(outer, cols)).reshape(outer, -1)
            return np.pad(row, ((0, 0), (0, self.page_bytes(env) - row.shape[1])))
        pad_rows, pad_cols = -rows % TILE, -cols % TILE
        if pad_rows or pad_cols:
            value = float(self.host["pad_value"])
            x = np.pad(x, ((0, 0), (0, pad_rows), (0, pad_cols)), constant_values=x.dtype.type(value))
        tr, tc = (rows + pad_rows) // TILE, (cols + pad_cols) // TILE
        # tiles row by row; in a tile four 16x16 faces
        x = x.reshape(outer, tr, 2, 16, tc, 2, 16).transpose(0, 1, 4, 2, 5, 3, 6)
        return self.format.encode(np.ascontiguousarray(x).reshape(-1, TILE * TILE))

    def from_pages(self, pages: np.ndarray, env: Env) -> np.ndarray:
        outer, rows, cols = self._matrix(env)
        if self.row_major:
            raw = np.ascontiguousarray(pages[:, : cols * self.format.bits.itemsize])
            given = self.shape(env)
            x = self.format.decode(raw).reshape(-1)[: math.prod(given)].reshape(given)
            return np.ascontiguousarray(x).astype(_numpy_dtype(self.plan["dtype"]), copy=False)
        tr, tc = -(-rows // TILE), -(-cols // TILE)
        x = self.format.decode(pages).reshape(outer, tr, tc, 2, 2, 16, 16).transpose(0, 1, 3, 5, 2, 4, 6)
        x = x.reshape(outer, tr * TILE, tc * TILE)[:, :rows, :cols]
        given, permute = self.shape(env), self.host["permute"]
        shape = [evaluate(e, env) for e in self.host["view"]] if "view" in self.host else given
        x = x.reshape([shape[d] for d in permute]).transpose(np.argsort(permute) if permute else ())
        x = x.reshape(-1)[: math.prod(given)].reshape(given)
        return np.ascontiguousarray(x).astype(_numpy_dtype(self.plan["dtype"]), copy=False)

    def in_place(self, tensor: Any, env: Env) -> bool:
        """Whether a ttnn tensor on the device lies as the plan wants it, so that it is used without a copy."""
        import ttnn

        shape = self.shape(env)
        return bool(
            tensor.storage_type() == ttnn.StorageType.DEVICE
            and tensor.layout == (ttnn.ROW_MAJOR_LAYOUT if self.row_major else ttnn.TILE_LAYOUT)
            and tensor.dtype == getattr(ttnn, self.stored)
            and "unpack" not in self.host
            and "view" not in self.host
            and list(self.host["permute"]) == list(range(len(shape)))
            and len(shape) >= 2
            and tensor.memory_config() == ttnn.DRAM_MEMORY_CONFIG
            and tuple(int(s) for s in tensor.shape) == shape
            # a device tensor's padding holds anything
            and (self.row_major or (shape[-1] % TILE == 0 and shape[-2] % TILE == 0))
        )


def open_device(device_id: int = 0) -> Any:
    """ttnn's device; with TT_METAL_SIMULATOR the simulator's."""
    if "TT_METAL_SIMULATOR" in os.environ:
        os.environ.setdefault("TT_METAL_SLOW_DISPATCH_MODE", "1")
        os.environ.setdefault("TT_METAL_DISABLE_SFPLOADMACRO", "1")
    try:
        import ttnn
    except ImportError as e:
        raise LaunchError(f"ttnn cannot be imported ({e}): pip install ttnn==0.81.1") from e
    return ttnn.open_device(device_id=device_id)


def close_device(device: Any) -> None:
    import ttnn

    ttnn.close_device(device)


def arch_of(device: Any) -> str:
    """'wormhole_b0' or 'blackhole'."""
    return str(device.arch()).rsplit(".", 1)[-1].lower()


class Program:
    """A folder of artifacts, ready to run. Kernels are built by tt-metal at the first run and reused after it."""

    def __init__(self, artifacts: str | os.PathLike[str] | Mapping[str, str]) -> None:
        """`artifacts`: the folder that the compiler wrote, or its files (name -> text)."""
        if isinstance(artifacts, Mapping):
            self.place = "the artifacts"
            self._files: dict[str, str] = dict(artifacts)
        else:
            folder = pathlib.Path(artifacts)
            self.place = str(folder)
            self._files = {p.name: p.read_text() for p in folder.glob("*") if p.suffix in (".cpp", ".json")}
        if PLAN_FILE not in self._files:
            raise LaunchError(f"no {PLAN_FILE} in {self.place}: give the folder that the compiler wrote")
        self.plan: dict[str, Any] = json.loads(self._files[PLAN_FILE])
        plan = self.plan
        if plan.get("version") != PLAN_VERSION:
            raise LaunchError(f"{PLAN_FILE} has version {plan.get('version')}; this launcher reads {PLAN_VERSION}")
        self.tensors = [Tensor(t, i) for i, t in enumerate(plan["tensors"])]
        self.inputs = sorted((t for t in self.tensors if t.is_input and t.param >= 0), key=lambda t: t.param)
        self.outputs = sorted((t for t in self.tensors if t.is_output and t.param >= 0), key=lambda t: t.param)

    # ---- arguments ----

    def scalars_from_bits(self, values: Mapping[str, int]) -> dict[str, float]:
        """Scalars as `run` takes them, where floats have come as the bits of fp32 numbers."""
        out: dict[str, float] = dict(values)
        for s in self.plan.get("scalars", ()):
            if s["dtype"] in _FLOATS and s["name"] in out:
                out[s["name"]] = float(np.uint32(out[s["name"]]).view(np.float32))
        return out

    def bind(self, arrays: Sequence[Any], scalars: Mapping[str, float] | None = None) -> dict[str, int]:
        """Values of the plan's shape symbols and scalars; raises where an array does not fit its parameter."""
        if len(arrays) != len(self.inputs):
            names = ", ".join(t.name for t in self.inputs)
            raise LaunchError(f"{len(arrays)} inputs given for {len(self.inputs)}: {names or 'none'}")
        env = dict(scalars or {})
        for s in self.plan.get("scalars", ()):
            if s["dtype"] in _FLOATS and s["name"] in env:  # kernels take the bits of an fp32 number
                env[s["name"]] = int(np.float32(env[s["name"]]).view(np.uint32))
        missing = [s["name"] for s in self.plan.get("scalars", ()) if s["name"] not in env]
        if missing:
            raise LaunchError(f"no value given for the scalars {', '.join(missing)}")
        for tensor, array in zip(self.inputs, arrays, strict=True):
            dims = tensor.plan["shape"]
            if len(dims) != len(array.shape):
                raise LaunchError(f"'{tensor.name}' has {len(dims)} dimensions; the array given has {len(array.shape)}")
            for d, (e, n) in enumerate(zip(dims, array.shape, strict=True)):
                if isinstance(e, dict) and "var" in e and env.setdefault(e["var"], int(n)) != int(n):
                    raise LaunchError(
                        f"'{tensor.name}', dimension {d}: {e['var']} is {env[e['var']]} elsewhere and {n} here"
                    )
        unknown = [s for s in self.plan.get("symbols", ()) if s not in env]
        if unknown:
            raise LaunchError(f"the shapes of the inputs do not define {', '.join(unknown)}: give --scalar NAME=VALUE")
        for tensor, array in zip(self.inputs, arrays, strict=True):
            want, got = tensor.shape(env), tuple(int(n) for n in array.shape)
            if want != got:
                raise LaunchError(f"'{tensor.name}' has shape {want} in the plan; the array given has {got}")
        return env

    def _host_array(self, tensor: Tensor, array: np.ndarray) -> np.ndarray:
        want = _numpy_dtype(tensor.plan["dtype"])
        if array.dtype == want:
            return array
        if "unpack" in tensor.host and array.dtype in (np.int8, np.uint8):
            return array
        if want.kind == "f" and (array.dtype.kind == "f" or array.dtype.name == "bfloat16"):
            return array.astype(want)
        raise LaunchError(f"'{tensor.name}' is {tensor.plan['dtype']}; the array given is {array.dtype}")

    # ---- the device ----

    def _check_grid(self, device: Any) -> None:
        grid = device.compute_with_storage_grid_size()
        arch = arch_of(device)
        if arch != self.plan["target"]["arch"]:
            raise LaunchError(
                f"the artifacts are for {self.plan['target']['arch']} and the device is a {arch}: compile with "
                f'target="tenstorrent -arch={arch}"'
            )
        for n, launch in enumerate(self.plan["launches"]):
            for x0, y0, x1, y1 in launch["cores"]["ranges"]:
                if x1 >= grid.x or y1 >= grid.y:
                    raise LaunchError(
                        f"launch {n} uses cores ({x0}, {y0}) to ({x1}, {y1}); the device's grid has {grid.x} columns "
                        f'and {grid.y} rows: compile with target="tenstorrent -grid={grid.x}x{grid.y}"'
                    )

    def _source(self, file: str) -> str:
        if file not in self._files:
            raise LaunchError(f"the plan names the kernel {file}, which is not in {self.place}")
        return self._files[file]

    def run(
        self,
        device: Any,
        arrays: Sequence[Any],
        scalars: Mapping[str, float] | None = None,
        before: Mapping[int, np.ndarray] | None = None,
    ) -> list[Any]:
        """Runs the program on arrays (numpy, or ttnn tensors) in parameter order; returns the outputs as numpy arrays.

        A ttnn tensor on the device that lies as the plan wants is used without a copy, and an output that is also an
        input is then written in place. `before`: by a tensor's index, what an output holds where the program does not
        write it; without, zeros in row-major outputs, anything in others.
        """
        import ttnn

        env = self.bind(arrays, scalars)
        self._check_grid(device)
        given = dict(zip((t.index for t in self.inputs), arrays, strict=True))
        on_device: list[Any] = []
        for tensor in self.tensors:
            array = given.get(tensor.index, (before or {}).get(tensor.index))
            if array is None and tensor.row_major and tensor.param >= 0:
                array = np.zeros(tensor.shape(env), _numpy_dtype(tensor.plan["dtype"]))
            if isinstance(array, ttnn.Tensor):
                if tensor.in_place(array, env):
                    on_device.append(array)
                    continue
                host = array.cpu() if array.storage_type() == ttnn.StorageType.DEVICE else array
                array = np.asarray(host.to(ttnn.ROW_MAJOR_LAYOUT).to_list(), np.float32).reshape(tensor.shape(env))
            on_device.append(self._upload(device, tensor, array, env))
        # ttnn wants the output last; what the kernels see are addresses, so the order matters to nothing else
        order = sorted(range(len(self.tensors)), key=lambda i: self.tensors[i].is_output)
        for launch in self.plan["launches"]:
            ttnn.generic_op([on_device[i] for i in order], self._descriptor(device, launch, on_device, env))
        return [self._download(t, on_device[t.index], env) for t in self.outputs]

    def _upload(self, device: Any, tensor: Tensor, array: np.ndarray | None, env: Env) -> Any:
        """The tensor as row-major uint32 in DRAM, one row a page: the values are stored by this module, not converted."""
        import ttnn

        words = tensor.page_bytes(env) // 4
        if array is None:
            shape = ttnn.Shape([tensor.pages(env), words])
            return ttnn.allocate_tensor_on_device(
                shape, ttnn.uint32, ttnn.ROW_MAJOR_LAYOUT, device, ttnn.DRAM_MEMORY_CONFIG
            )
        pages = tensor.to_pages(self._host_array(tensor, np.asarray(array)), env)
        return ttnn.Tensor(pages.view(np.uint32), ttnn.uint32).to(device, ttnn.DRAM_MEMORY_CONFIG)

    def _download(self, tensor: Tensor, device_tensor: Any, env: Env) -> np.ndarray:
        import ttnn

        if device_tensor.dtype != ttnn.uint32 or device_tensor.layout != ttnn.ROW_MAJOR_LAYOUT:
            rows = device_tensor.cpu().to(ttnn.ROW_MAJOR_LAYOUT).to_list()
            return np.asarray(rows, _numpy_dtype(tensor.plan["dtype"])).reshape(tensor.shape(env))
        raw = np.ascontiguousarray(device_tensor.cpu().to_numpy()).view(np.uint8)
        return tensor.from_pages(raw.reshape(-1, tensor.page_bytes(env)), env)

    def _descriptor(self, device: Any, launch: Mapping[str, Any], tensors: Sequence[Any], env: Env) -> Any:
        """ttnn's description of one launch: the plan's kernels, circular buffers and semaphores, nothing added."""
        import ttnn

        def core_range(x0: int, y0: int, x1: int, y1: int) -> Any:
            return ttnn.CoreRange(ttnn.CoreCoord(x0, y0), ttnn.CoreCoord(x1, y1))

        where = ttnn.CoreRangeSet([core_range(*r) for r in launch["cores"]["ranges"]])
        variable = launch["cores"]["variable"]
        columns = launch["grid"][0]

        def noc_coordinate(core: int) -> Any:
            return device.worker_core_from_logical_core(ttnn.CoreCoord(core % columns, core // columns))

        def values(args: Sequence[Mapping[str, Any]], env: Env) -> list[int]:
            out: list[int] = []
            for a in args:
                if "accessor" in a:
                    out += [int(v) for v in ttnn.TensorAccessorArgs(tensors[a["accessor"]]).get_compile_time_args()]
                elif "address" in a:
                    out.append(int(tensors[a["address"]].buffer_address()))
                elif "noc_x" in a:
                    out.append(noc_coordinate(evaluate(a["noc_x"], env)).x)
                elif "noc_y" in a:
                    out.append(noc_coordinate(evaluate(a["noc_y"], env)).y)
                else:
                    out.append(evaluate(a["value"], env) & 0xFFFFFFFF)
            return out

        kernels = []
        for k in launch["kernels"]:
            per_core = ttnn.RuntimeArgs()
            if k["runtime_args"]:
                for core in range(launch["cores"]["count"]):
                    x, y = core % columns, core // columns
                    per_core[x][y] = values(k["runtime_args"], {**env, variable: core} if variable else env)
            if k["engine"] == "reader":
                config = ttnn.ReaderConfigDescriptor()
            elif k["engine"] == "writer":
                config = ttnn.WriterConfigDescriptor()
            else:
                config = self._compute_config(launch)
            kernels.append(
                ttnn.KernelDescriptor(
                    kernel_source=self._source(k["file"]),
                    source_type=ttnn.KernelDescriptor.SourceType.SOURCE_CODE,
                    core_ranges=where,
                    compile_time_args=values(k["compile_time_args"], env),
                    named_compile_time_args=[
                        (n, evaluate(e, env) & 0xFFFFFFFF) for n, e in k["named_compile_time_args"].items()
                    ],
                    defines=list(k["defines"].items()),
                    common_runtime_args=values(k["common_runtime_args"], env),
                    runtime_args=per_core,
                    config=config,
                )
            )
        buffers, used = [], 0
        for c in launch["circular_buffers"]:
            page = FORMATS[c["ttnn_dtype"]].page
            size = page * c["pages"]
            used += size
            formats = [ttnn.CBFormatDescriptor(c["id"], getattr(ttnn, c["ttnn_dtype"]), page)]
            buffers.append(ttnn.CBDescriptor(total_size=size, core_ranges=where, format_descriptors=formats))
        capacity = launch["l1"]["capacity"]
        if used > capacity:
            raise LaunchError(
                f"the circular buffers take {used} B of L1 with ttnn's storage types, the core has {capacity} B: "
                "float16 travels as float32 there; use bfloat16 or smaller blocks"
            )
        semaphores = [
            ttnn.SemaphoreDescriptor(id=s["id"], core_ranges=where, initial_value=s["initial"])
            for s in launch["semaphores"]
        ]
        return ttnn.ProgramDescriptor(kernels=kernels, semaphores=semaphores, cbs=buffers)

    def _compute_config(self, launch: Mapping[str, Any]) -> Any:
        import ttnn

        c = launch["compute"]
        config = ttnn.ComputeConfigDescriptor(
            math_fidelity=ttnn.MathFidelity.__members__[c["math_fidelity"]],
            fp32_dest_acc_en=c["fp32_dest_acc_en"],
            dst_full_sync_en=c["dst_full_sync_en"],
            math_approx_mode=c["math_approx_mode"],
        )
        to_dest = [b["id"] for b in launch["circular_buffers"] if b["unpack_mode"] == "to_dest_fp32"]
        if to_dest:
            pd = ttnn._ttnn.program_descriptor
            modes = [pd.UnpackToDestMode.Default] * 64  # one a circular buffer; ttnn does not check the length
            for i in to_dest:
                modes[i] = pd.UnpackToDestMode.UnpackToDestFp32
            config.unpack_to_dest_mode = pd.VectorUnpackToDestMode(modes)
        return config


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tilelang_tt.launch", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", help=f"folder with the kernels and {PLAN_FILE}")
    parser.add_argument("--input", action="append", default=[], metavar="A.npy", help="an input, in parameter order")
    parser.add_argument("--output", action="append", default=[], metavar="C.npy", help="an output, in parameter order")
    parser.add_argument("--scalar", action="append", default=[], metavar="NAME=VALUE", help="a scalar or shape symbol")
    parser.add_argument("--device", type=int, default=0, help="number of the device")
    parser.add_argument("--repeat", type=int, default=1, help="runs; the time of each is printed")
    args = parser.parse_args(argv)
    device = None
    try:
        program = Program(args.folder)
        if len(args.output) > len(program.outputs):
            raise LaunchError(f"{len(args.output)} outputs asked for; the program has {len(program.outputs)}")
        arrays = [np.load(p) for p in args.input]
        floats = {s["name"] for s in program.plan.get("scalars", ()) if s["dtype"] in _FLOATS}
        scalars = {
            name: float(value) if name in floats else int(value)
            for name, _, value in (s.partition("=") for s in args.scalar)
        }
        program.bind(arrays, scalars)  # fail before the device is opened
        device = open_device(args.device)
        for _ in range(args.repeat):
            start = time.perf_counter()
            results = program.run(device, arrays, scalars)
            print(f"{program.plan['name']}: {time.perf_counter() - start:.3f} s, transfers included")
        for path, result in zip(args.output, results, strict=False):
            np.save(path, result)
            print(f"{path}: {result.dtype} {result.shape}")
    except (LaunchError, OSError, ValueError) as e:
        print(f"error: {e}", file=sys.stderr)
        return 1
    finally:
        if device is not None:
            close_device(device)
    return 0


if __name__ == "__main__":
    sys.exit(main())
