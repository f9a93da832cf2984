"""The families of kernels whose errors docs/numerics.md states: each a kernel as a GPU user writes it, seeded inputs, its
result in float64 and the bound that it keeps. tools/gen_numerics.py writes the page, test_page.py holds it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kernels
import row_kernels as rows
import tilelang
import tilelang.language as T
import torch
from bounds import TORCH, randn, relative, ulps

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples"))

import gemm_bias_gelu
import layer_norm
import mlp_block
import rms_norm
import softmax

BF16, FP16, FP32 = "bfloat16", "float16", "float32"
FLOATS = (BF16, FP16, FP32)
MODES = ("fast", "default", "exact")
CLASSES = [(BF16, m) for m in MODES] + [(FP16, "default")] + [(FP32, m) for m in MODES]


def run(function: Any, outputs: int, inputs: list[torch.Tensor], precision: str, numerics: str) -> list[torch.Tensor]:
    target = f"tenstorrent -precision={precision} -numerics={numerics}"
    out_idx = list(range(len(inputs), len(inputs) + outputs))
    got = tilelang.compile(function, target=target, out_idx=out_idx)(*inputs)
    return got if outputs > 1 else [got]


# ---------------------------------------------------------------------------------------------- functions of an element


@dataclass(frozen=True)
class Function:
    """Of one operand in an interval. Errors are in ulp of the result's dtype at max(|result|, floor)."""

    name: str
    kernel: Callable[[Any], Any]
    reference: Callable[[torch.Tensor], torch.Tensor]
    interval: tuple[float, float]
    fp32_bound: float  # ulp
    floor: float = 0.0
    composed: bool = False  # of many calls of the chip


def _f32(x: Any) -> Any:
    return T.cast(x, FP32)


FUNCTIONS = [
    Function("-x", lambda x: -x, torch.neg, (-4, 4), 0),
    Function("abs", T.abs, torch.abs, (-4, 4), 0),
    Function("floor", T.floor, torch.floor, (-40, 40), 0),
    Function("ceil", T.ceil, torch.ceil, (-40, 40), 0),
    Function("trunc", T.trunc, torch.trunc, (-40, 40), 0),
    Function("round", T.round, torch.round, (-40, 40), 0),
    Function("clamp(x, -1, 1)", lambda x: T.clamp(x, -1, 1), lambda x: x.clamp(-1, 1), (-4, 4), 0),
    Function("max(x, 0)", lambda x: T.max(x, 0), lambda x: x.clamp_min(0), (-4, 4), 0),
    Function(
        "x > 0 ? x : x/64",
        lambda x: T.if_then_else(x > 0, x, x * 0.015625),
        lambda x: torch.where(x > 0, x, x / 64),
        (-4, 4),
        0,
    ),
    Function("sqrt", T.sqrt, torch.sqrt, (0.01, 100), 1),
    Function("rsqrt", T.rsqrt, torch.rsqrt, (0.01, 100), 2),
    Function("1/x", lambda x: 1 / x, torch.reciprocal, (0.01, 100), 1),
    Function("exp", T.exp, torch.exp, (-8, 8), 2),
    Function("exp2", T.exp2, torch.exp2, (-8, 8), 2),
    Function("exp10", T.exp10, lambda x: 10**x, (-4, 4), 12),
    Function("log", T.log, torch.log, (0.01, 100), 2, 1),
    Function("log2", T.log2, torch.log2, (0.01, 100), 2, 1),
    Function("log10", T.log10, torch.log10, (0.01, 100), 3, 1),
    Function("tanh", T.tanh, torch.tanh, (-4, 4), 3),
    Function("sigmoid", T.sigmoid, torch.sigmoid, (-8, 8), 3),
    Function("erf", T.erf, torch.erf, (-4, 4), 3),
    Function("sin", T.sin, torch.sin, (-6, 6), 1, 1),
    Function("cos", T.cos, torch.cos, (-6, 6), 1, 1),
    Function("tan", T.tan, torch.tan, (-1.4, 1.4), 3, 1),
    Function("log1p", T.log1p, torch.log1p, (-0.9, 4), 3, composed=True),
    Function("sinh", T.sinh, torch.sinh, (-8, 8), 2, composed=True),
    Function("cosh", T.cosh, torch.cosh, (-8, 8), 2, composed=True),
    Function("asinh", T.asinh, torch.asinh, (-8, 8), 3, composed=True),
    Function("acosh", T.acosh, torch.acosh, (1.01, 40), 3, composed=True),
    Function("atanh", T.atanh, torch.atanh, (-0.95, 0.95), 4, composed=True),
    Function("atan", T.atan, torch.atan, (-8, 8), 3, composed=True),
    Function("asin", T.asin, torch.asin, (-1, 1), 3, composed=True),
    Function("acos", T.acos, torch.acos, (-1, 1), 2, 1, composed=True),
    Function(
        "atan2(x, 0.5)",
        lambda x: T.atan2(_f32(x), T.float32(0.5)),
        lambda x: torch.atan(2 * x),
        (-8, 8),
        3,
        composed=True,
    ),
    Function(
        "hypot(x, 3)",
        lambda x: T.hypot(_f32(x), T.float32(3)),
        lambda x: torch.sqrt(x * x + 9),
        (-8, 8),
        2,
        composed=True,
    ),
    Function("pow(x, 2.5)", lambda x: T.pow(_f32(x), T.float32(2.5)), lambda x: x**2.5, (0.1, 10), 2),
    Function("pow(x, 3)", lambda x: T.pow(x, 3), lambda x: x**3, (0.25, 4), 2),
    Function("pow(x, x)", lambda x: T.pow(_f32(x), _f32(x)), lambda x: x**x, (0.1, 5), 2),
    Function(
        "gelu, by erf",
        lambda x: 0.5 * x * (1 + T.erf(x * 0.7071067811865476)),
        lambda x: torch.nn.functional.gelu(x),
        (-4, 4),
        2,
        1,
    ),
    Function(
        "gelu, by tanh",
        lambda x: 0.5 * x * (1 + T.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))),
        lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
        (-4, 4),
        3,
        1,
    ),
    Function("silu", lambda x: x * T.sigmoid(x), torch.nn.functional.silu, (-8, 8), 3, 1),
    Function("x / (1 + exp(-x))", lambda x: x / (1 + T.exp(-x)), torch.nn.functional.silu, (-8, 8), 3, 1),
    Function("softplus", lambda x: T.log(1 + T.exp(x)), torch.nn.functional.softplus, (-8, 8), 2, 1),
]
# bf16 results are correctly rounded up to the functions' own errors; fp16 results are cut, which costs a whole ulp.
FUNCTION_BOUND = {BF16: 0.51, FP16: 1.02}


