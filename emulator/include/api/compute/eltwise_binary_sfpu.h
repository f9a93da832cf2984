// Operations of the vector unit on two tiles of DST.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void add_binary_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_ADD, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC), 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void sub_binary_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_SUB, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC), 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void rsub_binary_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_RSUB, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC), 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void mul_binary_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_MUL, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC), 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void div_binary_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_DIV, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC), 0, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void power_binary_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_POW, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC), 0, at);
}
ALWI void eq_binary_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_EQ, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC), 0, at);
}
ALWI void ne_binary_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_NE, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC), 0, at);
}
ALWI void lt_binary_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_LT, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC), 0, at);
}
ALWI void gt_binary_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_GT, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC), 0, at);
}
ALWI void le_binary_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_LE, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC), 0, at);
}
ALWI void ge_binary_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_GE, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC), 0, at);
}
ALWI void add_binary_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void sub_binary_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void rsub_binary_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void mul_binary_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void div_binary_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_DIV, 0, at); }
ALWI void power_binary_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_POW, 0, at); }
ALWI void eq_binary_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void ne_binary_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void lt_binary_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void gt_binary_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void le_binary_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void ge_binary_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

}  // namespace ckernel
