// Copies a tile inside DST.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <DataFormat DATA_FORMAT>
ALWI void copy_dest_values(uint32_t idst_in, uint32_t idst_out, TtSite at = TtSite::here()) {
    tt_sfpu_binary(TT_SFPU_COPY, idst_in, idst_in, idst_out, static_cast<uint32_t>(VectorMode::RC),
                   static_cast<uint32_t>(DATA_FORMAT), at);
}
ALWI void copy_dest_values_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

}  // namespace ckernel
