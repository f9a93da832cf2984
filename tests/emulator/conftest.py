"""Fixtures of the emulator's tests: a kernel cache of their own, devices closed after use."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session", autouse=True)
def kernel_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A fresh cache unless the caller names one: cold compiles are part of what is tested."""
    before = os.environ.get("TILELANG_TT_CACHE")
    path = Path(before) if before else tmp_path_factory.mktemp("kernel-cache")
    os.environ["TILELANG_TT_CACHE"] = str(path)
    yield path
    if before is None:
        del os.environ["TILELANG_TT_CACHE"]


@pytest.fixture
def device() -> Iterator[object]:
    import emu

    with emu.Device("wormhole_b0") as opened:
        yield opened


@pytest.fixture(params=["wormhole_b0", "blackhole"])
def each_device(request: pytest.FixtureRequest) -> Iterator[object]:
    import emu

    with emu.Device(request.param) as opened:
        yield opened
