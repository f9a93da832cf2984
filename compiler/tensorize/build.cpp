#include "compiler/tensorize/build.h"

#include <algorithm>
#include <set>

#include "compiler/ir/walk.h"
#include "compiler/map/access.h"
#include "compiler/tensorize/bits.h"
#include "compiler/tensorize/lanes.h"
#include "compiler/tensorize/memory.h"
#include "compiler/tensorize/scans.h"

namespace tilelang_tt {
namespace {

using graph::Orientation;
using graph::TileType;

// Buffers that a region writes.
void written_buffers(const tile::Region& region, std::set<BufferId>& out) {
    for_each_write(region, [&](Ref ref) {
        if (!ref.is_tensor()) out.insert(ref.buffer);
    });
}

// Of a copy that is done block by block, and of a loop that is unrolled.
constexpr int64_t kMaxParts = 64, kMaxUnrolled = 16;

// Whether the variable says which part of a buffer is touched.
bool selects_part(const Context& ctx, const tile::Region& region, VarId var) {
    bool any = false;
    auto note = [&](Ref ref, const std::vector<IndexId>& indices) {
        for (IndexId id : indices) any = any || (!ref.is_tensor() && ctx.index.uses(id, var));
    };
    each<Access>(region, [&](const Access& access) { note(access.ref, access.offset); });
    each<tile::Store>(region, [&](const tile::Store& store) {
        note(store.ref, store.indices);
        for_each_read(ctx.lanes, store.value, [&](const LaneNode& read) { note(read.ref, read.indices); });
    });
    return any;
}

// Bits of a number; of truth one.
int width(DType dtype) { return dtype == DType::Bool ? 1 : static_cast<int>(8 * size_bytes(dtype)); }

tensix::TileFn elementwise(tensix::ReduceFn fn) {
    return fn == tensix::ReduceFn::BitAnd  ? tensix::TileFn::BitAnd
           : fn == tensix::ReduceFn::BitOr ? tensix::TileFn::BitOr
                                           : tensix::TileFn::BitXor;
}

std::string extents(const TileType& type) { return std::to_string(type.rows) + " x " + std::to_string(type.cols); }

class LaunchBuilder {
  public:
    LaunchBuilder(Context& ctx, const tile::Launch& launch, const std::vector<TensorLayout>& layouts,
                  const std::vector<Dims>& buffer_dims, graph::Launch& out, std::vector<Diagnostic>& errors,
                  std::vector<Diagnostic>& remarks)
        : ctx_(ctx), builder_(out), memory_(ctx, launch, layouts, buffer_dims, builder_, errors), remarks_(remarks) {}

    void run(const tile::Region& region) {
        for (const tile::Op& op : region.ops) {
            loc_ = op.loc;
            std::visit([this](const auto& o) { build(o); }, op.v);
        }
    }

  private:
    // A new value of the whole buffer: an argument or result of a region op.
    ValueId redefine(BufferId buffer, LocId loc) {
        ValueId value = builder_.value(memory_.buffer_type(buffer), memory_.buffer(buffer).name, loc);
        memory_.set(buffer, value);
        return value;
    }

    void yield(const std::set<BufferId>& buffers, LocId loc) {
        graph::Yield op;
        for (BufferId b : buffers) op.values.push_back(memory_.current(b, loc));
        builder_.add(std::move(op), loc);
    }

