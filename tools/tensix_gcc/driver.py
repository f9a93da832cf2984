"""Stock RISC-V GCC in the place of SFPI's riscv-tt-elf-g++, called as tt-metal's JIT calls that (see README.md)."""

import os
import sys

HOME = os.path.dirname(os.path.realpath(__file__))
COMPILER = "riscv64-unknown-elf-g++"
PICOLIBC = "/usr/lib/picolibc/riscv64-unknown-elf"
VERSION = "riscv-tt-elf-g++ (tenstorrent/sfpi:7.89.0[1050]) 15.1.0 -- stand-in: stock GCC"  # tt-metal parses it
# Options that only SFPI's compiler knows, or that ask more than a stock GCC of another version can give.
DROPPED = ("-ftt-", "-mcpu=", "-Werror", "-Wno-error", "-mno-tt", "-mtt", "-march=", "-std=", "-Wall")


def command(args: list[str], library: str) -> list[str]:
    """The command line of the stock compiler. `library`: the folder of the C++ headers of the Linux cross compiler."""
    cpu = next((a[len("-mcpu=") :] for a in args if a.startswith("-mcpu=")), "tt-wh")
    compute, blackhole = cpu.endswith("-tensix"), cpu.split("-")[1] == "bh"
    chip = "bh" if blackhole else "wh"
    # the wheel's runtime objects hold another compiler's byte code: these are made from the wheel's sources at install
    passed = [
        f"{HOME}/lib/{a.split('/runtime/hw/lib/')[1]}" if "/runtime/hw/lib/" in a else a
        for a in args
        if not a.startswith(DROPPED)
    ]
    march = "rv32im" + ("f" if compute else "") + "_zicsr_zifencei" + ("_zba_zbb" if blackhole else "")
    out = [COMPILER, "-std=gnu++20", "-w", "-fno-jump-tables", f"-march={march}", "-mabi=ilp32", "-mrelax"]
    out += [f"-B{HOME}/", "-nostdinc++"]
    for folder in (f"{HOME}/include", library, f"{library}/riscv64-linux-gnu", f"{PICOLIBC}/include"):
        out += ["-isystem", folder]
    out += [f"-D__riscv_xtt{chip}=1", f"-DTENSIX_GCC_COMPUTE={int(compute)}"]
    if compute:
        out.append(f"-D__riscv_xtttensix{chip}=1")
        out += [f"-ffixed-f{n}" for n in range(8, 32)]  # f0..f7 are LReg 0..7
    if not {"-c", "-E", "-S", "-fsyntax-only"} & set(args):
        passed += [
            "-nodefaultlibs",
            f"-L{PICOLIBC}/lib/rv32im/ilp32",
            "-Wl,--start-group",
            "-lc",
            "-lgcc",
            "-Wl,--end-group",
        ]
    return out + passed


def main() -> None:
    args = sys.argv[1:]
    if args == ["--version"]:
        print(VERSION)
    elif "c++-header" in args:  # no precompiled headers: tt-metal does without
        sys.exit(1)
    else:
        with open(f"{HOME}/library") as f:
            line = command(args, f.read())
        os.execvp(line[0], line)


if __name__ == "__main__":
    main()
