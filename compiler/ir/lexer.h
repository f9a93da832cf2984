// Tokens of the text of a form, with their places; and how a text that is wrong is refused.
#pragma once

#include <string>
#include <string_view>

#include "compiler/ir/diagnostics.h"

namespace tilelang_tt::parsing {

// Thrown where the text is wrong.
struct Failure {
    Diagnostic diagnostic;
};

struct Token {
    enum Kind { End, Name, Number, String, Punct } kind = End;
    std::string_view text;  // of a string: with its quotes
    int line = 1, column = 1;
    bool first = false;  // on its line
};

[[noreturn]] void fail(std::string code, const Token& at, std::string message, std::string fix = "");

constexpr auto kSyntax = "TT9010", kUnknownName = "TT9011", kDuplicate = "TT9012", kBadNumber = "TT9013";

// The token as messages show it.
std::string shown(const Token& t);

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}

    Token next();

  private:
    static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
    static bool digit(char c) { return c >= '0' && c <= '9'; }
    void step();

    std::string_view text_;
    size_t at_ = 0;
    int line_ = 1, column_ = 1;
};

}  // namespace tilelang_tt::parsing
