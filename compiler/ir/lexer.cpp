#include "compiler/ir/lexer.h"

#include <utility>

namespace tilelang_tt::parsing {

void fail(std::string code, const Token& at, std::string message, std::string fix) {
    Diagnostic d;
    d.code = std::move(code);
    d.message = std::move(message);
    d.where = {{"<text>", at.line, at.column}};
    d.fix = std::move(fix);
    throw Failure{std::move(d)};
}

std::string shown(const Token& t) {
    if (t.kind == Token::End) return "the end of the text";
    return "'" + std::string(t.text.substr(0, 40)) + "'";
}

Token Lexer::next() {
    bool first = at_ == 0;
    for (;; step()) {
        if (at_ == text_.size()) break;
        const char c = text_[at_];
        if (c == '\n') {
            first = true;
        } else if (c == '#' || (first && text_.substr(at_, 2) == "//")) {
            while (at_ < text_.size() && text_[at_] != '\n') step();
            if (at_ == text_.size()) break;
            first = true;
        } else if (c != ' ' && c != '\t' && c != '\r') {
            break;
        }
    }
    Token t{Token::End, {}, line_, column_, first};
    if (at_ == text_.size()) return t;
    const size_t begin = at_;
    const char c = text_[at_];
    if (letter(c)) {
        while (at_ < text_.size() && (letter(text_[at_]) || digit(text_[at_]))) step();
        t.kind = Token::Name;
    } else if (digit(c)) {
        // 1, 0x7f, 1.5, 2e-3: whether it is one is decided by who reads it
        while (at_ < text_.size() &&
               (letter(text_[at_]) || digit(text_[at_]) || text_[at_] == '.' ||
                ((text_[at_] == '-' || text_[at_] == '+') && text_[at_ - 1] == 'e' && text_[begin + 1] != 'x')))
            step();
        t.kind = Token::Number;
    } else if (c == '"') {
        step();
        while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n') {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) step();
            step();
        }
        if (at_ == text_.size() || text_[at_] != '"') fail(kSyntax, t, "a string is not closed on its line");
        step();
        t.kind = Token::String;
    } else {
        static constexpr std::string_view kPairs[] = {"//", "<=", ">=", "==", "!=", "&&", "||"};
        step();
        for (const std::string_view pair : kPairs)
            if (text_.substr(begin, 2) == pair) {
                step();
                break;
            }
        t.kind = Token::Punct;
    }
    t.text = text_.substr(begin, at_ - begin);
    return t;
}

void Lexer::step() {
    if (text_[at_] == '\n')
        ++line_, column_ = 1;
    else
        ++column_;
    ++at_;
}

}  // namespace tilelang_tt::parsing
