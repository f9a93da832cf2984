"""Generated files of a kernel, in memory and on disk."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tilelang.backend.target import TargetLike
from tvm.target import Target
from tvm.tirx import PrimFunc

from . import _ffi
from . import target as _target
from .errors import CompileError

PLAN = "tt.plan.json"


@dataclass(frozen=True)
class Artifacts:
    """What the compiler made of one kernel."""

    files: dict[str, str]
    """Name → text: reader.cpp, compute.cpp, writer.cpp, host.cpp, tt.plan.json, CMakeLists.txt."""
    target: Target
    tile_program: str
    """The TileProgram's text, as imported from TileLang."""
    stages: list[_ffi.Stage] = field(default_factory=list)
    """One a pass that ran: its name, the form after it as text (with dump=True) and the time it took."""
    remarks: list[_ffi.Remark] = field(default_factory=list)

    @cached_property
    def plan(self) -> dict[str, Any]:
        """tt.plan.json, parsed."""
        return json.loads(self.files[PLAN])

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Writes all files into `folder`, whole or not at all. Files of an earlier save that are no longer generated go."""
        return write_folder(folder, self.files)


def write_folder(folder: str | os.PathLike[str], files: dict[str, str | bytes]) -> Path:
    """A new folder appears by one rename. An existing one is replaced only if a compile made it (it has a plan)."""
    target = Path(folder)
    parent = target.resolve().parent
    if target.exists():
        if not target.is_dir():
            raise NotADirectoryError(f"{target} exists and is not a folder")
        if any(target.iterdir()) and not (target / PLAN).exists():
            raise FileExistsError(f"{target} is not empty and holds no {PLAN}; give a new folder")
    parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=parent))
    try:
        for name, contents in files.items():
            path = staging / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        staging.chmod(0o777 & ~_umask())
        old = None
        if target.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=parent))
            target.rename(old / "replaced")
        try:
            staging.rename(target)
        except OSError:
            if old is not None:
                (old / "replaced").rename(target)
            raise
        finally:
            if old is not None:
                shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return target


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def prim_func(function: Any) -> PrimFunc:
    """The PrimFunc of a prim_func, a module of one, or a compiled kernel."""
    if isinstance(function, PrimFunc):
        return function
    inner = getattr(function, "prim_func", None)
    if isinstance(inner, PrimFunc):
        return inner
    raise CompileError(
        f"{type(function).__name__} is not a TileLang function: pass a @T.prim_func, or call the factory or "
        "@tilelang.jit function's get_tir(...) first"
    )


def compile_artifacts(
    function: Any, target: TargetLike = _target.KIND, *, until: str = "", dump: bool = False
) -> Artifacts:
    """Compiles without running. `until` stops after that stage (files are then empty); `dump` keeps every stage's text.

    Raises CompileError with every obstacle and its line, ValueError for a bad target.
    """
    from .backend import import_program

    made = _target.make(target)
    text, remarks = import_program(prim_func(function))
    compiled = _ffi.compile_text(text, made, until, dump)
    return Artifacts(compiled.files, made, text, compiled.stages, remarks + compiled.remarks)
