"""The list of operations whose bits are recorded: one short program each, over a few tiles."""

from __future__ import annotations

from program import Case, Input, Program

_E = "api/compute/eltwise_unary/"
BF, F32 = "Float16_b", "Float32"
_SHORT = {
    "Float16_b": "bf16",
    "Float32": "fp32",
    "Bfp8_b": "bfp8_b",
    "Bfp4_b": "bfp4_b",
    "Int32": "int32",
    "UInt32": "uint32",
    "UInt16": "uint16",
    "UInt8": "uint8",
}


def _dst(dst32: bool) -> str:
    return "dst32" if dst32 else "dst16"


def _copies() -> list[Case]:
    cases = []
    for src, dst, dst32 in [
        (BF, BF, False),
        (BF, BF, True),
        (BF, F32, False),
        (BF, F32, True),
        (F32, BF, False),
        (F32, BF, True),
        (F32, F32, False),
        (F32, F32, True),
        ("Bfp8_b", BF, False),
        ("Bfp8_b", F32, True),
        ("Bfp8_b", "Bfp8_b", False),
        (BF, "Bfp8_b", False),
        (F32, "Bfp8_b", True),
        (BF, "Bfp4_b", False),
        ("Bfp4_b", BF, False),
    ]:
        kinds = ["bits"] if src.startswith("Bfp") else ["special", "wide"] + (["ties"] if src == F32 else [])
        for kind in kinds:
            p = Program("unary.cpp", (Input(src, f"{kind}:1:1"),), dst, 1, {"tiles": 1}, dst32=dst32)
            cases.append(Case(f"copy_{_SHORT[src]}_{_SHORT[dst]}_{_dst(dst32)}_{kind}", "copy_tile", p, "copy"))
    for kind in ("special", "ties"):
        for out in (F32, BF):
            p = Program(
                "unary.cpp", (Input(F32, f"{kind}:1:1"),), out, 1, {"tiles": 1}, dst32=True, unpack_to_dest=(0,)
            )
            cases.append(Case(f"copy_fp32_{_SHORT[out]}_unpack_to_dest_{kind}", "copy_tile", p, "copy"))
    for src, dst32 in [("Int32", True), ("UInt32", True), ("UInt16", False)]:
        p = Program(
            "unary.cpp",
            (Input(src, "int:1:1"),),
            src,
            1,
            {"tiles": 1},
            dst32=dst32,
            unpack_to_dest=(0,) if src.endswith("32") else (),
        )
        cases.append(Case(f"copy_{_SHORT[src]}_{_dst(dst32)}", "copy_tile", p, "copy"))
    return cases


def _binaries() -> list[Case]:
    cases = []

    def add(
        name: str, op: str, init: str, call: str, a: Input, b: Input, out: str, tiles: int = 1, **more: object
    ) -> None:
        named = {"tiles": tiles, "b_step": int(more.pop("b_step", 1)), "repeats": int(more.pop("repeats", 1))}
        p = Program("binary.cpp", (a, b), out, tiles, named, {"OP_INIT": init, "OP_CALL": call}, **more)  # type: ignore[arg-type]
        cases.append(Case(name, op, p, "binary"))

    for op in ("add", "sub", "mul"):
        for dst32 in (False, True):
            for kind in ("wide", "normal"):
                for fmt in (BF, F32):
                    if fmt == F32 and not dst32 and kind == "normal":
                        continue
                    add(
                        f"{op}_{_SHORT[fmt]}_{_dst(dst32)}_{kind}",
                        f"{op}_tiles",
                        f"{op}_init",
                        f"{op}_tiles",
                        Input(fmt, f"{kind}:2:1"),
                        Input(fmt, f"{kind}:3:1"),
                        fmt,
                        dst32=dst32,
                    )
            add(
                f"{op}_bf16_{_dst(dst32)}_special",
                f"{op}_tiles",
                f"{op}_init",
                f"{op}_tiles",
                Input(BF, "special:1:1"),
                Input(BF, "normal:3:1"),
                BF,
                dst32=dst32,
            )
        add(
            f"{op}_bf16_special_special",
            f"{op}_tiles",
            f"{op}_init",
            f"{op}_tiles",
            Input(BF, "special:1:1"),
            Input(BF, "specialr:1:1"),
            BF,
            dst32=True,
        )
        add(
            f"{op}_bfp8_b",
            f"{op}_tiles",
            f"{op}_init",
            f"{op}_tiles",
            Input("Bfp8_b", "bits:1:1"),
            Input("Bfp8_b", "bits:2:1"),
            BF,
            dst32=True,
        )
        add(
            f"{op}_bf16_fp32out",
            f"{op}_tiles",
            f"{op}_init",
            f"{op}_tiles",
            Input(BF, "wide:2:1"),
            Input(BF, "wide:3:1"),
            F32,
            dst32=True,
        )
        add(
            f"{op}_bf16_repeats",
            f"{op}_tiles",
            f"{op}_init",
            f"{op}_tiles",
            Input(BF, "normal:2:1"),
            Input(BF, "normal:3:1"),
            BF,
            repeats=3,
            dst32=True,
        )
        for dim in ("rows", "cols", "scalar"):
            for dst32 in (False, True):
                add(
                    f"{op}_bcast_{dim}_{_dst(dst32)}",
                    f"{op}_tiles_bcast_{dim}",
                    f"{op}_bcast_{dim}_init",
                    f"{op}_tiles_bcast_{dim}",
                    Input(BF, "normal:2:1"),
                    Input(BF, "normal:4:1"),
                    BF,
                    dst32=dst32,
                )
            add(
                f"{op}_bcast_{dim}_fp32",
                f"{op}_tiles_bcast_{dim}",
                f"{op}_bcast_{dim}_init",
                f"{op}_tiles_bcast_{dim}",
                Input(F32, "wide:2:1"),
                Input(F32, "wide:3:1"),
                F32,
                dst32=True,
            )
    for fidelity in ("LoFi", "HiFi2", "HiFi3"):
        for dst32 in (False, True):
            add(
                f"mul_bf16_{fidelity}_{_dst(dst32)}",
                "mul_tiles",
                "mul_init",
                "mul_tiles",
                Input(BF, "normal:2:1"),
                Input(BF, "normal:3:1"),
                BF,
                dst32=dst32,
                fidelity=fidelity,
            )
        add(
            f"mul_fp32_{fidelity}",
            "mul_tiles",
            "mul_init",
            "mul_tiles",
            Input(F32, "wide:2:1"),
            Input(F32, "wide:3:1"),
            F32,
            dst32=True,
            fidelity=fidelity,
        )
        add(
            f"mul_bcast_cols_{fidelity}",
            "mul_tiles_bcast_cols",
            "mul_bcast_cols_init",
            "mul_tiles_bcast_cols",
            Input(BF, "normal:2:1"),
            Input(BF, "normal:4:1"),
            BF,
            dst32=True,
            fidelity=fidelity,
        )
    return cases


