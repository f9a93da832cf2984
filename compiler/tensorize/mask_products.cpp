#include <cmath>

#include "compiler/tensorize/rewrite.h"
#include "compiler/tensorize/simplify.h"

namespace tilelang_tt {
namespace {

using tensix::TileFn;

// A matmul that starts from a mask of 0 and an infinity, as causal attention writes it, becomes a choice between its
// product and the infinity: x + 0 is x, and x - inf is -inf.
class ProductMasking {
  public:
    explicit ProductMasking(graph::Launch& launch) : launch_(launch), uses_(count_uses(launch)) {}

    bool run() {
        visit(launch_.body);
        return changed_;
    }

  private:
    void visit(graph::Region& region) {
        std::vector<graph::Op> out;
        for (graph::Op& op : region.ops) {
            for_each_region(op, [&](graph::Region& inner) { visit(inner); });
            if (auto* fill = std::get_if<graph::Fill>(&op.v)) fills_[fill->result.id] = fill->value;
            if (auto* eltwise = std::get_if<graph::Eltwise>(&op.v); eltwise && is_mask(*eltwise))
                masks_[eltwise->result.id] = *eltwise;
            auto* matmul = std::get_if<graph::Matmul>(&op.v);
            const auto mask = matmul && matmul->acc ? masks_.find(matmul->acc) : masks_.end();
            if (mask == masks_.end() || uses_[matmul->acc.v] != 1) {
                out.push_back(std::move(op));
                continue;
            }
            graph::Eltwise choice = mask->second;
            choice.result = matmul->result;
            const ValueId product(launch_.values.size());
            graph::Value value = launch_.value(matmul->result.id);
            value.name += "_product";
            launch_.values.push_back(std::move(value));
            uses_.push_back(1);
            matmul->result.id = product;
            matmul->acc = {};
            for (size_t i : {1, 2})
                if (number(choice.operands[i]) == 0) choice.operands[i] = {product, 0};
            const LocId loc = op.loc;
            out.push_back(std::move(op));
            out.push_back({std::move(choice), loc});
            changed_ = true;
        }
        region.ops = std::move(out);
    }

    std::optional<double> number(const graph::Operand& operand) const {
        if (!operand.value) return operand.constant;
        const auto fill = fills_.find(operand.value);
        return fill == fills_.end() ? std::nullopt : std::optional(fill->second);
    }

    bool is_mask(const graph::Eltwise& op) const {
        if (op.fn != TileFn::Select) return false;
        const auto then = number(op.operands[1]), otherwise = number(op.operands[2]);
        return then && otherwise && ((*then == 0 && std::isinf(*otherwise)) || (std::isinf(*then) && *otherwise == 0));
    }

    graph::Launch& launch_;
    std::vector<int> uses_;
    std::unordered_map<ValueId, double> fills_;
    std::unordered_map<ValueId, graph::Eltwise> masks_;
    bool changed_ = false;
};

}  // namespace

bool mask_products(graph::Launch& launch) { return ProductMasking(launch).run(); }

}  // namespace tilelang_tt
