"""Finds and loads libtilelang_tt.so into TileLang's process, once."""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import os
from pathlib import Path

from .errors import LoadError

TILELANG_VERSION = "0.1.15"
TVM_FFI_VERSIONS = ("0.1.11", "0.1.12")
LIBRARY = "libtilelang_tt.so"

_PACKAGE = Path(__file__).resolve().parent


def installed_version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def check_versions() -> None:
    """The C++ interfaces of TileLang and tvm-ffi are not stable between releases: load only into the known ones."""
    tilelang = installed_version("tilelang")
    if tilelang is None and importlib.util.find_spec("tilelang") is None:
        raise LoadError(f"tilelang_tt needs TileLang: pip install tilelang=={TILELANG_VERSION}")
    if tilelang != TILELANG_VERSION:
        raise LoadError(
            f"tilelang_tt was built for tilelang {TILELANG_VERSION}, found {tilelang}: "
            f"pip install tilelang=={TILELANG_VERSION} apache-tvm-ffi=={TVM_FFI_VERSIONS[0]}"
        )
    tvm_ffi = installed_version("apache-tvm-ffi")
    if tvm_ffi not in TVM_FFI_VERSIONS:
        raise LoadError(
            f"tilelang_tt runs with apache-tvm-ffi {' or '.join(TVM_FFI_VERSIONS)}, found {tvm_ffi}: "
            f"pip install apache-tvm-ffi=={TVM_FFI_VERSIONS[0]}"
        )


def candidates() -> list[Path]:
    """Where the library may be: $TILELANG_TT_LIBRARY alone if set, else a source tree's build folder, else the wheel's."""
    chosen = os.environ.get("TILELANG_TT_LIBRARY")
    if chosen:
        return [Path(chosen)]
    found = []
    source = _PACKAGE.parent.parent
    if (source / "compiler" / "frontend").is_dir():  # a checkout: what was built last counts
        found.append(source / "build" / "lib" / LIBRARY)
    found.append(_PACKAGE / "lib" / LIBRARY)
    # An editable install keeps Python files in the checkout and the library in site-packages.
    spec = importlib.util.find_spec("tilelang_tt")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "lib" / LIBRARY
        if path not in found:
            found.append(path)
    return found


def find_library() -> Path:
    tried = candidates()
    for path in tried:
        if path.is_file():
            return path.resolve()
    listed = "\n  ".join(str(path) for path in tried)
    raise LoadError(
        f"{LIBRARY} is missing; looked for\n  {listed}\n"
        "build it (cmake -S . -B build -G Ninja && cmake --build build), or set TILELANG_TT_LIBRARY to its path"
    )


def load() -> Path:
    """Loads the library after TileLang. Loading it twice would end the process, so a second copy is refused."""
    check_versions()
    path = find_library()
    import tilelang  # noqa: F401  (brings TVM's libraries and symbols into the process)
    import tvm_ffi

    loaded = tvm_ffi.get_global_func("tilelang_tt.library_path", allow_missing=True)
    if loaded is not None:
        if Path(loaded()).resolve() == path:
            return path
        raise LoadError(
            f"another copy of tilelang_tt is already loaded in this process ({loaded()}); "
            f"{path} cannot be loaded beside it. Start a new Python process."
        )
    try:
        ctypes.CDLL(str(path), mode=os.RTLD_NOW | os.RTLD_LOCAL)
    except OSError as error:
        raise LoadError(f"{path} cannot be loaded: {error}. Build it again for this environment.") from None
    return path
