"""TileLang on Tenstorrent Wormhole and Blackhole.

`import tilelang_tt` adds the target `tenstorrent` to TileLang; TileLang's own entry points then work as for any target:

    kernel = tilelang.compile(matmul, target="tenstorrent -arch=blackhole")
    kernel(a, b, c)
    tilelang_tt.last_run()  # modelled cycles and seconds of that call
"""

from __future__ import annotations

import importlib.util

from . import _library
from .errors import ArgumentError, CompileError, LoadError, RunError

if importlib.util.find_spec("tilelang") is None:
    # A machine that only runs compiled kernels: tilelang_tt.launch and tilelang_tt.doctor need ttnn and numpy alone.
    def __getattr__(name: str) -> object:
        if not name.startswith("__") and importlib.util.find_spec(f"{__name__}.{name}") is None:
            _library.check_versions()  # says what to install
        raise AttributeError(name)

else:
    LIBRARY_PATH = _library.load()

    import tvm_ffi

    for _kind, _error in (("Compile", CompileError), ("Argument", ArgumentError), ("Run", RunError)):
        tvm_ffi.register_error(f"TileLangTT{_kind}Error", _error)

    from . import backend, profiling, ttnn_device
    from ._ffi import RunStats, build_id, devices, last_run, version
    from .artifacts import Artifacts, compile_artifacts
    from .storage import annotate_storage
    from .target import detect
    from .ttnn_device import device

    BACKEND = backend.register()
    profiling.install()
    tvm_ffi.register_global_func("tilelang_tt.run_on_ttnn", ttnn_device.run, override=True)
    __version__: str = version()

    __all__ = [
        "ArgumentError",
        "Artifacts",
        "CompileError",
        "LoadError",
        "RunError",
        "RunStats",
        "annotate_storage",
        "build_id",
        "compile_artifacts",
        "detect",
        "device",
        "devices",
        "last_run",
    ]
