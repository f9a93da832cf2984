"""Compiles kernels against ttnn's own headers, as tt-metal's JIT would, with a stock RISC-V GCC and -fsyntax-only."""

from __future__ import annotations

import dataclasses
import functools
import glob
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
COMPILER = "riscv64-unknown-elf-g++"
PACKAGES = "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf libstdc++-12-dev-riscv64-cross"
ARCHS = ("wormhole_b0", "blackhole")

# Names that ttnn 0.81.1 has removed or deprecated: nothing we emit may use them.
GONE = (
    r"namespace\s+NAMESPACE", r"\bvoid\s+MAIN\b", r"compute_kernel_api/", r"\bmm_init\w*", r"\bmm_block_init\w*",
    r"\bbinary_op_init_common\b", r"\b(?:add|sub|mul)_tiles_init\w*", r"\binit_sfpu\b", r"\bunary_op_init_common\b",
    r"\bcopy_tile_init\b", r"\bcopy_tile_to_dst_init_short\w*", r"\bacquire_dst\b", r"\brelease_dst\b",
    r"\btranspose_wh_\w+", r"\breduce_revert_delta\b", r"\buntilize_block\b", r"\bnoc_async_(?:read|write)_tile\b",
    r"\bInterleavedAddrGen\w*", r"\bInterleavedPow2AddrGen\w*", r"\bDPRINT\b", r"\bCreateDevice\b", r"\bCloseDevice\b",
    r"\bEnqueueProgram\b", r"\bEnqueueWriteBuffer\b", r"\bEnqueueReadBuffer\b", r"[Gg]rayskull",
)  # fmt: skip
_GONE = re.compile("|".join(GONE))

# What tt-metal defines for the two chips, from its JIT's command lines (ttnn 0.81.1).
_CHIP = {
    "wormhole_b0": {
        "folder": "wormhole",
        "march": "rv32im_zicsr_zifencei",
        "cbs": 32,
        "defines": ["ARCH_WORMHOLE", "IS_NOT_POW2_NUM_DRAM_BANKS=1", "IS_NOT_POW2_NUM_L1_BANKS=1", "NUM_DRAM_BANKS=12",
                    "NUM_L1_BANKS=64", "PCIE_NOC_X=0", "PCIE_NOC_Y=3", "ROUTING_FW_ENABLED", "__riscv_xttwh=1"],
    },
    "blackhole": {
        "folder": "blackhole",
        "march": "rv32im_zicsr_zifencei_zba_zbb",
        "cbs": 64,
        "defines": ["ARCH_BLACKHOLE", "LOG_BASE_2_OF_NUM_DRAM_BANKS=3", "IS_NOT_POW2_NUM_L1_BANKS=1", "NUM_DRAM_BANKS=8",
                    "NUM_L1_BANKS=130", "PCIE_NOC_X=19", "PCIE_NOC_Y=24", "__riscv_xttbh=1"],
    },
}  # fmt: skip
_COMMON = ["TENSIX_FIRMWARE", "LOCAL_MEM_EN=0", "DISABLE_SFPLOADMACRO", "PROGRAMMABLE_CORE_TYPE=0", "KERNEL_BUILD",
           "DISPATCH_MESSAGE_ADDR=0xffb70438", 'FULL_KERNEL_NAME="kernel"']  # fmt: skip
# thread -> (its defines, source file of the firmware that includes the kernel)
_THREADS = {
    "brisc": (["COMPILE_FOR_BRISC", "PROCESSOR_INDEX=0", "NOC_INDEX=1", "NOC_MODE=0"], "brisck.cc"),
    "ncrisc": (["COMPILE_FOR_NCRISC", "PROCESSOR_INDEX=1", "NOC_INDEX=0", "NOC_MODE=0"], "ncrisck.cc"),
    "unpack": (["COMPILE_FOR_TRISC=0", "PROCESSOR_INDEX=2", "UCK_CHLKC_UNPACK"], "trisck.cc"),
    "math": (["COMPILE_FOR_TRISC=1", "PROCESSOR_INDEX=3", "UCK_CHLKC_MATH"], "trisck.cc"),
    "pack": (["COMPILE_FOR_TRISC=2", "PROCESSOR_INDEX=4", "UCK_CHLKC_PACK"], "trisck.cc"),
}
THREADS = {"reader": ("ncrisc",), "writer": ("brisc",), "compute": ("unpack", "math", "pack")}

