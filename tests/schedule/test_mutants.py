"""Single statements of scheduled programs are removed or altered: the static verifier has to refuse every mutant."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))
from textcases import TextCase, find_opt

HERE = Path(__file__).parent
PROGRAMS = [
    "gemm_resident",
    "gemm_l1_sums",
    "gemm_fp32_result",
    "gemm_trans_a",
    "gemm_start",
    "softmax",
    "attention",
    "gemm_multicast",
]
# A call less leaves a well-formed program that computes something else; everything else is needed.
REMOVABLE = re.compile(
    r"^\s*(reader|compute|writer)[+a-z]*: (channel|noc|dst|startup|init|reconfig|packer|read_tile|write_tile|pack)\b"
)


def accepts(opt: str, text: str) -> tuple[bool, str]:
    with tempfile.NamedTemporaryFile("w", suffix=".tensix") as file:
        file.write(text)
        file.flush()
        done = subprocess.run(
            [opt, "--until", "codegen", file.name], check=False, capture_output=True, text=True, timeout=60
        )
    return done.returncode == 0, done.stderr


def mutants(text: str):
    lines = text.splitlines(keepends=True)
    for n, line in enumerate(lines):
        where = f"line {n + 1}: {line.strip()[:90]}"
        if REMOVABLE.match(line) and not line.rstrip().endswith("{"):
            yield f"without {where}", "".join(lines[:n] + lines[n + 1 :])
        for pattern, change in [
            (
                r"(call=(?:reserve_back|push_back|wait_front|pop_front) .*pages=)(\d+)",
                lambda m: f"{m[1]}{int(m[2]) * 2}",
            ),
            (r"(^\s*channel .* pages=)(\d+)(?= block_pages=)", lambda m: f"{m[1]}{int(m[2]) + 1}"),
            (r"(multicast .*pages=)(\d+)", lambda m: f"{m[1]}{int(m[2]) * 2}"),
            (r"(peers=)(row|column)", lambda m: m[1] + ("column" if m[2] == "row" else "row")),
            (r"(mode=l1_accumulate)( on)?", lambda m: m[1] + ("" if m[2] else " on")),
            (r"(format=)Float16_b( pages)", lambda m: f"{m[1]}Float32{m[2]}"),
        ]:
            changed = re.sub(pattern, change, line)
            if changed != line:
                yield f"altered {where}", "".join([*lines[:n], changed, *lines[n + 1 :]])


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_mutant_is_refused(name):
    try:
        opt = find_opt()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    text = TextCase.read(HERE / f"{name}.case").expected
    good, message = accepts(opt, text)
    assert good, message
    missed = [what for what, mutant in mutants(text) if accepts(opt, mutant)[0]]
    assert sum(1 for _ in mutants(text)) > 20
    assert not missed, f"{len(missed)} mutants pass:\n" + "\n".join(missed)
