#include "compiler/ir/diagnostics.h"

namespace tilelang_tt {
namespace {

std::string place(const SourceLoc& loc) {
    std::string text = loc.file.empty() ? "<unknown>" : loc.file;
    if (loc.line > 0) text += ":" + std::to_string(loc.line);
    if (loc.line > 0 && loc.column > 0) text += ":" + std::to_string(loc.column);
    return text;
}

std::string_view name(Severity severity) {
    switch (severity) {
        case Severity::Error:
            return "error";
        case Severity::Warning:
            return "warning";
        case Severity::Note:
            return "note";
    }
    return "error";
}

}  // namespace

std::string to_string(const Diagnostic& diagnostic) {
    std::string text;
    if (!diagnostic.where.empty() && diagnostic.where.front().known()) text += place(diagnostic.where.front()) + ": ";
    text += name(diagnostic.severity);
    if (!diagnostic.code.empty()) text += "[" + diagnostic.code + "]";
    text += ": " + diagnostic.message;
    for (size_t i = 1; i < diagnostic.where.size(); ++i)
        if (diagnostic.where[i].known()) text += "\n  from " + place(diagnostic.where[i]);
    for (const Fact& fact : diagnostic.facts) {
        text += "\n  " + fact.what + ": " + fact.value;
        if (!fact.limit.empty()) text += ", limit " + fact.limit;
    }
    for (const std::string& note : diagnostic.notes) text += "\n  note: " + note;
    if (!diagnostic.fix.empty()) text += "\n  fix: " + diagnostic.fix;
    return text;
}

std::string to_string(const std::vector<Diagnostic>& diagnostics) {
    std::string text;
    for (const Diagnostic& diagnostic : diagnostics) {
        if (!text.empty()) text += "\n";
        text += to_string(diagnostic);
    }
    return text;
}

}  // namespace tilelang_tt