def function_bound(function: Function, dtype: str) -> float:
    return FUNCTION_BOUND.get(dtype, function.fp32_bound) if function.fp32_bound else 0


def functions_kernel(functions: list[Function], rows_: int, cols: int, dtype: str) -> Any:
    """Result f of one body is functions[f] of operand f."""
    count, calls = len(functions), [f.kernel for f in functions]

    @T.prim_func
    def main(X: T.Tensor((count, rows_, cols), dtype), Y: T.Tensor((count, rows_, cols), dtype)):
        with T.Kernel(1):
            for i, j in T.Parallel(rows_, cols):
                for n, call in enumerate(calls):
                    Y[n, i, j] = call(X[n, i, j])

    return main


def _parts(functions: list[Function]) -> list[list[Function]]:
    """Functions of one kernel each: what is composed needs many circular buffers."""
    simple = [f for f in functions if not f.composed]
    composed = [f for f in functions if f.composed]
    return [simple[n : n + 8] for n in range(0, len(simple), 8)] + [
        composed[n : n + 2] for n in range(0, len(composed), 2)
    ]


def function_errors(dtype: str, arch: str = "wormhole_b0") -> dict[str, float]:
    """Largest error of each function, in ulp. Results smaller than the dtype's normal numbers do not count."""
    errors = {}
    for n, chosen in enumerate(_parts(FUNCTIONS)):
        generator = torch.Generator().manual_seed(n)
        x = torch.stack(
            [torch.rand(32, 64, generator=generator) * (f.interval[1] - f.interval[0]) + f.interval[0] for f in chosen]
        ).to(TORCH[dtype])
        (got,) = run(functions_kernel(chosen, 32, 64, dtype), 1, [x], "default", f"exact -arch={arch}")
        for f, operand, result in zip(chosen, x.double(), got, strict=True):
            errors[f.name] = ulps(result, f.reference(operand), f.floor)
    return errors