def _matmuls() -> list[Case]:
    cases = []

    def add(
        name: str,
        a: str,
        b: str,
        out: str,
        rt: int = 1,
        ct: int = 1,
        kt: int = 1,
        transpose: int = 0,
        block: int = 1,
        kind: str = "normal",
        **more: object,
    ) -> None:
        named = {"rt": rt, "ct": ct, "kt": kt, "transpose": transpose, "block": block}
        ins = (
            Input(a, f"{'bits' if a.startswith('Bfp') else kind}:5:{rt * kt}"),
            Input(b, f"{'bits' if b.startswith('Bfp') else kind}:6:{kt * ct}"),
        )
        p = Program("matmul.cpp", ins, out, rt * ct, named, **more)  # type: ignore[arg-type]
        cases.append(Case(name, "matmul_block" if block else "matmul_tiles", p, "matmul"))

    for fidelity in ("LoFi", "HiFi2", "HiFi3", "HiFi4"):
        for dst32 in (False, True):
            add(f"matmul_bf16_{fidelity}_{_dst(dst32)}", BF, BF, F32 if dst32 else BF, fidelity=fidelity, dst32=dst32)
        add(f"matmul_fp32_{fidelity}", F32, F32, F32, fidelity=fidelity, dst32=True)
    for dst32 in (False, True):
        d = _dst(dst32)
        add(f"matmul_bf16_k4_{d}", BF, BF, BF, kt=4, dst32=dst32)
        add(f"matmul_bf16_transpose_{d}", BF, BF, BF, transpose=1, kt=2, dst32=dst32)
        add(f"matmul_bf16_2x2_{d}", BF, BF, BF, rt=2, ct=2, kt=2, dst32=dst32)
        add(f"matmul_bf16_tiles_{d}", BF, BF, BF, rt=1, ct=2, kt=2, block=0, dst32=dst32)
        add(f"matmul_bf16_positive_{d}", BF, BF, BF, kt=2, kind="positive", dst32=dst32)
    add("matmul_bf16_wide", BF, BF, F32, kt=2, kind="wide", dst32=True)
    add("matmul_bf16_tiles_transpose", BF, BF, BF, kt=2, transpose=1, block=0, dst32=True)
    add("matmul_bf16_k16_LoFi", BF, BF, F32, kt=16, fidelity="LoFi", dst32=True)
    add("matmul_bf16_special", BF, BF, F32, kind="special", dst32=True)
    add("matmul_bf16_special_dst16", BF, BF, BF, kind="special")
    add("matmul_fp32_dst16", F32, F32, BF)
    add("matmul_fp32_k2", F32, F32, F32, kt=2, dst32=True)
    add("matmul_fp32_transpose", F32, F32, F32, transpose=1, dst32=True)
    add("matmul_bf16_bfp8", BF, "Bfp8_b", BF, kt=2, dst32=True)
    add("matmul_bfp8_HiFi2", "Bfp8_b", "Bfp8_b", F32, fidelity="HiFi2", dst32=True)
    add("matmul_bfp8_LoFi", "Bfp8_b", "Bfp8_b", BF, fidelity="LoFi")
    add("matmul_bfp4_LoFi", "Bfp4_b", "Bfp4_b", F32, fidelity="LoFi", dst32=True)
    add("matmul_bfp8_out", BF, BF, "Bfp8_b", dst32=True)
    return cases


