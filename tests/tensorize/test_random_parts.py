"""Random programs on parts of buffers compute the same as text, as a graph and as a Tensix program.

A failure names its seed: `python tests/tensorize/test_random_parts.py SEED` prints the program.
"""

import random
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from textcases import find_opt

SHAPES = {"a": (96, 64), "b": (64, 96), "c": (2, 64, 32)}  # c: a stack of two matrices


class Parts:
    def __init__(self, seed: int):
        self.rng = random.Random(seed)
        self.vars: list[str] = []
        body = [line for _ in range(self.rng.randint(2, 6)) for line in self.statement([], 2)]
        buffers = "\n".join(f"  buffer {n} shape=({', '.join(map(str, s))})" for n, s in SHAPES.items())
        tensors = "\n".join(
            f"tensor @{n.upper()} shape=({', '.join(map(str, s))}) param={2 + k} written"
            for k, (n, s) in enumerate(SHAPES.items())
        )
        full = {n: ", ".join(f"0 : {e}" for e in s) for n, s in SHAPES.items()}
        start = [f"fill dst={n}[{full[n]}] value={k + 1}" for k, n in enumerate(SHAPES)]
        if self.rng.random() < 0.5:
            start[0] = f"copy src=@X[0 : 96, 0 : 64] dst=a[{full['a']}]"
        end = [f"copy src={n}[{full[n]}] dst=@{n.upper()}[{full[n]}]" for n in SHAPES]
        lines = "\n".join("  " + line for line in [*start, *body, *end])
        self.text = (
            "tile_program parts\n"
            + "\n".join(self.vars)
            + f"\ntensor @X shape=(96, 96) param=0 read\ntensor @Y shape=(96, 96) param=1 read\n{tensors}\n"
            + f"launch {{\n{buffers}\n{lines}\n}}\n"
        )

    def variable(self, base: str, kind: str, extent: int) -> str:
        name = f"{base}{len(self.vars)}"
        self.vars.append(f"var {name} kind={kind}" + (f" lo=0 hi={extent - 1}" if kind == "lane" else ""))
        return name

    def part(self, loops: list[str], rows: int, cols: int, name: str = "") -> tuple[str, list[str]]:
        """A buffer and where a part of rows × cols begins in it, one text a dimension."""
        rng = self.rng
        name = name or rng.choice([n for n, s in SHAPES.items() if s[-2] >= rows and s[-1] >= cols])
        *outer, R, C = SHAPES[name]

        def at(steps: int, size: int) -> str:
            if steps == 1:
                return "0"
            if loops and rng.random() < 0.5:
                return f"{rng.choice(loops)} % {steps}" + (f" * {size}" if size != 1 else "")
            return str(rng.randrange(steps) * size)

        return name, [*(at(n, 1) for n in outer), at(R // rows if R % rows == 0 else 1, rows),
                      at(C // cols if C % cols == 0 else 1, cols)]  # fmt: skip

    def statement(self, loops: list[str], depth: int) -> list[str]:
        rng = self.rng
        rows, cols = rng.choice([32, 64]), 32
        kind = rng.choice(["map", "map", "map", "load", "copy", "fill", "matmul"] + ["for", "if"] * (depth > 0))

        def access(part: tuple[str, list[str]], rows: int, cols: int) -> str:
            name, at = part
            extents = [1] * (len(at) - 2) + [rows, cols]
            return f"{name}[{', '.join(f'{o} : {e}' for o, e in zip(at, extents, strict=True))}]"

        target = self.part(loops, rows, cols)
        if kind == "map":
            i, j = self.variable("i", "lane", rows), self.variable("j", "lane", cols)

            def lane(part: tuple[str, list[str]]) -> str:
                name, at = part
                indices = [*at[:-2], f"{at[-2]} + {i}", f"{at[-1]} + {j}"]
                return f"{name}[{', '.join(indices)}]"

            value = f"{lane(self.part(loops, rows, cols))} * f32(0.5) + "
            value += rng.choice([f"@Y[{i}, {j}]", lane(self.part(loops, rows, cols)), "f32(1)"])
            return [
                f"parallel vars=({i}, {j}) extents=({rows}, {cols}) {{",
                f"  {lane(target)} = {value}",
                "}",
            ]
        if kind == "load":
            return [f"copy src=@X[32 : {rows}, 32 : {cols}] dst={access(target, rows, cols)}"]
        if kind == "copy":
            return [f"copy src={access(self.part(loops, rows, cols), rows, cols)} dst={access(target, rows, cols)}"]
        if kind == "fill":
            return [f"fill dst={access(target, rows, cols)} value={rng.randint(-2, 2)}"]
        if kind == "matmul":
            a, b = self.part(loops, rows, 32), self.part(loops, 32, cols)
            return [
                f"gemm a={access(a, rows, 32)} b={access(b, 32, cols)} c={access(target, rows, cols)} clear",
                *self.scaled(access(target, rows, cols), target, rows, cols),
            ]
        k = self.variable("k", "loop", 3)
        body = [line for _ in range(rng.randint(1, 3)) for line in self.statement([*loops, k], depth - 1)]
        extent = rng.choice([2, 3, 17])  # 17: not unrolled
        lines = [f"for var={k} begin=0 extent={extent} {{"]
        if kind == "if":
            return [*lines, f"  if cond={k} == 1 {{", *("    " + line for line in body), "  }", "}"]
        return [*lines, *("  " + line for line in body), "}"]

    def scaled(self, access: str, target: tuple[str, list[str]], rows: int, cols: int) -> list[str]:
        """Keeps products from growing."""
        name, at = target
        i, j = self.variable("i", "lane", rows), self.variable("j", "lane", cols)
        element = f"{name}[{', '.join([*at[:-2], f'{at[-2]} + {i}', f'{at[-1]} + {j}'])}]"
        return [
            f"parallel vars=({i}, {j}) extents=({rows}, {cols}) {{",
            f"  {element} = min(max({element}, f32(-2)), f32(2))",
            "}",
        ]


@pytest.mark.parametrize("seeds", [range(k, k + 15) for k in range(0, 60, 15)], ids=str)
def test_same_numbers(seeds):
    try:
        opt = find_opt()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    parts = 0
    for seed in seeds:
        program = Parts(seed).text
        # fp32 passes the matrix engine with 10 mantissa bits, and a loop carries the difference on
        for until, tolerance in [("tensorize", "1e-5"), ("schedule", "5e-2")]:
            command = [opt, "--until", until, "--interpret", "1", "--tolerance", tolerance, "-"]
            done = subprocess.run(command, input=program, capture_output=True, text=True, timeout=120, check=False)
            if "TT4002" in done.stderr:  # more circular buffers than the chip has
                continue
            assert done.returncode == 0, f"seed {seed}, until {until}: {done.stderr}"
        parts += "assemble" in done.stdout or " replaces" in done.stdout or "put together" in done.stdout
    assert parts > 0


if __name__ == "__main__":
    print(Parts(int(sys.argv[1])).text)
