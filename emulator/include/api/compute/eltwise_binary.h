// Elementwise addition, subtraction, multiplication on the matrix unit. Multiplication adds to DST.
#pragma once

#include "api/compute/common.h"

namespace ckernel {

template <bool full_init, EltwiseBinaryType eltwise_binary_type>
ALWI void binary_tiles_init(uint32_t icb0, uint32_t icb1, bool acc_to_dest = false, TtSite at = TtSite::here()) {
    static_assert(full_init, "the emulator sets up unpacker and math together");
    tt_binary_init(static_cast<uint32_t>(eltwise_binary_type), 0, icb0, icb1, acc_to_dest, at);
}

ALWI void add_init(uint32_t icb0, uint32_t icb1, bool acc_to_dest = false, TtSite at = TtSite::here()) {
    tt_binary_init(TT_FPU_ADD, 0, icb0, icb1, acc_to_dest, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void add_tiles(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst,
                    TtSite at = TtSite::here()) {
    tt_binary(TT_FPU_ADD, 0, icb0, icb1, itile0, itile1, idst, 1, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void add_block(uint32_t icb0, uint32_t icb1, uint32_t start_itile0, uint32_t start_itile1, uint32_t start_idst,
                    uint32_t ntiles, TtSite at = TtSite::here()) {
    tt_binary(TT_FPU_ADD, 0, icb0, icb1, start_itile0, start_itile1, start_idst, ntiles, 0, at);
}
// One operand is DST[dst_tile_index], which also takes the result.
template <EltwiseBinaryReuseDestType reuse_dest>
ALWI void add_reuse_dest_init(uint32_t icb, TtSite at = TtSite::here()) {
    static_assert(reuse_dest != EltwiseBinaryReuseDestType::NONE, "reuse_dest must be DEST_TO_SRCA or DEST_TO_SRCB");
    tt_binary_reuse_init(TT_FPU_ADD, static_cast<uint32_t>(reuse_dest), icb, at);
}
template <EltwiseBinaryReuseDestType reuse_dest, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void add_reuse_dest_tiles(uint32_t in_cb_id, uint32_t in_tile_index, uint32_t dst_tile_index,
                               TtSite at = TtSite::here()) {
    tt_binary_reuse(TT_FPU_ADD, static_cast<uint32_t>(reuse_dest), in_cb_id, in_tile_index, dst_tile_index, at);
}

ALWI void sub_init(uint32_t icb0, uint32_t icb1, bool acc_to_dest = false, TtSite at = TtSite::here()) {
    tt_binary_init(TT_FPU_SUB, 0, icb0, icb1, acc_to_dest, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sub_tiles(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst,
                    TtSite at = TtSite::here()) {
    tt_binary(TT_FPU_SUB, 0, icb0, icb1, itile0, itile1, idst, 1, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sub_block(uint32_t icb0, uint32_t icb1, uint32_t start_itile0, uint32_t start_itile1, uint32_t start_idst,
                    uint32_t ntiles, TtSite at = TtSite::here()) {
    tt_binary(TT_FPU_SUB, 0, icb0, icb1, start_itile0, start_itile1, start_idst, ntiles, 0, at);
}
// One operand is DST[dst_tile_index], which also takes the result.
template <EltwiseBinaryReuseDestType reuse_dest>
ALWI void sub_reuse_dest_init(uint32_t icb, TtSite at = TtSite::here()) {
    static_assert(reuse_dest != EltwiseBinaryReuseDestType::NONE, "reuse_dest must be DEST_TO_SRCA or DEST_TO_SRCB");
    tt_binary_reuse_init(TT_FPU_SUB, static_cast<uint32_t>(reuse_dest), icb, at);
}
template <EltwiseBinaryReuseDestType reuse_dest, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sub_reuse_dest_tiles(uint32_t in_cb_id, uint32_t in_tile_index, uint32_t dst_tile_index,
                               TtSite at = TtSite::here()) {
    tt_binary_reuse(TT_FPU_SUB, static_cast<uint32_t>(reuse_dest), in_cb_id, in_tile_index, dst_tile_index, at);
}

ALWI void mul_init(uint32_t icb0, uint32_t icb1, bool acc_to_dest = true, TtSite at = TtSite::here()) {
    tt_binary_init(TT_FPU_MUL, 0, icb0, icb1, acc_to_dest, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void mul_tiles(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst,
                    TtSite at = TtSite::here()) {
    tt_binary(TT_FPU_MUL, 0, icb0, icb1, itile0, itile1, idst, 1, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void mul_block(uint32_t icb0, uint32_t icb1, uint32_t start_itile0, uint32_t start_itile1, uint32_t start_idst,
                    uint32_t ntiles, TtSite at = TtSite::here()) {
    tt_binary(TT_FPU_MUL, 0, icb0, icb1, start_itile0, start_itile1, start_idst, ntiles, 0, at);
}
// One operand is DST[dst_tile_index], which also takes the result.
template <EltwiseBinaryReuseDestType reuse_dest>
ALWI void mul_reuse_dest_init(uint32_t icb, TtSite at = TtSite::here()) {
    static_assert(reuse_dest != EltwiseBinaryReuseDestType::NONE, "reuse_dest must be DEST_TO_SRCA or DEST_TO_SRCB");
    tt_binary_reuse_init(TT_FPU_MUL, static_cast<uint32_t>(reuse_dest), icb, at);
}
template <EltwiseBinaryReuseDestType reuse_dest, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void mul_reuse_dest_tiles(uint32_t in_cb_id, uint32_t in_tile_index, uint32_t dst_tile_index,
                               TtSite at = TtSite::here()) {
    tt_binary_reuse(TT_FPU_MUL, static_cast<uint32_t>(reuse_dest), in_cb_id, in_tile_index, dst_tile_index, at);
}

}  // namespace ckernel
