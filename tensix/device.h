// What a chip and its board are: grids, coordinates, memories, limits and costs.
//
// Every figure comes from devices/<arch>.json, embedded at build time, where it stands with its unit, its kind
// (measured, documented, derived or assumed) and its source. The members below are the figures that most code needs;
// the rest are read by name with figure().
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tensix {

struct Coord {
    uint32_t x = 0, y = 0;
    bool operator==(const Coord&) const = default;
};

struct Figure {
    std::vector<double> values;  // one for a scalar; x0,y0,x1,y1,... for coordinates
    std::string unit, kind, source, note;
};

struct DeviceSpec {
    std::string arch;   // "wormhole_b0" or "blackhole"
    std::string board;  // "n150", "n300", "p100", "p150"
    Coord grid;         // worker cores of one chip that programs may use, x and y
    uint32_t chips = 1;
    uint32_t clock_mhz = 0;

    // Logical worker (x, y) has the NoC coordinates (worker_x[x], worker_y[y]): what kernels are given. They are
    // virtual; physical_* are the NoC 0 routers, for distances.
    std::vector<uint32_t> worker_x, worker_y;
    std::vector<uint32_t> physical_x, physical_y;
    Coord noc_grid;                  // routers
    std::vector<Coord> dram_noc[2];  // NoC coordinates of each bank, by NoC

    uint32_t l1_bytes = 0;         // of a core
    uint32_t l1_base = 0;          // first byte above firmware and kernel configuration
    uint32_t l1_usable_bytes = 0;  // for circular buffers and L1 tensors together
    uint32_t l1_alignment = 0;     // of NoC transfers to and from L1
    uint32_t dram_banks = 0;
    uint64_t dram_bank_bytes = 0;
    uint64_t dram_base = 0;            // first byte of a bank that buffers may use
    uint32_t dram_read_alignment = 0;  // also the alignment of a page of an interleaved buffer
    uint32_t dram_write_alignment = 0;
    double dram_peak_gbps = 0;

    uint32_t noc_flit_bytes = 0;   // per cycle and link
    uint32_t noc_burst_bytes = 0;  // largest packet
    uint32_t circular_buffers = 0;
    uint32_t semaphores = 0;
    uint32_t runtime_args = 0;  // words per core and kernel
    // Tiles of the whole DST; half of it is usable at a time unless the kernel asks for full sync.
    uint32_t dst_tiles_16bit = 0, dst_tiles_32bit = 0;
    // Cycles of a 32x32x32 tile matmul: LoFi, HiFi2, HiFi3, HiFi4.
    uint32_t matmul_cycles[4] = {};

    std::map<std::string, Figure, std::less<>> figures;

    bool blackhole() const { return arch == "blackhole"; }
    uint32_t cores() const { return grid.x * grid.y; }
    // Tiles of DST between acquire and release.
    uint32_t dst_tiles(bool fp32, bool full_sync) const {
        return (fp32 ? dst_tiles_32bit : dst_tiles_16bit) / (full_sync ? 1 : 2);
    }
    Coord noc_coord(Coord logical) const { return {worker_x.at(logical.x), worker_y.at(logical.y)}; }
    // A figure of devices/<arch>.json by name, e.g. figure("pack_call"). Throws std::out_of_range naming it if absent.
    double figure(std::string_view name) const;
};

// The device of an architecture and a board; an empty board means the architecture's default one, an empty
// architecture the board's. Aliases: "wormhole" for "wormhole_b0". Throws std::invalid_argument that lists what exists.
const DeviceSpec& find_device(std::string_view arch, std::string_view board = {});
// All of them, in the order wormhole_b0 then blackhole, the default board of each first.
const std::vector<DeviceSpec>& devices();

}  // namespace tensix
