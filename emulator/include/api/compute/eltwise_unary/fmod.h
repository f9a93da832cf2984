// Remainder with the sign of the dividend; the init takes the divisor with its reciprocal.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

inline uint32_t fmod_divisor = 0;

ALWI void fmod_tile_init(uint32_t param0, [[maybe_unused]] uint32_t param1, TtSite at = TtSite::here()) {
    fmod_divisor = param0;
    tt_sfpu_init(TT_SFPU_FMOD, param0, at);
}
ALWI void fmod_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_FMOD_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), fmod_divisor, 0, 0, at);
}

}  // namespace ckernel
