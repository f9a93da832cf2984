"""Whole compiled programs on the real stack and on the emulator.

  python tools/fidelity/programs.py build DIR [PATTERN]    where TileLang is: compile, run on the emulator, keep arrays
  python tools/fidelity/programs.py run DIR [PATTERN]      where ttnn is: launch on TT_METAL_SIMULATOR, or a card; compare

`build` writes a folder a program and chip: the artifacts, inputs, the emulator's outputs and those of the reference
interpreter (float64). `run` launches those made for the device's chip and prints, per program, how many elements differ
from the emulator's, by how much, and the error against the reference; exit status 1 if a program fails, or differs where
the bits are expected to agree.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ARCHS = ("wormhole_b0", "blackhole")
SPEC = "program.json"


def program_list() -> list[tuple[str, Callable[[], Any], str, bool]]:
    """(name, makes the TileLang function, target options, whether the bits must agree)."""
    sys.path.insert(0, str(ROOT / "tests" / "numerics"))
    import kernels

    gemm, eltwise, epilogue = kernels.gemm, kernels.eltwise, kernels.gemm_epilogue
    shape = (128, 128, 128)
    return [
        ("gemm_bf16", lambda: gemm(*shape), "", True),
        ("gemm_bf16_one_core", lambda: gemm(*shape), "-grid=1x1", True),
        ("gemm_bf16_3x2", lambda: gemm(256, 192, 96), "-grid=3x2", True),
        ("gemm_bf16_full_grid", lambda: gemm(512, 512, 64), "", True),
        ("gemm_bf16_block_128", lambda: gemm(256, 256, 128, bM=128, bN=128), "", True),
        ("gemm_bf16_block_32", lambda: gemm(64, 96, 64, bM=32, bN=32), "", True),
        ("gemm_bf16_fp32_out", lambda: gemm(*shape, out="float32"), "", True),
        ("gemm_bf16_dst16", lambda: gemm(*shape, accum="bfloat16"), "", True),
        ("gemm_bf16_ragged", lambda: gemm(100, 75, 50), "", True),
        ("gemm_bf16_one", lambda: gemm(1, 1, 1), "", True),
        ("gemm_bf16_trans_a", lambda: gemm(96, 64, 80, trans_a=True), "", True),
        ("gemm_bf16_trans_b", lambda: gemm(96, 64, 80, trans_b=True), "", True),
        ("gemm_bf16_trans_ab", lambda: gemm(64, 96, 64, trans_a=True, trans_b=True), "", True),
        ("gemm_bf16_batched", lambda: gemm(64, 64, 96, batch=3), "", True),
        ("gemm_bf16_long_k", lambda: gemm(64, 64, 512), "", True),
        ("gemm_bf16_clear", lambda: gemm(64, 64, 128, clear_in_gemm=True), "", True),
        ("gemm_fp32", lambda: gemm(96, 64, 64, dtype="float32", out="float32"), "", True),
        ("gemm_fp32_ragged", lambda: gemm(70, 40, 50, dtype="float32", out="float32"), "", True),
        # ttnn has no float16: it travels as float32 there and keeps more bits than on the emulator
        ("gemm_fp16", lambda: gemm(96, 64, 64, dtype="float16", out="float16"), "", False),
        ("gemm_fp16_fp32_out", lambda: gemm(64, 64, 96, dtype="float16", out="float32"), "", False),
        ("add_fp16", lambda: eltwise(64, 96, "add", dtype="float16"), "", False),
        ("gemm_bf16_fast", lambda: gemm(*shape), "-precision=fast", True),
        ("gemm_fp32_exact", lambda: gemm(64, 64, 64, dtype="float32", out="float32"), "-precision=exact", True),
        ("add_bf16", lambda: eltwise(128, 192, "add"), "", True),
        ("mul_bf16", lambda: eltwise(128, 192, "mul"), "", True),
        ("relu_bf16", lambda: eltwise(128, 192, "relu"), "", True),
        ("add_bf16_shared", lambda: eltwise(96, 128, "add", via_shared=True), "", True),
        ("add_bf16_ragged", lambda: eltwise(50, 70, "add"), "", True),
        ("add_fp32", lambda: eltwise(64, 128, "add", dtype="float32"), "", True),
        ("mul_fp32", lambda: eltwise(64, 128, "mul", dtype="float32", via_shared=True), "", True),
        ("epilogue_bias", lambda: epilogue(96, 128, 64, bias=True), "", True),
        ("epilogue_relu", lambda: epilogue(96, 128, 64, relu=True), "", True),
        ("epilogue_scale", lambda: epilogue(96, 128, 64, scale=0.5), "", True),
        ("epilogue_residual", lambda: epilogue(96, 128, 64, residual=True), "", True),
        ("epilogue_all", lambda: epilogue(70, 90, 50, scale=0.125, bias=True, relu=True, residual=True), "", True),
    ]


def _save(path: pathlib.Path, tensor: Any) -> None:
    import torch

    np.save(path, (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy())


def build(folder: pathlib.Path, pattern: str) -> int:
    import tilelang_tt
    from tilelang_tt import simulate, target

    bad = 0
    for name, make, options, exact in program_list():
        for arch in ARCHS:
            if not re.search(pattern, f"{name}.{arch}"):
                continue
            here = folder / f"{name}.{arch}"
            try:
                function = make()
                chosen = target.make(f"tenstorrent -arch={arch} -numerics=exact {options}".strip())
                artifacts = tilelang_tt.compile_artifacts(function, chosen)
                artifacts.save(here)
                arguments = simulate.generate_arguments(function, artifacts, {}, seed=1)
                emulated = simulate.run_program(artifacts.tile_program, chosen, arguments)
                reference = simulate.run_program(artifacts.tile_program, chosen, arguments, device="reference")
            except (tilelang_tt.CompileError, tilelang_tt.RunError, ValueError) as error:
                bad += 1
                print(f"{name} {arch}: {str(error)[:500]}", flush=True)
                continue
            for t in arguments.tensors:
                _save(here / f"in.{t.name}.npy", t.data)
            for t, data in emulated.items():
                _save(here / f"emulator.{t}.npy", data)
                _save(here / f"reference.{t}.npy", reference[t])
            (here / SPEC).write_text(json.dumps({"name": name, "arch": arch, "exact": exact}))
            error = max(simulate.relative_error(emulated[t], reference[t]) for t in emulated)
            print(f"{name} {arch}: emulator against reference {error:.2e}", flush=True)
    return bad > 0


def worker(folders: list[str]) -> int:
    sys.path.insert(0, str(ROOT / "python"))
    from tilelang_tt import launch

    device = launch.open_device()
    print(f"@arch {launch.arch_of(device)}", flush=True)
    for folder in folders:
        here = pathlib.Path(folder)
        if json.loads((here / SPEC).read_text())["arch"] != launch.arch_of(device):
            continue
        print(f"@start {folder}", flush=True)
        start = time.time()
        program = launch.Program(here)
        outputs = program.run(device, [np.load(here / f"in.{t.name}.npy") for t in program.inputs])
        for t, data in zip(program.outputs, outputs, strict=True):
            np.save(here / f"real.{t.name}.npy", data)
        print(f"@done {folder} {time.time() - start:.2f}", flush=True)
    launch.close_device(device)
    return 0


def _bits(x: np.ndarray, bf16: bool) -> np.ndarray:
    """Ordered integers, so that neighbours differ by one unit in the last place."""
    if x.dtype.kind != "f":
        return x.astype(np.int64)
    u = np.ascontiguousarray(x, np.float32).view(np.uint32).astype(np.int64)
    u = np.where(u & 0x80000000, 0x80000000 - u, u)
    return u >> 16 if bf16 else u


def compare(here: pathlib.Path) -> tuple[bool, str]:
    spec = json.loads((here / SPEC).read_text())
    plan = {t["name"]: t for t in json.loads((here / "tt.plan.json").read_text())["tensors"]}
    ok, texts = True, []
    for path in sorted(here.glob("real.*.npy")):
        name = path.name.split(".")[1]
        real, emulated, reference = (np.load(here / f"{k}.{name}.npy") for k in ("real", "emulator", "reference"))
        bf16 = plan[name]["dtype"] == "bfloat16"
        distance = np.abs(_bits(real, bf16) - _bits(emulated.astype(real.dtype), bf16))
        n = int((distance != 0).sum())
        scale = np.linalg.norm(reference.astype(np.float64)) or 1.0
        error = np.linalg.norm(real.astype(np.float64) - reference.astype(np.float64)) / scale
        ok = ok and error < 0.03 and (n == 0 or not spec["exact"])
        agree = "equal" if n == 0 else f"{n} of {real.size} differ, by up to {distance.max()} ulp"
        texts.append(f"{name} {agree}, error {error:.2e}")
    return ok and bool(texts), "; ".join(texts)


def run(folder: pathlib.Path, pattern: str, seconds: int) -> int:
    left = [str(p.parent) for p in sorted(folder.glob(f"*/{SPEC}")) if re.search(pattern, p.parent.name)]
    bad = total = 0
    while left:
        with tempfile.TemporaryFile("w+") as said_file:
            command = [sys.executable, str(HERE / "programs.py"), "worker", *left]
            try:
                limit = 60 + seconds * len(left)
                subprocess.run(command, stdout=said_file, stderr=subprocess.STDOUT, timeout=limit, check=False)
            except subprocess.TimeoutExpired:
                pass
            said_file.seek(0)
            said = said_file.read()
        if not re.search(r"^@arch (\S+)", said, re.MULTILINE):
            raise SystemExit(f"cannot open the device:\n{said[-2000:]}")
        done = dict(re.findall(r"^@done (\S+) (\S+)", said, re.MULTILINE))
        started = re.findall(r"^@start (\S+)", said, re.MULTILINE)
        for name in started:
            total += 1
            if name in done:
                ok, text = compare(pathlib.Path(name))
                text += f" ({done[name]} s)"
            else:
                tail = said[said.rindex(f"@start {name}") :].splitlines()[1:]
                errors = [t for t in tail if re.search(r"error|fatal|throw|undefined", t, re.IGNORECASE)]
                ok, text = False, f"does not run: {(errors or tail or ['hangs'])[0][:300]}"
            bad += not ok
            print(f"{'ok  ' if ok else 'BAD '} {pathlib.Path(name).name}: {text}", flush=True)
        left = left[left.index(started[-1]) + 1 :] if started and started[-1] not in done else []
    print(f"{total - bad} of {total} programs agree")
    return bad > 0


def main() -> int:
    if sys.argv[1:2] == ["worker"]:
        return worker(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["build", "run"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("pattern", nargs="?", default="")
    parser.add_argument("--seconds", type=int, default=30, help="time allowed for each program")
    args = parser.parse_args()
    if args.command == "build":
        return build(args.folder, args.pattern)
    return run(args.folder, args.pattern, args.seconds)


if __name__ == "__main__":
    sys.exit(main())
