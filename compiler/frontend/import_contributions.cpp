// What joins an element instead of replacing it: atomics and reducers (T.alloc_reducer).
#include "compiler/frontend/importer.h"

#include <tvm/ffi/extra/structural_equal.h>
#include <tvm/ir/op.h>

#include "compiler/frontend/functions.h"

namespace tilelang_tt::frontend::importing {

std::optional<tile::Combine> element_atomic(const std::string& op) {
    if (op == "tl.atomic_add_elem_op") return tile::Combine::Add;
    if (op == "tl.atomic_max_elem_op") return tile::Combine::Max;
    if (op == "tl.atomic_min_elem_op") return tile::Combine::Min;
    return std::nullopt;
}

bool returns_old_value(const std::string& op) {
    return op.starts_with("tl.atomic_") && op.find("_ret_") != std::string::npos;
}

void Importer::refuse_returned(const std::string& op) {
    refuse(kStatement,
           "T." + op.substr(3, op.find("_ret_") - 3) +
               " whose returned value is used is not supported: it depends on the order in which blocks happen to "
               "run",
           "leave out return_prev=True");
}

// T.alloc_reducer: what lanes add to an element is a contribution to it, not a value of its own.
void Importer::declare_reducers(const ffi::Any& annotation) {
    const auto infos = annotation.try_cast<ffi::Map<tvm::tirx::Var, ffi::Map<ffi::String, ffi::String>>>();
    if (!infos) return;
    for (const auto& [data, info] : infos.value()) {
        const std::string op = info.count("op") ? std::string(info.at("op")) : "sum";
        if (op == "sum")
            reducers_[data.get()] = tile::Combine::Add;
        else if (op == "max")
            reducers_[data.get()] = tile::Combine::Max;
        else if (op == "min")
            reducers_[data.get()] = tile::Combine::Min;
        else
            refuse(kTileOp,
                   "T.alloc_reducer with op=\"" + op +
                       "\" is not supported: contributions join by addition, maximum or minimum",
                   "write the values to a fragment and take T.reduce_" + op + " of it");
    }
}

const tile::Combine* Importer::reducer(const Buffer& buffer) const {
    const auto found = reducers_.find(buffer->data.get());
    return found == reducers_.end() ? nullptr : &found->second;
}

// The contribution of `acc[i] += value` (max, min) to a reducer: its other operand.
std::optional<PrimExpr> Importer::contribution(const BufferStoreNode* store, tile::Combine combine) const {
    const auto is_target = [&](const PrimExpr& expr) {
        const auto* load = expr.as<BufferLoadNode>();
        return load && load->buffer.same_as(store->buffer) &&
               tvm::ffi::StructuralEqual()(load->indices, store->indices);
    };
    const auto other = [&](const auto* node) -> std::optional<PrimExpr> {
        if (!node) return std::nullopt;
        if (is_target(node->a)) return node->b;
        if (is_target(node->b)) return node->a;
        return std::nullopt;
    };
    switch (combine) {
        case tile::Combine::Add:
            return other(store->value.as<AddNode>());
        case tile::Combine::Max:
            return other(store->value.as<MaxNode>());
        case tile::Combine::Min:
            return other(store->value.as<MinNode>());
        case tile::Combine::None:
            break;
    }
    return std::nullopt;
}

// tl.reducer_update(acc[i], value)
void Importer::reducer_update(const CallNode* call, IndexId cond, tile::Map& map) {
    const auto* target = call->args.size() == 2 ? call->args[0].as<BufferLoadNode>() : nullptr;
    const tile::Combine* combine = target ? reducer(target->buffer) : nullptr;
    if (!combine)
        refuse(kTileOp, "T.reducer_update of " + text(call->args[0]) + ", which is no reducer",
               "allocate it with T.alloc_reducer");
    contribute(target->buffer, target->indices, call->args[1], *combine, cond, map);
}

void Importer::contribute(const Buffer& buffer, const ffi::Array<PrimExpr>& indices, const PrimExpr& value,
                          tile::Combine combine, IndexId cond, tile::Map& map) {
    tile::Store store;
    store.ref = ref(buffer);
    for (const PrimExpr& i : indices) store.indices.push_back(index(i, "an index of " + std::string(buffer->name)));
    const DType type = dtype(buffer->dtype, ref_name(store.ref));
    store.value = lane(value);
    if (lanes().node(store.value).dtype != type) store.value = lanes().apply(TileFn::Cast, type, store.value);
    store.cond = cond;
    store.loc = loc_;
    store.combine = combine;
    mark(store.ref, true, true);
    map.stores.push_back(std::move(store));
}

// T.reducer_init(acc, start), T.finalize_reducer(acc, dst): a reducer is a buffer, with no threads to agree on it.
bool Importer::reducer_call(const CallNode* node, const std::string& name, tile::Region& out) {
    const auto region = [&](size_t arg) -> Access {
        const auto* call = node->args[arg].as<CallNode>();
        const auto* load = call && !call->args.empty() ? call->args[0].as<BufferLoadNode>() : nullptr;
        if (!load)
            refuse(kTileOp, user_name(name) + " of " + text(node->args[arg]) + " is not supported", "name a buffer");
        Access access{ref(load->buffer), {}, {}};
        for (const PrimExpr& dim : load->buffer->shape) {
            access.offset.push_back(arena().constant(0));
            access.extent.push_back(index(dim, "the shape of " + std::string(load->buffer->name)));
        }
        return access;
    };
    if (name == "tl.tileop.finalize_reducer") {
        note_ignored("T.finalize_reducer", "contributions join the result at once");
    } else if (name == "tl.tileop.finalize_reducer_v2") {
        emit(out, tile::Copy{region(0), region(1)});
    } else if (name == "tl.tileop.reducer_init") {
        const Access dst = region(0);
        const auto* load = node->args[0].as<CallNode>()->args[0].as<BufferLoadNode>();
        const tile::Combine* combine = reducer(load->buffer);
        if (!combine)
            refuse(kTileOp, "T.reducer_init of a buffer that is no reducer", "allocate it with T.alloc_reducer");
        const DType type = dtype(load->buffer->dtype, ref_name(dst.ref));
        if (node->args.size() == 1) {
            emit(out, tile::Fill{dst, tile::identity_of(*combine, type)});
        } else {
            fill_with(node->args[1], dst, "T.reducer_init", out);
        }
    } else {
        return false;
    }
    return true;
}

// args: tl.access_ptr(element, extent, access), value, and the memory order, which orders nothing here.
void Importer::element_atomic_store(const CallNode* call, tile::Combine combine, IndexId cond, tile::Map& map) {
    const auto* pointer = call->args[0].as<CallNode>();
    const auto* target = pointer && !pointer->args.empty() ? pointer->args[0].as<BufferLoadNode>() : nullptr;
    if (!target || call->args.size() < 2)
        refuse(kTileOp,
               user_name(std::string(called_op(call)->name)) + " of " + text(call->args[0]) + " is not supported",
               "name the element: T.atomic_add(A[i, j], value)");
    contribute(target->buffer, target->indices, call->args[1], combine, cond, map);
}

// A block at a time.
void Importer::block_atomic(const tvm::tl::AtomicOpBaseNode* atomic, tile::Combine combine, tile::Region& out) {
    const Access dst = access(atomic->dst, atomic->dst_range);
    tile::Map map = elements(dst, "an atomic");
    tile::Store store;
    store.ref = dst.ref;
    store.indices = element(dst, map, "an atomic");
    const DType type = dtype(atomic->dst->dtype, ref_name(dst.ref));
    if (atomic->src.defined()) {
        const Access src = access(atomic->src, atomic->src_range);
        mark(src.ref, true, false);
        store.value =
            lanes().read(dtype(atomic->src->dtype, ref_name(src.ref)), src.ref, element(src, map, "an atomic"));
    } else {
        store.value = lane(atomic->src_value);
    }
    if (lanes().node(store.value).dtype != type) store.value = lanes().apply(TileFn::Cast, type, store.value);
    store.loc = loc_;
    store.combine = combine;
    mark(dst.ref, true, true);
    map.stores.push_back(std::move(store));
    emit(out, std::move(map));
}

}  // namespace tilelang_tt::frontend::importing
