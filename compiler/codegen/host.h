// host.cpp and CMakeLists.txt: a complete program around the kernels.
#pragma once

#include <string>

#include "compiler/codegen/plan.h"
#include "compiler/ir/diagnostics.h"

namespace tilelang_tt::codegen {

// A C++ program for TT-Metalium's host API that does everything the plan says and checks the results against files.
// Errors: TT6002, a tensor stored in a format whose elements have no address of their own.
Result<std::string> host_source(const Plan& plan);

std::string cmake_lists(const Plan& plan);

// The kernel's name as an identifier: the executable's and the CMake target's.
std::string program_name(const Plan& plan);

}  // namespace tilelang_tt::codegen
