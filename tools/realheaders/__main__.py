"""Compiles the kernels of artifact folders against ttnn's headers, on both chips.

  python tools/realheaders DIR... [--arch wormhole_b0] [--symbol n=512]

A folder holds tt.plan.json and the kernels it names. Prints the compiler's message, with the kernel's line, of each one
that does not compile, and every name that ttnn removed or deprecated; exit status 1 if there is any, 2 if the check cannot
run here (--skip-missing: 0).
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import check
import headers
import plans


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--arch", action="append", choices=check.ARCHS, help="default: both")
    parser.add_argument("--symbol", action="append", default=[], metavar="NAME=VALUE", help="value of a shape symbol")
    parser.add_argument(
        "--skip-missing", action="store_true", help="succeed, with a notice, where the check cannot run"
    )
    args = parser.parse_args()
    why = check.missing()
    ttnn = None if why else headers.ttnn_headers()
    if ttnn is None:
        print(f"NOT CHECKED against ttnn's headers: {why or 'they cannot be downloaded'}", file=sys.stderr)
        return 0 if args.skip_missing else 2
    symbols = {name: int(value) for name, _, value in (s.partition("=") for s in args.symbol)}
    bad, compiled, start = 0, 0, time.time()
    for folder in args.folders:
        for kernel in plans.kernels(folder, symbols):
            for line, name in check.gone_names(kernel.source.read_text()):
                bad += 1
                print(f"{kernel.source}:{line}: '{name}' is removed or deprecated in ttnn {headers.TTNN_VERSION}")
            for arch in args.arch or check.ARCHS:
                for thread in check.THREADS[kernel.role]:
                    compiled += 1
                    if message := check.compile_kernel(kernel, arch, thread, ttnn):
                        bad += 1
                        print(f"{kernel.source} ({arch}, {thread}) does not compile:\n{message}")
    print(f"{compiled} compilations of {len(args.folders)} programs, {bad} failures, {time.time() - start:.1f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