    void build(const tile::For& op) {
        LocId loc = loc_;
        const auto begin = ctx_.index.as_const(op.begin), extent = ctx_.index.as_const(op.extent);
        const bool part = begin && extent && selects_part(ctx_, op.body, op.var);
        if (part && op.kind != tile::LoopKind::Pipelined && *extent <= kMaxUnrolled) {
            for (int64_t i = 0; i < *extent; ++i) {
                tile::Region body = op.body;
                substitute(ctx_, body, {{op.var, ctx_.index.constant(*begin + i)}});
                run(body);
            }
            return;
        }
        // What is inside a buffer is decided by the bounds.
        const Var known = ctx_.index.var(op.var);
        if (part && *extent > 0) ctx_.index.var(op.var).lo = *begin, ctx_.index.var(op.var).hi = *begin + *extent - 1;
        std::set<BufferId> carried;
        written_buffers(op.body, carried);
        graph::For loop;
        loop.var = op.var;
        loop.begin = op.begin;
        loop.extent = op.extent;
        loop.num_stages = op.kind == tile::LoopKind::Pipelined ? op.num_stages : 0;
        for (BufferId b : carried) loop.inits.push_back(memory_.current(b, loc));
        auto before = memory_.snapshot();
        for (BufferId b : carried) loop.body.args.push_back(redefine(b, loc));
        graph::Region* parent = builder_.enter(&loop.body);
        run(op.body);
        yield(carried, loc);
        builder_.enter(parent);
        // What the body made up for buffers that nothing writes stays in the body.
        memory_.restore(std::move(before));
        for (BufferId b : carried) loop.results.push_back({redefine(b, loc)});
        builder_.add(std::move(loop), loc);
        ctx_.index.var(op.var) = known;
    }

    void build(const tile::If& op) {
        LocId loc = loc_;
        std::set<BufferId> merged;
        written_buffers(op.then, merged);
        written_buffers(op.otherwise, merged);
        for (BufferId b : merged) memory_.current(b, loc);
        auto before = memory_.snapshot();
        graph::If branch;
        branch.cond = op.cond;
        graph::Region* parent = builder_.enter(&branch.then);
        for (auto [side, region] : {std::pair{&op.then, &branch.then}, std::pair{&op.otherwise, &branch.otherwise}}) {
            builder_.enter(region);
            memory_.restore(before);
            run(*side);
            yield(merged, loc);
        }
        builder_.enter(parent);
        memory_.restore(std::move(before));
        for (BufferId b : merged) branch.results.push_back({redefine(b, loc)});
        builder_.add(std::move(branch), loc);
    }

    // A copy from or to a tensor with more than two blocked dimensions: a block of the last two after the other.
    bool in_blocks(const tile::Copy& op) {
        if (!op.src.ref.is_tensor() && !op.dst.ref.is_tensor()) return false;
        const auto src = blocked_dims(ctx_.index, op.src), dst = blocked_dims(ctx_.index, op.dst);
        if (src.size() <= 2 || src.size() != dst.size()) return false;
        int64_t blocks = 1;
        std::vector<int64_t> extent;
        for (size_t n = 0; n + 2 < src.size(); ++n) {
            extent.push_back(ctx_.index.as_const(op.src.extent[src[n]]).value_or(kMaxParts + 1));
            blocks *= std::min(extent.back(), kMaxParts + 1);
        }
        if (blocks > kMaxParts) {
            memory_.refuse("TT3006", loc_, "T.copy moves more blocks of two dimensions than the compiler unrolls",
                           "copy two dimensions at a time, in a loop", {{"blocks", std::to_string(kMaxParts), "more"}});
            give_up(op.dst);
            return true;
        }
        const LocId loc = loc_;
        for (int64_t block = 0; block < blocks; ++block) {
            tile::Copy one = op;
            int64_t rest = block;
            for (size_t n = extent.size(); n-- > 0; rest /= extent[n])
                for (auto [access, dim] : {std::pair{&one.src, src[n]}, std::pair{&one.dst, dst[n]}}) {
                    const auto d = static_cast<size_t>(dim);
                    access->offset[d] = ctx_.index.add(access->offset[d], ctx_.index.constant(rest % extent[n]));
                    access->extent[d] = ctx_.index.constant(1);
                }
            build(one);
            loc_ = loc;
        }
        return true;
    }

    void build(const tile::Copy& op) {
        if (in_blocks(op)) return;
        auto to = memory_.type("T.copy", op.dst, loc_);
        auto value = memory_.read("T.copy", op.src, loc_);
        if (!to || !value) return give_up(op.dst);
        TileType from = builder_.type(*value);
        ValueId result = builder_.cast(*value, to->dtype, loc_);
        if (result != *value) memory_.same_block(*value, result);
        bool made = op.src.ref.is_tensor() || result != *value;
        if (from.rows != to->rows) result = builder_.transpose(result, loc_), made = true;
        put("T.copy", op.dst, result, made);
    }

