// out[o] = reduction of the `depth` tiles in[o * depth ...] with reduce_tile, accumulated in one DST slot; CB 1 is the
// scaler. Compile-time arguments "tiles", "depth", "swap" (1 for REDUCE_ROW sums: scaler in SrcA).
// Define OP_POOL and OP_DIM.
#include "api/compute/reduce.h"
#include <cstdint>
#include "api/compute/common.h"
#include "api/compute/compute_kernel_hw_startup.h"
#include "api/compute/pack.h"
#include "api/compute/reconfig_data_format.h"
#include "api/dataflow/circular_buffer.h"

void kernel_main() {
    constexpr uint32_t tiles = get_named_compile_time_arg_val("tiles"), depth = get_named_compile_time_arg_val("depth"),
                       swap = get_named_compile_time_arg_val("swap");
    CircularBuffer in(0), scaler(1), out(16);
    compute_kernel_hw_startup(0, 1, 16);
    if constexpr (swap) reconfig_data_format(1, 0);
    reduce_init<OP_POOL, OP_DIM>(0, 1, 16);
    in.wait_front(tiles * depth);
    scaler.wait_front(1);
    out.reserve_back(tiles);
    for (uint32_t o = 0; o < tiles; ++o) {
        tile_regs_acquire();
        for (uint32_t d = 0; d < depth; ++d) reduce_tile<OP_POOL, OP_DIM>(0, 1, o * depth + d, 0, 0);
        tile_regs_commit();
        tile_regs_wait();
        pack_tile(0, 16);
        tile_regs_release();
    }
    reduce_uninit(0);
    out.push_back(tiles);
    in.pop_front(tiles * depth);
    scaler.pop_front(1);
}
