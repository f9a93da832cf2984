"""Rows too long for L1: operands that are read in parts, in kernels whose blocks are whole rows."""

import re

import pytest
import tilelang
import tilelang.language as T
import tilelang_tt
import torch
from bounds import randn, relative


def layer_norm(rows, columns, dtype="bfloat16"):
    """One row a block, all of it in shared memory, with weights: as TileLang's own example is written."""

    @T.prim_func
    def main(
        X: T.Tensor((rows, columns), dtype),
        G: T.Tensor((columns,), dtype),
        B: T.Tensor((columns,), dtype),
        Y: T.Tensor((rows, columns), dtype),
    ):
        with T.Kernel(rows) as bx:
            x, g, b = (
                T.alloc_shared((1, columns), dtype),
                T.alloc_shared(columns, dtype),
                T.alloc_shared(columns, dtype),
            )
            wide, square = T.alloc_fragment((1, columns), "float32"), T.alloc_fragment((1, columns), "float32")
            mean, rstd = T.alloc_fragment((1,), "float32"), T.alloc_fragment((1,), "float32")
            T.copy(X[bx, 0], x)
            T.copy(G, g)
            T.copy(B, b)
            for i, j in T.Parallel(1, columns):
                wide[i, j] = x[i, j]
            for i, j in T.Parallel(1, columns):
                square[i, j] = wide[i, j] * wide[i, j]
            T.reduce_sum(wide, mean, dim=1)
            T.reduce_sum(square, rstd, dim=1)
            for i in T.Parallel(1):
                mean[i] = mean[i] / columns
                rstd[i] = T.rsqrt(rstd[i] / columns - mean[i] * mean[i] + 1e-5)
            for i, j in T.Parallel(1, columns):
                x[i, j] = (wide[i, j] - mean[i]) * rstd[i] * g[j] + b[j]
            T.copy(x, Y[bx, 0])

    return main


@pytest.mark.parametrize("arch", ["wormhole_b0", "blackhole"])
@pytest.mark.parametrize("rows", [1, 40])
def test_layer_norm_of_long_rows(rows, arch):
    target = f"tenstorrent -arch={arch}"
    program = tilelang_tt.compile_artifacts(layer_norm(rows, 8192), target, until="schedule", dump=True).stages[-1].text
    assert re.search(r"channel [gb] format=\w+ pages=[24] .*2 subblocks deep", program)  # a weight comes in parts
    kernel = tilelang.compile(layer_norm(rows, 8192), target=target, out_idx=[3])
    x, g, b = randn(rows, 8192), randn(8192, seed=1), randn(8192, seed=2)
    wanted = torch.nn.functional.layer_norm(x.double(), (8192,), g.double(), b.double())
    for _ in range(2):  # nothing is left behind in the channels
        assert relative(kernel(x, g, b), wanted) <= 2.0**-7
