#include "compiler/place/analysis.h"

namespace tilelang_tt::placed {

const graph::Yield* yield_of(const graph::Region& region) {
    return region.ops.empty() ? nullptr : std::get_if<graph::Yield>(&region.ops.back().v);
}

std::vector<ValueId> operands_of(const graph::Op& op) {
    std::vector<ValueId> out;
    auto add = [&](ValueId id) {
        if (id) out.push_back(id);
    };
    if (auto* store = std::get_if<graph::Store>(&op.v)) {
        add(store->value);
    } else if (auto* matmul = std::get_if<graph::Matmul>(&op.v)) {
        add(matmul->a), add(matmul->b), add(matmul->acc);
    } else if (auto* eltwise = std::get_if<graph::Eltwise>(&op.v)) {
        for (const graph::Operand& operand : eltwise->operands) add(operand.value);
    } else if (auto* scan = std::get_if<graph::Scan>(&op.v)) {
        add(scan->value);
    } else if (auto* reduce = std::get_if<graph::Reduce>(&op.v)) {
        add(reduce->value), add(reduce->acc);
    } else if (auto* transpose = std::get_if<graph::Transpose>(&op.v)) {
        add(transpose->value);
    } else if (auto* slice = std::get_if<graph::Slice>(&op.v)) {
        add(slice->value);
    } else if (auto* insert = std::get_if<graph::Insert>(&op.v)) {
        add(insert->into), add(insert->part);
    } else if (auto* pad = std::get_if<graph::Pad>(&op.v)) {
        add(pad->value);
    } else if (auto* tilize = std::get_if<graph::Tilize>(&op.v)) {
        add(tilize->value);
    } else if (auto* untilize = std::get_if<graph::Untilize>(&op.v)) {
        add(untilize->value);
    } else if (auto* loop = std::get_if<graph::For>(&op.v)) {
        for (ValueId id : loop->inits) add(id);
    } else if (auto* yield = std::get_if<graph::Yield>(&op.v)) {
        for (ValueId id : yield->values) add(id);
    }
    return out;
}

bool is_elementwise(const graph::Op& op) {
    return std::get_if<graph::Eltwise>(&op.v) || std::get_if<graph::Pad>(&op.v) || std::get_if<graph::Iota>(&op.v) ||
           std::get_if<graph::FromBits>(&op.v);
}

std::vector<ValueId> results_of(const graph::Op& op) {
    std::vector<ValueId> out;
    std::visit(
        [&](const auto& o) {
            if constexpr (requires { o.result; }) out.push_back(o.result.id);
            if constexpr (requires { o.results; })
                for (const graph::Def& def : o.results) out.push_back(def.id);
        },
        op.v);
    return out;
}

Analysis::Analysis(const Context& ctx, const graph::Launch& launch)
    : launch_(launch),
      definitions_(launch.values.size()),
      uses_(launch.values.size()),
      live_(launch.values.size(), false),
      alias_(launch.values.size()),
      ctx_(ctx),
      affine_(launch.values.size()),
      masks_(launch.values.size()) {
    for (size_t i = 0; i < alias_.size(); ++i) alias_[i] = ValueId(i);
    define(launch.body, nullptr);
    auto roots = [&](auto& self, const graph::Region& region) -> void {
        for (const graph::Op& op : region.ops) {
            if (auto* store = std::get_if<graph::Store>(&op.v)) mark(store->value);
            if (auto* loop = std::get_if<graph::For>(&op.v)) self(self, loop->body);
            if (auto* branch = std::get_if<graph::If>(&op.v)) self(self, branch->then), self(self, branch->otherwise);
        }
    };
    roots(roots, launch.body);
    collect(launch.body);
}

void Analysis::define(const graph::Region& region, const graph::Op* parent) {
    for (size_t i = 0; i < region.args.size(); ++i) definitions_[region.args[i].v] = {nullptr, parent, i, &region};
    std::vector<const graph::Op*> loads;
    std::unordered_map<ValueId, ValueId> tilized;  // by what is tilized
    for (const graph::Op& op : region.ops) {
        auto results = results_of(op);
        for (size_t i = 0; i < results.size(); ++i) definitions_[results[i].v] = {&op, nullptr, i, &region};
        note_affine(op);
        if (auto* load = std::get_if<graph::Load>(&op.v)) {
            for (const graph::Op* earlier : loads) {
                const auto& other = std::get<graph::Load>(earlier->v);
                if (other.from == load->from &&
                    launch_.value(other.result.id).type == launch_.value(load->result.id).type) {
                    alias_[load->result.id.v] = resolve(other.result.id);
                    break;
                }
            }
            loads.push_back(&op);
        } else if (auto* store = std::get_if<graph::Store>(&op.v)) {
            // What was loaded from the tensor before may have changed.
            std::erase_if(loads, [&](const graph::Op* load) {
                return std::get<graph::Load>(load->v).from.tensor == store->to.tensor;
            });
        } else if (auto* tilize = std::get_if<graph::Tilize>(&op.v)) {
            const auto [it, first] = tilized.try_emplace(resolve(tilize->value), tilize->result.id);
            if (!first) alias_[tilize->result.id.v] = it->second;
        } else if (auto* eltwise = std::get_if<graph::Eltwise>(&op.v)) {
            if (renames(*eltwise)) alias_[eltwise->result.id.v] = resolve(eltwise->operands[0].value);
        } else if (auto* loop = std::get_if<graph::For>(&op.v)) {
            define(loop->body, &op);
            loads.clear();
        } else if (auto* branch = std::get_if<graph::If>(&op.v)) {
            define(branch->then, &op);
            define(branch->otherwise, &op);
            loads.clear();
        }
    }
}

// A copy, or a cast to a float type that holds every value of the operand's.
bool Analysis::renames(const graph::Eltwise& op) const {
    if (!op.operands[0].value) return false;
    graph::TileType from = launch_.value(op.operands[0].value).type;
    const graph::TileType& to = launch_.value(op.result.id).type;
    if (op.fn == tensix::TileFn::Identity) return from == to;
    if (op.fn != tensix::TileFn::Cast || !is_float(from.dtype) || !is_float(to.dtype)) return false;
    const bool wider = from.dtype == to.dtype || to.dtype == DType::F32;
    from.dtype = to.dtype;
    return wider && from == to;
}

ValueId Analysis::resolve(ValueId id) const {
    while (id && id.v < alias_.size() && alias_[id.v] != id) id = alias_[id.v];
    return id;
}

const double* Analysis::constant(ValueId id) const {
    id = resolve(id);
    const graph::Op* op = definitions_[id.v].op;
    if (!op) return nullptr;
    const auto* fill = std::get_if<graph::Fill>(&op->v);
    return fill ? &fill->value : nullptr;
}

const Affine* Analysis::affine(ValueId id) const {
    id = resolve(id);
    return id.v < affine_.size() && affine_[id.v] ? &*affine_[id.v] : nullptr;
}

const std::vector<Test>* Analysis::mask(ValueId id) const {
    id = resolve(id);
    return id.v < masks_.size() && !masks_[id.v].empty() ? &masks_[id.v] : nullptr;
}

void Analysis::note_affine(const graph::Op& op) {
    using tensix::TileFn;
    const auto results = results_of(op);
    if (results.size() != 1) return;
    const ValueId result = results[0];
    affine_[result.v] = affine_of(ctx_, launch_, op, [&](ValueId id) { return affine(id); });
    auto* eltwise = std::get_if<graph::Eltwise>(&op.v);
    if (!eltwise || launch_.value(result).type.dtype != DType::Bool) return;
    if (eltwise->fn == TileFn::LogicalAnd) {
        const std::vector<Test>*a = eltwise->operands[0].value ? mask(eltwise->operands[0].value) : nullptr,
              *b = eltwise->operands[1].value ? mask(eltwise->operands[1].value) : nullptr;
        if (!a || !b) return;
        std::vector<Test> both = *a;
        both.insert(both.end(), b->begin(), b->end());
        masks_[result.v] = std::move(both);
        return;
    }
    switch (eltwise->fn) {
        case TileFn::Eq:
        case TileFn::Ne:
        case TileFn::Lt:
        case TileFn::Le:
        case TileFn::Gt:
        case TileFn::Ge: {
            std::optional<Affine> x[2];
            bool any = false;
            for (size_t i = 0; i < 2; ++i) {
                const graph::Operand& operand = eltwise->operands[i];
                const Affine* known = operand.value ? affine(operand.value) : nullptr;
                any |= known != nullptr;
                x[i] = known ? std::optional(*known) : operand.value ? std::nullopt : integer(operand.constant);
            }
            if (!any || !x[0] || !x[1]) return;
            if (auto test = test_of(eltwise->fn, *x[0], *x[1])) masks_[result.v] = {*test};
            return;
        }
        default:
            return;
    }
}

bool Analysis::made_where_used(const graph::Op& op) const {
    const auto results = results_of(op);
    if (results.size() != 1) return false;
    const ValueId id = resolve(results[0]);
    if (!affine(id) && !mask(id)) return false;
    for (const Use& use : uses_[id.v]) {
        if (affine(id)) {
            // These read channels only.
            if (auto* matmul = std::get_if<graph::Matmul>(&use.op->v))
                if (resolve(matmul->a) == id || resolve(matmul->b) == id) return false;
            if (auto* reduce = std::get_if<graph::Reduce>(&use.op->v); reduce && resolve(reduce->value) == id)
                return false;
            if (std::get_if<graph::Transpose>(&use.op->v) || std::get_if<graph::Slice>(&use.op->v) ||
                std::get_if<graph::Insert>(&use.op->v) || std::get_if<graph::Scan>(&use.op->v) ||
                std::get_if<graph::For>(&use.op->v))
                return false;
            continue;
        }
        auto* eltwise = std::get_if<graph::Eltwise>(&use.op->v);
        if (!eltwise) return false;
        // A conjunction of tests makes them all again.
        if (eltwise->fn == tensix::TileFn::LogicalAnd && mask(eltwise->result.id)) continue;
        if (eltwise->fn != tensix::TileFn::Select || resolve(eltwise->operands[0].value) != id ||
            (eltwise->operands[1].value && resolve(eltwise->operands[1].value) == id) ||
            (eltwise->operands[2].value && resolve(eltwise->operands[2].value) == id)) {
            return false;
        }
    }
    return true;
}

bool Analysis::has_live_result(const graph::Op& op) const {
    for (ValueId id : results_of(op))
        if (live_[id.v]) return true;
    return false;
}

void Analysis::mark(ValueId id) {
    id = resolve(id);
    if (live_[id.v]) return;
    live_[id.v] = true;
    const Definition& def = definitions_[id.v];
    if (!def.op) {
        if (!def.loop_of) return;
        const auto& loop = std::get<graph::For>(def.loop_of->v);
        mark(loop.inits[def.position]);
        if (auto* yield = yield_of(loop.body)) mark(yield->values[def.position]);
    } else if (auto* loop = std::get_if<graph::For>(&def.op->v)) {
        mark(loop->inits[def.position]);
        mark(yield_of(loop->body)->values[def.position]);
    } else if (auto* branch = std::get_if<graph::If>(&def.op->v)) {
        mark(yield_of(branch->then)->values[def.position]);
        mark(yield_of(branch->otherwise)->values[def.position]);
    } else {
        for (ValueId operand : operands_of(*def.op)) mark(operand);
    }
}

void Analysis::collect(const graph::Region& region) {
    for (const graph::Op& op : region.ops) {
        if (auto* loop = std::get_if<graph::For>(&op.v)) {
            collect(loop->body);
            const graph::Yield* yield = yield_of(loop->body);
            for (size_t i = 0; i < loop->results.size(); ++i) {
                if (!live_[loop->results[i].id.v] && !live_[loop->body.args[i].v]) continue;
                uses_[resolve(loop->inits[i]).v].push_back({&op, &region});
                uses_[resolve(yield->values[i]).v].push_back({&loop->body.ops.back(), &loop->body});
            }
        } else if (auto* branch = std::get_if<graph::If>(&op.v)) {
            for (const graph::Region* side : {&branch->then, &branch->otherwise}) {
                collect(*side);
                for (size_t i = 0; i < branch->results.size(); ++i)
                    if (live_[branch->results[i].id.v])
                        uses_[resolve(yield_of(*side)->values[i]).v].push_back({&side->ops.back(), side});
            }
        } else if (std::get_if<graph::Store>(&op.v) || has_live_result(op)) {
            for (ValueId id : operands_of(op)) {
                auto& uses = uses_[resolve(id).v];
                if (uses.empty() || uses.back().op != &op) uses.push_back({&op, &region});
            }
        }
    }
}

}  // namespace tilelang_tt::placed
