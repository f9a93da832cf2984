"""Finds the kernel that a Python file defines, for the command line."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from tilelang.jit import JITImpl
from tilelang_tt_cli import UsageError
from tvm.tirx import PrimFunc

from .errors import CompileError

REFERENCE = "ref_program"


def parse_defines(items: list[str]) -> dict[str, Any]:
    """["M=256", "dtype=float16"] → {"M": 256, "dtype": "float16"}; values are Python literals, else strings."""
    values: dict[str, Any] = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or not name.isidentifier() or not value:
            raise UsageError(f"-D {item}: expected NAME=VALUE")
        if name in values:
            raise UsageError(f"-D {name} is given twice")
        try:
            values[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            values[name] = value
    return values


def load(path: str) -> ModuleType:
    file = Path(path)
    if not file.is_file():
        raise UsageError(f"{path}: no such file")
    spec = importlib.util.spec_from_file_location(f"tilelang_tt_input_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(file.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise CompileError(
            f"{path} cannot be imported: {_where(error, file)}{type(error).__name__}: {error}"
        ) from error
    finally:
        sys.path.pop(0)
    return module


def _where(error: BaseException, file: Path) -> str:
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).resolve() == file.resolve():
            return f"line {frame.lineno}: "
    return ""


def _is_factory(value: Any, module: ModuleType) -> bool:
    if not inspect.isfunction(value) or value.__module__ != module.__name__:
        return False
    try:
        return "prim_func" in inspect.getsource(value)
    except OSError:
        return False


def candidates(module: ModuleType) -> dict[str, Any]:
    found = {}
    for name, value in vars(module).items():
        if name.startswith("_") or name == REFERENCE:
            continue
        if isinstance(value, (PrimFunc, JITImpl)) or _is_factory(value, module):
            found[name] = value
    return found


def choose(module: ModuleType, path: str, wanted: str | None) -> tuple[str, Any]:
    found = candidates(module)
    if wanted is not None:
        value = found.get(wanted, getattr(module, wanted, None))
        if value is None or not (isinstance(value, PrimFunc) or callable(value)):
            raise UsageError(f"{path} has no kernel {wanted!r}; it has {', '.join(found) or 'none'}")
        return wanted, value
    if not found:
        raise UsageError(f"{path} has no kernel: no @T.prim_func, no @tilelang.jit function and no factory of one")
    if len(found) > 1:
        raise UsageError(f"{path} has several kernels ({', '.join(found)}); choose one with --kernel NAME")
    return next(iter(found.items()))


def _split(name: str, signature: inspect.Signature, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values that the function takes, and the others. Complains of missing ones before the function runs."""
    parameters = signature.parameters
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    taken = {key: value for key, value in values.items() if open_ended or key in parameters}
    missing = [
        p.name
        for p in parameters.values()
        if p.default is p.empty and p.name not in values and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    if missing:
        raise UsageError(f"{name} needs {', '.join(missing)}: " + " ".join(f"-D {key}=VALUE" for key in missing))
    return taken, {key: value for key, value in values.items() if key not in taken}


def elaborate(name: str, value: Any, values: dict[str, Any]) -> tuple[PrimFunc, dict[str, Any]]:
    """The PrimFunc, and those of the values that it did not take: they may be values of symbolic dimensions."""
    try:
        if isinstance(value, PrimFunc):
            return value, values
        if isinstance(value, JITImpl):
            if getattr(value.func, "tensor_args", None):  # eager: takes dimensions by name, as its T.const says
                return value.get_tir(**values), {}
            taken, rest = _split(name, value.signature, values)
            return value.get_tir(**taken), rest
        taken, rest = _split(name, inspect.signature(value), values)
        result = value(**taken)
    except (UsageError, CompileError):
        raise
    except Exception as error:
        raise CompileError(f"{name}({', '.join(f'{k}={v!r}' for k, v in values.items())}) failed: {error}") from error
    if isinstance(result, JITImpl):
        return elaborate(name, result, rest)
    inner = getattr(result, "prim_func", result)
    if not isinstance(inner, PrimFunc):
        raise UsageError(f"{name} returned {type(result).__name__}, not a prim_func")
    return inner, rest


def parameters_of(value: Any) -> str:
    """For messages: the names that -D can give."""
    if isinstance(value, PrimFunc):
        return "none"
    signature = value.signature if isinstance(value, JITImpl) else inspect.signature(value)
    return ", ".join(signature.parameters) or "none"


@dataclass(frozen=True)
class Found:
    module: ModuleType
    name: str
    function: PrimFunc
    rest: dict[str, Any]
    """-D values that the function did not take: of symbolic dimensions, or mistaken."""
    parameters: str


def find(path: str, wanted: str | None, defines: list[str]) -> Found:
    values = parse_defines(defines)
    module = load(path)
    name, value = choose(module, path, wanted)
    function, rest = elaborate(name, value, values)
    return Found(module, name, function, rest, parameters_of(value))
