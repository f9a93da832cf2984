// What TVM's and TileLang's intrinsics of a T.Parallel body mean, and what to write instead of those that have no
// meaning here.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "compiler/ir/lane.h"

namespace tilelang_tt::frontend {

// The name of a called operator as a user writes it: "T.gemm_sp", "T.sync_threads".
std::string user_name(std::string_view op);

// The function of the chip that the operator is.
std::optional<tensix::TileFn> function_of(std::string_view op);

// How many of the operator's arguments are values, if `compose` knows it; the rest are options such as a rounding mode.
std::optional<size_t> composed_arity(std::string_view op);
// The operator made of functions that the chip has, in fp32, rounded to `type` once at the end.
LaneId compose(LaneArena& lanes, std::string_view op, DType type, std::span<const LaneId> args);

// Does the operator steer GPU threads, warps, barriers or copy engines?
bool particular_to_gpus(std::string_view op);
// What to write instead of an operator that is refused.
std::string instead_of(std::string_view op);

}  // namespace tilelang_tt::frontend
