// Operands that come in parts: a load that one section reads, in the order of its subblocks.
#pragma once

#include "compiler/ir/target.h"
#include "compiler/place/channels.h"
#include "compiler/place/resource_plan.h"

namespace tilelang_tt::placed {

// Where the plan does not fit into L1 with the least depths, loads that one section alone reads, each tile once, become
// loads of that section, subblock by subblock: the largest first, until all fits or none is left. What was loaded once
// for all blocks is then loaded in each.
void stream_operands(ChannelTable& channels, LaunchResources& plan, const Target& target);

}  // namespace tilelang_tt::placed