def _packs() -> list[Case]:
    cases = []

    def add(
        name: str, src: Input, out: str, tiles: int = 1, depth: int = 1, l1_acc: int = 0, relu: int = 0, **more: object
    ) -> None:
        p = Program(
            "pack.cpp", (src,), out, tiles, {"tiles": tiles, "depth": depth, "l1_acc": l1_acc, "relu": relu}, **more
        )  # type: ignore[arg-type]
        cases.append(Case(name, "pack_tile", p, "pack"))

    for dst32 in (False, True):
        d = _dst(dst32)
        add(f"pack_l1acc_bf16_{d}", Input(BF, "normal:7:3"), BF, depth=3, l1_acc=1, dst32=dst32)
        add(f"pack_l1acc_bf16_wide_{d}", Input(BF, "wide:7:2"), BF, depth=2, l1_acc=1, dst32=dst32)
        add(f"pack_relu_{d}", Input(BF, "normal:7:1"), BF, relu=1, dst32=dst32)
        add(f"pack_relu_special_{d}", Input(BF, "special:1:1"), BF, relu=1, dst32=dst32)
        add(f"pack_l1acc_fp32_{d}", Input(BF, "wide:7:2"), F32, depth=2, l1_acc=1, dst32=dst32)
    add("pack_l1acc_fp32_ties", Input(F32, "ties:7:3"), F32, depth=3, l1_acc=1, dst32=True)
    add("pack_l1acc_relu", Input(BF, "normal:7:2"), F32, depth=2, l1_acc=1, relu=1, dst32=True)
    add("pack_l1acc_special", Input(BF, "special:1:2"), BF, depth=2, l1_acc=1, dst32=True)
    add("pack_relu_fp32", Input(F32, "ties:7:1"), F32, relu=1, dst32=True)
    return cases


def _layouts() -> list[Case]:
    cases = []

    def source(name: str, op: str, header: str, init: str, call: str, src: Input, out: str, **more: object) -> None:
        p = Program(
            "source.cpp",
            (src,),
            out,
            1,
            {"tiles": 1},
            {"OP_HEADER": f'"api/compute/{header}"', "OP_INIT": init, "OP_CALL": call},
            **more,
        )  # type: ignore[arg-type]
        cases.append(Case(name, op, p, "layout"))

    for dst32 in (False, True):
        d = _dst(dst32)
        source(
            f"transpose_bf16_{d}",
            "transpose_tile",
            "transpose.h",
            "transpose_init(0)",
            "transpose_tile(0, t, 0)",
            Input(BF, "wide:8:1"),
            BF,
            dst32=dst32,
        )
        for dim in ("ROW", "COL", "SCALAR"):
            if dim == "ROW" and dst32:
                continue  # wrong rows on the chip: never emitted
            b = f"BroadcastType::{dim}"
            source(
                f"unary_bcast_{dim.lower()}_{d}",
                "unary_bcast",
                "bcast.h",
                f"unary_bcast_init<{b}>(0)",
                f"unary_bcast<{b}>(0, t, 0)",
                Input(BF, "wide:8:1"),
                BF,
                dst32=dst32,
            )
    for fmt, kind in ((F32, "ties"), ("Int32", "int")):
        source(
            f"transpose_{_SHORT[fmt]}_unpack_to_dest",
            "transpose_tile",
            "transpose.h",
            "transpose_init(0)",
            "transpose_tile(0, t, 0)",
            Input(fmt, f"{kind}:8:1"),
            fmt,
            dst32=True,
            unpack_to_dest=(0,),
        )
    source(
        "transpose_fp32",
        "transpose_tile",
        "transpose.h",
        "transpose_init(0)",
        "transpose_tile(0, t, 0)",
        Input(F32, "ties:8:1"),
        F32,
        dst32=True,
    )
    source(
        "transpose_fp32_dst16",
        "transpose_tile",
        "transpose.h",
        "transpose_init(0)",
        "transpose_tile(0, t, 0)",
        Input(F32, "ties:8:1"),
        BF,
    )
    source(
        "transpose_bfp8",
        "transpose_tile",
        "transpose.h",
        "transpose_init(0)",
        "transpose_tile(0, t, 0)",
        Input("Bfp8_b", "bits:8:1"),
        BF,
    )
    for fmt, dst32 in ((BF, False), (BF, True), (F32, True), (F32, False)):
        n = f"{_SHORT[fmt]}_{_dst(dst32)}"
        for ct in (1, 2):
            p = Program("tilize.cpp", (Input(fmt, f"wide:8:{ct}"),), fmt, ct, {"ct": ct}, dst32=dst32)
            cases.append(Case(f"tilize_{n}_ct{ct}", "tilize_block", p, "layout"))
            for from_dst in (0, 1):
                p = Program(
                    "untilize.cpp",
                    (Input(fmt, f"wide:8:{ct}"),),
                    fmt,
                    ct,
                    {"ct": ct, "from_dst": from_dst},
                    dst32=dst32,
                )
                op = "pack_untilize_dest" if from_dst else "pack_untilize_block"
                cases.append(Case(f"{op}_{n}_ct{ct}", op, p, "layout"))
    # Wider rows than DST, and formats that are kept to the bit.
    for fmt, dst32, ct, block in (
        (BF, False, 3, 3),
        (BF, False, 8, 8),
        (BF, False, 9, 3),
        (BF, True, 8, 4),
        (F32, True, 9, 3),
        ("Int32", True, 3, 3),
        ("UInt32", True, 3, 3),
        ("UInt16", False, 3, 3),
        ("UInt8", True, 3, 3),
    ):
        data = f"{'int' if 'Int' in fmt else 'wide'}:8:{ct}"
        lossless = (0,) if fmt in (F32, "Int32", "UInt32") else ()
        n = f"{_SHORT[fmt]}_{_dst(dst32)}{'_unpack_to_dest' if fmt == F32 else ''}_ct{ct}"
        p = Program("tilize.cpp", (Input(fmt, data),), fmt, ct, {"ct": ct}, dst32=dst32, unpack_to_dest=lossless)
        cases.append(Case(f"tilize_{n}", "tilize_block", p, "layout"))
        for from_dst in (0, 1):
            op = "pack_untilize_dest" if from_dst else "pack_untilize_block"
            named, defines = {"ct": ct, "from_dst": from_dst}, {"BLOCK": str(block)}
            p = Program(
                "untilize.cpp", (Input(fmt, data),), fmt, ct, named, defines, dst32=dst32, unpack_to_dest=lossless
            )
            cases.append(Case(f"{op}_{n}", op, p, "layout"))
    return cases


