#include "compiler/map/blocks.h"

namespace tilelang_tt {
namespace {

struct Operand {
    std::string name;
    DType dtype;
    std::vector<SourceLoc> where;  // the statement; the buffer's allocation
};

Operand operand(const Context& ctx, const tile::Launch& launch, const Access& access, LocId at) {
    if (access.ref.is_tensor()) {
        const Tensor& tensor = ctx.tensor(access.ref.tensor);
        return {tensor.name, tensor.dtype, {ctx.loc(at)}};
    }
    const tile::Buffer& buffer = launch.buffers[access.ref.buffer.v];
    Operand out{buffer.name, buffer.dtype, {ctx.loc(at)}};
    if (buffer.loc) out.where.push_back(ctx.loc(buffer.loc));
    return out;
}

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
            const auto [name, dtype, where] = operand(ctx, launch, *access, op.loc);
            if (!is_float(dtype))
                errors.push_back({Severity::Error,
                                  "TT2010",
                                  "the matrix engine multiplies floats; `" + name + "` of T.gemm is " +
                                      std::string(to_string(dtype)),
                                  where,
                                  {},
                                  {},
                                  "use bfloat16, float16 or float32 operands and a float32 accumulator, or int8 or "
                                  "uint8 operands and an int32 accumulator"});
            // Rows of A and columns of B past the block's end are results that nobody sees; what is summed over is not.
            if (access == &gemm->c) continue;
            const size_t rank = access->extent.size();
            const size_t summed = rank - (access == &gemm->a ? 1 + gemm->trans_a : 2 - gemm->trans_b);
            const auto k = ctx.index.as_const(access->extent[summed]);
            if (k && *k != 1) continue;
            std::string shape;
            for (size_t d = rank - 2; d < rank; ++d) {
                const auto n = ctx.index.as_const(access->extent[d]);
                shape += (shape.empty() ? "" : " x ") + (n ? std::to_string(*n) : "?");
            }
            errors.push_back({Severity::Error,
                              "TT2003",
                              "T.gemm sums over blocks of a constant size; `" + name + "` has none in K, or 1",
                              where,
                              {{"block", "constant in K and larger than 1", shape}},
                              {},
                              "use a constant block size; write products of a column and a row in T.Parallel"});
        }
    }
}

}  // namespace

void check_gemm_blocks(const Context& ctx, const tile::Launch& launch, std::vector<Diagnostic>& errors) {
    check(ctx, launch, launch.body, errors);
}

}  // namespace tilelang_tt
