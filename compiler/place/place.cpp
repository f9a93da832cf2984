#include "compiler/place/place.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <map>
#include <optional>
#include <unordered_set>
#include <utility>

#include "compiler/place/analysis.h"
#include "compiler/place/channels.h"
#include "compiler/place/select.h"
#include "tensix/op_table.h"

namespace tilelang_tt {
namespace placed {
namespace {

using graph::Orientation;
using tensix::DataFormat;
using tensix::TileFn;

struct Accumulator {
    ValueId result, arg, init;
    const graph::Op* matmul = nullptr;
};

// Operations that share DST sections: one grid of tiles, every operand either from a channel or from the group itself.
struct Group {
    bool open = false;
    graph::TileType type;             // of its values
    bool reduces = false;             // begins with a reduction
    const graph::Op* loop = nullptr;  // a loop that accumulates what the group goes on with
    std::vector<Accumulator> accumulators;
    std::vector<Step> loads_after_loop;
    std::vector<const graph::Op*> ops;
    std::unordered_set<ValueId> values;
    const graph::Region* region = nullptr;  // that it stands in
    LocId loc;
};

struct Shape {
    int64_t rows = 1, cols = 1;
};

// The subblock with the most tiles, at most `limit`, that divides the grid; the widest of equals: matmul_block unpacks
// least then (rows * (1 + cols) tiles a step).
Shape best_subblock(int64_t rows, int64_t cols, int64_t limit) {
    Shape best;
    for (int64_t h = 1; h <= std::min(rows, limit); ++h) {
        if (rows % h) continue;
        for (int64_t w = 1; w <= std::min(cols, limit / h); ++w) {
            if (cols % w) continue;
            if (h * w > best.rows * best.cols || (h * w == best.rows * best.cols && w > best.cols)) best = {h, w};
        }
    }
    return best;
}

// Functions that leave a bf16 operand's precision alone or round their result once: right in 16-bit DST.
bool exact_in_16_bits(TileFn fn) {
    switch (fn) {
        case TileFn::Identity:
        case TileFn::Cast:
        case TileFn::Add:
        case TileFn::Sub:
        case TileFn::Min:
        case TileFn::Max:
        case TileFn::Neg:
        case TileFn::Abs:
        case TileFn::Relu:
            return true;
        default:
            return false;
    }
}

class Placer {
  public:
    Placer(const TileGraph& graph, const graph::Launch& launch, const MappingPlan& mapping, const Target& target)
        : ctx_(graph.ctx), launch_(launch), mapping_(mapping), target_(target), analysis_(graph.ctx, launch) {}

    Result<LaunchResources> run() {
        configure();
        region(launch_.body, out_.steps, false);
        if (errors_.empty()) every_store_is_placed(launch_.body);
        if (!errors_.empty()) return errors_;
        unpack_modes();
        if (auto errors = channels_.fit(ctx_, target_, out_); !errors.empty()) return errors;
        return std::move(out_);
    }

  private:
    const graph::TileType& type(ValueId id) const { return launch_.value(id).type; }
    const std::string& name(ValueId id) const { return launch_.value(id).name; }

    void refuse(LocId loc, std::string code, std::string message, std::string fix, std::vector<Fact> facts = {}) {
        errors_.push_back({Severity::Error,
                           std::move(code),
                           std::move(message),
                           {ctx_.loc(loc)},
                           std::move(facts),
                           {},
                           std::move(fix)});
    }

    // A store that no section packs would leave its output as it was.
    void every_store_is_placed(const graph::Region& region) {
        for (const graph::Op& op : region.ops) {
            if (std::get_if<graph::Store>(&op.v) && !stored_.contains(&op))
                refuse(op.loc, "TT4090", "a store has no place", "report this as a defect");
            if (auto* loop = std::get_if<graph::For>(&op.v)) every_store_is_placed(loop->body);
            if (auto* branch = std::get_if<graph::If>(&op.v))
                every_store_is_placed(branch->then), every_store_is_placed(branch->otherwise);
        }
    }

    // What the user calls the value: a cast or a loop's result goes by the name of what it was made from.
    const std::string& label(ValueId id) const {
        id = analysis_.resolve(id);
        const Definition& def = analysis_.definition(id);
        if (def.op) {
            if (auto* loop = std::get_if<graph::For>(&def.op->v)) return label(loop->inits[def.position]);
            auto* eltwise = std::get_if<graph::Eltwise>(&def.op->v);
            if (eltwise && eltwise->fn == TileFn::Cast && eltwise->operands[0].value)
                return label(eltwise->operands[0].value);
        }
        return name(id);
    }

    // ---- DST width and fidelity ----
    bool needs_fp32_dest(const graph::Region& region) const {
        for (const graph::Op& op : region.ops) {
            if (auto* loop = std::get_if<graph::For>(&op.v)) {
                if (needs_fp32_dest(loop->body)) return true;
            } else if (auto* branch = std::get_if<graph::If>(&op.v)) {
                if (needs_fp32_dest(branch->then) || needs_fp32_dest(branch->otherwise)) return true;
            } else if (std::get_if<graph::Store>(&op.v) || analysis_.has_live_result(op)) {
                if (std::get_if<graph::Matmul>(&op.v) || std::get_if<graph::Reduce>(&op.v)) return true;
                std::vector<ValueId> values = operands_of(op), results = results_of(op);
                const auto* eltwise = std::get_if<graph::Eltwise>(&op.v);
                if (eltwise && !exact_in_16_bits(eltwise->fn)) return true;
                for (ValueId id : values)
                    if (eltwise && type(id).orientation != type(results[0]).orientation) return true;
                values.insert(values.end(), results.begin(), results.end());
                for (ValueId id : values)
                    if (type(id).dtype != DType::BF16) return true;
            }
        }
        return false;
    }

