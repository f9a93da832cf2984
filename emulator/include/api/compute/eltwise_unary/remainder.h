// Remainder with the sign of the divisor, which the init takes with its reciprocal.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

inline uint32_t remainder_divisor = 0;

ALWI void remainder_tile_init(uint32_t param0, [[maybe_unused]] uint32_t param1, TtSite at = TtSite::here()) {
    remainder_divisor = param0;
    tt_sfpu_init(TT_SFPU_REMAINDER, param0, at);
}
ALWI void remainder_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_REMAINDER_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), remainder_divisor, 0, 0, at);
}

}  // namespace ckernel
