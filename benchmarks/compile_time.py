"""Compile time of a GEMM from Python function to artifacts, in a warm process: TileLang's part and ours apart; memory.

python benchmarks/compile_time.py [--repeats 10]
"""

import argparse
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "examples"))

import gemm
import tilelang
import tilelang_tt
import torch
from tilelang_tt import _ffi
from tilelang_tt import target as tt_target
from tilelang_tt.backend import import_program


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def milliseconds(function, *args):
    start = time.perf_counter()
    result = function(*args)
    return (time.perf_counter() - start) * 1e3, result


def show(what: str, samples: list[float]) -> None:
    low, middle, high = min(samples), statistics.median(samples), max(samples)
    print(f"{what:<44} {low:9.2f} {middle:9.2f} {high:9.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=10)
    repeats = parser.parse_args().repeats
    before = peak_mib()
    target = tt_target.make("tenstorrent")

    traced, imported, compiled, stages = [], [], [], {}
    for n in range(repeats + 1):
        trace_ms, function = milliseconds(gemm.matmul, 1024, 1024, 1024)
        import_ms, (text, _) = milliseconds(import_program, function)
        compile_ms, result = milliseconds(_ffi.compile_text, text, target)
        if n == 0:
            continue  # warms the process
        traced.append(trace_ms), imported.append(import_ms), compiled.append(compile_ms)
        for stage in result.stages:
            stages.setdefault(stage.name, []).append(stage.milliseconds)

    print(f"GEMM 1024^3 bf16, {repeats} repeats, milliseconds{'min':>24} {'median':>9} {'max':>9}")
    show("TileLang: Python function to TVM IR", traced)
    show("ours: TVM IR to TileProgram", imported)
    show("ours: TileProgram to artifacts", compiled)
    for name, samples in stages.items():
        show(f"  of which {name}", samples)
    show("ours, all", [a + b for a, b in zip(imported, compiled)])
    print(f"peak memory: {peak_mib() - before:.0f} MiB above import ({before:.0f} MiB)")

    # The host compile of the three kernels happens at the first call; the cache is a folder of this run's own.
    with tempfile.TemporaryDirectory() as cache:
        import os

        os.environ["TILELANG_TT_CACHE"] = cache
        tilelang.disable_cache()  # TileLang's own: each compile below makes a new module
        a, b = torch.randn(256, 256).bfloat16(), torch.randn(256, 256).bfloat16()
        first = tilelang.compile(gemm.matmul(), target="tenstorrent", out_idx=[-1])
        cold_ms, _ = milliseconds(first, a, b)
        again = tilelang.compile(gemm.matmul(), target="tenstorrent", out_idx=[-1])
        cached_ms, _ = milliseconds(again, a, b)
        warm_ms, _ = milliseconds(again, a, b)
    print(f"first call of a 256^3 GEMM, host compile cold: {cold_ms:.0f} ms; warm call: {warm_ms:.0f} ms "
          f"(host compile ≈ {cold_ms - warm_ms:.0f} ms); shared objects cached: {cached_ms - warm_ms:.0f} ms")  # fmt: skip
    print(f"build {tilelang_tt.build_id()[:12]}")


if __name__ == "__main__":
    main()
