"""The kernels of an artifact folder, with the arguments its tt.plan.json gives them."""

from __future__ import annotations

import importlib.util
import json
import pathlib
import sys
from collections.abc import Mapping
from typing import Any

import check

# launch.py stands alone (numpy only); loading it as a file keeps tilelang_tt's library out of this tool
_PATH = check.HERE.parent.parent / "python" / "tilelang_tt" / "launch.py"
_SPEC = importlib.util.spec_from_file_location("tilelang_tt_launch", _PATH)
assert _SPEC and _SPEC.loader
launch = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = launch
_SPEC.loader.exec_module(launch)

_NUMBERS = {"Float32": 0, "Float16": 1, "Float16_b": 5, "Bfp8_b": 6, "Bfp4_b": 7, "Int32": 8, "UInt16": 9, "UInt32": 24,
            "UInt8": 30}  # fmt: skip
_FIDELITIES = {"LoFi": 0, "HiFi2": 2, "HiFi3": 3, "HiFi4": 4}
_ACCESSOR_DRAM = 2  # flags of TensorAccessorArgs for a tensor interleaved in DRAM


class _AnySize(dict[str, int]):
    """Shape symbols that were given no value are 256: a syntax check needs some number."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> int:
        return 256


def kernels(folder: pathlib.Path, symbols: Mapping[str, int] | None = None) -> list[check.Kernel]:
    plan: dict[str, Any] = json.loads((folder / "tt.plan.json").read_text())
    env = _AnySize(symbols or {})
    out = []
    for program in plan["launches"]:
        formats = tuple((c["id"], _NUMBERS[c["format"]]) for c in program["circular_buffers"])
        config = program["compute"]
        for k in program["kernels"]:
            args: list[int] = []
            for a in k["compile_time_args"]:
                if "accessor" in a:
                    page_size = plan["tensors"][a["accessor"]]["layout"]["page_size"]
                    args += [_ACCESSOR_DRAM, launch.evaluate(page_size, env)]
                else:
                    args.append(launch.evaluate(a["value"], env) & 0xFFFFFFFF)
            named = ((n, launch.evaluate(e, env) & 0xFFFFFFFF) for n, e in k["named_compile_time_args"].items())
            out.append(
                check.Kernel(
                    folder / k["file"],
                    k["engine"],
                    tuple(args),
                    tuple(named),
                    tuple(k["defines"].items()),
                    formats,
                    config["fp32_dest_acc_en"],
                    config["dst_full_sync_en"],
                    config["math_approx_mode"],
                    _FIDELITIES[config["math_fidelity"]],
                )
            )
    return out
