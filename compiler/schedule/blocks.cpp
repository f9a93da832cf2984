// Which blocks a core computes: a share of all, or its part of a rectangle; and the grid's variables from the block's
// number.
#include "compiler/schedule/scheduler.h"

#include <algorithm>

namespace tilelang_tt::scheduling {

prog::For LaunchScheduler::share(prog::Launch& out) {
    IndexId total = index_.constant(1);
    for (IndexId extent : launch_.grid_extents) total = index_.mul(total, extent);
    const IndexId cores = index_.constant(split_.cores), core = index_.of(out.core);
    const IndexId share = index_.floordiv(total, cores), rest = index_.floormod(total, cores);
    const IndexId first = index_.add(index_.mul(core, share), index_.min(core, rest));
    const IndexId count = index_.add(share, index_.lt(core, rest));
    const VarId first_block = index_.new_var({"first_block", VarKind::CoreArg, 0, {}});
    const VarId num_blocks = index_.new_var({"num_blocks", VarKind::CoreArg, 0, {}});
    const VarId block = index_.new_var({"block", VarKind::Loop, 0, {}});
    if (auto n = index_.as_const(total)) index_.var(block).hi = *n - 1;
    out.core_args = {{first_block, first, {}}, {num_blocks, count, {}}};
    return {block, index_.of(first_block), index_.of(num_blocks), 1, {}};
}

// The same number of blocks for every core, numbered from 0 within its own part of the two axes.
prog::For LaunchScheduler::rectangle(prog::Launch& out) {
    const IndexId columns = index_.constant(split_.grid_x), core = index_.of(out.core);
    int64_t blocks = 1;
    for (size_t axis = 0; axis < launch_.grid.size(); ++axis) blocks *= part(axis);
    for (auto [var, at] : {std::pair{split_.across, index_.floormod(core, columns)},
                           std::pair{split_.down, index_.floordiv(core, columns)}}) {
        const auto axis = axis_of(var);
        const int64_t last = *index_.as_const(launch_.grid_extents[axis]) - part(axis);
        const VarId first = index_.new_var({"first_" + index_.var(var).name, VarKind::CoreArg, 0, last});
        out.core_args.push_back({first, index_.mul(at, index_.constant(part(axis))), {}});
        first_[var] = index_.of(first);
    }
    const VarId block = index_.new_var({"block", VarKind::Loop, 0, blocks - 1});
    return {block, index_.constant(0), index_.constant(blocks), 1, {}};
}

size_t LaunchScheduler::axis_of(VarId var) const {
    return static_cast<size_t>(std::find(launch_.grid.begin(), launch_.grid.end(), var) - launch_.grid.begin());
}

// Values of a grid axis that one core of a rectangle goes through.
int64_t LaunchScheduler::part(size_t axis) const {
    const int64_t extent = *index_.as_const(launch_.grid_extents[axis]);
    return launch_.grid[axis] == split_.across ? extent / split_.grid_x
           : launch_.grid[axis] == split_.down ? extent / split_.grid_y
                                               : extent;
}

std::vector<prog::Op> LaunchScheduler::grid_lets(VarId block) {
    std::vector<prog::Op> out;
    IndexId faster = index_.constant(1);
    for (size_t n = split_.order.size(); n-- > 0;) {
        const VarId var = split_.order[n];
        const size_t axis = axis_of(var);
        const IndexId whole = launch_.grid_extents[axis];
        const IndexId extent = split_.rectangle() ? index_.constant(part(axis)) : whole;
        if (!index_.var(var).lo) index_.var(var).lo = 0;
        if (auto e = index_.as_const(whole); e && !index_.var(var).hi) index_.var(var).hi = *e - 1;
        // A core with one block needs no count.
        IndexId value = index_.var(block).hi == 0 ? index_.constant(0) : index_.floordiv(index_.of(block), faster);
        if (n > 0) value = index_.floormod(value, extent);
        if (auto first = first_.find(var); first != first_.end()) value = index_.add(first->second, value);
        out.insert(out.begin(), {prog::Let{var, value}, {}, launch_.loc});
        faster = index_.mul(faster, extent);
    }
    return out;
}

Engines LaunchScheduler::engines_using(const prog::Region& region, VarId var) const {
    Engines engines;
    auto check = [&](IndexId id, Engines by) {
        if (id && index_.uses(id, var)) engines = engines | by;
    };
    for (const prog::Op& op : region.ops) {
        if (auto* let = std::get_if<prog::Let>(&op.v)) check(let->value, op.engines);
        if (auto* loop = std::get_if<prog::For>(&op.v)) {
            check(loop->begin, op.engines), check(loop->extent, op.engines);
            engines = engines | engines_using(loop->body, var);
        } else if (auto* branch = std::get_if<prog::If>(&op.v)) {
            check(branch->cond, op.engines);
            engines = engines | engines_using(branch->then, var) | engines_using(branch->otherwise, var);
        } else if (auto* multicast = std::get_if<prog::Multicast>(&op.v)) {
            engines = engines | engines_using(multicast->body, var);
        } else if (auto* read = std::get_if<prog::ReadTile>(&op.v)) {
            check(read->page, op.engines), check(read->slot, op.engines), check(read->valid, op.engines);
        } else if (auto* write = std::get_if<prog::WriteTile>(&op.v)) {
            check(write->page, op.engines), check(write->slot, op.engines), check(write->valid, op.engines);
        } else if (auto* rows = std::get_if<prog::ReadRows>(&op.v)) {
            for (IndexId id : {rows->page, rows->page_step, rows->rows, rows->col, rows->cols}) check(id, op.engines);
        } else if (auto* rows = std::get_if<prog::WriteRows>(&op.v)) {
            for (IndexId id : {rows->page, rows->page_step, rows->rows, rows->col, rows->cols}) check(id, op.engines);
        } else if (auto* call = std::get_if<prog::Call>(&op.v)) {
            for (IndexId id : call->tiles) check(id, op.engines);
            for (IndexId id : call->dst) check(id, op.engines);
            for (IndexId id : call->args) check(id, op.engines);
        } else if (auto* pack = std::get_if<prog::Pack>(&op.v)) {
            check(pack->dst, op.engines), check(pack->slot, op.engines);
        }
    }
    return engines;
}

}  // namespace tilelang_tt::scheduling
