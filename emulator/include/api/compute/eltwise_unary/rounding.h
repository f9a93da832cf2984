// Rounding to integers and to decimals.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void rounding_op_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void ceil_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_CEIL, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void floor_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_FLOOR, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void trunc_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_TRUNC, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void frac_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_FRAC, idst, static_cast<uint32_t>(VectorMode::RC), 0, 0, 0, at);
}
ALWI void round_tile(uint32_t idst, int32_t decimals, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_ROUND, idst, static_cast<uint32_t>(VectorMode::RC), static_cast<uint32_t>(decimals), 0, 0,
                  at);
}

}  // namespace ckernel
