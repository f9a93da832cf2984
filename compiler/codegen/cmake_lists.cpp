// CMakeLists.txt of an artifact folder.
#include "compiler/codegen/host.h"

namespace tilelang_tt::codegen {

std::string cmake_lists(const Plan& plan) {
    const std::string name = program_name(plan);
    return "# Builds the host program of " + plan.ctx.name +
           ":\n"
           "#   cmake -S . -B build && cmake --build build\n"
           "# against an installed TT-Metalium (-DCMAKE_PREFIX_PATH=...), or against the emulator of tilelang-tt:\n"
           "#   cmake -S . -B build -DTT_EMULATOR_DIR=<build/ of its checkout, or the folder of the installed "
           "package>\n"
           "cmake_minimum_required(VERSION 3.20)\n"
           "project(" +
           name +
           " LANGUAGES CXX)\n"
           "set(CMAKE_CXX_STANDARD 20)\n"
           "set(CMAKE_CXX_STANDARD_REQUIRED ON)\n"
           "set(TT_EMULATOR_DIR \"\" CACHE PATH \"Holds include/ and lib/ of the emulator; empty: use TT-Metalium\")\n"
           "\n"
           "add_executable(" +
           name + " host.cpp)\nif(TT_EMULATOR_DIR)\n  target_include_directories(" + name +
           " PRIVATE ${TT_EMULATOR_DIR}/include)\n"
           "  find_library(TT_EMULATOR tt_emulator PATHS ${TT_EMULATOR_DIR} ${TT_EMULATOR_DIR}/lib REQUIRED "
           "NO_DEFAULT_PATH)\n"
           "  target_link_libraries(" +
           name + " PRIVATE ${TT_EMULATOR})\nelse()\n  find_package(TT-Metalium REQUIRED)\n  target_link_libraries(" +
           name + " PRIVATE TT::Metalium)\nendif()\n";
}

}  // namespace tilelang_tt::codegen