    void build(const tile::Fill& op) {
        auto to = memory_.type("T.fill", op.dst, loc_);
        if (!to) return give_up(op.dst);
        memory_.write("T.fill", op.dst, builder_.fill(*to, op.value, memory_.name(op.dst.ref), loc_), loc_);
    }

    void build(const tile::Gemm& op) {
        auto a = memory_.read("T.gemm", op.a, loc_), b = memory_.read("T.gemm", op.b, loc_);
        auto to = memory_.type("T.gemm", op.c, loc_);
        if (!a || !b || !to) return give_up(op.c);
        ValueId acc;
        if (!op.clear) acc = *memory_.read("T.gemm", op.c, loc_);
        ValueId result = builder_.value(*to, memory_.name(op.c.ref), loc_);
        builder_.add(graph::Matmul{{result}, *a, *b, acc, op.trans_a, op.trans_b}, loc_);
        memory_.write("T.gemm", op.c, result, loc_);
    }

    void build(const tile::Reduce& op) {
        auto value = memory_.read("T.reduce", op.src, loc_);
        auto to = memory_.type("T.reduce", op.dst, loc_);
        if (!value || !to) return give_up(op.dst);
        Dims dims = memory_.dims(op.src.ref);
        TileType from = builder_.type(*value);
        for (int64_t d : op.src.ref.is_tensor() ? std::vector<int64_t>{} : memory_.stacked_dims(op.src.ref.buffer))
            if (ctx_.index.as_const(op.src.extent[d]) != 1) {
                memory_.refuse("TT3004", loc_,
                               "T.reduce of `" + memory_.name(op.src.ref) + "` runs over more than one of its matrices",
                               "reduce one matrix at a time, in a loop", {}, op.src.ref.buffer);
                return give_up(op.dst);
            }
        int64_t dim = op.dim == dims.col ? 1 : op.dim == dims.row ? 0 : -1;
        if (dim < 0) {
            memory_.refuse("TT3007", loc_,
                           "T.reduce of `" + memory_.name(op.src.ref) + "` over dimension " + std::to_string(op.dim) +
                               ", which has extent 1",
                           "copy instead");
            return give_up(op.dst);
        }
        // Reduced in the wider of the two dtypes.
        DType work = size_bytes(from.dtype) > size_bytes(to->dtype) ? from.dtype : to->dtype;
        TileType natural = dim == 1 ? tile_type(work, from.rows, 1) : tile_type(work, 1, from.cols);
        if (natural.orientation == Orientation::Scalar) dim = -1;
        if (natural.rows * natural.cols != to->rows * to->cols) {
            memory_.refuse(
                "TT3005", loc_,
                "T.reduce of `" + memory_.name(op.src.ref) + "` does not fit `" + memory_.name(op.dst.ref) + "`",
                "give the result one element for each that is left", {{"elements", extents(natural), extents(*to)}});
            return give_up(op.dst);
        }
        const bool bits = tensix::combines_bits(op.fn);
        const bool sum = op.fn == tensix::ReduceFn::Sum || op.fn == tensix::ReduceFn::AbsSum;
        // Sums of narrow integers wrap when they are cast back.
        if (bits || (sum && is_integer(work) && size_bytes(work) < 4)) work = natural.dtype = DType::I32;
        ValueId acc;
        if (!op.clear) {
            acc = builder_.cast(*memory_.read("T.reduce", op.dst, loc_), work, loc_);
            if (natural.rows != to->rows) acc = builder_.transpose(acc, loc_);
        }
        const std::string& name = memory_.name(op.dst.ref);
        ValueId result;
        if (bits) {
            result = reduce_bits(ctx_, builder_, op.fn, builder_.cast(*value, work, loc_), dim, width(from.dtype), name,
                                 loc_);
            if (acc) result = builder_.eltwise(elementwise(op.fn), natural, {{result}, {acc}}, name, loc_);
        } else {
            result = builder_.value(natural, name, loc_);
            builder_.add(graph::Reduce{{result}, op.fn, builder_.cast(*value, work, loc_), acc, dim}, loc_);
        }
        result = builder_.cast(result, to->dtype, loc_);
        if (natural.rows != to->rows) result = builder_.transpose(result, loc_);
        put("T.reduce", op.dst, result, true);
    }

