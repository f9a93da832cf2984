"""Typed access to the functions that libtilelang_tt.so registers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import tvm_ffi
from tvm.target import Target
from tvm.tirx import PrimFunc


@dataclass(frozen=True)
class Remark:
    severity: str
    """"warning" or "note"."""
    code: str
    text: str


@dataclass(frozen=True)
class Stage:
    name: str
    text: str
    milliseconds: float


@dataclass(frozen=True)
class Compiled:
    files: dict[str, str]
    stages: list[Stage] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


def _call(name: str, *args: Any) -> Any:
    return tvm_ffi.get_global_func(f"tilelang_tt.{name}")(*args)


def remarks(items: Any) -> list[Remark]:
    return [Remark(str(item["severity"]), str(item["code"]), str(item["text"])) for item in items]


def import_function(function: PrimFunc, name: str) -> tuple[str, list[Remark]]:
    result = _call("import", function, name)
    return str(result["text"]), remarks(result["remarks"])


def compile_text(text: str, target: Target, until: str = "", dump: bool = False) -> Compiled:
    result = _call("compile", text, target, until, dump)
    return Compiled(
        files={str(name): str(contents) for name, contents in result["files"].items()},
        stages=[Stage(str(s["name"]), str(s["text"]), float(s["milliseconds"])) for s in result["stages"]],
        remarks=remarks(result["remarks"]),
    )


def tensors(text: str) -> list[dict[str, Any]]:
    """name, dtype, param (-1: workspace), read, written of every tensor of a TileProgram."""
    return [
        {str(k): (str(v) if str(k) in ("name", "dtype") else v) for k, v in item.items()}
        for item in _call("tensors", text)
    ]


def build(text: str, target: Target) -> Any:
    return _call("build", text, target)


def build_host() -> Any:
    return _call("build_host")


def version() -> str:
    return str(_call("version"))


def build_id() -> str:
    return str(_call("build_id"))


def stages() -> list[dict[str, str]]:
    return [{str(k): str(v) for k, v in item.items()} for item in _call("stages")]


def devices() -> list[dict[str, Any]]:
    return [
        {str(k): (list(v) if str(k) == "grid" else (v if isinstance(v, int) else str(v))) for k, v in item.items()}
        for item in _call("devices")
    ]


@dataclass(frozen=True)
class RunStats:
    """The last run of a kernel in this process."""

    cycles: int
    """Modelled, from the first core's start to the last core's end; 0 where nothing models time."""
    seconds: float
    """The cycles at the device's clock."""
    device: str
    """E.g. "emulator wormhole_b0 n150 8x8"."""
    numerics: str
    """"exact" (bit by bit as the chip), "fast" (bounded against exact) or "reference" (the interpreter)."""
    wall_seconds: float
    """That the run took on this machine."""


def last_run() -> RunStats | None:
    """Figures of the last kernel run in this process, None before the first."""
    stats = _call("last_run")
    if not stats:
        return None
    return RunStats(
        int(stats["cycles"]),
        float(stats["seconds"]),
        str(stats["device"]),
        str(stats["numerics"]),
        float(stats["wall_seconds"]),
    )


@dataclass(frozen=True)
class RunTotals:
    """All runs of kernels in this process so far."""

    runs: int
    unmodelled: int
    """Runs on a device that models no time: the reference interpreter, or ttnn."""
    seconds: float
    """Modelled, added up."""


def all_runs() -> RunTotals:
    totals = _call("all_runs")
    return RunTotals(int(totals["runs"]), int(totals["unmodelled"]), float(totals["seconds"]))
