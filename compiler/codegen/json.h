// JSON for writing: an ordered tree, printed so that what fits on a line stays on one.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace tilelang_tt::codegen {

class Json {
  public:
    using Array = std::vector<Json>;
    using Object = std::vector<std::pair<std::string, Json>>;  // in order of writing

    Json(bool value) : value_(value) {}
    Json(int value) : value_(static_cast<int64_t>(value)) {}
    Json(uint32_t value) : value_(static_cast<int64_t>(value)) {}
    Json(int64_t value) : value_(value) {}
    Json(double value) : value_(value) {}
    Json(std::string value) : value_(std::move(value)) {}
    Json(std::string_view value) : value_(std::string(value)) {}
    Json(const char* value) : value_(std::string(value)) {}
    Json(Array value) : value_(std::move(value)) {}
    Json(Object value) : value_(std::move(value)) {}

    // Indented by 2; arrays and objects that fit in `columns` are written on one line.
    std::string text(size_t columns = 120) const;

  private:
    std::string line() const;
    void print(std::string& out, size_t indent, size_t used, size_t columns) const;
    std::variant<bool, int64_t, double, std::string, Array, Object> value_;
};

std::string json_string(std::string_view text);  // quoted and escaped

}  // namespace tilelang_tt::codegen
