// The first call of every compute kernel.
#pragma once

#include "api/compute/src_order.h"
#include "tt_emulator/compute_common.h"

namespace ckernel {

template <SrcOrder src_order = SrcOrder::Regular>
ALWI void compute_kernel_hw_startup(uint32_t icb0, uint32_t icb1, uint32_t ocb, TtSite at = TtSite::here()) {
    constexpr bool reverse = src_order == SrcOrder::Reverse;
    tt_compute_startup(reverse ? icb1 : icb0, reverse ? icb0 : icb1, ocb, at);
}
ALWI void compute_kernel_hw_startup(uint32_t icb0, uint32_t ocb, TtSite at = TtSite::here()) {
    tt_compute_startup(icb0, icb0, ocb, at);
}

}  // namespace ckernel
