#include "compiler/map/layout.h"

#include <algorithm>
#include <set>

#include "compiler/ir/text.h"
#include "compiler/map/access.h"
#include "compiler/map/block_dims.h"
#include "compiler/map/unpack.h"

namespace tilelang_tt {
namespace {

std::optional<tensix::DataFormat> storage_format(const Tensor& tensor) {
    if (tensor.storage == Storage::Bfp8B) return tensix::DataFormat::Bfp8_b;
    if (tensor.storage == Storage::Bfp4B) return tensix::DataFormat::Bfp4_b;
    if (tensor.per_byte > 1) return tensix::DataFormat::Bfp8_b;  // 16 numbers of 4 bits share an exponent exactly
    switch (tensor.dtype) {
        case DType::BF16:
            return tensix::DataFormat::Float16_b;
        case DType::F16:
            return tensix::DataFormat::Float16;
        case DType::F32:
            return tensix::DataFormat::Float32;
        case DType::I32:
            return tensix::DataFormat::Int32;
        case DType::U32:
            return tensix::DataFormat::UInt32;
        case DType::U16:
            return tensix::DataFormat::UInt16;
        case DType::U8:
        case DType::I8:  // bytes in two's complement, which typecast_tile gives their sign
            return tensix::DataFormat::UInt8;
        case DType::FP8E4M3:
        case DType::FP8E5M2:
            return tensix::DataFormat::Float16_b;  // holds all their values
        default:
            return std::nullopt;
    }
}

std::string_view instead_of(DType dtype) {
    switch (dtype) {
        case DType::F64:
            return "use float32";
        case DType::I64:
            return "use int32";
        case DType::I16:
            return "use int32 or uint16";
        case DType::Bool:
            return "use uint8 or uint16 with 0 and 1";
        default:
            return "use bfloat16 or float16";
    }
}

// Buffers that hold one block of a tensor and nothing else: all that the launch writes to them is one copy of it, and
// it does not write the tensor. Parts of them are loaded by themselves (tensorize), from wherever the layout allows.
class HeldBlocks {
  public:
    HeldBlocks(const Context& ctx, const tile::Launch& launch) : ctx_(ctx), launch_(launch) {
        writers_.resize(launch.buffers.size());
        collect(launch.body);
    }
    // The block that the buffer holds; null: none.
    const Access* of(BufferId buffer) const {
        const auto& [count, copy] = writers_[buffer.v];
        if (count != 1 || !copy || written_.contains(copy->src.ref.tensor)) return nullptr;
        return &copy->src;
    }

  private:
    void written(Ref ref, const tile::Copy* by = nullptr) {
        if (ref.is_tensor()) {
            written_.insert(ref.tensor);
            return;
        }
        auto& [count, copy] = writers_[ref.buffer.v];
        ++count;
        copy = by;
    }
    bool whole(const Access& access) const {
        const auto& shape = launch_.buffers[access.ref.buffer.v].shape;
        for (size_t d = 0; d < shape.size(); ++d)
            if (fixed_value(ctx_.index, access.offset[d]) != 0 || ctx_.index.as_const(access.extent[d]) != shape[d])
                return false;
        return true;
    }
    void collect(const tile::Region& region) {
        for (const tile::Op& op : region.ops) {
            if (auto* loop = std::get_if<tile::For>(&op.v)) {
                collect(loop->body);
            } else if (auto* branch = std::get_if<tile::If>(&op.v)) {
                collect(branch->then);
                collect(branch->otherwise);
            } else if (auto* copy = std::get_if<tile::Copy>(&op.v)) {
                const bool block = copy->src.ref.is_tensor() && !copy->dst.ref.is_tensor() && whole(copy->dst);
                written(copy->dst.ref, block ? copy : nullptr);
            } else if (auto* fill = std::get_if<tile::Fill>(&op.v)) {
                written(fill->dst.ref);
            } else if (auto* gemm = std::get_if<tile::Gemm>(&op.v)) {
                written(gemm->c.ref);
            } else if (auto* scan = std::get_if<tile::Scan>(&op.v)) {
                written(scan->dst.ref);
            } else if (auto* reduce = std::get_if<tile::Reduce>(&op.v)) {
                written(reduce->dst.ref);
            } else if (auto* map = std::get_if<tile::Map>(&op.v)) {
                for (const tile::Store& store : map->stores) written(store.ref);
            }
        }
    }

