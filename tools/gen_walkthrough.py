#!/usr/bin/env python3
"""Writes docs/walkthrough.md: the GEMM of examples/gemm.py through every stage, with what each stage really gives.

python tools/gen_walkthrough.py           # writes the page
python tools/gen_walkthrough.py --check   # exit status 1, with the difference, if the page is not up to date
"""

from __future__ import annotations

import argparse
import difflib
import inspect
import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "walkthrough.md"
sys.path[:0] = [str(ROOT / "examples"), str(ROOT / "python")]

BLOCKS = {"block_M": 64, "block_N": 64}

ABOUT = {
    "map": """**map** decides what lies where: each tensor as 32×32 tiles in DRAM, interleaved over the banks, and the blocks of
    the grid in contiguous shares over the cores. Nothing later changes it.""",
    "tensorize": """**tensorize** turns buffers into values. A value is a block of elements without a place; copies into shared
    memory have become loads, the cleared accumulator is what the loop carries, and the copy out is a cast and a store.""",
    "place": """**place** gives every value a home. `A_shared` and `B_shared` are circular buffers, two blocks deep because the
    user asked for `num_stages=2`. The accumulator's four tiles fit into DST and stay there over the whole loop.""",
    "schedule": """**schedule** writes one program for all engines: each line says who runs it. Waits, pushes, barriers and DST's
    hand-over are explicit; inits are derived, not written. The interpreter runs this form line by line, and the three
    kernels are projections of it.""",
}


def fenced(text: str, language: str = "") -> str:
    return f"```{language}\n{text.rstrip()}\n```\n"


def paragraph(text: str) -> str:
    return "\n".join(textwrap.wrap(" ".join(text.split()), 120, break_on_hyphens=False)) + "\n"


def without_locations(text: str) -> str:
    """The forms carry the user's line on every statement; here they are left out, except in the first form."""
    return re.sub(r' loc\("[^"]*":\d+(:\d+)?\)', "", text)


def page() -> str:
    import gemm
    import tilelang
    import tilelang_tt
    import torch

    function = gemm.matmul(**BLOCKS)
    compiled = tilelang_tt.compile_artifacts(function, target="tenstorrent", dump=True)
    source = textwrap.dedent(inspect.getsource(gemm.matmul))
    parts = [
        "# A GEMM from TileLang to checked numbers\n",
        paragraph(
            """C = A · B, 256×256×256 in bf16, as TileLang's own examples write it. Every block below is real output:
            `tools/gen_walkthrough.py` writes this page, and a test fails when it is out of date. For a kernel of your own,
            `tilelang-tt compile FILE.py --dump-ir` prints the same."""
        ),
        "## What the user writes\n",
        paragraph("From `examples/gemm.py`, with blocks of 64×64 (`block_M=64, block_N=64`):"),
        fenced(source, "python"),
        "## The tile program\n",
        paragraph(
            """The frontend reads TileLang's IR and gives plain data: tensors, buffers, loops and tile operations, each with
            the user's line. This is the only room that knows TVM."""
        ),
        fenced(re.sub(r'loc\("[^"]*/', 'loc("', compiled.tile_program)),
    ]
    for stage in compiled.stages:
        if stage.name not in ABOUT:
            continue
        parts += [f"## {stage.name}\n", paragraph(ABOUT[stage.name]), fenced(without_locations(stage.text))]
    parts += ["## The kernels\n", paragraph("What runs on every core, for a person to read.")]
    for name in ("reader.cpp", "compute.cpp", "writer.cpp"):
        parts += [f"### {name}\n", fenced(compiled.files[name], "cpp")]
    plan = compiled.files["tt.plan.json"]
    excerpt = plan[plan.index('  "launches"') : plan.index('        {\n          "file": "compute.cpp"')]
    parts += [
        "## The plan\n",
        paragraph(
            """`tt.plan.json` is all that a launcher needs beside the kernels (schema: `tt.plan.schema.json`). An excerpt: the
            cores, and the reader's arguments. Values may be expressions over the core's number and over shape symbols."""
        ),
        fenced(excerpt + "        ...", "json"),
        "## The host program\n",
        paragraph("`host.cpp` does the same in C++ for an installed TT-Metalium or the emulator. Its `main`:"),
        fenced(compiled.files["host.cpp"][compiled.files["host.cpp"].index("int main(") :], "cpp"),
        "## The numbers\n",
        paragraph("The emulator runs the kernels above, on 16 of its 64 cores, bit by bit as the chip would:"),
    ]
    kernel = tilelang.compile(function, target="tenstorrent -numerics=exact", out_idx=[-1])
    torch.manual_seed(0)
    a, b = (torch.randn(256, 256, dtype=torch.bfloat16) for _ in range(2))
    c = kernel(a, b)
    reference = a.double() @ b.double()
    error = ((c.double() - reference).norm() / reference.norm()).item()
    run = tilelang_tt.last_run()
    parts.append(
        fenced(
            f"relative error against PyTorch (float64): {error:.2e}\n"
            f"modelled time on {run.device}: {run.seconds * 1e6:.1f} µs ({run.cycles} cycles, {run.numerics} numerics)"
        )
    )
    return "\n".join(parts).replace(f"{ROOT}/", "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare only")
    text, old = page(), PAGE.read_text() if PAGE.exists() else ""
    if not parser.parse_args().check:
        PAGE.write_text(text)
        return 0
    if text != old:
        sys.stdout.writelines(
            difflib.unified_diff(old.splitlines(True), text.splitlines(True), "docs/walkthrough.md", "now")
        )
    return text != old


if __name__ == "__main__":
    sys.exit(main())
