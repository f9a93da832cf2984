// Conversion between formats inside DST. The template arguments are DataFormat values.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <uint32_t IN_DTYPE, uint32_t OUT_DTYPE, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void typecast_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_TYPECAST, idst, static_cast<uint32_t>(VectorMode::RC), IN_DTYPE, OUT_DTYPE, 0, at);
}
template <uint32_t IN_DTYPE, uint32_t OUT_DTYPE>
ALWI void typecast_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_GENERAL, 0, at);
}

}  // namespace ckernel
