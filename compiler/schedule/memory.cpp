// Tiles between memory and channels: pages of tensors, batches of loads, blocks that cores send each other, stores.
#include "compiler/schedule/scheduler.h"

#include <algorithm>

#include "compiler/map/multicast_cost.h"

namespace tilelang_tt::scheduling {

// The page of tile (row, col) of a window.
Page LaunchScheduler::page_of(const graph::Window& window, IndexId row, IndexId col) {
    const Tensor& tensor = ctx_.tensor(window.tensor);
    const TensorLayout& layout = layouts_[window.tensor.v];
    Page page;
    auto inside = [&](IndexId at, IndexId extent) {
        const IndexId cond = index_.lt(at, extent);
        if (index_.always_true(cond)) return;
        page.valid = page.valid ? index_.logical_and(page.valid, cond) : cond;
    };
    IndexId outer = index_.constant(0);
    for (size_t d = 0; d < tensor.shape.size(); ++d) {
        const auto dim = static_cast<int64_t>(d);
        if (dim == layout.row_dim || dim == layout.col_dim) continue;
        outer = index_.add(index_.mul(outer, tensor.shape[d]), window.offset[d]);
        inside(window.offset[d], tensor.shape[d]);
    }
    auto tile = [&](int64_t layout_dim, int64_t window_dim, IndexId step, IndexId& tiles) {
        if (layout_dim < 0) {
            tiles = index_.constant(1);
            if (window_dim >= 0) misfit(tensor);
            return index_.constant(0);
        }
        const auto d = static_cast<size_t>(layout_dim);
        tiles = index_.ceildiv(tensor.shape[d], kTileDim);
        if (window_dim >= 0 && window_dim != layout_dim) misfit(tensor);
        IndexId at = index_.floordiv(window.offset[d], index_.constant(kTileDim));
        if (!index_.divisible_by(window.offset[d], kTileDim))
            refuse("TT5002", "`" + tensor.name + "` is accessed from the middle of a 32x32 tile on",
                   "use offsets that are multiples of 32");
        if (window_dim >= 0) at = index_.add(at, step);
        inside(at, tiles);
        return at;
    };
    IndexId tile_rows, tile_cols;
    const IndexId r = tile(layout.row_dim, window.row_dim, row, tile_rows);
    const IndexId c = tile(layout.col_dim, window.col_dim, col, tile_cols);
    page.number = index_.add(index_.mul(index_.add(index_.mul(outer, tile_rows), r), tile_cols), c);
    return page;
}

void LaunchScheduler::misfit(const Tensor& tensor) {
    refuse("TT5001", "a block of `" + tensor.name + "` does not lie as the tensor's tiles do",
           "access its dimensions in one order throughout the kernel");
}

// All reads of a region segment are in flight before its one barrier; blocks that peers share come one by one.
// writer_free: the writer has nothing to write meanwhile, and may bring some of them.
void LaunchScheduler::loads(const std::vector<const Step*>& all, bool writer_free) {
    std::vector<const Step*> batch, rows;
    for (const Step* step : all) (in_rows(std::get<placed::Load>(step->v).window) ? rows : batch).push_back(step);
    if (!batch.empty()) tile_loads(batch, writer_free);
    for (const Step* step : rows) {
        loc_ = step->loc;
        load_rows(std::get<placed::Load>(step->v));
    }
}

void LaunchScheduler::tile_loads(const std::vector<const Step*>& batch, bool writer_free) {
    const std::vector<std::optional<prog::Peers>> peers = sharing(batch, writer_free);
    auto each = [&](auto&& visit) {
        for (size_t i = 0; i < batch.size(); ++i) {
            loc_ = batch[i]->loc;
            visit(std::get<placed::Load>(batch[i]->v), peers[i]);
        }
    };
    auto any = [&](std::optional<prog::Peers> of) { return std::find(peers.begin(), peers.end(), of) != peers.end(); };
    // Blocks along rows and along columns come at the same time, over a NoC each.
    const bool together = writer_free && any(prog::Peers::Row);
    auto engine = [&](std::optional<prog::Peers> of) {
        return together && of == prog::Peers::Column ? Engine::Writer : Engine::Reader;
    };
    each([&](const placed::Load& load, std::optional<prog::Peers> of) {
        channel(ChannelCall::ReserveBack, load.to.channel, load.to.rows * load.to.cols, engine(of));
    });
    each([&](const placed::Load& load, std::optional<prog::Peers> of) {
        if (!of) reads(load, Engine::Reader);
    });
    each([&](const placed::Load& load, std::optional<prog::Peers> of) {
        if (of) multicast(load, *of, engine(of));
    });
    if (!any(std::nullopt)) return;
    add(prog::NocSync{NocCall::ReadBarrier}, Engine::Reader);
    each([&](const placed::Load& load, std::optional<prog::Peers> of) {
        if (!of) channel(ChannelCall::PushBack, load.to.channel, load.to.rows * load.to.cols, Engine::Reader);
    });
}

void LaunchScheduler::reads(const placed::Load& load, Engine engine) {
    const Tiles& to = load.to;
    auto read = [&](IndexId r, IndexId c, IndexId slot) {
        const Page page = page_of(load.window, r, c);
        add(prog::ReadTile{load.window.tensor, page.number, to.channel, slot, page.valid}, engine);
    };
    if (to.by_columns)
        loop("col", to.cols, 1,
             [&](IndexId c) { loop("row", to.rows, 1, [&](IndexId r) { read(r, c, tile_of(to, r, c)); }); });
    else
        loop("row", to.rows, 1,
             [&](IndexId r) { loop("col", to.cols, 1, [&](IndexId c) { read(r, c, tile_of(to, r, c)); }); });
}

void LaunchScheduler::multicast(const placed::Load& load, prog::Peers peers, Engine engine) {
    const int64_t pages = load.to.rows * load.to.cols;
    prog::Multicast out{load.to.channel, pages, peers, {}};
    auto* outer = std::exchange(ops_, &out.body.ops);
    reads(load, engine);
    add(prog::NocSync{NocCall::ReadBarrier}, engine);
    ops_ = outer;
    add(std::move(out), engine);
    channel(ChannelCall::PushBack, load.to.channel, pages, engine);
    if (engine == Engine::Reader) multicasts_ = true;
}

// Whether the writer has something to write in the steps.
bool LaunchScheduler::writes(const std::vector<Step>& list) {
    return std::any_of(list.begin(), list.end(), [](const Step& step) {
        if (auto* section = std::get_if<Section>(&step.v)) return !section->stores.empty();
        if (auto* loop = std::get_if<placed::Loop>(&step.v)) return writes(loop->body);
        if (auto* branch = std::get_if<placed::Branch>(&step.v))
            return writes(branch->then) || writes(branch->otherwise);
        return std::holds_alternative<placed::Store>(step.v);
    });
}

// For each load the cores that need the same block at the same time, if sending costs less than everyone's reads.
std::vector<std::optional<prog::Peers>> LaunchScheduler::sharing(const std::vector<const Step*>& batch,
                                                                 bool writer_free) const {
    std::vector<std::optional<prog::Peers>> out;
    double bytes[2] = {};  // by Peers
    for (const Step* step : batch) {
        const auto& load = std::get<placed::Load>(step->v);
        out.push_back(peers(load));
        if (out.back())
            bytes[static_cast<size_t>(*out.back())] +=
                static_cast<double>(load.to.rows * load.to.cols) *
                tensix::tile_bytes(resources_.channels[load.to.channel.v].format);
    }
    if (!multicast_pays(device_, split_.cores, bytes[0], bytes[1], writer_free))
        std::fill(out.begin(), out.end(), std::nullopt);
    return out;
}

// A row (column) shares a block if neither the block nor what decides about it depends on the axis along it.
std::optional<prog::Peers> LaunchScheduler::peers(const placed::Load& load) const {
    if (!split_.rectangle()) return std::nullopt;
    auto depends = [&](VarId axis) {
        auto on = [&](IndexId id) { return index_.uses(id, axis); };
        return std::any_of(load.window.offset.begin(), load.window.offset.end(), on) ||
               std::any_of(control_.begin(), control_.end(), on);
    };
    const bool row = !depends(split_.across) && split_.grid_x > 1;
    const bool column = !depends(split_.down) && split_.grid_y > 1;
    if (!row && !column) return std::nullopt;
    return row && (!column || split_.grid_x >= split_.grid_y) ? prog::Peers::Row : prog::Peers::Column;
}

// Loaded and waited for once, then there for the whole kernel.
void LaunchScheduler::residents() {
    std::vector<const Step*> batch;
    for (const Step& step : resources_.residents)
        if (is_load(step)) batch.push_back(&step);
    if (batch.empty()) return;
    loads(batch, false);
    for (const Step& step : resources_.residents) {
        loc_ = step.loc;
        auto* load = std::get_if<placed::Load>(&step.v);
        if (load && in_rows(load->window)) continue;  // its tiles stay
        if (!load) this->step(step);
        const Tiles& tiles = load ? load->to : std::get<placed::Convert>(step.v).to;
        channel(ChannelCall::WaitFront, tiles.channel, tiles.rows * tiles.cols, Engine::Compute);
    }
}

// rows × cols tiles from the front of the channel to tiles (row0, col0) … of the window.
void LaunchScheduler::write(const placed::Store& store, IndexId row0, IndexId col0, int64_t rows, int64_t cols) {
    writes_ = true;
    channel(ChannelCall::WaitFront, store.from.channel, rows * cols, Engine::Writer);
    loop("row", rows, 1, [&](IndexId r) {
        loop("col", cols, 1, [&](IndexId c) {
            const Page page = page_of(store.window, index_.add(row0, r), index_.add(col0, c));
            const IndexId slot = index_.add(index_.mul(r, index_.constant(cols)), c);
            add(prog::WriteTile{store.from.channel, slot, store.window.tensor, page.number, page.valid},
                Engine::Writer);
        });
    });
    add(prog::NocSync{NocCall::WritesFlushed}, Engine::Writer);
    channel(ChannelCall::PopFront, store.from.channel, rows * cols, Engine::Writer);
}

IndexId LaunchScheduler::tile_of(const Tiles& tiles, IndexId row, IndexId col) {
    for (IndexId at : tiles.row0) row = index_.add(row, index_.floordiv(at, index_.constant(kTileDim)));
    for (IndexId at : tiles.col0) col = index_.add(col, index_.floordiv(at, index_.constant(kTileDim)));
    if (tiles.by_columns) return index_.add(index_.mul(col, index_.constant(tiles.col_stride())), row);
    return index_.add(index_.mul(row, index_.constant(tiles.row_stride())), col);
}

}  // namespace tilelang_tt::scheduling