def _reduces() -> list[Case]:
    cases = []

    def add(
        name: str, pool: str, dim: str, src: Input, out: str, depth: int = 1, scaler: str = "scaler:0:1", **more: object
    ) -> None:
        swap = int(pool != "MAX" and dim == "ROW")
        p = Program(
            "reduce.cpp",
            (src, Input(BF, scaler)),
            out,
            1,
            {"tiles": 1, "depth": depth, "swap": swap},
            {"OP_POOL": f"PoolType::{pool}", "OP_DIM": f"ReduceDim::REDUCE_{dim}"},
            **more,
        )  # type: ignore[arg-type]
        cases.append(Case(name, "reduce_tile", p, "reduce"))

    for pool in ("SUM", "MAX"):
        for dim in ("ROW", "COL", "SCALAR"):
            n = f"reduce_{pool}_{dim}".lower()
            for dst32 in (False, True):
                add(f"{n}_bf16_{_dst(dst32)}", pool, dim, Input(BF, "normal:9:1"), BF, dst32=dst32)
                add(f"{n}_bf16_{_dst(dst32)}_depth3", pool, dim, Input(BF, "normal:9:3"), BF, depth=3, dst32=dst32)
            add(f"{n}_bf16_fp32out", pool, dim, Input(BF, "normal:9:1"), F32, dst32=True)
            add(f"{n}_fp32", pool, dim, Input(F32, "normal:9:2"), F32, depth=2, dst32=True)
            add(f"{n}_special", pool, dim, Input(BF, "special:1:1"), BF, dst32=True)
    for dim in ("ROW", "COL", "SCALAR"):
        add(f"reduce_sum_{dim.lower()}_LoFi", "SUM", dim, Input(BF, "normal:9:1"), F32, dst32=True, fidelity="LoFi")
        add(f"reduce_sum_{dim.lower()}_HiFi2", "SUM", dim, Input(BF, "normal:9:1"), F32, dst32=True, fidelity="HiFi2")
        add(f"reduce_avg_{dim.lower()}", "AVG", dim, Input(BF, "normal:9:1"), BF, scaler="scaler32:0:1", dst32=True)
    return cases


_FUSE = "the recorded code multiplies and adds in two steps where SFPI fuses them"


