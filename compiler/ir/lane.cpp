#include "compiler/ir/lane.h"

#include <bit>

namespace tilelang_tt {
namespace {

size_t hash_of(const LaneNode& n) {
    size_t h = 0x9E3779B97F4A7C15ull;
    const auto mix = [&](uint64_t v) { h = (h ^ v) * 0x100000001B3ull + (h >> 29); };
    mix(static_cast<uint64_t>(n.op)), mix(static_cast<uint64_t>(n.dtype)), mix(std::bit_cast<uint64_t>(n.value));
    mix(n.index.v), mix(n.ref.tensor.v), mix(n.ref.buffer.v), mix(static_cast<uint64_t>(n.fn));
    mix(n.a.v), mix(n.b.v), mix(n.c.v);
    for (const IndexId i : n.indices) mix(i.v);
    return h;
}

}  // namespace

LaneId LaneArena::intern(LaneNode node) {
    std::vector<LaneId>& bucket = buckets_[hash_of(node)];
    for (const LaneId id : bucket)
        if (nodes_[id.v] == node) return id;
    nodes_.push_back(std::move(node));
    bucket.push_back(LaneId(nodes_.size() - 1));
    return bucket.back();
}

LaneId LaneArena::constant(DType dtype, double value) {
    LaneNode n;
    n.dtype = dtype;
    n.value = value;
    return intern(std::move(n));
}

LaneId LaneArena::index(DType dtype, IndexId index) {
    LaneNode n;
    n.op = LaneOp::Index;
    n.dtype = dtype;
    n.index = index;
    return intern(std::move(n));
}

LaneId LaneArena::bits(DType dtype, IndexId index) {
    LaneNode n;
    n.op = LaneOp::Bits;
    n.dtype = dtype;
    n.index = index;
    return intern(std::move(n));
}

LaneId LaneArena::read(DType dtype, Ref ref, std::vector<IndexId> indices) {
    LaneNode n;
    n.op = LaneOp::Read;
    n.dtype = dtype;
    n.ref = ref;
    n.indices = std::move(indices);
    return intern(std::move(n));
}

LaneId LaneArena::apply(tensix::TileFn fn, DType dtype, LaneId a, LaneId b, LaneId c) {
    LaneNode n;
    n.op = LaneOp::Apply;
    n.dtype = dtype;
    n.fn = fn;
    n.a = a, n.b = b, n.c = c;
    return intern(std::move(n));
}

}  // namespace tilelang_tt
