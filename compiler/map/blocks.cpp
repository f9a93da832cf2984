#include "compiler/map/blocks.h"

namespace tilelang_tt {
namespace {

void check(const Context& ctx, const tile::Launch& launch, const tile::Region& region,
           std::vector<Diagnostic>& errors) {
    for (const tile::Op& op : region.ops) {
        if (auto* loop = std::get_if<tile::For>(&op.v)) check(ctx, launch, loop->body, errors);
        if (auto* branch = std::get_if<tile::If>(&op.v)) {
            check(ctx, launch, branch->then, errors);
            check(ctx, launch, branch->otherwise, errors);
        }
        auto* gemm = std::get_if<tile::Gemm>(&op.v);
        if (!gemm) continue;
        for (const Access* access : {&gemm->a, &gemm->b, &gemm->c}) {
            std::string shape;
            bool whole = true;
            for (IndexId extent : access->extent) {
                auto n = ctx.index.as_const(extent);
                if (n == 1 && access->extent.size() > 2) continue;
                whole = whole && n && *n % kTileDim == 0;
                shape += (shape.empty() ? "" : " x ") + (n ? std::to_string(*n) : "?");
            }
            if (whole) continue;
            std::vector<SourceLoc> where{ctx.loc(op.loc)};
            std::string name;
            if (access->ref.is_tensor()) {
                name = ctx.tensor(access->ref.tensor).name;
            } else {
                const tile::Buffer& buffer = launch.buffers[access->ref.buffer.v];
                name = buffer.name;
                if (buffer.loc) where.push_back(ctx.loc(buffer.loc));
            }
            errors.push_back({Severity::Error,
                              "TT2003",
                              "T.gemm multiplies tiles of 32x32 elements; `" + name + "` is not made of such",
                              std::move(where),
                              {{"block", "multiples of 32", shape}},
                              {},
                              "use block sizes that are multiples of 32; the tensors themselves may have any size"});
        }
    }
}

}  // namespace

void check_gemm_blocks(const Context& ctx, const tile::Launch& launch, std::vector<Diagnostic>& errors) {
    check(ctx, launch, launch.body, errors);
}

}  // namespace tilelang_tt
