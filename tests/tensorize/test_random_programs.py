"""Random tile programs compute the same before and after tensorize and its simplifications.

A failure names its seed: `python tests/tensorize/test_random_programs.py SEED` prints the program.
"""

import random
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from textcases import find_opt

WHOLE = "[0 : 32, 0 : 32]"
# b is bf16: reads of it are widened and stores to it rounded, as TileLang does.
READS = {"a": "a[{i}, {j}]", "b": "cast<f32>(b[{i}, {j}])", "c": "c[{i}, {j}]", "r": "r[{j}]", "q": "q[{i}]"}
TENSORS = [
    "@A[by * 32 + {i}, bx * 32 + {j}]",
    "@A[bx * 32 + {j}, by * 32 + {i}]",
    "@v[bx * 32 + {j}]",
    "@u[by * 32 + {i}]",
]
BINARY = ["({} + {})", "({} - {})", "max({}, {})", "min({}, {})", "({} * {} * f32(0.25))"]


class Program:
    def __init__(self, seed: int):
        self.rng = random.Random(seed)
        self.vars: list[str] = []
        body = [line for _ in range(self.rng.randint(4, 9)) for line in self.statement([], 2)]
        i, j = self.lanes()
        out = " + ".join([*READS.values(), self.expression(2)]).format(i=i, j=j)  # whatever went wrong shows
        variables = "\n".join(self.vars)
        text = "\n".join("  " + line for line in body)
        self.text = f"""tile_program random
var bx kind=grid lo=0 hi=1
var by kind=grid lo=0 hi=1
{variables}
tensor @A shape=(40, 50) param=0 read
tensor @v shape=(50) param=1 read
tensor @u shape=(40) param=2 read
tensor @C shape=(40, 50) param=3 written
launch grid=(bx, by) grid_extents=(2, 2) {{
  buffer a shape=(32, 32)
  buffer b dtype=bf16 shape=(32, 32)
  buffer c shape=(32, 32) scope=fragment
  buffer r shape=(32)
  buffer q shape=(32) scope=fragment
  copy src=@A[by * 32 : 32, bx * 32 : 32] dst=a{WHOLE}
  fill dst=b{WHOLE} value=0.5
  fill dst=c{WHOLE} value={self.rng.choice([0, 1])}
  fill dst=r[0 : 32] value=2
  fill dst=q[0 : 32] value=1
{text}
  parallel vars=({i}, {j}) extents=(32, 32) {{
    @C[by * 32 + {i}, bx * 32 + {j}] = {out}
  }}
}}
"""

    def variable(self, base: str, kind: str, extent: int) -> str:
        name = f"{base}{len(self.vars)}"
        self.vars.append(f"var {name} kind={kind} lo=0 hi={extent - 1}")
        return name

    def lanes(self) -> tuple[str, str]:
        return self.variable("i", "lane", 32), self.variable("j", "lane", 32)

    def expression(self, depth: int) -> str:
        rng = self.rng
        if depth == 0 or rng.random() < 0.2:
            return rng.choice([*READS.values(), *READS.values(), *TENSORS, "f32(0.5)", "f32(-1)"])
        kind = rng.randrange(8)
        x, y = self.expression(depth - 1), self.expression(depth - 1)
        if kind == 0:
            return f"select(({x}) > ({y}), {self.expression(depth - 1)}, f32(0))"
        if kind == 1:
            return f"cast<f32>(cast<bf16>({x}))"
        return rng.choice(BINARY).format(f"({x})", f"({y})")

    def statement(self, loops: list[str], depth: int) -> list[str]:
        rng = self.rng
        kinds = ["map", "map", "map", "copy", "load", "fill", "reduce", "gemm"]
        kinds += ["for", "for"] * (depth > 0) + ["if"] * (depth > 0 and bool(loops))
        kind = rng.choice(kinds)
        block = rng.choice("abc")
        if kind == "map":
            i, j = self.lanes()
            stores = []
            for target in rng.choices("abc", k=rng.randint(1, 3)):
                value = self.expression(3)
                if target == "b":
                    value = f"cast<bf16>({value})"
                stores.append(f"  {target}[{i}, {j}] = " + value.format(i=i, j=j))
            return [f"parallel vars=({i}, {j}) extents=(32, 32) {{", *stores, "}"]
        if kind == "copy":
            x, y = rng.choice(["ab", "bc", "ca", "ac", "rq", "qr"])
            part = WHOLE if x in "abc" else "[0 : 32]"
            return [f"copy src={x}{part} dst={y}{part}"]
        if kind == "load":
            return [f"copy src=@A[by * 32 : 32, bx * 32 : 32] dst={block}{WHOLE}"]
        if kind == "fill":
            return [f"fill dst={block}{WHOLE} value={rng.choice([0, 1, -0.5])}"]
        if kind == "reduce":
            fn, dst, dim = rng.choice(["max", "min", "absmax"]), rng.choice("qr"), rng.randrange(2)
            clear = rng.choice(["", " clear=false"])
            return [f"reduce fn={fn} src={block}{WHOLE} dst={dst}[0 : 32] dim={dim}{clear}"]
        if kind == "gemm":
            flags = rng.choice(["", "", " trans_a", " trans_b", " clear"])
            gemm = [f"gemm a=a{WHOLE} b=b{WHOLE} c=c{WHOLE}{flags}"]
            return [f"fill dst=c{WHOLE} value={rng.choice([0, 1])}", *gemm] if rng.random() < 0.5 else gemm
        if kind == "for":
            extent = rng.randint(1, 3)
            var = self.variable("k", "loop", extent)
            head, loops = f"for var={var} begin=0 extent={extent} {{", [*loops, var]
        else:
            head = f"if cond={rng.choice(loops)} == {rng.randrange(2)} {{"
        body = [line for _ in range(rng.randint(1, 3)) for line in self.statement(loops, depth - 1)]
        return [head, *("  " + line for line in body), "}"]


@pytest.mark.parametrize("seeds", [range(k, k + 25) for k in range(0, 100, 25)], ids=str)
def test_same_numbers(seeds):
    try:
        opt = find_opt()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    command = [opt, "--until", "tensorize", "--interpret", "1", "--tolerance", "1e-6", "-"]
    for seed in seeds:
        program = Program(seed).text
        done = subprocess.run(command, input=program, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"seed {seed}: {done.stderr}"


if __name__ == "__main__":
    print(Program(int(sys.argv[1])).text)
