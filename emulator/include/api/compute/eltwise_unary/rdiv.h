// value / x.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void rdiv_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_RDIV_SCALAR, 0, at); }

template <RoundingMode rounding_mode = RoundingMode::None, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void rdiv_tile(uint32_t dst_index, uint32_t value, VectorMode vector_mode = VectorMode::RC,
                    TtSite at = TtSite::here()) {
    static_assert(rounding_mode == RoundingMode::None, "the emulator's rdiv_tile does not round");
    tt_sfpu_unary(TT_SFPU_RDIV_SCALAR, dst_index, static_cast<uint32_t>(vector_mode), value, 0, 0, at);
}

}  // namespace ckernel
