// Comparisons of two integer tiles of DST: 1 or 0.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <DataFormat data_format>
ALWI void eq_int_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_INT_EQ, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC),
                   static_cast<uint32_t>(data_format), at);
}
template <DataFormat data_format>
ALWI void eq_int_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GENERAL, 0, at);
}
template <DataFormat data_format>
ALWI void ne_int_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_INT_NE, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC),
                   static_cast<uint32_t>(data_format), at);
}
template <DataFormat data_format>
ALWI void ne_int_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GENERAL, 0, at);
}
template <DataFormat data_format>
ALWI void lt_int_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_INT_LT, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC),
                   static_cast<uint32_t>(data_format), at);
}
template <DataFormat data_format>
ALWI void lt_int_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GENERAL, 0, at);
}
template <DataFormat data_format>
ALWI void gt_int_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_INT_GT, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC),
                   static_cast<uint32_t>(data_format), at);
}
template <DataFormat data_format>
ALWI void gt_int_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GENERAL, 0, at);
}
template <DataFormat data_format>
ALWI void le_int_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_INT_LE, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC),
                   static_cast<uint32_t>(data_format), at);
}
template <DataFormat data_format>
ALWI void le_int_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GENERAL, 0, at);
}
template <DataFormat data_format>
ALWI void ge_int_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_INT_GE, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC),
                   static_cast<uint32_t>(data_format), at);
}
template <DataFormat data_format>
ALWI void ge_int_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GENERAL, 0, at);
}

}  // namespace ckernel
