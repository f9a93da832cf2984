"""TileLang function → TileProgram: the text of each kind of kernel, and what is refused, with its line.

UPDATE_GOLDEN=1 writes tests/frontend/golden anew; review the difference.
"""

import inspect
import os
import re
from pathlib import Path

import door_kernels
import pytest
import tilelang
import tilelang.language as T
import tilelang_tt
import torch
from tilelang_tt.backend import import_program

GOLDEN = Path(__file__).parent / "golden"

CASES = {
    "gemm": lambda: door_kernels.gemm(),
    "gemm_ragged": lambda: door_kernels.gemm(33, 65, 97, 32, 64, 32),
    "gemm_trans_a": lambda: door_kernels.gemm(trans_a=True),
    "gemm_trans_b": lambda: door_kernels.gemm(trans_b=True),
    "gemm_fp16": lambda: door_kernels.gemm(dtype="float16", accum="float16"),
    "gemm_fp32": lambda: door_kernels.gemm(dtype="float32"),
    "bias_relu": lambda: door_kernels.bias_relu(),
    "batched": lambda: door_kernels.batched(),
    "add": lambda: door_kernels.add(),
    "symbolic": lambda: door_kernels.symbolic(),
    "lazy": lambda: door_kernels.lazy.get_tir(64, 64, 64),
    "eager": lambda: door_kernels.eager.get_tir(M=64, N=64, K=64),
}


def imported(function):
    text, remarks = import_program(function)
    return re.sub(r'loc\("[^"]*/', 'loc("', text), remarks


@pytest.mark.parametrize("name", CASES)
def test_text(name):
    text, _ = imported(CASES[name]())
    path = GOLDEN / f"{name}.tile"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(text)
    assert text == path.read_text()


def test_every_statement_has_its_line():
    source, first = inspect.getsourcelines(door_kernels.gemm)
    text, _ = imported(door_kernels.gemm())
    for statement, code in (("gemm a=", "T.gemm("), ("fill ", "T.clear("), ("for var=ko", "T.Pipelined(")):
        (line,) = (item for item in text.splitlines() if item.lstrip().startswith(statement))
        expected = first + next(i for i, item in enumerate(source) if code in item)
        assert line.split(" loc(")[1].startswith(f'"door_kernels.py":{expected})')


def test_hints_for_gpus_are_noted_once():
    _, remarks = imported(door_kernels.gemm())
    assert [remark.code for remark in remarks] == ["TT1090", "TT1090"]
    assert "threads= is ignored" in remarks[0].text and "T.use_swizzle is ignored" in remarks[1].text


def test_clear_accum_of_the_first_step_becomes_a_fill():
    text, _ = imported(door_kernels.batched())
    lines = [line.strip().split(" ")[0] for line in text.splitlines()]
    assert lines.index("fill") < lines.index("for")


def refused(function, *codes):
    """All of the obstacles, in one run; returns the message."""
    with pytest.raises(tilelang_tt.CompileError) as error:
        import_program(function)
    found = re.findall(r"error\[(TT\d+)\]", str(error.value))
    assert found == list(codes), str(error.value)
    return str(error.value)


def line_of(needle):
    source = Path(__file__).read_text().splitlines()
    return next(i + 1 for i, line in enumerate(source) if needle in line and "line_of" not in line)


def test_all_obstacles_are_reported_with_their_lines():
    @T.prim_func
    def several(A: T.Tensor((64, 64), "float32"), B: T.Tensor((64, 64), "float32")):
        with T.Kernel(2, threads=128) as bx:
            a = T.alloc_shared((32, 64), "float32")
            c = T.alloc_fragment((32, 64), "float32")
            T.copy(A[bx * 32, 0], a)
            T.copy(a[0:16, :], c)  # obstacle 1
            T.atomic_addx2(B[bx * 32, 0], c[0, 0])  # obstacle 2
            T.copy(c, B[bx * 32, 0])

    message = refused(several, "TT1002", "TT1001")
    assert (
        f"test_importer.py:{line_of('# obstacle 1')}: error[TT1002]: T.copy takes 16x64 of a to 32x64 of c" in message
    )
    assert f"test_importer.py:{line_of('# obstacle 2')}: error[TT1001]: T.atomic_addx2" in message


