// Uniform random numbers in [from, from + scale), parameters as the bits of an fp32.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void rand_tile(uint32_t idst, uint32_t from, uint32_t scale, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_RAND, idst, static_cast<uint32_t>(VectorMode::RC), from, scale, 0, at);
}
ALWI void rand_tile_init(uint32_t seed = 0, uint32_t stream_id = 0, TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_RAND, seed ^ stream_id << 8, at);
}

}  // namespace ckernel
