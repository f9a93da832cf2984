"""Runs a kernel on generated arguments, outside TileLang's JIT: for the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import tvm
from tvm import tirx
from tvm.target import Target
from tvm.tirx import PrimFunc

from . import _ffi
from . import target as _target
from .artifacts import Artifacts


@dataclass(frozen=True)
class TensorArgument:
    name: str
    data: torch.Tensor
    read: bool
    written: bool


@dataclass(frozen=True)
class Arguments:
    values: list[TensorArgument | int]
    """In the order of the kernel's parameters."""

    @property
    def tensors(self) -> list[TensorArgument]:
        return [value for value in self.values if isinstance(value, TensorArgument)]


def _random(shape: list[int], dtype: torch.dtype, generator: torch.Generator) -> torch.Tensor:
    if dtype.is_floating_point:
        return torch.randn(shape, generator=generator).to(dtype)
    if dtype == torch.bool:
        return torch.randint(0, 2, shape, generator=generator).bool()
    return torch.randint(0, 8, shape, generator=generator).to(dtype)


def generate_arguments(function: PrimFunc, artifacts: Artifacts, symbols: dict[str, Any], seed: int) -> Arguments:
    """Normal random inputs and zero outputs. `symbols` gives symbolic dimensions and scalar arguments their values.

    Raises ValueError for a missing or unknown symbol.
    """
    used = set()

    def number(expression: Any, what: str) -> int:
        if isinstance(expression, (int, tirx.IntImm)):
            return int(expression)
        values = {}

        def visit(node: Any) -> None:
            if isinstance(node, tirx.Var):
                if node.name not in symbols:
                    raise ValueError(f"{what} depends on {node.name}: give -D {node.name}=VALUE")
                value = symbols[node.name]
                if not isinstance(value, int):
                    raise ValueError(f"-D {node.name}={value}: not an integer")  # noqa: TRY004  (a user's value)
                used.add(node.name)
                values[node] = tirx.IntImm(node.dtype, value)

        tirx.stmt_functor.post_order_visit(expression, visit)
        return int(tvm.arith.Analyzer().simplify(tirx.stmt_functor.substitute(expression, values)))

    access = {t["name"]: (t["read"], t["written"]) for t in _ffi.tensors(artifacts.tile_program) if t["param"] >= 0}
    by_position = {t["param"]: t["name"] for t in _ffi.tensors(artifacts.tile_program)}
    generator = torch.Generator().manual_seed(seed)
    values: list[TensorArgument | float] = []
    for position, param in enumerate(function.params):
        if param not in function.buffer_map:
            if str(param.dtype).startswith(("float", "bfloat")):
                if param.name not in symbols:
                    raise ValueError(f"argument {param.name} is a number: give -D {param.name}=VALUE")
                used.add(param.name)
                values.append(float(symbols[param.name]))
                continue
            values.append(number(param, f"argument {param.name}"))
            continue
        buffer = function.buffer_map[param]
        name = by_position[position]
        read, written = access[name]
        shape = [number(dim, f"the shape of {name}") for dim in buffer.shape]
        dtype = getattr(torch, str(buffer.dtype))
        data = _random(shape, dtype, generator) if read or not written else torch.zeros(shape, dtype=dtype)
        values.append(TensorArgument(name, data, read, written))
    unknown = set(symbols) - used
    if unknown:
        raise ValueError(f"-D {min(unknown)}: the kernel has no such parameter or symbolic dimension")
    return Arguments(values)


def run_program(text: str, target: Target, arguments: Arguments, device: str | None = None) -> dict[str, torch.Tensor]:
    """The written tensors after one run; `arguments` stay as they are. Raises RunError or CompileError."""
    if device is not None:
        config = {key: target.attrs[key] for key in _target.OPTIONS}
        config["grid"] = [int(n) for n in config["grid"]]
        target = _target.make({"kind": _target.KIND, **config, "device": device})
    module = _ffi.build(text, target)
    passed = {t.name: t.data.clone() if t.written else t.data for t in arguments.tensors}
    module["main"](*[passed[v.name] if isinstance(v, TensorArgument) else v for v in arguments.values])
    return {t.name: passed[t.name] for t in arguments.tensors if t.written}


def relative_error(actual: torch.Tensor, expected: torch.Tensor) -> float:
    """Of the Frobenius norms; infinite where either has a NaN or infinity that the other has not."""
    a, b = actual.double(), expected.double()
    same = (a == b) | (a.isnan() & b.isnan())
    difference = torch.where(same, torch.zeros_like(a), a - b)
    if not difference.isfinite().all():
        return float("inf")
    scale = torch.where(b.isfinite(), b, torch.zeros_like(b)).norm()
    return float(difference.norm() / scale) if scale > 0 else float(difference.norm())
