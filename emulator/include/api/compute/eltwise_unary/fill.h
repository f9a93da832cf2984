// One value in every element.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void fill_tile(uint32_t idst, float param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_FILL, idst, static_cast<uint32_t>(VectorMode::RC), __builtin_bit_cast(uint32_t, param0), 0, 0,
                  at);
}
template <DataFormat DATA_FORMAT>
ALWI void fill_tile_int(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_FILL, idst, static_cast<uint32_t>(VectorMode::RC), param0,
                  static_cast<uint32_t>(DATA_FORMAT), 0, at);
}
ALWI void fill_tile_bitcast(uint32_t idst, uint32_t param0, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_BITS_FILL, idst, static_cast<uint32_t>(VectorMode::RC), param0, 0, 0, at);
}
ALWI void fill_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

}  // namespace ckernel
