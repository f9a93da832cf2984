// Tile operators: copy, fill, gemm, reductions, scans, atomics on blocks.
#include "compiler/frontend/importer.h"

#include <tvm/tirx/op.h>

#include <set>

#include "compiler/frontend/functions.h"
#include "op/atomic_reduce.h"
#include "op/copy.h"
#include "op/fill.h"
#include "op/gemm.h"
#include "op/operator.h"
#include "op/reduce.h"
#include "op/scan.h"
#include "op/transpose.h"

namespace tilelang_tt::frontend::importing {

namespace {

// Does op, or anything inside it, touch the buffer?
bool touches(const tile::Region& region, Ref wanted, const LaneArena& lanes);
bool touches(const tile::Op& op, Ref wanted, const LaneArena& lanes) {
    const auto is = [&](const Access& access) { return access.ref == wanted; };
    struct Visitor {
        const LaneArena& lanes;
        Ref wanted;
        decltype(is)& uses;
        bool operator()(const tile::For& op) const { return touches(op.body, wanted, lanes); }
        bool operator()(const tile::If& op) const {
            return touches(op.then, wanted, lanes) || touches(op.otherwise, wanted, lanes);
        }
        bool operator()(const tile::Copy& op) const { return uses(op.src) || uses(op.dst); }
        bool operator()(const tile::Fill& op) const { return uses(op.dst); }
        bool operator()(const tile::Gemm& op) const { return uses(op.a) || uses(op.b) || uses(op.c); }
        bool operator()(const tile::Reduce& op) const { return uses(op.src) || uses(op.dst); }
        bool operator()(const tile::Scan& op) const { return uses(op.src) || uses(op.dst); }
        bool operator()(const tile::Map& op) const {
            for (const tile::Store& store : op.stores)
                if (store.ref == wanted || reads(store.value, wanted, lanes)) return true;
            return false;
        }
    };
    return std::visit(Visitor{lanes, wanted, is}, op.v);
}
bool touches(const tile::Region& region, Ref wanted, const LaneArena& lanes) {
    for (const tile::Op& op : region.ops)
        if (touches(op, wanted, lanes)) return true;
    return false;
}

}  // namespace

Access Importer::access(const Buffer& buffer, const ffi::Array<Range>& ranges) {
    Access out;
    out.ref = ref(buffer);
    const std::string what = "an index of " + std::string(buffer->name);
    for (const Range& range : ranges) {
        out.offset.push_back(index(range->min, what));
        out.extent.push_back(index(range->extent, what));
    }
    return out;
}

// Extents other than 1 must agree, except in the dimension that a reduction removes.
void Importer::same_extents(const Access& src, const Access& dst, const std::string& what, int64_t without) {
    std::vector<int64_t> sizes[2];
    for (const bool to : {false, true}) {
        const Access& block = to ? dst : src;
        for (size_t d = 0; d < block.extent.size(); ++d) {
            const auto size = arena().as_const(block.extent[d]);
            if (!size) return;  // it may turn out to be 1
            if (*size != 1 && (to || static_cast<int64_t>(d) != without)) sizes[to].push_back(*size);
        }
    }
    if (sizes[0] == sizes[1]) return;
    const auto print = [](const std::vector<int64_t>& extents) {
        std::string out;
        for (const int64_t size : extents) out += (out.empty() ? "" : "x") + std::to_string(size);
        return out.empty() ? std::string("one element") : out;
    };
    refuse(kTileOp,
           what + " takes " + print(sizes[0]) + " of " + ref_name(src.ref) + " to " + print(sizes[1]) + " of " +
               ref_name(dst.ref),
           "give both sides the same extents");
}

// clear_accum=(ko == begin) in the body of loop ko clears before the loop: the same where the loop runs at least once
// and nothing in its body touches the accumulator before the gemm.
bool Importer::hoisted_clear(const PrimExpr& clear, const Access& c, tile::Region& out) {
    if (!frame_ || frame_->body != &out || !c.ref.buffer.valid()) return false;
    const auto cond = try_index(clear);
    const auto extent = arena().bounds(frame_->extent);
    if (!cond || *cond != arena().eq(arena().of(frame_->var), frame_->begin)) return false;
    if (!extent.lo || *extent.lo < 1 || touches(out, c.ref, lanes())) return false;
    for (IndexId offset : c.offset)
        if (arena().uses(offset, frame_->var)) return false;
    emit(*frame_->outer, tile::Fill{c, 0});
    return true;
}

template <class Node>
void Importer::scan(tensix::ReduceFn fn, const Node& node, tile::Region& out) {
    tile::Scan result{fn, access(node.srcRegion_), access(node.dstRegion_), node.dim, node.reverse};
    same_extents(result.src, result.dst, fn == tensix::ReduceFn::Sum ? "T.cumsum" : "T.cummax");
    mark(result.src.ref, true, false);
    mark(result.dst.ref, false, true);
    emit(out, std::move(result));
}

// dst[element] = value(map), as a T.Parallel over the block's elements.
template <class Value>
void Importer::by_element(const Access& dst, tile::Region& out, const std::string& what, Value&& value) {
    tile::Map map = elements(dst, what);
    tile::Store store;
    store.ref = dst.ref;
    store.indices = element(dst, map, what);
    store.value = value(map);
    const DType type =
        dst.ref.is_tensor() ? program_.ctx.tensor(dst.ref.tensor).dtype : launch_->buffers[dst.ref.buffer.v].dtype;
    if (lanes().node(store.value).dtype != type) store.value = lanes().apply(TileFn::Cast, type, store.value);
    store.loc = loc_;
    mark(dst.ref, false, true);
    map.stores.push_back(std::move(store));
    emit(out, std::move(map));
}

void Importer::fill_with(const PrimExpr& value, const Access& dst, const std::string& what, tile::Region& out) {
    const auto number = fold(lane(value));
    if (!number) return by_element(dst, out, what, [&](const tile::Map&) { return lane(value); });
    mark(dst.ref, false, true);
    emit(out, tile::Fill{dst, *number});
}

void Importer::call(const CallNode* node, tile::Region& out) {
    const auto* op = called_op(node);
    if (!op) refuse(kStatement, "a call of " + text(node->op) + " is not supported", "write it with tile operators");
    const std::string name = op->name;
    if (name == "tl.assume" || name == "tirx.assume") return;  // facts about shapes; the runtime checks shapes itself
    if (name == "tirx.tvm_storage_sync")
        return note_ignored("T.sync_threads", "statements of a block are ordered on a Tensix core");
    if (name == "tirx.ptx_commit_group" || name == "tirx.ptx_wait_group")
        return note_ignored(user_name(name), "a copy is finished before what it wrote is read");
    if (name == "tl.no_set_max_nreg")
        return note_ignored(user_name(name), "the processors of a Tensix core share no registers");
    if (returns_old_value(name)) refuse_returned(name);
    if (reducer_call(node, name, out)) return;
    if (particular_to_gpus(name)) refuse(kStatement, user_name(name) + " is particular to GPUs", instead_of(name));
    static const std::set<std::string> known = {"tl.tileop.copy",      "tl.tileop.transpose", "tl.tileop.async_copy",
                                                "tl.tileop.fill",      "tl.tileop.gemm",      "tl.tileop.reduce",
                                                "tl.tileop.cumsum",    "tl.tileop.cummax",    "tl.tileop.atomicadd",
                                                "tl.tileop.atomicmax", "tl.tileop.atomicmin"};
    if (!known.contains(name)) refuse(kTileOp, user_name(name) + " is not supported yet", instead_of(name));

    tvm::tl::TileOperator parsed;
    try {
        parsed = tvm::tl::ParseOperator(ffi::GetRef<tvm::tirx::Call>(node));
    } catch (const ffi::Error& error) {
        refuse(kTileOp, user_name(name) + " has arguments that TileLang itself rejects: " + error.message(),
               "correct them");
    }
    if (const auto* copy = parsed.as<tvm::tl::CopyNode>()) {
        if (copy->dst_block)
            refuse(kTileOp, "T.copy to another block of a cluster is not supported",
                   "write the part to a tensor and read it in a second T.Kernel");
        tile::Copy result{access(copy->src, copy->src_range), access(copy->dst, copy->dst_range)};
        same_extents(result.src, result.dst, "T.copy");
        if (!inside(result.src) && safe_value(copy->src))
            return by_element(result.dst, out, "T.copy", [&](const tile::Map& map) {
                const DType type = dtype(copy->src->dtype, ref_name(result.src.ref));
                return read(copy->src, type, element(result.src, map, "T.copy"));
            });
        mark(result.src.ref, true, false);
        mark(result.dst.ref, false, true);
        emit(out, std::move(result));
    } else if (const auto* transpose = parsed.as<tvm::tl::TransposeNode>()) {
        const Access dst = access(transpose->dst, transpose->dst_range);
        Access src = access(transpose->src, transpose->src_range);
        by_element(dst, out, "T.transpose", [&](const tile::Map& map) {
            // The lanes of dst, its last two exchanged.
            const size_t rank = src.extent.size();
            std::swap(src.extent[rank - 1], src.extent[rank - 2]);
            std::swap(src.offset[rank - 1], src.offset[rank - 2]);
            std::vector<IndexId> indices = element(src, map, "T.transpose");
            std::swap(indices[rank - 1], indices[rank - 2]);
            return read(transpose->src, dtype(transpose->src->dtype, ref_name(src.ref)), std::move(indices));
        });
    } else if (const auto* fill = parsed.as<tvm::tl::FillNode>()) {
        fill_with(fill->value, access(fill->dst, fill->region), "T.fill", out);
    } else if (const auto* gemm = parsed.as<tvm::tl::GemmNode>()) {
        if (gemm->isWgmma_ || gemm->isTcgen05_ || gemm->mbar_.defined())
            refuse(kTileOp, "asynchronous GPU forms of T.gemm are not supported", "use T.gemm");
        tile::Gemm result;
        result.a = access(gemm->aRegion_);
        result.b = access(gemm->bRegion_);
        result.c = access(gemm->cRegion_);
        result.trans_a = gemm->transA_;
        result.trans_b = gemm->transB_;
        mark(result.a.ref, true, false);
        mark(result.b.ref, true, false);
        mark(result.c.ref, true, true);
        if (is_one(gemm->clearAccum_)) {
            result.clear = true;
        } else if (!is_zero(gemm->clearAccum_) && !hoisted_clear(gemm->clearAccum_, result.c, out)) {
            tile::If first;
            first.cond = index(gemm->clearAccum_, "clear_accum of T.gemm");
            first.then.ops.push_back({tile::Fill{result.c, 0}, loc_});
            emit(out, std::move(first));
        }
        emit(out, std::move(result));
    } else if (const auto* add = parsed.as<tvm::tl::AtomicAddNode>()) {
        block_atomic(add, tile::Combine::Add, out);
    } else if (const auto* max = parsed.as<tvm::tl::AtomicMaxNode>()) {
        block_atomic(max, tile::Combine::Max, out);
    } else if (const auto* min = parsed.as<tvm::tl::AtomicMinNode>()) {
        block_atomic(min, tile::Combine::Min, out);
    } else if (const auto* sums = parsed.as<tvm::tl::CumSumOpNode>()) {
        scan(tensix::ReduceFn::Sum, *sums, out);
    } else if (const auto* maxima = parsed.as<tvm::tl::CumMaxOpNode>()) {
        scan(tensix::ReduceFn::Max, *maxima, out);
    } else if (const auto* reduce = parsed.as<tvm::tl::ReduceOpNode>()) {
        tile::Reduce result;
        if (reduce->type->IsSum())
            result.fn = tensix::ReduceFn::Sum;
        else if (reduce->type->IsMax())
            result.fn = tensix::ReduceFn::Max;
        else if (reduce->type->IsMin())
            result.fn = tensix::ReduceFn::Min;
        else if (reduce->type->IsAbsSum())
            result.fn = tensix::ReduceFn::AbsSum;
        else if (reduce->type->IsAbsMax())
            result.fn = tensix::ReduceFn::AbsMax;
        else if (reduce->type->IsBitAnd())
            result.fn = tensix::ReduceFn::BitAnd;
        else if (reduce->type->IsBitOr())
            result.fn = tensix::ReduceFn::BitOr;
        else
            result.fn = tensix::ReduceFn::BitXor;
        result.src = access(reduce->srcRegion_);
        result.dst = access(reduce->dstRegion_);
        result.dim = reduce->dim;
        result.clear = reduce->clear;
        same_extents(result.src, result.dst, "T.reduce", result.dim);
        mark(result.src.ref, true, false);
        mark(result.dst.ref, !result.clear, true);
        emit(out, std::move(result));
    }
}

}  // namespace tilelang_tt::frontend::importing
