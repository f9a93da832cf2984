"""How often ten chains of elementwise work and row kernels go through the packer and the unpacker.

A tile that is computed has to be unpacked once for each operand and packed once for each result; what lies between stays
in DST. Counted from the Tensix program: `packs` are pack_tile calls, `unpacks` the tiles that calls take from circular
buffers (an addition of the matrix engine takes two). Both for one block of 32 rows and 64 columns, 2 tiles.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import tilelang.language as T
import tilelang_tt

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples"))

import layer_norm
import rms_norm
import softmax

M, N = 32, 64


@dataclass
class Counts:
    packs: int = 0
    unpacks: int = 0


def count(program: str) -> Counts:
    """Of one block: calls inside loops count once an iteration; what stands before the loop over blocks does not count."""
    counts, trips = Counts(), []
    in_block = False
    for line in program.splitlines():
        if loop := re.search(r": for var=(\w+) begin=(\S+) extent=(\w+)(?: step=(\d+))? ", line):
            var, extent, step = loop[1], loop[3], int(loop[4] or 1)
            if var == "block":
                in_block = True
                trips.append(1)
            else:
                trips.append(-(-int(extent) // step))
            continue
        if line.rstrip().endswith("{"):
            trips.append(1)
        elif line.strip() == "}":
            trips.pop()
            in_block = in_block and bool(trips[1:])
        if not in_block:
            continue
        times = 1
        for n in trips:
            times *= n
        if re.search(r"compute: pack dst=", line):
            counts.packs += times
        elif call := re.search(r"compute: call op=(\w+) channels=\(([^)]*)\)", line):
            counts.unpacks += times * len(call[2].split(","))
    return counts


def chain(body, operands="b", dtype="bfloat16"):
    """Y = body(operands): b a block, r a row, c a column. Read in the T.Parallel, as elementwise GPU kernels do."""
    shapes = [{"b": (M, N), "r": (N,), "c": (M,)}[kind] for kind in (operands + "bb")[:3]]
    first, second, third = shapes
    used = len(operands)

    @T.prim_func
    def main(
        X: T.Tensor(first, dtype), Y: T.Tensor(second, dtype), Z: T.Tensor(third, dtype), Out: T.Tensor((M, N), dtype)
    ):
        with T.Kernel(1, threads=128) as bx:
            for i, j in T.Parallel(M, N):
                values = [
                    X[bx * M + i, j],
                    Y[j] if operands[1:2] == "r" else Y[bx * M + i] if operands[1:2] == "c" else Y[bx * M + i, j],
                    Z[j] if operands[2:3] == "r" else Z[bx * M + i] if operands[2:3] == "c" else Z[bx * M + i, j],
                ]
                Out[bx * M + i, j] = body(*values[:used])

    return main


def gelu(x):
    return 0.5 * x * (1 + T.erf(x * 0.7071067811865476))


def gelu_tanh(x):
    return 0.5 * x * (1 + T.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))


# Packs and unpacks of a block. The least would be a pack for each tile of a result or of an intermediate that a reduction
# stands between, and an unpack for each operand of a group of operations; what is more is said.
CHAINS = {
    # 2 results; the block and the row for each
    "bias_gelu": (chain(lambda x, b: gelu(x + b), "br"), 2, 4),
    # 2 results; x and y: x * sigmoid(x) is one function
    "silu_mul": (chain(lambda x, y: x * T.sigmoid(x) * y, "bb"), 2, 4),
    "residual_add_relu": (chain(lambda x, r: T.max(x + r, 0), "bb"), 2, 4),
    "scale_shift_clamp": (chain(lambda x: T.clamp(x * 2 + 1, -1, 1)), 2, 2),
    # maximum 1, exponentials 2, sum 1, results 2; x for the maximum and the exponentials, these for the sum and the
    # result, the maximum and the sum for each of 2 tiles, and an index to clear what lies beside either
    "softmax_rows": (softmax.softmax(M=M, N=N), 6, 14),
    # scale 1, results 2; x for the sum and the result, scale and weight for each result, an index to clear beside the
    # scale
    "rms_norm_row": (rms_norm.rms_norm(M=M, N=N), 3, 9),
    # mean 1, x - mean 2, deviation 1, results 2; x for the mean and the difference, the mean, the difference for the
    # squares and the result, deviation, gamma and beta, for each of 2 tiles; indices beside mean and deviation
    "layer_norm": (layer_norm.layer_norm(M=M, N=N), 6, 18),
    "dropout": (chain(lambda x, keep: T.if_then_else(keep > 0.25, x * 1.25, 0), "bb"), 2, 4),
    # x twice: the first product replaces it
    "polynomial": (chain(lambda x: ((0.5 * x + 0.25) * x - 2) * x + 1), 2, 4),
    # x three times: two products with constants replace it
    "gelu_tanh": (chain(gelu_tanh), 2, 6),
}


@pytest.mark.parametrize("name", CHAINS)
def test_counts(name):
    function, packs, unpacks = CHAINS[name]
    artifacts = tilelang_tt.compile_artifacts(function, until="schedule", dump=True)
    assert count(artifacts.stages[-1].text) == Counts(packs, unpacks)
