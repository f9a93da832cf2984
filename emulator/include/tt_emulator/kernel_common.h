// What data-movement and compute kernels share: runtime arguments and circular buffers.
#pragma once

#include "tt_emulator/kernel_prelude.h"

namespace tt_emu {
template <typename To>
FORCE_INLINE To from_word(uint32_t word) {
    static_assert(sizeof(To) == 4, "only 4-byte arguments are supported");
    return __builtin_bit_cast(To, word);
}
}  // namespace tt_emu

template <typename T>
FORCE_INLINE T get_arg_val(int arg_idx, TT_EMU_HERE) {
    return tt_emu::from_word<T>(tt_emu_arg(file, line, static_cast<uint32_t>(arg_idx)));
}
template <typename T>
FORCE_INLINE T get_common_arg_val(int arg_idx, TT_EMU_HERE) {
    return tt_emu::from_word<T>(tt_emu_common_arg(file, line, static_cast<uint32_t>(arg_idx)));
}
FORCE_INLINE uintptr_t get_arg_addr(int arg_idx, TT_EMU_HERE) {
    return reinterpret_cast<uintptr_t>(tt_emu_arg_address(file, line, static_cast<uint32_t>(arg_idx), false));
}
FORCE_INLINE uintptr_t get_common_arg_addr(int arg_idx, TT_EMU_HERE) {
    return reinterpret_cast<uintptr_t>(tt_emu_arg_address(file, line, static_cast<uint32_t>(arg_idx), true));
}

inline uint8_t get_absolute_logical_x() { return static_cast<uint8_t>(tt_emu_core_info(TT_EMU_LOGICAL_X)); }
inline uint8_t get_absolute_logical_y() { return static_cast<uint8_t>(tt_emu_core_info(TT_EMU_LOGICAL_Y)); }
inline uint8_t get_relative_logical_x() { return static_cast<uint8_t>(tt_emu_core_info(TT_EMU_LOGICAL_X)); }
inline uint8_t get_relative_logical_y() { return static_cast<uint8_t>(tt_emu_core_info(TT_EMU_LOGICAL_Y)); }

FORCE_INLINE void cb_reserve_back(int32_t operand, int32_t num_pages, TT_EMU_HERE) {
    tt_emu_cb_reserve_back(file, line, static_cast<uint32_t>(operand), num_pages);
}
FORCE_INLINE void cb_push_back(const int32_t operand, const int32_t num_pages, TT_EMU_HERE) {
    tt_emu_cb_push_back(file, line, static_cast<uint32_t>(operand), num_pages);
}
FORCE_INLINE void cb_wait_front(int32_t operand, int32_t num_pages, TT_EMU_HERE) {
    tt_emu_cb_wait_front(file, line, static_cast<uint32_t>(operand), num_pages);
}
FORCE_INLINE void cb_pop_front(int32_t operand, int32_t num_pages, TT_EMU_HERE) {
    tt_emu_cb_pop_front(file, line, static_cast<uint32_t>(operand), num_pages);
}

constexpr inline int32_t get_tile_size(const int32_t operand) {
    return static_cast<int32_t>(tt_emu::cb_tile_sizes[operand]);
}
constexpr inline uint32_t get_tile_hw(const int32_t operand) {
    return tt_emu::cb_tile_rows[operand] * tt_emu::cb_tile_cols[operand];
}
constexpr inline uint32_t get_tile_num_faces(const int32_t operand) {
    const uint32_t faces = get_tile_hw(operand) / 256;
    return faces ? faces : 1;
}
constexpr inline DataFormat get_dataformat(const int32_t operand) {
    return static_cast<DataFormat>(tt_emu::cb_formats[operand]);
}
