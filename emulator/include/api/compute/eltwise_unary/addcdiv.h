// idst0 + value * idst1 / idst2.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <DataFormat data_format, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void addcdiv_tile(uint32_t idst0, uint32_t idst1, uint32_t idst2, uint32_t odst, uint32_t value,
                       TtSite at = TtSite::here()) {
    tt_sfpu_ternary(TT_SFPU_ADDCDIV, idst0, idst1, idst2, odst, value, at);
}
ALWI void addcdiv_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

}  // namespace ckernel
