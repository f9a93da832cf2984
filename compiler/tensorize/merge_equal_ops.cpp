#include "compiler/tensorize/rewrite.h"
#include "compiler/tensorize/simplify.h"

namespace tilelang_tt {
namespace {

class Merging {
  public:
    explicit Merging(graph::Launch& launch) : launch_(launch) {}

    bool run() {
        visit(launch_.body);
        replace_.apply(launch_.body);
        return !replace_.empty();
    }

  private:
    static bool mergeable(const graph::Op& op) {
        return std::holds_alternative<graph::Load>(op.v) || std::holds_alternative<graph::Eltwise>(op.v) ||
               std::holds_alternative<graph::Transpose>(op.v) || std::holds_alternative<graph::Reduce>(op.v) ||
               std::holds_alternative<graph::Slice>(op.v) || std::holds_alternative<graph::Insert>(op.v) ||
               std::holds_alternative<graph::Scan>(op.v) || std::holds_alternative<graph::Iota>(op.v) ||
               std::holds_alternative<graph::FromBits>(op.v) || std::holds_alternative<graph::Pad>(op.v);
    }

    void visit(graph::Region& region) {
        std::vector<std::pair<graph::Op, ValueId>> seen;  // ops without result and location, and the result
        std::erase_if(region.ops, [&](graph::Op& op) {
            for_each_use(op, [&](ValueId& id) { id = replace_(id); });
            if (auto* store = std::get_if<graph::Store>(&op.v))
                std::erase_if(seen, [&](const auto& known) {
                    auto* load = std::get_if<graph::Load>(&known.first.v);
                    return load && load->from.tensor == store->to.tensor;
                });
            bool control = false;
            for_each_region(op, [&](graph::Region& inner) {
                control = true;
                visit(inner);
            });
            if (control) seen.clear();
            if (!mergeable(op)) return false;
            graph::Op bare = op;
            ValueId result;
            for_each_def(bare, [&](ValueId& id) { result = std::exchange(id, ValueId()); });
            bare.loc = {};
            for (const auto& [known, value] : seen) {
                if (!(known == bare) || launch_.value(value).type != launch_.value(result).type) continue;
                replace_.add(result, value);
                return true;
            }
            seen.push_back({std::move(bare), result});
            return false;
        });
    }

    graph::Launch& launch_;
    Replacements replace_;
};

}  // namespace

bool merge_equal_ops(graph::Launch& launch) { return Merging(launch).run(); }

}  // namespace tilelang_tt
