// DST data op a row or column vector that lies in another tile of DST.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void sfpu_bcast_col_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void sfpu_sub_bcast_col_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sfpu_sub_bcast_col(uint32_t dst_data_idx, uint32_t dst_col_vec_idx, TtSite at = TtSite::here()) {
    tt_sfpu_bcast(TT_FPU_SUB, static_cast<uint32_t>(BroadcastType::COL), dst_data_idx, dst_col_vec_idx, at);
}
ALWI void sfpu_add_bcast_col_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sfpu_add_bcast_col(uint32_t dst_data_idx, uint32_t dst_col_vec_idx, TtSite at = TtSite::here()) {
    tt_sfpu_bcast(TT_FPU_ADD, static_cast<uint32_t>(BroadcastType::COL), dst_data_idx, dst_col_vec_idx, at);
}
ALWI void sfpu_mul_bcast_col_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sfpu_mul_bcast_col(uint32_t dst_data_idx, uint32_t dst_col_vec_idx, TtSite at = TtSite::here()) {
    tt_sfpu_bcast(TT_FPU_MUL, static_cast<uint32_t>(BroadcastType::COL), dst_data_idx, dst_col_vec_idx, at);
}
ALWI void sfpu_bcast_row_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void sfpu_sub_bcast_row_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sfpu_sub_bcast_row(uint32_t dst_data_idx, uint32_t dst_row_vec_idx, TtSite at = TtSite::here()) {
    tt_sfpu_bcast(TT_FPU_SUB, static_cast<uint32_t>(BroadcastType::ROW), dst_data_idx, dst_row_vec_idx, at);
}
ALWI void sfpu_add_bcast_row_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sfpu_add_bcast_row(uint32_t dst_data_idx, uint32_t dst_row_vec_idx, TtSite at = TtSite::here()) {
    tt_sfpu_bcast(TT_FPU_ADD, static_cast<uint32_t>(BroadcastType::ROW), dst_data_idx, dst_row_vec_idx, at);
}
ALWI void sfpu_mul_bcast_row_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sfpu_mul_bcast_row(uint32_t dst_data_idx, uint32_t dst_row_vec_idx, TtSite at = TtSite::here()) {
    tt_sfpu_bcast(TT_FPU_MUL, static_cast<uint32_t>(BroadcastType::ROW), dst_data_idx, dst_row_vec_idx, at);
}

template <BroadcastType Dim>
ALWI void sfpu_bcast_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GENERAL, 0, at);
}
template <BroadcastType Dim, EltwiseBinaryType Op, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sfpu_bcast(uint32_t dst_data_idx, uint32_t dst_bcast_idx, TtSite at = TtSite::here()) {
    tt_sfpu_bcast(static_cast<uint32_t>(Op), static_cast<uint32_t>(Dim), dst_data_idx, dst_bcast_idx, at);
}

}  // namespace ckernel
