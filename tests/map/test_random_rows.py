"""Random programs of one row, or of a few rows, a block compute the same before and after they are coarsened.

A failure names its seed: `python tests/map/test_random_rows.py SEED [Blocks]` prints the program.
"""

import random
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from textcases import find_opt

ROWS, COLS = 50, 64
READS = ["a[{j}]", "b[0, {j}]", "s[0]", "@A[bx, {j}]", "@w[{j}]", "f32(0.5)"]
BINARY = ["({} + {})", "({} - {})", "max({}, {})", "min({}, {})", "({} * {} * f32(0.25))"]


class Rows:
    def __init__(self, seed: int):
        self.rng = random.Random(seed)
        self.vars: list[str] = []
        body = [line for _ in range(self.rng.randint(2, 7)) for line in self.statement(2)]
        j = self.variable("j", "lane", COLS)
        out = " + ".join(["a[{j}]", "b[0, {j}]", "s[0]", self.expression(2)]).format(j=j)
        guard = self.rng.choice(["", f" if bx < {ROWS}", f" if bx < {ROWS} && {j} < {COLS}"])
        text = "\n".join("  " + line for line in body)
        variables = "\n".join(self.vars)
        self.text = f"""tile_program rows
var bx kind=grid lo=0 hi={ROWS - 1}
{variables}
tensor @A shape=({ROWS}, {COLS}) param=0 read
tensor @w shape=({COLS}) param=1 read
tensor @B shape=({ROWS}, {COLS}) param=2 written
tensor @t shape=({ROWS}) param=3 written
launch grid=(bx) grid_extents=({ROWS}) {{
  buffer a shape=({COLS})
  buffer b shape=(1, {COLS}) scope=fragment
  buffer s shape=(1) scope=fragment
  copy src=@{self.rng.choice(["A[bx : 1, 0 : 64]", "w[0 : 64]"])} dst=a[0 : {COLS}]
  copy src=@{self.rng.choice(["A[bx : 1, 0 : 64]", "w[0 : 64]"])} dst=b[0 : 1, 0 : {COLS}]
  fill dst=s[0 : 1] value=1
{text}
  parallel vars=({j}) extents=({COLS}) {{
    @B[bx, {j}] = {out}{guard}
  }}
  copy src=s[0 : 1] dst=@t[bx : 1]
}}
"""

    def variable(self, base: str, kind: str, extent: int) -> str:
        name = f"{base}{len(self.vars)}"
        self.vars.append(f"var {name} kind={kind} lo=0 hi={extent - 1}")
        return name

    def expression(self, depth: int) -> str:
        if depth == 0 or self.rng.random() < 0.25:
            return self.rng.choice(READS)
        return self.rng.choice(BINARY).format(self.expression(depth - 1), self.expression(depth - 1))

    def statement(self, depth: int) -> list[str]:
        rng = self.rng
        kind = rng.choice(["map", "map", "load", "copy", "fill", "reduce", "reduce"] + ["for", "if"] * (depth > 0))
        a, b = f"a[0 : {COLS}]", f"b[0 : 1, 0 : {COLS}]"
        if kind == "map":
            j = self.variable("j", "lane", COLS)
            target = rng.choice(["a[{j}]", "b[0, {j}]"])
            store = f"  {target} = {self.expression(3)}".format(j=j)
            return [f"parallel vars=({j}) extents=({COLS}) {{", store, "}"]
        if kind == "load":
            return [f"copy src=@{rng.choice(['A[bx : 1, 0 : 64]', 'w[0 : 64]'])} dst={rng.choice([a, b])}"]
        if kind == "copy":
            return [f"copy src={a} dst={b}" if rng.random() < 0.5 else f"copy src={b} dst={a}"]
        if kind == "fill":
            return [f"fill dst={rng.choice([a, b])} value=2"]
        if kind == "reduce":
            fn, clear = rng.choice(["max", "min"]), rng.choice(["", " clear=false"])
            src, dim = rng.choice([(a, 0), (b, 1)])
            return [f"reduce fn={fn} src={src} dst=s[0 : 1] dim={dim}{clear}"]
        k = self.variable("k", "loop", 3)
        body = [line for _ in range(rng.randint(1, 2)) for line in self.statement(depth - 1)]
        lines = [f"for var={k} begin=0 extent=3 {{"]
        if kind == "if":
            return [*lines, f"  if cond={k} == 1 {{", *("    " + line for line in body), "  }", "}"]
        return [*lines, *("  " + line for line in body), "}"]


