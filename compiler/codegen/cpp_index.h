// Index expressions as C++ for kernels. Kernels calculate in uint32_t, as tt-metal's do; where a value may be negative
// the sign-sensitive operations (/, %, min, max, comparisons) are written on int32_t.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "compiler/ir/index.h"

namespace tilelang_tt::codegen {

// A sum: constant + Σ coefficient · atom, where no atom is itself a sum or a multiple.
struct LinearForm {
    struct Term {
        IndexId atom;
        int64_t coefficient = 1;
    };
    std::vector<Term> terms;
    int64_t constant = 0;
};
LinearForm linear_form(const IndexArena& index, IndexId id);
bool same(const LinearForm& a, const LinearForm& b);  // whatever the order of terms
// form = unit · multiple + rest; the terms whose coefficient the unit divides are in `multiple`.
struct Split {
    LinearForm multiple, rest;
};
Split split(const LinearForm& form, int64_t unit);

// Helpers that a kernel needs when uses_floor_div().
inline constexpr std::string_view kFloorDivSource =
    "// Division rounding down, for a positive divisor.\n"
    "inline int32_t floor_div(int32_t a, int32_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }\n"
    "inline int32_t floor_mod(int32_t a, int32_t b) { return a - floor_div(a, b) * b; }\n";

// What a kernel needs that turns integers into numbers: RISC-V cores have no floating point.
inline constexpr std::string_view kFloatBitsSource =
    "// The bits of an integer below 2^24 as fp32.\n"
    "constexpr uint32_t float_bits(int32_t value) {\n"
    "    if (value == 0) return 0;\n"
    "    const uint32_t sign = value < 0 ? 0x80000000 : 0;\n"
    "    uint32_t mantissa = value < 0 ? -value : value, exponent = 127 + 23;\n"
    "    for (; mantissa < 1u << 23; mantissa <<= 1) --exponent;\n"
    "    for (; mantissa >= 1u << 24; mantissa >>= 1) ++exponent;\n"
    "    return sign | exponent << 23 | (mantissa & 0x7fffff);\n"
    "}\n";

class CppIndex {
  public:
    using Names = std::function<std::string(VarId)>;
    CppIndex(const IndexArena& index, Names names) : index_(index), names_(std::move(names)) {}

    // How tightly an expression must bind where it is put.
    enum Precedence { kSelect = 1, kOr, kAnd, kEqual, kLess, kSum, kProduct, kUnary, kPrimary };

    // A value that is never negative, in uint32_t (or a value of int32_t when it may be).
    std::string text(IndexId id, int precedence = kSelect);
    // A condition.
    std::string condition(IndexId id, int precedence = kSelect);
    // i < begin + extent
    std::string less(IndexId a, IndexId b, int precedence = kSelect);
    // A sum of terms and a constant, grouped by the caller.
    std::string sum(const LinearForm& form, int precedence = kSelect);
    // The linear form with every coefficient that `unit` divides gathered in one product, unit_name · (…) + …; gives
    // the plain text where nothing is gained.
    std::string grouped(const LinearForm& form, int64_t unit, const std::string& unit_name, bool& used,
                        int precedence = kSelect, const std::function<std::string(const LinearForm&)>& inner = {});

    // Proven, from bounds and from the signs of the parts.
    bool never_negative(IndexId id) const;
    // A variable defined by the kernel whose value may be negative is an int32_t.
    void declare_signed(VarId var) { signed_.insert(var); }

    // An expression that the kernel calculates once and gives a name.
    void give_name(IndexId id, std::string name) { given_names_[id] = std::move(name); }
    std::string definition(IndexId id);  // of such a name
    // Those that were used, in order of the expressions.
    const std::map<IndexId, std::string>& used_names() const { return used_names_; }

    bool uses_min_max() const { return uses_min_max_; }
    bool uses_floor_div() const { return uses_floor_div_; }

  private:
    std::string product(const LinearForm::Term& term);
    std::string compare(IndexOp op, IndexId a, IndexId b, int precedence);
    // For a sign-sensitive operation: as it is if `plain`, else converted to int32_t.
    std::string operand(IndexId id, bool plain, int precedence);

    const IndexArena& index_;
    Names names_;
    std::unordered_set<VarId> signed_;
    std::map<IndexId, std::string> given_names_, used_names_;
    bool uses_min_max_ = false, uses_floor_div_ = false;
};

}  // namespace tilelang_tt::codegen
