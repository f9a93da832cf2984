// Comparisons with a scalar or with zero: 1 or 0.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void unary_ne_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_NE_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0, 0, 0, at);
}
ALWI void unary_ne_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void unary_ne_tile_int32(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_NE_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0,
                  static_cast<uint32_t>(DataFormat::Int32), 0, at);
}
ALWI void unary_eq_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_EQ_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0, 0, 0, at);
}
ALWI void unary_eq_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void unary_eq_tile_int32(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_EQ_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0,
                  static_cast<uint32_t>(DataFormat::Int32), 0, at);
}
ALWI void unary_gt_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_GT_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0, 0, 0, at);
}
ALWI void unary_gt_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void unary_gt_tile_int32(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_GT_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0,
                  static_cast<uint32_t>(DataFormat::Int32), 0, at);
}
ALWI void unary_ge_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_GE_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0, 0, 0, at);
}
ALWI void unary_ge_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void unary_ge_tile_int32(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_GE_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0,
                  static_cast<uint32_t>(DataFormat::Int32), 0, at);
}
ALWI void unary_lt_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_LT_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0, 0, 0, at);
}
ALWI void unary_lt_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void unary_lt_tile_int32(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_LT_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0,
                  static_cast<uint32_t>(DataFormat::Int32), 0, at);
}
ALWI void unary_le_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_LE_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0, 0, 0, at);
}
ALWI void unary_le_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void unary_le_tile_int32(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_LE_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), param0,
                  static_cast<uint32_t>(DataFormat::Int32), 0, at);
}
ALWI void gtz_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_GT_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void gtz_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void gtz_tile_int32(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_GT_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), 0,
                  static_cast<uint32_t>(DataFormat::Int32), 0, at);
}
ALWI void nez_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_NE_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void nez_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void nez_tile_int32(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_NE_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), 0,
                  static_cast<uint32_t>(DataFormat::Int32), 0, at);
}
ALWI void gez_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_GE_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void gez_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void gez_tile_int32(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_GE_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), 0,
                  static_cast<uint32_t>(DataFormat::Int32), 0, at);
}
ALWI void ltz_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_LT_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void ltz_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void ltz_tile_int32(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_LT_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), 0,
                  static_cast<uint32_t>(DataFormat::Int32), 0, at);
}
ALWI void eqz_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_EQ_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void eqz_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void eqz_tile_int32(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_EQ_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), 0,
                  static_cast<uint32_t>(DataFormat::Int32), 0, at);
}
ALWI void lez_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_LE_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void lez_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void lez_tile_int32(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_LE_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), 0,
                  static_cast<uint32_t>(DataFormat::Int32), 0, at);
}
ALWI void eqz_tile_uint16(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_EQ_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), 0,
                  static_cast<uint32_t>(DataFormat::UInt16), 0, at);
}
ALWI void eqz_tile_uint32(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_EQ_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), 0,
                  static_cast<uint32_t>(DataFormat::UInt32), 0, at);
}
ALWI void nez_tile_uint16(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_NE_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), 0,
                  static_cast<uint32_t>(DataFormat::UInt16), 0, at);
}
ALWI void nez_tile_uint32(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_NE_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), 0,
                  static_cast<uint32_t>(DataFormat::UInt32), 0, at);
}

}  // namespace ckernel