# bytes of a tile by tt-metal's number of the format
_TILE_BYTES = {0: 4096, 1: 2048, 5: 2048, 6: 1088, 7: 576, 8: 4096, 9: 2048, 24: 4096, 30: 1024}


@dataclasses.dataclass(frozen=True)
class Kernel:
    source: pathlib.Path
    role: str  # reader, writer, compute
    compile_time_args: tuple[int, ...] = ()
    named_args: tuple[tuple[str, int], ...] = ()
    defines: tuple[tuple[str, str], ...] = ()
    formats: tuple[tuple[int, int], ...] = ()  # (CB, number of its DataFormat)
    fp32_dest: bool = False
    full_sync: bool = False
    approx: bool = False
    fidelity: int = 4


def missing() -> str | None:
    """What keeps the check from running here, and how to get it; None if nothing does."""
    if not shutil.which(COMPILER) or not _standard_library():
        return f"no {COMPILER} with a C++ standard library: apt-get install {PACKAGES}"
    return None


@functools.cache
def _standard_library() -> tuple[str, str] | None:
    """(C++ headers, their folder for the target) that a bare-metal build can share."""
    found = sorted(glob.glob("/usr/riscv64-linux-gnu/include/c++/*/riscv64-linux-gnu"))
    return (os.path.dirname(found[-1]), found[-1]) if found else None


