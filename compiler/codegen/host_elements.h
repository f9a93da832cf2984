// How host.cpp reads and writes numbers of each dtype in host memory.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "compiler/ir/dtype.h"
#include "tensix/formats.h"

namespace tilelang_tt::codegen {

struct ElementRow {
    DType dtype;
    tensix::DataFormat format;  // Invalid: no tile has it
    std::string_view type;      // C++; empty: needs code
};
// In the order in which host.cpp has them.
std::span<const ElementRow> element_rows();
// nullptr: a host program has no such number. Block formats are made of floats, tile by tile.
const ElementRow* element(DType dtype);
const ElementRow* element(tensix::DataFormat format);

// The C++ constant that loads and stores such numbers, and its definition.
std::string element_name(const ElementRow& row);
std::string element_code(const ElementRow& row);

}  // namespace tilelang_tt::codegen
