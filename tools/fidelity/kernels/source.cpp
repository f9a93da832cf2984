// out[t] = OP(in[t]) for an operation that unpacks by itself (transpose, unary broadcast, ...).
// Compile-time argument "tiles". Define OP_HEADER, OP_INIT (a statement) and OP_CALL(tile) (DST 0 = op of tile).
#include <cstdint>
#include "api/compute/common.h"
#include "api/compute/compute_kernel_hw_startup.h"
#include "api/compute/pack.h"
#include "api/dataflow/circular_buffer.h"
#include OP_HEADER

void kernel_main() {
    constexpr uint32_t tiles = get_named_compile_time_arg_val("tiles");
    CircularBuffer in(0), out(16);
    compute_kernel_hw_startup(0, 16);
    OP_INIT;
    in.wait_front(tiles);
    out.reserve_back(tiles);
    for (uint32_t t = 0; t < tiles; ++t) {
        tile_regs_acquire();
        OP_CALL;
        tile_regs_commit();
        tile_regs_wait();
        pack_tile(0, 16);
        tile_regs_release();
    }
    out.push_back(tiles);
    in.pop_front(tiles);
}
