// Integer expressions that address things or steer control: Index.
#include "compiler/frontend/importer.h"

#include <tvm/tirx/op.h>
#include <tvm/tirx/stmt_functor.h>

namespace tilelang_tt::frontend::importing {

std::optional<IndexId> Importer::try_index(const PrimExpr& expr) {
    IndexArena& a = arena();
    if (const auto* node = expr.as<tvm::IntImmNode>()) return a.constant(node->value);
    if (const auto* node = expr.as<VarNode>()) {
        if (const auto found = index_vars_.find(node); found != index_vars_.end()) return found->second;
        const auto later = deferred_.find(node);
        return later == deferred_.end() ? std::nullopt : try_index(later->second);
    }
    if (!(expr->dtype.is_int() || expr->dtype.is_uint() || expr->dtype.is_bool()) || expr->dtype.lanes() != 1)
        return {};
    if (const auto* load = expr.as<BufferLoadNode>()) return local_value(load->buffer);
    const auto binary = [&](const PrimExpr& x, const PrimExpr& y, auto build) -> std::optional<IndexId> {
        const auto left = try_index(x);
        if (!left) return {};
        const auto right = try_index(y);
        if (!right) return {};
        return build(*left, *right);
    };
    const auto nonnegative = [&](IndexId x) {
        const Interval i = a.bounds(x);
        return i.lo && *i.lo >= 0;
    };
    const auto positive = [&](IndexId x) {
        const Interval i = a.bounds(x);
        return i.lo && *i.lo > 0;
    };
#define TT_BINARY(Node, build)              \
    if (const auto* node = expr.as<Node>()) \
    return binary(node->a, node->b, [&](IndexId x, IndexId y) -> std::optional<IndexId> { return build; })
    TT_BINARY(AddNode, a.add(x, y));
    TT_BINARY(SubNode, a.sub(x, y));
    TT_BINARY(MulNode, a.mul(x, y));
    TT_BINARY(FloorDivNode, a.floordiv(x, y));
    TT_BINARY(FloorModNode, a.floormod(x, y));
    TT_BINARY(MinNode, a.min(x, y));
    TT_BINARY(MaxNode, a.max(x, y));
    TT_BINARY(LTNode, a.lt(x, y));
    TT_BINARY(LENode, a.le(x, y));
    TT_BINARY(GTNode, a.lt(y, x));
    TT_BINARY(GENode, a.le(y, x));
    TT_BINARY(EQNode, a.eq(x, y));
    TT_BINARY(NENode, a.ne(x, y));
    TT_BINARY(AndNode, a.logical_and(x, y));
    TT_BINARY(OrNode, a.logical_or(x, y));
    // Truncating division is the floored one where both operands are known not to be negative.
    TT_BINARY(DivNode, nonnegative(x) && positive(y) ? std::optional(a.floordiv(x, y)) : std::nullopt);
    TT_BINARY(ModNode, nonnegative(x) && positive(y) ? std::optional(a.floormod(x, y)) : std::nullopt);
#undef TT_BINARY
    if (const auto* node = expr.as<NotNode>()) {
        const auto value = try_index(node->a);
        return value ? std::optional(a.logical_not(*value)) : std::nullopt;
    }
    if (const auto* node = expr.as<CastNode>()) {
        if (!(node->value->dtype.is_int() || node->value->dtype.is_uint() || node->value->dtype.is_bool())) return {};
        if (node->dtype.bits() < node->value->dtype.bits() && node->dtype.bits() < 32) return {};  // may wrap
        return try_index(node->value);
    }
    const auto select = [&](const PrimExpr& c, const PrimExpr& t, const PrimExpr& f) -> std::optional<IndexId> {
        const auto cond = try_index(c), then = try_index(t), otherwise = try_index(f);
        return cond && then && otherwise ? std::optional(a.select(*cond, *then, *otherwise)) : std::nullopt;
    };
    if (const auto* node = expr.as<SelectNode>()) return select(node->condition, node->true_value, node->false_value);
    if (const auto* node = expr.as<CallNode>()) {
        const auto* op = called_op(node);
        if (!op) return {};
        const std::string name = op->name;
        if (name == "tirx.likely") return try_index(node->args[0]);
        if (name == "tirx.if_then_else") return select(node->args[0], node->args[1], node->args[2]);
        if (name == "tirx.shift_right" || name == "tirx.shift_left") {
            const auto* bits = node->args[1].as<tvm::IntImmNode>();
            const auto value = try_index(node->args[0]);
            if (!bits || bits->value < 0 || bits->value > 62 || !value) return {};
            const IndexId factor = a.constant(int64_t{1} << bits->value);
            return name == "tirx.shift_left" ? a.mul(*value, factor) : a.floordiv(*value, factor);
        }
        if (name == "tirx.bitwise_and") {  // x & (2^n - 1) is x mod 2^n, also for negative x
            const auto* mask = node->args[1].as<tvm::IntImmNode>();
            if (!mask || mask->value <= 0 || (mask->value & (mask->value + 1)) != 0) return {};
            const auto value = try_index(node->args[0]);
            return value ? std::optional(a.floormod(*value, a.constant(mask->value + 1))) : std::nullopt;
        }
    }
    return {};
}

IndexId Importer::index(const PrimExpr& expr, const std::string& what) {
    if (const auto value = try_index(expr)) return *value;
    std::string reason;
    tvm::tirx::PostOrderVisit(expr, [&](const ffi::ObjectRef& node) {
        if (!reason.empty()) return;
        if (const auto* load = node.as<BufferLoadNode>())
            reason = "it reads " + std::string(load->buffer->name) +
                     ", and values loaded on the device cannot steer addresses yet";
        else if (const auto* var = node.as<VarNode>())
            if (const auto found = other_vars_.find(var); found != other_vars_.end())
                reason = "it uses " + found->second;
    });
    const bool thread = reason.find("thread index") != std::string::npos;
    if (reason.empty()) reason = "it is not integer arithmetic over loops, blocks and shapes";
    refuse(thread ? kThread : kExpression, what + " is " + text(expr) + ": " + reason,
           thread ? "there are no threads in a block here; use T.Parallel"
                  : "compute it from loop variables, block indices, shapes and integer arguments");
}

}  // namespace tilelang_tt::frontend::importing
