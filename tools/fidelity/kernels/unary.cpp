// out[t] = CHAIN(in[t]): each tile is copied to DST 0, OP_CHAIN works on it there, and it is packed.
// Compile-time argument "tiles". Define OP_HEADER (optional) and OP_CHAIN (optional; statements on DST 0).
#include <cstdint>
#include "api/compute/common.h"
#include "api/compute/compute_kernel_hw_startup.h"
#include "api/compute/pack.h"
#include "api/compute/tile_move_copy.h"
#include "api/dataflow/circular_buffer.h"
#ifdef OP_HEADER
#include OP_HEADER
#endif
#ifndef OP_CHAIN
#define OP_CHAIN
#endif

void kernel_main() {
    constexpr uint32_t tiles = get_named_compile_time_arg_val("tiles");
    CircularBuffer in(0), out(16);
    compute_kernel_hw_startup(0, 16);
    copy_init(0);
    in.wait_front(tiles);
    out.reserve_back(tiles);
    for (uint32_t t = 0; t < tiles; ++t) {
        tile_regs_acquire();
        copy_tile(0, t, 0);
        OP_CHAIN;
        tile_regs_commit();
        tile_regs_wait();
        pack_tile(0, 16);
        tile_regs_release();
    }
    out.push_back(tiles);
    in.pop_front(tiles);
}