    void configure() {
        out_.compute.fp32_dest_acc_en = needs_fp32_dest(launch_.body);
        out_.compute.fidelity =
            target_.precision == Precision::Fast ? tensix::MathFidelity::HiFi2 : tensix::MathFidelity::HiFi4;
        out_.dst_capacity = target_.device->dst_tiles(out_.compute.fp32_dest_acc_en, out_.compute.dst_full_sync_en);
    }

    // ---- places of values ----
    std::optional<Tiles> find(ValueId id, bool by_columns) const {
        auto it = tiles_.find({analysis_.resolve(id), by_columns});
        if (it == tiles_.end()) return std::nullopt;
        return it->second;
    }

    ChannelId add_channel(const std::string& name, Role role, DataFormat format, int64_t whole, int64_t block_pages,
                          LocId loc) {
        return channels_.add(name, role, format, whole, block_pages, loc);
    }

    // Whether some live use wants the value column by column (second operand of a transposed matmul) or row by row.
    bool wanted_in(ValueId id, bool by_columns) const {
        for (const Use& use : analysis_.uses(id)) {
            const auto* matmul = std::get_if<graph::Matmul>(&use.op->v);
            const bool columns = matmul && matmul->trans_b && analysis_.resolve(matmul->b) == id;
            const bool rows = !matmul || !columns || analysis_.resolve(matmul->a) == id ||
                              (matmul->acc && analysis_.resolve(matmul->acc) == id);
            if (by_columns ? columns : rows) return true;
        }
        return false;
    }

    Tiles tiles_of(ChannelId channel, const graph::TileType& type, bool by_columns) const {
        return {channel, type.tile_rows(), type.tile_cols(), by_columns};
    }

    // ---- regions ----
    void region(const graph::Region& region, std::vector<Step>& steps, bool in_loop, int64_t stages = 0) {
        const graph::Region* outer = std::exchange(region_, &region);
        std::vector<const graph::Op*> waiting;
        for (const graph::Op& op : region.ops) {
            if (!errors_.empty()) break;
            auto place_load = [&](const graph::Op& load) {
                this->load(load, std::get<graph::Load>(load.v),
                           group_.open && group_.loop ? group_.loads_after_loop : steps, in_loop, stages);
            };
            if (auto* load = std::get_if<graph::Load>(&op.v)) {
                // A load waits for its first use: what the loop before it needs comes first.
                if (!analysis_.live(load->result.id)) continue;
                if (stores_to(region, load->from.tensor))
                    place_load(op);
                else
                    waiting.push_back(&op);
                continue;
            }
            if (std::get_if<graph::Eltwise>(&op.v) && !analysis_.has_live_result(op)) continue;
            std::erase_if(waiting, [&](const graph::Op* load) {
                const bool needed = uses(op, std::get<graph::Load>(load->v).result.id);
                // The group that a use would not join is written out first.
                if (needed && group_.open && group_.loop && !continues(op)) flush(steps);
                if (needed) place_load(*load);
                return needed;
            });
            if (std::get_if<graph::Store>(&op.v)) {
                store(op, steps);
            } else if (auto* eltwise = std::get_if<graph::Eltwise>(&op.v)) {
                if (!analysis_.live(eltwise->result.id)) continue;
                if (!joins(*eltwise)) start(steps, type(eltwise->result.id), op.loc);
                append(op);
            } else if (std::get_if<graph::Matmul>(&op.v)) {
                if (analysis_.has_live_result(op)) matmul(op, steps);
            } else if (std::get_if<graph::Transpose>(&op.v)) {
                if (!analysis_.has_live_result(op)) continue;
                start(steps, type(results_of(op)[0]), op.loc);
                append(op);
            } else if (std::get_if<graph::Reduce>(&op.v)) {
                if (analysis_.has_live_result(op)) reduce(op, steps);
            } else if (std::get_if<graph::For>(&op.v)) {
                loop(op, steps);
            } else if (std::get_if<graph::If>(&op.v)) {
                branch(op, steps, in_loop);
            } else if (auto* yield = std::get_if<graph::Yield>(&op.v)) {
                for (ValueId id : yield->values) hand_on(analysis_.resolve(id), op.loc, steps);
            }
        }
        flush(steps);
        region_ = outer;
    }

    static bool stores_to(const graph::Region& region, TensorId tensor) {
        for (const graph::Op& op : region.ops) {
            if (auto* store = std::get_if<graph::Store>(&op.v); store && store->to.tensor == tensor) return true;
            if (auto* loop = std::get_if<graph::For>(&op.v); loop && stores_to(loop->body, tensor)) return true;
            if (auto* branch = std::get_if<graph::If>(&op.v))
                if (stores_to(branch->then, tensor) || stores_to(branch->otherwise, tensor)) return true;
        }
        return false;
    }

    // Whether the operation, or one inside of it, reads the value.
    bool uses(const graph::Op& op, ValueId value) const {
        for (ValueId id : operands_of(op))
            if (analysis_.resolve(id) == value) return true;
        auto any = [&](const graph::Region& region) {
            return std::any_of(region.ops.begin(), region.ops.end(),
                               [&](const graph::Op& inner) { return uses(inner, value); });
        };
        if (auto* loop = std::get_if<graph::For>(&op.v)) return any(loop->body);
        if (auto* branch = std::get_if<graph::If>(&op.v)) return any(branch->then) || any(branch->otherwise);
        return false;
    }

