// The fixed parts of host.cpp, as text: what every host program has, and what only some need.
#pragma once

#include <span>
#include <string_view>
#include <utility>

namespace tilelang_tt::codegen {

// Includes, tolerance, command line. Starts with "#include"; "// ---- command line" follows the includes.
extern const std::string_view kIncludes;
// Shape symbols and scalars from the command line; bits of float scalars; division that rounds down.
extern const std::string_view kSymbol, kFloatSymbol, kFloorDiv;
// Numbers in host memory: struct Element, and float8<> for 8-bit floats.
extern const std::string_view kElementStruct, kFloat8;
// Tiles whose elements share exponents.
extern const std::string_view kBlocks;
// struct KernelTensor, files, checks, circular buffers, kernels' paths.
extern const std::string_view kTensor;

// A piece of kTensor, and what it becomes.
using Edit = std::pair<std::string_view, std::string_view>;
// What tensors of block formats, of packed numbers, of rows instead of tiles, or in another shape than the caller's
// add to it.
extern const std::span<const Edit> kWithBlocks, kWithPacked, kWithRows, kWithViews;

}  // namespace tilelang_tt::codegen
