// 1 / x.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

enum class ReciprocalDestAcc : uint8_t { BF16 = 0, FP32 = 1 };
enum class ReciprocalApproxMode : uint8_t { Default = 0, Fast = 1 };

template <ReciprocalDestAcc dest_acc = DST_ACCUM_MODE ? ReciprocalDestAcc::FP32 : ReciprocalDestAcc::BF16,
          ReciprocalApproxMode approximation = ReciprocalApproxMode::Default>
ALWI void recip_tile_init(TtSite at = TtSite::here()) {
    tt_sfpu_init(TT_SFPU_RECIP, 0, at);
}
template <ReciprocalDestAcc dest_acc = DST_ACCUM_MODE ? ReciprocalDestAcc::FP32 : ReciprocalDestAcc::BF16,
          ReciprocalApproxMode approximation = ReciprocalApproxMode::Default>
ALWI void recip_tile(uint32_t idst, VectorMode vector_mode = VectorMode::RC, TtSite at = TtSite::here()) {
    tt_sfpu_unary(TT_SFPU_RECIP, idst, static_cast<uint32_t>(vector_mode), 0, 0, 0, at);
}

}  // namespace ckernel
