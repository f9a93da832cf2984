// Elementwise and reduction functions by name: the vocabulary that the compiler's forms, the op table and the emulator
// share. What a function costs and which calls realise it is in tensix/op_table.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tensix {

enum class TileFn : uint8_t {
    // unary
    Identity,
    Neg,
    Abs,
    Square,
    Sqrt,
    Rsqrt,
    Recip,
    Exp,
    Exp2,
    Log,
    Log2,
    Tanh,
    Sigmoid,
    Erf,
    Gelu,
    Silu,
    Relu,
    Sin,
    Cos,
    Floor,
    Ceil,
    Round,
    Trunc,
    Sign,
    IsNan,
    IsInf,
    LogicalNot,
    BitNot,
    Cast,
    // binary
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
    Pow,
    FloorDiv,
    FloorMod,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    LogicalAnd,
    LogicalOr,
    BitAnd,
    BitOr,
    BitXor,
    ShiftLeft,
    ShiftRight,
    // ternary: cond ? a : b
    Select,
};

enum class ReduceFn : uint8_t { Sum, Max, Min, AbsSum, AbsMax, Any, All, BitAnd, BitOr, BitXor };

int arity(TileFn fn);                   // 1, 2 or 3
bool is_predicate(TileFn fn);           // gives true or false whatever its operands are
std::string_view to_string(TileFn fn);  // "add", "rsqrt", …
std::optional<TileFn> parse_tile_fn(std::string_view text);
bool combines_bits(ReduceFn fn);
std::string_view to_string(ReduceFn fn);
std::optional<ReduceFn> parse_reduce_fn(std::string_view text);

}  // namespace tensix
