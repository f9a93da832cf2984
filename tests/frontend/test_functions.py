"""Functions of T.Parallel that are made of others, and what cannot be said on this chip: refused by name, with a way out."""

import re

import pytest
import tilelang
import tilelang.language as T
import tilelang_tt
import torch


def apply(function, rows=32, cols=32):
    @T.prim_func
    def kernel(X: T.Tensor((rows, cols), "float32"), Y: T.Tensor((rows, cols), "float32")):
        with T.Kernel(1):
            for i, j in T.Parallel(rows, cols):
                Y[i, j] = function(X[i, j])

    return kernel


COMPOSED = {
    "round": (T.round, torch.round),
    "log10": (T.log10, torch.log10),
    "exp10": (T.exp10, lambda x: 10**x),
    "tan": (T.tan, torch.tan),
    "copysign": (lambda x: T.copysign(x, 1.5 - x), lambda x: torch.copysign(x, 1.5 - x)),
    "isfinite": (lambda x: T.if_then_else(T.isfinite(x), x, 0.0), lambda x: x),
    "isinf": (lambda x: T.if_then_else(T.isinf(T.exp(x * 1000)), x, 0.0), lambda x: x),
    "pow 0": (lambda x: T.pow(x, 0), lambda x: x**0),
    "pow 5": (lambda x: T.pow(x - 1, 5), lambda x: (x - 1) ** 5),
    "pow -3": (lambda x: T.pow(x, -3), lambda x: x**-3.0),
    "__ldg": (lambda x: T.__ldg(x), lambda x: x),
    "__exp": (T.__exp, torch.exp),
    "__log2": (T.__log2, torch.log2),
    "ieee_fdiv": (lambda x: T.ieee_fdiv(x, x + 1), lambda x: x / (x + 1)),
    "ieee_frsqrt": (T.ieee_frsqrt, torch.rsqrt),
    "log1p": (lambda x: T.log1p(x * 1e-3), lambda x: torch.log1p(x * 1e-3)),
    "sinh": (lambda x: T.sinh(x - 0.8), lambda x: torch.sinh(x - 0.8)),
    "cosh": (T.cosh, torch.cosh),
    "asinh": (lambda x: T.asinh(x * 1e12 - 1e12), lambda x: torch.asinh(x * 1e12 - 1e12)),
    "acosh": (lambda x: T.acosh(1 + x), lambda x: torch.acosh(1 + x)),
    "atanh": (lambda x: T.atanh(0.6 - x * 0.6), lambda x: torch.atanh(0.6 - x * 0.6)),
    "atan": (lambda x: T.atan(x * 4 - 3), lambda x: torch.atan(x * 4 - 3)),
    "asin": (lambda x: T.asin(x * 1.25 - 0.9), lambda x: torch.asin(x * 1.25 - 0.9)),
    "acos": (lambda x: T.acos(x * 1.25 - 0.9), lambda x: torch.acos(x * 1.25 - 0.9)),
    "atan2": (lambda x: T.atan2(x - 0.7, 0.9 - x), lambda x: torch.atan2(x - 0.7, 0.9 - x)),
    "hypot": (lambda x: T.hypot(x * 1e25, x * 2e25), lambda x: torch.hypot(x * 1e25, x * 2e25)),
    "fmod": (lambda x: T.fmod(-16 * x, T.float32(0.75)), lambda x: torch.fmod(-16 * x, 0.75)),
    "ldexp": (lambda x: T.ldexp(x, -3), lambda x: x / 8),
}


@pytest.mark.parametrize("name", COMPOSED)
def test_composed(name):
    function, reference = COMPOSED[name]
    x = torch.rand(32, 32, generator=torch.Generator().manual_seed(0)) * 1.4 + 0.1
    got = tilelang.compile(apply(function), target="tenstorrent", out_idx=[-1])(x).double()
    expected = reference(x.double())
    assert ((got - expected).abs() <= 2e-6 * expected.abs().clamp_min(0.1)).all()


