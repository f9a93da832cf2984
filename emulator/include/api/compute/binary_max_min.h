// Elementwise maximum and minimum of two tiles of DST.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void binary_max_int32_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_INT_MAX, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC),
                   static_cast<uint32_t>(DataFormat::Int32), at);
}
ALWI void binary_max_int32_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void binary_max_uint32_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_INT_MAX, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC),
                   static_cast<uint32_t>(DataFormat::UInt32), at);
}
ALWI void binary_max_uint32_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void binary_max_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, VectorMode vector_mode = VectorMode::RC,
                          TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_MAX, idst0, idst1, odst, static_cast<uint32_t>(vector_mode), 0, at);
}
ALWI void binary_max_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void binary_min_int32_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_INT_MIN, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC),
                   static_cast<uint32_t>(DataFormat::Int32), at);
}
ALWI void binary_min_int32_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void binary_min_uint32_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_INT_MIN, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC),
                   static_cast<uint32_t>(DataFormat::UInt32), at);
}
ALWI void binary_min_uint32_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void binary_min_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, VectorMode vector_mode = VectorMode::RC,
                          TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_MIN, idst0, idst1, odst, static_cast<uint32_t>(vector_mode), 0, at);
}
ALWI void binary_min_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

}  // namespace ckernel
