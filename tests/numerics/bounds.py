"""The error bounds that docs/semantics.md promises, as assertions with useful messages."""

import torch

TORCH = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}


def randn(*shape, dtype="bfloat16", seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator).to(TORCH[dtype])


def relative(got, ref):
    return ((got.double() - ref).norm() / ref.norm().clamp_min(1e-300)).item()


def check_gemm(got, a, b, dtype="bfloat16", out="bfloat16", numerics="fast"):
    """a (…, M, K) and b (…, K, N) as the kernel saw them, in their own dtype; got = a·b in `out`.

    The chip's matrix engine drops bits of each step's products (docs/decisions/numerics-by-default.md): in exact numerics
    the part of the elementwise bound that scales with |A|·|B| is four times as large.
    """
    a, b = a.double(), b.double()
    ref, scale = a @ b, a.abs() @ b.abs()
    assert torch.isfinite(got.double()).all(), "non-finite elements"
    error = relative(got, ref)
    if dtype == "bfloat16":
        assert error <= 4e-3, f"relative Frobenius error {error:.3e} > 4e-3"
        bits = 12 if numerics == "exact" else 14
        excess = ((got.double() - ref).abs() - (2.0**-8 * ref.abs() + 2.0**-bits * scale)).max().item()
        assert excess <= 0, f"elementwise bound 2^-8·|C| + 2^-{bits}·(|A|·|B|) exceeded by {excess:.3e}"
    else:
        # a bf16 output rounds once more: half an ulp is 2^-9
        bound = 2e-3 + (2.0**-9 if out == "bfloat16" else 0)
        assert error <= bound, f"relative Frobenius error {error:.3e} > {bound:.1e}"
    return error


def ulp_distance(got, ref):
    """Distance in steps of got's 16-bit dtype between got and ref rounded to it."""

    def key(x):
        bits = x.contiguous().view(torch.int16).int()
        return torch.where(bits < 0, -32768 - bits, bits)

    return (key(got) - key(ref.to(got.dtype))).abs().max().item()


def ulps(got, ref, floor=0.0):
    """Largest error in units of the last place of got's dtype, at max(|ref|, floor). Results below the smallest normal
    number, for which the chip may give 0, do not count."""
    info = torch.finfo(got.dtype)
    size = torch.maximum(ref.abs(), torch.as_tensor(floor, dtype=torch.float64)).clamp_min(info.smallest_normal)
    error = (got.double() - ref).abs() / (torch.exp2(torch.floor(torch.log2(size))) * info.eps)
    return error[ref.abs() >= info.smallest_normal].max().item()
