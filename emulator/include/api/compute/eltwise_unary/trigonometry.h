// Trigonometric and hyperbolic functions.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void sin_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sin_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_SIN, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void cos_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void cos_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_COS, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void tan_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void tan_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_TAN, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void asin_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GENERAL, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void asin_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_ASIN, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void acos_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GENERAL, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void acos_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_ACOS, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void atan_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GENERAL, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void atan_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_ATAN, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sinh_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GENERAL, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sinh_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_SINH, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void cosh_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GENERAL, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void cosh_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_COSH, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void asinh_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GENERAL, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void asinh_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_ASINH, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void acosh_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GENERAL, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void acosh_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_ACOSH, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void atanh_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GENERAL, 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void atanh_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_ATANH, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}

}  // namespace ckernel