# ---------------------------------------------------------------------------------------------------- two operands

BINARIES = {
    "x + y": (lambda x, y: x + y, torch.add, True),
    "x - y": (lambda x, y: x - y, torch.sub, True),
    "x · y": (lambda x, y: x * y, torch.mul, False),
    "x / y": (lambda x, y: x / y, torch.div, False),
    "max(x, y)": (T.max, torch.maximum, False),
    "min(x, y)": (T.min, torch.minimum, False),
}
OPERANDS = ("block", "row", "column")


def binary_kernel(rows_: int, cols: int, dtype: str, operand: str) -> Any:
    calls = [kernel for kernel, _, _ in BINARIES.values()]
    count = len(calls)
    shape = {"block": (rows_, cols), "row": (cols,), "column": (rows_,)}[operand]

    @T.prim_func
    def main(X: T.Tensor((rows_, cols), dtype), Y: T.Tensor(shape, dtype), Z: T.Tensor((count, rows_, cols), dtype)):
        with T.Kernel(1):
            x = T.alloc_shared((rows_, cols), dtype)
            y = T.alloc_shared(shape, dtype)
            T.copy(X, x)
            T.copy(Y, y)
            for i, j in T.Parallel(rows_, cols):
                for n, call in enumerate(calls):
                    if operand == "block":
                        Z[n, i, j] = call(x[i, j], y[i, j])
                    elif operand == "row":
                        Z[n, i, j] = call(x[i, j], y[j])
                    else:
                        Z[n, i, j] = call(x[i, j], y[i])

    return main


def binary_errors(dtype: str, precision: str, operand: str, numerics: str = "exact") -> dict[str, float]:
    """Largest error of each operation in ulp; of sums and differences at the largest of result and operands."""
    x = randn(32, 64, dtype=dtype)
    shape = {"block": (32, 64), "row": (64,), "column": (32,)}[operand]
    y = randn(*shape, dtype=dtype, seed=1)
    y = torch.where(y.abs() < 0.1, torch.ones_like(y), y)
    other = y[:, None] if operand == "column" else y
    (got,) = run(binary_kernel(32, 64, dtype, operand), 1, [x, y], precision, numerics)
    errors = {}
    for (name, (_, reference, sums)), result in zip(BINARIES.items(), got, strict=True):
        floor = torch.maximum(x.double().abs(), other.double().abs().expand_as(x)) if sums else 0.0
        errors[name] = ulps(result, reference(x.double(), other.double()), floor)
    return errors


# In ulp. The matrix engine aligns sums to 11 bits and, with `fast`, leaves out what is below the 7th bit of a factor and
# the 10th of any fp32 operand.
def binary_bound(name: str, dtype: str, precision: str) -> float:
    if name.startswith(("max", "min")):
        return 2.0**13 if dtype == FP32 and precision == "fast" else 0
    if dtype == FP32:
        # A vector's reciprocal is rounded, and so is the product with it.
        if precision != "fast":
            return 1.5 if "/" in name and precision != "exact" else 0.5
        return 2.0**14 if name[2] in "+-" else 2.0**18
    if precision == "fast" and "·" in name:
        return 2.5
    return 1.02 if dtype == FP16 else 0.625


# -------------------------------------------------------------------------------------------------------- integers

INTEGERS = {
    "x + y": lambda x, y: x + y,
    "x - y": lambda x, y: x - y,
    "x · y": lambda x, y: x * y,
    "x // 4": lambda x, y: x // 4,
    "x % 8": lambda x, y: x % 8,
    "x & y": lambda x, y: x & y,
    "x | y": lambda x, y: x | y,
    "x ^ y": lambda x, y: x ^ y,
    "~x": lambda x, y: ~x,
    "x << (y & 7)": lambda x, y: x << (y & 7),
    "x >> (y & 7)": lambda x, y: x >> (y & 7),
}
COMPARED = {
    "min(x, y)": (T.min, torch.minimum),
    "max(x, y)": (T.max, torch.maximum),
    "x < y ? x : y": (lambda x, y: T.if_then_else(x < y, x, y), torch.minimum),
    "x >= 3 ? x : y": (lambda x, y: T.if_then_else(x >= 3, x, y), lambda x, y: torch.where(x >= 3, x, y)),
    "x == y && x > 2 ? x : 7": (
        lambda x, y: T.if_then_else(T.And(x == y, x > 2), x, 7),
        lambda x, y: torch.where((x == y) & (x > 2), x, 7),
    ),
    "int(float(x) / 2)": (lambda x, y: T.cast(_f32(x) * 0.5, "int32"), lambda x, y: torch.trunc(x * 0.5).long()),
    "3 · float(x < y)": (lambda x, y: T.cast(_f32(x < y) * 3, "int32"), lambda x, y: 3 * (x < y).long()),
}


