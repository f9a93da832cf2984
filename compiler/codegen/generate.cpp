#include <utility>

#include "compiler/codegen/artifacts.h"
#include "compiler/codegen/host.h"
#include "compiler/codegen/kernel.h"
#include "compiler/codegen/unit_loops.h"

namespace tilelang_tt {

Result<Artifacts> generate(const TensixProgram& input, const Target& target) {
    TensixProgram program = input;
    for (prog::Launch& launch : program.launches) codegen::inline_unit_loops(program.ctx, launch.body);

    Artifacts artifacts;
    constexpr std::pair<const char*, Result<codegen::KernelSource> (*)(TensixProgram&, size_t)> kKernels[] = {
        {"reader.cpp", codegen::reader_source},
        {"compute.cpp", codegen::compute_source},
        {"writer.cpp", codegen::writer_source}};
    std::vector<std::vector<PlanKernel>> kernels(program.launches.size());
    for (size_t l = 0; l < program.launches.size(); ++l) {
        const std::string prefix = program.launches.size() > 1 ? "launch" + std::to_string(l) + "_" : "";
        for (auto& [file, write] : kKernels) {
            Result<codegen::KernelSource> source = write(program, l);
            if (!source.ok()) return source.diagnostics();
            PlanKernel& kernel = kernels[l].emplace_back(std::move(source.value().plan));
            kernel.file = prefix + file;
            artifacts.files[kernel.file] = std::move(source.value().text);
        }
    }
    artifacts.plan = make_plan(program, target);
    for (size_t l = 0; l < kernels.size(); ++l) artifacts.plan.launches[l].kernels = std::move(kernels[l]);
    artifacts.files["tt.plan.json"] = to_json(artifacts.plan);
    Result<std::string> host = codegen::host_source(artifacts.plan);
    if (!host.ok()) return host.diagnostics();
    artifacts.files["host.cpp"] = host.take();
    artifacts.files["CMakeLists.txt"] = codegen::cmake_lists(artifacts.plan);
    return artifacts;
}

}  // namespace tilelang_tt
