// Transposed tiles from a circular buffer to DST.
#pragma once

#include "api/compute/common.h"

namespace ckernel {

template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void transpose_init(uint32_t icb, TtSite at = TtSite::here()) {
    tt_transpose_init(icb, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void transpose_tile(uint32_t icb, uint32_t itile, uint32_t idst, TtSite at = TtSite::here()) {
    tt_transpose(icb, itile, idst, 1, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void transpose_block(uint32_t icb, uint32_t start_itile, uint32_t start_idst, uint32_t ntiles,
                          TtSite at = TtSite::here()) {
    tt_transpose(icb, start_itile, start_idst, ntiles, at);
}

}  // namespace ckernel
