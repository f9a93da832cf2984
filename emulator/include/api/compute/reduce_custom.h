// Row maximum over a block of tiles in one call.
#pragma once

#include "api/compute/common.h"

namespace ckernel {

template <uint32_t block_ct_dim, bool respect_trigger = false, uint32_t num_faces = 4>
ALWI void reduce_block_max_row_init(uint32_t ocb, TtSite at = TtSite::here()) {
    static_assert(num_faces == 4, "the emulator's tiles are 32 x 32");
    tt_reduce_init(static_cast<uint32_t>(PoolType::MAX), static_cast<uint32_t>(ReduceDim::REDUCE_ROW), ocb, ocb, ocb,
                   at);
}
template <uint32_t block_ct_dim, bool respect_trigger = false, uint32_t num_faces = 4>
ALWI void reduce_block_max_row(uint32_t icb, uint32_t icb_scaler, uint32_t row_start_index, uint32_t idst,
                               TtSite at = TtSite::here()) {
    for (uint32_t i = 0; i < block_ct_dim; ++i)
        tt_reduce(static_cast<uint32_t>(PoolType::MAX), static_cast<uint32_t>(ReduceDim::REDUCE_ROW), icb, icb_scaler,
                  row_start_index + i, 0, idst, 1, at);
}
template <bool respect_trigger = false>
ALWI void reduce_block_max_row_uninit([[maybe_unused]] uint32_t icb, TtSite at = TtSite::here()) {
    tt_reduce_uninit(at);
}

}  // namespace ckernel
