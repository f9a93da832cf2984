// Channels while they are being decided: what each is for, how deep it should be, and the fit into L1.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "compiler/ir/context.h"
#include "compiler/ir/target.h"
#include "compiler/place/resource_plan.h"

namespace tilelang_tt::placed {

enum class Role : uint8_t {
    Stream,    // loaded in a loop
    Operand,   // loaded once a block
    Resident,  // loaded once a kernel: the same for all blocks
    Interim,   // between two sections
    Result,    // for the writer
    Rows,      // loaded in rows, to be tilized
    Scratch,   // rows on their way through a NoC
    Part,      // loaded subblock by subblock
};

struct ChannelPlan {
    prog::Channel channel;  // pages and l1_offset still open
    Role role = Role::Interim;
    int64_t whole = 1;   // pages of a block
    int64_t stages = 2;  // Stream: blocks that the user asked for
    int64_t least = 1;   // Scratch: pages that do, if slowly
    LocId loc;
};

class ChannelTable {
  public:
    ChannelId add(std::string name, Role role, tensix::DataFormat format, int64_t whole, int64_t block_pages,
                  LocId loc);
    ChannelPlan& operator[](ChannelId id) { return plans_[id.v]; }
    const ChannelPlan& operator[](ChannelId id) const { return plans_[id.v]; }
    bool has(const std::string& name) const;
    size_t size() const { return plans_.size(); }

    // Drops the others. The result: the new number of each that is kept.
    std::vector<ChannelId> keep(const std::function<bool(ChannelId)>& wanted);
    // Whether all fit, as deep as wanted or with the least depths.
    enum class Depth { Wanted, Least };
    bool fits(const Target& target, Depth depth) const;

    // Depths: as deep as wanted, then shallower step by step until all fit. Errors: TT4001 (L1), TT4002 (count).
    std::vector<Diagnostic> fit(const Context& ctx, const Target& target, LaunchResources& out);

  private:
    // That all take with depths cut so far, one after the other; out: with pages and places.
    int64_t bytes(int cut, const Target& target, std::vector<prog::Channel>* out) const;

    std::string that_fit(const ChannelPlan& largest, const Target& target) const;

    std::vector<ChannelPlan> plans_;
};

}  // namespace tilelang_tt::placed
