"""docs/numerics.md: what is measured, and the page made of it."""

import families as f

NUMERICS = ("exact", "fast")  # of the emulator
PRECISIONS = ", ".join(f.MODES)


def measure() -> dict:
    """Errors of everything on the page. Seeded; functions of one element use no matrix engine, so that precision and
    numerics make no difference to them."""
    return {
        "functions": {dtype: f.function_errors(dtype) for dtype in f.FLOATS},
        "functions on Blackhole": {dtype: f.function_errors(dtype, "blackhole") for dtype in f.FLOATS},
        "binaries": {
            (dtype, mode, operand): f.binary_errors(dtype, mode, operand)
            for dtype, mode in f.CLASSES
            for operand in f.OPERANDS
        },
        "integers": f.integer_mismatches(),
        "families": {
            (family.name, dtype, mode): family.error(dtype, mode, "exact")
            for family in f.FAMILIES
            for dtype, mode in f.CLASSES
        },
        "families on Blackhole": {
            (family.name, dtype): family.error(dtype, "default", "exact", " -arch=blackhole")
            for family in f.FAMILIES
            for dtype in f.FLOATS
        },
        "fast numerics": {
            (family.name, dtype): family.error(dtype, "default", "fast")
            for family in f.FAMILIES
            if family.name in f.IN_FAST_NUMERICS
            for dtype in f.FLOATS
        },
    }


def over_bound(measured: dict) -> list[str]:
    """What exceeds its bound, as text."""
    found = []

    def check(what: str, error: float, bound: float) -> None:
        if not error <= bound:
            found.append(f"{what}: {error:.3g} > {bound:.3g}")

    for chip in ("functions", "functions on Blackhole"):
        for dtype, errors in measured[chip].items():
            for function in f.FUNCTIONS:
                check(f"{function.name} {dtype}, {chip}", errors[function.name], f.function_bound(function, dtype))
    for (dtype, mode, operand), errors in measured["binaries"].items():
        for name, error in errors.items():
            check(f"{name} {dtype} {mode} {operand}", error, f.binary_bound(name, dtype, mode))
    for name, wrong in measured["integers"].items():
        check(f"{name} int32", wrong, 0)
    bounds = {family.name: family.bound for family in f.FAMILIES}
    for (name, dtype, mode), error in measured["families"].items():
        check(f"{name} {dtype} {mode}", error, bounds[name](dtype, mode))
    for (name, dtype), error in measured["families on Blackhole"].items():
        check(f"{name} {dtype}, Blackhole", error, bounds[name](dtype, "default"))
    for (name, dtype), error in measured["fast numerics"].items():
        check(f"{name} {dtype}, fast numerics", error, bounds[name](dtype, "default"))
    return found


def _table(head: list[str], lines: list[list[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def _ulp(error: float) -> str:
    return f"{error:.2f}" if error < 1000 else f"{error:.1e}"


def _cell(error: float, bound: float) -> str:
    return f"{error:.1e} ≤ {bound:.1e}"


def render(measured: dict) -> str:
    functions, binaries, families = measured["functions"], measured["binaries"], measured["families"]
    text = [
        "# Numerics",
        "",
        "Errors of compiled kernels against float64, on the same inputs (rounded to the kernel's dtype, from a seeded",
        "generator), and the bounds that tests hold. Measured on the emulator in `exact` numerics, which gives the chip's bits",
        "([fidelity.md](fidelity.md)): of Wormhole where nothing else is said; functions and kernels are measured, and hold the",
        "same bounds, on Blackhole too. The kernels are in `tests/numerics/families.py`;",
        "`python tools/gen_numerics.py` writes this page and `tests/numerics/test_page.py` measures it anew.",
        "",
        "What decides the figures ([semantics.md](semantics.md), section 4): results are packed to bf16 by rounding and to",
        "fp16 by cutting; the vector engine computes in fp32; the matrix engine sees 10 mantissa bits of fp32 (TF32) and,",
        "with `precision=fast`, fewer of one factor. Reductions use it for 16-bit values and with `fast`, where maxima keep",
        "7 bits; else they are made in DST, in fp32.",
        "",
        "## Functions of one element",
        "",
        f"Largest error in ulp of the dtype, the same for every precision. Bounds: bf16 {f.FUNCTION_BOUND[f.BF16]}, fp16",
        f"{f.FUNCTION_BOUND[f.FP16]}, fp32 as in the table; of the first nine rows 0. Where a result crosses 0, in ulp of 1.",
        "",
        _table(
            ["function", "on", "bf16", "fp16", "fp32", "fp32 on Blackhole", "fp32 bound"],
            [
                [
                    fn.name,
                    f"[{fn.interval[0]:g}, {fn.interval[1]:g}]",
                    *[_ulp(functions[dtype][fn.name]) for dtype in f.FLOATS],
                    _ulp(measured["functions on Blackhole"][f.FP32][fn.name]),
                    f"{fn.fp32_bound:g}",
                ]
                for fn in f.FUNCTIONS
            ],
        ),
        "## Two operands",
        "",
        "Largest error in ulp over a block, a row and a column as second operand, then the bound; of sums and differences in",
        "ulp of the largest of result and operands.",
        "",
        _table(
            ["operation", *[f"{dtype} {mode}" for dtype, mode in f.CLASSES]],
            [
                [
                    name,
                    *[
                        f"{_ulp(max(binaries[dtype, mode, o][name] for o in f.OPERANDS))} ≤ "
                        f"{_ulp(f.binary_bound(name, dtype, mode))}"
                        for dtype, mode in f.CLASSES
                    ],
                ]
                for name in f.BINARIES
            ],
        ),
        "## Integers",
        "",
        "Elements of 1024 that differ from 64-bit arithmetic, int32: "
        + "; ".join(f"`{name}` {wrong}" for name, wrong in measured["integers"].items())
        + ".",
        "",
        "## Kernels",
        "",
        "Relative error of the Frobenius norms, then the bound.",
        "",
        _table(
            ["kernel", *[f"{dtype} {mode}" for dtype, mode in f.CLASSES]],
            [
                [
                    family.name,
                    *[
                        _cell(families[family.name, dtype, mode], family.bound(dtype, mode))
                        for dtype, mode in f.CLASSES
                    ],
                ]
                for family in f.FAMILIES
            ],
        ),
        "On Blackhole, with the bounds above:",
        "",
        _table(
            ["kernel, default precision", *f.FLOATS],
            [
                [family.name, *[f"{measured['families on Blackhole'][family.name, dtype]:.1e}" for dtype in f.FLOATS]]
                for family in f.FAMILIES
            ],
        ),
        "The emulator's `fast` numerics, its default, sums in fp32 and keeps the same bounds:",
        "",
        _table(
            ["kernel, default precision", *f.FLOATS],
            [
                [name, *[f"{measured['fast numerics'][name, dtype]:.1e}" for dtype in f.FLOATS]]
                for name in f.IN_FAST_NUMERICS
            ],
        ),
    ]
    return "\n".join(text).rstrip() + "\n"
