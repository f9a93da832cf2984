// Tokens, names, and fields of one value: numbers, strings, ids, accesses, locations.
#include "compiler/ir/parser.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

namespace tilelang_tt::parsing {

bool Parser::accept(std::string_view punct) {
    if (!is(punct)) return false;
    advance();
    return true;
}

bool Parser::word(std::string_view w) {
    if (!is_word(w)) return false;
    advance();
    return true;
}

void Parser::expect(std::string_view punct) {
    if (!accept(punct)) fail(kSyntax, token_, "expected '" + std::string(punct) + "', found " + shown(token_));
}

void Parser::end_of_statement() {
    if (goes_on() || is("{")) fail(kSyntax, token_, "expected the end of the line, found " + shown(token_));
}

std::string_view Parser::identifier(const std::string& what) {
    if (token_.kind != Token::Name) fail(kSyntax, token_, "expected " + what + ", found " + shown(token_));
    return advance().text;
}

std::string Parser::read_name(const std::string& what) {
    if (token_.kind == Token::String) return read_string();
    return std::string(identifier(what));
}

std::string Parser::read_string() {
    if (token_.kind != Token::String) fail(kSyntax, token_, "expected a string, found " + shown(token_));
    const Token t = advance();
    const std::string_view s = t.text.substr(1, t.text.size() - 2);
    std::string out;
    for (size_t i = 0; i < s.size(); ++i) {
        if (s[i] != '\\') {
            out += s[i];
            continue;
        }
        const char c = ++i < s.size() ? s[i] : 0;
        int value = 0;
        if (c == 'n')
            out += '\n';
        else if (c == '"' || c == '\\')
            out += c;
        else if (c == 'x' && i + 2 < s.size() &&
                 std::from_chars(s.data() + i + 1, s.data() + i + 3, value, 16).ptr == s.data() + i + 3)
            out += static_cast<char>(value), i += 2;
        else
            fail(kSyntax, t, "unknown escape in a string", "known: \\\" \\\\ \\n \\xHH");
    }
    return out;
}

size_t Parser::lookup(const Names& names, const std::string& what) {
    const Token at = token_;
    const std::string n = read_name("a " + what);
    const auto found = names.find(n);
    if (found == names.end()) fail(kUnknownName, at, "there is no " + what + " '" + n + "' here");
    return found->second;
}

int64_t Parser::integer() {
    const Token at = token_;
    const bool negative = accept("-");
    if (token_.kind != Token::Number) fail(kSyntax, token_, "expected an integer, found " + shown(token_));
    return integer(advance(), negative, at);
}

int64_t Parser::integer(const Token& digits, bool negative, const Token& at) {
    const std::string s = (negative ? "-" : "") + std::string(digits.text);
    int64_t v = 0;
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), v);
    if (error != std::errc() || end != s.data() + s.size())
        fail(kBadNumber, at, "'" + s + "' is not an integer of 64 bits");
    return v;
}

void Parser::read(VarId& v) {
    const Token at = token_;
    const std::string n = read_name("a variable");
    const auto found = ctx_->index.find_var(n);
    if (!found) fail(kUnknownName, at, "there is no variable '" + n + "'", "declare it: var " + n);
    v = *found;
}

void Parser::read(TensorId& v) {
    expect("@");
    v = TensorId(lookup(tensors_, "tensor"));
}

void Parser::read(ValueId& v) {
    expect("%");
    v = ValueId(lookup(values_by_name_, "value"));
}

void Parser::read(bool& v) {
    if (word("true"))
        v = true;
    else if (word("false"))
        v = false;
    else
        fail(kSyntax, token_, "expected true or false, found " + shown(token_));
}

void Parser::read(int& v) {
    const Token at = token_;
    const int64_t wide = integer();
    if (wide != static_cast<int>(wide)) fail(kBadNumber, at, std::to_string(wide) + " does not fit 32 bits");
    v = static_cast<int>(wide);
}

void Parser::read(double& v) {
    const Token at = token_;
    const bool negative = accept("-");
    if (word("inf")) {
        v = std::numeric_limits<double>::infinity();
    } else if (word("nan")) {
        v = std::numeric_limits<double>::quiet_NaN();
        if (accept("(")) {
            uint64_t bits = 0;
            const std::string_view s = token_.text;
            if (token_.kind != Token::Number || s.size() < 3 || s.substr(0, 2) != "0x" ||
                std::from_chars(s.data() + 2, s.data() + s.size(), bits, 16).ptr != s.data() + s.size() ||
                !std::isnan(std::bit_cast<double>(bits)))
                fail(kBadNumber, token_, shown(token_) + " is not the bit pattern of a NaN");
            v = std::bit_cast<double>(bits);
            advance();
            expect(")");
        }
    } else {
        if (token_.kind != Token::Number) fail(kSyntax, token_, "expected a number, found " + shown(token_));
        const std::string_view s = advance().text;
        const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), v);
        if (error != std::errc() || end != s.data() + s.size())
            fail(kBadNumber, at, "'" + std::string(s) + "' is not a number of 64 bits");
    }
    if (negative) v = -v;
}

void Parser::read(std::optional<int64_t>& v) {
    if (word("none"))
        v.reset();
    else
        v = integer();
}

void Parser::read(prog::Engines& v) {
    v = {};
    if (word("none")) return;
    do {
        prog::Engines one;
        read_enum(one, parse_engine, "reader, compute or writer");
        v = v | one;
    } while (accept("+"));
}

void Parser::read(Ref& v) {
    v = {};
    if (is("@"))
        read(v.tensor);
    else
        v.buffer = BufferId(lookup(buffers_, "buffer"));
}

void Parser::read(Access& v) {
    read(v.ref);
    expect("[");
    items("]", [&] {
        v.offset.push_back(index());
        expect(":");
        v.extent.push_back(index());
    });
}

void Parser::read(graph::Window& v) {
    read(v.tensor);
    expect("[");
    items(";", [&] { v.offset.push_back(index()); });
    items("]", [&] {
        if (word("rows"))
            v.row_dim = integer();
        else if (word("cols"))
            v.col_dim = integer();
        else
            fail(kSyntax, token_, "expected rows or cols, found " + shown(token_));
    });
}

void Parser::read(graph::Operand& v) {
    if (is("%"))
        read(v.value);
    else
        read(v.constant);
}

std::optional<prog::Engines> Parser::parse_engine(std::string_view s) {
    if (s == "reader") return prog::Engine::Reader;
    if (s == "compute") return prog::Engine::Compute;
    if (s == "writer") return prog::Engine::Writer;
    return std::nullopt;
}

LocId Parser::location() {
    if (!goes_on() || !is_word("loc")) return {};
    advance();
    expect("(");
    if (word("none")) {
        expect(")");
        return {};
    }
    SourceLoc loc;
    loc.file = read_string();
    expect(":");
    read(loc.line);
    if (accept(":")) read(loc.column);
    expect(")");
    const auto [found, is_new] = locs_.try_emplace({loc.file, loc.line, loc.column}, ctx_->locs.size());
    if (is_new) ctx_->locs.push_back(std::move(loc));
    return LocId(found->second);
}

}  // namespace tilelang_tt::parsing
