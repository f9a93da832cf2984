"""A single-core program of three kernels over raw pages, independent of what runs it (ttnn or the emulator)."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

import numpy as np

KERNELS = pathlib.Path(__file__).resolve().parent / "kernels"
ARCHS = ("wormhole_b0", "blackhole")

# tt-metal's names of formats -> (bytes of a 32x32 tile, numpy dtype in which its bits are kept)
FORMATS: dict[str, tuple[int, Any]] = {
    "Float16_b": (2048, np.uint16),
    "Float32": (4096, np.uint32),
    "Bfp8_b": (1088, np.uint8),
    "Bfp4_b": (576, np.uint8),
    "UInt32": (4096, np.uint32),
    "Int32": (4096, np.uint32),
    "UInt16": (2048, np.uint16),
    "UInt8": (1024, np.uint8),
}


class Refused(RuntimeError):
    """The machine will not run the program (unsupported there, or a fault it found); the text says why."""


@dataclasses.dataclass(frozen=True)
class Input:
    format: str
    data: str  # a name that inputs.make understands: the same name gives the same bits


@dataclasses.dataclass(frozen=True)
class Program:
    """reader -> CBs 0, 1, 2 -> compute -> CB 16 -> writer; every CB holds all pages of its tensor."""

    compute: str  # file in kernels/
    inputs: tuple[Input, ...]
    out_format: str
    out_tiles: int
    named: dict[str, int] = dataclasses.field(default_factory=dict)
    defines: dict[str, str] = dataclasses.field(default_factory=dict)
    fidelity: str = "HiFi4"
    dst32: bool = False
    full_sync: bool = False
    approx: bool = False
    bfp_precise: bool = False
    unpack_to_dest: tuple[int, ...] = ()  # CBs whose fp32 goes to DST without passing through SrcA
    pages: tuple[int, ...] = ()  # page bytes of the inputs where they are not tiles (row-major sticks)
    out_page: int = 0

    def in_page(self, i: int) -> int:
        return (self.pages[i] if self.pages else 0) or FORMATS[self.inputs[i].format][0]

    def to_json(self) -> dict[str, Any]:
        d = dataclasses.asdict(self)
        default = Program(self.compute, (), "", 0)
        keep = ("compute", "inputs", "out_format", "out_tiles")
        return {k: v for k, v in d.items() if k in keep or v != getattr(default, k)}

    @staticmethod
    def from_json(d: dict[str, Any]) -> Program:
        d = dict(d)
        d["inputs"] = tuple(Input(**i) for i in d["inputs"])
        for k in ("unpack_to_dest", "pages"):
            if k in d:
                d[k] = tuple(d[k])
        return Program(**d)


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    op: str  # name in the op table
    program: Program
    family: str  # file of the golden bits
    ulp: int | None = None  # None: bits must be equal; else the bound in units of the output's last place
    why: str = ""  # why not bit for bit
    archs: tuple[str, ...] = ARCHS
    # What of each tile is the result: "row" 0, "columns" 0, 2, … 14 (eight times the same), "element" 0; the rest is left
    # over.
    part: str = ""
    absolute: float = 0.0  # differences up to this do not count: where the terms of a function cancel

    def result(self, bits: np.ndarray) -> np.ndarray:
        """The bits with zeros in the place of what is no result."""
        if not self.part:
            return bits
        i = np.arange(1024)
        row, column = (i >> 9 & 1) * 16 + (i >> 4 & 15), (i >> 8 & 1) * 16 + (i & 15)
        keep = {"row": row == 0, "columns": (column < 16) & (column % 2 == 0), "element": i == 0}[self.part]
        return np.where(keep, bits.reshape(-1, 1024), 0).astype(bits.dtype).reshape(bits.shape)
