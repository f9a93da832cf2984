// Tiles from a circular buffer to DST.
#pragma once

#include "api/compute/reconfig_data_format.h"
#include "tt_emulator/compute_common.h"

namespace ckernel {

template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void copy_init(uint32_t cbid, uint32_t transpose = 0, uint32_t transpose_within_16x16_face = false,
                    TtSite at = TtSite::here()) {
    tt_copy_init(cbid, transpose, transpose_within_16x16_face, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void copy_tile(uint32_t in_cb_id, uint32_t in_tile_index, uint32_t dst_tile_index, TtSite at = TtSite::here()) {
    tt_copy(in_cb_id, in_tile_index, dst_tile_index, 1, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void copy_block(uint32_t in_cb_id, uint32_t start_in_tile_index, uint32_t start_dst_tile_index, uint32_t ntiles,
                     TtSite at = TtSite::here()) {
    tt_copy(in_cb_id, start_in_tile_index, start_dst_tile_index, ntiles, at);
}

}  // namespace ckernel
