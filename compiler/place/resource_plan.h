// ResourcePlan: where every value of a TileGraph lives and how compute is cut into DST sections. Made by place, read by
// schedule; printed as tables with the user's names.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/ir/support.h"
#include "compiler/ir/tensix_program.h"

namespace tilelang_tt {

enum class StorageKind : uint8_t {
    Dst,      // lives and dies inside one DST section
    Channel,  // in a circular buffer
    Folded,   // never materialised: a constant operand, a fill that starts an accumulator, a rename
};

struct Storage {
    StorageKind kind = StorageKind::Dst;
    ChannelId channel;
};

// How a loop carries an accumulator.
enum class Accumulation : uint8_t {
    Dst,     // resident in DST over the loop: it fits between acquire and release
    L1,      // the packer adds each iteration's contribution in a channel
    Spill,   // packed to and reloaded from a channel in each iteration
};

struct LaunchResources {
    prog::ComputeConfig compute;
    int64_t dst_capacity = 8;  // tiles between acquire and release
    std::vector<prog::Channel> channels;
    std::vector<Storage> storage;                             // one a value
    std::unordered_map<ValueId, Accumulation> accumulation;   // keyed by the loop's result
    std::unordered_map<ValueId, std::pair<int64_t, int64_t>> subblock;  // (rows, cols) in tiles, keyed by the result of
                                                                        // the section's last op or its stored value
    Bytes l1_used;
};

struct ResourcePlan {
    std::vector<LaunchResources> launches;
};

std::string print(const ResourcePlan& plan, const Context& ctx);

}  // namespace tilelang_tt
