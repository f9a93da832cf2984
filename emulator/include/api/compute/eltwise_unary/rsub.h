// scalar - x.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void rsub_tile(uint32_t idst, uint32_t scalar, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_RSUB_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), scalar, 0, 0, at);
}
ALWI void rsub_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }
ALWI void rsub_unary_int32_tile(uint32_t idst, uint32_t scalar, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_INT_RSUB_SCALAR, idst, static_cast<uint32_t>(VectorMode::RC), scalar,
                  static_cast<uint32_t>(DataFormat::Int32), 0, at);
}
ALWI void rsub_unary_int32_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

}  // namespace ckernel
