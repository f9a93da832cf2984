"""GEMM against float64: shapes, dtypes, block sizes, transposes, batches, epilogues, both architectures."""

import kernels
import pytest
import tilelang
import tilelang_tt
import torch
from bounds import check_gemm, randn, relative
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

WORMHOLE, BLACKHOLE = "tenstorrent", "tenstorrent -arch=blackhole"


def run(func, *inputs, target=WORMHOLE, out_idx=-1):
    return tilelang.compile(func, target=target, out_idx=[out_idx])(*inputs)


def gemm(M, N, K, target=WORMHOLE, seed=0, **options):
    dtype, batch = options.get("dtype", "bfloat16"), options.get("batch", 0)
    lead = (batch,) if batch else ()
    a, b = randn(*lead, M, K, dtype=dtype, seed=seed), randn(*lead, K, N, dtype=dtype, seed=seed + 1)
    stored_a = a.mT.contiguous() if options.get("trans_a") else a
    stored_b = b.mT.contiguous() if options.get("trans_b") else b
    got = run(kernels.gemm(M, N, K, **options), stored_a, stored_b, target=target)
    check_gemm(got, a, b, dtype, options.get("out", "bfloat16"), "exact" if "exact" in target else "fast")


@pytest.mark.parametrize("target", [WORMHOLE, BLACKHOLE])
@pytest.mark.parametrize("shape", [(256, 256, 256), (1000, 512, 1024), (33, 97, 65), (1, 1, 1), (32, 640, 96)])
def test_shapes(shape, target):
    gemm(*shape, target=target)


@pytest.mark.parametrize("block", [(32, 32, 32), (128, 128, 32), (64, 128, 64), (96, 160, 32), (256, 64, 128)])
def test_blocks(block):
    bM, bN, bK = block
    gemm(256, 320, 192, bM=bM, bN=bN, bK=bK)


@pytest.mark.parametrize("arch", ["wormhole_b0", "blackhole"])
@pytest.mark.parametrize("dtype,out", [("bfloat16", "bfloat16"), ("bfloat16", "float32"), ("float32", "float32")])
def test_exact_numerics(dtype, out, arch):
    gemm(100, 96, 200, dtype=dtype, out=out, target=f"tenstorrent -arch={arch} -numerics=exact")