    // Along the rows. Running sums from the end are what the running sums from the start leave of the whole; in fp32.
    void build(const tile::Scan& op) {
        const std::string what = op.fn == tensix::ReduceFn::Sum ? "T.cumsum" : "T.cummax";
        auto read = memory_.read(what, op.src, loc_);
        auto to = memory_.type(what, op.dst, loc_);
        if (!read || !to) return give_up(op.dst);
        const Dims dims = memory_.dims(op.src.ref);
        const std::string& name = memory_.name(op.dst.ref);
        const DType work = is_float(to->dtype) ? DType::F32 : to->dtype == DType::U32 ? DType::U32 : DType::I32;
        ValueId value = builder_.cast(*read, work, loc_);
        const bool along_cols = op.dim == dims.col;
        if (along_cols || op.dim == dims.row) {
            if (along_cols) value = builder_.transpose(value, loc_);
            const TileType type = builder_.type(value);
            const bool maximum = op.fn == tensix::ReduceFn::Max;
            ValueId result;
            if (maximum) {
                result = running_maximum(ctx_, builder_, value, op.reverse, name, loc_);
                remarks_.push_back({Severity::Note,
                                    "TT3031",
                                    "T.cummax of `" + memory_.name(op.src.ref) +
                                        "` is made of 32 reductions a tile, about " +
                                        (work == DType::F32 ? "70,000" : "170,000") + " cycles",
                                    {ctx_.loc(loc_)},
                                    {},
                                    {},
                                    "where the whole's maximum is enough, T.reduce_max takes a hundredth of that"});
            } else if (work == DType::F32) {
                result = builder_.value(type, name, loc_);
                builder_.add(graph::Scan{{result}, op.fn, value, false}, loc_);
            } else {
                const int bits = width(builder_.type(*read).dtype);
                result = builder_.cast(running_sum_of_integers(builder_, value, bits, name, loc_), work, loc_);
            }
            if (op.reverse && !maximum) {
                const TileType row = tile_type(work, 1, type.cols);
                const ValueId total = builder_.value(row, name + "_total", loc_);
                const int64_t dim = row.orientation == Orientation::Scalar ? -1 : 0;
                builder_.add(graph::Reduce{{total}, op.fn, value, {}, dim}, loc_);
                const ValueId before = builder_.value(type, name + "_before", loc_);
                builder_.add(graph::Eltwise{{before}, tensix::TileFn::Sub, {{result, 0}, {value, 0}}}, loc_);
                result = builder_.value(type, name, loc_);
                builder_.add(graph::Eltwise{{result}, tensix::TileFn::Sub, {{total, 0}, {before, 0}}}, loc_);
            }
            if (along_cols) result = builder_.transpose(result, loc_);
            value = result;
        }
        value = builder_.cast(value, to->dtype, loc_);
        const TileType type = builder_.type(value);
        if (type.rows != to->rows) value = builder_.transpose(value, loc_);
        put(what, op.dst, value, true);
    }

    void build(const tile::Map& op) { lower_map(ctx_, op, memory_, builder_, loc_); }

    void put(const std::string& what, const Access& dst, ValueId value, bool made) {
        if (made && !dst.ref.is_tensor()) builder_.rename(value, memory_.name(dst.ref));
        memory_.write(what, dst, value, loc_);
    }

    // After a refusal: some value of the right type, so that what follows can still be checked.
    void give_up(const Access& dst) {
        if (!dst.ref.is_tensor()) memory_.current(dst.ref.buffer, loc_);
    }

    Context& ctx_;
    GraphBuilder builder_;
    Memory memory_;
    std::vector<Diagnostic>& remarks_;
    LocId loc_;
};

}  // namespace

graph::Launch build_launch(Context& ctx, const tile::Launch& launch, const std::vector<TensorLayout>& layouts,
                           const std::vector<Dims>& buffer_dims, std::vector<Diagnostic>& errors,
                           std::vector<Diagnostic>& remarks) {
    graph::Launch out;
    out.grid = launch.grid;
    out.grid_extents = launch.grid_extents;
    out.loc = launch.loc;
    LaunchBuilder(ctx, launch, layouts, buffer_dims, out, errors, remarks).run(launch.body);
    return out;
}

}  // namespace tilelang_tt
