// Elementwise operations whose second operand (SrcB) is one row, one column or one element.
#pragma once

#include "api/compute/common.h"

namespace ckernel {

template <BroadcastType bcast_type, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void unary_bcast_init(uint32_t icb, TtSite at = TtSite::here()) {
    tt_unary_bcast_init(static_cast<uint32_t>(bcast_type), icb, at);
}
template <BroadcastType bcast_type, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void unary_bcast(uint32_t icb, uint32_t in_tile_index, uint32_t dst_tile_index, TtSite at = TtSite::here()) {
    tt_unary_bcast(static_cast<uint32_t>(bcast_type), icb, in_tile_index, dst_tile_index, at);
}
template <BroadcastType bcast_type>
ALWI void unary_bcast_uninit(uint32_t) {}

template <EltwiseBinaryType tBcastOp, BroadcastType tBcastDim>
ALWI void bcast_init(uint32_t icb0, uint32_t icb1, TtSite at = TtSite::here()) {
    tt_binary_init(static_cast<uint32_t>(tBcastOp), static_cast<uint32_t>(tBcastDim), icb0, icb1, 0, at);
}
template <EltwiseBinaryType tBcastOp, BroadcastType tBcastDim, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void any_tiles_bcast(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst,
                          uint32_t bcast_row_idx = 0, TtSite at = TtSite::here()) {
    tt_binary(static_cast<uint32_t>(tBcastOp), static_cast<uint32_t>(tBcastDim), icb0, icb1, itile0, itile1, idst, 1,
              bcast_row_idx, at);
}

template <BroadcastType tBcastDim, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void add_tiles_bcast(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst,
                          uint32_t bcast_row_idx = 0, TtSite at = TtSite::here()) {
    tt_binary(TT_FPU_ADD, static_cast<uint32_t>(tBcastDim), icb0, icb1, itile0, itile1, idst, 1, bcast_row_idx, at);
}

ALWI void add_bcast_rows_init(uint32_t icb0, uint32_t icb1, TtSite at = TtSite::here()) {
    tt_binary_init(TT_FPU_ADD, static_cast<uint32_t>(BroadcastType::ROW), icb0, icb1, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void add_tiles_bcast_rows(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst,
                               uint32_t bcast_row_idx = 0, TtSite at = TtSite::here()) {
    tt_binary(TT_FPU_ADD, static_cast<uint32_t>(BroadcastType::ROW), icb0, icb1, itile0, itile1, idst, 1, bcast_row_idx,
              at);
}

ALWI void add_bcast_cols_init(uint32_t icb0, uint32_t icb1, TtSite at = TtSite::here()) {
    tt_binary_init(TT_FPU_ADD, static_cast<uint32_t>(BroadcastType::COL), icb0, icb1, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void add_tiles_bcast_cols(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst,
                               TtSite at = TtSite::here()) {
    tt_binary(TT_FPU_ADD, static_cast<uint32_t>(BroadcastType::COL), icb0, icb1, itile0, itile1, idst, 1, 0, at);
}

ALWI void add_bcast_scalar_init(uint32_t icb0, uint32_t icb1, TtSite at = TtSite::here()) {
    tt_binary_init(TT_FPU_ADD, static_cast<uint32_t>(BroadcastType::SCALAR), icb0, icb1, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void add_tiles_bcast_scalar(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst,
                                 TtSite at = TtSite::here()) {
    tt_binary(TT_FPU_ADD, static_cast<uint32_t>(BroadcastType::SCALAR), icb0, icb1, itile0, itile1, idst, 1, 0, at);
}

template <BroadcastType tBcastDim, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sub_tiles_bcast(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst,
                          uint32_t bcast_row_idx = 0, TtSite at = TtSite::here()) {
    tt_binary(TT_FPU_SUB, static_cast<uint32_t>(tBcastDim), icb0, icb1, itile0, itile1, idst, 1, bcast_row_idx, at);
}

ALWI void sub_bcast_rows_init(uint32_t icb0, uint32_t icb1, TtSite at = TtSite::here()) {
    tt_binary_init(TT_FPU_SUB, static_cast<uint32_t>(BroadcastType::ROW), icb0, icb1, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sub_tiles_bcast_rows(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst,
                               uint32_t bcast_row_idx = 0, TtSite at = TtSite::here()) {
    tt_binary(TT_FPU_SUB, static_cast<uint32_t>(BroadcastType::ROW), icb0, icb1, itile0, itile1, idst, 1, bcast_row_idx,
              at);
}

ALWI void sub_bcast_cols_init(uint32_t icb0, uint32_t icb1, TtSite at = TtSite::here()) {
    tt_binary_init(TT_FPU_SUB, static_cast<uint32_t>(BroadcastType::COL), icb0, icb1, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sub_tiles_bcast_cols(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst,
                               TtSite at = TtSite::here()) {
    tt_binary(TT_FPU_SUB, static_cast<uint32_t>(BroadcastType::COL), icb0, icb1, itile0, itile1, idst, 1, 0, at);
}

ALWI void sub_bcast_scalar_init(uint32_t icb0, uint32_t icb1, TtSite at = TtSite::here()) {
    tt_binary_init(TT_FPU_SUB, static_cast<uint32_t>(BroadcastType::SCALAR), icb0, icb1, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sub_tiles_bcast_scalar(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst,
                                 TtSite at = TtSite::here()) {
    tt_binary(TT_FPU_SUB, static_cast<uint32_t>(BroadcastType::SCALAR), icb0, icb1, itile0, itile1, idst, 1, 0, at);
}

template <BroadcastType tBcastDim, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void mul_tiles_bcast(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst,
                          uint32_t bcast_row_idx = 0, TtSite at = TtSite::here()) {
    tt_binary(TT_FPU_MUL, static_cast<uint32_t>(tBcastDim), icb0, icb1, itile0, itile1, idst, 1, bcast_row_idx, at);
}

ALWI void mul_bcast_rows_init(uint32_t icb0, uint32_t icb1, TtSite at = TtSite::here()) {
    tt_binary_init(TT_FPU_MUL, static_cast<uint32_t>(BroadcastType::ROW), icb0, icb1, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void mul_tiles_bcast_rows(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst,
                               uint32_t bcast_row_idx = 0, TtSite at = TtSite::here()) {
    tt_binary(TT_FPU_MUL, static_cast<uint32_t>(BroadcastType::ROW), icb0, icb1, itile0, itile1, idst, 1, bcast_row_idx,
              at);
}

ALWI void mul_bcast_cols_init(uint32_t icb0, uint32_t icb1, TtSite at = TtSite::here()) {
    tt_binary_init(TT_FPU_MUL, static_cast<uint32_t>(BroadcastType::COL), icb0, icb1, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void mul_tiles_bcast_cols(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst,
                               TtSite at = TtSite::here()) {
    tt_binary(TT_FPU_MUL, static_cast<uint32_t>(BroadcastType::COL), icb0, icb1, itile0, itile1, idst, 1, 0, at);
}

ALWI void mul_bcast_scalar_init(uint32_t icb0, uint32_t icb1, TtSite at = TtSite::here()) {
    tt_binary_init(TT_FPU_MUL, static_cast<uint32_t>(BroadcastType::SCALAR), icb0, icb1, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void mul_tiles_bcast_scalar(uint32_t icb0, uint32_t icb1, uint32_t itile0, uint32_t itile1, uint32_t idst,
                                 TtSite at = TtSite::here()) {
    tt_binary(TT_FPU_MUL, static_cast<uint32_t>(BroadcastType::SCALAR), icb0, icb1, itile0, itile1, idst, 1, 0, at);
}

}  // namespace ckernel
