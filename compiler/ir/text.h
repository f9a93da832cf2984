// Text of every form: print(parse(text)) == text for printed text, parse(print(form)) == form for every form
// (tests/ir). One grammar, driven by each op's fields(); see docs/ir.md.
#pragma once

#include <string>
#include <string_view>

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/tensix_program.h"
#include "compiler/ir/tile_graph.h"
#include "compiler/ir/tile_program.h"

namespace tilelang_tt {

std::string print(const TileProgram& program);
std::string print(const TileGraph& graph);
std::string print(const TensixProgram& program);

// Errors: TT90xx with the line and column in the text.
Result<TileProgram> parse_tile_program(std::string_view text);
Result<TileGraph> parse_tile_graph(std::string_view text);
Result<TensixProgram> parse_tensix_program(std::string_view text);

// An expression as in the text forms: "by * 128 + ko * 32", "min(M - i, 4)".
std::string print(const IndexArena& index, IndexId id);
// Reads of the launch's buffers bear their names; without a launch they print as "?".
std::string print(const Context& ctx, const tile::Launch& launch, LaneId id);
std::string print(const Context& ctx, LaneId id);

}  // namespace tilelang_tt