class Blocks:
    """The same with blocks of R rows."""

    def __init__(self, seed: int):
        self.rng = rng = random.Random(seed)
        self.vars: list[str] = []
        self.R = rng.choice([2, 4, 8, 16, 24, 10])
        blocks = -(-ROWS // self.R)
        body = [line for _ in range(rng.randint(2, 7)) for line in self.statement(2)]
        i, j = self.variable("i", "lane", self.R), self.variable("j", "lane", COLS)
        out = " + ".join(["a[{i}, {j}]", "s[{i}]", self.expression(2)]).format(i=i, j=j)
        guard = rng.choice(["", f" if bx * {self.R} + {i} < {ROWS}"])
        text = "\n".join("  " + line for line in body)
        variables = "\n".join(self.vars)
        self.text = f"""tile_program blocks
var bx kind=grid lo=0 hi={blocks - 1}
{variables}
tensor @A shape=({ROWS}, {COLS}) param=0 read
tensor @w shape=({COLS}) param=1 read
tensor @B shape=({ROWS}, {COLS}) param=2 written
tensor @t shape=({ROWS}) param=3 written
launch grid=(bx) grid_extents=({blocks}) {{
  buffer a shape=({self.R}, {COLS})
  buffer s shape=({self.R}) scope=fragment
  copy src=@A[bx * {self.R} : {self.R}, 0 : {COLS}] dst=a[0 : {self.R}, 0 : {COLS}]
  fill dst=s[0 : {self.R}] value=1
{text}
  parallel vars=({i}, {j}) extents=({self.R}, {COLS}) {{
    @B[bx * {self.R} + {i}, {j}] = {out}{guard}
  }}
  copy src=s[0 : {self.R}] dst=@t[bx * {self.R} : {self.R}]
}}
"""

    variable = Rows.variable

    def expression(self, depth: int) -> str:
        reads = ["a[{i}, {j}]", "s[{i}]", f"@A[bx * {self.R} + {{i}}, {{j}}]", "@w[{j}]", "f32(0.5)"]
        if depth == 0 or self.rng.random() < 0.25:
            return self.rng.choice(reads)
        return self.rng.choice(BINARY).format(self.expression(depth - 1), self.expression(depth - 1))

    def statement(self, depth: int) -> list[str]:
        rng, R = self.rng, self.R
        kind = rng.choice(["map", "map", "load", "fill", "reduce"] + ["for"] * (depth > 0))
        a = f"a[0 : {R}, 0 : {COLS}]"
        if kind == "map":
            i, j = self.variable("i", "lane", R), self.variable("j", "lane", COLS)
            store = f"  a[{i}, {j}] = {self.expression(3)}".format(i=i, j=j)
            return [f"parallel vars=({i}, {j}) extents=({R}, {COLS}) {{", store, "}"]
        if kind == "load":
            return [f"copy src=@A[bx * {R} : {R}, 0 : {COLS}] dst={a}"]
        if kind == "fill":
            return [f"fill dst={a} value=2"]
        if kind == "reduce":
            clear = rng.choice(["", " clear=false"])
            return [f"reduce fn={rng.choice(['max', 'min'])} src={a} dst=s[0 : {R}] dim=1{clear}"]
        k = self.variable("k", "loop", 3)
        body = [line for _ in range(rng.randint(1, 2)) for line in self.statement(depth - 1)]
        return [f"for var={k} begin=0 extent=3 {{", *("  " + line for line in body), "}"]


@pytest.mark.parametrize("kind", [Rows, Blocks])
@pytest.mark.parametrize("seeds", [range(k, k + 25) for k in range(0, 100, 25)], ids=str)
def test_same_numbers(seeds, kind):
    try:
        opt = find_opt()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    command = [opt, "--until", "tensorize", "--interpret", "1", "--tolerance", "1e-6", "-"]
    coarsened = 0
    for seed in seeds:
        program = kind(seed).text
        done = subprocess.run(command, input=program, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"seed {seed}: {done.stderr}"
        coarsened += "bx_tile" in done.stdout
    assert coarsened > len(seeds) // 2


if __name__ == "__main__":
    print((Blocks if sys.argv[2:] else Rows)(int(sys.argv[1])).text)
