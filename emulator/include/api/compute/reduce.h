// Sums, averages and maxima over rows, columns or a whole tile on the matrix unit.
#pragma once

#include "api/compute/common.h"

namespace ckernel {

// Row sums and averages take the scaler in SrcA and the data in SrcB; the other reductions the other way round.
template <PoolType reduce_type, ReduceDim reduce_dim, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void reduce_init(uint32_t icb, uint32_t icb_scaler, uint32_t ocb, TtSite at = TtSite::here()) {
    tt_reduce_init(static_cast<uint32_t>(reduce_type), static_cast<uint32_t>(reduce_dim), icb, icb_scaler, ocb, at);
}
ALWI void reduce_uninit([[maybe_unused]] uint32_t icb = 0, TtSite at = TtSite::here()) { tt_reduce_uninit(at); }
template <PoolType reduce_type, ReduceDim reduce_dim, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void reduce_tile(uint32_t icb, uint32_t icb_scaler, uint32_t itile, uint32_t itile_scaler, uint32_t idst,
                      TtSite at = TtSite::here()) {
    tt_reduce(static_cast<uint32_t>(reduce_type), static_cast<uint32_t>(reduce_dim), icb, icb_scaler, itile,
              itile_scaler, idst, 1, at);
}
template <PoolType reduce_type, ReduceDim reduce_dim, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void reduce_block(uint32_t icb, uint32_t icb_scaler, uint32_t start_itile, uint32_t itile_scaler,
                       uint32_t start_idst, uint32_t ntiles, TtSite at = TtSite::here()) {
    tt_reduce(static_cast<uint32_t>(reduce_type), static_cast<uint32_t>(reduce_dim), icb, icb_scaler, start_itile,
              itile_scaler, start_idst, ntiles, at);
}

}  // namespace ckernel