    bool continues(const graph::Op& op) const {
        if (auto* eltwise = std::get_if<graph::Eltwise>(&op.v)) return joins(*eltwise);
        return false;
    }

    void load(const graph::Op& op, const graph::Load& load, std::vector<Step>& steps, bool in_loop, int64_t stages) {
        const ValueId id = load.result.id;
        if (!analysis_.live(id)) return;
        const graph::TileType& t = type(id);
        for (bool by_columns : {false, true}) {
            if (!wanted_in(id, by_columns)) continue;
            const DataFormat format = mapping_.layouts[load.from.tensor.v].format;
            ChannelId channel =
                add_channel(name(id), in_loop ? Role::Stream : Role::Operand, format, t.tiles(), t.tiles(), op.loc);
            if (in_loop) channels_[channel].stages = stages;
            const Tiles tiles = tiles_of(channel, t, by_columns);
            tiles_[{id, by_columns}] = tiles;
            steps.push_back({Load{id, tiles, load.from}, op.loc});
        }
    }

    // ---- groups ----
    void start(std::vector<Step>& steps, const graph::TileType& type, LocId loc) {
        flush(steps);
        group_.open = true;
        group_.type = type;
        group_.region = region_;
        group_.loc = loc;
    }

    void append(const graph::Op& op) {
        group_.ops.push_back(&op);
        for (ValueId id : results_of(op)) group_.values.insert(analysis_.resolve(id));
    }

    bool same_grid(const graph::TileType& a, const graph::TileType& b) const {
        return a.orientation == b.orientation && a.tile_rows() == b.tile_rows() && a.tile_cols() == b.tile_cols();
    }

    bool joins(const graph::Eltwise& op) const {
        if (!group_.open || !same_grid(type(op.result.id), group_.type)) return false;
        // After a reduction the packer keeps one row or column: only what comes from its result may be packed with it.
        if (group_.reduces && std::none_of(op.operands.begin(), op.operands.end(), [&](const graph::Operand& operand) {
                return operand.value && group_.values.contains(analysis_.resolve(operand.value));
            }))
            return false;
        for (const graph::Operand& operand : op.operands)
            if (operand.value && group_.values.contains(analysis_.resolve(operand.value)) &&
                !same_grid(type(operand.value), group_.type))
                return false;
        return true;
    }

    void store(const graph::Op& op, std::vector<Step>& steps) {
        if (stored_.contains(&op)) return;
        const ValueId value = analysis_.resolve(std::get<graph::Store>(op.v).value);
        if (!group_.open || !group_.values.contains(value)) {
            start(steps, type(value), op.loc);
            group_.values.insert(value);
        }
    }

    void matmul(const graph::Op& op, std::vector<Step>& steps) {
        graph::Op copy = op;
        auto& matmul = std::get<graph::Matmul>(copy.v);
        flush(steps);
        if (matmul.trans_a && !transposed_operand(matmul, op.loc, steps)) return;
        one_exponent_width(matmul, op, steps);
        auto adds = packer_adds_.find(analysis_.resolve(matmul.result.id));
        if (adds != packer_adds_.end()) matmul.acc = {};
        start(steps, type(matmul.result.id), op.loc);
        owned_.push_back(std::move(copy));
        append(owned_.back());
    }

    // Only in1 can be transposed by the matmul itself, so in0 goes through transpose_tile into a channel of its own.
    bool transposed_operand(graph::Matmul& matmul, LocId loc, std::vector<Step>& steps) {
        const ValueId a = analysis_.resolve(matmul.a);
        auto from = find(a, false);
        if (!from) {
            refuse(loc, "TT4090", "operand `" + name(a) + "` of a matmul has no place", "report this as a defect");
            return false;
        }
        const int64_t rows = from->cols, cols = from->rows;
        const DataFormat format = channels_[from->channel].channel.format;
        const ChannelId channel = add_channel(name(a) + "_T", Role::Interim, format, rows * cols, rows * cols, loc);
        Section section;
        section.rows = rows, section.cols = cols;
        const Shape sub = best_subblock(rows, cols, out_.dst_capacity);
        section.sub_rows = sub.rows, section.sub_cols = sub.cols;
        section.why = "matmul transposes its second operand only: " + name(a) + " is turned tile by tile first";
        Instr instr;
        instr.op = tensix::OpCode::transpose_tile;
        instr.tiles = {{{from->channel, rows, cols, true}, Access::Full}};
        instr.registers = {{0, true}};
        instr.loc = loc;
        section.steps.push_back({instr, loc});
        const Tiles to{channel, rows, cols, false};
        section.outputs.push_back({a, {0, true}, to, PackMode::Block, false});
        steps.push_back({std::move(section), loc});
        matmul.trans_a = false;
        matmul.a = stand_in(to);
        return true;
    }

