"""The compiled programs whose bits are recorded: every family of kernels, options and shape that takes another path."""

from __future__ import annotations

import dataclasses
import pathlib
import sys
from collections.abc import Callable
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
_SFPU = "functions of the vector engine: the emulator's are exact, the chip's are polynomials"
_FP16 = "ttnn has no float16: it travels as float32 there and keeps more bits"


@dataclasses.dataclass(frozen=True)
class Family:
    name: str
    make: Callable[[], Any]  # the TileLang function
    options: str = ""  # of the target, beside the chip
    bound: float = 0.0  # relative Frobenius distance of the emulator's output from the chip's; 0: the same bits
    why: str = ""  # why not the same bits
    error: float = 0.1  # of the chip's output against float64, beyond which the program itself is wrong


def all_families() -> list[Family]:
    sys.path[:0] = [str(ROOT / "tests" / "numerics"), str(ROOT / "examples")]
    import gemm_bias_gelu
    import kernels
    import layer_norm
    import mlp_block
    import position_kernels
    import reduction_kernels
    import rms_norm
    import row_kernels
    import row_major_kernels
    import softmax
    import split_k
    import storage_kernels
    import stream_k_kernels
    import view_kernels

    gemm, eltwise, epilogue = kernels.gemm, kernels.eltwise, kernels.gemm_epilogue
    shape = (128, 128, 128)
    out = [
        Family("gemm_bf16", lambda: gemm(*shape)),
        Family("gemm_bf16_one_core", lambda: gemm(*shape), "-grid=1x1"),
        Family("gemm_bf16_3x2", lambda: gemm(256, 192, 96), "-grid=3x2"),
        Family("gemm_bf16_full_grid", lambda: gemm(512, 512, 64)),
        Family("gemm_bf16_block_128", lambda: gemm(256, 256, 128, bM=128, bN=128)),
        Family("gemm_bf16_block_32", lambda: gemm(64, 96, 64, bM=32, bN=32)),
        Family("gemm_bf16_fp32_out", lambda: gemm(*shape, out="float32")),
        Family("gemm_bf16_dst16", lambda: gemm(*shape, accum="bfloat16")),
        Family("gemm_bf16_ragged", lambda: gemm(100, 75, 50)),
        Family("gemm_bf16_one", lambda: gemm(1, 1, 1)),
        Family("gemm_bf16_trans_a", lambda: gemm(96, 64, 80, trans_a=True)),
        Family("gemm_bf16_trans_b", lambda: gemm(96, 64, 80, trans_b=True)),
        Family("gemm_bf16_trans_ab", lambda: gemm(64, 96, 64, trans_a=True, trans_b=True)),
        Family("gemm_bf16_batched", lambda: gemm(64, 64, 96, batch=3)),
        Family("gemm_bf16_long_k", lambda: gemm(64, 64, 512)),
        Family("gemm_bf16_clear", lambda: gemm(64, 64, 128, clear_in_gemm=True)),
        Family("gemm_bf16_in_place", lambda: kernels.gemm_in_place(64, 64, 64)),
        Family("gemm_bf16_product", lambda: kernels.two_gemms(64, 64, 64, 64)),
        Family("gemm_bf16_fast", lambda: gemm(*shape), "-precision=fast"),
        Family("gemm_fp32", lambda: gemm(96, 64, 64, dtype="float32", out="float32")),
        Family("gemm_fp32_ragged", lambda: gemm(70, 40, 50, dtype="float32", out="float32")),
        Family("gemm_fp32_trans_b", lambda: gemm(64, 64, 96, dtype="float32", out="float32", trans_b=True)),
        Family("gemm_fp32_exact", lambda: gemm(64, 64, 64, dtype="float32", out="float32"), "-precision=exact"),
        Family("gemm_fp16", lambda: gemm(96, 64, 64, dtype="float16", out="float16"), "", 2e-3, _FP16),
        Family("gemm_fp16_fp32_out", lambda: gemm(64, 64, 96, dtype="float16", out="float32"), "", 2e-3, _FP16),
    ]
    for fidelity in ("LoFi", "HiFi2", "HiFi3", "HiFi4"):
        option = f"-fidelity={fidelity}"
        out += [
            Family(f"gemm_bf16_{fidelity}", lambda: gemm(64, 64, 96), option),
            Family(f"gemm_bf16_dst16_{fidelity}", lambda: gemm(64, 64, 96, accum="bfloat16"), option),
            Family(f"gemm_fp32_{fidelity}", lambda: gemm(64, 64, 64, dtype="float32", out="float32"), option),
        ]
    out += [
        Family("add_bf16", lambda: eltwise(128, 192, "add")),
        Family("mul_bf16", lambda: eltwise(128, 192, "mul")),
        Family("mul_bf16_LoFi", lambda: eltwise(64, 64, "mul"), "-fidelity=LoFi"),
        Family("relu_bf16", lambda: eltwise(128, 192, "relu")),
        Family("add_bf16_shared", lambda: eltwise(96, 128, "add", via_shared=True)),
        Family("add_bf16_ragged", lambda: eltwise(50, 70, "add")),
        Family("add_bf16_one_core", lambda: eltwise(96, 128, "add"), "-grid=1x1"),
        Family("add_fp32", lambda: eltwise(64, 128, "add", dtype="float32")),
        Family("mul_fp32", lambda: eltwise(64, 128, "mul", dtype="float32", via_shared=True)),
        Family("mul_fp32_fast", lambda: eltwise(64, 64, "mul", dtype="float32"), "-precision=fast"),
        Family("add_fp16", lambda: eltwise(64, 96, "add", dtype="float16"), "", 2e-3, _FP16),
        Family("epilogue_bias", lambda: epilogue(96, 128, 64, bias=True)),
        Family("epilogue_relu", lambda: epilogue(96, 128, 64, relu=True)),
        Family("epilogue_scale", lambda: epilogue(96, 128, 64, scale=0.5)),
        Family("epilogue_residual", lambda: epilogue(96, 128, 64, residual=True)),
        Family("epilogue_all", lambda: epilogue(70, 90, 50, scale=0.125, bias=True, relu=True, residual=True)),
        Family("gemm_bias_gelu", lambda: gemm_bias_gelu.gemm_bias_gelu(64, 96, 64), "", 1e-3, _SFPU),
        Family("mlp_block", lambda: mlp_block.mlp_block(128, 64, 64), "", 1e-3, _SFPU),
        Family("softmax_fp32", lambda: softmax.softmax(64, 96), "", 1e-6, _SFPU),
        Family("softmax_bf16_ragged", lambda: softmax.softmax(50, 96, dtype="bfloat16"), "", 1e-3, _SFPU),
        Family("rms_norm_fp32", lambda: rms_norm.rms_norm(64, 96), "", 1e-6, _SFPU),
        Family("layer_norm_fp32", lambda: layer_norm.layer_norm(64, 96), "", 1e-6, _SFPU),
        Family("layer_norm_bf16_one_core", lambda: layer_norm.layer_norm(77, 64, dtype="bfloat16"), "-grid=1x1", 1e-3,
               _SFPU),
        Family("attention", lambda: kernels.attention(96, 64), "", 1e-3, _SFPU),
        Family("attention_one_core", lambda: kernels.attention(64, 32), "-grid=1x1", 1e-3, _SFPU),
        Family("split_k", lambda: split_k.matmul(64, 64, 512, split_k=4)),
        Family("online_softmax_fp32", lambda: row_kernels.online_softmax(64, 256), "", 1e-6, _SFPU),
        Family("log_softmax_fp32", lambda: row_kernels.log_softmax(64, 96), "", 1e-6, _SFPU),
        Family("broadcasts_fp32", lambda: row_kernels.broadcasts(64, 128)),
        Family("causal_bf16", lambda: position_kernels.causal(64, 128, dtype="bfloat16", fill=-100.0)),
        Family("band_bf16", lambda: position_kernels.band(64, 128, 40, dtype="bfloat16")),
        Family("gemm_bfp8", lambda: storage_kernels.gemm(96, 64, 64, {"A": "bfp8_b", "B": "bfp8_b"})),
        Family("gemm_bfp8_all", lambda: storage_kernels.gemm(64, 64, 96, dict.fromkeys("ABC", "bfp8_b"))),
        Family("gemm_bfp4_weights", lambda: storage_kernels.gemm(64, 64, 64, {"B": "bfp4_b"}, trans_b=True), error=0.2),
        Family("mul_bfp8", lambda: storage_kernels.product(64, 96, "bfp8_b")),
        Family("reductions_fp32", lambda: reduction_kernels.five("float32", 1, 64, 96)),
        Family("reductions_int32", lambda: reduction_kernels.five("int32", 0, 64, 96)),
        Family("cumsum_fp32", lambda: reduction_kernels.running_sum(64, 96, "float32", 1, False)),
        Family("gemm_int8", lambda: gemm(64, 64, 96, dtype="int8", out="int32", accum="int32")),
        Family("stream_k", lambda: stream_k_kernels.by_loops(128, 128, 128, 3, 4, 64, 64, 32, "bfloat16")),
        Family("rows_gemm", lambda: row_major_kernels.gemm(48, 40, 64, 16, 40, 32, True, "bfloat16", "float32")),
        Family("rows_bf16", lambda: row_major_kernels.annotated(70, 90, "bfloat16", "AB")),
        Family("rows_int32", lambda: row_major_kernels.annotated(70, 90, "int32", "B")),
        Family("views_gemm", lambda: view_kernels.collapsed_gemm(2, 32, 2, 32, 64)),
        Family("views_vector", lambda: view_kernels.shared_1d_to_2d(2048, 64, "float32")),
        Family("cummax_fp32", lambda: reduction_kernels.running_maximum(64, 96, "float32", 1, False)),
        Family("chain_int32", lambda: storage_kernels.integers(storage_kernels.wrapping_chain, "int32")),
    ]  # fmt: skip
    return out