def integer_mismatches() -> dict[str, int]:
    """Elements of int32 results that differ from those of 64-bit arithmetic."""
    calls = {**{name: (call, call) for name, call in INTEGERS.items()}, **COMPARED}
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randint(-1000, 1000, (2, 32, 32), generator=generator)
    y[::3] = x[::3]
    wrong = {}
    names = list(calls)
    for start in range(0, len(names), 6):
        chosen = names[start : start + 6]
        kernel = _integer_kernel([calls[name][0] for name in chosen])
        (got,) = run(kernel, 1, [x.int(), y.int()], "default", "exact")
        for name, result in zip(chosen, got, strict=True):
            wrong[name] = int((result.long() != calls[name][1](x, y)).sum())
    return wrong


def _integer_kernel(calls: list[Callable[[Any, Any], Any]]) -> Any:
    count = len(calls)

    @T.prim_func
    def main(X: T.Tensor((32, 32), "int32"), Y: T.Tensor((32, 32), "int32"), Z: T.Tensor((count, 32, 32), "int32")):
        with T.Kernel(1):
            for i, j in T.Parallel(32, 32):
                for n, call in enumerate(calls):
                    Z[n, i, j] = call(X[i, j], Y[i, j])

    return main


# --------------------------------------------------------------------------------------------------- whole kernels


@dataclass(frozen=True)
class Family:
    """Errors are relative, of the Frobenius norms, over all outputs together."""

    name: str
    build: Callable[[str], Any]
    inputs: Callable[[str], list[torch.Tensor]]
    reference: Callable[..., Any]  # of the inputs in float64
    bound: Callable[[str, str], float]  # by dtype and precision
    outputs: int = 1
    dtypes: tuple[str, ...] = FLOATS

    def error(self, dtype: str, precision: str, numerics: str, target: str = "") -> float:
        inputs = self.inputs(dtype)
        got = run(self.build(dtype), self.outputs, inputs, precision, f"{numerics}{target}")
        expected = self.reference(*[x.double() for x in inputs])
        expected = [expected] if self.outputs == 1 else list(expected)
        return max(relative(a, b) for a, b in zip(got, expected, strict=True))


def gemm_bound(dtype: str, precision: str) -> float:
    """A bf16 result rounds by 2^-9; fp16 operands lose their last bit, fp32 operands all but 10 mantissa bits. HiFi2
    leaves out what is below the 7th bit of one operand."""
    if precision == "fast":
        return 2.0**-7 if dtype == BF16 else 2.0**-6.5
    return {BF16: 2.0**-9, FP16: 2.0**-10, FP32: 2.0**-9.5}[dtype]


def row_bound(dtype: str, precision: str) -> float:
    """Reduced in DST in fp32; a bf16 result rounds by 2^-9, an fp16 result is cut by 2^-10. `fast` reduces, adds and
    multiplies by the matrix engine."""
    if precision == "fast":
        return 2.0**-6
    return {BF16: 2.0**-9, FP16: 2.0**-11, FP32: 2.0**-20}[dtype]


def reduction_bound(dtype: str, precision: str) -> float:
    """As above; sums of 16-bit values by the matrix engine keep 11 bits more than the values have."""
    if precision == "fast":
        return 2.0**-7
    return 2.0**-22 if dtype == FP32 else 2.0**-14


