"""Fixtures of the compute engine's tests: the helpers of tests/emulator, and a cache for compiled kernels."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "emulator"))
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session", autouse=True)
def kernel_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A fresh cache unless the caller names one."""
    if "TILELANG_TT_CACHE" in os.environ:
        yield
        return
    os.environ["TILELANG_TT_CACHE"] = str(tmp_path_factory.mktemp("kernel-cache"))
    yield
    del os.environ["TILELANG_TT_CACHE"]
