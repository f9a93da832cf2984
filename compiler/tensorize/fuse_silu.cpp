#include <unordered_map>

#include "compiler/tensorize/rewrite.h"
#include "compiler/tensorize/simplify.h"

namespace tilelang_tt {
namespace {

using graph::Eltwise;
using graph::Operand;
using tensix::TileFn;

class SiluFusion {
  public:
    explicit SiluFusion(graph::Launch& launch) : launch_(launch), uses_(count_uses(launch)) {}

    bool run() {
        visit(launch_.body);
        return changed_;
    }

  private:
    void visit(graph::Region& region) {
        for (graph::Op& op : region.ops) {
            if (auto* eltwise = std::get_if<Eltwise>(&op.v)) {
                if (const auto x = silu_of(*eltwise)) {
                    eltwise->fn = TileFn::Silu;
                    eltwise->operands = {{*x, 0}};
                    changed_ = true;
                }
                made_[eltwise->result.id] = *eltwise;
            }
            for_each_region(op, [&](graph::Region& inner) { visit(inner); });
        }
    }

    // The operation that made the operand, if nothing else uses what it made.
    const Eltwise* only_here(const Operand& operand) const {
        const auto found = operand.value ? made_.find(operand.value) : made_.end();
        return found == made_.end() || uses_[operand.value.v] != 1 ? nullptr : &found->second;
    }
    static bool is(const Operand& operand, double constant) { return !operand.value && operand.constant == constant; }

    std::optional<ValueId> silu_of(const Eltwise& op) const {
        const DType dtype = launch_.value(op.result.id).type.dtype;
        if (!is_float(dtype) || op.operands.size() != 2) return std::nullopt;
        const Operand &a = op.operands[0], &b = op.operands[1];
        const auto same = [&](const Operand& x) {
            return x.value && launch_.value(x.value).type == launch_.value(op.result.id).type;
        };
        if (op.fn == TileFn::Mul)
            for (const auto& [x, factor] : {std::pair(a, b), std::pair(b, a)})
                if (const Eltwise* s = only_here(factor);
                    same(x) && s && s->fn == TileFn::Sigmoid && s->operands[0].value == x.value)
                    return x.value;
        if (op.fn == TileFn::Div && same(a) && divides_by_logistic(b, a.value)) return a.value;
        return std::nullopt;
    }

    // 1 + exp(-x)
    bool divides_by_logistic(const Operand& divisor, ValueId x) const {
        const Eltwise* sum = only_here(divisor);
        if (!sum || sum->fn != TileFn::Add) return false;
        const Operand &a = sum->operands[0], &b = sum->operands[1];
        const Eltwise* power = is(a, 1) ? only_here(b) : is(b, 1) ? only_here(a) : nullptr;
        const Eltwise* minus = power && power->fn == TileFn::Exp ? only_here(power->operands[0]) : nullptr;
        if (!minus) return false;
        const std::vector<Operand>& of = minus->operands;
        switch (minus->fn) {
            case TileFn::Neg:
                return of[0].value == x;
            case TileFn::Sub:
                return is(of[0], 0) && of[1].value == x;
            case TileFn::Mul:
                return (is(of[0], -1) && of[1].value == x) || (is(of[1], -1) && of[0].value == x);
            default:
                return false;
        }
    }

    graph::Launch& launch_;
    std::vector<int> uses_;
    std::unordered_map<ValueId, Eltwise> made_;
    bool changed_ = false;
};

}  // namespace

bool fuse_silu(graph::Launch& launch) { return SiluFusion(launch).run(); }

}  // namespace tilelang_tt
