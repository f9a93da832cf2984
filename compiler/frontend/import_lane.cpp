// What one element computes: Lane.
#include "compiler/frontend/importer.h"

#include <tvm/tirx/op.h>

#include <cmath>

#include "compiler/frontend/functions.h"
#include "compiler/ir/interpreter.h"

namespace tilelang_tt::frontend::importing {

bool reads(LaneId id, Ref wanted, const LaneArena& lanes) {
    if (!id) return false;
    const LaneNode& node = lanes.node(id);
    if (node.op == LaneOp::Read) return node.ref == wanted;
    return node.op == LaneOp::Apply &&
           (reads(node.a, wanted, lanes) || reads(node.b, wanted, lanes) || reads(node.c, wanted, lanes));
}

// The number that the value is, if it is one.
std::optional<double> Importer::fold(LaneId id) {
    const LaneNode node = lanes().node(id);
    switch (node.op) {
        case LaneOp::Const:
            return node.value;
        case LaneOp::Index: {
            const auto value = arena().as_const(node.index);
            return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
        }
        case LaneOp::Bits:
        case LaneOp::Read:
            return {};
        case LaneOp::Apply:
            break;
    }
    double args[3] = {};
    const LaneId operands[] = {node.a, node.b, node.c};
    for (size_t i = 0; i < 3; ++i)
        if (operands[i]) {
            const auto value = fold(operands[i]);
            if (!value) return {};
            args[i] = *value;
        }
    return interpreter::apply(node.fn, node.dtype, lanes().node(node.a).dtype, args[0], args[1], args[2]);
}

LaneId Importer::lane_call(const CallNode* node, DType type) {
    const auto* op = called_op(node);
    if (!op)
        refuse(kExpression, "a call of " + text(node->op) + " is not supported",
               "write it with TileLang's own functions");
    const std::string name = op->name;
    if (name == "tl.infinity") return lanes().constant(type, HUGE_VAL);
    if (name == "tirx.likely") return lane(node->args[0]);
    if (returns_old_value(name)) refuse_returned(name);
    if (name == "tirx.reinterpret" && node->args.size() == 1) {
        const DType from = dtype(node->args[0]->dtype, "the value " + text(node->args[0]));
        if (is_integer(type) && is_integer(from) && size_bytes(type) == size_bytes(from))
            return lane_unary(TileFn::Cast, type, node->args[0]);
    }
    if (name == "tl.clamp" && node->args.size() == 3) {
        const LaneId value = lane(node->args[0]), low = lane(node->args[1]), high = lane(node->args[2]);
        return lanes().apply(TileFn::Min, type, lanes().apply(TileFn::Max, type, value, low), high);
    }
    if (name == "tl.__ldg" && node->args.size() == 1) return lane(node->args[0]);
    if (const auto count = composed_arity(name)) {
        LaneId args[2];
        for (size_t i = 0; i < *count; ++i) args[i] = lane(node->args[i]);
        if (node->args.size() > *count)
            if (const auto* mode = node->args[*count].as<StringImmNode>(); mode && mode->value != "rn")
                refuse(kExpression, user_name(name) + " with rounding mode \"" + std::string(mode->value) + "\"",
                       "leave the mode out: the chip rounds to nearest");
        return compose(lanes(), name, type, {args, *count});
    }
    const auto fn = function_of(name);
    if (!fn)
        refuse(
            kExpression,
            user_name(name) + (particular_to_gpus(name) ? " is particular to GPUs" : " is not a function of the chip"),
            instead_of(name));
    if (static_cast<size_t>(tensix::arity(*fn)) != node->args.size())
        refuse(kExpression,
               user_name(name) + " with " + std::to_string(node->args.size()) + " arguments is not supported",
               "give it " + std::to_string(tensix::arity(*fn)));
    LaneId args[3];
    for (size_t i = 0; i < node->args.size(); ++i) args[i] = lane(node->args[i]);
    return lanes().apply(*fn, type, args[0], args[1], args[2]);
}

LaneId Importer::lane(const PrimExpr& expr) {
    if (const auto* node = expr.as<VarNode>())
        if (lane_lets_.contains(node)) return let_value(node, node->name_hint);
    const DType type = dtype(expr->dtype, "the value " + text(expr));
    if (const auto* node = expr.as<tvm::IntImmNode>()) return lanes().constant(type, static_cast<double>(node->value));
    if (const auto* node = expr.as<tvm::FloatImmNode>()) return lanes().constant(type, node->value);
    if (!is_float(type))
        if (const auto value = try_index(expr)) return lanes().index(type, *value);
    if (const auto* node = expr.as<VarNode>())
        if (const auto scalar = float_scalars_.find(node); scalar != float_scalars_.end())
            return lanes().bits(type, scalar->second);
    if (const auto* node = expr.as<VarNode>()) {
        const auto other = other_vars_.find(node);
        const std::string what =
            other == other_vars_.end() ? "the variable " + std::string(node->name_hint) : other->second;
        const bool thread = what.find("thread index") != std::string::npos;
        refuse(thread                                              ? kThread
               : what.find("scalar argument") != std::string::npos ? kScalar
                                                                   : kExpression,
               what + " cannot be used as a value here",
               thread ? "there are no threads in a block here; use T.Parallel"
               : what.starts_with("the value ")
                   ? "read it inside the T.Parallel that uses it, or keep it in a fragment of shape (1,)"
                   : "pass it as a tensor of shape (1,), or make it a constant of the kernel");
    }
    if (const auto* node = expr.as<BufferLoadNode>()) {
        const Ref source = ref(node->buffer);
        std::vector<IndexId> indices;
        for (const PrimExpr& i : node->indices)
            indices.push_back(index(i, "an index of " + std::string(node->buffer->name)));
        mark(source, true, false);
        return lanes().read(type, source, std::move(indices));
    }
    if (const auto* node = expr.as<CastNode>()) return lane_unary(TileFn::Cast, type, node->value);
    if (const auto* node = expr.as<NotNode>()) return lane_unary(TileFn::LogicalNot, type, node->a);
#define TT_BINARY(Node, fn) \
    if (const auto* node = expr.as<Node>()) return lane_binary(TileFn::fn, type, node->a, node->b)
    TT_BINARY(AddNode, Add);
    TT_BINARY(SubNode, Sub);
    TT_BINARY(MulNode, Mul);
    TT_BINARY(MinNode, Min);
    TT_BINARY(MaxNode, Max);
    TT_BINARY(FloorDivNode, FloorDiv);
    TT_BINARY(FloorModNode, FloorMod);
    TT_BINARY(LTNode, Lt);
    TT_BINARY(LENode, Le);
    TT_BINARY(GTNode, Gt);
    TT_BINARY(GENode, Ge);
    TT_BINARY(EQNode, Eq);
    TT_BINARY(NENode, Ne);
    TT_BINARY(AndNode, LogicalAnd);
    TT_BINARY(OrNode, LogicalOr);
#undef TT_BINARY
    if (const auto* node = expr.as<DivNode>(); node && is_float(type))
        return lane_binary(TileFn::Div, type, node->a, node->b);
    if (const auto* node = expr.as<SelectNode>()) {
        const LaneId cond = lane(node->condition), then = lane(node->true_value);
        return lanes().apply(TileFn::Select, type, cond, then, lane(node->false_value));
    }
    if (const auto* node = expr.as<CallNode>()) return lane_call(node, type);
    refuse(kExpression, "the expression " + text(expr) + " is not supported in T.Parallel",
           "write it with arithmetic, comparisons and TileLang's functions of one element");
}

}  // namespace tilelang_tt::frontend::importing