    // SrcA and SrcB hold either 5 or 8 bits of exponent. Where one operand is fp16 and the other a sum of fp16 that has
    // been kept in fp32, the sum is rounded to its dtype first.
    void one_exponent_width(graph::Matmul& matmul, const graph::Op& op, std::vector<Step>& steps) {
        const auto& original = std::get<graph::Matmul>(op.v);
        auto is_fp16 = [&](const Tiles& tiles) {
            return channels_[tiles.channel].channel.format == DataFormat::Float16;
        };
        const auto a = find_operand(matmul.a, false), b = find_operand(matmul.b, matmul.trans_b);
        if (!a || !b || is_fp16(*a) == is_fp16(*b)) return;
        const bool first = !is_fp16(*a);
        const ValueId wide = first ? original.a : original.b;
        if (format_of(type(wide).dtype) != DataFormat::Float16)
            return refuse(op.loc, "TT4024",
                          "the matrix engine multiplies float16 with float16 only; `" + name(wide) + "` is " +
                              std::string(to_string(type(wide).dtype)),
                          "copy one operand to the dtype of the other first");
        const Tiles rounded = mapped(first ? *a : *b, {}, type(wide), name(wide), op.loc, steps);
        (first ? matmul.a : matmul.b) = stand_in(rounded);
    }

    // A value of its own for an operand that has been prepared for one matmul.
    ValueId stand_in(const Tiles& tiles) {
        const ValueId id(launch_.values.size() + stand_ins_.size());
        stand_ins_[id] = tiles;
        return id;
    }

