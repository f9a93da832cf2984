"""Finds the kernel that a Python file defines, for the command line."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
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


def _call(name: str, function: Callable[..., Any], values: dict[str, Any], symbols: bool) -> Any:
    """Calls with the given values; complains of missing and unknown names before the function runs."""
    signature = inspect.signature(function)
    parameters = signature.parameters
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    unknown = [] if open_ended or symbols else [key for key in values if key not in parameters]
    if unknown:
        raise UsageError(f"{name} has no parameter {', '.join(unknown)}; it has {', '.join(parameters) or 'none'}")
    missing = [
        p.name
        for p in parameters.values()
        if p.default is p.empty and p.name not in values and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    if missing and not symbols:
        raise UsageError(f"{name} needs {', '.join(missing)}: " + " ".join(f"-D {key}=VALUE" for key in missing))
    return function(**values)


def elaborate(name: str, value: Any, values: dict[str, Any]) -> tuple[PrimFunc, dict[str, Any]]:
    """The PrimFunc, and those of the values that it did not take: values of symbolic dimensions."""
    try:
        if isinstance(value, PrimFunc):
            return value, values
        if isinstance(value, JITImpl):
            tensors = bool(getattr(value.func, "tensor_args", None))
            if not tensors:
                # Lazy: an ordinary factory behind a decorator.
                _call(name, _signature_only(value.signature), values, symbols=False)
            return value.get_tir(**values), {}
        result = _call(name, value, values, symbols=False)
    except (UsageError, CompileError):
        raise
    except Exception as error:
        raise CompileError(f"{name}({', '.join(f'{k}={v!r}' for k, v in values.items())}) failed: {error}") from error
    if isinstance(result, JITImpl):
        return elaborate(name, result, {})
    inner = getattr(result, "prim_func", result)
    if not isinstance(inner, PrimFunc):
        raise UsageError(f"{name} returned {type(result).__name__}, not a prim_func")
    return inner, {}


def _signature_only(signature: inspect.Signature) -> Callable[..., None]:
    def check(**_: Any) -> None: ...

    check.__signature__ = signature  # type: ignore[attr-defined]
    return check


def find(path: str, wanted: str | None, defines: list[str]) -> tuple[ModuleType, str, PrimFunc, dict[str, Any]]:
    values = parse_defines(defines)
    module = load(path)
    name, value = choose(module, path, wanted)
    function, symbols = elaborate(name, value, values)
    return module, name, function, symbols
