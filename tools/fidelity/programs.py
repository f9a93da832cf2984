"""Whole compiled programs on the real stack and on the emulator.

  python tools/fidelity/programs.py build DIR [PATTERN]    where TileLang is: compile, run on the emulator, keep arrays
  python tools/fidelity/programs.py run DIR [PATTERN]      where ttnn is: launch on TT_METAL_SIMULATOR, or a card; compare
  python tools/fidelity/programs.py keep DIR --note "ttsim 1.10.0"      after both: outputs → tests/golden/programs

`build` writes a folder a program and chip: the artifacts, seeded inputs, the emulator's outputs and those of the reference
interpreter (float64). `run` launches those made for the device's chip and prints, per program, how many elements differ
from the emulator's, by how much, and the error against the reference; exit status 1 if a program fails, or is farther from
the emulator than its family allows. `keep` makes what `run` got the golden bits of the programs in DIR.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import zlib
from typing import Any

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GOLDEN = ROOT / "tests" / "golden" / "programs"
ARCHS = ("wormhole_b0", "blackhole")
SPEC = "program.json"
KEPT_BYTES = 17_000  # outputs up to this size are kept whole, larger ones by their hash

sys.path.insert(0, str(HERE))


def seeded(name: str, tensor: str, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """The input `tensor` of program `name`: normal, as float32 where numpy has no such float."""
    rng = np.random.default_rng([zlib.crc32(name.encode()), zlib.crc32(tensor.encode())])
    if dtype == "bool":
        return rng.integers(0, 2, size=shape).astype(np.bool_)
    if dtype.startswith(("int", "uint")):
        return rng.integers(0, 8, size=shape).astype(dtype)
    return rng.standard_normal(shape).astype(np.float32)


def compiled(family: Any, arch: str) -> tuple[Any, Any, Any]:
    """(artifacts, target, arguments with seeded inputs) of a program on a chip."""
    import tilelang_tt
    import torch
    from tilelang_tt import simulate, target

    chosen = target.make(f"tenstorrent -arch={arch} -numerics=exact {family.options}".strip())
    function = family.make()
    artifacts = tilelang_tt.compile_artifacts(function, chosen)
    arguments = simulate.generate_arguments(function, artifacts, {}, seed=1)
    for t in arguments.tensors:
        if t.read:
            data = seeded(family.name, t.name, tuple(t.data.shape), str(t.data.dtype).removeprefix("torch."))
            t.data.copy_(torch.from_numpy(data))
    return artifacts, chosen, arguments


def emulated(family: Any, arch: str) -> dict[str, np.ndarray]:
    """The outputs of a program on the emulator, as it is compiled now."""
    from tilelang_tt import simulate

    artifacts, chosen, arguments = compiled(family, arch)
    return {k: as_array(v) for k, v in simulate.run_program(artifacts.tile_program, chosen, arguments).items()}


def as_array(tensor: Any) -> np.ndarray:
    import torch

    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def build(folder: pathlib.Path, pattern: str) -> int:
    import program_families
    import tilelang_tt
    from tilelang_tt import simulate

    bad = 0
    for family in program_families.all_families():
        for arch in ARCHS:
            if not re.search(pattern, f"{family.name}.{arch}"):
                continue
            here = folder / f"{family.name}.{arch}"
            try:
                artifacts, chosen, arguments = compiled(family, arch)
                artifacts.save(here)
                results = simulate.run_program(artifacts.tile_program, chosen, arguments)
                reference = simulate.run_program(artifacts.tile_program, chosen, arguments, device="reference")
            except (tilelang_tt.CompileError, tilelang_tt.RunError, ValueError) as error:
                bad += 1
                print(f"{family.name} {arch}: {str(error)[:500]}", flush=True)
                continue
            for t in arguments.tensors:
                np.save(here / f"in.{t.name}.npy", as_array(t.data))
            for t, data in results.items():
                np.save(here / f"emulator.{t}.npy", as_array(data))
                np.save(here / f"reference.{t}.npy", as_array(reference[t]))
            spec = {
                "name": family.name,
                "arch": arch,
                "options": family.options,
                "bound": family.bound,
                "error": family.error,
                "why": family.why,
            }
            (here / SPEC).write_text(json.dumps(spec))
            error = max(simulate.relative_error(results[t], reference[t]) for t in results)
            print(f"{family.name} {arch}: emulator against reference {error:.2e}", flush=True)
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


def stored_bits(x: np.ndarray, dtype: str) -> np.ndarray:
    """The array as its dtype keeps it: bfloat16 as 16 bits."""
    if dtype == "bfloat16":
        return (np.ascontiguousarray(x, np.float32).view(np.uint32) >> 16).astype(np.uint16)
    return np.ascontiguousarray(x)


def _ordered(x: np.ndarray, dtype: str) -> np.ndarray:
    """Integers of which neighbours differ by one unit in the last place."""
    bits = stored_bits(x, dtype)
    if x.dtype.kind != "f":
        return bits.astype(np.int64)
    bits = bits.view(f"u{bits.dtype.itemsize}").astype(np.int64)
    sign = np.int64(1) << (8 * stored_bits(x, dtype).dtype.itemsize - 1)
    return np.where(bits & sign, sign - bits, bits)


def difference(got: np.ndarray, want: np.ndarray, dtype: str) -> tuple[int, int, float]:
    """(elements that differ, largest distance in last places, relative Frobenius distance)."""
    places = np.abs(_ordered(got.astype(want.dtype), dtype) - _ordered(want, dtype))
    a, b = got.astype(np.float64), want.astype(np.float64)
    return (
        int((places != 0).sum()),
        int(places.max(initial=0)),
        float(np.linalg.norm(a - b) / (np.linalg.norm(b) or 1.0)),
    )


def compare(here: pathlib.Path) -> tuple[bool, str]:
    spec = json.loads((here / SPEC).read_text())
    plan = {t["name"]: t for t in json.loads((here / "tt.plan.json").read_text())["tensors"]}
    ok, texts = True, []
    for path in sorted(here.glob("real.*.npy")):
        name = path.name.split(".")[1]
        real, emulator, reference = (np.load(here / f"{k}.{name}.npy") for k in ("real", "emulator", "reference"))
        dtype = plan[name]["dtype"]
        n, places, apart = difference(emulator, real, dtype)
        error = difference(real, reference, dtype)[2]
        ok = ok and error < spec["error"] and apart <= spec["bound"] and (n == 0 or spec["bound"] > 0)
        agree = "equal" if n == 0 else f"{n} of {real.size} differ, by up to {places} ulp, {apart:.1e}"
        texts.append(f"{name} {agree}, error {error:.2e}")
    return ok and bool(texts), "; ".join(texts)


class Golden:
    """Bits of whole programs: index.json says what each was, bits.npz holds outputs that are small."""

    def __init__(self, folder: pathlib.Path = GOLDEN) -> None:
        self.folder = folder
        self.index: dict[str, Any] = {"versions": {}, "programs": {}}
        self.bits: dict[str, np.ndarray] = {}
        if (folder / "index.json").exists():
            self.index = json.loads((folder / "index.json").read_text())
            self.bits = dict(np.load(folder / "bits.npz"))

    def put(self, here: pathlib.Path) -> None:
        spec = json.loads((here / SPEC).read_text())
        entry = self.index["programs"].setdefault(spec["name"], {})
        entry |= {"options": spec["options"], "bound": spec["bound"], "why": spec["why"]}
        plan = {t["name"]: t for t in json.loads((here / "tt.plan.json").read_text())["tensors"]}
        outputs = {}
        for path in sorted(here.glob("real.*.npy")):
            tensor = path.name.split(".")[1]
            dtype = plan[tensor]["dtype"]
            bits = stored_bits(np.load(path), dtype)
            digest = hashlib.sha256(bits.tobytes()).hexdigest()
            outputs[tensor] = {"dtype": dtype, "shape": list(bits.shape), "sha256": digest}
            if bits.nbytes <= KEPT_BYTES or spec["bound"]:
                self.bits[digest[:16]] = bits
        entry.setdefault("results", {})[spec["arch"]] = outputs

    def save(self, names: list[str]) -> None:
        """Writes programs in the order of `names`, others are dropped, and the bits that they name."""
        self.folder.mkdir(parents=True, exist_ok=True)
        programs = {n: self.index["programs"][n] for n in names if n in self.index["programs"]}
        self.index["programs"] = programs
        used = {o["sha256"][:16] for p in programs.values() for r in p["results"].values() for o in r.values()}
        np.savez_compressed(self.folder / "bits.npz", **{k: v for k, v in sorted(self.bits.items()) if k in used})
        lines = ",\n".join(f"{json.dumps(n)}: {json.dumps(p)}" for n, p in programs.items())
        text = f'{{"versions": {json.dumps(self.index["versions"])},\n"programs": {{\n{lines}\n}}}}\n'
        (self.folder / "index.json").write_text(text)

    def check(self, name: str, arch: str, outputs: dict[str, np.ndarray]) -> str:
        """What is wrong with `outputs`; empty if they are what was recorded, or as near as the program's bound says."""
        entry = self.index["programs"][name]
        recorded = entry["results"][arch]
        if sorted(recorded) != sorted(outputs):
            return f"outputs {sorted(outputs)}, recorded are {sorted(recorded)}"
        for tensor, want in recorded.items():
            bits = stored_bits(outputs[tensor], want["dtype"])
            if list(bits.shape) != want["shape"]:
                return f"{tensor} has shape {list(bits.shape)}, recorded is {want['shape']}"
            if hashlib.sha256(bits.tobytes()).hexdigest() == want["sha256"]:
                continue
            kept = self.bits.get(want["sha256"][:16])
            if kept is None:
                return f"{tensor}: other bits than recorded"
            if want["dtype"] == "bfloat16":
                kept = (kept.astype(np.uint32) << 16).view(np.float32)
            n, places, apart = difference(outputs[tensor], kept, want["dtype"])
            if entry["bound"] == 0 or not apart <= entry["bound"]:
                return f"{tensor}: {n} of {kept.size} elements differ, by up to {places} ulp, {apart:.2e} in all"
        return ""