def _sfpu() -> list[Case]:
    cases = []

    def unary(
        name: str,
        op: str,
        header: str,
        chain: str,
        kinds: tuple[str, ...] = ("normal", "special"),
        ulp: int | None = None,
        ulp32: int | None = None,
        formats: tuple[str, ...] = (BF, F32),
        fp32_macro: str = "",
        absolute: float = 0.0,
    ) -> None:
        for fmt in formats:
            bound = ulp if fmt == BF else (ulp32 if ulp32 is not None else ulp)
            for kind in kinds:
                for dst32 in (False, True) if fmt == BF and kind != "special" else (True,):
                    p = Program(
                        "unary.cpp",
                        (Input(fmt, f"{kind}:{10 if kind != 'special' else 1}:1"),),
                        fmt,
                        1,
                        {"tiles": 1},
                        {"OP_HEADER": f'"{header}"', "OP_CHAIN": chain}
                        | ({fp32_macro: "1"} if fp32_macro and dst32 else {}),
                        dst32=dst32,
                    )
                    cases.append(
                        Case(
                            f"{name}_{_SHORT[fmt]}_{_dst(dst32)}_{kind}",
                            op,
                            p,
                            "sfpu",
                            bound,
                            _FUSE if bound is not None else "",
                            absolute=absolute,
                        )
                    )

    def plain(op: str, header: str = "api/compute/compute_kernel_api.h", **more: object) -> None:
        unary(op, f"{op}_tile", header, f"{op}_tile_init(); {op}_tile(0)", **more)  # type: ignore[arg-type]

    plain("relu", _E + "relu.h")
    plain("abs")
    plain("negative", _E + "negative.h")
    plain("sign")
    plain("square")
    for op, h, k in (
        ("sqrt", _E + "sqrt.h", "positive"),
        ("rsqrt", _E + "rsqrt.h", "positive"),
        ("recip", _E + "recip.h", "normal"),
    ):
        plain(op, h, kinds=(k, "special"), ulp=1, ulp32=4)
    plain("exp", _E + "exp.h", kinds=("range8", "special"), ulp=1, ulp32=64)
    plain("sigmoid", kinds=("range8", "special"), ulp=1, ulp32=256)
    plain("silu", kinds=("range8", "special"), ulp=1, ulp32=256)
    plain("exp2", kinds=("range8",), ulp=1, ulp32=64)
    plain("expm1", kinds=("range8",), ulp=1, ulp32=256)
    plain("tanh", kinds=("range8",), ulp=1, ulp32=256)
    plain("log", kinds=("positive",), ulp=1, ulp32=256)
    unary(
        "gelu",
        "gelu_tile",
        _E + "gelu.h",
        "gelu_tile_init<false>(); gelu_tile<false>(0)",
        kinds=("range8",),
        ulp=2,
        ulp32=4096,
        absolute=2e-5,  # 1 + erf of what is far below zero
    )
    unary(
        "erf",
        "erf_tile",
        _E + "erf_erfc.h",
        "erf_tile_init<false>(); erf_tile<false>(0)",  # as we emit it; the default is an approximation (to 0.8 %)
        kinds=("range8",),
        ulp=2,
        ulp32=4096,
        fp32_macro="INP_FLOAT32",
    )
    plain("sin", _E + "trigonometry.h", kinds=("range8",), ulp=2, ulp32=256)
    plain("cos", _E + "trigonometry.h", kinds=("range8",), ulp=2, ulp32=256)
    for op in ("floor", "ceil", "trunc", "frac"):
        unary(op, f"{op}_tile", _E + "rounding.h", f"rounding_op_tile_init(); {op}_tile(0)", kinds=("wholes",))
    for op in ("add", "sub", "mul", "rsub"):  # scalar 1.3 as fp32 bits
        unary(
            f"{op}_unary",
            f"{op}_unary_tile",
            _E + "binop_with_scalar.h",
            f"binop_with_scalar_tile_init(); {op}_unary_tile(0, 0x3fa66666)",
        )
    for op in ("gt", "ge", "lt", "le", "eq", "ne"):
        unary(
            f"unary_{op}", f"unary_{op}_tile", _E + "comp.h", f"unary_{op}_tile_init(); unary_{op}_tile(0, 0x3f800000)"
        )
    unary("clamp", "clamp_tile", _E + "clamp.h", "clamp_tile_init(); clamp_tile(0, 0xbf000000, 0x3f400000)")
    unary("relu_max", "relu_max_tile", _E + "relu.h", "relu_max_tile_init(); relu_max_tile(0, 0x3f400000)")
    unary("leaky_relu", "leaky_relu_tile", _E + "relu.h", "leaky_relu_tile_init(); leaky_relu_tile(0, 0x3dcccccd)")
    unary(
        "unary_max",
        "unary_max_tile",
        "api/compute/compute_kernel_api.h",
        "unary_max_tile_init(); unary_max_tile(0, 0x3f000000)",
    )
    unary("fill", "fill_tile", _E + "fill.h", "fill_tile_init(); fill_tile(0, 1.7f)", kinds=("normal",))

    def binary(
        name: str,
        op: str,
        header: str,
        init: str,
        call: str,
        a: Input,
        b: Input,
        out: str,
        dst32: bool,
        c: Input | None = None,
        ulp: int | None = None,
        **more: object,
    ) -> None:
        ins = (a, b) if c is None else (a, b, c)
        p = Program(
            "dst_binary.cpp",
            ins,
            out,
            1,
            {"tiles": 1, "operands": len(ins)},
            {"OP_HEADER": f'"api/compute/{header}"', "OP_INIT": init, "OP_CALL": call},
            dst32=dst32,
            **more,
        )  # type: ignore[arg-type]
        cases.append(Case(name, op, p, "sfpu", ulp, _FUSE if ulp is not None else ""))

    for op in ("add", "sub", "mul", "div", "rsub"):
        for fmt, dst32, kind in ((BF, False, "wide"), (BF, True, "wide"), (F32, True, "wide"), (BF, True, "special")):
            other = "normal:11:1" if kind == "special" else f"{kind}:12:1"
            binary(
                f"{op}_binary_{_SHORT[fmt]}_{_dst(dst32)}_{kind}",
                f"{op}_binary_tile",
                "eltwise_binary_sfpu.h",
                f"{op}_binary_tile_init()",
                f"{op}_binary_tile(0, 1, 0)",
                Input(fmt, f"{kind}:{1 if kind == 'special' else 11}:1"),
                Input(fmt, other),
                fmt,
                dst32,
                ulp=(1 if fmt == BF else 4) if op == "div" else None,
            )
    for op in ("max", "min"):
        for fmt, kind in ((BF, "wide"), (F32, "wide"), (BF, "special")):
            binary(
                f"binary_{op}_{_SHORT[fmt]}_{kind}",
                f"binary_{op}_tile",
                "binary_max_min.h",
                f"binary_{op}_tile_init()",
                f"binary_{op}_tile(0, 1, 0)",
                Input(fmt, f"{kind}:1:1"),
                Input(fmt, f"{kind}:2:1"),
                fmt,
                True,
            )
    for op in ("eq", "ne", "lt", "gt", "le", "ge"):
        binary(
            f"{op}_binary",
            f"{op}_binary_tile",
            "eltwise_binary_sfpu.h",
            f"{op}_binary_tile_init()",
            f"{op}_binary_tile(0, 1, 0)",
            Input(BF, "wholes:1:1"),
            Input(BF, "wholes:2:1"),
            BF,
            True,
        )
    for dim in ("row", "col"):
        for op in ("add", "sub", "mul"):
            binary(
                f"sfpu_{op}_bcast_{dim}",
                f"sfpu_{op}_bcast_{dim}",
                "sfpu_binary_bcast.h",
                f"sfpu_{op}_bcast_{dim}_init()",
                f"sfpu_{op}_bcast_{dim}(0, 1)",
                Input(F32, "wide:11:1"),
                Input(F32, "wide:12:1"),
                F32,
                True,
            )
    binary(
        "where_fp32",
        "where_tile",
        "eltwise_unary/where.h",
        "where_tile_init()",
        "where_tile<DataFormat::Float32>(0, 1, 2, 0)",
        Input(F32, "mask:1:1"),
        Input(F32, "wide:11:1"),
        F32,
        True,
        c=Input(F32, "wide:12:1"),
    )
    binary(
        "where_bf16",
        "where_tile",
        "eltwise_unary/where.h",
        "where_tile_init()",
        "where_tile<DataFormat::Float16_b>(0, 1, 2, 0)",
        Input(BF, "mask:1:1"),
        Input(BF, "wide:11:1"),
        BF,
        False,
        c=Input(BF, "wide:12:1"),
    )
    binary(
        "mask",
        "mask_tile",
        "mask.h",
        "mask_tile_init()",
        "mask_tile(0, 1)",
        Input(BF, "special:1:1"),
        Input(BF, "mask:1:1"),
        BF,
        False,
    )
    for op in ("add", "sub", "mul"):
        binary(
            f"{op}_int32",
            f"{op}_int_tile",
            f"{op}_int_sfpu.h",
            "mul_int_tile_init<DataFormat::Int32>()" if op == "mul" else f"{op}_int_tile_init()",
            f"{op}_int_tile<DataFormat::Int32>(0, 1, 0)",
            Input("Int32", "small:1:1"),
            Input("Int32", "small:2:1"),
            "Int32",
            True,
            unpack_to_dest=(0, 1),
        )
    return cases


