// 1 / sqrt(x).
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

enum class RsqrtMode : uint8_t { Default = 0, Fast = 1 };

ALWI void rsqrt_tile_init(TtSite at = TtSite::here()) { tt_sfpu_init(TT_SFPU_RSQRT, 0, at); }
template <RsqrtMode mode = RsqrtMode::Default, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void rsqrt_tile(uint32_t idst, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_RSQRT, idst, static_cast<uint32_t>(VectorMode::RC), mode == RsqrtMode::Fast, 0, 0, at);
}

}  // namespace ckernel
