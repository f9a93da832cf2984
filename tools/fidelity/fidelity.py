"""Bits of single operations on the real stack and on the emulator.

  python tools/fidelity list [PATTERN]
  python tools/fidelity record --note "ttsim 1.10.0" [PATTERN]    ttnn, on the simulator (or card) of TT_METAL_SIMULATOR
  python tools/fidelity compare [PATTERN] [--arch A]               the emulator against the golden bits
  python tools/fidelity live [PATTERN]                             as record, but only compares with the golden bits

PATTERN is a regular expression on case names. Needs numpy; record and live need ttnn; compare needs the emulator.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import cases
import golden
import inputs
import numpy as np
from program import Case

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE.parent.parent / "tests" / "golden" / "ops"


def worker(folder: pathlib.Path, names: list[str]) -> int:
    """In a process of its own: a simulator ends its process on undefined behaviour."""
    import on_ttnn

    machine = on_ttnn.Machine()
    print(f"@arch {machine.arch}", flush=True)
    known = {c.name: c for c in cases.all_cases()}
    for name in names:
        print(f"@start {name}", flush=True)
        program = known[name].program
        np.save(folder / f"{name}.npy", machine.run(program, [inputs.make(i.format, i.data) for i in program.inputs]))
        print(f"@done {name}", flush=True)
    machine.close()
    return 0


def run_on_ttnn(todo: list[Case], seconds_each: int) -> Iterator[tuple[str, Case, np.ndarray | str]]:
    """(chip, case, bits or refusal) of each case. A case that ends or hangs its process is refused with its message."""
    by_name = {c.name: c for c in todo}
    left = list(by_name)
    with tempfile.TemporaryDirectory() as tmp:
        while left:
            command = [sys.executable, str(HERE), "worker", tmp, *left[:40]]
            budget = 60 + seconds_each * len(left[:40])
            try:
                r = subprocess.run(
                    command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=budget, text=True, check=False
                )
                said, code = r.stdout, r.returncode
            except subprocess.TimeoutExpired as e:
                said, code = (e.stdout or b"").decode(errors="replace"), "no end"
            arch = re.search(r"^@arch (\S+)", said, re.MULTILINE)
            if not arch:
                raise SystemExit(f"cannot open the device:\n{said[-2000:]}")
            done = re.findall(r"^@done (\S+)", said, re.MULTILINE)
            for name in done:
                yield arch[1], by_name[name], np.load(pathlib.Path(tmp) / f"{name}.npy")
                left.remove(name)
            started = re.findall(r"^@start (\S+)", said, re.MULTILINE)
            if len(started) > len(done):
                name = started[-1]
                tail = said[said.rindex(f"@start {name}") :].splitlines()[1:]
                errors = [
                    t for t in tail if re.search(r"error|fatal|throw|unsupported|undefined|refus", t, re.IGNORECASE)
                ]
                text = (errors or tail or [f"exit {code}"])[0].strip()
                if code == "no end":
                    text = "hangs"
                elif "BuildKernels" in text:
                    text = "the compiler used for recording cannot build it"
                yield arch[1], by_name[name], re.sub(r"/\S*/", "", text)[:200]
                left.remove(name)
            elif not done:
                raise SystemExit(f"no case ran (exit {code}):\n{said[-2000:]}")


def _values(bits: np.ndarray) -> np.ndarray:
    wide = bits.astype(np.uint32) << 16 if bits.dtype.itemsize == 2 else bits
    return np.ascontiguousarray(wide).view(np.float32).astype(np.float64)


def distance(got: np.ndarray, want: np.ndarray, fmt: str, absolute: float = 0.0) -> tuple[int, int, str]:
    """(elements that differ by more than `absolute`, largest distance in last places, first difference)."""
    got = got.reshape(want.shape)
    differ = got != want
    if absolute and fmt in ("Float16_b", "Float32"):
        with np.errstate(invalid="ignore"):  # infinities and NaN stay different
            differ &= ~(np.abs(_values(got) - _values(want)) <= absolute)
        got = np.where(differ, got, want)
    n = int(differ.sum())
    if n == 0:
        return 0, 0, ""
    where = tuple(int(i) for i in np.argwhere(differ)[0])
    first = f"[{where[0]}, {where[1]}] {got[where]:#x} for {want[where]:#x}"
    if fmt not in ("Float16_b", "Float32"):
        return n, int(np.abs(got.astype(np.int64) - want.astype(np.int64)).max()), first
    sign = np.int64(1) << (got.dtype.itemsize * 8 - 1)
    keys = [np.where(x & sign, sign - x, x) for x in (got.astype(np.int64), want.astype(np.int64))]
    return n, int(np.abs(keys[0] - keys[1]).max()), first


def selected(pattern: str) -> list[Case]:
    return [c for c in cases.all_cases() if re.search(pattern, c.name)]


def record(args: argparse.Namespace, keep: bool) -> int:
    store, bad, refused = golden.Store(args.golden), 0, 0
    for arch, case, result in run_on_ttnn(selected(args.pattern), args.seconds):
        if keep:
            store.put(case, arch, result)
            store.index["versions"][arch] = {
                "ttnn": importlib.metadata.version("ttnn"),
                "simulator": args.note,
                "date": datetime.date.today().isoformat(),
            }
            print(f"{arch} {case.name}: {'refused: ' + result if isinstance(result, str) else 'recorded'}", flush=True)
        elif isinstance(result, str):
            refused += 1
            print(f"{arch} {case.name}: refused: {result}", flush=True)
        else:
            want = store.output(case, arch)
            if want is None:
                print(f"{arch} {case.name}: not recorded", flush=True)
                continue
            n, ulp, first = distance(case.result(result), want, case.program.out_format)
            bad += n > 0
            print(f"{arch} {case.name}: {'equal' if n == 0 else f'{n} differ, {ulp} ulp, {first}'}", flush=True)
    if keep:
        store.save([c.name for c in cases.all_cases()])
    if refused:
        print(f"{refused} cases refused: nothing was compared for them")
    return bad + refused > 0


def compare(args: argparse.Namespace) -> int:
    import on_emulator

    on_emulator.library()
    store, bad, total = golden.Store(args.golden), 0, 0
    for name in store.names():
        case = store.case(name)
        if not re.search(args.pattern, name):
            continue
        for arch in [args.arch] if args.arch else case.archs:
            want = store.output(case, arch)
            if want is None:
                continue
            total += 1
            try:
                got = on_emulator.run(arch, case.program, store.data(case))
            except (RuntimeError, ValueError, OSError) as e:  # one case that fails must not hide the others
                print(f"{arch} {name}: FAILS: {str(e)[:300]}", flush=True)
                bad += 1
                continue
            n, ulp, first = distance(case.result(got), want, case.program.out_format, case.absolute)
            ok = n == 0 if case.ulp is None else ulp <= case.ulp
            bad += not ok
            if not ok or args.verbose:
                print(f"{arch} {name}: {'ok' if ok else 'DIFFERS'}: {n}/{want.size}, {ulp} ulp, {first}", flush=True)
    print(f"{total - bad} of {total} cases agree")
    return bad > 0


def main() -> int:
    if sys.argv[1:2] == ["worker"]:
        return worker(pathlib.Path(sys.argv[2]), sys.argv[3:])
    parser = argparse.ArgumentParser(
        prog="fidelity", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("command", choices=["list", "record", "live", "compare"])
    parser.add_argument("pattern", nargs="?", default="")
    parser.add_argument("--golden", type=pathlib.Path, default=GOLDEN)
    parser.add_argument("--arch", default="")
    parser.add_argument("--note", default="", help="name and version of the simulator or card, kept with the bits")
    parser.add_argument("--seconds", type=int, default=20, help="time allowed for each case")
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_intermixed_args()
    if args.command == "list":
        for c in selected(args.pattern):
            print(c.name, c.op, ", ".join(f"{i.format} {i.data}" for i in c.program.inputs), "->", c.program.out_format)
        return 0
    if args.command == "compare":
        return compare(args)
    if args.command == "record" and not args.note:
        parser.error("record needs --note: what the bits come from, e.g. 'ttsim 1.10.0'")
    if "TT_METAL_SIMULATOR" in os.environ:
        os.environ.setdefault("TT_METAL_SLOW_DISPATCH_MODE", "1")
        os.environ.setdefault("TT_METAL_DISABLE_SFPLOADMACRO", "1")
    return record(args, args.command == "record")
