// Blocks of tensors that lie in rows: between memory and channels, and between rows and tiles; all of it a row of tiles
// (32 rows of elements) at a time.
#include "compiler/ir/rows.h"
#include "compiler/schedule/scheduler.h"

namespace tilelang_tt::scheduling {

// The rows of one row of tiles of a window: ReadRows or WriteRows. Blocks may run over the tensor's end, in every
// dimension.
template <class Rows>
Rows LaunchScheduler::rows_of(const graph::Window& window, const graph::TileType& type, IndexId tile_row,
                              ChannelId channel, const std::map<tensix::DataFormat, ChannelId>& scratch, bool write) {
    const Tensor& tensor = ctx_.tensor(window.tensor);
    const prog::Channel& block = resources_.channels[channel.v];
    const size_t last = tensor.shape.size() - 1;
    const IndexId first = index_.mul(tile_row, index_.constant(kTileDim));  // row of the block
    Rows out;
    out.tensor = window.tensor;
    out.channel = channel;
    out.slot = index_.constant(0);
    out.col = window.offset[last];
    IndexId page = index_.constant(0), step = index_.constant(1);
    IndexId rows = index_.min(index_.constant(kTileDim), index_.sub(index_.constant(type.rows), first));
    IndexId inside;
    for (size_t d = 0; d < last; ++d) {
        const bool along = static_cast<int64_t>(d) == window.row_dim;
        const IndexId at = along ? index_.add(window.offset[d], first) : window.offset[d];
        page = index_.add(index_.mul(page, tensor.shape[d]), at);
        step = along ? index_.constant(1) : index_.mul(step, tensor.shape[d]);
        if (along) {
            rows = index_.min(rows, index_.sub(tensor.shape[d], at));
            continue;
        }
        const IndexId cond = index_.lt(at, tensor.shape[d]);
        if (index_.always_true(cond)) continue;
        inside = inside ? index_.logical_and(inside, cond) : cond;
    }
    if (inside) rows = index_.select(inside, rows, index_.constant(0));
    out.page = page;
    if (window.row_dim >= 0) out.page_step = step;
    out.rows = rows;
    out.cols = index_.min(index_.constant(type.cols), index_.sub(tensor.shape[last], out.col));
    if (!rows_aligned(index_, block, out.col, device_, write)) out.scratch = scratch.at(block.format);
    return out;
}

void LaunchScheduler::load_rows(const placed::Load& load) {
    const graph::TileType& type = launch_.value(load.value).type;
    const int64_t width = load.to.cols;
    loop("row", load.to.rows, 1, [&](IndexId r) {
        channel(ChannelCall::ReserveBack, load.to.channel, width, Engine::Reader);
        add(rows_of<prog::ReadRows>(load.window, type, r, load.to.channel, resources_.read_scratch, false),
            Engine::Reader);
        add(prog::NocSync{NocCall::ReadBarrier}, Engine::Reader);
        channel(ChannelCall::PushBack, load.to.channel, width, Engine::Reader);
    });
}

void LaunchScheduler::write_rows(const placed::Store& store) {
    const graph::TileType& type = launch_.value(store.rows).type;
    const int64_t width = store.from.cols;
    writes_ = true;
    loop("row", store.from.rows, 1, [&](IndexId r) {
        channel(ChannelCall::WaitFront, store.from.channel, width, Engine::Writer);
        add(rows_of<prog::WriteRows>(store.window, type, r, store.from.channel, resources_.write_scratch, true),
            Engine::Writer);
        add(prog::NocSync{NocCall::WritesFlushed}, Engine::Writer);
        channel(ChannelCall::PopFront, store.from.channel, width, Engine::Writer);
    });
}

// tilize_block takes rows as wide as it likes; pack_untilize_block a part of them that fits into DST, so the largest
// that divides them.
void LaunchScheduler::convert(const placed::Convert& convert) {
    const IndexId zero = index_.constant(0);
    const int64_t width = convert.from.cols;
    int64_t part = width;
    if (!convert.tilize)
        for (part = std::min(width, resources_.dst_capacity); width % part != 0;) --part;
    const ChannelId from = convert.from.channel, to = convert.to.channel;
    loop("row", convert.from.rows, 1, [&](IndexId) {
        channel(ChannelCall::ReserveBack, to, width, Engine::Compute);
        loop("part", width / part, 1, [&](IndexId n) {
            channel(ChannelCall::WaitFront, from, part, Engine::Compute);
            prog::Call call;
            call.op = convert.tilize ? tensix::OpCode::tilize_block : tensix::OpCode::pack_untilize_block;
            call.channels = {from, to};
            call.tiles = {zero, n};
            call.params = {part};
            if (!convert.tilize) call.params.push_back(width);
            add(std::move(call), Engine::Compute);
            channel(ChannelCall::PopFront, from, part, Engine::Compute);
        });
        channel(ChannelCall::PushBack, to, width, Engine::Compute);
    });
}

}  // namespace tilelang_tt::scheduling
