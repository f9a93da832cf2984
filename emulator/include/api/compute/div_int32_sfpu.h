// Quotient of two int32 tiles of DST as floats.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void div_int32_tile(uint32_t idst0, uint32_t idst1, uint32_t odst, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_INT_DIV, idst0, idst1, odst, static_cast<uint32_t>(VectorMode::RC), 0, at);
}
ALWI void div_int32_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_INT_DIV, 0, at); }

}  // namespace ckernel