def reductions_kernel(M: int, N: int, dtype: str) -> Any:
    @T.prim_func
    def main(
        X: T.Tensor((M, N), dtype),
        Sum: T.Tensor((M,), FP32),
        Max: T.Tensor((M,), dtype),
        Min: T.Tensor((M,), dtype),
        AbsSum: T.Tensor((N,), FP32),
        AbsMax: T.Tensor((N,), dtype),
    ):
        with T.Kernel(1):
            x = T.alloc_fragment((M, N), dtype)
            total = T.alloc_fragment((M,), FP32)
            top = T.alloc_fragment((M,), dtype)
            low = T.alloc_fragment((M,), dtype)
            absolute = T.alloc_fragment((N,), FP32)
            largest = T.alloc_fragment((N,), dtype)
            T.copy(X, x)
            T.reduce_sum(x, total, dim=1)
            T.reduce_max(x, top, dim=1)
            T.reduce_min(x, low, dim=1)
            T.reduce_abssum(x, absolute, dim=0)
            T.reduce_absmax(x, largest, dim=0)
            T.copy(total, Sum)
            T.copy(top, Max)
            T.copy(low, Min)
            T.copy(absolute, AbsSum)
            T.copy(largest, AbsMax)

    return main


def attention_kernel(S: int, D: int, dtype: str, bM: int = 32, bN: int = 32) -> Any:
    """Flash attention of one head, as TileLang's example writes it."""
    scale = (1.0 / D) ** 0.5 * 1.44269504

    @T.prim_func
    def main(
        Q: T.Tensor((S, D), dtype), K: T.Tensor((S, D), dtype), V: T.Tensor((S, D), dtype), Out: T.Tensor((S, D), dtype)
    ):
        with T.Kernel(T.ceildiv(S, bM), threads=128) as bx:
            q = T.alloc_shared((bM, D), dtype)
            k = T.alloc_shared((bN, D), dtype)
            v = T.alloc_shared((bN, D), dtype)
            s = T.alloc_fragment((bM, bN), FP32)
            p = T.alloc_fragment((bM, bN), dtype)
            o = T.alloc_fragment((bM, D), FP32)
            top = T.alloc_fragment((bM,), FP32)
            before = T.alloc_fragment((bM,), FP32)
            rescale = T.alloc_fragment((bM,), FP32)
            part = T.alloc_fragment((bM,), FP32)
            total = T.alloc_fragment((bM,), FP32)
            T.copy(Q[bx * bM, 0], q)
            T.clear(o)
            T.clear(total)
            T.fill(top, -T.infinity(FP32))
            for n in T.Pipelined(T.ceildiv(S, bN), num_stages=1):
                T.copy(K[n * bN, 0], k)
                T.clear(s)
                T.gemm(q, k, s, transpose_B=True)
                T.copy(top, before)
                T.reduce_max(s, top, dim=1, clear=False)
                for i in T.Parallel(bM):
                    rescale[i] = T.exp2(before[i] * scale - top[i] * scale)
                for i, j in T.Parallel(bM, bN):
                    s[i, j] = T.exp2(s[i, j] * scale - top[i] * scale)
                T.reduce_sum(s, part, dim=1)
                for i in T.Parallel(bM):
                    total[i] = total[i] * rescale[i] + part[i]
                T.copy(s, p)
                for i, j in T.Parallel(bM, D):
                    o[i, j] *= rescale[i]
                T.copy(V[n * bN, 0], v)
                T.gemm(p, v, o)
            for i, j in T.Parallel(bM, D):
                o[i, j] /= total[i]
            T.copy(o, Out[bx * bM, 0])

    return main


def _normalized(x: torch.Tensor, eps: float) -> torch.Tensor:
    return (x - x.mean(1, keepdim=True)) * torch.rsqrt(x.var(1, unbiased=False, keepdim=True) + eps)


def _rms(x: torch.Tensor, w: torch.Tensor, eps: float) -> torch.Tensor:
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + eps) * w


def _operands(*shapes: tuple[int, ...]) -> Callable[[str], list[torch.Tensor]]:
    return lambda dtype: [randn(*shape, dtype=dtype, seed=n) for n, shape in enumerate(shapes)]


def _wide(*shapes: tuple[int, ...]) -> Callable[[str], list[torch.Tensor]]:
    """The first operand with a deviation of 2 around 1."""

    def make(dtype: str) -> list[torch.Tensor]:
        first, *rest = _operands(*shapes)(FP32)
        return [x.to(TORCH[dtype]) for x in [first * 2 + 1, *rest]]

    return make


