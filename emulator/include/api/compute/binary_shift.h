// Shifts of integers by the integers of a second tile of DST.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <DataFormat data_format>
ALWI void binary_left_shift_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_INT_LEFT_SHIFT, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC),
                   static_cast<uint32_t>(data_format), at);
}
template <DataFormat data_format>
ALWI void binary_right_shift_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_INT_RIGHT_SHIFT, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC),
                   static_cast<uint32_t>(data_format), at);
}
template <DataFormat data_format>
ALWI void binary_logical_right_shift_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_INT_LOGICAL_RIGHT_SHIFT, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC),
                   static_cast<uint32_t>(data_format), at);
}
ALWI void binary_shift_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

}  // namespace ckernel
