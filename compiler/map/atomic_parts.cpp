#include "compiler/map/atomic_parts.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "compiler/ir/walk.h"

namespace tilelang_tt {
namespace {

// Cycles, fitted to runs of split-K GEMMs on the emulator: a block that is read or written and waited for, the same for
// a part that the second launch adds, and the second launch itself.
constexpr double kTransfer = 240, kPart = 600, kLaunch = 2500;
// Share of the DRAM's rate that many cores reach with such transfers.
constexpr double kDramShare = 0.7;
constexpr double kEltwiseTile = 100;

double product(const IndexArena& index, const std::vector<IndexId>& extents) {
    double n = 1;
    for (const IndexId id : extents) n *= static_cast<double>(index.as_const(id).value_or(1));
    return n;
}
double tiles(double elements) { return std::max(1.0, elements / (kTileDim * kTileDim)); }

// One block's work.
struct Work {
    double compute = 0, transfer = 0;  // cycles of the engines, which overlap
    double bytes = 0;                  // to and from DRAM
    double target_tiles = 0;           // that atomics contribute to
};

class Estimate {
  public:
    Estimate(const Context& ctx, const tensix::DeviceSpec& device) : ctx_(ctx), device_(device) {}

    // nullopt where a trip count is not known.
    std::optional<Work> of(const tile::Region& region) {
        known_ = true;
        work_ = {};
        visit(region, 1);
        return known_ ? std::optional(work_) : std::nullopt;
    }

  private:
    void move(DType dtype, double elements, double times) {
        const double bytes = tiles(elements) * kTileDim * kTileDim * std::max(size_bytes(dtype), 2);
        work_.bytes += times * bytes;
        work_.transfer += times * (kTransfer + bytes / device_.figure("dram_core_bytes_per_cycle"));
    }
    void move(const Access& access, double times) {
        if (access.ref.is_tensor())
            move(ctx_.tensor(access.ref.tensor).dtype, product(ctx_.index, access.extent), times);
    }
    void visit(const tile::Region& region, double times) {
        for (const tile::Op& op : region.ops) {
            if (auto* loop = std::get_if<tile::For>(&op.v)) {
                const auto extent = ctx_.index.bounds(loop->extent).hi;
                known_ = known_ && extent.has_value();
                visit(loop->body, times * static_cast<double>(extent.value_or(1)));
            } else if (auto* branch = std::get_if<tile::If>(&op.v)) {
                visit(branch->then, times);
                visit(branch->otherwise, times);
            } else if (auto* copy = std::get_if<tile::Copy>(&op.v)) {
                move(copy->src, times), move(copy->dst, times);
            } else if (auto* gemm = std::get_if<tile::Gemm>(&op.v)) {
                const double a = product(ctx_.index, gemm->a.extent), b = product(ctx_.index, gemm->b.extent),
                             c = product(ctx_.index, gemm->c.extent);
                const double products = std::max(1.0, std::sqrt(a * b * c) / (kTileDim * kTileDim * kTileDim));
                work_.compute += times * products * (device_.matmul_cycles[3] + device_.figure("matmul_call"));
            } else if (auto* map = std::get_if<tile::Map>(&op.v)) {
                const double lanes = product(ctx_.index, map->extents);
                for (const tile::Store& store : map->stores) {
                    work_.compute += times * tiles(lanes) * kEltwiseTile;
                    if (store.combine != tile::Combine::None) work_.target_tiles += times * tiles(lanes);
                    each_lane_node(ctx_.lanes, store.value, [&](const LaneNode& node) {
                        if (node.op == LaneOp::Read && node.ref.is_tensor()) move(node.dtype, lanes, times);
                    });
                }
            } else {
                work_.compute += times * kEltwiseTile;
            }
        }
    }

    const Context& ctx_;
    const tensix::DeviceSpec& device_;
    Work work_;
    bool known_ = true;
};

}  // namespace

Parts choose_parts(const Context& ctx, const tile::Launch& launch, const std::vector<size_t>& axes,
                   const Target& target) {
    const tensix::DeviceSpec& device = *target.device;
    double blocks = 1, contributions = 1;  // groups of blocks with the same target, blocks in one
    Parts best{axes[0], 1};
    int64_t largest = 0;
    for (size_t axis = 0; axis < launch.grid.size(); ++axis) {
        const auto extent = ctx.index.as_const(launch.grid_extents[axis]);
        if (!extent) return best;
        if (std::find(axes.begin(), axes.end(), axis) == axes.end()) {
            blocks *= static_cast<double>(*extent);
            continue;
        }
        contributions *= static_cast<double>(*extent);
        if (*extent > largest) largest = *extent, best.axis = axis;
    }
    const auto work = Estimate(ctx, device).of(launch.body);
    if (!work) return best;
    const double cores = static_cast<double>(target.grid_x) * target.grid_y;
    const double core_rate = device.figure("dram_core_bytes_per_cycle");
    const double dram_rate = kDramShare * device.dram_banks * device.figure("dram_bank_bytes_per_cycle");
    const double part_bytes = work->target_tiles * kTileDim * kTileDim * 4;
    const auto time = [&](double parts) {
        const double rounds = std::ceil(blocks * parts / cores);
        const double first = std::max(rounds * contributions / parts * std::max(work->compute, work->transfer),
                                      blocks * contributions * work->bytes / dram_rate);
        if (parts == 1) return first;
        const double stored =
            std::max(rounds * (kTransfer + part_bytes / core_rate), blocks * parts * part_bytes / dram_rate);
        // The second launch cuts blocks as far as that gives more cores work.
        const double cut = std::clamp(std::floor(cores / blocks), 1.0, std::max(1.0, work->target_tiles));
        const double second = std::max(std::ceil(blocks * cut / cores) * parts * (kPart + part_bytes / cut / core_rate),
                                       blocks * parts * part_bytes / dram_rate);
        return first + stored + kLaunch + second;
    };
    double least = time(1);
    for (int64_t parts = 2; parts <= largest; ++parts)
        if (largest % parts == 0 && time(static_cast<double>(parts)) < least)
            least = time(static_cast<double>(parts)), best.count = parts;
    return best;
}

}  // namespace tilelang_tt
