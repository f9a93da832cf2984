// Diagnostics are data: collected by passes, shown at the edge (Python exception, command line).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tilelang_tt {

struct SourceLoc {
    std::string file;  // as the user's interpreter named it; empty if unknown
    int line = 0;      // 1-based; 0 if unknown
    int column = 0;    // 1-based; 0 if unknown
    friend bool operator==(const SourceLoc&, const SourceLoc&) = default;
    bool known() const { return !file.empty() || line > 0; }
};

enum class Severity { Error, Warning, Note };

// A quantity that broke a limit, e.g. {"L1 per core", "1393312 B", "2097152 B"}.
struct Fact {
    std::string what, limit, value;
    friend bool operator==(const Fact&, const Fact&) = default;
};

// Codes are stable: TT1xxx frontend, TT2xxx map, TT3xxx tensorize, TT4xxx place, TT5xxx schedule and verification,
// TT6xxx codegen, TT7xxx runtime arguments, TT8xxx devices, TT9xxx text forms and internal consistency.
struct Diagnostic {
    Severity severity = Severity::Error;
    std::string code;              // "TT1004"
    std::string message;           // one sentence, names the user's construct and buffer
    std::vector<SourceLoc> where;  // innermost first: the statement, then what it was inlined or derived from
    std::vector<Fact> facts;
    std::vector<std::string> notes;  // extra lines, e.g. a table of L1 use
    std::string fix;                 // what to do instead; empty if nothing is known
    friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

// "file.py:31: error[TT4001]: message\n  L1 per core: 2097152 B, limit 1393312 B\n  note: …\n  fix: …"
std::string to_string(const Diagnostic& diagnostic);
std::string to_string(const std::vector<Diagnostic>& diagnostics);

// A value, or at least one error. Warnings and notes travel beside a value.
template <class T>
class Result {
  public:
    Result(T value) : state_(std::move(value)) {}
    Result(T value, std::vector<Diagnostic> remarks) : state_(std::move(value)), diagnostics_(std::move(remarks)) {}
    Result(Diagnostic error) : diagnostics_{std::move(error)} {}
    Result(std::vector<Diagnostic> errors) : diagnostics_(std::move(errors)) {}

    bool ok() const { return std::holds_alternative<T>(state_); }
    explicit operator bool() const { return ok(); }
    T& value() { return std::get<T>(state_); }
    const T& value() const { return std::get<T>(state_); }
    T take() { return std::move(std::get<T>(state_)); }
    const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

  private:
    std::variant<std::monostate, T> state_;
    std::vector<Diagnostic> diagnostics_;
};

}  // namespace tilelang_tt
