// log(sigmoid(x)) from x and exp(-x).
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void logsigmoid_tile(uint32_t idst_in0, uint32_t idst_in1, uint32_t idst_out, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_LOGSIGMOID, idst_in0, idst_in1, idst_out, static_cast<uint32_t>(VectorMode::RC), 0, at);
}
ALWI void logsigmoid_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

}  // namespace ckernel