def _typecasts() -> list[Case]:
    cases = []
    number = {"Float32": 0, "Float16_b": 5, "Int32": 8, "UInt16": 9, "UInt32": 24, "Bfp8_b": 6}
    for src, dst, kind in [
        (F32, BF, "ties"),
        (F32, "Int32", "wholes"),
        (F32, "UInt32", "whole"),
        (F32, "UInt16", "whole"),
        (BF, "Int32", "wholes"),
        ("Int32", F32, "small"),
        ("Int32", BF, "small"),
        ("UInt32", F32, "small"),
        ("UInt16", F32, "small"),
        ("UInt16", "UInt32", "int"),
        ("Int32", F32, "int"),
        ("UInt32", F32, "int"),
        ("UInt16", BF, "int"),
    ]:
        args = f"{number[src]}, {number[dst]}"
        unpack = (0,) if src in ("Int32", "UInt32") else ()
        p = Program(
            "unary.cpp",
            (Input(src, f"{kind}:13:1"),),
            dst,
            1,
            {"tiles": 1},
            {"OP_HEADER": f'"{_E}typecast.h"', "OP_CHAIN": f"typecast_tile_init<{args}>(); typecast_tile<{args}>(0)"},
            dst32=(src, dst) != ("UInt16", BF),  # as ttnn: 32-bit DST for 32-bit types only
            unpack_to_dest=unpack,
        )
        cases.append(Case(f"typecast_{_SHORT[src]}_{_SHORT[dst]}_{kind}", "typecast_tile", p, "typecast"))
    return cases


