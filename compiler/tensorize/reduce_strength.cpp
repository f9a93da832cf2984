#include <numbers>

#include "compiler/tensorize/rewrite.h"
#include "compiler/tensorize/simplify.h"

namespace tilelang_tt {
namespace {

using tensix::TileFn;

class StrengthReduction {
  public:
    StrengthReduction(graph::Launch& launch, Precision precision) : launch_(launch), precision_(precision) {}

    bool run() {
        if (precision_ != Precision::Exact) visit(launch_.body);
        return changed_;
    }

  private:
    void visit(graph::Region& region) {
        std::vector<graph::Op> out;
        for (graph::Op& op : region.ops) {
            for_each_region(op, [&](graph::Region& inner) { visit(inner); });
            if (auto* eltwise = std::get_if<graph::Eltwise>(&op.v)) {
                if (divides_by_vector(*eltwise)) {
                    eltwise->operands[1].value = before(TileFn::Recip, {eltwise->operands[1]},
                                                        eltwise->operands[1].value, "inverse", op.loc, out);
                    eltwise->fn = TileFn::Mul;
                } else if (is_slow_exp(*eltwise)) {
                    eltwise->operands[0].value = before(TileFn::Mul, {eltwise->operands[0], {{}, std::numbers::log2e}},
                                                        eltwise->operands[0].value, "exponent", op.loc, out);
                    eltwise->fn = TileFn::Exp2;
                }
            }
            out.push_back(std::move(op));
        }
        region.ops = std::move(out);
    }

    // fn of the operands, of the type of `like`, put before what is being visited.
    ValueId before(TileFn fn, std::vector<graph::Operand> operands, ValueId like, const char* name, LocId loc,
                   std::vector<graph::Op>& out) {
        const ValueId result(launch_.values.size());
        launch_.values.push_back({launch_.value(like).type, name, loc});
        out.push_back({graph::Eltwise{{result}, fn, std::move(operands)}, loc});
        changed_ = true;
        return result;
    }

    const graph::TileType& type(ValueId id) const { return launch_.value(id).type; }

    // The reciprocal of a vector is taken once, and spread instead of the divisor.
    bool divides_by_vector(const graph::Eltwise& op) const {
        if (op.fn != TileFn::Div || !op.operands[1].value) return false;
        const graph::TileType &block = type(op.result.id), &divisor = type(op.operands[1].value);
        return block.dtype == DType::F32 && divisor.dtype == DType::F32 &&
               block.orientation == graph::Orientation::Full && divisor.orientation != graph::Orientation::Full;
    }

    // In a 32-bit DST exp takes 2.5 times as long as a product and exp2 (emulator/src/engine/costs.cpp).
    bool is_slow_exp(const graph::Eltwise& op) const {
        return precision_ == Precision::Fast && op.fn == TileFn::Exp && op.operands[0].value &&
               type(op.result.id).dtype == DType::F32 && type(op.operands[0].value).dtype == DType::F32;
    }

    graph::Launch& launch_;
    Precision precision_;
    bool changed_ = false;
};

}  // namespace

bool reduce_strength(graph::Launch& launch, Precision precision) { return StrengthReduction(launch, precision).run(); }

}  // namespace tilelang_tt
