#include "compiler/codegen/cpp_index.h"

#include <algorithm>
#include <utility>

namespace tilelang_tt::codegen {

namespace {

std::string parenthesised(std::string text, int own, int wanted) {
    return own < wanted ? "(" + std::move(text) + ")" : text;
}

void collect(const IndexArena& index, IndexId id, int64_t factor, LinearForm& form) {
    const IndexNode& node = index.node(id);
    if (node.op == IndexOp::Const) {
        form.constant += factor * node.value;
        return;
    }
    if (node.op == IndexOp::Add) {
        collect(index, node.a, factor, form);
        collect(index, node.b, factor, form);
        return;
    }
    if (node.op == IndexOp::Mul) {
        if (auto value = index.as_const(node.b)) return collect(index, node.a, factor * *value, form);
        if (auto value = index.as_const(node.a)) return collect(index, node.b, factor * *value, form);
    }
    for (LinearForm::Term& term : form.terms)
        if (term.atom == id) {
            term.coefficient += factor;
            return;
        }
    form.terms.push_back({id, factor});
}

}  // namespace

LinearForm linear_form(const IndexArena& index, IndexId id) {
    LinearForm form;
    collect(index, id, 1, form);
    std::erase_if(form.terms, [](const LinearForm::Term& term) { return term.coefficient == 0; });
    // `by * N_tiles + bx` reads better than `bx + by * N_tiles`.
    std::stable_partition(form.terms.begin(), form.terms.end(),
                          [&](const LinearForm::Term& term) { return index.node(term.atom).op == IndexOp::Mul; });
    return form;
}

bool same(const LinearForm& a, const LinearForm& b) {
    const auto has = [&](const LinearForm::Term& term) {
        return std::any_of(b.terms.begin(), b.terms.end(),
                           [&](auto& t) { return t.atom == term.atom && t.coefficient == term.coefficient; });
    };
    return a.constant == b.constant && a.terms.size() == b.terms.size() &&
           std::all_of(a.terms.begin(), a.terms.end(), has);
}

Split split(const LinearForm& form, int64_t unit) {
    Split parts;
    for (const LinearForm::Term& term : form.terms) {
        if (term.coefficient % unit == 0) {
            parts.multiple.terms.push_back({term.atom, term.coefficient / unit});
        } else {
            parts.rest.terms.push_back(term);
        }
    }
    if (form.constant >= unit) parts.multiple.constant = form.constant / unit;
    parts.rest.constant = form.constant - parts.multiple.constant * unit;
    return parts;
}

bool CppIndex::never_negative(IndexId id) const {
    if (const auto lo = index_.bounds(id).lo; lo && *lo >= 0) return true;
    const IndexNode& node = index_.node(id);
    switch (node.op) {
        case IndexOp::Const:
            return node.value >= 0;
        case IndexOp::Var: {
            // Extents and positions; a scalar of the user's may be negative.
            const VarKind kind = index_.var(node.var).kind;
            return !signed_.contains(node.var) && kind != VarKind::Symbol;
        }
        case IndexOp::Add:
        case IndexOp::Mul:
        case IndexOp::FloorDiv:
        case IndexOp::Min:
            return never_negative(node.a) && never_negative(node.b);
        case IndexOp::Max:
            return never_negative(node.a) || never_negative(node.b);
        case IndexOp::FloorMod:
            return never_negative(node.b);
        case IndexOp::Select:
            return never_negative(node.b) && never_negative(node.c);
        default:
            return true;  // conditions
    }
}

std::string CppIndex::operand(IndexId id, bool plain, int precedence) {
    if (plain) return text(id, precedence);
    if (auto value = index_.as_const(id)) return text(id, precedence);
    return "static_cast<int32_t>(" + text(id) + ")";
}

std::string CppIndex::product(const LinearForm::Term& term) {
    const int64_t factor = std::abs(term.coefficient);
    if (factor == 1) return text(term.atom, kProduct);
    return text(term.atom, kProduct) + " * " + std::to_string(factor);
}

std::string CppIndex::sum(const LinearForm& form, int precedence) {
    std::string out;
    int parts = 0;
    for (bool positive : {true, false})
        for (const LinearForm::Term& term : form.terms) {
            if ((term.coefficient > 0) != positive) continue;
            if (!positive && out.empty() && form.constant > 0) {
                out = std::to_string(form.constant);
                ++parts;
            }
            if (!positive && out.empty()) out = "0";
            out += out.empty() ? "" : positive ? " + " : " - ";
            out += product(term);
            ++parts;
        }
    const bool constant_is_first =
        form.constant > 0 && !form.terms.empty() &&
        std::all_of(form.terms.begin(), form.terms.end(), [](auto& t) { return t.coefficient < 0; });
    if (out.empty()) return std::to_string(form.constant);
    if (form.constant != 0 && !constant_is_first) {
        out += (form.constant > 0 ? " + " : " - ") + std::to_string(std::abs(form.constant));
        ++parts;
    }
    const bool single = parts == 1 && form.terms.size() == 1 && form.terms.front().coefficient > 0;
    if (single) {
        const LinearForm::Term& term = form.terms.front();
        return term.coefficient == 1 ? text(term.atom, precedence)
                                     : parenthesised(std::move(out), kProduct, precedence);
    }
    return parenthesised(std::move(out), kSum, precedence);
}

std::string CppIndex::grouped(const LinearForm& form, int64_t unit, const std::string& unit_name, bool& used,
                              int precedence, const std::function<std::string(const LinearForm&)>& inner) {
    if (unit <= 1) return sum(form, precedence);
    const auto [multiple, rest] = split(form, unit);
    if (multiple.terms.empty()) return sum(form, precedence);
    used = true;
    const bool one = multiple.terms.size() == 1 && multiple.terms[0].coefficient == 1 && multiple.constant == 0;
    std::string factor = one ? sum(multiple, kProduct) : "(" + (inner ? inner(multiple) : sum(multiple)) + ")";
    std::string out = factor + " * " + unit_name;
    if (rest.terms.empty() && rest.constant == 0) return parenthesised(std::move(out), kProduct, precedence);
    const bool minus = std::any_of(rest.terms.begin(), rest.terms.end(), [](auto& t) { return t.coefficient < 0; });
    out += " + " + sum(rest, minus ? kPrimary : kSum);
    return parenthesised(std::move(out), kSum, precedence);
}

std::string CppIndex::compare(IndexOp op, IndexId a, IndexId b, int precedence) {
    // `ko > 0` reads better than `0 < ko`.
    if (const auto value = index_.as_const(a); op == IndexOp::Lt && value && *value >= 0 && never_negative(b))
        return parenthesised(text(b, kLess + 1) + " > " + std::to_string(*value), kLess, precedence);
    const char* symbol = op == IndexOp::Lt ? " < " : op == IndexOp::Le ? " <= " : op == IndexOp::Eq ? " == " : " != ";
    const int own = op == IndexOp::Lt || op == IndexOp::Le ? kLess : kEqual;
    if (never_negative(a) && never_negative(b))
        return parenthesised(text(a, own + 1) + symbol + text(b, own + 1), own, precedence);
    // Bring what is subtracted to the other side; then neither side is negative if no atom is.
    LinearForm left = linear_form(index_, a), right;
    LinearForm other = linear_form(index_, b);
    for (const auto& term : other.terms) {
        auto same = std::find_if(left.terms.begin(), left.terms.end(), [&](auto& t) { return t.atom == term.atom; });
        if (same == left.terms.end()) {
            left.terms.push_back({term.atom, -term.coefficient});
        } else {
            same->coefficient -= term.coefficient;
        }
    }
    left.constant -= other.constant;
    if (std::all_of(left.terms.begin(), left.terms.end(), [&](auto& t) { return never_negative(t.atom); })) {
        for (const auto& term : left.terms)
            if (term.coefficient < 0) right.terms.push_back({term.atom, -term.coefficient});
        std::erase_if(left.terms, [](auto& t) { return t.coefficient <= 0; });
        if (left.constant < 0) right.constant = -std::exchange(left.constant, 0);
        return parenthesised(sum(left, own + 1) + symbol + sum(right, own + 1), own, precedence);
    }
    return parenthesised(operand(a, false, own + 1) + symbol + operand(b, false, own + 1), own, precedence);
}

std::string CppIndex::less(IndexId a, IndexId b, int precedence) { return compare(IndexOp::Lt, a, b, precedence); }

std::string CppIndex::condition(IndexId id, int precedence) { return text(id, precedence); }

std::string CppIndex::definition(IndexId id) {
    const auto given = given_names_.extract(id);
    const std::string value = text(id);
    given_names_.emplace(id, given.mapped());
    return value;
}

std::string CppIndex::text(IndexId id, int precedence) {
    if (const auto given = given_names_.find(id); given != given_names_.end()) {
        used_names_.insert(*given);
        return given->second;
    }
    const IndexNode& node = index_.node(id);
    const bool plain = node.b.valid() && never_negative(node.a) && never_negative(node.b);
    switch (node.op) {
        case IndexOp::Const:
            return std::to_string(node.value);
        case IndexOp::Var:
            return names_(node.var);
        case IndexOp::Add:
            return sum(linear_form(index_, id), precedence);
        case IndexOp::Mul: {
            if (index_.as_const(node.a) || index_.as_const(node.b)) return sum(linear_form(index_, id), precedence);
            return parenthesised(text(node.a, kProduct) + " * " + text(node.b, kUnary), kProduct, precedence);
        }
        case IndexOp::FloorDiv:
        case IndexOp::FloorMod: {
            const bool div = node.op == IndexOp::FloorDiv;
            if (plain)
                return parenthesised(text(node.a, kProduct) + (div ? " / " : " % ") + text(node.b, kUnary), kProduct,
                                     precedence);
            uses_floor_div_ = true;
            return std::string(div ? "floor_div(" : "floor_mod(") + text(node.a) + ", " + text(node.b) + ")";
        }
        case IndexOp::Min:
        case IndexOp::Max:
            uses_min_max_ = true;
            return std::string(node.op == IndexOp::Min ? "std::min" : "std::max") +
                   (plain ? "<uint32_t>(" : "<int32_t>(") + text(node.a) + ", " + text(node.b) + ")";
        case IndexOp::Lt:
        case IndexOp::Le:
        case IndexOp::Eq:
        case IndexOp::Ne:
            return compare(node.op, node.a, node.b, precedence);
        case IndexOp::And:
            return parenthesised(text(node.a, kAnd) + " && " + text(node.b, kAnd), kAnd, precedence);
        case IndexOp::Or:
            // && inside || gets its parentheses, as compilers ask for
            return parenthesised(text(node.a, kEqual) + " || " + text(node.b, kEqual), kOr, precedence);
        case IndexOp::Not:
            return parenthesised("!" + text(node.a, kUnary), kUnary, precedence);
        case IndexOp::Select:
            return parenthesised(text(node.a, kOr) + " ? " + text(node.b, kOr) + " : " + text(node.c, kOr), kSelect,
                                 precedence);
    }
    return {};
}

}  // namespace tilelang_tt::codegen
