"""The command line of tilelang_tt.

A package of its own, so that --help and a mistyped option answer at once: importing tilelang_tt imports TileLang and
PyTorch, which takes seconds. What the commands do is in tilelang_tt/commands.py.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
from collections.abc import Sequence

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2

EXAMPLES = """\
examples:
  tilelang-tt compile gemm.py --output out -D M=256 -D N=256 -D K=256
  tilelang-tt compile gemm.py --kernel matmul --target "tenstorrent -arch=blackhole -grid=8x8" --output out
  tilelang-tt compile gemm.py --until tensorize          print the program after that stage
  tilelang-tt run gemm.py -D M=256 -D N=256 -D K=256     run on the emulator, report error and modelled time
  tilelang-tt check gemm.py                              list what stands in the way, write nothing
  tilelang-tt devices                                    boards and their figures

FILE.py holds a @T.prim_func, a @tilelang.jit function, or a factory: a function that returns a prim_func.
exit status: 0 success, 1 the program does not compile or gives wrong numbers, 2 the command line is wrong
"""


class UsageError(Exception):
    """Something on the command line is wrong; shown without a traceback, exit status 2."""


def _version() -> str:
    try:
        return importlib.metadata.version("tilelang-tt")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="tilelang-tt",
        description="Compile TileLang programs for Tenstorrent chips.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"tilelang-tt {_version()}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=text,
            description=text,
            epilog=EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def add_program(command: argparse.ArgumentParser) -> None:
        command.add_argument("file", metavar="FILE.py", help="Python file with the kernel")
        command.add_argument("--kernel", metavar="NAME", help="which kernel, where the file has several")
        command.add_argument(
            "-D",
            dest="defines",
            metavar="NAME=VALUE",
            action="append",
            default=[],
            help="an argument of the factory or @tilelang.jit function, or the value of a symbolic dimension",
        )
        command.add_argument(
            "--target",
            default="tenstorrent",
            help='default "tenstorrent"; options as in "tenstorrent -arch=blackhole -board=p150 -grid=8x8"',
        )

    compile_ = add("compile", "Write a kernel's generated files.")
    add_program(compile_)
    compile_.add_argument("-o", "--output", metavar="DIR", help="folder for the files; appears whole or not at all")
    compile_.add_argument("--until", metavar="STAGE", default="", help="stop after a stage and print its result")
    compile_.add_argument("--dump-ir", action="store_true", help="also write every stage's form, to DIR/ir or stdout")
    compile_.add_argument(
        "--with-reference",
        action="store_true",
        help="also write inputs and expected outputs that host.cpp checks against",
    )
    compile_.add_argument("--seed", type=int, default=0, help="of generated inputs (default 0)")

    run = add("run", "Run a kernel on the emulator with generated inputs and report error and modelled time.")
    add_program(run)
    run.add_argument("--seed", type=int, default=0, help="of generated inputs (default 0)")
    run.add_argument(
        "--tolerance", type=float, help="largest relative Frobenius error (default by dtype of the output)"
    )

    devices = add("devices", "List the boards that programs can be compiled for.")
    devices.add_argument("--json", action="store_true", help="print JSON")
    check = add(
        "check", "Compile without writing anything: list every obstacle of a program, or say that there is none."
    )
    add_program(check)
    add("doctor", "Say whether everything that compiling and running needs is there.")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if options.command == "compile" and not options.output and not options.until and not options.dump_ir:
        parser().error("compile needs --output DIR, or --until STAGE or --dump-ir to print")
    if options.command == "compile" and options.with_reference and not options.output:
        parser().error("--with-reference needs --output DIR")
    try:
        from tilelang_tt import commands
    except ImportError as error:  # wrong versions, no library: the message says which
        print(f"tilelang-tt: error: {error}", file=sys.stderr)
        return EXIT_FAILED
    try:
        return getattr(commands, options.command)(options)
    except UsageError as error:
        print(f"tilelang-tt: error: {error}", file=sys.stderr)
        return EXIT_USAGE
    except commands.Failure as error:
        print(f"tilelang-tt: error: {error}" if error.prefix else str(error), file=sys.stderr)
        return EXIT_FAILED
    except BrokenPipeError:
        return EXIT_FAILED
    except KeyboardInterrupt:
        return 130
