"""Integers of a block that steer it: assigned in straight lines, branches and loops, and stepped by `while`."""

import pytest
import tilelang
import tilelang.language as T
import torch
from bounds import randn
from tilelang_tt import CompileError
from tilelang_tt.backend import import_program

TARGETS = ["tenstorrent", "tenstorrent -arch=blackhole"]
ROWS = 9  # blocks of 32 rows


def weights(func, target=TARGETS[0], stored=False):
    """What each block of 32 rows of A was multiplied by on its way to B; 0: it was not stored."""
    a = randn(ROWS * 32, 64, dtype="float32").abs() + 1
    b = torch.zeros_like(a)
    tilelang.compile(func, target=target)(a, b)
    ratio = (b / a).reshape(ROWS, -1)
    assert (ratio.amax(1) - ratio.amin(1)).max() < 1e-2
    return [round(x) for x in ratio.mean(1).tolist()]


def kernel(walk, blocks=2):
    """walk(block, do, i, c): `do(row, factor)` multiplies a block of rows; i and c are integers of the block."""

    @T.macro
    def do(A, B, a, row, factor):
        T.copy(A[row * 32, 0], a)
        for r, q in T.Parallel(32, 64):
            a[r, q] = a[r, q] * factor
        T.copy(a, B[row * 32, 0])

    @T.prim_func
    def main(A: T.Tensor((ROWS * 32, 64), "float32"), B: T.Tensor((ROWS * 32, 64), "float32")):
        with T.Kernel(blocks, threads=128) as bx:
            a = T.alloc_fragment((32, 64), "float32")
            i = T.alloc_local((1,), "int32")
            c = T.alloc_local((1,), "int32")
            walk(do, A, B, a, bx, i, c)

    return main


def test_while_by_a_constant():
    @T.macro
    def walk(do, A, B, a, bx, i, c):
        i[0] = bx + 1
        c[0] = 3
        while i[0] < ROWS:
            do(A, B, a, i[0], c[0])
            c[0] += 2
            i[0] += 2

    for target in TARGETS:
        assert weights(kernel(walk), target) == [0, 3, 3, 5, 5, 7, 7, 9, 9]


def test_while_over_a_variable():
    @T.prim_func
    def main(A: T.Tensor((ROWS * 32, 64), "float32"), B: T.Tensor((ROWS * 32, 64), "float32")):
        with T.Kernel(2, threads=128) as bx:
            a = T.alloc_fragment((32, 64), "float32")
            i = T.alloc_var("int32", bx)
            c = T.alloc_var("int32", 1)
            while i < 8:
                T.copy(A[i * 32, 0], a)
                for r, q in T.Parallel(32, 64):
                    a[r, q] = a[r, q] * c
                T.copy(a, B[i * 32, 0])
                c += 2
                i += 2

    assert weights(main) == [1, 1, 3, 3, 5, 5, 7, 7, 0]


def test_while_up_to_and_with_a_bound():
    @T.macro
    def walk(do, A, B, a, bx, i, c):
        i[0] = 3 - bx
        while i[0] <= 7 - bx:
            c[0] = i[0] + 10
            do(A, B, a, i[0], c[0])
            i[0] = T.min(i[0] + 4, 8 - bx)
        do(A, B, a, 8 * bx, i[0])

    assert weights(kernel(walk)) == [8, 0, 12, 13, 0, 0, 16, 17, 7]


@pytest.mark.parametrize("first, last, period", [(0, 9, 4), (1, 9, 4), (3, 4, 4), (5, 5, 4), (4, 8, 4), (2, 9, 1)])
def test_while_to_the_end_of_a_period(first, last, period):
    """Each stretch is multiplied by its length, begin and end being integers of the block."""

    @T.macro
    def walk(do, A, B, a, bx, i, c):
        i[0] = first
        while i[0] < last:
            c[0] = T.min(i[0] + (period - i[0] % period), last)
            for k in T.serial(c[0] - i[0]):
                do(A, B, a, i[0] + k, c[0] - i[0] + 10 * (i[0] // period))
            i[0] = c[0]

    expected, i = [0] * ROWS, first
    while i < last:
        end = min(i + period - i % period, last)
        expected[i:end] = [end - i + 10 * (i // period)] * (end - i)
        i = end
    assert weights(kernel(walk, blocks=1)) == expected


def test_unclamped_period():
    @T.macro
    def walk(do, A, B, a, bx, i, c):
        i[0] = 1
        while i[0] < 8:
            do(A, B, a, i[0], i[0] + 1)
            i[0] = (i[0] // 3 + 1) * 3
        do(A, B, a, 0, i[0])

    assert weights(kernel(walk, blocks=1)) == [9, 2, 0, 4, 0, 0, 7, 0, 0]


def test_branches_and_loops():
    @T.macro
    def walk(do, A, B, a, bx, i, c):
        c[0] = 1
        i[0] = 0
        for k in T.serial(3):
            if k == bx:
                i[0] = 20
            else:
                i[0] = c[0] - c[0]
            do(A, B, a, bx * 3 + k, i[0] + c[0])
            c[0] += 1
        for k in T.serial(3):
            c[0] = c[0] * 2  # no constant step: it is computed where it is used
        if bx == 1:
            T.copy(A[8 * 32, 0], a)
            for r, q in T.Parallel(32, 64):
                a[r, q] = a[r, q] * c[0]
            T.copy(a, B[8 * 32, 0])

    assert weights(kernel(walk)) == [21, 2, 3, 1, 22, 3, 0, 0, 32]


def test_value_of_no_constant_step_steers_nothing():
    @T.macro
    def walk(do, A, B, a, bx, i, c):
        i[0] = 1
        for k in T.serial(3):
            do(A, B, a, i[0], 1)
            i[0] = i[0] * 2

    with pytest.raises(CompileError, match="TT1003.*it uses the value row = i"):
        import_program(kernel(walk))


@pytest.mark.parametrize("step", ["i = i * 2", "i = i - 1", "i = i + bx", "c[0] = c[0] + 1"])
def test_other_steps_are_refused(step):
    steps = {
        "i = i * 2": lambda i, bx: i * 2,
        "i = i - 1": lambda i, bx: i - 1,
        "i = i + bx": lambda i, bx: i + bx,
        "c[0] = c[0] + 1": lambda i, bx: i,
    }

    @T.macro
    def walk(do, A, B, a, bx, i, c):
        i[0] = 1
        while i[0] < ROWS:
            do(A, B, a, i[0], 1)
            i[0] = steps[step](i[0], bx)

    with pytest.raises(CompileError, match="TT1001.*\n.*T.min\\(i"):
        import_program(kernel(walk))


def test_value_that_lanes_change_is_read_again():
    @T.prim_func
    def main(A: T.Tensor((ROWS * 32, 64), "float32"), B: T.Tensor((ROWS * 32, 64), "float32")):
        with T.Kernel(ROWS, threads=128) as bx:
            a = T.alloc_fragment((32, 64), "float32")
            c = T.alloc_local((1,), "int32")
            c[0] = 1
            T.copy(A[bx * 32, 0], a)
            for r in T.Parallel(1):
                for k in T.serial(3):
                    c[0] = c[0] + 2
            for r, q in T.Parallel(32, 64):
                a[r, q] = a[r, q] * c[0]
            T.copy(a, B[bx * 32, 0])

    assert weights(main) == [7] * ROWS
