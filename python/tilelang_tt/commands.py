"""What the commands of tilelang-tt do. Parsing is in tilelang_tt_cli."""

from __future__ import annotations

import argparse
import json
import os
import sys
from types import ModuleType

import torch
from tilelang_tt_cli import EXIT_FAILED, EXIT_OK, UsageError
from tvm.target import Target
from tvm.tirx import PrimFunc

from . import _ffi, kernels
from . import target as _target
from .artifacts import Artifacts, compile_artifacts, write_folder
from .errors import CompileError, RunError
from .simulate import Arguments, generate_arguments, relative_error, run_program


class Failure(Exception):
    """The program does not compile or run; shown without a traceback, exit status 1."""

    def __init__(self, message: str, prefix: bool = False):
        super().__init__(message)
        self.prefix = prefix


def _make_target(options: argparse.Namespace) -> Target:
    try:
        return _target.make(options.target)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _find(options: argparse.Namespace) -> kernels.Found:
    # Where the file leaves the target open ("auto", or none at all), it means the one that is compiled for here.
    os.environ.setdefault("TILELANG_DEFAULT_TARGET", _target.KIND)
    os.environ.setdefault("TILELANG_TT_AUTO", "emulator")
    try:
        return kernels.find(options.file, options.kernel, options.defines)
    except CompileError as error:
        raise Failure(str(error), prefix=True) from error


def _show(remarks: list[_ffi.Remark]) -> None:
    for remark in remarks:
        print(remark.text, file=sys.stderr)


def _compile(found: kernels.Found, target: Target, until: str = "", dump: bool = False) -> Artifacts:
    try:
        artifacts = compile_artifacts(found.function, target, until=until, dump=dump)
    except CompileError as error:
        raise Failure(str(error)) from error
    _show(artifacts.remarks)
    return artifacts


def compile(options: argparse.Namespace) -> int:
    made = _make_target(options)
    stages = [stage["name"] for stage in _ffi.stages()]
    if options.until and options.until not in stages:
        raise UsageError(f"--until {options.until}: no such stage; there are {', '.join(stages)}")
    found = _find(options)
    if found.rest and not options.with_reference:
        raise UsageError(f"{found.name} has no parameter {', '.join(found.rest)}; it has {found.parameters}")
    dump = bool(options.dump_ir or options.until)
    artifacts = _compile(found, made, until=options.until, dump=dump)
    forms = {"00-tile-program.txt": artifacts.tile_program}
    forms |= {f"{i + 1:02}-{stage.name}.txt": stage.text for i, stage in enumerate(artifacts.stages)}
    if options.output is None:
        if options.dump_ir:
            for name, text in forms.items():
                print(f"// ---- {name}\n{text}")
        else:
            print(artifacts.stages[-1].text)
        return EXIT_OK
    files: dict[str, str | bytes] = dict(artifacts.files)
    if dump:
        files |= {f"ir/{name}": text for name, text in forms.items()}
    if options.with_reference:
        files |= _reference_files(found.function, artifacts, found.rest, options.seed)
    try:
        folder = write_folder(options.output, files)
    except OSError as error:
        raise Failure(f"cannot write {options.output}: {error.strerror or error}", prefix=True) from error
    print(f"{folder}: " + ", ".join(sorted(files)))
    return EXIT_OK


def _reference_files(function: PrimFunc, artifacts: Artifacts, symbols: dict, seed: int) -> dict[str, str | bytes]:
    """Raw row-major arrays beside host.cpp: <tensor>.in.bin for every tensor, <tensor>.ref.bin for every output."""
    try:
        arguments = generate_arguments(function, artifacts, symbols, seed)
    except ValueError as error:
        raise UsageError(str(error)) from None
    expected = run_program(artifacts.tile_program, artifacts.target, arguments, device="reference")
    files: dict[str, str | bytes] = {}
    for tensor in arguments.tensors:
        files[f"{tensor.name}.in.bin"] = _raw(tensor.data)
        if tensor.written:
            files[f"{tensor.name}.ref.bin"] = _raw(expected[tensor.name])
    return files