def _integers() -> list[Case]:
    """Integers of every width in a 32-bit DST, with the ends of their ranges."""
    cases = []
    wide = ("Int32", "UInt32")

    def binary(name: str, op: str, header: str, init: str, call: str, fmt: str, other: str = "edge") -> None:
        p = Program(
            "dst_binary.cpp",
            (Input(fmt, "edge:1:1"), Input(fmt, f"{other}:2:1")),
            fmt,
            1,
            {"tiles": 1, "operands": 2},
            {"OP_HEADER": f'"api/compute/{header}"', "OP_INIT": f"{init}()", "OP_CALL": f"{call}(0, 1, 0)"},
            dst32=True,
            unpack_to_dest=(0, 1) if fmt in wide else (),
        )
        cases.append(Case(f"int_{name}_{_SHORT[fmt]}", op, p, "integer"))

    def unary(name: str, op: str, header: str, chain: str, src: str, dst: str, kind: str = "edge") -> None:
        p = Program(
            "unary.cpp",
            (Input(src, f"{kind}:1:1"),),
            dst,
            1,
            {"tiles": 1},
            {"OP_HEADER": f'"{header}"', "OP_CHAIN": chain} if chain else {},
            dst32=True,
            unpack_to_dest=(0,) if src in wide else (),
        )
        cases.append(Case(f"int_{name}", op, p, "integer"))

    for src, dst in [("UInt8", "Int32"), ("UInt8", "UInt8"), ("UInt16", "Int32"), ("Int32", "UInt8"),
                     ("UInt32", "UInt32"), ("Int32", "Int32")]:  # fmt: skip
        unary(f"copy_{_SHORT[src]}_{_SHORT[dst]}", "copy_tile", "", "", src, dst)
    number = {"Float32": 0, "Float16_b": 5, "Int32": 8, "UInt16": 9, "Int8": 14, "UInt32": 24, "UInt8": 30}
    held = {"Int8": "UInt8"}
    for src, dst, kind in [("UInt8", F32, "edge"), ("UInt8", BF, "edge"), ("Int8", F32, "edge"), ("Int8", BF, "edge"),
                           ("Int8", "Int32", "edge"), ("Int32", "UInt8", "edge"), ("UInt32", "UInt8", "edge"),
                           ("Int32", "UInt16", "edge"), ("UInt32", "UInt16", "edge"), ("Int32", F32, "edge"),
                           ("UInt32", F32, "edge"), ("UInt16", F32, "edge"), (F32, "Int32", "ends"),
                           (F32, "UInt32", "ends"), (F32, "UInt16", "ends"), (F32, "UInt8", "ends"),
                           (F32, "Int8", "ends"), (F32, "Int32", "wholes")]:  # fmt: skip
        args = f"{number[src]}, {number[dst]}"
        unary(
            f"typecast_{src.lower()}_{dst.lower()}_{kind}",
            "typecast_tile",
            _E + "typecast.h",
            f"typecast_tile_init<{args}>(); typecast_tile<{args}>(0)",
            held.get(src, src),
            held.get(dst, dst),
            kind,
        )
    for fmt in wide:
        t = f"<DataFormat::{fmt}>"
        sign = "int32" if fmt == "Int32" else "uint32"
        binary("add", "add_int_tile", "add_int_sfpu.h", "add_int_tile_init", f"add_int_tile{t}", fmt)
        binary("sub", "sub_int_tile", "sub_int_sfpu.h", "sub_int_tile_init", f"sub_int_tile{t}", fmt)
        binary("mul", "mul_int_tile", "mul_int_sfpu.h", f"mul_int_tile_init{t}", f"mul_int_tile{t}", fmt)
        for op in ("max", "min"):
            name = f"binary_{op}_{sign}_tile"
            binary(op, name, "binary_max_min.h", f"{name}_init", name, fmt)
        for op in ("eq", "ne", "lt", "gt", "le", "ge"):
            name = f"{op}_int_tile"
            binary(op, name, "binary_comp.h", f"{name}_init{t}", f"{name}{t}", fmt)
        for op in ("and", "or", "xor"):
            name = f"bitwise_{op}_binary_tile"
            binary(op, name, "binary_bitwise_sfpu.h", "binary_bitwise_tile_init", f"{name}{t}", fmt)
        for op in ("left", "right", "logical_right"):
            name = f"binary_{op}_shift_tile"
            binary(f"{op}_shift", name, "binary_shift.h", "binary_shift_tile_init", f"{name}{t}", fmt, "shift")
        binary("remainder", f"remainder_{sign}_tile", "binary_remainder.h", f"remainder_{sign}_tile_init",
               f"remainder_{sign}_tile", fmt, "divisor")  # fmt: skip
    binary("div_floor", "div_int32_floor_tile", "div_int32_floor.h", "div_int32_floor_tile_init",
           "div_int32_floor_tile", "Int32", "divisor")  # fmt: skip
    for name, header, chain in [
        ("negative", _E + "negative.h", "negative_tile_init(); negative_tile_int32(0)"),
        ("abs", "api/compute/compute_kernel_api.h", "abs_tile_init(); abs_tile_int32(0)"),
        ("relu", _E + "relu.h", "relu_tile_init(); relu_tile_int32(0)"),
        ("not", _E + "bitwise_not.h", "bitwise_not_tile_init(); bitwise_not_tile(0)"),
        ("logical_not", _E + "logical_not.h",
         "logical_not_tile_init(); logical_not_tile<DataFormat::Int32>(0)"),
        ("fill", _E + "fill.h", "fill_tile_init(); fill_tile_int<DataFormat::Int32>(0, 0x80000001)"),
    ]:  # fmt: skip
        unary(f"{name}_int32", {"not": "bitwise_not_tile", "fill": "fill_tile_int"}.get(name, f"{name}_tile_int32"),
              header, chain, "Int32", "Int32")  # fmt: skip
    p = Program(
        "dst_binary.cpp",
        (Input("Int32", "shift:3:1"), Input("Int32", "edge:1:1"), Input("Int32", "edge:2:1")),
        "Int32",
        1,
        {"tiles": 1, "operands": 3},
        {
            "OP_HEADER": f'"{_E}where.h"',
            "OP_INIT": "where_tile_init()",
            "OP_CALL": "where_tile<DataFormat::Int32>(0, 1, 2, 0)",
        },
        dst32=True,
        unpack_to_dest=(0, 1, 2),
    )
    cases.append(Case("int_where_int32", "where_tile", p, "integer"))
    return cases


