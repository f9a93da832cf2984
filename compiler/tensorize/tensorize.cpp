#include "compiler/tensorize/tensorize.h"

#include "compiler/ir/walk.h"
#include "compiler/map/block_dims.h"
#include "compiler/tensorize/build.h"
#include "compiler/tensorize/check_order.h"
#include "compiler/tensorize/convert.h"
#include "compiler/tensorize/pad.h"
#include "compiler/tensorize/simplify.h"

namespace tilelang_tt {
namespace {

void simplify_until_done(Context& ctx, graph::Launch& launch) {
    for (bool changed = true; changed;) {
        changed = fold_branches(ctx, launch);
        changed = fold_fills(ctx, launch) || changed;
        changed = mask_products(launch) || changed;
        changed = forward_copies(launch) || changed;
        changed = forward_parts(ctx, launch) || changed;
        changed = merge_equal_ops(launch) || changed;
        changed = hoist_invariants(ctx, launch) || changed;
        changed = fuse_silu(launch) || changed;
        changed = remove_dead_values(launch) || changed;
    }
}

void simplify(Context& ctx, graph::Launch& launch, const Target& target) {
    simplify_until_done(ctx, launch);
    if (reduce_strength(launch, target.precision)) simplify_until_done(ctx, launch);
    // Once: what it puts together again, for those who need it whole, stays.
    if (split_values(ctx, launch)) simplify_until_done(ctx, launch);
}

}  // namespace

Result<TileGraph> tensorize(const TileProgram& program, const MappingPlan& mapping, const Target& target) {
    TileGraph graph;
    graph.ctx = program.ctx;
    std::vector<Diagnostic> errors, remarks;
    const BlockDims dims = infer_block_dims(graph.ctx, program.launches);
    for (size_t i = 0; i < program.launches.size(); ++i)
        graph.launches.push_back(
            build_launch(graph.ctx, program.launches[i], mapping.layouts, dims.buffers[i], errors, remarks));
    if (!errors.empty()) return errors;
    std::vector<bool> pad_is_zero;
    for (const TensorLayout& layout : mapping.layouts) pad_is_zero.push_back(layout.pad_is_zero);
    for (graph::Launch& launch : graph.launches) {
        simplify(graph.ctx, launch, target);
        check_memory_order(graph.ctx, launch, errors);
        insert_conversions(launch, mapping.layouts);
        mask_edges(graph.ctx, launch, pad_is_zero);
        insert_pads(graph.ctx, launch, pad_is_zero);
        name_apart(launch);
    }
    if (!errors.empty()) return errors;
    return Result<TileGraph>(compact(graph), std::move(remarks));
}

}  // namespace tilelang_tt
