// Vectors whose tiles hold the same values in every column (row).
//
// A vector's values stand in the first column of a tile; what the others hold does not matter, except that a broadcast
// by the SFPU multiplies them by 0: an infinity there spoils the row. A group with a function that is infinite at 0
// therefore spreads the vectors that it loads, by such a broadcast. A carried vector that starts infinite, as
// log-sum-exps and running maxima do, is infinite all over its tile and cannot be spread; it is kept uniform instead:
// the group that makes its next value spreads what it loads.
#include <cmath>

#include "compiler/place/analysis.h"

namespace tilelang_tt::placed {

bool unbounded_at_zero(tensix::TileFn fn) {
    using tensix::TileFn;
    switch (fn) {
        case TileFn::Recip:
        case TileFn::Rsqrt:
        case TileFn::Log:
        case TileFn::Log2:
        case TileFn::Div:
        case TileFn::Pow:
            return true;
        default:
            return false;
    }
}

// Whether elementwise functions of the vector, of its own shape, lead to one that is infinite at 0.
bool Analysis::divides(ValueId vector) const {
    std::vector<ValueId> todo{resolve(vector)};
    std::unordered_set<ValueId> seen(todo.begin(), todo.end());
    while (!todo.empty()) {
        const ValueId id = todo.back();
        todo.pop_back();
        for (const Use& use : uses(id)) {
            auto* op = std::get_if<graph::Eltwise>(&use.op->v);
            if (!op || launch_.value(op->result.id).type.orientation != launch_.value(vector).type.orientation)
                continue;
            if (unbounded_at_zero(op->fn)) return true;
            if (const ValueId next = resolve(op->result.id); seen.insert(next).second) todo.push_back(next);
        }
    }
    return false;
}

void Analysis::find_uniform(const graph::Region& region) {
    for (const graph::Op& op : region.ops) {
        if (auto* branch = std::get_if<graph::If>(&op.v)) find_uniform(branch->then), find_uniform(branch->otherwise);
        auto* loop = std::get_if<graph::For>(&op.v);
        if (!loop) continue;
        find_uniform(loop->body);
        const graph::Yield* yield = yield_of(loop->body);
        for (size_t i = 0; i < loop->results.size(); ++i) {
            const ValueId arg = loop->body.args[i], result = loop->results[i].id, next = resolve(yield->values[i]);
            const double* start = constant(loop->inits[i]);
            if (!start || std::isfinite(*start) || !live(arg)) continue;
            if (launch_.value(arg).type.orientation == graph::Orientation::Full || !divides(arg)) continue;
            const Definition& def = definition(next);
            if (!def.op || def.region != &loop->body || !std::holds_alternative<graph::Eltwise>(def.op->v)) continue;
            uniform_.insert({arg, next, result});
        }
    }
}

}  // namespace tilelang_tt::placed
