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

namespace tt {
// clang-format off
enum CBIndex : uint8_t {
    c_0, c_1, c_2, c_3, c_4, c_5, c_6, c_7, c_8, c_9, c_10, c_11, c_12, c_13, c_14, c_15,
    c_16, c_17, c_18, c_19, c_20, c_21, c_22, c_23, c_24, c_25, c_26, c_27, c_28, c_29, c_30, c_31,
    c_32, c_33, c_34, c_35, c_36, c_37, c_38, c_39, c_40, c_41, c_42, c_43, c_44, c_45, c_46, c_47,
    c_48, c_49, c_50, c_51, c_52, c_53, c_54, c_55, c_56, c_57, c_58, c_59, c_60, c_61, c_62, c_63,
    SIZE
};
// clang-format on
}  // namespace tt

namespace tt_emu {
inline constexpr uint8_t cb_formats[] = {TT_EMU_LIST_FORMATS};
inline constexpr uint32_t cb_tile_sizes[] = {TT_EMU_LIST_TILE_SIZES};
inline constexpr uint32_t cb_tile_rows[] = {TT_EMU_LIST_TILE_ROWS};
inline constexpr uint32_t cb_tile_cols[] = {TT_EMU_LIST_TILE_COLS};
}  // namespace tt_emu

#include "api/compile_time_args.h"
