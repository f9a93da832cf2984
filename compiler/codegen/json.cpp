#include "compiler/codegen/json.h"

#include <cmath>
#include <cstdio>

namespace tilelang_tt::codegen {

std::string json_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
            out += escape;
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string Json::line() const {
    if (const auto* b = std::get_if<bool>(&value_)) return *b ? "true" : "false";
    if (const auto* i = std::get_if<int64_t>(&value_)) return std::to_string(*i);
    if (const auto* d = std::get_if<double>(&value_)) {
        if (std::isnan(*d)) return "\"nan\"";  // JSON has no such numbers
        if (std::isinf(*d)) return *d > 0 ? "\"inf\"" : "\"-inf\"";
        char number[32];
        std::snprintf(number, sizeof number, "%.17g", *d);
        return number;
    }
    if (const auto* s = std::get_if<std::string>(&value_)) return json_string(*s);
    std::string out;
    if (const auto* array = std::get_if<Array>(&value_)) {
        for (const Json& item : *array) out += (out.empty() ? "" : ", ") + item.line();
        return "[" + out + "]";
    }
    for (const auto& [key, item] : std::get<Object>(value_))
        out += (out.empty() ? "" : ", ") + json_string(key) + ": " + item.line();
    return "{" + out + "}";
}

void Json::print(std::string& out, size_t indent, size_t used, size_t columns) const {
    const std::string flat = line();
    const bool scalar = value_.index() < 4;
    if (scalar || used + flat.size() + 1 <= columns) {
        out += flat;
        return;
    }
    const std::string pad(indent + 2, ' ');
    const auto* array = std::get_if<Array>(&value_);
    out += array ? "[" : "{";
    size_t count = 0;
    const auto item = [&](const std::string& key, const Json& value) {
        out += (count++ ? ",\n" : "\n") + pad + key;
        value.print(out, indent + 2, pad.size() + key.size(), columns);
    };
    if (array) {
        for (const Json& value : *array) item("", value);
    } else {
        for (const auto& [key, value] : std::get<Object>(value_)) item(json_string(key) + ": ", value);
    }
    out += "\n" + std::string(indent, ' ') + (array ? "]" : "}");
}

std::string Json::text(size_t columns) const {
    std::string out;
    print(out, 0, 0, columns);
    return out + "\n";
}

}  // namespace tilelang_tt::codegen
