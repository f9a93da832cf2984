"""TileLang's profiler and autotuner on modelled time.

`kernel.get_profiler().do_bench()`, `tilelang.profiler.do_bench(f)` and with them `tilelang.autotune` measure with GPU
events. What runs kernels of this target is timed by the device's clock instead: the emulator's cycles, in milliseconds.
They are the same in every run, so one run is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import tilelang.profiler
from tilelang.utils.device import get_current_device

from . import _ffi
from .errors import RunError


def modelled_milliseconds(function: Callable[[], Any]) -> float | None:
    """Calls the function once: the modelled time of all kernels of this target that it ran, None where it ran none.

    Raises RunError where a device that models no time ran one of them.
    """
    before = _ffi.all_runs()
    function()
    after = _ffi.all_runs()
    if after.runs == before.runs:
        return None
    if after.unmodelled > before.unmodelled:
        last = _ffi.last_run()
        raise RunError(
            f"nothing models the time of a kernel on {last.device if last else 'this device'}: profile on the emulator "
            '(tilelang_tt.device("emulator"), a target without -device=reference)'
        )
    return (after.seconds - before.seconds) * 1e3


def install() -> None:
    """Puts the modelled time in front of TileLang's do_bench. What runs no kernel of this target goes on to that one."""
    original = tilelang.profiler.do_bench
    if hasattr(original, "__wrapped__"):
        return

    @wraps(original)
    def do_bench(fn: Callable[[], Any], *args: Any, **kwargs: Any) -> float | list[float]:
        milliseconds = modelled_milliseconds(fn)
        if milliseconds is not None:
            quantiles = kwargs.get("quantiles")
            return milliseconds if quantiles is None else [milliseconds] * len(quantiles)
        # A reference in PyTorch beside a kernel, on a machine without a GPU: there are no events to time it with.
        if not args and kwargs.get("backend", "event") == "event" and get_current_device() is None:
            kwargs = {**kwargs, "backend": "wall"}
        return original(fn, *args, **kwargs)

    tilelang.profiler.do_bench = do_bench