def test_obstacles_of_different_kinds_are_reported_together():
    @T.prim_func
    def several(A: T.Tensor((64, 64), "float32"), s: T.float32, B: T.Tensor((64, 64), "float32")):
        with T.Kernel(1):
            a = T.alloc_shared((64, 64), "float32")
            T.copy(A, a)
            for i, j in T.Parallel(64, 64):
                a[i, j] = a[i, j] * s
                a[i, j] = T.shuffle_elect(32)
            for k in T.serial(2):
                T.atomic_addx2(B[0, 0], a[0, 0])
                if k == A[0, 0]:
                    T.clear(a)
            T.copy(a[:, 0:32], B)

    refused(several, "TT1003", "TT1001", "TT1003", "TT1002")


def test_thread_index_is_refused():
    @T.prim_func
    def threads(A: T.Tensor((128,), "float32"), B: T.Tensor((128,), "float32")):
        with T.Kernel(1, threads=128):
            tx = T.get_thread_binding()
            B[tx] = A[tx] + 1.0

    assert "T.Parallel" in refused(threads, "TT1006")


def test_value_from_memory_as_an_address_is_refused():
    @T.prim_func
    def gather(A: T.Tensor((64, 32), "float32"), rows: T.Tensor((32,), "int32"), B: T.Tensor((32, 32), "float32")):
        with T.Kernel(1):
            for i, j in T.Parallel(32, 32):
                B[i, j] = A[rows[i], j]

    assert "it reads rows" in refused(gather, "TT1003")


def test_value_read_outside_of_parallel_is_refused():
    @T.prim_func
    def outside(A: T.Tensor((32, 32), "float32"), B: T.Tensor((32, 32), "float32")):
        with T.Kernel(1):
            first = A[0, 0]
            for i, j in T.Parallel(32, 32):
                B[i, j] = first

    message = refused(outside, "TT1003")
    assert "the value first = A[0, 0]" in message and "read it inside the T.Parallel" in message


@pytest.mark.parametrize("op", [T.atomic_add, T.atomic_max, T.atomic_min])
def test_atomics_whose_returned_value_is_used_are_refused(op):
    @T.prim_func
    def ticket(A: T.Tensor((32,), "float32"), B: T.Tensor((32,), "float32")):
        with T.Kernel(4):
            for i in T.Parallel(32):
                B[i] = op(A[i], 1.0, return_prev=True)

    message = refused(ticket, "TT1001")
    assert f"T.{op.__name__} whose returned value is used" in message and "return_prev" in message


def test_atomics_at_loaded_places_are_refused():
    @T.prim_func
    def histogram(A: T.Tensor((32,), "int32"), B: T.Tensor((32,), "int32")):
        with T.Kernel(4):
            for i in T.Parallel(32):
                T.atomic_add(B[A[i]], 1)

    assert "it reads A" in refused(histogram, "TT1003")


def test_vector_atomics_are_refused_with_another_way():
    @T.prim_func
    def pairs(A: T.Tensor((64,), "float16"), B: T.Tensor((64,), "float16")):
        with T.Kernel(4):
            for i in T.Parallel(32):
                T.atomic_addx2(B[i * 2], A[i * 2])

    assert "use T.atomic_add, one element a lane" in refused(pairs, "TT1001")


DEVICES = ["tenstorrent -device=reference", "tenstorrent -grid=1x1"]


def swap():
    @T.prim_func
    def main(
        A: T.Tensor((64, 32), "float32"),
        B: T.Tensor((64, 32), "float32"),
        C: T.Tensor((64, 32), "float32"),
        D: T.Tensor((64, 32), "float32"),
    ):
        with T.Kernel(1):
            a = T.alloc_fragment((64, 32), "float32")
            b = T.alloc_fragment((64, 32), "float32")
            T.copy(A, a)
            T.copy(B, b)
            for i, j in T.Parallel(64, 32):
                old = a[i, j]
                twice = old * 2.0  # a let of a let
                a[i, j] = b[i, j]
                b[i, j] = twice - old
            T.copy(a, C)
            T.copy(b, D)

    return main


