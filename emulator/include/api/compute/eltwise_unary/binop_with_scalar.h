// x op a scalar, given as the bits of an fp32. div_unary_tile takes the reciprocal.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void add_unary_tile(uint32_t idst, uint32_t param1, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_ADD_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param1, 0, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sub_unary_tile(uint32_t idst, uint32_t param1, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_SUB_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param1, 0, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void mul_unary_tile(uint32_t idst, uint32_t param1, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_MUL_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param1, 0, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void div_unary_tile(uint32_t idst, uint32_t param1, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_MUL_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param1, 0, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void rsub_unary_tile(uint32_t idst, uint32_t param1, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_RSUB_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param1, 0, 0, at);
}
ALWI void add_unary_tile_int32(uint32_t idst, uint32_t param1, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_ADD_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param1,
                  static_cast<uint32_t>(DataFormat::Int32), 0, at);
}
ALWI void sub_unary_tile_int32(uint32_t idst, uint32_t param1, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_SUB_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param1,
                  static_cast<uint32_t>(DataFormat::Int32), 0, at);
}
ALWI void binop_with_scalar_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

}  // namespace ckernel
