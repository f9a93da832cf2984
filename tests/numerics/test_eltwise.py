"""Elementwise add, mul and relu of 2-D tensors of any shape."""

import kernels
import pytest
import tilelang
import torch
from bounds import randn, ulp_distance

REFERENCE = {"add": lambda a, b: a + b, "mul": lambda a, b: a * b, "relu": lambda a, b: a.clamp_min(0)}


@pytest.mark.parametrize("via_shared", [False, True], ids=["global", "shared"])
@pytest.mark.parametrize("op", ["add", "mul", "relu"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
@pytest.mark.parametrize("shape", [(128, 128), (77, 201)])
def test_eltwise(shape, dtype, op, via_shared):
    a, b = randn(*shape, dtype=dtype), randn(*shape, dtype=dtype, seed=1)
    kernel = tilelang.compile(
        kernels.eltwise(*shape, op, dtype=dtype, via_shared=via_shared), target="tenstorrent", out_idx=[-1]
    )
    got, ref = kernel(a, b), REFERENCE[op](a.double(), b.double())
    assert got.dtype == a.dtype
    if dtype == "float32":
        excess = ((got.double() - ref).abs() - 2.0**-22 * ref.abs()).max().item()
        assert excess <= 0, f"2^-22 relative exceeded by {excess:.3e}"
    else:
        # the chip has no denormals: what is below the smallest normal number may come out as zero
        normal = ref.abs() >= torch.finfo(a.dtype).smallest_normal
        assert ulp_distance(got[normal], ref[normal]) <= 1
        assert (got.double() - ref)[~normal].abs().le(torch.finfo(a.dtype).smallest_normal).all()


@pytest.mark.parametrize("op", ["add", "mul", "relu"])
def test_special_values(op):
    """Infinities, zeros and the ends of the range keep their meaning; denormals and NaN do not (docs/semantics.md)."""
    values = torch.tensor([0.0, -0.0, 1.0, -1.0, torch.inf, -torch.inf, 3e38, -3e38, 2e-38])
    a, b = values.repeat(9, 1).bfloat16().contiguous(), values.repeat(9, 1).T.bfloat16().contiguous()
    kernel = tilelang.compile(kernels.eltwise(9, 9, op), target="tenstorrent", out_idx=[-1])
    got, ref = kernel(a, b).double(), REFERENCE[op](a, b).double()
    known = ~ref.isnan()  # inf - inf and 0·inf have no defined result
    assert torch.allclose(got[known], ref[known], rtol=2**-7, atol=1e-37)
