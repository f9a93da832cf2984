"""Makes a Python environment in which ttnn builds kernels with a stock RISC-V GCC and runs them on a simulator.

  python tools/tensix_gcc ENVIRONMENT [--sfpi-include DIR]

ENVIRONMENT: a virtual environment, made if it is not there, or an existing one with ttnn 0.81.1. DIR: the include/ folder
of github.com/tenstorrent/sfpi; without it, kernels that use the vector engine do not compile.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import install


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("environment", type=pathlib.Path)
    parser.add_argument("--sfpi-include", type=pathlib.Path)
    args = parser.parse_args()
    start = time.time()
    try:
        if why := install.missing():
            raise install.CannotInstall(why)
        interpreter = args.environment / "bin" / "python"
        if not interpreter.exists() or (args.environment / "installed").exists():
            interpreter = install.make_environment(args.environment)
        print(f"{install.install(install.ttnn_folder(interpreter), args.sfpi_include)}: {time.time() - start:.0f} s")
    except install.CannotInstall as e:
        print(f"error: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
