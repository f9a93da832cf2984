// When it pays to read an operand once and send it to the cores that share it.
#pragma once

#include <algorithm>

#include "tensix/device.h"

namespace tilelang_tt {

// Whether multicast beats reads of their own for `cores` cores that each need row_bytes in common with their row and
// column_bytes with their column at a time. together: rows and columns are served at the same time, over a NoC each.
inline bool multicast_pays(const tensix::DeviceSpec& device, int64_t cores, double row_bytes, double column_bytes,
                           bool together) {
    // Part of device memory's peak that cores of a rectangle reach when all read for themselves: 0.36 to 0.6 in runs of
    // GEMMs on 4x4 and 8x8 emulated cores, where the links of the NoC are the limit.
    constexpr double kReached = 0.45;
    const double peak = device.dram_peak_gbps * 1e3 / device.clock_mhz;  // bytes a cycle
    const double read = device.figure("dram_core_bytes_per_cycle");
    const double own = std::min(read, kReached * peak / static_cast<double>(cores));
    // Read, then sent, after the peers have reported and before they are told.
    const auto shared = [&](double bytes) {
        return bytes == 0 ? 0
                          : bytes / read + bytes / device.figure("noc_multicast_linked_bytes_per_cycle") +
                                device.figure("noc_multicast_fixed");
    };
    const double row = shared(row_bytes), column = shared(column_bytes);
    return (row_bytes + column_bytes) / own > (together ? std::max(row, column) : row + column);
}

}  // namespace tilelang_tt