def gone_names(text: str) -> list[tuple[int, str]]:
    """(line, name) of each removed or deprecated name in a kernel or host source, comments aside."""
    code = re.sub(r"//[^\n]*|/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), text, flags=re.DOTALL)
    return [(n, m[0]) for n, line in enumerate(code.splitlines(), 1) for m in _GONE.finditer(line)]


def _list(values: list[int]) -> str:
    return "{" + ",".join(map(str, values)) + "}"


def _descriptors(kernel: Kernel, cbs: int) -> str:
    """chlkc_descriptors.h, which tt-metal's JIT writes from the circular buffers and the compute configuration."""
    formats = dict(kernel.formats)
    fmt = [formats.get(i, 255) for i in range(cbs)]
    # SrcA and SrcB hold fp32 as TF32 (4); the packer reads 32-bit DST as fp32 and 16-bit DST as bf16
    unpacked = [4 if f == 0 and kernel.fp32_dest else 5 if f in (0, 6, 7) else f for f in fmt]
    packed = [f if f in (255, 8, 24) else 0 if kernel.fp32_dest else 5 for f in fmt]
    size = [_TILE_BYTES.get(f, 1088) for f in fmt]
    out = ["#pragma once", "#include <cstdint>"]
    for thread in ("MATH", "PACK"):
        out += [f"#if defined(UCK_CHLKC_{thread})", '#include "llk_defs.h"',
                f"constexpr ckernel::MathFidelity MATH_FIDELITY = static_cast<ckernel::MathFidelity>({kernel.fidelity});",
                f"constexpr bool APPROX = {str(kernel.approx).lower()};", "#endif"]  # fmt: skip
    for side, guard, src, dst in (("unpack", "!defined(UCK_CHLKC_PACK)", fmt, unpacked),
                                  ("pack", "!defined(UCK_CHLKC_MATH) && !defined(UCK_CHLKC_UNPACK)", packed, fmt)):  # fmt: skip
        out.append(f"#if {guard}")
        arrays = {"src_format": src, "dst_format": dst, "tile_num_faces": [4] * cbs, "partial_face": [0] * cbs,
                  "tile_face_r_dim": [16] * cbs, "narrow_tile": [0] * cbs, "tile_r_dim": [32] * cbs,
                  "tile_c_dim": [32] * cbs, "num_faces_r_dim": [2] * cbs, "num_faces_c_dim": [2] * cbs}  # fmt: skip
        for name, values in arrays.items():
            out.append(f"constexpr unsigned char {side}_{name}[{cbs}] = {_list(values)};")
        out.append(f"constexpr uint16_t {side}_tile_size[{cbs}] = {_list(size)};")
        if side == "pack":
            out += ["#if defined(UCK_CHLKC_PACK)",
                    f"constexpr unsigned char unpack_src_format[{cbs}] = {_list(fmt)};", "#endif"]  # fmt: skip
        out.append("#endif")
    out += [f"constexpr bool DST_ACCUM_MODE = {str(kernel.fp32_dest).lower()};",
            "#define DST_SYNC_MODE DstSync::" + ("SyncFull" if kernel.full_sync else "SyncHalf")]  # fmt: skip
    return "\n".join(out) + "\n"


def compile_kernel(kernel: Kernel, arch: str, thread: str, ttnn: pathlib.Path) -> str | None:
    """None if the kernel compiles for that thread, else the compiler's message with our line numbers."""
    chip = _CHIP[arch]
    thread_defines, firmware = _THREADS[thread]
    library = _standard_library()
    assert library, missing()
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp)
        source = kernel.source.resolve()
        body = f'#include "defines_generated.h"\nvoid kernel_main();\n#include "{source}"\n'
        if kernel.role == "compute":
            for t in ("UNPACK", "MATH", "PACK"):
                (folder / f"chlkc_{t.lower()}.cpp").write_text(f"#define TRISC_{t}\n{body}")
        else:
            (folder / "kernel_includes.hpp").write_text(body)
        (folder / "chlkc_descriptors.h").write_text(_descriptors(kernel, chip["cbs"]))
        defines = "".join(f"#define {k} {v}\n" for k, v in kernel.defines)
        (folder / "defines_generated.h").write_text("#pragma once\n" + defines)
        named = ",".join(f'{{"{k}",{v}}}' for k, v in sorted(kernel.named_args))
        (folder / "named_ct_arg_map_generated.h").write_text(
            "#pragma once\n" + (f"#define KERNEL_COMPILE_TIME_ARG_MAP {named}\n" if named else "")
        )
        (folder / "named_args_generated.h").write_text("#pragma once\n")
        hw, llk = ttnn / "tt_metal/hw", ttnn / f"tt_metal/tt-llk/tt_llk_{arch}"
        ckernels, inc = hw / f"ckernels/{arch}/metal", hw / "inc/internal/tt-1xx"
        system = [HERE / "include", ttnn, ttnn / "ttnn", ttnn / "ttnn/cpp", hw / "inc", ttnn / "tt_metal/tt-llk/common",
                  ttnn / "tt_metal/tt-llk/tools/include", ttnn / "tt_metal/hostdevcommon/api", ttnn / "tt_metal/api",
                  ckernels / "common", ckernels / "llk_io", inc, inc / chip["folder"],
                  inc / chip["folder"] / f"{arch}_defines", inc / chip["folder"] / "noc", llk / "common/inc",
                  llk / "llk_lib", ckernels / "llk_api", ckernels / "llk_api/llk_sfpu",
                  hw / "firmware/src/tt-1xx"]  # fmt: skip
        command = [COMPILER, "-fsyntax-only", "-x", "c++", "-std=gnu++20", f"-march={chip['march']}", "-mabi=ilp32", "-O2",
                   "-fno-exceptions", "-fno-rtti", "-ffreestanding", "-nostdinc++", "-Wall", "-Wno-unused-variable",
                   "-Wno-unused-function", "-Wno-attributes", "-Werror", "-Werror=deprecated-declarations",
                   "-fdiagnostics-color=never", "-fmax-errors=5", f"-I{folder}"]  # fmt: skip
        for d in system:
            command += ["-isystem", str(d)]
        for d in (HERE / "include/std", *library, "/usr/lib/picolibc/riscv64-unknown-elf/include"):
            command += ["-isystem", str(d)]
        command += [f"-D{d}" for d in [*chip["defines"], *_COMMON, *thread_defines]]
        if kernel.role != "compute" or kernel.compile_time_args:
            command.append("-DKERNEL_COMPILE_TIME_ARGS=" + ",".join(map(str, kernel.compile_time_args)))
        command += ["-include", "named_ct_arg_map_generated.h", str(hw / "firmware/src/tt-1xx" / firmware)]
        r = subprocess.run(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if r.returncode == 0:
            return None
        return r.stdout.replace(str(folder) + "/", "").replace(str(ttnn.parent) + "/", "")
