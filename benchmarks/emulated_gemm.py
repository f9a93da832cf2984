"""Wall time of an emulated bf16 GEMM beside torch.matmul in fp32 on the same number of threads, in the same run.

python benchmarks/emulated_gemm.py [--size 1024] [--numerics fast exact]
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "examples"))

import gemm
import tilelang
import tilelang_tt
import torch


def seconds(function, *args) -> float:
    start = time.perf_counter()
    function(*args)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--numerics", nargs="+", default=["fast"], choices=["fast", "exact"])
    args = parser.parse_args()
    n = args.size
    a, b = torch.randn(n, n).bfloat16(), torch.randn(n, n).bfloat16()
    fa, fb = a.float(), b.float()
    torch.set_num_threads(1)  # the emulator runs all cores of the chip on one thread
    reference = a.double() @ b.double()
    for numerics in args.numerics:
        kernel = tilelang.compile(gemm.matmul(n, n, n), target=f"tenstorrent -numerics={numerics}", out_idx=[-1])
        error = ((kernel(a, b).double() - reference).norm() / reference.norm()).item()
        run = tilelang_tt.last_run()
        ours, torchs = [], []
        for _ in range(args.repeats):  # in turns, so that both see the same machine
            ours.append(seconds(kernel, a, b))
            torchs.append(seconds(torch.matmul, fa, fb))
        t, r = statistics.median(ours), statistics.median(torchs)
        print(
            f"GEMM {n}^3 bf16 on {run.device}, {run.numerics} numerics: {t * 1e3:.0f} ms wall (min {min(ours) * 1e3:.0f}), "
            f"torch.matmul fp32, 1 thread: {r * 1e3:.0f} ms (min {min(torchs) * 1e3:.0f}), ratio {t / r:.1f}; "
            f"error {error:.2e}; modelled {run.cycles} cycles = {run.seconds * 1e6:.1f} µs"
        )


if __name__ == "__main__":
    main()
