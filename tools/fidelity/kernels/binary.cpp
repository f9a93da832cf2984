// out[t] = OP(a[t], b[t * b_step]) with both operands from circular buffers, `repeats` times into the same DST slot
// (multiplication accumulates, addition overwrites). Compile-time arguments "tiles", "b_step", "repeats".
// Define OP_INIT and OP_CALL, names that take (0, 1) and (0, 1, tile_a, tile_b, dst).
#include <cstdint>
#include "api/compute/bcast.h"
#include "api/compute/common.h"
#include "api/compute/compute_kernel_hw_startup.h"
#include "api/compute/eltwise_binary.h"
#include "api/compute/pack.h"
#include "api/dataflow/circular_buffer.h"

void kernel_main() {
    constexpr uint32_t tiles = get_named_compile_time_arg_val("tiles"),
                       b_step = get_named_compile_time_arg_val("b_step"),
                       repeats = get_named_compile_time_arg_val("repeats");
    constexpr uint32_t b_tiles = (tiles - 1) * b_step + 1;
    CircularBuffer a(0), b(1), out(16);
    compute_kernel_hw_startup(0, 1, 16);
    OP_INIT(0, 1);
    a.wait_front(tiles);
    b.wait_front(b_tiles);
    out.reserve_back(tiles);
    for (uint32_t t = 0; t < tiles; ++t) {
        tile_regs_acquire();
        for (uint32_t r = 0; r < repeats; ++r) OP_CALL(0, 1, t, t * b_step, 0);
        tile_regs_commit();
        tile_regs_wait();
        pack_tile(0, 16);
        tile_regs_release();
    }
    out.push_back(tiles);
    a.pop_front(tiles);
    b.pop_front(b_tiles);
}
