"""Registers `tenstorrent` with TileLang: one manifest, after TileLang's own."""

from __future__ import annotations

import logging

import tilelang
import tilelang.transform
from tilelang.backend.device_codegen import DeviceCodegen
from tilelang.backend.execution_backend import ExecutionBackendSpec
from tilelang.backend.host_codegen import HostCodegen
from tilelang.backend.module import BackendModule, list_backends, register_backend
from tilelang.backend.pass_pipeline import PassPipeline
from tvm import IRModule, tirx
from tvm.ir import CallingConv
from tvm.target import Target

from . import _ffi
from . import target as _target
from .errors import CompileError

logger = logging.getLogger("tilelang_tt")

_PROGRAM = "tilelang_tt.program"


def _report(remarks: list[_ffi.Remark]) -> None:
    for remark in remarks:
        logger.log(logging.WARNING if remark.severity == "warning" else logging.INFO, "%s", remark.text)


def import_program(function: tirx.PrimFunc, name: str | None = None) -> tuple[str, list[_ffi.Remark]]:
    """The text of the function's TileProgram, and remarks on what was ignored. Raises CompileError."""
    if name is None:
        name = str(function.attrs["global_symbol"])
    # A[-1] means the last element; everything else is read as the user wrote it.
    mod = tilelang.transform.LegalizeNegativeIndex()(IRModule({name: function}))
    return _ffi.import_function(mod[name], name)


def _lower(mod: IRModule, target: Target) -> IRModule:
    """Every function becomes a stub that carries its TileProgram through the passes that TileLang runs afterwards."""
    stubs = {}
    for var, function in mod.functions_items():
        text, remarks = import_program(function, var.name_hint)
        _report(remarks)
        stub = tirx.PrimFunc([], tirx.Evaluate(0))
        stubs[var] = stub.with_attrs(
            {
                "global_symbol": var.name_hint,
                "calling_conv": CallingConv.DEVICE_KERNEL_LAUNCH,
                "target": target,
                _PROGRAM: text,
            }
        )
    return IRModule(stubs)


def _build_device(mod: IRModule, target: Target):
    functions = list(mod.functions.values())
    if len(functions) != 1:
        raise CompileError(f"a module for {_target.KIND} holds one kernel function, this one has {len(functions)}")
    module = _ffi.build(str(functions[0].attrs[_PROGRAM]), target)
    _report(_ffi.remarks(module["remarks"]()))
    return module


def _build_host(mod: IRModule, target_host: Target):
    del mod, target_host  # our host side is the same for every kernel: it calls the module that is imported into it
    return _ffi.build_host()


def register() -> BackendModule:
    _target.register()
    known = list_backends().get(_target.KIND)
    if known is not None:
        return known
    return register_backend(
        BackendModule(
            name=_target.KIND,
            target_kinds=(_target.KIND,),
            pipelines={_target.KIND: PassPipeline(_target.KIND, _lower)},
            device_codegens={
                _target.KIND: DeviceCodegen(_target.KIND, build=_build_device, build_without_compile=_build_device)
            },
            host_codegens={kind: HostCodegen(kind, build=_build_host) for kind in ("c", "llvm")},
            execution_backends=(ExecutionBackendSpec("tvm_ffi", enable_host_codegen=True, enable_device_compile=True),),
        )
    )
