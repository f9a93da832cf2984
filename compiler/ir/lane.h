// Lane: what T.Parallel computes for one element, as a hash-consed DAG of dtyped nodes over reads of tensors and
// buffers.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/ir/dtype.h"
#include "compiler/ir/support.h"
#include "tensix/tile_fn.h"

namespace tilelang_tt {

// A tensor in device memory or a buffer of the launch.
struct Ref {
    TensorId tensor;  // exactly one of the two is valid
    BufferId buffer;
    bool is_tensor() const { return tensor.valid(); }
    friend bool operator==(const Ref&, const Ref&) = default;
};

enum class LaneOp : uint8_t {
    Const,  // value
    Index,  // an Index expression (loop, grid and lane variables) as a number
    Read,   // ref[indices]; outside the tensor it reads as 0
    Apply,  // fn(a, b, c)
    Bits,   // the number whose fp32 bit pattern the Index expression is: a float argument of the kernel
};

struct LaneNode {
    LaneOp op = LaneOp::Const;
    DType dtype = DType::F32;
    double value = 0;              // Const; ±infinity and NaN are allowed. Integers up to 2^53 are exact.
    IndexId index;                 // Index, Bits
    Ref ref;                       // Read
    std::vector<IndexId> indices;  // Read: one a dimension
    tensix::TileFn fn = tensix::TileFn::Identity;  // Apply; Cast converts a to dtype
    LaneId a, b, c;                                // Apply
    friend bool operator==(const LaneNode& x, const LaneNode& y) {
        return x.op == y.op && x.dtype == y.dtype && same_bits(x.value, y.value) && x.index == y.index &&
               x.ref == y.ref && x.indices == y.indices && x.fn == y.fn && x.a == y.a && x.b == y.b && x.c == y.c;
    }
};

class LaneArena {
  public:
    const LaneNode& node(LaneId id) const { return nodes_[id.v]; }
    size_t size() const { return nodes_.size(); }

    LaneId constant(DType dtype, double value);
    LaneId index(DType dtype, IndexId index);
    LaneId bits(DType dtype, IndexId index);
    LaneId read(DType dtype, Ref ref, std::vector<IndexId> indices);
    LaneId apply(tensix::TileFn fn, DType dtype, LaneId a, LaneId b = {}, LaneId c = {});

    friend bool operator==(const LaneArena& a, const LaneArena& b) { return a.nodes_ == b.nodes_; }

  private:
    LaneId intern(LaneNode node);
    std::vector<LaneNode> nodes_;
    std::unordered_map<size_t, std::vector<LaneId>> buckets_;
};

}  // namespace tilelang_tt
