"""What a compiled kernel takes: checked completely, never misread. On the reference interpreter and on the emulator."""

import door_kernels
import pytest
import tilelang
import tilelang.language as T
import tilelang_tt
import torch

DEVICES = ["tenstorrent -device=reference", "tenstorrent -grid=2x2"]


@pytest.fixture(scope="module", params=DEVICES)
def matmul(request):
    return tilelang.compile(door_kernels.gemm(64, 96, 32, 32, 32, 32), target=request.param)


@pytest.fixture
def operands():
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(64, 32, generator=generator).bfloat16()
    b = torch.randn(32, 96, generator=generator).bfloat16()
    return a, b, torch.zeros(64, 96, dtype=torch.bfloat16)


def close(c, a, b):
    reference = a.double() @ b.double()
    return (c.double() - reference).norm() <= 4e-3 * reference.norm()


def test_result_and_statistics(matmul, operands):
    a, b, c = operands
    matmul(a, b, c)
    assert close(c, a, b)
    stats = tilelang_tt.last_run()
    assert stats.wall_seconds > 0
    if stats.numerics != "reference":
        assert stats.cycles > 0 and stats.seconds > 0


def rejected(kernel, *arguments):
    before = [x.clone() if isinstance(x, torch.Tensor) and x.device.type == "cpu" else None for x in arguments]
    with pytest.raises(tilelang_tt.ArgumentError) as error:
        kernel.adapter.get_exportable_executable()(*arguments)
    for old, now in zip(before, arguments, strict=True):
        assert old is None or torch.equal(old, now), "a rejected call must not write"
    return str(error.value)


def test_number_of_arguments(matmul, operands):
    assert "takes 3 arguments (A, B, C), 2 were given" in rejected(matmul, *operands[:2])


def test_dtype(matmul, operands):
    a, b, c = operands
    message = rejected(matmul, a, b.float(), c)
    assert "argument 1 (B) of kernel matmul has dtype float32, the kernel was compiled for bfloat16" in message
    assert "tensor.to(torch.bfloat16)" in message


def test_rank_and_shape(matmul, operands):
    a, b, c = operands
    assert "argument 0 (A) of kernel matmul has 1 dimensions, the kernel needs 2" in rejected(matmul, a[0], b, c)
    assert "dimension 0 of B is 96, kernel matmul needs 32" in rejected(matmul, a, b.t(), c)
    assert "dimension 0 of A of kernel matmul is empty" in rejected(matmul, a[:0], b, c)


def test_not_a_tensor(matmul, operands):
    a, _, c = operands
    assert "argument 1 (B) of kernel matmul must be a tensor, not int" in rejected(matmul, a, 3, c)
    assert "argument 1 (B) of kernel matmul must be a tensor, not None" in rejected(matmul, a, None, c)


def test_all_errors_at_once(matmul, operands):
    a, b, c = operands
    message = rejected(matmul, a.float(), b.half(), c)
    assert "(A)" in message and "(B)" in message


def test_strided_inputs_are_read_as_they_are(matmul, operands):
    a, b, c = operands
    matmul(a.t().contiguous().t(), torch.cat([b, b], 1)[:, :96], c)  # transposed; a slice of a wider tensor
    assert close(c, a, b)
    big = torch.randn(128, 64).bfloat16()
    view = big[1:65, 3:35]  # byte offset and row stride
    matmul(view, b, c)
    assert close(c, view, b)
    row = torch.randn(1, 32).bfloat16().expand(64, 32)  # stride 0
    matmul(row, b, c)
    assert close(c, row, b)


def test_strided_output_writes_only_its_elements(matmul, operands):
    a, b, _ = operands
    wide = torch.full((70, 200), 7.0, dtype=torch.bfloat16)
    matmul(a, b, wide[2:66, 1:193:2])
    assert close(wide[2:66, 1:193:2], a, b)
    wide[2:66, 1:193:2] = 7.0
    assert (wide == 7.0).all()


def test_output_with_shared_elements_is_refused(matmul, operands):
    a, b, _ = operands
    shared = torch.zeros(1, 96, dtype=torch.bfloat16).expand(64, 96)
    assert "several of its elements share memory" in rejected(matmul, a, b, shared)


def test_out_idx(operands):
    a, b, _ = operands
    kernel = tilelang.compile(door_kernels.gemm(64, 96, 32, 32, 32, 32), target=DEVICES[0], out_idx=[-1])
    c = kernel(a, b)
    assert c.shape == (64, 96) and c.dtype == torch.bfloat16 and close(c, a, b)


@pytest.mark.parametrize("target", DEVICES)
def test_symbolic_dimensions_must_agree(target):
    program = door_kernels.symbolic()
    try:
        kernel = tilelang.compile(program, target=target)
    except tilelang_tt.CompileError as error:
        pytest.skip(f"symbolic shapes: {error}")
    a, b, c = torch.randn(40, 70).bfloat16(), torch.randn(70, 50).bfloat16(), torch.zeros(40, 50).bfloat16()
    kernel(a, b, c)
    assert close(c, a, b)
    message = rejected(kernel, a, torch.randn(71, 50).bfloat16(), c)
    assert "dimension 0 of B is 71, kernel matmul_any needs K = 70 (from dimension 1 of A)" in message


def test_integer_scalars():
    @T.prim_func
    def shifted(A: T.Tensor((32, 32), "float32"), n: T.int32, B: T.Tensor((32, 32), "float32")):
        with T.Kernel(1):
            for i, j in T.Parallel(32, 32):
                B[i, j] = T.if_then_else(i < n, A[i, j], 0.0)

    kernel = tilelang.compile(shifted, target=DEVICES[0])
    a, b = torch.randn(32, 32), torch.ones(32, 32)
    kernel(a, 5, b)
    assert torch.equal(b[:5], a[:5]) and not b[5:].any()
    assert "argument 1 (n) of kernel shifted must be an integer" in rejected(kernel, a, a, b)
    assert "does not fit int32" in rejected(kernel, a, 2**40, b)


def test_other_devices_are_refused(matmul, operands):
    a, b, c = operands
    with pytest.raises(Exception, match="(?i)meta|device|storage|memory"):
        matmul(a.to("meta"), b, c)