def _raw(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().view(torch.uint8).numpy().tobytes()


def run(options: argparse.Namespace) -> int:
    made = _make_target(options)
    found = _find(options)
    artifacts = _compile(found, made)
    try:
        arguments = generate_arguments(found.function, artifacts, found.rest, options.seed)
    except ValueError as error:
        raise UsageError(f"{found.name}: {error}") from None
    try:
        results = run_program(artifacts.tile_program, artifacts.target, arguments)
        stats = _ffi.last_run()
        reference, source = _reference(found.module, artifacts, arguments)
    except RunError as error:
        raise Failure(str(error)) from error
    print(f"{found.name} on {stats.device} ({stats.numerics} numerics)")
    failed = False
    for tensor in arguments.tensors:
        if not tensor.written:
            continue
        error = relative_error(results[tensor.name], reference[tensor.name])
        limit = options.tolerance if options.tolerance is not None else _default_tolerance(tensor.data.dtype)
        verdict = "ok" if error <= limit else "WRONG"
        failed |= not error <= limit
        shape = "x".join(map(str, tensor.data.shape))
        print(f"  {tensor.name} {shape} {tensor.data.dtype}: relative error {error:.2e} against {source}, ", end="")
        print(f"limit {limit:.0e}: {verdict}")
    if stats.cycles:
        print(f"  modelled time: {stats.cycles} cycles, {stats.seconds * 1e6:.1f} us")
    print(f"  emulation took {stats.wall_seconds:.2f} s on this machine")
    return EXIT_FAILED if failed else EXIT_OK


def _default_tolerance(dtype: torch.dtype) -> float:
    return {torch.bfloat16: 1e-2, torch.float16: 5e-3, torch.float32: 5e-3}.get(dtype, 0.0)


def _reference(module: ModuleType, artifacts: Artifacts, arguments: Arguments) -> tuple[dict[str, torch.Tensor], str]:
    """What the outputs should be: by the file's ref_program(*inputs) in float64, else by the reference interpreter."""
    program = getattr(module, kernels.REFERENCE, None)
    if not callable(program):
        return run_program(artifacts.tile_program, artifacts.target, arguments, device="reference"), "the interpreter"
    inputs = [
        tensor.data.double() if tensor.data.is_floating_point() else tensor.data
        for tensor in arguments.tensors
        if tensor.read or not tensor.written
    ]
    try:
        result = program(*inputs)
    except Exception as error:
        raise Failure(f"{kernels.REFERENCE} failed: {type(error).__name__}: {error}", prefix=True) from error
    results = list(result) if isinstance(result, (tuple, list)) else [result]
    outputs = [tensor.name for tensor in arguments.tensors if tensor.written]
    if len(results) != len(outputs):
        raise Failure(
            f"{kernels.REFERENCE} returned {len(results)} tensors, the kernel writes {len(outputs)}", prefix=True
        )
    return dict(zip(outputs, results, strict=True)), kernels.REFERENCE


def devices(options: argparse.Namespace) -> int:
    listed = _ffi.devices()
    if options.json:
        print(json.dumps(listed, indent=2))
        return EXIT_OK
    print(f"{'arch':12} {'board':6} {'grid':>6} {'clock':>9} {'L1 for kernels':>15} {'DRAM':>16}")
    for device in listed:
        grid = "x".join(map(str, device["grid"]))
        dram = f"{device['dram_banks']} x {device['dram_bank_bytes'] / 2**30:g} GiB"
        print(
            f"{device['arch']:12} {device['board']:6} {grid:>6} {device['clock_mhz']:>5} MHz "
            f"{device['l1_usable_bytes']:>13} B {dram:>16}"
        )
    found = _target.detect()
    print(
        "card on this machine: " + (" ".join(f"{k}={v}" for k, v in found.items() if k != "kind") if found else "none")
    )
    return EXIT_OK


def check(options: argparse.Namespace) -> int:
    made = _make_target(options)
    found = _find(options)
    _compile(found, made)
    print(f"{found.name} compiles for {made.attrs['arch']} {made.attrs['board']}")
    return EXIT_OK


def doctor(options: argparse.Namespace) -> int:
    del options
    from . import doctor as report

    return report.main()


__all__ = ["Failure", "check", "compile", "devices", "doctor", "run"]