def keep(folder: pathlib.Path, pattern: str, note: str, ttnn: str, names: list[str]) -> int:
    store = Golden()
    kept = 0
    for path in sorted(folder.glob(f"*/{SPEC}")):
        here = path.parent
        if re.search(pattern, here.name) and any(here.glob("real.*.npy")):
            if not compare(here)[0]:
                raise SystemExit(f"{here.name}: {compare(here)[1]}: find out which side is wrong before keeping it")
            store.put(here)
            kept += 1
            arch = json.loads(path.read_text())["arch"]
            today = datetime.datetime.now(tz=datetime.timezone.utc).date().isoformat()
            store.index["versions"][arch] = {"ttnn": ttnn, "simulator": note, "date": today}
    store.save(names)
    print(f"{kept} results kept")
    return 0


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
    parser.add_argument("command", choices=["build", "run", "keep"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("pattern", nargs="?", default="")
    parser.add_argument("--seconds", type=int, default=30, help="time allowed for each program")
    parser.add_argument("--note", default="", help="keep: name and version of the simulator or card")
    parser.add_argument("--ttnn", default="0.81.1", help="keep: version of ttnn")
    args = parser.parse_args()
    if args.command == "build":
        return build(args.folder, args.pattern)
    if args.command == "keep":
        import program_families

        if not args.note:
            parser.error("keep needs --note: what ran the programs, e.g. 'ttsim 1.10.0'")
        return keep(args.folder, args.pattern, args.note, args.ttnn, [f.name for f in program_families.all_families()])
    return run(args.folder, args.pattern, args.seconds)


if __name__ == "__main__":
    sys.exit(main())
