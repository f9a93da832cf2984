#include "compiler/map/map.h"

#include "compiler/map/blocks.h"
#include "compiler/map/layout.h"
#include "compiler/map/ownership.h"
#include "compiler/map/work_split.h"

namespace tilelang_tt {

Result<MappingPlan> map_program(const TileProgram& program, const Target& target) {
    Context ctx = program.ctx;  // the checks build expressions of their own
    std::vector<Diagnostic> errors, remarks;
    MappingPlan plan;
    plan.layouts = choose_layouts(ctx, program.launches, errors, remarks);
    for (const tile::Launch& launch : program.launches) {
        check_gemm_blocks(ctx, launch, errors);
        check_ownership(ctx, launch, errors);
        plan.launches.push_back(split_work(ctx, launch, target));
    }
    if (!errors.empty()) return errors;
    return {std::move(plan), std::move(remarks)};
}

}  // namespace tilelang_tt
