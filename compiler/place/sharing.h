// Channels that take turns: one circular buffer for several of them.
#pragma once

#include "compiler/place/channels.h"
#include "compiler/place/resource_plan.h"

namespace tilelang_tt::placed {

// Interim channels of one block each, alike in size, format and unpack mode, of which no two hold something at the same
// time, become one; `plan`'s steps name it instead. Compute fills and empties such a channel, block by block, so the
// ring is back at its start whenever another takes it over.
void share_channels(ChannelTable& channels, LaunchResources& plan);

}  // namespace tilelang_tt::placed
