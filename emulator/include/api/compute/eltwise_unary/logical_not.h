// 1 where x is 0, 0 elsewhere.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

template <DataFormat DATA_FORMAT>
ALWI void logical_not_tile(uint32_t idst, TtSite at = TtSite::here()) {
    constexpr bool integer =
        DATA_FORMAT == DataFormat::Int32 || DATA_FORMAT == DataFormat::UInt32 || DATA_FORMAT == DataFormat::UInt16;
    tt_sfpu_unary(integer ? TT_SFPU_INT_LOGICAL_NOT : TT_SFPU_LOGICAL_NOT, idst, static_cast<uint32_t>(VectorMode::RC),
                  0, 0, 0, at);
}
ALWI void logical_not_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_GENERAL, 0, at); }

}  // namespace ckernel
