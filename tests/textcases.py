"""Text tests of passes: a program as text goes into tilelang-tt-opt, a program or an error comes out.

A case is a file `*.case` anywhere below tests/:

    One line or more on what is shown.
    --- options
    --until tensorize --target "arch=wormhole_b0 grid=2x2"
    --- input
    tile_program scale
    ...
    --- output
    tile_graph scale
    ...

In place of `--- output`, `--- error` holds lines that must each occur in the message of a run that fails. A case with
output is also interpreted before and after, on random data (tilelang-tt-opt --interpret 1), unless its options choose a
seed themselves. `python tests/textcases.py --update [case...]` rewrites what is expected with what comes out.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parent


def find_opt() -> str:
    """The tool: $TILELANG_TT_OPT, else the checkout's build, else the path."""
    chosen = os.environ.get("TILELANG_TT_OPT")
    built = TESTS.parent / "build" / "compiler" / "tilelang-tt-opt"
    found = chosen or (str(built) if built.exists() else shutil.which("tilelang-tt-opt"))
    if not found:
        raise FileNotFoundError("tilelang-tt-opt is not built: cmake -S . -B build && cmake --build build")
    return found


@dataclass
class Outcome:
    status: int
    out: str
    err: str


@dataclass
class TextCase:
    path: Path
    about: str
    options: list[str]
    input: str
    kind: str  # "output" or "error"
    expected: str

    @staticmethod
    def read(path: Path) -> TextCase:
        head, *sections = re.split(r"^--- (\w+)\n", path.read_text(), flags=re.MULTILINE)
        parts = dict(zip(sections[::2], sections[1::2], strict=True))
        unknown = set(parts) - {"options", "input", "output", "error"}
        if unknown or "input" not in parts or ("output" in parts) == ("error" in parts):
            raise ValueError(f"{path}: a case has options, input and one of output and error")
        kind = "output" if "output" in parts else "error"
        options = shlex.split(parts.get("options", ""), comments=True)
        return TextCase(path, head.strip(), options, parts["input"], kind, parts[kind])

    def run(self) -> Outcome:
        options = list(self.options)
        if self.kind == "output" and "--interpret" not in options:
            options += ["--interpret", "1"]
        done = subprocess.run(
            [find_opt(), *options, "-"], input=self.input, capture_output=True, text=True, timeout=120, check=False
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def check(self) -> str | None:
        """What is wrong, or None."""
        got = self.run()
        if self.kind == "output":
            if got.status != 0:
                return f"exit {got.status}\n{got.err}"
            return None if got.out == self.expected else difference(self.expected, got.out)
        if got.status == 0:
            return f"expected an error, came out:\n{got.out}"
        missing = [line for line in self.expected.splitlines() if line.strip() and line.strip() not in got.err]
        return None if not missing else "not in the message:\n" + "\n".join(missing) + f"\nmessage:\n{got.err}"

    def update(self) -> bool:
        """Rewrites what is expected; False if the run ended in the other way."""
        got = self.run()
        if (got.status == 0) != (self.kind == "output"):
            print(f"{self.path}: exit {got.status}\n{got.err}", file=sys.stderr)
            return False
        new = got.out if self.kind == "output" else got.err
        text = self.path.read_text()
        start = text.index(f"--- {self.kind}\n") + len(f"--- {self.kind}\n")
        self.path.write_text(text[:start] + new)
        return True


def difference(expected: str, got: str) -> str:
    import difflib

    lines = difflib.unified_diff(expected.splitlines(), got.splitlines(), "expected", "got", lineterm="")
    return "\n".join(lines)


def all_cases() -> list[Path]:
    return sorted(TESTS.rglob("*.case"))


def main() -> int:
    parser = argparse.ArgumentParser(description="Run or update text cases.")
    parser.add_argument("--update", action="store_true", help="rewrite what is expected with what comes out")
    parser.add_argument("cases", nargs="*", type=Path, help="files (default: all)")
    args = parser.parse_args()
    bad = 0
    for path in args.cases or all_cases():
        case = TextCase.read(path)
        if args.update:
            bad += not case.update()
        elif problem := case.check():
            bad += 1
            print(f"{path}: {problem}")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