    const Context& ctx_;
    const tile::Launch& launch_;
    std::vector<std::pair<int, const tile::Copy*>> writers_;  // by buffer
    std::set<TensorId> written_;
};

// The accesses of tensors, one at a time, against the layouts. What only tiles do not allow goes to obstacles, one list
// a tensor; what no layout allows to errors.
class BlockChecker {
  public:
    BlockChecker(Context& ctx, const std::vector<TensorLayout>& layouts,
                 std::vector<std::vector<Diagnostic>>& obstacles, std::vector<Diagnostic>& errors)
        : ctx_(ctx), layouts_(layouts), obstacles_(obstacles), errors_(errors) {}

    void check(const tile::Launch& launch) {
        const HeldBlocks held(ctx_, launch);
        held_ = &held;
        launch_ = &launch;
        check(launch.body);
        held_ = nullptr;
    }

  private:
    void check(const tile::Region& region) {
        for (const tile::Op& op : region.ops) {
            if (auto* loop = std::get_if<tile::For>(&op.v)) {
                check(loop->body);
            } else if (auto* branch = std::get_if<tile::If>(&op.v)) {
                check(branch->then);
                check(branch->otherwise);
            } else if (auto* copy = std::get_if<tile::Copy>(&op.v)) {
                check("T.copy", copy->src, false, op.loc);
                check("T.copy", copy->dst, true, op.loc);
            } else if (auto* fill = std::get_if<tile::Fill>(&op.v)) {
                check("T.fill", fill->dst, true, op.loc);
            } else if (auto* gemm = std::get_if<tile::Gemm>(&op.v)) {
                check("T.gemm", gemm->a, false, op.loc);
                check("T.gemm", gemm->b, false, op.loc);
                check("T.gemm", gemm->c, true, op.loc);
            } else if (auto* scan = std::get_if<tile::Scan>(&op.v)) {
                const char* what = scan->fn == tensix::ReduceFn::Sum ? "T.cumsum" : "T.cummax";
                check(what, scan->src, false, op.loc);
                check(what, scan->dst, true, op.loc);
            } else if (auto* reduce = std::get_if<tile::Reduce>(&op.v)) {
                check("T.reduce", reduce->src, false, op.loc);
                check("T.reduce", reduce->dst, true, op.loc);
            } else if (auto* map = std::get_if<tile::Map>(&op.v)) {
                for (const tile::Store& store : map->stores) {
                    LocId loc = store.loc ? store.loc : op.loc;
                    check(*map, store.ref, store.indices, true, loc);
                    for_each_read(ctx_.lanes, store.value,
                                  [&](const LaneNode& read) { check(*map, read.ref, read.indices, false, loc); });
                }
            }
        }
    }

    static void add(std::vector<Diagnostic>& to, Diagnostic d) {
        if (std::find(to.begin(), to.end(), d) == to.end()) to.push_back(std::move(d));
    }
    Diagnostic refusal(std::string code, LocId loc, std::string message, std::vector<Fact> facts, std::string fix) {
        return {Severity::Error, std::move(code), std::move(message), {ctx_.loc(loc)}, std::move(facts), {},
                std::move(fix)};
    }
    void refuse(std::string code, LocId loc, std::string message, std::vector<Fact> facts, std::string fix) {
        add(errors_, refusal(std::move(code), loc, std::move(message), std::move(facts), std::move(fix)));
    }

    void check(std::string what, const Access& access, bool store, LocId loc) {
        if (!access.ref.is_tensor()) {
            if (!store) part(what, access.ref.buffer, access.offset, loc);
            return;
        }
        std::vector<std::optional<int64_t>> extent;
        for (IndexId id : access.extent) extent.push_back(ctx_.index.as_const(id));
        check(what, access.ref.tensor, access.offset, extent, store, loc);
    }

    void check(const tile::Map& map, Ref ref, const std::vector<IndexId>& indices, bool store, LocId loc) {
        std::string problem;
        auto access = lane_access(ctx_.index, map, indices, problem);
        if (!ref.is_tensor()) {
            if (!store && access) part("T.Parallel", ref.buffer, access->base, loc);
            return;
        }
        if (!access) {
            const Tensor& tensor = ctx_.tensor(ref.tensor);
            const std::string packed = packed_fix(ctx_, tensor.dtype, tensor.name, indices);
            refuse("TT2005", loc,
                   "T.Parallel does not touch `" + ctx_.tensor(ref.tensor).name + "` in blocks: " + problem, {},
                   packed.empty()
                       ? "index each dimension by one lane plus an offset, e.g. `A[by * 32 + i, bx * 32 + j]`"
                       : packed);
            return;
        }
        std::vector<std::optional<int64_t>> extent;
        for (VarId lane : access->lane) extent.push_back(lane ? lane_extent(ctx_.index, map, lane) : 1);
        check("T.Parallel", ref.tensor, access->base, extent, store, loc);
    }

