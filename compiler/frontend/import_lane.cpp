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

bool reads_anything(LaneId id, const LaneArena& lanes) {
    if (!id) return false;
    const LaneNode& node = lanes.node(id);
    if (node.op == LaneOp::Read) return true;
    return node.op == LaneOp::Apply &&
           (reads_anything(node.a, lanes) || reads_anything(node.b, lanes) || reads_anything(node.c, lanes));
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

// What T.annotate_safe_value says of the tensor, where that is not what is read anyway.
std::optional<double> Importer::safe_value(const Buffer& buffer) const {
    const auto found = safe_values_.find(buffer->data.get());
    return found == safe_values_.end() || found->second == 0 ? std::nullopt : std::optional(found->second);
}

// Is the block known to lie in its tensor?
bool Importer::inside(const Access& block) {
    if (!block.ref.is_tensor()) return true;
    const std::vector<IndexId>& shape = program_.ctx.tensor(block.ref.tensor).shape;
    for (size_t d = 0; d < shape.size(); ++d) {
        const IndexId end = arena().add(block.offset[d], block.extent[d]);
        const auto before = arena().bounds(block.offset[d]).lo, after = arena().bounds(arena().sub(shape[d], end)).lo;
        if (!before || *before < 0 || !after || *after < 0) return false;
    }
    return true;
}

LaneId Importer::read(const Buffer& buffer, DType type, std::vector<IndexId> indices) {
    const Ref source = ref(buffer);
    mark(source, true, false);
    const auto safe = safe_value(buffer);
    if (!safe || !source.is_tensor()) return lanes().read(type, source, std::move(indices));
    IndexId valid = arena().constant(1);
    for (size_t d = 0; d < indices.size(); ++d) {
        const IndexId size = program_.ctx.tensor(source.tensor).shape[d];
        valid = arena().logical_and(valid, arena().le(arena().constant(0), indices[d]));
        valid = arena().logical_and(valid, arena().lt(indices[d], size));
    }
    const LaneId value = lanes().read(type, source, std::move(indices));
    if (arena().always_true(valid)) return value;
    return lanes().apply(TileFn::Select, type, lanes().index(DType::Bool, valid), value, lanes().constant(type, *safe));
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
        std::vector<IndexId> indices;
        for (const PrimExpr& i : node->indices)
            indices.push_back(index(i, "an index of " + std::string(node->buffer->name)));
        return read(node->buffer, type, std::move(indices));
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
