"""Puts the stand-in compiler where tt-metal's JIT looks for SFPI, in an environment of its own with ttnn's wheel."""

from __future__ import annotations

import contextlib
import fcntl
import glob
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

HERE = pathlib.Path(__file__).resolve().parent
REALHEADERS = HERE.parent / "realheaders"
sys.path.insert(0, str(REALHEADERS))

import headers

PACKAGES = (
    "gcc-riscv64-unknown-elf binutils-riscv64-unknown-elf picolibc-riscv64-unknown-elf libstdc++-12-dev-riscv64-cross"
)
PREFIX = "riscv64-unknown-elf-"
TOOLS = ("objcopy", "objdump", "nm", "readelf", "ar", "strip", "ld")
PYTHONS = ("3.10", "3.12")  # that ttnn's wheel is built for
REQUIREMENTS = (f"ttnn=={headers.TTNN_VERSION}", "numpy<2", "ml_dtypes")
MARK = "tensix_gcc"  # folder of ours in the wheel's runtime/sfpi/compiler
SFPI_HEADERS = ("lltt.h", "sfpi.h", "sfpi_constants.h")
_CHIPS = {"wormhole": ("wh", "wormhole_b0"), "blackhole": ("bh", "blackhole")}


class CannotInstall(RuntimeError):
    """What is missing, and how to get it."""


def library() -> str | None:
    """C++ headers that a bare machine can share: those of the Linux cross compiler."""
    found = sorted(glob.glob("/usr/riscv64-linux-gnu/include/c++/*"))
    return found[-1] if found else None


def missing() -> str | None:
    """What this machine lacks for the stand-in, and how to get it; None if nothing."""
    tools = [PREFIX + t for t in ("g++", "as", *TOOLS)]
    lacking = [t for t in tools if not shutil.which(t)]
    if not lacking and not library():
        lacking = ["the C++ headers of the Linux cross compiler"]
    if not lacking and not pathlib.Path("/usr/lib/picolibc/riscv64-unknown-elf/include").is_dir():
        lacking = ["picolibc"]
    return f"no {', '.join(lacking)}: apt-get install {PACKAGES}" if lacking else None


def python() -> str | None:
    """An interpreter that ttnn's wheel is built for."""
    candidates = [shutil.which(f"python{v}") for v in PYTHONS]
    for v in PYTHONS:
        candidates += sorted(glob.glob(os.path.expanduser(f"~/.pyenv/versions/{v}.*/bin/python")))
    for c in candidates:
        if c and subprocess.run([c, "-c", "import venv, ensurepip"], capture_output=True, check=False).returncode == 0:
            return c
    return None