def _reuses() -> list[Case]:
    cases = []
    for op in ("add", "sub", "mul"):
        for side in ("SRCA", "SRCB"):
            t = f"<EltwiseBinaryReuseDestType::DEST_TO_{side}>"
            for dst32 in (False, True):
                p = Program(
                    "reuse_dest.cpp",
                    (Input(BF, "wide:2:1"), Input(BF, "wide:3:1")),
                    BF,
                    1,
                    {"tiles": 1},
                    {"OP_INIT": f"{op}_reuse_dest_init{t}", "OP_CALL": f"{op}_reuse_dest_tiles{t}"},
                    dst32=dst32,
                )
                cases.append(
                    Case(f"{op}_reuse_dest_to_{side.lower()}_{_dst(dst32)}", f"{op}_reuse_dest_tiles", p, "binary")
                )
    return cases


def _sfpu_reduces() -> list[Case]:
    """Reductions and running sums of a tile in DST."""
    cases = []
    for fmt, kinds in ((F32, ("wide", "special")), ("Int32", ("int", "small")), ("UInt32", ("int",))):
        for pool in ("SUM", "MAX", "MIN"):
            for dim in ("ROW", "COL"):
                for kind in kinds:
                    if pool == "SUM" and kind == "special":
                        continue
                    args = f"PoolType::{pool}, DataFormat::{fmt}"
                    p = Program(
                        "unary.cpp",
                        (Input(fmt, f"{kind}:14:1"),),
                        fmt,
                        1,
                        {"tiles": 1},
                        {
                            "OP_HEADER": '"api/compute/compute_kernel_api.h"',
                            "OP_CHAIN": f"sfpu_reduce_init<{args}>(); sfpu_reduce<{args}, ReduceDim::REDUCE_{dim}>(0)",
                        },
                        dst32=True,
                        unpack_to_dest=(0,),
                    )
                    name = f"sfpu_reduce_{pool.lower()}_{dim.lower()}_{_SHORT[fmt]}_{kind}"
                    part = "columns" if dim == "ROW" else "row"
                    cases.append(Case(name, "sfpu_reduce", p, "sfpu_reduce", part=part))
    for pool in ("SUM", "MAX"):
        args = f"PoolType::{pool}, DataFormat::Float32"
        chain = (
            f"sfpu_reduce_init<{args}>(); sfpu_reduce<{args}, ReduceDim::REDUCE_ROW>(0); "
            f"sfpu_reduce_init<{args}>(); sfpu_reduce<{args}, ReduceDim::REDUCE_COL>(0)"
        )
        p = Program(
            "unary.cpp",
            (Input(F32, "wide:14:1"),),
            F32,
            1,
            {"tiles": 1},
            {"OP_HEADER": '"api/compute/compute_kernel_api.h"', "OP_CHAIN": chain},
            dst32=True,
            unpack_to_dest=(0,),
        )
        cases.append(Case(f"sfpu_reduce_{pool.lower()}_both_fp32", "sfpu_reduce", p, "sfpu_reduce", part="element"))
    for kind in ("wide", "normal"):
        p = Program(
            "unary.cpp",
            (Input(F32, f"{kind}:15:3"),),
            F32,
            3,
            {"tiles": 3},
            {
                "OP_HEADER": '"api/compute/cumsum.h"',
                "OP_CHAIN": "if (t == 0) cumsum_tile_init(); cumsum_tile(0, t == 0)",
            },
            dst32=True,
            unpack_to_dest=(0,),
        )
        cases.append(Case(f"cumsum_fp32_{kind}", "cumsum_tile", p, "sfpu_reduce"))
    return cases


def all_cases() -> list[Case]:
    cases = [
        *_matmuls(),
        *_copies(),
        *_binaries(),
        *_packs(),
        *_layouts(),
        *_reduces(),
        *_sfpu(),
        *_typecasts(),
        *_integers(),
        *_reuses(),
        *_sfpu_reduces(),
    ]
    names = [c.name for c in cases]
    assert len(set(names)) == len(names), "two cases of one name"
    return cases
