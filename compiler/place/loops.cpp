#include "compiler/place/placer.h"

#include <algorithm>
#include <bit>

#include "tensix/op_table.h"

namespace tilelang_tt::placed {

using tensix::DataFormat;

// The loop's carried values, if each is a sum that one matmul of the body adds to.
std::optional<std::vector<Accumulator>> Placer::accumulators(const graph::Op& op) const {
    const auto& loop = std::get<graph::For>(op.v);
    const graph::Yield* yield = yield_of(loop.body);
    std::vector<Accumulator> out;
    for (size_t i = 0; i < loop.results.size(); ++i) {
        const ValueId arg = loop.body.args[i], result = loop.results[i].id;
        if (!analysis_.live(arg) && !analysis_.live(result)) continue;
        const ValueId next = analysis_.resolve(yield->values[i]);
        const Definition& def = analysis_.definition(next);
        if (!def.op || def.region != &loop.body) return std::nullopt;
        const auto* matmul = std::get_if<graph::Matmul>(&def.op->v);
        if (!matmul || !matmul->acc || analysis_.resolve(matmul->acc) != arg) return std::nullopt;
        if (analysis_.uses(arg).size() != 1 || analysis_.uses(next).size() != 1) return std::nullopt;
        out.push_back({result, arg, analysis_.resolve(loop.inits[i]), def.op});
    }
    return out;
}

bool Placer::only_loads_and(const graph::Region& region, const std::vector<Accumulator>& accumulators) const {
    for (const graph::Op& op : region.ops) {
        if (std::get_if<graph::Load>(&op.v) || std::get_if<graph::Slice>(&op.v) || std::get_if<graph::Yield>(&op.v))
            continue;
        if (auto* matmul = std::get_if<graph::Matmul>(&op.v)) {
            const bool adds = std::any_of(accumulators.begin(), accumulators.end(),
                                          [&](const Accumulator& a) { return a.matmul == &op; });
            if (analysis_.constant(matmul->a) || analysis_.constant(matmul->b)) return false;
            if (adds && !matmul->trans_a) continue;
        }
        if (std::get_if<graph::For>(&op.v) || std::get_if<graph::If>(&op.v) || std::get_if<graph::Store>(&op.v))
            return false;
        if (analysis_.has_live_result(op) && !analysis_.constant(results_of(op)[0])) return false;
    }
    return true;
}

void Placer::count_packs(const graph::Region& region, double times, Packs& packs) const {
    constexpr double kUnknownTrips = 4;
    const tensix::DeviceSpec& device = *target_.device;
    const bool fp32 = out_.compute.fp32_dest_acc_en;
    for (const graph::Op& op : region.ops) {
        if (auto* loop = std::get_if<graph::For>(&op.v)) {
            const auto extent = ctx_.index.as_const(loop->extent);
            const double trips = extent ? static_cast<double>(*extent) : kUnknownTrips;
            const auto sums = accumulators(op);
            int64_t tiles = 0;
            bool resident = sums && !sums->empty() && only_loads_and(loop->body, *sums);
            for (size_t i = 0; resident && i < sums->size(); ++i) {
                const Accumulator& sum = (*sums)[i];
                tiles += type(sum.result).tiles();
                resident = same_grid(type(sum.result), type(sums->front().result)) &&
                           takes_operands(std::get<graph::Matmul>(sum.matmul->v));
            }
            if (resident && tiles > device.dst_tiles(fp32, false) && tiles <= device.dst_tiles(fp32, true))
                packs.spared += times * (trips - 1) * static_cast<double>(tiles);
            else
                count_packs(loop->body, times * trips, packs);
        } else if (auto* branch = std::get_if<graph::If>(&op.v)) {
            count_packs(branch->then, times, packs);
            count_packs(branch->otherwise, times, packs);
        } else if (auto* store = std::get_if<graph::Store>(&op.v)) {
            packs.waiting += times * static_cast<double>(type(store->value).tiles());
        } else if (analysis_.has_live_result(op) &&
                   (std::get_if<graph::Matmul>(&op.v) || std::get_if<graph::Reduce>(&op.v) ||
                    std::get_if<graph::Transpose>(&op.v))) {
            packs.waiting += times * static_cast<double>(type(results_of(op)[0]).tiles());
        }
    }
}

// DST as one piece holds sums of twice the size, which the packer then need not add up in L1 in every iteration; but
// nothing is computed while it packs.
bool Placer::full_sync_pays() const {
    Packs packs;
    count_packs(launch_.body, 1, packs);
    return packs.spared > packs.waiting;
}

void Placer::loop(const graph::Op& op, std::vector<Step>& steps) {
    const auto& loop = std::get<graph::For>(op.v);
    auto sums = accumulators(op);
    if (!sums) return carrying_loop(op, steps);
    if (sums->empty()) {
        flush(steps);
        Loop out;
        out.var = loop.var, out.begin = loop.begin, out.extent = loop.extent;
        region(loop.body, out.body, true, loop.num_stages);
        if (!out.body.empty()) steps.push_back({std::move(out), op.loc});
        return;
    }
    start(steps, type(sums->front().result), op.loc);
    group_.loop = &op;
    group_.accumulators = *sums;
    for (const Accumulator& sum : *sums) group_.values.insert(analysis_.resolve(sum.result));
    // Sums of different shapes cannot share a section: they end in L1.
    for (const Accumulator& sum : *sums)
        if (!same_grid(type(sum.result), group_.type)) return flush(steps);
}

// The loop in one DST section, if its sums fit; with what follows it (if `whole`), if the temporaries fit too.
bool Placer::resident(std::vector<Step>& steps, bool whole) {
    const auto& loop = std::get<graph::For>(group_.loop->v);
    if (!only_loads_and(loop.body, group_.accumulators)) return false;
    for (const Accumulator& sum : group_.accumulators)
        if (!same_grid(type(sum.result), group_.type)) return false;
    for (const Accumulator& sum : group_.accumulators)
        if (!takes_operands(std::get<graph::Matmul>(sum.matmul->v))) return false;
    const int64_t rows = group_.type.tile_rows(), cols = group_.type.tile_cols(), tiles = rows * cols;
    const int64_t sums = static_cast<int64_t>(group_.accumulators.size());
    if (sums * tiles > out_.dst_capacity) return false;

    std::vector<ValueId> preset;
    for (const Accumulator& sum : group_.accumulators) preset.push_back(sum.result);
    std::vector<Packed> packed;
    if (whole)
        packed = leaving();
    else
        for (ValueId sum : preset) packed.push_back({analysis_.resolve(sum), nullptr, {}});
    const std::vector<const graph::Op*> ops = whole ? group_.ops : std::vector<const graph::Op*>{};
    bool tile_by_tile = false;
    auto selected = select_group(ops, packed, preset, false);
    if (!selected) {
        errors_ = selected.diagnostics();
        return true;
    }
    if (selected.value().units * tiles + selected.value().shared > out_.dst_capacity) {
        tile_by_tile = true;
        selected = select_group(ops, packed, preset, true);
        if (!selected) return false;
        if (sums * tiles + (selected.value().units - sums) + selected.value().shared > out_.dst_capacity) return false;
        for (const Wanted& wanted : selected.value().wanted)
            if (wanted.unit >= sums) return false;
    }

    Section section;
    section.rows = section.sub_rows = rows;
    section.cols = section.sub_cols = cols;
    section.tile_by_tile = tile_by_tile;
    const int64_t units = selected.value().units,
                  first_shared = tile_by_tile ? sums * tiles + units - sums : units * tiles;
    auto reg = [&](int64_t unit) {
        if (unit < 0) return Register{first_shared - unit - 1, false};
        return tile_by_tile && unit >= sums ? Register{sums * tiles + (unit - sums), false}
                                            : Register{unit * tiles, true};
    };
    for (int64_t i = 0; i < sums; ++i) {
        const ValueId init = group_.accumulators[static_cast<size_t>(i)].init;
        const double* constant = analysis_.constant(init);
        if (constant && *constant == 0) continue;
        Instr start;
        start.registers = {reg(i)};
        if (constant) {
            start.op = tensix::OpCode::fill_tile;
            start.params = {static_cast<int64_t>(std::bit_cast<uint32_t>(static_cast<float>(*constant)))};
        } else {
            auto from = find(init, false);
            if (!from) return false;
            start.op = tensix::OpCode::copy_tile;
            start.tiles = {{*from, Access::Full}};
        }
        start.loc = group_.loc;
        section.steps.push_back({start, group_.loc});
    }
    Loop out;
    out.var = loop.var, out.begin = loop.begin, out.extent = loop.extent;
    for (const graph::Op& op : loop.body.ops) {
        if (auto* load = std::get_if<graph::Load>(&op.v)) {
            this->load(op, *load, out.body, Role::Stream, loop.num_stages);
        } else if (auto* slice = std::get_if<graph::Slice>(&op.v)) {
            view(*slice);
        } else if (auto* matmul = std::get_if<graph::Matmul>(&op.v)) {
            for (int64_t i = 0; i < sums; ++i) {
                if (group_.accumulators[static_cast<size_t>(i)].matmul != &op) continue;
                auto a = find(matmul->a, false), b = find(matmul->b, matmul->trans_b);
                if (!a || !b) {
                    refuse(op.loc, "TT4090", "an operand of a matmul has no place", "report this as a defect");
                    return true;
                }
                Instr instr;
                instr.op = tensix::OpCode::matmul_block;
                instr.tiles = {{*a, Access::Full}, {*b, Access::Full}};
                instr.registers = {reg(i)};
                instr.params = {matmul->trans_b, cols, rows, a->row_stride()};
                instr.k_tiles = a->cols;
                instr.loc = op.loc;
                out.body.push_back({instr, op.loc});
            }
        }
    }
    section.steps.push_back({std::move(out), group_.loc});
    if (whole)
        for (Step& step : group_.loads_after_loop) section.steps.push_back(std::move(step));
    const std::string& sum = label(group_.accumulators.front().result);
    section.why = sum + " stays in DST over the whole loop: its " + std::to_string(tiles) +
                  (tiles == 1 ? " tile fits" : " tiles fit");
    finish(section, selected.take(), packed, reg, steps);
    if (!whole) {
        for (Step& step : group_.loads_after_loop) steps.push_back(std::move(step));
        go_on(group_);
    }
    return true;
}

// Sums larger than DST: the packer adds each iteration's contribution in L1, in fp32.
void Placer::accumulate_in_l1(std::vector<Step>& steps) {
    const auto& loop = std::get<graph::For>(group_.loop->v);
    Group group = std::move(group_);
    group_ = {};
    Loop out;
    out.var = loop.var, out.begin = loop.begin, out.extent = loop.extent;
    bool start = false;
    for (const Accumulator& sum : group.accumulators) {
        const double* constant = analysis_.constant(sum.init);
        start |= !constant || *constant != 0 || ctx_.index.as_const(loop.extent).value_or(0) < 1;
    }
    for (const Accumulator& sum : group.accumulators) {
        const graph::TileType& t = type(sum.result);
        // A 32-bit result that nothing else needs is summed where the writer takes it.
        const auto& uses = analysis_.uses(sum.result);
        const graph::Op* store = uses.size() == 1 && uses[0].region == analysis_.definition(sum.result).region &&
                                         std::get_if<graph::Store>(&uses[0].op->v)
                                     ? uses[0].op
                                     : nullptr;
        if (store && mapping_.layouts[std::get<graph::Store>(store->v).to.tensor.v].format != DataFormat::Float32)
            store = nullptr;
        const ChannelId channel = add_channel(label(sum.result), store ? Role::Result : Role::Interim,
                                              DataFormat::Float32, t.tiles(), t.tiles(), group.loc);
        channels_[channel].channel.why = "the packer accumulates in it, in fp32";
        const Tiles tiles = tiles_of(channel, t, false);
        packer_adds_[analysis_.resolve(results_of(*sum.matmul)[0])] = tiles;
        out.accumulators.push_back(tiles);
        if (start) start_block(sum, tiles, out.start, group.loc);
        if (store) stored_.insert(store), whole_stores_.push_back({store, tiles});
        tiles_[{analysis_.resolve(sum.result), false}] = tiles;
    }
    out.accumulator_has_start = start;
    const graph::TileType& t = type(group.accumulators.front().result);
    const std::string grid = std::to_string(t.tile_rows()) + "x" + std::to_string(t.tile_cols());
    out.why = "the sums of " + grid + " tiles " +
              (t.tiles() * static_cast<int64_t>(group.accumulators.size()) > out_.dst_capacity
                   ? "exceed DST (" + std::to_string(out_.dst_capacity) + ")"
                   : "cannot stay in DST, which the loop and what follows it need") +
              ": the packer accumulates them in L1, in fp32";
    region(loop.body, out.body, true, loop.num_stages);
    steps.push_back({std::move(out), group.loc});
    for (Step& step : group.loads_after_loop) steps.push_back(std::move(step));
    for (auto& [store, tiles] : whole_stores_)
        steps.push_back({Store{tiles, std::get<graph::Store>(store->v).to}, store->loc});
    whole_stores_.clear();
    for (const Accumulator& sum : group.accumulators) also_by_columns(sum.result, group.loc, steps);
    group_ = std::move(group);
    go_on(group_);
}

// What follows a loop reads the sums back as it would read a load.
void Placer::go_on(Group& group) const {
    for (const Accumulator& sum : group.accumulators) {
        group.values.erase(analysis_.resolve(sum.result));
        const ValueId result = analysis_.resolve(sum.result);
        if (!stores_of(result).empty() || handed_on_.contains(result)) group.values.insert(result);
    }
    group.loop = nullptr;
    group.accumulators.clear();
    group.loads_after_loop.clear();
}

void Placer::start_block(const Accumulator& sum, const Tiles& to, std::vector<Step>& steps, LocId loc) {
    const Shape sub = best_subblock(to.rows, to.cols, out_.dst_capacity);
    Section section;
    section.rows = to.rows, section.cols = to.cols;
    section.sub_rows = sub.rows, section.sub_cols = sub.cols;
    Instr instr;
    instr.registers = {{0, true}};
    instr.loc = loc;
    if (const double* constant = analysis_.constant(sum.init)) {
        instr.op = tensix::OpCode::fill_tile;
        instr.params = {static_cast<int64_t>(std::bit_cast<uint32_t>(static_cast<float>(*constant)))};
    } else if (auto from = find(sum.init, false)) {
        instr.op = tensix::OpCode::copy_tile;
        instr.tiles = {{*from, Access::Full}};
    } else {
        return refuse(loc, "TT4090", "the start of `" + name(sum.result) + "` has no place", "report this as a defect");
    }
    section.steps.push_back({instr, loc});
    section.outputs.push_back({sum.init, {0, true}, to, PackMode::Accumulate, false});
    steps.push_back({std::move(section), loc});
}

}  // namespace tilelang_tt::placed