def make_environment(folder: pathlib.Path, requirements: tuple[str, ...] = REQUIREMENTS) -> pathlib.Path:
    """A virtual environment with `requirements`; returns its interpreter. Neither needs torch, which is kept out."""
    interpreter = folder / "bin" / "python"
    done = folder / "installed"
    if done.is_file() and done.read_text() == "\n".join(requirements):
        return interpreter
    base = python()
    if base is None:
        raise CannotInstall(f"no Python {' or '.join(PYTHONS)} with venv, which ttnn's wheel is built for")
    subprocess.run([base, "-m", "venv", "--clear", str(folder)], check=True)
    constraints = folder / "constraints.txt"
    constraints.write_text("torch<0\n")
    environment = {**os.environ, "PIP_CONSTRAINT": str(constraints), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    r = subprocess.run(
        [str(interpreter), "-m", "pip", "install", "--quiet", "--only-binary=:all:", *requirements],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if r.returncode:
        raise CannotInstall(f"pip install {' '.join(requirements)} fails:\n{r.stdout[-1500:]}")
    done.write_text("\n".join(requirements))
    return interpreter


def ttnn_folder(interpreter: pathlib.Path) -> pathlib.Path:
    code = "import importlib.util; print(importlib.util.find_spec('ttnn').submodule_search_locations[0])"
    r = subprocess.run([str(interpreter), "-c", code], capture_output=True, text=True, check=False)
    if r.returncode:
        raise CannotInstall(f"{interpreter} has no ttnn: pip install {' '.join(REQUIREMENTS)}")
    return pathlib.Path(r.stdout.strip())


def _replace(path: pathlib.Path, *changes: tuple[str, str]) -> None:
    """Regular expressions that must match: a header that has changed is not patched by half."""
    text = path.read_text()
    for old, new in changes:
        text, n = re.subn(old, new, text)
        if n == 0:
            raise CannotInstall(f"{path.name} of these SFPI headers has nothing that matches {old!r}: another version?")
    path.write_text(text)


def _put_sfpi_headers(to: pathlib.Path, given: pathlib.Path | None) -> None:
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(parents=True)
    if given is None:  # declarations only: a kernel that uses the vector engine does not compile
        for name in SFPI_HEADERS:
            source = HERE / "include" / name
            shutil.copy(source if source.exists() else REALHEADERS / "include" / name, to / name)
    else:
        if not (given / "sfpi.h").is_file():
            raise CannotInstall(f"no sfpi.h in {given}: give the include/ folder of github.com/tenstorrent/sfpi")
        for path in given.glob("*.h"):
            shutil.copyfile(path, to / path.name)
        # GCC 12 takes static_assert(false) in a branch that is not taken for an error
        _replace(to / "sfpi_lib.h", (r"static_assert ?\(false,", "static_assert (sizeof(ToType) == 0,"))
        # a condition is a value of ours, not a number that the compiler knows
        _replace(
            to / "sfpi.h",
            (r"\n  int result;", r"\n  ::__tensix_gcc::Condition result;"),
            (r"sfpi_inline int get \(\)", "sfpi_inline ::__tensix_gcc::Condition get ()"),
            (r"\Z", '\n#include "tensix_gcc_newer.h"\n'),
        )
    for name in ("tensix_builtins.h", "tensix_gcc_sfpu.h", "tensix_gcc_newer.h"):
        shutil.copyfile(HERE / "include" / name, to / name)


def _patch_wheel(ttnn: pathlib.Path) -> None:
    for folder in ("tt_metal/hw", "tt_metal/tt-llk", "tt_metal/fabric", "ttnn/cpp"):
        for path in (ttnn / folder).rglob("*"):
            if path.suffix in (".h", ".hpp", ".inl", ".cpp") and "quasar" not in str(path) and path.is_file():
                old = path.read_text(errors="replace")
                new = headers.patched(old)
                if new != old:
                    path.write_text(new)


def _make_runtime_objects(ttnn: pathlib.Path, home: pathlib.Path) -> None:
    """The wheel's runtime objects hold the byte code of SFPI's compiler: made anew from its sources."""
    for chip, (cpu, arch) in _CHIPS.items():
        out, hw = home / "lib" / chip, ttnn / "tt_metal" / "hw"
        out.mkdir(parents=True)
        inc = "tt_metal/hw/inc/internal/tt-1xx"
        flags = ["-Os", "-flto=1", "-ffat-lto-objects", "-ffast-math", "-fno-exceptions", "-fno-rtti", "-g0", f"-mcpu=tt-{cpu}",
                 "-fno-use-cxa-atexit", "-fno-tree-loop-distribute-patterns"]  # fmt: skip
        flags += [f"-D{d}" for d in (f"ARCH_{chip.upper()}", "TENSIX_FIRMWARE", "LOCAL_MEM_EN=0", "COMPILE_FOR_BRISC",
                                     "FW_BUILD", "DISPATCH_MESSAGE_ADDR=0", "PROCESSOR_INDEX=0",
                                     "PROGRAMMABLE_CORE_TYPE=0")]  # fmt: skip
        flags += [f"-I{ttnn / d}" for d in (".", "tt_metal", "tt_metal/hw/inc", "tt_metal/hostdevcommon/api", "tt_metal/api",
                                            inc, f"{inc}/{chip}", f"{inc}/{chip}/{arch}_defines", f"{inc}/{chip}/noc",
                                            f"tt_metal/tt-llk/tt_llk_{arch}/common/inc",
                                            f"tt_metal/tt-llk/tt_llk_{arch}/llk_lib",
                                            "tt_metal/hw/firmware/src/tt-1xx")]  # fmt: skip
        for source in (
            "toolchain/substitutes.cpp",
            "firmware/src/tt-1xx/tdma_xmov.c",
            f"firmware/src/tt-1xx/{chip}/noc.c",
        ):
            name = pathlib.Path(source).stem + ".o"
            r = subprocess.run(
                [str(home / "riscv-tt-elf-g++"), *flags, "-x", "c++", "-c", str(hw / source), "-o", str(out / name)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if r.returncode:
                raise CannotInstall(f"{source} for {chip} does not compile:\n{r.stdout[-1500:]}")
        for path in (ttnn / "runtime/hw/lib" / chip).glob("*.o"):
            if not (out / path.name).exists():  # assembled, no byte code
                shutil.copyfile(path, out / path.name)


def install(ttnn: pathlib.Path, sfpi_include: pathlib.Path | None = None) -> pathlib.Path:
    """Makes the stand-in the compiler of the ttnn in folder `ttnn`. Safe to repeat. Returns its folder.

    `sfpi_include`: SFPI's headers; without them a kernel that uses the vector engine does not compile.
    """
    if why := missing():
        raise CannotInstall(why)
    compiler = ttnn / "runtime" / "sfpi" / "compiler"
    home = compiler / MARK
    shutil.rmtree(compiler, ignore_errors=True)
    shutil.copytree(REALHEADERS / "include" / "std", home / "include")
    shutil.copy(HERE / "as", home / "as")
    shutil.copy(HERE / "prelude.s", home / "prelude.s")
    (home / "library").write_text(library() or "")
    driver = home / "riscv-tt-elf-g++"
    driver.write_text(f"#!{os.path.realpath(sys.executable)} -S\n{(HERE / 'driver.py').read_text()}")
    driver.chmod(0o755)
    bin_folder = compiler / "bin"
    bin_folder.mkdir()
    for name in ("g++", "as"):
        source = driver if name == "g++" else home / "as"
        (bin_folder / f"riscv-tt-elf-{name}").symlink_to(os.path.relpath(source, bin_folder))
    for tool in TOOLS:
        (bin_folder / f"riscv-tt-elf-{tool}").symlink_to(shutil.which(PREFIX + tool) or "")
    _put_sfpi_headers(ttnn / "runtime" / "sfpi" / "include", sfpi_include)
    _patch_wheel(ttnn)
    _make_runtime_objects(ttnn, home)
    return home


# ---- environments that tests use, made once and kept in the user's cache ----

WOLFPINE = "wolfpine==2.2"


def _digest() -> str:
    """Of all that an environment is made from: a change makes a new one."""
    files = [*HERE.rglob("*"), *(REALHEADERS / "include").rglob("*"), REALHEADERS / "headers.py"]
    digest = hashlib.sha256()
    for path in sorted(f for f in files if f.is_file() and "__pycache__" not in f.parts):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@contextlib.contextmanager
def _locked(folder: pathlib.Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def cached_ttnn() -> pathlib.Path:
    """The interpreter of an environment with ttnn and the stand-in, without SFPI's headers; `kernels` beside it is
    for TT_METAL_CACHE."""
    if why := missing():
        raise CannotInstall(why)
    base = headers.cache_folder().parent
    with _locked(base):
        folder = base / f"ttnn-{headers.TTNN_VERSION}-tensix_gcc"
        interpreter = make_environment(folder)
        done = folder / "tensix_gcc"
        if not done.is_file() or done.read_text() != _digest():
            shutil.rmtree(folder / "kernels", ignore_errors=True)
            install(ttnn_folder(interpreter))
            done.write_text(_digest())
    return interpreter


def cached_wolfpine() -> pathlib.Path:
    """The interpreter of an environment with wolfpine, a simulator in pure Python."""
    base = headers.cache_folder().parent
    with _locked(base):
        return make_environment(base / WOLFPINE.replace("==", "-"), (WOLFPINE,))


def wolfpine_environment(arch: str) -> dict[str, str]:
    """Variables with which a process that imports ttnn opens wolfpine as a chip of `arch`."""
    interpreter = cached_wolfpine()
    chip = {"wormhole_b0": "wormhole", "blackhole": "blackhole"}[arch]
    (simulator,) = (interpreter.parent.parent / "lib").glob(f"python*/site-packages/framework/sim/{chip}")
    return {"TT_METAL_SIMULATOR": str(simulator), "WOLFPINE_PYTHON": str(interpreter)}