@pytest.mark.parametrize("out", ["bfloat16", "float16", "float32"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_dtypes(dtype, out):
    gemm(128, 96, 160, dtype=dtype, out=out)


@pytest.mark.parametrize("block", [64, 128])
@pytest.mark.parametrize("trans_a,trans_b", [(True, False), (False, True), (True, True)])
def test_transposes(trans_a, trans_b, block):
    gemm(160, 96, 130, bM=block, bN=block, trans_a=trans_a, trans_b=trans_b)


@pytest.mark.parametrize(
    "target,shape,options",
    [
        (WORMHOLE, (512, 512, 160), {}),  # the whole grid, a block a core
        (BLACKHOLE, (512, 512, 160), {}),
        (WORMHOLE, (384, 1024, 96), {}),  # a rectangle, two blocks a core
        (WORMHOLE, (500, 500, 100), {}),  # ragged everywhere
        (WORMHOLE + " -numerics=exact", (512, 384, 64), {"batch": 2, "trans_b": True}),
    ],
)
def test_multicast(target, shape, options):
    """Operands that a row or column of cores shares are read once and sent: the same bits as on one core."""
    program, batch = kernels.gemm(*shape, bK=128, **options), options.get("batch", 0)
    M, N, K = shape
    lead = (batch,) if batch else ()
    a, b = randn(*lead, M, K), randn(*lead, K, N, seed=1)
    stored_b = b.mT.contiguous() if options.get("trans_b") else b
    shared = tilelang.compile(program, target=target, out_idx=[-1])
    alone = tilelang.compile(program, target=target + " -grid=1x1", out_idx=[-1])
    assert "receive(" in shared.get_kernel_source()
    assert "receive(" not in alone.get_kernel_source()
    got = shared(a, stored_b)
    assert torch.equal(got, alone(a, stored_b))
    assert relative(got, a.double() @ b.double()) <= 4e-3


@pytest.mark.parametrize("stages", [0, 1, 2, 3, 4])
def test_pipeline_depth(stages):
    gemm(128, 128, 256, stages=stages)


def test_clear_accum():
    gemm(128, 128, 128, clear_in_gemm=True)


@pytest.mark.parametrize("target", [WORMHOLE, BLACKHOLE])
@pytest.mark.parametrize("block", [32, 128])
def test_last_product(block, target):
    """clear_accum=True in a loop: the product of the last part of K is what is left."""
    a, b = randn(200, 160), randn(160, 170, seed=1)
    got = run(kernels.gemm(200, 170, 160, bM=block, bN=block, clear_in_gemm="always"), a, b, target=target)
    check_gemm(got, a[:, 128:], b[128:])


@pytest.mark.parametrize("trans_b", [False, True])
def test_batched(trans_b):
    gemm(96, 64, 128, batch=3, trans_b=trans_b)


def test_one_core_and_many_agree():
    a, b = randn(256, 128), randn(128, 320, seed=1)
    outs = [
        run(kernels.gemm(256, 320, 128), a, b, target=f"tenstorrent -grid={grid}") for grid in ("1,1", "3,2", "8,8")
    ]
    assert torch.equal(outs[0], outs[1]) and torch.equal(outs[0], outs[2])


EPILOGUES = [
    {"scale": 0.5},
    {"bias": True},
    {"relu": True},
    {"residual": True},
    {"scale": 0.125, "bias": True, "relu": True, "residual": True},
]


@pytest.mark.parametrize("block", [64, 128])
@pytest.mark.parametrize("shape", [(128, 128, 128), (100, 150, 70)])
@pytest.mark.parametrize("epilogue", EPILOGUES, ids=lambda e: "+".join(e))
def test_epilogues(epilogue, shape, block):
    M, N, K = shape
    a, b, bias, residual = randn(M, K), randn(K, N, seed=1), randn(N, seed=2), randn(M, N, seed=3)
    got = run(kernels.gemm_epilogue(M, N, K, bM=block, bN=block, **epilogue), a, b, bias, residual)
    ref = a.double() @ b.double()
    if "scale" in epilogue:
        ref = ref * epilogue["scale"]
    if "bias" in epilogue:
        ref = ref + bias.double()
    if "relu" in epilogue:
        ref = ref.clamp_min(0)
    if "residual" in epilogue:
        ref = ref + residual.double()
    assert relative(got, ref) <= 4e-3


@pytest.mark.parametrize("block", [(64, 64), (128, 128), (96, 160)])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_narrow_accumulators(dtype, block):
    gemm(200, 170, 96, bM=block[0], bN=block[1], dtype=dtype, out=dtype, accum=dtype)


@pytest.mark.parametrize("block", [64, 128])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_epilogue_of_narrow_accumulators(dtype, block):
    M, N, K = 200, 170, 96
    a, b = randn(M, K, dtype=dtype), randn(K, N, dtype=dtype, seed=1)
    bias, residual = randn(N, dtype=dtype, seed=2), randn(M, N, dtype=dtype, seed=3)
    func = kernels.gemm_epilogue(M, N, K, bM=block, bN=block, dtype=dtype, accum=dtype, bias=True, residual=True)
    got = run(func, a, b, bias, residual)
    assert relative(got, a.double() @ b.double() + bias.double() + residual.double()) <= 4e-3


@pytest.mark.parametrize("N", [96, 256])
@pytest.mark.parametrize(
    "dtype,accum", [("bfloat16", "float32"), ("bfloat16", "bfloat16"), ("float16", "float32"), ("float16", "float16")]
)
def test_product_as_operand(dtype, accum, N):
    a, b, d = randn(64, 64, dtype=dtype), randn(64, N, dtype=dtype, seed=1), randn(N, 128, dtype=dtype, seed=2)
    got = run(kernels.two_gemms(64, N, 64, 128, dtype=dtype, accum=accum), a, b, d)
    assert relative(got, (a.double() @ b.double()) @ d.double()) <= 4e-3


@pytest.mark.parametrize("block", [64, 128])
@pytest.mark.parametrize("accum,out", [("float32", "float32"), ("bfloat16", "bfloat16")])
def test_added_in_place(accum, out, block):
    M, N, K = 200, 170, 96
    a, b, c = randn(M, K), randn(K, N, seed=1), randn(M, N, dtype=out, seed=2)
    ref = a.double() @ b.double() + c.double()
    tilelang.compile(kernels.gemm_in_place(M, N, K, bM=block, bN=block, accum=accum, out=out), target=WORMHOLE)(a, b, c)
    assert relative(c, ref) <= 4e-3


@pytest.mark.parametrize(("dtype", "accum"), [("int32", "int32"), ("int8", "float32")])
def test_integers_are_refused(dtype, accum):
    with pytest.raises(tilelang_tt.CompileError, match=f"TT2010.*A_shared.* is {dtype}"):
        tilelang_tt.compile_artifacts(kernels.gemm(64, 64, 64, dtype=dtype, out=accum, accum=accum))


@pytest.mark.parametrize("arch", ["wormhole_b0", "blackhole"])
@pytest.mark.parametrize("options", ["", " -numerics=exact", " -numerics=exact -fidelity=LoFi"])
@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_bytes_are_exact(dtype, options, arch):
    info = torch.iinfo(getattr(torch, dtype))
    for (M, N, K), blocks, transposed in [
        ((64, 64, 256), {"bM": 32, "bN": 32, "bK": 64}, {}),
        ((100, 70, 130), {"bM": 64, "bN": 64, "bK": 32}, {"trans_b": True}),
    ]:
        a = torch.randint(info.min, info.max + 1, (M, K), dtype=getattr(torch, dtype))
        b = torch.randint(info.min, info.max + 1, (N, K) if transposed else (K, N), dtype=getattr(torch, dtype))
        a[0], b[:, 0] = info.min, info.min  # the largest products
        kernel = kernels.gemm(M, N, K, dtype=dtype, out="int32", accum="int32", **blocks, **transposed)
        got = run(kernel, a, b, target=f"tenstorrent -arch={arch}{options}")
        assert torch.equal(got.long(), a.long() @ (b.T if transposed else b).long())


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    M=st.integers(1, 150),
    N=st.integers(1, 150),
    K=st.integers(1, 150),
    blocks=st.tuples(*[st.sampled_from([32, 64, 96])] * 3),
    trans=st.tuples(st.booleans(), st.booleans()),
    target=st.sampled_from([WORMHOLE, BLACKHOLE]),
)
def test_random_shapes(M, N, K, blocks, trans, target):
    gemm(M, N, K, bM=blocks[0], bN=blocks[1], bK=blocks[2], trans_a=trans[0], trans_b=trans[1], target=target)
