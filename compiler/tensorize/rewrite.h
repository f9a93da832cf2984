// What every simplification of a graph needs: walking over uses and definitions, and replacing values.
#pragma once

#include <functional>
#include <unordered_map>
#include <vector>

#include "compiler/ir/tile_graph.h"

namespace tilelang_tt {

// Calls visit(ValueId&) for each value that the op itself uses, yields included; not for those of ops in its regions.
template <class Op, class F>
void for_each_use(Op& op, F&& visit) {
    auto field = [&](std::string_view, auto& f) {
        using T = std::remove_cvref_t<decltype(f)>;
        if constexpr (std::is_same_v<T, ValueId>) {
            if (f) visit(f);
        } else if constexpr (std::is_same_v<T, std::vector<ValueId>>) {
            for (auto& id : f) visit(id);
        } else if constexpr (std::is_same_v<T, std::vector<graph::Operand>>) {
            for (auto& operand : f)
                if (operand.value) visit(operand.value);
        }
    };
    std::visit([&](auto& o) { std::remove_cvref_t<decltype(o)>::fields(o, field); }, op.v);
}

// Calls visit(ValueId&) for each value that the op defines; not for those of its regions.
template <class Op, class F>
void for_each_def(Op& op, F&& visit) {
    auto field = [&](std::string_view, auto& f) {
        using T = std::remove_cvref_t<decltype(f)>;
        if constexpr (std::is_same_v<T, graph::Def>) {
            visit(f.id);
        } else if constexpr (std::is_same_v<T, std::vector<graph::Def>>) {
            for (auto& def : f) visit(def.id);
        }
    };
    std::visit([&](auto& o) { std::remove_cvref_t<decltype(o)>::fields(o, field); }, op.v);
}

// Calls visit(Region&) for each region of the op.
template <class Op, class F>
void for_each_region(Op& op, F&& visit) {
    if (auto* loop = std::get_if<graph::For>(&op.v)) visit(loop->body);
    if (auto* branch = std::get_if<graph::If>(&op.v)) visit(branch->then), visit(branch->otherwise);
}

// The Yield at a region's end.
inline std::vector<ValueId>& yields(graph::Region& region) {
    return std::get<graph::Yield>(region.ops.back().v).values;
}

// Uses of each value, by id.
std::vector<int> count_uses(const graph::Launch& launch);

// Values to be replaced, collected by a pass and applied at once. Chains are followed.
class Replacements {
  public:
    void add(ValueId from, ValueId to) { map_[from] = to; }
    ValueId operator()(ValueId id) const;
    bool empty() const { return map_.empty(); }
    void apply(graph::Region& region) const;

  private:
    std::unordered_map<ValueId, ValueId> map_;
};

}  // namespace tilelang_tt
