#include <unordered_map>

#include "compiler/tensorize/rewrite.h"
#include "compiler/tensorize/simplify.h"

namespace tilelang_tt {
namespace {

class Forwarding {
  public:
    explicit Forwarding(const graph::Launch& launch) : launch_(launch) {}

    void collect(graph::Region& region) {
        for (graph::Op& op : region.ops) {
            for_each_region(op, [&](graph::Region& inner) { collect(inner); });
            if (auto* e = std::get_if<graph::Eltwise>(&op.v)) {
                if (e->fn != tensix::TileFn::Identity && e->fn != tensix::TileFn::Cast) continue;
                ValueId from = e->operands[0].value;
                if (from && launch_.value(from).type == launch_.value(e->result.id).type)
                    replace.add(e->result.id, from);
            } else if (auto* t = std::get_if<graph::Transpose>(&op.v)) {
                auto inner = transposed_.find(t->value);
                if (inner != transposed_.end()) replace.add(t->result.id, inner->second);
                transposed_[t->result.id] = t->value;
            } else if (auto* loop = std::get_if<graph::For>(&op.v)) {
                const auto& last = yields(loop->body);
                for (size_t i = 0; i < last.size(); ++i) {
                    if (replace(last[i]) != loop->body.args[i]) continue;
                    replace.add(loop->body.args[i], loop->inits[i]);
                    replace.add(loop->results[i].id, loop->inits[i]);
                }
            } else if (auto* branch = std::get_if<graph::If>(&op.v)) {
                const auto &then = yields(branch->then), &otherwise = yields(branch->otherwise);
                for (size_t i = 0; i < then.size(); ++i)
                    if (replace(then[i]) == replace(otherwise[i])) replace.add(branch->results[i].id, then[i]);
            }
        }
    }

    Replacements replace;

  private:
    const graph::Launch& launch_;
    std::unordered_map<ValueId, ValueId> transposed_;  // result → operand
};

// Values that are replaced lose their definitions: ops go here, carried values with the next removal of dead values.
void drop(graph::Region& region, const Replacements& replace) {
    std::erase_if(region.ops, [&](const graph::Op& op) {
        if (!std::holds_alternative<graph::Eltwise>(op.v) && !std::holds_alternative<graph::Transpose>(op.v))
            return false;
        bool gone = false;
        for_each_def(op, [&](ValueId id) { gone = replace(id) != id; });
        return gone;
    });
    for (graph::Op& op : region.ops) for_each_region(op, [&](graph::Region& inner) { drop(inner, replace); });
}

}  // namespace

bool forward_copies(graph::Launch& launch) {
    Forwarding forwarding(launch);
    forwarding.collect(launch.body);
    if (forwarding.replace.empty()) return false;
    drop(launch.body, forwarding.replace);
    forwarding.replace.apply(launch.body);
    return true;
}

}  // namespace tilelang_tt
