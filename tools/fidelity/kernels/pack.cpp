// Packer modes: out[o] = the `depth` tiles in[o * depth ...], packed one after another to the same page, the first
// plainly and the others added to it in L1 when "l1_acc" is set. Compile-time arguments "tiles" (of the output),
// "depth", "l1_acc", "relu" (1: max(x, 0)).
#include "api/compute/pack.h"
#include <cstdint>
#include "api/compute/common.h"
#include "api/compute/compute_kernel_hw_startup.h"
#include "api/compute/tile_move_copy.h"
#include "api/dataflow/circular_buffer.h"

void kernel_main() {
    constexpr uint32_t tiles = get_named_compile_time_arg_val("tiles"), depth = get_named_compile_time_arg_val("depth"),
                       l1_acc = get_named_compile_time_arg_val("l1_acc"), relu = get_named_compile_time_arg_val("relu");
    CircularBuffer in(0), out(16);
    compute_kernel_hw_startup(0, 16);
    copy_init(0);
    if constexpr (relu == 1) pack_relu_config(ReluConfig::zero());
    in.wait_front(tiles * depth);
    out.reserve_back(tiles);
    for (uint32_t d = 0; d < depth; ++d) {
        if (l1_acc && d == 1) pack_reconfig_l1_acc(1);
        for (uint32_t o = 0; o < tiles; ++o) {
            tile_regs_acquire();
            copy_tile(0, o * depth + d, 0);
            tile_regs_commit();
            tile_regs_wait();
            pack_tile<true>(0, 16, o);
            tile_regs_release();
        }
    }
    if constexpr (l1_acc) pack_reconfig_l1_acc(0);
    out.push_back(tiles);
    in.pop_front(tiles * depth);
}
