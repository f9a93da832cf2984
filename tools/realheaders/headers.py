"""The kernel headers of the ttnn wheel, unpacked once into a cache, without installing ttnn or what it depends on."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

TTNN_VERSION = "0.81.1"
_FOLDERS = ("ttnn/tt_metal/hw/", "ttnn/tt_metal/tt-llk/", "ttnn/tt_metal/hostdevcommon/", "ttnn/tt_metal/api/")
_LEFT_OUT = ("quasar", "/tests/", "/doc")
_KINDS = (".h", ".hpp", ".inl", ".cc")


def cache_folder() -> pathlib.Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(base) / "tilelang-tt" / f"ttnn-{TTNN_VERSION}-headers"


def patched(text: str) -> str:
    """What SFPI's GCC 15 takes and Debian's GCC 12 does not: static_assert(false, ...) in a discarded branch (CWG 2518)
    is made to depend on a call that only a live branch makes; an unroll count that is a template parameter goes."""
    text = re.sub(r"^\s*#pragma GCC unroll (?!\d+\s*$).*$", "", text, flags=re.MULTILINE)
    return re.sub(
        r"^(\s+)static_assert\(\s*false\s*,([^;]*)\);",
        r"\1([](auto never) { static_assert(sizeof(never) == 0,\2); })(0);",
        text,
        flags=re.MULTILINE,
    )


def unpack(wheel: pathlib.Path, folder: pathlib.Path) -> None:
    """Headers of `wheel` into `folder`, all or nothing."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = pathlib.Path(tempfile.mkdtemp(dir=folder.parent))
    with zipfile.ZipFile(wheel) as z:
        for name in z.namelist():
            if name.startswith(_FOLDERS) and name.endswith(_KINDS) and not any(p in name for p in _LEFT_OUT):
                path = partial / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(patched(z.read(name).decode(errors="replace")))
    try:
        partial.rename(folder)
    except OSError:  # another process was faster
        shutil.rmtree(partial)


def ttnn_headers(download: bool = True) -> pathlib.Path | None:
    """The folder `ttnn` with the headers; None if they are not there and may not be, or cannot be, downloaded."""
    folder = cache_folder()
    if not folder.exists():
        if not download:
            return None
        with tempfile.TemporaryDirectory() as tmp:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
            command += ["--only-binary=:all:", "--python-version=3.10", "--implementation=cp", "--abi=cp310"]
            command += ["--platform=manylinux_2_34_x86_64", f"--dest={tmp}", f"ttnn=={TTNN_VERSION}"]
            r = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
            wheels = list(pathlib.Path(tmp).glob("ttnn-*.whl"))
            if r.returncode or not wheels:
                print(f"cannot download ttnn {TTNN_VERSION}: {r.stderr.strip()[-300:]}", file=sys.stderr)
                return None
            unpack(wheels[0], folder)
    return folder / "ttnn"
