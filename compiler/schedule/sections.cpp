// What is computed between acquiring and releasing DST: sections by subblocks, and the tiles made once for the kernel.
#include "compiler/schedule/scheduler.h"

#include <algorithm>
#include <bit>
#include <sstream>

namespace tilelang_tt::scheduling {

void LaunchScheduler::section(const Section& section) {
    const LocId loc = loc_;
    const Section* outer = std::exchange(section_, &section);
    const int64_t whole = section.rows * section.cols, part = section.sub_rows * section.sub_cols;
    comment(section.why);
    for (const placed::Output& output : section.outputs)
        if (output.mode == PackMode::Block)
            channel(ChannelCall::ReserveBack, output.to.channel, whole, Engine::Compute);
    auto is_sum = [](const placed::Output& o) { return o.mode == PackMode::Accumulate; };
    const bool adds = std::any_of(section.outputs.begin(), section.outputs.end(), is_sum);
    const placed::Loop* summing = adds ? summing_ : nullptr;
    // Beside sums, what else the section packs must not be added to what was there.
    const bool by_turns = summing && !std::all_of(section.outputs.begin(), section.outputs.end(), is_sum);
    auto accumulate = [&] {
        if (summing->accumulator_has_start)
            l1_accumulate(true);
        else
            when_first(*summing, false, [&] { l1_accumulate(true); });
    };
    if (summing && !by_turns) accumulate();
    subblocks(section, [&](IndexId i, IndexId j) {
        row_ = i, col_ = j;
        stream(section, i, j);
        add(prog::DstSync{DstCall::Acquire}, Engine::Compute);
        steps(section.steps, &section);
        loc_ = loc;
        add(prog::DstSync{DstCall::Commit}, Engine::Compute);
        for (const placed::Load& load : section.streams)
            channel(ChannelCall::PopFront, load.to.channel, part, Engine::Compute);
        for (const placed::Output& output : section.outputs)
            if (output.mode == PackMode::Stream)
                channel(ChannelCall::ReserveBack, output.to.channel, part, Engine::Compute);
        add(prog::DstSync{DstCall::Wait}, Engine::Compute);
        for (const placed::Output& output : section.outputs)
            if (!by_turns || !is_sum(output)) pack(section, output, i, j);
        if (by_turns) {
            accumulate();
            for (const placed::Output& output : section.outputs)
                if (is_sum(output)) pack(section, output, i, j);
            l1_accumulate(false);
        }
        add(prog::DstSync{DstCall::Release}, Engine::Compute);
        for (const placed::Output& output : section.outputs)
            if (output.mode == PackMode::Stream)
                channel(ChannelCall::PushBack, output.to.channel, part, Engine::Compute);
        for (const placed::Store& store : section.stores) write(store, i, j, section.sub_rows, section.sub_cols);
    });
    if (summing && !by_turns) l1_accumulate(false);
    for (const placed::Output& output : section.outputs)
        if (output.mode == PackMode::Block) channel(ChannelCall::PushBack, output.to.channel, whole, Engine::Compute);
    section_ = outer;
}

// The subblock's tiles of operands that come in parts, read and waited for.
void LaunchScheduler::stream(const Section& section, IndexId i, IndexId j) {
    const int64_t part = section.sub_rows * section.sub_cols;
    for (const placed::Load& load : section.streams)
        channel(ChannelCall::ReserveBack, load.to.channel, part, Engine::Reader);
    for (const placed::Load& load : section.streams)
        tiles(section, i, j, false, [&](IndexId t, IndexId r, IndexId c) {
            const Page page = page_of(load.window, r, c);
            add(prog::ReadTile{load.window.tensor, page.number, load.to.channel, t, page.valid}, Engine::Reader);
        });
    if (!section.streams.empty()) add(prog::NocSync{NocCall::ReadBarrier}, Engine::Reader);
    for (const placed::Load& load : section.streams) {
        channel(ChannelCall::PushBack, load.to.channel, part, Engine::Reader);
        channel(ChannelCall::WaitFront, load.to.channel, part, Engine::Compute);
    }
}

// body(first row and column) of each subblock: row after row, or down each column for a running sum.
void LaunchScheduler::subblocks(const Section& section, const std::function<void(IndexId, IndexId)>& body) {
    if (!section.scan)
        return loop("i", section.rows, section.sub_rows,
                    [&](IndexId i) { loop("j", section.cols, section.sub_cols, [&](IndexId j) { body(i, j); }); });
    loop("j", section.cols, 1, [&](IndexId j) {
        body(index_.constant(0), j);
        scan_goes_on_ = true;
        loop_from_1("i", section.rows, [&](IndexId i) { body(i, j); });
        scan_goes_on_ = false;
    });
}

// The tiles of a subblock: body(number in the subblock, row and column in the section's grid). `flat`: the body
// only needs the number and the sum row * cols + column.
void LaunchScheduler::tiles(const Section& section, IndexId i, IndexId j, bool flat,
                            const std::function<void(IndexId, IndexId, IndexId)>& body) {
    const int64_t h = section.sub_rows, w = section.sub_cols;
    if (h == 1) return loop("t", w, 1, [&](IndexId t) { body(t, i, index_.add(j, t)); });
    if (w == 1) return loop("t", h, 1, [&](IndexId t) { body(t, index_.add(i, t), j); });
    if (flat && w == section.cols) return loop("t", h * w, 1, [&](IndexId t) { body(t, i, index_.add(j, t)); });
    loop("r", h, 1, [&](IndexId r) {
        loop("c", w, 1, [&](IndexId c) {
            body(index_.add(index_.mul(r, index_.constant(w)), c), index_.add(i, r), index_.add(j, c));
        });
    });
}

void LaunchScheduler::pack(const Section& section, const placed::Output& output, IndexId i, IndexId j) {
    const int64_t part = section.sub_rows * section.sub_cols;
    auto slot = [&](IndexId t) { return index_.add(index_.constant(output.from.slot), t); };
    if (output.mode == PackMode::Stream || (output.mode == PackMode::Block && !output.to.by_columns &&
                                            (section.sub_cols == section.cols || part == section.cols * section.rows)))
        return loop("t", part, 1,
                    [&](IndexId t) { add(prog::Pack{slot(t), output.to.channel, {}, false}, Engine::Compute); });
    tiles(section, i, j, !output.to.by_columns && !output.to.is_part(), [&](IndexId t, IndexId r, IndexId c) {
        add(prog::Pack{slot(t), output.to.channel, tile_of(output.to, r, c), output.mode == PackMode::Replace},
            Engine::Compute);
    });
}

// A tile of one value, there for the whole kernel.
void LaunchScheduler::constant(const placed::ConstantTile& constant) {
    comment("a tile of " + number(constant.value) + ", made once and never popped");
    add(prog::DstSync{DstCall::Acquire}, Engine::Compute);
    prog::Call fill;
    fill.op = tensix::OpCode::fill_tile;
    fill.dst = {index_.constant(0)};
    fill.params = {static_cast<int64_t>(std::bit_cast<uint32_t>(static_cast<float>(constant.value)))};
    add(std::move(fill), Engine::Compute);
    add(prog::DstSync{DstCall::Commit}, Engine::Compute);
    channel(ChannelCall::ReserveBack, constant.channel, 1, Engine::Compute);
    add(prog::DstSync{DstCall::Wait}, Engine::Compute);
    add(prog::Pack{index_.constant(0), constant.channel, {}, false}, Engine::Compute);
    add(prog::DstSync{DstCall::Release}, Engine::Compute);
    channel(ChannelCall::PushBack, constant.channel, 1, Engine::Compute);
    channel(ChannelCall::WaitFront, constant.channel, 1, Engine::Compute);
}

// A tile of positions, there for the whole kernel.
void LaunchScheduler::index_tile(const placed::ConstantTile& tile) {
    channel(ChannelCall::ReserveBack, tile.channel, 1, Engine::Reader);
    add(prog::IndexTile{tile.channel, tile.row_step, tile.col_step}, Engine::Reader);
    channel(ChannelCall::PushBack, tile.channel, 1, Engine::Reader);
    channel(ChannelCall::WaitFront, tile.channel, 1, Engine::Compute);
}

std::string LaunchScheduler::number(double value) {
    std::ostringstream out;
    out << value;
    return out.str();
}

}  // namespace tilelang_tt::scheduling