def test_value_read_before_a_store_and_used_after_it_is_kept():
    text, _ = imported(swap())
    stores = [line.split(" loc(")[0].strip() for line in text.splitlines() if "] = " in line]
    assert sorted(stores[:2]) == ["old[i, j] = a[i, j]", "twice[i, j] = a[i, j] * f32(2)"]
    assert stores[2:] == ["a[i, j] = b[i, j]", "b[i, j] = twice[i, j] - old[i, j]"]


@pytest.mark.parametrize("target", DEVICES)
def test_swap_swaps(target):
    a, b = torch.randn(64, 32), torch.randn(64, 32)
    c, d = torch.zeros(64, 32), torch.zeros(64, 32)
    tilelang.compile(swap(), target=target)(a, b, c, d)
    assert torch.equal(c, b)
    assert (d - a).abs().max() <= 1e-6 * a.abs().max()


@pytest.mark.parametrize("target", DEVICES)
def test_condition_read_before_a_store_and_used_after_it_is_kept(target):
    @T.prim_func
    def condition(A: T.Tensor((32, 32), "float32")):
        with T.Kernel(1):
            a = T.alloc_fragment((32, 32), "float32")
            T.copy(A, a)
            for i, j in T.Parallel(32, 32):
                positive = a[i, j] > 0.0
                a[i, j] = a[i, j] + 1.0
                a[i, j] = T.if_then_else(positive, a[i, j], 0.0)
            T.copy(a, A)

    x = torch.randn(32, 32)
    got = x.clone()
    tilelang.compile(condition, target=target)(got)
    assert torch.equal(got, torch.where(x > 0, x + 1, torch.zeros(())))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (lambda: -T.infinity("float32"), "-inf"),
        (lambda: T.exp2(T.float32(3)) * 2 + T.max(T.float32(1), T.cast(2, "float32")), "18"),
        (lambda: T.if_then_else(T.float32(1) > T.float32(2), T.float32(5), -T.float32(0.5)), "-0.5"),
    ],
)
def test_constant_expressions_fill(value, text):
    @T.prim_func
    def fill(B: T.Tensor((32,), "float32")):
        with T.Kernel(1):
            b = T.alloc_fragment((32,), "float32")
            T.fill(b, value())
            T.copy(b, B)

    assert f"fill dst=b[0 : 32] value={text} loc" in imported(fill)[0]


def test_fill_with_a_value_of_the_kernel_is_a_map():
    @T.prim_func
    def fill(A: T.Tensor((32,), "float32"), B: T.Tensor((32,), "float32")):
        with T.Kernel(1):
            b = T.alloc_fragment((32,), "float32")
            T.fill(b, A[0] + 1.0)
            T.copy(b, B)

    assert "b[e] = @A[0] + f32(1)" in imported(fill)[0]


def test_copies_between_blocks_of_different_sizes_are_refused():
    @T.prim_func
    def differ(A: T.Tensor((64, 64), "float32"), B: T.Tensor((64, 64), "float32")):
        with T.Kernel(1):
            a = T.alloc_shared((64, 64), "float32")
            T.copy(A, a)
            T.copy(a, B[0:32, :])

    assert "T.copy takes 64x64 of a to 32x64 of B" in refused(differ, "TT1002")


def test_safe_value_is_a_choice_only_where_a_copy_may_leave_the_tensor():
    @T.prim_func
    def pad(A: T.Tensor((70, 75), "float32"), B: T.Tensor((96, 96), "float32"), C: T.Tensor((64, 64), "float32")):
        with T.Kernel(3, 3) as (bx, by):
            T.annotate_safe_value({A: -99})
            T.copy(A[by * 32, bx * 32], B[by * 32 : by * 32 + 32, bx * 32 : bx * 32 + 32])
            if bx < 2:
                T.copy(A[0:64, 0:64], C)

    text = imported(pad)[0]
    assert "select(index<bool>(by * 32 + e < 70 && bx * 32 + e_1 < 75)" in text and "f32(-99)" in text
    assert text.count("copy src") == 1  # what lies inside stays a copy