    void check(const std::string& what, TensorId id, const std::vector<IndexId>& offset,
               const std::vector<std::optional<int64_t>>& extent, bool store, LocId loc) {
        const Tensor& tensor = ctx_.tensor(id);
        const TensorLayout& layout = layouts_[id.v];
        for (size_t d = 0; d < offset.size(); ++d) {
            int64_t dim = static_cast<int64_t>(d);
            bool tiled = dim == layout.row_dim || dim == layout.col_dim;
            if (!tiled) {
                // T.Parallel bodies over more dimensions become loops, copies one copy for each block of two.
                if (extent[d] != 1 && what != "T.Parallel" && what != "T.copy")
                    refuse("TT2004", loc,
                           what + " moves a block of `" + tensor.name + "` with more than two dimensions", {},
                           "copy two dimensions at a time, in a loop over dimension " + std::to_string(d));
                continue;
            }
            if (!extent[d]) {
                refuse("TT2009", loc, what + " touches a block of `" + tensor.name + "` whose size is not constant", {},
                       "use a constant block size");
                continue;
            }
            if (layout.row_major) {
                const auto first = ctx_.index.bounds(offset[d]).lo;
                if (first && *first < 0)
                    refuse("TT2012", loc,
                           what + " touches `" + tensor.name + "` from before its first element on, in dimension " +
                               std::to_string(d),
                           {{"offset", "0 or more", print(ctx_.index, offset[d])}},
                           "let blocks begin inside the tensor; they may run over its end");
                continue;
            }
            if (!tile_aligned(ctx_.index, offset[d])) {
                add(obstacles_[id.v],
                    refusal("TT2002", loc,
                            what + " touches `" + tensor.name + "` from the middle of a 32x32 tile on, in dimension " +
                                std::to_string(d),
                            {{"offset", "multiples of 32", print(ctx_.index, offset[d])}},
                            "use block sizes that are multiples of 32"));
                continue;
            }
            if (store && *extent[d] % kTileDim != 0 && !reaches_end(tensor, d, offset[d], *extent[d]))
                add(obstacles_[id.v],
                    refusal("TT2008", loc,
                            what + " writes parts of tiles of `" + tensor.name + "` in dimension " + std::to_string(d),
                            {{"block size", "multiples of 32, or up to the tensor's end", std::to_string(*extent[d])}},
                            "use block sizes that are multiples of 32"));
        }
    }

    // A part of a buffer that holds a block of a tensor, from `offset` on: in rows it may begin anywhere.
    void part(const std::string& what, BufferId buffer, const std::vector<IndexId>& offset, LocId loc) {
        const Access* block = held_->of(buffer);
        if (!block ||
            std::all_of(offset.begin(), offset.end(), [&](IndexId id) { return tile_aligned(ctx_.index, id); }))
            return;
        const TensorId id = block->ref.tensor;
        if (layouts_[id.v].row_major) return;
        const std::vector<int64_t> dims = blocked_dims(ctx_.index, *block);
        size_t along = 0;
        const auto& shape = launch_->buffers[buffer.v].shape;
        for (size_t d = 0; d < shape.size(); ++d) {
            if (shape[d] == 1) continue;
            if (along >= dims.size()) return;
            const int64_t dim = dims[along++];
            if (tile_aligned(ctx_.index, offset[d]) || (dim != layouts_[id.v].row_dim && dim != layouts_[id.v].col_dim))
                continue;
            add(obstacles_[id.v],
                refusal("TT2002", loc,
                        what + " touches a part of `" + launch_->buffers[buffer.v].name + "`, a block of `" +
                            ctx_.tensor(id).name + "`, from the middle of a 32x32 tile on, in dimension " +
                            std::to_string(d),
                        {{"offset", "multiples of 32", print(ctx_.index, offset[d])}},
                        "use parts that start at multiples of 32, or give the part a buffer of its own"));
        }
    }

    bool reaches_end(const Tensor& tensor, size_t d, IndexId offset, int64_t extent) {
        IndexId end = ctx_.index.add(offset, ctx_.index.constant(extent));
        auto left = ctx_.index.bounds(ctx_.index.sub(tensor.shape[d], end)).hi;
        return left && *left <= 0;
    }

