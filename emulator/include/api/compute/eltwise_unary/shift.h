// Shifts by a scalar; to the right with the sign, unless unsigned.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <DataFormat data_format>
ALWI void left_shift_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_SHIFT_LEFT, idst, static_cast<uint32_t>(VectorMode::RC), param0,
                  static_cast<uint32_t>(data_format), 0, at);
}
template <DataFormat data_format>
ALWI void right_shift_tile(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_SHIFT_RIGHT, idst, static_cast<uint32_t>(VectorMode::RC), param0,
                  static_cast<uint32_t>(data_format), 0, at);
}
ALWI void left_shift_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void right_shift_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

}  // namespace ckernel
