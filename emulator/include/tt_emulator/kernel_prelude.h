// Comes first in every kernel: the words of the kernel language that need no include on the chip either.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "tt_emulator/kernel_abi.h"

#define FORCE_INLINE inline __attribute__((always_inline))
#define tt_l1_ptr
#define tt_reg_ptr

void kernel_main();

enum class DataFormat : uint8_t {
    Float32 = 0,
    Float16 = 1,
    Bfp8 = 2,
    Bfp4 = 3,
    Bfp2 = 11,
    Float16_b = 5,
    Bfp8_b = 6,
    Bfp4_b = 7,
    Bfp2_b = 15,
    Lf8 = 10,
    Int8 = 14,
    UInt8 = 30,
    UInt16 = 9,
    Int32 = 8,
    UInt32 = 24,
    Tf32 = 4,
    Fp8_e4m3 = 26,
    Invalid = 0xff,
};

namespace tt_emu {
inline constexpr uint8_t cb_formats[] = {TT_EMU_LIST_FORMATS};
inline constexpr uint32_t cb_tile_sizes[] = {TT_EMU_LIST_TILE_SIZES};
inline constexpr uint32_t cb_tile_rows[] = {TT_EMU_LIST_TILE_ROWS};
inline constexpr uint32_t cb_tile_cols[] = {TT_EMU_LIST_TILE_COLS};
}  // namespace tt_emu

#include "api/compile_time_args.h"
