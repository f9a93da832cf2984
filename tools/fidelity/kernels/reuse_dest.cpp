// out[t] = a[t] OP b[t] with a taken from DST 0 (to SrcA or SrcB) and b from its circular buffer.
// Compile-time argument "tiles". Define OP_INIT and OP_CALL with their template argument, taking (1) and (1, tile,
// dst).
#include <cstdint>
#include "api/compute/common.h"
#include "api/compute/compute_kernel_hw_startup.h"
#include "api/compute/eltwise_binary.h"
#include "api/compute/pack.h"
#include "api/compute/tile_move_copy.h"
#include "api/dataflow/circular_buffer.h"

void kernel_main() {
    constexpr uint32_t tiles = get_named_compile_time_arg_val("tiles");
    CircularBuffer a(0), b(1), out(16);
    compute_kernel_hw_startup(0, 1, 16);
    a.wait_front(tiles);
    b.wait_front(tiles);
    out.reserve_back(tiles);
    for (uint32_t t = 0; t < tiles; ++t) {
        tile_regs_acquire();
        copy_init(0);
        copy_tile(0, t, 0);
        OP_INIT(1);
        OP_CALL(1, t, 0);
        tile_regs_commit();
        tile_regs_wait();
        pack_tile(0, 16);
        tile_regs_release();
    }
    out.push_back(tiles);
    a.pop_front(tiles);
    b.pop_front(tiles);
}