    Context& ctx_;
    const std::vector<TensorLayout>& layouts_;
    std::vector<std::vector<Diagnostic>>& obstacles_;
    std::vector<Diagnostic>& errors_;
    const tile::Launch* launch_ = nullptr;
    const HeldBlocks* held_ = nullptr;
};

// The tensor in rows of its last dimension; why not, where that cannot be.
std::optional<TensorLayout> in_rows(const Tensor& tensor, TensorLayout layout, std::string& problem) {
    const int64_t last = static_cast<int64_t>(tensor.shape.size()) - 1;
    if (tensix::is_block_format(layout.format)) {
        problem = std::string(tensix::name(layout.format)) + " elements share exponents and cannot be moved one by one";
        return std::nullopt;
    }
    if (layout.row_dim >= 0 && layout.col_dim >= 0 && layout.col_dim != last) {
        problem = "its blocks run over dimensions " + std::to_string(layout.row_dim) + " and " +
                  std::to_string(layout.col_dim) + ", not over the last one";
        return std::nullopt;
    }
    // A vector is a row of its last dimension, or one element of each of several rows.
    const int64_t along = layout.row_dim >= 0 ? layout.row_dim : layout.col_dim;
    if (layout.row_dim < 0 || layout.col_dim < 0) layout.row_dim = along == last ? -1 : along;
    layout.col_dim = last;
    layout.row_major = true;
    layout.pad_is_zero = true;
    return layout;
}

Diagnostic row_major_note(const Context& ctx, const Tensor& tensor, const std::vector<Diagnostic>& obstacles) {
    Diagnostic note{Severity::Note, "TT2096", {}, {ctx.loc(tensor.loc)}, {}, {}, {}};
    std::string why = "as annotated";
    if (!obstacles.empty()) {
        const Diagnostic& first = obstacles.front();
        why = first.message + " (" + first.facts.front().what + " " + first.facts.front().value + ")";
        note.where = first.where;
    }
    note.message = "`" + tensor.name + "` lies in rows in device memory, not in tiles: " + why +
                   ". Its blocks are tilized, or untilized, on the way";
    return note;
}

}  // namespace

std::vector<TensorLayout> choose_layouts(Context& ctx, const std::vector<tile::Launch>& launches,
                                         std::vector<Diagnostic>& errors, std::vector<Diagnostic>& remarks) {
    BlockDims dims = infer_block_dims(ctx, launches);
    std::vector<TensorLayout> layouts;
    for (size_t i = 0; i < ctx.tensors.size(); ++i) {
        const Tensor& tensor = ctx.tensors[i];
        TensorLayout layout;
        layout.row_dim = dims.tensors[i].row;
        layout.col_dim = dims.tensors[i].col;
        // The host pads what it uploads with zeros; what kernels write is padded with whatever they computed there.
        layout.pad_is_zero = tensor.param >= 0 && !tensor.written;
        if (auto format = storage_format(tensor)) {
            layout.format = *format;
        } else if (tensor.read || tensor.written) {
            errors.push_back(
                {Severity::Error,
                 "TT2001",
                 "`" + tensor.name + "` is " + std::string(to_string(tensor.dtype)) + ", which the chip does not store",
                 {ctx.loc(tensor.loc)},
                 {},
                 {},
                 std::string(instead_of(tensor.dtype))});
        }
        layouts.push_back(layout);
    }
    std::vector<std::vector<Diagnostic>> obstacles(ctx.tensors.size());
    std::vector<Diagnostic> of_tiles;  // what would be refused if all lay in tiles
    BlockChecker in_tiles(ctx, layouts, obstacles, of_tiles);
    for (const tile::Launch& launch : launches) in_tiles.check(launch);
    for (size_t i = 0; i < ctx.tensors.size(); ++i) {
        const Tensor& tensor = ctx.tensors[i];
        const bool annotated = tensor.storage == Storage::RowMajor;
        if (obstacles[i].empty() && !annotated) continue;
        std::string problem;
        if (auto rows = in_rows(tensor, layouts[i], problem)) {
            layouts[i] = *rows;
            remarks.push_back(row_major_note(ctx, tensor, obstacles[i]));
        } else if (annotated) {
            errors.push_back({Severity::Error,
                              "TT2011",
                              "`" + tensor.name + "` cannot lie in rows: " + problem,
                              {ctx.loc(tensor.loc)},
                              {},
                              {},
                              "let blocks run over the last dimension, or leave the layout to the compiler"});
        } else {
            for (Diagnostic& obstacle : obstacles[i]) {
                obstacle.notes.push_back("in rows the tensor could be accessed so, but " + problem);
                errors.push_back(std::move(obstacle));
            }
        }
    }
    obstacles.assign(ctx.tensors.size(), {});
    BlockChecker checker(ctx, layouts, obstacles, errors);
    for (const tile::Launch& launch : launches) checker.check(launch);
    return layouts;
}

}  // namespace tilelang_tt