FAMILIES = [
    Family(
        "GEMM, K = 128",
        lambda t: kernels.gemm(64, 64, 128, dtype=t, out=t),
        _operands((64, 128), (128, 64)),
        torch.matmul,
        gemm_bound,
    ),
    Family(
        "GEMM, K = 128, transposed B, fp32 result",
        lambda t: kernels.gemm(64, 64, 128, dtype=t, out=FP32, trans_b=True),
        _operands((64, 128), (64, 128)),
        lambda a, b: a @ b.T,
        gemm_bound,
    ),
    Family(
        "GEMM, sums in L1 (128×128 blocks)",
        lambda t: kernels.gemm(128, 128, 128, bM=128, bN=128, dtype=t, out=t),
        _operands((128, 128), (128, 128)),
        torch.matmul,
        gemm_bound,
    ),
    Family(
        "GEMM, bias, scale, relu, residual",
        lambda t: kernels.gemm_epilogue(64, 64, 96, dtype=t, scale=0.5, bias=True, relu=True, residual=True),
        _operands((64, 96), (96, 64), (64,), (64, 64)),
        lambda a, b, bias, r: (0.5 * (a @ b) + bias).clamp_min(0) + r,
        gemm_bound,
    ),
    Family(
        "GEMM, bias, gelu",
        lambda t: gemm_bias_gelu.gemm_bias_gelu(M=64, N=64, K=96, block_K=32, dtype=t),
        _operands((64, 96), (96, 64), (64,)),
        gemm_bias_gelu.ref_program,
        gemm_bound,
    ),
    Family(
        "two chained GEMMs, silu (mlp_block)",
        lambda t: mlp_block.mlp_block(M=64, D=64, H=64, dtype=t),
        _operands((64, 64), (64, 64), (64, 64)),
        lambda x, w1, w2: torch.nn.functional.silu(x @ w1) @ w2,
        lambda t, p: 2 * gemm_bound(t, p),
    ),
    Family(
        "attention, 96 keys",
        lambda t: attention_kernel(96, 64, t),
        _operands((96, 64), (96, 64), (96, 64)),
        lambda q, k, v: torch.softmax(q @ k.T / q.shape[1] ** 0.5, 1) @ v,
        lambda t, p: 3 * gemm_bound(t, p),
    ),
    Family(
        "sum, max, min, abssum, absmax",
        lambda t: reductions_kernel(64, 96, t),
        _wide((64, 96)),
        lambda x: (x.sum(1), x.amax(1), x.amin(1), x.abs().sum(0), x.abs().amax(0)),
        reduction_bound,
        outputs=5,
    ),
    Family(
        "softmax",
        lambda t: softmax.softmax(M=45, N=128, dtype=t),
        _wide((45, 128)),
        lambda x: torch.softmax(x, 1),
        row_bound,
    ),
    Family(
        "softmax, one row a block",
        lambda t: rows.softmax_row_a_block(45, 128, t),
        _wide((45, 128)),
        lambda x: torch.softmax(x, 1),
        row_bound,
    ),
    Family(
        "softmax, online, row in parts",
        lambda t: rows.online_softmax(45, 128, t, bN=64),
        _wide((45, 128)),
        lambda x: torch.softmax(x, 1),
        row_bound,
    ),
    Family(
        "log-softmax",
        lambda t: rows.log_softmax(45, 128, t),
        _wide((45, 128)),
        lambda x: torch.log_softmax(x, 1),
        row_bound,
    ),
    Family(
        "rms_norm, one row a block",
        lambda t: rms_norm.rms_norm(M=45, N=128, dtype=t),
        _wide((45, 128), (128,)),
        lambda x, w: _rms(x, w, 1e-6),
        row_bound,
    ),
    Family(
        "rms_norm, row in parts",
        lambda t: rows.long_rms_norm(45, 128, t, bN=64),
        _wide((45, 128), (128,)),
        lambda x, w: _rms(x, w, 1e-5),
        row_bound,
    ),
    Family(
        "layer_norm",
        lambda t: layer_norm.layer_norm(M=45, N=128, dtype=t),
        _wide((45, 128), (128,), (128,)),
        lambda x, g, b: _normalized(x, 1e-5) * g + b,
        row_bound,
    ),
]
# Measured in the emulator's `fast` numerics too.
IN_FAST_NUMERICS = ("GEMM, K = 128", "attention, 96 keys", "softmax", "layer_norm")