def test_asynchronous_copies_are_copies():
    @T.prim_func
    def move(A: T.Tensor((32, 32), "float32"), B: T.Tensor((32, 32), "float32")):
        with T.Kernel(1):
            a = T.alloc_shared((32, 32), "float32")
            T.async_copy(A, a)
            T.ptx_wait_group(0)
            T.copy(a, B)

    text, remarks = imported(move)
    assert text.count("copy src") == 2
    assert any("ptx_wait_group" in remark.text for remark in remarks)


def test_loops_inside_parallel_become_loops_around_it():
    @T.prim_func
    def horner(A: T.Tensor((32, 32), "float32"), B: T.Tensor((32, 32), "float32")):
        with T.Kernel(1):
            a = T.alloc_shared((32, 32), "float32")
            T.copy(A, a)
            for i, j in T.Parallel(32, 32):
                x = a[i, j]
                a[i, j] = 1.0
                for k in T.serial(3):
                    a[i, j] = a[i, j] * x + k
                a[i, j] = a[i, j] + x
            T.copy(a, B)

    text = imported(horner)[0]
    assert text.count("parallel vars=(i, j)") == 3 and text.count("for var=k begin=0 extent=3") == 1
    assert "x[i, j] = a[i, j]" in text or "value[i, j] = a[i, j]" in text  # read before it is stored to


def test_loops_inside_parallel_with_bounds_of_lanes_are_refused():
    @T.prim_func
    def triangle(A: T.Tensor((32, 32), "float32"), B: T.Tensor((32, 32), "float32")):
        with T.Kernel(1):
            a = T.alloc_shared((32, 32), "float32")
            T.copy(A, a)
            for i, j in T.Parallel(32, 32):
                for k in T.serial(i):
                    a[i, j] = a[i, j] * 2.0
            T.copy(a, B)

    assert "bounds that differ between its elements" in refused(triangle, "TT1001")


def test_no_location_is_inside_tilelang():
    @T.prim_func
    def rows(A: T.Tensor((64, 64), "float32"), B: T.Tensor((64,), "float32")):
        with T.Kernel(1):
            a = T.alloc_shared((64, 64), "float32")
            b = T.alloc_fragment((64,), "float32")
            T.copy(A, a)  # before the reduction
            T.reduce_sum(a, b, dim=1)
            T.copy(b, B)

    text, _ = import_program(rows)
    files = set(re.findall(r'loc\("([^"]*)":', text))
    assert files == {__file__}
    (line,) = (item for item in text.splitlines() if item.lstrip().startswith("reduce "))
    assert line.endswith(f":{line_of('# before the reduction')})")


def test_views_are_other_shapes_of_a_buffer():
    @T.prim_func
    def view(A: T.Tensor((32, 32), "float32"), B: T.Tensor((1024,), "float32")):
        with T.Kernel(1):
            a = T.alloc_shared((32, 32), "float32")
            flat = T.view(a, (1024,))
            rows = T.reshape(B, (32, 32))
            T.copy(A, a)
            T.copy(flat, B)
            T.copy(a, rows)

    text, _ = import_program(view)
    assert re.search(r"buffer flat .*shape=\(1024\) .*view_of=a", text)
    assert re.search(r"tensor @rows .*shape=\(32, 32\) view_of=@B", text)
    assert re.search(r"tensor @B .*written", text) and not re.search(r"tensor @rows .*written", text)


def test_views_of_bits_are_refused():
    @T.prim_func
    def view(A: T.Tensor((32, 32), "float32"), B: T.Tensor((32, 64), "float16")):
        with T.Kernel(1):
            a = T.alloc_shared((32, 32), "float32")
            T.copy(A, a)
            T.copy(T.view(a, (32, 64), dtype="float16"), B)

    assert "view of a (float32) as float16" in refused(view, "TT1005")


