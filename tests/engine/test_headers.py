"""The kernel-side compute headers: each stands alone, without warnings, and has what the op table emits."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "emulator" / "include"
PRELUDE = """
#define COMPILE_FOR_TRISC 1
#define TT_EMU_LIST_FORMATS 0
#define TT_EMU_LIST_TILE_SIZES 0
#define TT_EMU_LIST_TILE_ROWS 32
#define TT_EMU_LIST_TILE_COLS 32
#define KERNEL_COMPILE_TIME_ARGS 1u, 1u
#include "tt_emulator/kernel_prelude.h"
"""
HEADERS = sorted(str(p.relative_to(INCLUDE)) for p in (INCLUDE / "api" / "compute").rglob("*.h"))
# Removed or deprecated in ttnn 0.81.1.
GONE = [
    "mm_init",
    "mm_block_init",
    "binary_op_init_common",
    "add_tiles_init",
    "init_sfpu",
    "unary_op_init_common",
    "copy_tile_init",
    "copy_tile_to_dst_init_short",
    "acquire_dst",
    "release_dst",
    "transpose_wh_tile",
    "reduce_revert_delta",
    "untilize_block",
]


def compile_text(tmp_path: Path, text: str, *flags: str) -> str:
    """Compiler's messages; empty if it says nothing."""
    compiler = os.environ.get("CXX", "").split() or [next(filter(None, map(shutil.which, ("c++", "g++", "clang++"))))]
    source = tmp_path / "kernel.cpp"
    source.write_text(text)
    command = [*compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", *flags, f"-I{INCLUDE}", str(source)]
    return subprocess.run(command, check=False, capture_output=True, text=True).stderr


@pytest.mark.parametrize("header", HEADERS)
def test_header_stands_alone(tmp_path: Path, header: str) -> None:
    assert compile_text(tmp_path, f'{PRELUDE}#include "{header}"\nvoid kernel_main() {{}}\n') == ""


def literals(row: str, field: str) -> str:
    found = re.search(rf'\.{field}\s*=\s*((?:"(?:[^"\\]|\\.)*"\s*)+)', row)
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', found.group(1))) if found else ""


def test_every_call_of_the_op_table_compiles(tmp_path: Path) -> None:
    table = re.sub(r"//.*", "", (ROOT / "tensix" / "op_table.inc").read_text())
    rows = table.split("TENSIX_OP(")[1:]
    assert len(rows) > 50
    calls = [literals(row, field) for row in rows for field in ("init", "call", "uninit")]
    body = "".join(
        f"{re.sub(r'{[a-z]+[0-9]?}', '0', re.sub(r'{f[0-9]?}', 'DataFormat::Float32', c))};\n" for c in calls
    )
    includes = "".join(f'#include "{h}"\n' for h in sorted({literals(row, "header") for row in rows} - {""}))
    assert compile_text(tmp_path, f"{PRELUDE}{includes}void kernel_main() {{\n{body}}}\n") == ""


@pytest.mark.parametrize("name", GONE)
def test_names_that_are_gone_are_absent(tmp_path: Path, name: str) -> None:
    everything = "".join(f'#include "{h}"\n' for h in HEADERS)
    said = compile_text(tmp_path, f"{PRELUDE}{everything}void kernel_main() {{ (void)&{name}; }}\n")
    assert f"{name}" in said
    assert "error" in said
