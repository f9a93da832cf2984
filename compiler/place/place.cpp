#include "compiler/place/place.h"

#include <algorithm>
#include <utility>

#include "compiler/ir/padding.h"
#include "compiler/ir/walk.h"
#include "compiler/place/placer.h"
#include "compiler/place/sharing.h"
#include "compiler/place/streaming.h"

namespace tilelang_tt {
namespace placed {

using tensix::DataFormat;
using tensix::TileFn;

namespace {

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

}  // namespace

// What is summed up beyond the edge of an operand must be known not to count.
void Placer::every_rest_is_padded() {
    std::vector<bool> pad_is_zero;
    for (const TensorLayout& layout : mapping_.layouts) pad_is_zero.push_back(layout.pad_is_zero);
    const Padding padding(ctx_, launch_, std::move(pad_is_zero));
    each_op(launch_.body, [&](const graph::Op& op) {
        for (const PadNeed& need : pad_needs(launch_, op))
            if (!satisfied(padding.of(need.value), need))
                refuse(op.loc, "TT4022",
                       "`" + name(need.value) + "` ends inside a 32x32 tile, and what follows is not known",
                       "report this as a defect");
    });
}

Result<LaunchResources> Placer::run() {
    every_rest_is_padded();
    if (!errors_.empty()) return errors_;
    configure();
    region(launch_.body, out_.steps, false);
    if (errors_.empty()) every_store_is_placed(launch_.body);
    if (!errors_.empty()) return errors_;
    unpack_modes();
    if (!channels_.fits(target_, ChannelTable::Depth::Wanted)) share_channels(channels_, out_);
    stream_operands(channels_, out_, target_);
    if (auto errors = channels_.fit(ctx_, target_, out_); !errors.empty()) return errors;
    return std::move(out_);
}

void Placer::refuse(LocId loc, std::string code, std::string message, std::string fix, std::vector<Fact> facts) {
    errors_.push_back(
        {Severity::Error, std::move(code), std::move(message), {ctx_.loc(loc)}, std::move(facts), {}, std::move(fix)});
}

// A store that no section packs would leave its output as it was.
void Placer::every_store_is_placed(const graph::Region& region) {
    for (const graph::Op& op : region.ops) {
        if (std::get_if<graph::Store>(&op.v) && !stored_.contains(&op))
            refuse(op.loc, "TT4090", "a store has no place", "report this as a defect");
        if (auto* loop = std::get_if<graph::For>(&op.v)) every_store_is_placed(loop->body);
        if (auto* branch = std::get_if<graph::If>(&op.v))
            every_store_is_placed(branch->then), every_store_is_placed(branch->otherwise);
    }
}

// What the user calls the value: a cast or a loop's result goes by the name of what it was made from.
const std::string& Placer::label(ValueId id) const {
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

bool Placer::needs_fp32_dest(const graph::Region& region) const {
    for (const graph::Op& op : region.ops) {
        if (auto* loop = std::get_if<graph::For>(&op.v)) {
            if (needs_fp32_dest(loop->body)) return true;
        } else if (auto* branch = std::get_if<graph::If>(&op.v)) {
            if (needs_fp32_dest(branch->then) || needs_fp32_dest(branch->otherwise)) return true;
        } else if (std::get_if<graph::Store>(&op.v) || analysis_.has_live_result(op)) {
            if (std::get_if<graph::Matmul>(&op.v) || std::get_if<graph::Reduce>(&op.v) ||
                std::get_if<graph::Scan>(&op.v))
                return true;
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

void Placer::configure() {
    out_.compute.fp32_dest_acc_en = needs_fp32_dest(launch_.body);
    out_.compute.fidelity = target_.math_fidelity();
    out_.compute.dst_full_sync_en = full_sync_pays();
    out_.dst_capacity = target_.device->dst_tiles(out_.compute.fp32_dest_acc_en, out_.compute.dst_full_sync_en);
}

std::optional<Tiles> Placer::find(ValueId id, bool by_columns) const {
    auto it = tiles_.find({analysis_.resolve(id), by_columns});
    if (it == tiles_.end()) return std::nullopt;
    return it->second;
}

// Whether some live use wants the value column by column (second operand of a transposed matmul) or row by row.
bool Placer::wanted_in(ValueId id, bool by_columns) const {
    for (const Use& use : analysis_.uses(id)) {
        if (auto* slice = std::get_if<graph::Slice>(&use.op->v)) {
            if (wanted_in(slice->result.id, by_columns)) return true;
            continue;
        }
        const auto* matmul = std::get_if<graph::Matmul>(&use.op->v);
        const bool columns = matmul && matmul->trans_b && analysis_.resolve(matmul->b) == id;
        const bool rows = !matmul || !columns || analysis_.resolve(matmul->a) == id ||
                          (matmul->acc && analysis_.resolve(matmul->acc) == id);
        if (by_columns ? columns : rows) return true;
    }
    return false;
}

Tiles Placer::tiles_of(ChannelId channel, const graph::TileType& type, bool by_columns) const {
    return {channel, type.tile_rows(), type.tile_cols(), by_columns};
}

void Placer::region(const graph::Region& region, std::vector<Step>& steps, bool in_loop, int64_t stages) {
    const graph::Region* outer = std::exchange(region_, &region);
    std::vector<const graph::Op*> waiting;
    for (const graph::Op* next : order(region)) {
        if (!errors_.empty()) break;
        const graph::Op& op = *next;
        auto place_load = [&](const graph::Op& load) {
            this->load(load, std::get<graph::Load>(load.v),
                       group_.open && group_.loop ? group_.loads_after_loop : steps,
                       in_loop ? Role::Stream : Role::Operand, stages);
        };
        if (auto* load = std::get_if<graph::Load>(&op.v); load && type(load->result.id).in_rows) {
            // Placed with its tilize, if nothing stores to the tensor before that.
            if (!analysis_.live(load->result.id)) continue;
            if (&region == &launch_.body && same_for_all_blocks(*load) && tilized_once(*load))
                load_rows(op, *load, out_.residents);
            else if (stores_to(region, load->from.tensor))
                load_rows(op, *load, steps);
            continue;
        }
        if (std::get_if<graph::Tilize>(&op.v)) {
            if (!analysis_.has_live_result(op)) continue;
            if (find(operands_of(op)[0], false))
                place_tilized(op, steps);
            else
                waiting.push_back(&op);
            continue;
        }
        if (auto* load = std::get_if<graph::Load>(&op.v)) {
            // A load waits for its first use: what the loop before it needs comes first.
            if (!analysis_.live(load->result.id)) continue;
            if (&region == &launch_.body && same_for_all_blocks(*load))
                this->load(op, *load, out_.residents, Role::Resident);
            else if (stores_to(region, load->from.tensor))
                place_load(op);
            else
                waiting.push_back(&op);
            continue;
        }
        const bool elementwise = is_elementwise(op);
        if (elementwise && (!analysis_.has_live_result(op) || analysis_.made_where_used(op))) continue;
        std::erase_if(waiting, [&](const graph::Op* load) {
            const bool needed = uses(op, results_of(*load)[0]);
            // The group that a use would not join is written out first.
            if (needed && group_.open && group_.loop && !continues(op)) flush(steps);
            if (needed && std::get_if<graph::Tilize>(&load->v))
                place_tilized(*load, steps);
            else if (needed)
                place_load(*load);
            return needed;
        });
        if (std::get_if<graph::Untilize>(&op.v)) {
            if (!untilize_in_place(op, steps)) store(op, steps);
        } else if (auto* store = std::get_if<graph::Store>(&op.v); store && type(store->value).in_rows) {
            continue;  // placed with its untilize
        } else if (store) {
            this->store(op, steps);
        } else if (elementwise) {
            if (!joins(op)) start(steps, type(results_of(op)[0]), op.loc);
            append(op);
        } else if (std::get_if<graph::Matmul>(&op.v)) {
            if (analysis_.has_live_result(op)) matmul(op, steps);
        } else if (std::get_if<graph::Transpose>(&op.v)) {
            if (!analysis_.has_live_result(op)) continue;
            start(steps, type(results_of(op)[0]), op.loc);
            append(op);
        } else if (std::get_if<graph::Scan>(&op.v)) {
            if (analysis_.has_live_result(op)) scan(op, steps);
        } else if (std::get_if<graph::Reduce>(&op.v)) {
            if (analysis_.has_live_result(op)) reduce(op, steps);
        } else if (std::get_if<graph::Slice>(&op.v)) {
            if (analysis_.has_live_result(op)) slice(op, steps);
        } else if (std::get_if<graph::Insert>(&op.v)) {
            if (analysis_.has_live_result(op)) insert(op, steps);
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

bool Placer::stores_to(const graph::Region& region, TensorId tensor) {
    for (const graph::Op& op : region.ops) {
        if (auto* store = std::get_if<graph::Store>(&op.v); store && store->to.tensor == tensor) return true;
        if (auto* loop = std::get_if<graph::For>(&op.v); loop && stores_to(loop->body, tensor)) return true;
        if (auto* branch = std::get_if<graph::If>(&op.v))
            if (stores_to(branch->then, tensor) || stores_to(branch->otherwise, tensor)) return true;
    }
    return false;
}

// Whether the operation, or one inside of it, reads the value.
bool Placer::uses(const graph::Op& op, ValueId value) const {
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

bool Placer::continues(const graph::Op& op) const { return is_elementwise(op) && joins(op); }

// Whether every block of every core reads the same elements, which nothing in the launch changes.
bool Placer::same_for_all_blocks(const graph::Load& load) const {
    return !stores_to(launch_.body, load.from.tensor) &&
           std::all_of(load.from.offset.begin(), load.from.offset.end(), [&](IndexId offset) {
               const std::vector<VarId> vars = ctx_.index.vars_of(offset);
               return std::all_of(vars.begin(), vars.end(),
                                  [&](VarId var) { return ctx_.index.var(var).kind == VarKind::Symbol; });
           });
}

void Placer::load(const graph::Op& op, const graph::Load& load, std::vector<Step>& steps, Role role, int64_t stages) {
    const ValueId id = load.result.id;
    if (!analysis_.live(id)) return;
    const graph::TileType& t = type(id);
    for (bool by_columns : {false, true}) {
        if (!wanted_in(id, by_columns)) continue;
        const DataFormat format = mapping_.layouts[load.from.tensor.v].format;
        ChannelId channel = add_channel(name(id), role, format, t.tiles(), t.tiles(), op.loc);
        if (role == Role::Stream) channels_[channel].stages = stages;
        const Tiles tiles = tiles_of(channel, t, by_columns);
        tiles_[{id, by_columns}] = tiles;
        steps.push_back({Load{id, tiles, load.from}, op.loc});
    }
}

std::optional<Tiles> Placer::find_operand(ValueId id, bool by_columns) const {
    if (auto it = stand_ins_.find(id); it != stand_ins_.end()) return it->second;
    return find(id, by_columns);
}

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
