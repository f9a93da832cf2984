// Values that follow from the position in a block alone: sums of row, column and run-time numbers. They live in no
// channel; selection makes them where they are used, from tiles of indices and run-time scalars.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "compiler/ir/context.h"
#include "compiler/ir/tile_graph.h"

namespace tilelang_tt::placed {

// Element (r, c) is row * r + col * c + constant + Σ factor * expression. bits: a scalar whose fp32 pattern the only
// term is.
struct Affine {
    int64_t row = 0, col = 0;
    std::vector<std::pair<IndexId, int64_t>> terms;
    int64_t constant = 0;
    bool bits = false;
    bool scalar() const { return row == 0 && col == 0; }
    bool is_constant() const { return scalar() && terms.empty(); }
};

// a + factor * b
Affine sum(const Affine& a, const Affine& b, int64_t factor);
// Smallest and largest value in a block of rows * cols elements, as far as they are known.
Interval bounds(const Context& ctx, const Affine& value, int64_t rows, int64_t cols);
// Every integer up to here is a number of fp32.
inline constexpr int64_t kExactInFp32 = int64_t{1} << 24;
bool exact_in_fp32(const Interval& bounds);

// value fn 0, for fn of Eq, Ne, Lt, Le, Gt, Ge.
struct Test {
    tensix::TileFn fn = tensix::TileFn::Ge;
    Affine value;
};

// What the operation defines, if it is of that kind; operand(id) says what its operands are.
template <class Operand>
std::optional<Affine> affine_of(const Context& ctx, const graph::Launch& launch, const graph::Op& op,
                                const Operand& operand);

// a fn b as a test.
std::optional<Test> test_of(tensix::TileFn fn, const Affine& a, const Affine& b);

// An operand that is no value: an integer.
std::optional<Affine> integer(double value);

template <class Operand>
std::optional<Affine> affine_of(const Context& ctx, const graph::Launch& launch, const graph::Op& op,
                                const Operand& operand) {
    using graph::Orientation;
    using tensix::TileFn;
    if (auto* iota = std::get_if<graph::Iota>(&op.v)) {
        const Orientation o = launch.value(iota->result.id).type.orientation;
        Affine out;
        out.row = o == Orientation::Col, out.col = o == Orientation::Row;
        if (auto value = ctx.index.as_const(iota->base))
            out.constant = *value;
        else
            out.terms = {{iota->base, 1}};
        return out;
    }
    if (auto* bits = std::get_if<graph::FromBits>(&op.v)) {
        Affine out;
        out.bits = true;
        out.terms = {{bits->bits, 1}};
        return out;
    }
    auto* eltwise = std::get_if<graph::Eltwise>(&op.v);
    if (!eltwise) return std::nullopt;
    const graph::TileType& type = launch.value(eltwise->result.id).type;
    if (type.dtype != DType::I32 && type.dtype != DType::F32) return std::nullopt;
    std::vector<Affine> x;
    bool any = false;
    for (const graph::Operand& o : eltwise->operands) {
        const Affine* known = o.value ? operand(o.value) : nullptr;
        const auto value = known ? std::optional(*known) : o.value ? std::nullopt : integer(o.constant);
        if (!value) return std::nullopt;
        if (value->bits && eltwise->fn != TileFn::Identity) return std::nullopt;
        any |= known != nullptr;
        x.push_back(*value);
    }
    if (!any) return std::nullopt;
    std::optional<Affine> out;
    switch (eltwise->fn) {
        case TileFn::Identity:
        case TileFn::Cast:
            out = x[0];
            break;
        case TileFn::Neg:
            out = sum({}, x[0], -1);
            break;
        case TileFn::Add:
            out = sum(x[0], x[1], 1);
            break;
        case TileFn::Sub:
            out = sum(x[0], x[1], -1);
            break;
        case TileFn::Mul:
            if (x[1].is_constant())
                out = sum({}, x[0], x[1].constant);
            else if (x[0].is_constant())
                out = sum({}, x[1], x[0].constant);
            break;
        default:
            break;
    }
    // In fp32 each of them has to be exact.
    if (out && !out->bits && type.dtype == DType::F32 && !exact_in_fp32(bounds(ctx, *out, type.rows, type.cols)))
        return std::nullopt;
    return out;
}

}  // namespace tilelang_tt::placed
