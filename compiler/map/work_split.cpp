#include "compiler/map/work_split.h"

#include <algorithm>
#include <optional>

#include "compiler/ir/walk.h"
#include "compiler/map/access.h"
#include "compiler/map/multicast_cost.h"

namespace tilelang_tt {
namespace {

// A rectangle computes in step, so it needs the most blocks that any of its cores has; up to this much more than with
// even shares is made good by what its cores need not read.
constexpr double kSlack = 1.25;

int64_t largest_divisor(int64_t n, int64_t limit) {
    for (int64_t d = std::min(n, limit); d > 1; --d)
        if (n % d == 0) return d;
    return 1;
}

class Rectangles {
  public:
    Rectangles(const Context& ctx, const tile::Launch& launch, const std::vector<int64_t>& extents,
               const tensix::DeviceSpec& device)
        : ctx_(ctx), index_(ctx.index), launch_(launch), extents_(extents), device_(device) {
        collect(launch.body, false);
    }

    // The rectangle that saves most reads, if any does. blocks: of the core with most, with even shares.
    std::optional<WorkSplit> best(const WorkSplit& shares, int64_t blocks) const {
        std::optional<WorkSplit> found;
        int64_t saved = 0;
        for (size_t across = 0; across < extents_.size(); ++across)
            for (size_t down = 0; down < extents_.size(); ++down) {
                if (across == down || extents_[across] == 1 || extents_[down] == 1) continue;
                WorkSplit split = shares;
                split.across = launch_.grid[across], split.down = launch_.grid[down];
                split.grid_x = static_cast<int>(largest_divisor(extents_[across], shares.grid_x));
                split.grid_y = static_cast<int>(largest_divisor(extents_[down], shares.grid_y));
                split.cores = int64_t{split.grid_x} * split.grid_y;
                int64_t total = 1;
                for (int64_t extent : extents_) total *= extent;
                if (static_cast<double>(total / split.cores) > kSlack * static_cast<double>(blocks)) continue;
                const int64_t saves = this->saved(split);
                if (saves > saved) found = split, saved = saves;
            }
        return found;
    }

  private:
    struct Read {
        std::vector<IndexId> offset;
        int64_t bytes;
    };

    // Blocks of tensors that a loop reads: others are read once a block and worth little.
    void collect(const tile::Region& region, bool in_loop) {
        for (const tile::Op& op : region.ops) {
            if (auto* loop = std::get_if<tile::For>(&op.v)) {
                collect(loop->body, true);
            } else if (auto* branch = std::get_if<tile::If>(&op.v)) {
                collect(branch->then, in_loop);
                collect(branch->otherwise, in_loop);
            } else if (auto* copy = std::get_if<tile::Copy>(&op.v); copy && copy->src.ref.is_tensor() && in_loop) {
                int64_t bytes = size_bytes(ctx_.tensor(copy->src.ref.tensor).dtype);
                for (IndexId extent : copy->src.extent) bytes *= index_.as_const(extent).value_or(1);
                reads_.push_back({copy->src.offset, bytes});
            }
        }
    }

    // Bytes that cores of the rectangle need not read themselves, for each time that all come to the reads; 0 where
    // sending them costs more.
    int64_t saved(const WorkSplit& split) const {
        int64_t sum = 0;
        double along_rows = 0, along_columns = 0;
        for (const Read& read : reads_) {
            auto depends = [&](VarId axis) {
                return std::any_of(read.offset.begin(), read.offset.end(),
                                   [&](IndexId id) { return index_.uses(id, axis); });
            };
            const int64_t row = depends(split.across) ? 1 : split.grid_x,
                          column = depends(split.down) ? 1 : split.grid_y;
            if (std::max(row, column) == 1) continue;
            (row >= column ? along_rows : along_columns) += static_cast<double>(read.bytes);
            sum += read.bytes * (split.cores - split.cores / std::max(row, column));
        }
        return multicast_pays(device_, split.cores, along_rows, along_columns, true) ? sum : 0;
    }

    const Context& ctx_;
    const IndexArena& index_;
    const tile::Launch& launch_;
    const std::vector<int64_t>& extents_;
    const tensix::DeviceSpec& device_;
    std::vector<Read> reads_;
};

}  // namespace

WorkSplit split_work(const Context& ctx, const tile::Launch& launch, const Target& target) {
    WorkSplit split;
    split.order.assign(launch.grid.rbegin(), launch.grid.rend());
    split.grid_x = target.grid_x;
    split.grid_y = target.grid_y;
    split.cores = int64_t{target.grid_x} * target.grid_y;
    std::vector<int64_t> extents;
    int64_t blocks = 1;
    for (IndexId extent : launch.grid_extents) {
        auto count = ctx.index.as_const(extent);
        if (!count) return split;  // known when the kernel is called
        extents.push_back(*count);
        blocks *= *count;
    }
    split.cores = std::clamp<int64_t>(blocks, 1, split.cores);
    if (!target.multicast) return split;
    return Rectangles(ctx, launch, extents, *target.device).best(split, ceil_div(blocks, split.cores)).value_or(split);
}

}  // namespace tilelang_tt
