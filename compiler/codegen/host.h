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

// Name of the executable and of its CMake target, after the kernel: "matmul_host".
std::string program_name(const Plan& plan);

}  // namespace tilelang_tt::codegen
