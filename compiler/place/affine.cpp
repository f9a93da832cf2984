#include "compiler/place/affine.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tilelang_tt::placed {

Affine sum(const Affine& a, const Affine& b, int64_t factor) {
    Affine out = a;
    out.row += factor * b.row, out.col += factor * b.col, out.constant += factor * b.constant;
    for (const auto& [id, times] : b.terms) {
        auto same = std::find_if(out.terms.begin(), out.terms.end(), [&](const auto& t) { return t.first == id; });
        if (same == out.terms.end())
            out.terms.push_back({id, factor * times});
        else
            same->second += factor * times;
    }
    std::erase_if(out.terms, [](const auto& t) { return t.second == 0; });
    return out;
}

Interval bounds(const Context& ctx, const Affine& value, int64_t rows, int64_t cols) {
    // Far below what int64 holds, whatever is added up.
    constexpr int64_t kFar = int64_t{1} << 40;
    Interval out{value.constant, value.constant};
    auto add = [&](Interval with, int64_t factor) {
        if (factor < 0) std::swap(with.lo, with.hi);
        auto plus = [&](std::optional<int64_t>& to, std::optional<int64_t> x) {
            if (!to || !x || std::abs(*x) > kFar || std::abs(factor) > (1 << 20))
                to.reset();
            else
                *to += factor * *x;
        };
        plus(out.lo, with.lo), plus(out.hi, with.hi);
    };
    add({0, rows - 1}, value.row), add({0, cols - 1}, value.col);
    for (const auto& [id, factor] : value.terms) add(ctx.index.bounds(id), factor);
    return out;
}

bool exact_in_fp32(const Interval& bounds) {
    return bounds.lo && bounds.hi && *bounds.lo >= -kExactInFp32 && *bounds.hi <= kExactInFp32;
}

std::optional<Affine> integer(double value) {
    if (!(std::abs(value) <= std::numeric_limits<int32_t>::max()) || value != std::trunc(value)) return std::nullopt;
    Affine out;
    out.constant = static_cast<int64_t>(value);
    return out;
}

std::optional<Test> test_of(tensix::TileFn fn, const Affine& a, const Affine& b) {
    using tensix::TileFn;
    if (a.bits || b.bits) return std::nullopt;
    Test test{fn, sum(a, b, -1)};
    if (test.value.row < 0 || (test.value.row == 0 && test.value.col < 0)) {
        test.value = sum({}, test.value, -1);
        test.fn = fn == TileFn::Lt   ? TileFn::Gt
                  : fn == TileFn::Gt ? TileFn::Lt
                  : fn == TileFn::Le ? TileFn::Ge
                  : fn == TileFn::Ge ? TileFn::Le
                                     : fn;
    }
    return test;
}

}  // namespace tilelang_tt::placed
