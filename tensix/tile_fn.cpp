#include "tensix/tile_fn.h"

#include <array>

namespace tensix {
namespace {

// In the order of the enum.
constexpr std::array<std::string_view, 52> kFnNames{
    "identity",   "neg",      "abs",    "square",  "sqrt",       "rsqrt",       "recip",  "exp",    "exp2",
    "log",        "log2",     "tanh",   "sigmoid", "erf",        "gelu",        "silu",   "relu",   "sin",
    "cos",        "floor",    "ceil",   "round",   "trunc",      "sign",        "is_nan", "is_inf", "logical_not",
    "bit_not",    "cast",     "add",    "sub",     "mul",        "div",         "min",    "max",    "pow",
    "floordiv",   "floormod", "eq",     "ne",      "lt",         "le",          "gt",     "ge",     "logical_and",
    "logical_or", "bit_and",  "bit_or", "bit_xor", "shift_left", "shift_right", "select"};
static_assert(kFnNames[static_cast<size_t>(TileFn::Cast)] == "cast");
static_assert(kFnNames[static_cast<size_t>(TileFn::LogicalAnd)] == "logical_and");
static_assert(kFnNames[static_cast<size_t>(TileFn::Select)] == "select");
static_assert(kFnNames.size() == static_cast<size_t>(TileFn::Select) + 1);

constexpr std::array<std::string_view, 10> kReduceNames{"sum", "max", "min",     "abssum", "absmax",
                                                        "any", "all", "bit_and", "bit_or", "bit_xor"};
static_assert(kReduceNames.size() == static_cast<size_t>(ReduceFn::BitXor) + 1);

}  // namespace

int arity(TileFn fn) {
    if (fn <= TileFn::Cast) return 1;
    return fn == TileFn::Select ? 3 : 2;
}

bool is_predicate(TileFn fn) {
    return (fn >= TileFn::Eq && fn <= TileFn::LogicalOr) || fn == TileFn::IsNan || fn == TileFn::IsInf ||
           fn == TileFn::LogicalNot;
}

std::string_view to_string(TileFn fn) { return kFnNames[static_cast<size_t>(fn)]; }

std::optional<TileFn> parse_tile_fn(std::string_view text) {
    for (size_t i = 0; i < kFnNames.size(); ++i)
        if (kFnNames[i] == text) return static_cast<TileFn>(i);
    return std::nullopt;
}

bool combines_bits(ReduceFn fn) { return fn >= ReduceFn::BitAnd; }

std::string_view to_string(ReduceFn fn) { return kReduceNames[static_cast<size_t>(fn)]; }

std::optional<ReduceFn> parse_reduce_fn(std::string_view text) {
    for (size_t i = 0; i < kReduceNames.size(); ++i)
        if (kReduceNames[i] == text) return static_cast<ReduceFn>(i);
    return std::nullopt;
}

}  // namespace tensix
