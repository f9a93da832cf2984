"""Says what is present and what is missing to compile programs and to run them, and how to get it.

Imports nothing that is slow or may fail: it looks for packages, files and devices. `python -m tilelang_tt.doctor` works
where only ttnn is installed.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Iterable

from . import _library

TTNN_VERSION = "0.81.1"


@dataclasses.dataclass(frozen=True)
class Finding:
    part: str
    ok: bool
    text: str  # what was found
    fix: str = ""  # how to get what is missing


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def compiling() -> list[Finding]:
    """What `tilelang.compile(..., target="tenstorrent")` needs."""
    out = []
    want = _library.TILELANG_VERSION
    found = _version("tilelang")
    out.append(Finding("TileLang", found == want, found or "not installed", f"pip install tilelang=={want}"))
    wants = _library.TVM_FFI_VERSIONS
    found = _version("apache-tvm-ffi")
    out.append(
        Finding("apache-tvm-ffi", found in wants, found or "not installed", f"pip install apache-tvm-ffi=={wants[0]}")
    )
    paths = _library.candidates()
    there = next((p for p in paths if p.is_file()), None)
    fix = "build it: cmake -S . -B build -G Ninja && cmake --build build, or pip install tilelang-tt"
    out.append(Finding(_library.LIBRARY, there is not None, str(there or "not built"), fix))
    return out


def emulating() -> list[Finding]:
    """What the emulator needs: a C++ compiler for the kernels."""
    name = os.environ.get("CXX") or "c++"
    path = shutil.which(name)
    text = f"no {name}"
    if path:
        r = subprocess.run([path, "--version"], stdout=subprocess.PIPE, text=True, check=False)
        text = f"{path}: {r.stdout.splitlines()[0] if r.stdout else 'no answer'}"
    return [Finding("C++ compiler", path is not None, text, "apt-get install g++")]


def _ttnn_folder() -> pathlib.Path | None:
    spec = importlib.util.find_spec("ttnn")
    return pathlib.Path(spec.origin).parent if spec and spec.origin else None


def running_on_ttnn() -> list[Finding]:
    """What the launcher needs: ttnn, the SFPI compiler that ttnn runs, and a card or a simulator."""
    out = []
    folder, found = _ttnn_folder(), _version("ttnn")
    fix = f"pip install ttnn=={TTNN_VERSION} (Python 3.10 or 3.12), in an environment of its own if torch is to stay"
    out.append(Finding("ttnn", found == TTNN_VERSION, found or "not installed", fix))
    if folder:
        names = ("riscv-tt-elf-g++", "riscv32-tt-elf-g++")
        places = [folder / "runtime" / "sfpi" / "compiler" / "bin", pathlib.Path("/opt/tenstorrent/sfpi/compiler/bin")]
        gcc = next((p / n for p in places for n in names if (p / n).exists()), None)
        fix = "ttnn downloads it when it is first imported with access to github.com/tenstorrent/sfpi/releases"
        out.append(Finding("SFPI compiler", gcc is not None, str(gcc or "not there"), fix))
    simulator = os.environ.get("TT_METAL_SIMULATOR")
    if simulator:
        path = pathlib.Path(simulator)
        described = (path if path.is_dir() else path.parent) / "soc_descriptor.yaml"
        out.append(Finding("simulator", path.exists(), simulator, "TT_METAL_SIMULATOR names a file that is not there"))
        fix = "copy ttnn's tt_metal/soc_descriptors/{wormhole_b0_80,blackhole_140}_arch.yaml there"
        out.append(Finding("soc_descriptor.yaml", described.is_file(), str(described), fix))
        slow = os.environ.get("TT_METAL_SLOW_DISPATCH_MODE")
        text = "TT_METAL_SLOW_DISPATCH_MODE=1" if slow else "not set; the launcher sets it"
        out.append(Finding("slow dispatch", True, text))
        return out
    driver = pathlib.Path("/sys/module/tenstorrent")
    fix = "install tt-kmd (github.com/tenstorrent/tt-kmd), or set TT_METAL_SIMULATOR to a simulator's library"
    out.append(Finding("driver (tt-kmd)", driver.exists(), "loaded" if driver.exists() else "not loaded", fix))
    cards = sorted(p.name for p in pathlib.Path("/dev/tenstorrent").glob("[0-9]*"))
    text = f"{len(cards)}: /dev/tenstorrent/{{{', '.join(cards)}}}" if cards else "none"
    out.append(Finding("card", bool(cards), text, "programs run on the emulator without one"))
    return out


def report(findings: Iterable[Finding]) -> tuple[str, bool]:
    """(lines, whether everything is there)."""
    findings = list(findings)
    width = max(len(f.part) for f in findings)
    lines = []
    for f in findings:
        lines.append(f"  {'ok     ' if f.ok else 'MISSING'} {f.part:{width}}  {f.text}")
        if not f.ok and f.fix:
            lines.append(f"          {'':{width}}  {f.fix}")
    return "\n".join(lines), all(f.ok for f in findings)


def main() -> int:
    """Prints the report. 0 if programs can be compiled and emulated, or be launched through ttnn."""
    print(f"Python {sys.version.split()[0]} on {os.uname().sysname} {os.uname().machine}")
    usable = {}
    for title, findings in (
        ("compiling", compiling()),
        ("emulator", emulating()),
        ("ttnn (python -m tilelang_tt.launch)", running_on_ttnn()),
    ):
        text, usable[title.split()[0]] = report(findings)
        print(f"{title}: {'ready' if usable[title.split()[0]] else 'not ready'}\n{text}")
    return 0 if (usable["compiling"] and usable["emulator"]) or usable["ttnn"] else 1


if __name__ == "__main__":
    sys.exit(main())