    // ---- loops ----
    // The loop's carried values, if each is a sum that one matmul of the body adds to.
    std::optional<std::vector<Accumulator>> accumulators(const graph::Op& op) const {
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

    bool only_loads_and(const graph::Region& region, const std::vector<Accumulator>& accumulators) const {
        for (const graph::Op& op : region.ops) {
            if (std::get_if<graph::Load>(&op.v) || std::get_if<graph::Yield>(&op.v)) continue;
            if (auto* matmul = std::get_if<graph::Matmul>(&op.v)) {
                const bool adds = std::any_of(accumulators.begin(), accumulators.end(),
                                              [&](const Accumulator& a) { return a.matmul == &op; });
                if (adds && !matmul->trans_a) continue;
            }
            if (std::get_if<graph::For>(&op.v) || std::get_if<graph::If>(&op.v) || std::get_if<graph::Store>(&op.v))
                return false;
            if (analysis_.has_live_result(op) && !analysis_.constant(results_of(op)[0])) return false;
        }
        return true;
    }

    void loop(const graph::Op& op, std::vector<Step>& steps) {
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

    // ---- values that cross the edge of a loop's body or a branch ----
    // Room for a value of the type that one iteration or branch leaves to what follows. A carried value needs room for
    // its successor beside it: tile indices count from the read pointer without wrapping, so both are whole blocks of a
    // ring.
    Tiles hand_over(ValueId value, int64_t blocks, const std::string& why, LocId loc) {
        const graph::TileType& t = type(value);
        const ChannelId id =
            add_channel(label(value), Role::Interim, format_of(t.dtype), blocks * t.tiles(), t.tiles(), loc);
        channels_[id].channel.why = why;
        return tiles_of(id, t, false);
    }

    // Packs a value that is in a channel, or constant, to where it is handed on; what a group makes goes there at once.
    void hand_on(ValueId value, LocId loc, std::vector<Step>& steps) {
        auto it = handed_on_.find(value);
        if (it == handed_on_.end() || it->second.empty()) return;
        if (group_.open && group_.values.contains(value)) return;  // packed when the group is written out
        start(steps, type(value), loc);
        if (handed_on_[value].empty()) {  // writing the open group out has done it
            group_ = {};
            return;
        }
        group_.values.insert(value);
    }

    void carrying_loop(const graph::Op& op, std::vector<Step>& steps) {
        const auto& loop = std::get<graph::For>(op.v);
        const graph::Yield* yield = yield_of(loop.body);
        flush(steps);
        Loop out;
        out.var = loop.var, out.begin = loop.begin, out.extent = loop.extent;
        std::vector<std::pair<size_t, Tiles>> carried;
        for (size_t i = 0; i < loop.results.size(); ++i) {
            if (!analysis_.live(loop.body.args[i]) && !analysis_.live(loop.results[i].id)) continue;
            const Tiles tiles =
                hand_over(loop.results[i].id, 2, "2 blocks deep: the old and the new value of an iteration", op.loc);
            carried.push_back({i, tiles});
            out.carried.push_back(tiles);
            const ValueId init = analysis_.resolve(loop.inits[i]);
            handed_on_[init].push_back(tiles);
            start(steps, type(init), op.loc);
            group_.values.insert(init);
            flush(steps);
        }
        for (const auto& [i, tiles] : carried) {
            tiles_[{loop.body.args[i], false}] = tiles;
            handed_on_[analysis_.resolve(yield->values[i])].push_back(tiles);
        }
        region(loop.body, out.body, true, loop.num_stages);
        for (const auto& [i, tiles] : carried) tiles_[{loop.results[i].id, false}] = tiles;
        steps.push_back({std::move(out), op.loc});
    }

    void branch(const graph::Op& op, std::vector<Step>& steps, bool in_loop) {
        const auto& branch = std::get<graph::If>(op.v);
        flush(steps);
        Branch out{branch.cond, {}, {}, {}};
        std::vector<size_t> live;
        for (size_t i = 0; i < branch.results.size(); ++i) {
            if (!analysis_.live(branch.results[i].id)) continue;
            live.push_back(i);
            out.results.push_back(hand_over(branch.results[i].id, 1, "of either branch", op.loc));
        }
        for (auto [from, to] : {std::pair{&branch.then, &out.then}, std::pair{&branch.otherwise, &out.otherwise}}) {
            for (size_t n = 0; n < live.size(); ++n)
                handed_on_[analysis_.resolve(yield_of(*from)->values[live[n]])].push_back(out.results[n]);
            region(*from, *to, in_loop);
        }
        for (size_t n = 0; n < live.size(); ++n) tiles_[{branch.results[live[n]].id, false}] = out.results[n];
        if (!out.then.empty() || !out.otherwise.empty()) steps.push_back({std::move(out), op.loc});
    }

    // ---- reductions ----
    // reduce_tile sums and takes maxima, of tiles in a channel; the other kinds need a map before it, into a channel,
    // and minima a change of sign after it.
    void reduce(const graph::Op& op, std::vector<Step>& steps) {
        graph::Op copy = op;
        auto& reduce = std::get<graph::Reduce>(copy.v);
        flush(steps);
        const graph::TileType& from = type(reduce.value);
        const bool over_rows = reduce.dim != 1, over_cols = reduce.dim != 0;
        if ((over_rows && from.orientation != Orientation::Row && from.rows % kTileDim) ||
            (over_cols && from.orientation != Orientation::Col && from.cols % kTileDim))
            return refuse(op.loc, "TT4022", "the reduction of `" + name(reduce.value) + "` ends inside a 32x32 tile",
                          "reduce blocks whose size is a multiple of 32");
        if (!is_float(from.dtype))
            return refuse(op.loc, "TT4023", "the chip reduces no integers (`" + name(reduce.value) + "`)",
                          "cast to float32 first");
        using tensix::ReduceFn;
        std::vector<tensix::OpCode> map;
        if (reduce.fn == ReduceFn::AbsSum || reduce.fn == ReduceFn::AbsMax) map.push_back(tensix::OpCode::abs_tile);
        if (reduce.fn == ReduceFn::Any || reduce.fn == ReduceFn::All) map.push_back(tensix::OpCode::unary_ne_tile);
        if (reduce.fn == ReduceFn::Min || reduce.fn == ReduceFn::All) map.push_back(tensix::OpCode::negative_tile);
        auto tiles = find(reduce.value, false);
        if (!tiles)
            return refuse(op.loc, "TT4090", "the operand of a reduction has no place", "report this as a defect");
        if (!map.empty()) tiles = mapped(*tiles, map, from, name(reduce.value), op.loc, steps);
        const DataFormat format = channels_[tiles->channel].channel.format;
        // Maxima along rows pass through bf16, other operands through SrcA (docs/semantics.md, section 4).
        const bool sum = reduce.fn == ReduceFn::Sum || reduce.fn == ReduceFn::AbsSum;
        const int64_t kept = over_cols && !sum ? 7 : 10;
        if (tensix::element_bits(format) == 32 || (format == DataFormat::Float16 && kept < 10))
            out_.remarks.push_back(name(reduce.value) + " is reduced by the FPU, which keeps " + std::to_string(kept) +
                                   " of its mantissa bits");
        if (reduce.dim == -1) tiles = rows_first(reduce, *tiles, op.loc, steps);
        reduce_operand_[reduce.result.id] = {*tiles, ones(format)};
        start(steps, type(reduce.result.id), op.loc);
        group_.reduces = true;
        owned_.push_back(std::move(copy));
        append(owned_.back());
    }

    // Calls of one operand on all tiles of a channel, into another.
    Tiles mapped(const Tiles& from, const std::vector<tensix::OpCode>& calls, const graph::TileType& type,
                 const std::string& name, LocId loc, std::vector<Step>& steps) {
        Section section;
        section.rows = from.rows, section.cols = from.cols;
        const Shape sub = best_subblock(from.rows, from.cols, out_.dst_capacity);
        section.sub_rows = sub.rows, section.sub_cols = sub.cols;
        auto add = [&](tensix::OpCode op, std::vector<TileOperand> tiles) {
            Instr instr;
            instr.op = op;
            instr.tiles = std::move(tiles);
            instr.registers = {{0, true}};
            instr.params.assign(static_cast<size_t>(tensix::op_row(op).num_params), 0);
            instr.loc = loc;
            section.steps.push_back({std::move(instr), loc});
        };
        add(tensix::OpCode::copy_tile, {{from, Access::Full}});
        for (tensix::OpCode op : calls) add(op, {});
        const ChannelId channel = add_channel(name + "_map", Role::Interim, format_of(type.dtype),
                                              from.rows * from.cols, from.rows * from.cols, loc);
        const Tiles to{channel, from.rows, from.cols, from.by_columns};
        section.outputs.push_back({{}, {0, true}, to, PackMode::Block, false});
        steps.push_back({std::move(section), loc});
        return to;
    }

    // Both dimensions: a column first, whose only column is then reduced over its rows.
    Tiles rows_first(graph::Reduce& reduce, const Tiles& from, LocId loc, std::vector<Step>& steps) {
        const bool sum = reduce.fn == tensix::ReduceFn::Sum || reduce.fn == tensix::ReduceFn::AbsSum;
        Section section;
        section.rows = from.rows, section.cols = 1;
        const Shape sub = best_subblock(from.rows, 1, out_.dst_capacity);
        section.sub_rows = sub.rows, section.sub_cols = sub.cols;
        Instr instr;
        instr.op = *tensix::find_reduce(sum ? tensix::ReduceFn::Sum : tensix::ReduceFn::Max, tensix::ReduceShape::Col);
        instr.tiles = {{from, Access::Full}, {ones(channels_[from.channel].channel.format), Access::Scalar}};
        instr.registers = {{0, true}};
        instr.k_tiles = from.cols;
        instr.loc = loc;
        section.steps.push_back({std::move(instr), loc});
        const ChannelId channel =
            add_channel(name(reduce.value) + "_rows", Role::Interim, DataFormat::Float32, from.rows, from.rows, loc);
        const Tiles to{channel, from.rows, 1, false};
        section.outputs.push_back({{}, {0, true}, to, PackMode::Block, false});
        steps.push_back({std::move(section), loc});
        return to;
    }

    // The weights of a reduction: a tile of ones. fp16 operands want them in fp16, whose exponents are shorter.
    Tiles ones(DataFormat of) {
        const DataFormat format = of == DataFormat::Float16 ? DataFormat::Float16 : DataFormat::Float16_b;
        auto [it, fresh] = ones_.try_emplace(format);
        if (fresh) {
            it->second = {add_channel("ones", Role::Interim, format, 1, 1, {}), 1, 1, false};
            channels_[it->second.channel].channel.why = "weights of reductions, made once";
            out_.constants.push_back({it->second.channel, 1});
        }
        return it->second;
    }

    // ---- from groups to sections ----
    bool used_outside(ValueId id) const {
        for (const Use& use : analysis_.uses(id)) {
            if (std::get_if<graph::Store>(&use.op->v) && use.region == group_.region) continue;
            if (std::get_if<graph::Yield>(&use.op->v)) continue;  // handed on
            if (auto* loop = std::get_if<graph::For>(&use.op->v); loop && !accumulators(*use.op)) continue;
            const bool inside = std::any_of(group_.ops.begin(), group_.ops.end(), [&](const graph::Op* op) {
                return op == use.op || (std::get_if<graph::Matmul>(&op->v) && std::get_if<graph::Matmul>(&use.op->v) &&
                                        results_of(*op) == results_of(*use.op));
            });
            if (!inside) return true;
        }
        return false;
    }

    std::vector<const graph::Op*> stores_of(ValueId id) const {
        std::vector<const graph::Op*> out;
        for (const Use& use : analysis_.uses(id))
            if (std::get_if<graph::Store>(&use.op->v) && use.region == group_.region && !stored_.contains(use.op))
                out.push_back(use.op);
        return out;
    }

    void flush(std::vector<Step>& steps) {
        if (!group_.open || !errors_.empty()) return;
        if (group_.loop && resident(steps, true)) {
            group_ = {};
            return;
        }
        if (group_.loop && errors_.empty() && !resident(steps, false)) accumulate_in_l1(steps);
        if (errors_.empty()) sections(steps);
        group_ = {};
    }

    struct Packed {
        ValueId value;
        const graph::Op* store = nullptr;  // null: for later compute
        Tiles handed_on;                   // where to, if it leaves the loop's body or branch
    };
    // What must leave the group, in the order of its operations.
    std::vector<Packed> leaving() const {
        std::vector<Packed> out;
        auto add = [&](ValueId id) {
            id = analysis_.resolve(id);
            for (const graph::Op* store : stores_of(id)) out.push_back({id, store, {}});
            if (auto it = handed_on_.find(id); it != handed_on_.end())
                for (const Tiles& to : it->second) out.push_back({id, nullptr, to});
            if (packer_adds_.contains(id))
                out.push_back({id, nullptr, {}});
            else if (used_outside(id) && !find(id, false) && !analysis_.constant(id))
                out.push_back({id, nullptr, {}});
        };
        std::unordered_set<ValueId> seen;
        for (const Accumulator& sum : group_.accumulators)
            if (seen.insert(analysis_.resolve(sum.result)).second) add(sum.result);
        for (const graph::Op* op : group_.ops)
            for (ValueId id : results_of(*op))
                if (seen.insert(analysis_.resolve(id)).second) add(id);
        for (ValueId id : group_.values)
            if (seen.insert(id).second) add(id);
        return out;
    }

    SelectOptions options(bool tile_by_tile) const {
        return {out_.compute.fp32_dest_acc_en, target_.precision, tile_by_tile};
    }

    Result<Selected> select_group(const std::vector<const graph::Op*>& ops, const std::vector<Packed>& packed,
                                  const std::vector<ValueId>& preset, bool tile_by_tile) const {
        std::vector<ValueId> wanted;
        for (const Packed& p : packed) wanted.push_back(p.value);
        return select(
            ctx_, launch_, analysis_, ops, preset, wanted,
            [this](ValueId id, bool by_columns) { return find_operand(id, by_columns); },
            [this](ValueId id) { return reduce_operand_.at(id); },
            [this](ChannelId id) { return channels_[id].channel.format; }, options(tile_by_tile));
    }

    std::optional<Tiles> find_operand(ValueId id, bool by_columns) const {
        if (auto it = stand_ins_.find(id); it != stand_ins_.end()) return it->second;
        return find(id, by_columns);
    }

    // Whether the matrix engine can take both operands as they lie, or will lie once loaded.
    bool takes_operands(const graph::Matmul& matmul) const {
        auto is_fp16 = [&](ValueId id, bool by_columns) {
            const auto tiles = find(id, by_columns);
            return (tiles ? channels_[tiles->channel].channel.format : format_of(type(id).dtype)) ==
                   DataFormat::Float16;
        };
        return is_fp16(matmul.a, false) == is_fp16(matmul.b, matmul.trans_b);
    }

    // The loop in one DST section, if its sums fit; with what follows it (if `whole`), if the temporaries fit too.
    bool resident(std::vector<Step>& steps, bool whole) {
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
        if (selected.value().units * tiles > out_.dst_capacity) {
            tile_by_tile = true;
            selected = select_group(ops, packed, preset, true);
            if (!selected) return false;
            if (sums * tiles + (selected.value().units - sums) > out_.dst_capacity) return false;
            for (const Wanted& wanted : selected.value().wanted)
                if (wanted.unit >= sums) return false;
        }

        Section section;
        section.rows = section.sub_rows = rows;
        section.cols = section.sub_cols = cols;
        section.tile_by_tile = tile_by_tile;
        auto reg = [&](int64_t unit) {
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
                this->load(op, *load, out.body, true, loop.num_stages);
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
                    instr.params = {matmul->trans_b, cols, rows, a->cols};
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
    void accumulate_in_l1(std::vector<Step>& steps) {
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
        group_ = std::move(group);
        go_on(group_);
    }

    // What follows a loop reads the sums back as it would read a load.
    void go_on(Group& group) const {
        for (const Accumulator& sum : group.accumulators) {
            group.values.erase(analysis_.resolve(sum.result));
            const ValueId result = analysis_.resolve(sum.result);
            if (!stores_of(result).empty() || handed_on_.contains(result)) group.values.insert(result);
        }
        group.loop = nullptr;
        group.accumulators.clear();
        group.loads_after_loop.clear();
    }

    void start_block(const Accumulator& sum, const Tiles& to, std::vector<Step>& steps, LocId loc) {
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
            return refuse(loc, "TT4090", "the start of `" + name(sum.result) + "` has no place",
                          "report this as a defect");
        }
        section.steps.push_back({instr, loc});
        section.outputs.push_back({sum.init, {0, true}, to, PackMode::Accumulate, false});
        steps.push_back({std::move(section), loc});
    }

    // Sections over the subblocks of a group without a loop.
    void sections(std::vector<Step>& steps) {
        const std::vector<Packed> packed = leaving();
        if (packed.empty()) return;
        auto selected = select_group(group_.ops, packed, {}, false);
        if (!selected) {
            errors_ = selected.diagnostics();
            return;
        }
        const int64_t units = selected.value().units;
        if (units > out_.dst_capacity) return split(units, steps);
        Section section;
        section.rows = group_.type.tile_rows(), section.cols = group_.type.tile_cols();
        const Shape sub = best_subblock(section.rows, section.cols, out_.dst_capacity / std::max<int64_t>(1, units));
        section.sub_rows = sub.rows, section.sub_cols = sub.cols;
        const int64_t tiles = sub.rows * sub.cols;
        finish(section, selected.take(), packed, [tiles](int64_t unit) { return Register{unit * tiles, true}; }, steps);
    }

    // Values that are live at once exceed DST: the group becomes two, and what the second needs of the first goes
    // through channels.
    void split(int64_t units, std::vector<Step>& steps) {
        Group all = std::move(group_);
        if (all.ops.size() < 2)
            return refuse(all.loc, "TT4003", "an operation needs more tiles at once than DST holds",
                          "compute it in parts",
                          {{"tiles in DST", std::to_string(out_.dst_capacity), std::to_string(units)}});
        const auto middle = all.ops.begin() + static_cast<std::ptrdiff_t>(all.ops.size() / 2);
        Group first = all, second = all;
        first.ops.assign(all.ops.begin(), middle);
        second.ops.assign(middle, all.ops.end());
        first.values.clear();
        for (const graph::Op* op : first.ops)
            for (ValueId id : results_of(*op)) {
                first.values.insert(analysis_.resolve(id));
                second.values.erase(analysis_.resolve(id));
            }
        second.reduces = false;
        for (Group* part : {&first, &second}) {
            group_ = std::move(*part);
            if (errors_.empty()) sections(steps);
        }
    }

    template <class GiveSlot>
    void finish(Section& section, Selected selected, const std::vector<Packed>& packed, GiveSlot reg,
                std::vector<Step>& steps) {
        for (Instr& instr : selected.instrs) {
            for (Register& r : instr.registers) r = reg(r.slot);
            if (instr.op == tensix::OpCode::matmul_block) {
                instr.params[1] = section.sub_cols;
                instr.params[2] = section.sub_rows;
            }
            section.steps.push_back({std::move(instr), group_.loc});
        }
        const int64_t whole = section.rows * section.cols, part = section.sub_rows * section.sub_cols;
        for (size_t i = 0; i < packed.size(); ++i) {
            const ValueId value = packed[i].value;
            Output output;
            output.value = value;
            output.from = reg(selected.wanted[i].unit);
            if (packed[i].store) {
                const auto& store = std::get<graph::Store>(packed[i].store->v);
                std::string label = this->label(value);
                if (channels_.has(label)) label += "_out";
                const ChannelId channel = add_channel(label, Role::Result, mapping_.layouts[store.to.tensor.v].format,
                                                      whole, part, packed[i].store->loc);
                output.to = {channel, section.rows, section.cols, false};
                output.mode = PackMode::Stream;
                section.stores.push_back({output.to, store.to});
                stored_.insert(packed[i].store);
                section.outputs.push_back(output);
            } else if (packed[i].handed_on.channel) {
                output.to = packed[i].handed_on;
                output.mode = PackMode::Block;
                output.handed_on = true;
                section.outputs.push_back(output);
            } else if (auto adds = packer_adds_.find(value); adds != packer_adds_.end()) {
                output.to = adds->second;
                output.mode = PackMode::Accumulate;
                section.outputs.push_back(output);
            } else {
                for (bool by_columns : {false, true}) {
                    if (!wanted_in(value, by_columns)) continue;
                    const ChannelId channel =
                        add_channel(label(value), Role::Interim, interim_format(value), whole, whole, group_.loc);
                    output.to = {channel, section.rows, section.cols, by_columns};
                    output.mode = PackMode::Block;
                    tiles_[{value, by_columns}] = output.to;
                    section.outputs.push_back(output);
                }
            }
        }
        for (const Packed& p : packed)
            if (p.handed_on.channel) handed_on_.erase(p.value);
        steps.push_back({std::move(section), group_.loc});
    }

    // Sums are kept in fp32 until they are rounded once.
    DataFormat interim_format(ValueId value) const {
        const bool sum = std::any_of(group_.accumulators.begin(), group_.accumulators.end(),
                                     [&](const Accumulator& a) { return analysis_.resolve(a.result) == value; });
        return sum ? DataFormat::Float32 : format_of(type(value).dtype);
    }

    // ---- unpack modes ----
    struct Reads {
        bool copied = false, computed = false;  // by copy_tile; by anything else
        bool keeps_bits = false;                // some result needs more than the 10 mantissa bits of SrcA
    };

    void note_reads(const std::vector<Step>& steps, const Section* section, std::map<uint32_t, Reads>& reads) const {
        for (const Step& step : steps) {
            if (auto* inner = std::get_if<Section>(&step.v)) {
                note_reads(inner->steps, inner, reads);
            } else if (auto* loop = std::get_if<Loop>(&step.v)) {
                note_reads(loop->start, section, reads);
                note_reads(loop->body, section, reads);
            } else if (auto* branch = std::get_if<Branch>(&step.v)) {
                note_reads(branch->then, section, reads);
                note_reads(branch->otherwise, section, reads);
            } else if (auto* instr = std::get_if<Instr>(&step.v)) {
                for (const TileOperand& operand : instr->tiles) {
                    Reads& r = reads[operand.tiles.channel.v];
                    (instr->op == tensix::OpCode::copy_tile ? r.copied : r.computed) = true;
                    r.keeps_bits |= section && !rounds_at_once(*section);
                }
            }
        }
    }

    // Only scaling, clipping and rounding to 16 bits: dropping bits below the result's does no harm.
    bool rounds_at_once(const Section& section) const {
        for (const Output& output : section.outputs)
            if (tensix::element_bits(channels_[output.to.channel].channel.format) > 16) return false;
        for (const Step& step : section.steps) {
            const auto* instr = std::get_if<Instr>(&step.v);
            if (!instr) return false;
            if (instr->op != tensix::OpCode::copy_tile && instr->op != tensix::OpCode::mul_unary_tile &&
                instr->op != tensix::OpCode::relu_tile)
                return false;
        }
        return true;
    }

    // A 32-bit channel that copy_tile alone reads goes straight to DST and keeps its bits.
    void unpack_modes() {
        std::map<uint32_t, Reads> reads;
        note_reads(out_.steps, nullptr, reads);
        for (const auto& [channel, r] : reads) {
            prog::Channel& c = channels_[ChannelId(channel)].channel;
            if (tensix::element_bits(c.format) != 32 || !r.copied) continue;
            const bool integer = tensix::is_integer(c.format);
            if (r.computed) {
                if (r.keeps_bits && !integer)
                    out_.remarks.push_back(c.name + " is read by the FPU too: its fp32 values keep 10 mantissa bits");
                continue;
            }
            if (integer || (r.keeps_bits && target_.precision != Precision::Fast)) c.unpack = prog::UnpackMode::ToDest;
        }
    }

    const Context& ctx_;
    const graph::Launch& launch_;
    const MappingPlan& mapping_;
    const Target& target_;
    Analysis analysis_;
    LaunchResources out_;
    ChannelTable channels_;
    Group group_;
    const graph::Region* region_ = nullptr;  // being walked
    std::map<std::pair<ValueId, bool>, Tiles> tiles_;
    std::unordered_map<ValueId, Tiles> stand_ins_;
    std::unordered_map<ValueId, Tiles> packer_adds_;  // by the matmul's result
    std::unordered_set<const graph::Op*> stored_;
    std::vector<std::pair<const graph::Op*, Tiles>> whole_stores_;
    std::unordered_map<ValueId, std::vector<Tiles>> handed_on_;
    std::unordered_map<ValueId, std::pair<Tiles, Tiles>> reduce_operand_;  // data and weights, by the result
    std::map<DataFormat, Tiles> ones_;
    std::deque<graph::Op> owned_;
    std::vector<Diagnostic> errors_;
};

}  // namespace
}  // namespace placed

Result<ResourcePlan> place(const TileGraph& graph, const MappingPlan& mapping, const Target& target) {
    ResourcePlan plan;
    std::vector<Diagnostic> errors;
    for (const graph::Launch& launch : graph.launches) {
        auto resources = placed::Placer(graph, launch, mapping, target).run();
        if (resources)
            plan.launches.push_back(resources.take());
        else
            errors.insert(errors.end(), resources.diagnostics().begin(), resources.diagnostics().end());
    }
    if (!errors.empty()) return errors;
    return plan;
}

}  // namespace tilelang_tt
