// From DST to circular buffers.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

ALWI void pack_init(uint32_t ocb, TtSite at = TtSite::here()) { tt_pack_init(ocb, at); }

// In sequence after the last push, or, with out_of_order_output, to page output_tile_index from the write pointer.
template <bool out_of_order_output = false, bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void pack_tile(uint32_t ifrom_dst, uint32_t icb, uint32_t output_tile_index = 0, TtSite at = TtSite::here()) {
    tt_pack(ifrom_dst, icb, 1, out_of_order_output, output_tile_index, at);
}
template <bool is_fp32_dest_acc_en = DST_ACCUM_MODE>
ALWI void pack_block(uint32_t ifrom_dst, uint32_t icb, uint32_t ntiles, TtSite at = TtSite::here()) {
    tt_pack(ifrom_dst, icb, ntiles, 0, 0, at);
}
ALWI void pack_reconfig_l1_acc(const uint32_t l1_acc_en, TtSite at = TtSite::here()) { tt_pack_l1_acc(l1_acc_en, at); }
ALWI void pack_relu_config(const ReluConfig& config, TtSite at = TtSite::here()) {
    tt_pack_relu(static_cast<uint32_t>(config.get_mode()), config.get_threshold(), at);
}

}  // namespace ckernel
