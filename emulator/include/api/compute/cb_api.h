// Circular buffers in compute kernels: waiting and popping belong to unpack, reserving and pushing to pack.
#pragma once

#include "tt_emulator/compute_common.h"

namespace ckernel {

using ::cb_pop_front;
using ::cb_push_back;
using ::cb_reserve_back;
using ::cb_wait_front;

ALWI uint32_t get_tile_address(uint32_t cb_id, uint32_t tile_index, TtSite at = TtSite::here()) {
    return tt_get_tile_address(cb_id, tile_index, at);
}
// A 32-bit word of a tile, known to unpack, math and pack alike.
ALWI uint32_t read_tile_value(uint32_t cb_id, uint32_t tile_index, uint32_t element_offset,
                              TtSite at = TtSite::here()) {
    return tt_read_tile_value(cb_id, tile_index, element_offset, at);
}

}  // namespace ckernel