@pytest.mark.parametrize("dtype", ["int32", "uint8", "int8"])
def test_bits_are_counted(dtype):
    @T.prim_func
    def kernel(X: T.Tensor((32, 32), dtype), Y: T.Tensor((32, 32), dtype)):
        with T.Kernel(1):
            for i, j in T.Parallel(32, 32):
                Y[i, j] = T.popcount(X[i, j])

    info = torch.iinfo(getattr(torch, dtype))
    x = torch.randint(info.min, info.max + 1, (32, 32), generator=torch.Generator().manual_seed(0)).to(
        getattr(torch, dtype)
    )
    x[0, :5] = torch.tensor([0, 1, info.max, info.min, info.max - 1])
    got = tilelang.compile(kernel, target="tenstorrent", out_idx=[-1])(x)
    assert got.tolist() == [[(v % (1 << info.bits)).bit_count() for v in row] for row in x.tolist()]


def test_leading_zeros():
    @T.prim_func
    def kernel(X: T.Tensor((32, 32), "int32"), Y: T.Tensor((32, 32), "int32")):
        with T.Kernel(1):
            for i, j in T.Parallel(32, 32):
                Y[i, j] = T.clz(X[i, j])

    x = (torch.arange(1024).reshape(32, 32) ** 3).int()
    x[0, :3] = torch.tensor([-1, 1 << 30, -(1 << 31)], dtype=torch.int32)
    got = tilelang.compile(kernel, target="tenstorrent", out_idx=[-1])(x)
    assert got.tolist() == [[32 - (v % (1 << 32)).bit_length() for v in row] for row in x.tolist()]


def refusal(function, code):
    with pytest.raises(tilelang_tt.CompileError) as caught:
        tilelang_tt.compile_artifacts(function)
    (error,) = re.split(r"^(?=\S.*error\[)", str(caught.value), flags=re.MULTILINE)[1:] or [str(caught.value)]
    assert re.search(rf"test_functions\.py:\d+: error\[{code}\]", error) and "fix: " in error
    return error


NOT_ON_THE_CHIP = {
    "nextafter": lambda x: T.nextafter(x, x),
    "shfl_xor_sync": lambda x: T.shfl_xor(x, 1),
    "warp_reduce_sum": lambda x: T.warp_reduce_sum(x),
    "call_extern": lambda x: T.call_extern("float32", "__half_as_whatever", x),
}


@pytest.mark.parametrize("name", NOT_ON_THE_CHIP)
def test_refused_with_another_way(name):
    assert f"T.{name} is " in refusal(apply(NOT_ON_THE_CHIP[name]), "TT1003").replace("a call of ", "")


def test_rounding_modes_are_refused():
    assert '"rz"' in refusal(apply(lambda x: T.ieee_add(x, x, "rz")), "TT1003")


def test_gpu_statements_are_refused_together():
    @T.prim_func
    def gpu(A: T.Tensor((64, 64), "float32"), B: T.Tensor((64, 64), "float32")):
        with T.Kernel(1, threads=128):
            a = T.alloc_shared((64, 64), "float32")
            T.set_max_nreg(240, 1)
            T.copy(A, a)
            T.fence_proxy_async()
            T.sync_warp()
            T.warpgroup_wait(0)
            tx = T.get_thread_binding()
            if tx < 32:
                T.copy(a, B)

    with pytest.raises(tilelang_tt.CompileError) as caught:
        tilelang_tt.compile_artifacts(gpu)
    message = str(caught.value)
    for name in ("T.set_max_nreg", "T.fence_proxy_async", "T.sync_warp", "T.warpgroup_wait"):
        assert f"error[TT1001]: {name} is particular to GPUs" in message
    assert "error[TT1006]" in message and message.count("fix: ") == 5


def test_register_hints_are_noted():
    @T.prim_func
    def hinted(A: T.Tensor((32, 32), "float32"), B: T.Tensor((32, 32), "float32")):
        with T.Kernel(1, threads=128):
            T.no_set_max_nreg()
            for i, j in T.Parallel(32, 32):
                B[i, j] = A[i, j] + 1

    notes = [remark.text for remark in tilelang_tt.compile_artifacts(hinted).remarks]
    assert sum("T.no_set_max_nreg is ignored" in note for note in notes) == 1


def test_warp_specialization_is_refused():
    @T.prim_func
    def specialized(A: T.Tensor((64, 64), "float32"), B: T.Tensor((64, 64), "float32")):
        with T.Kernel(1, threads=256):
            a = T.alloc_shared((64, 64), "float32")
            with T.ws(0):
                T.copy(A, a)
            with T.ws(1):
                T.copy(a, B)

    with pytest.raises(tilelang_tt.CompileError, match="fix: "):
        tilelang_tt.compile_artifacts(specialized)