def test_unknown_dtype_is_refused():
    @T.prim_func
    def f4(A: T.Tensor((32, 32), "float4_e2m1fn"), B: T.Tensor((32, 32), "float32")):
        with T.Kernel(1):
            b = T.alloc_fragment((32, 32), "float32")
            T.clear(b)
            T.copy(b, B)

    assert "tensor A has dtype float4_e2m1fn" in refused(f4, "TT1004")


def annotated(storage, dtype="bfloat16"):
    @T.prim_func
    def kernel(A: T.Tensor((64, 64), dtype), B: T.Tensor((64, 64), dtype)):
        with T.Kernel(2, threads=128) as bx:
            tilelang_tt.annotate_storage({A: storage})
            a = T.alloc_shared((32, 64), dtype)
            T.copy(A[bx * 32, 0], a)
            T.copy(a, B[bx * 32, 0])

    return kernel


@pytest.mark.parametrize("storage,dtype", [("bfp8_b", "float32"), ("bfp4_b", "float16"), ("uint4", "uint8")])
def test_storage_is_kept_with_the_tensor(storage, dtype):
    text, remarks = imported(annotated(storage, dtype))
    assert f"param=0 read storage={storage} loc" in text and text.count("storage=") == 1
    assert [remark.code for remark in remarks] == ["TT1090"]  # threads= alone


def test_storage_that_does_not_fit_is_refused():
    assert 'the unknown format "bfp9"' in refused(annotated("bfp9"), "TT1010")
    assert "block formats hold floats" in refused(annotated("bfp8_b", "int32"), "TT1010")
    assert "tensors of int8 or uint8" in refused(annotated("int4", "bfloat16"), "TT1010")

    @T.prim_func
    def of_a_buffer(A: T.Tensor((64, 64), "float32")):
        with T.Kernel(2, threads=128) as bx:
            a = T.alloc_shared((32, 64), "float32")
            tilelang_tt.annotate_storage({a: "bfp8_b"})
            T.copy(A[bx * 32, 0], a)
            T.copy(a, A[bx * 32, 0])

    assert "names `a`, which is no tensor" in refused(of_a_buffer, "TT1010")


def test_storage_means_nothing_to_other_targets():
    """Another target's passes leave the annotation alone: the function lowers to the same code with and without it."""
    from tilelang.engine.lower import lower
    from tvm.target import Target

    def plain():
        @T.prim_func
        def kernel(A: T.Tensor((64, 64), "float32"), B: T.Tensor((64, 64), "float32")):
            with T.Kernel(2, threads=128) as bx:
                a = T.alloc_shared((32, 64), "float32")
                T.copy(A[bx * 32, 0], a)
                T.copy(a, B[bx * 32, 0])

        return kernel

    cuda = Target({"kind": "cuda", "arch": "sm_80"})
    with cuda:
        with_it, without = (
            lower(f, target=cuda, enable_device_compile=False).kernel_source
            for f in (annotated("bfp8_b", "float32"), plain())
        )
    assert "__global__" in with_it and with_it == without


def test_a_kernel_without_a_grid_is_one_block():
    @T.prim_func
    def one(A: T.Tensor((32, 32), "float32"), B: T.Tensor((32, 32), "float32")):
        with T.Kernel(threads=1):
            a = T.alloc_fragment((32, 32), "float32")
            T.copy(A, a)
            T.copy(a, B)

    assert "launch grid=(block) grid_extents=(1)" in imported(one)[0]


def test_what_is_refused_is_reported_once():
    @T.prim_func
    def tensor_memory(A: T.Tensor((64, 64), "float32"), B: T.Tensor((64, 64), "float32")):
        with T.Kernel(1):
            t = T.alloc_tmem((64, 64), "float32")
            T.copy(A, t)
            T.copy(t, B)

    refused(tensor_memory, "TT1005")


def test_transposes_are_maps():
    @T.prim_func
    def transpose(A: T.Tensor((32, 64), "float32"), B: T.Tensor((64, 32), "float32")):
        with T.Kernel(1):
            a = T.alloc_shared((32, 64), "float32")
            b = T.alloc_shared((64, 32), "float32")
            T.copy(A, a)
            T.transpose(a, b)
            T.copy(b, B)

    assert "b[e, e_1] = a[e_1, e]" in imported(transpose)[0]
