#include "tensix/op_table.h"

#include <array>

namespace tensix {
namespace {

constexpr OpRow kRows[] = {
#define TENSIX_OP(op, ...) {.code = OpCode::op, .name = #op, __VA_ARGS__},
#include "tensix/op_table.inc"
#undef TENSIX_OP
};
static_assert(std::size(kRows) == static_cast<size_t>(OpCode::kCount));

constexpr std::array<std::string_view, 4> kFidelities = {"LoFi", "HiFi2", "HiFi3", "HiFi4"};

}  // namespace

std::span<const OpRow> op_table() { return kRows; }
const OpRow& op_row(OpCode code) { return kRows[static_cast<size_t>(code)]; }
std::string_view to_string(OpCode code) { return code < OpCode::kCount ? op_row(code).name : "?"; }

std::optional<OpCode> parse_op_code(std::string_view text) {
    for (const OpRow& row : kRows)
        if (row.name == text) return row.code;
    return std::nullopt;
}

std::string_view to_string(MathFidelity fidelity) { return kFidelities[static_cast<size_t>(fidelity)]; }

std::optional<MathFidelity> parse_math_fidelity(std::string_view text) {
    for (size_t i = 0; i < kFidelities.size(); ++i)
        if (kFidelities[i] == text) return static_cast<MathFidelity>(i);
    return std::nullopt;
}

std::optional<OpCode> find_op(Unit unit, OpKind kind, TileFn fn, Broadcast broadcast, bool integer,
                              bool constant_first) {
    for (const OpRow& row : kRows)
        if (row.unit == unit && row.kind == kind && row.fn == fn && row.broadcast == broadcast &&
            row.integer == integer && !row.without_sign && row.constant_first == constant_first &&
            row.reduce_shape == ReduceShape::None)
            return row.code;
    return std::nullopt;
}

std::optional<OpCode> find_reduce(ReduceFn fn, ReduceShape shape, Unit unit, bool integer, bool without_sign) {
    for (const OpRow& row : kRows)
        if (row.kind == OpKind::Reduce && row.unit == unit && row.integer == integer &&
            row.without_sign == without_sign && row.reduce == fn && row.reduce_shape == shape)
            return row.code;
    return std::nullopt;
}

}  // namespace tensix
