// `ct` tiles of one tile row -> 32 rows, row-major. Compile-time arguments "ct", "from_dst" (1: pack_untilize_dest).
#include <cstdint>
#include "api/compute/common.h"
#include "api/compute/compute_kernel_hw_startup.h"
#include "api/compute/pack_untilize.h"
#include "api/compute/tile_move_copy.h"
#include "api/dataflow/circular_buffer.h"

void kernel_main() {
    constexpr uint32_t ct = get_named_compile_time_arg_val("ct"), from_dst = get_named_compile_time_arg_val("from_dst");
    CircularBuffer in(0), out(16);
    compute_kernel_hw_startup(0, 16);
    in.wait_front(ct);
    out.reserve_back(ct);
    if constexpr (from_dst) {
        copy_init(0);
        pack_untilize_dest_init<ct>(16);
        tile_regs_acquire();
        for (uint32_t t = 0; t < ct; ++t) copy_tile(0, t, t);
        tile_regs_commit();
        tile_regs_wait();
        pack_untilize_dest<ct>(16);
        tile_regs_release();
    } else {
        pack_untilize_init<ct>(0, 16);
        pack_untilize_block<ct>(0, 1, 16);
    }
    pack_untilize_uninit(16);
    out.push_back(ct);
    in.pop_front(ct);
}
