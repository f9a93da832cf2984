// What all forms of one program share: expressions, variables, tensors and source locations. A pass copies its input's
// Context into its output and appends to it, so ids stay valid down the pipeline.
#pragma once

#include <string>
#include <vector>

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/dtype.h"
#include "compiler/ir/index.h"
#include "compiler/ir/lane.h"
#include "compiler/ir/support.h"

namespace tilelang_tt {

// How the user wants a tensor kept in device memory (tilelang_tt.annotate_storage). Its dtype stays what it is.
enum class Storage : uint8_t {
    Own,  // in the format of its dtype
    Bfp8B,
    Bfp4B,  // floats: 16 elements share an exponent
    // Bytes: each holds 8 / bits numbers along the last dimension, the lowest bits first. Device memory holds one
    // number an element, as compiler/map/unpack.h rewrites it.
    Int4,
    UInt4,
    Int2,
    UInt2,
    RowMajor,  // in rows, element after element, whatever the kernel's blocks are
};
// Bits of a number that bytes of such a storage hold; 0: the tensor's elements are what they are.
constexpr int packed_bits(Storage storage) {
    switch (storage) {
        case Storage::Int4:
        case Storage::UInt4:
            return 4;
        case Storage::Int2:
        case Storage::UInt2:
            return 2;
        default:
            return 0;
    }
}
constexpr bool packed_signed(Storage storage) { return storage == Storage::Int4 || storage == Storage::Int2; }

struct Tensor {
    std::string name;
    DType dtype = DType::F32;
    std::vector<IndexId> shape;    // constants or expressions over Symbol variables
    std::vector<IndexId> strides;  // in elements; empty: compact row-major
    int param = -1;                // position among the kernel's arguments; -1: a workspace of the program's own
    bool read = false, written = false;
    Storage storage = Storage::Own;
    int64_t per_byte = 1;  // > 1: shape counts the numbers that the caller's bytes hold, so many a byte
    // Another shape of that tensor's elements, in row-major order (T.reshape, T.view): no tensor of its own.
    TensorId view_of;
    // The shape in which the caller passes it, if it is another: its elements in row-major order fill `shape`, and the
    // host puts zeros behind the last one.
    std::vector<IndexId> given;
    LocId loc;
    friend bool operator==(const Tensor&, const Tensor&) = default;
};

// A scalar argument of the kernel (int32, int64, float32 …), visible to Index as a Symbol variable. A float's variable
// is its fp32 bit pattern (LaneOp::Bits reads it).
struct ScalarParam {
    std::string name;
    DType dtype = DType::I32;
    VarId var;
    int param = -1;
    friend bool operator==(const ScalarParam&, const ScalarParam&) = default;
};

struct Context {
    std::string name;  // of the kernel, as the user's function is called
    IndexArena index;
    LaneArena lanes;
    std::vector<SourceLoc> locs;
    std::vector<Tensor> tensors;
    std::vector<ScalarParam> scalars;

    const Tensor& tensor(TensorId id) const { return tensors[id.v]; }
    SourceLoc loc(LocId id) const { return id ? locs[id.v] : SourceLoc{}; }
    LocId add_loc(SourceLoc loc) {
        for (size_t i = 0; i < locs.size(); ++i)
            if (locs[i] == loc) return LocId(i);
        locs.push_back(std::move(loc));
        return LocId(locs.size() - 1);
    }
    friend bool operator==(const Context&, const Context&) = default;
};

// T.Parallel and blocks address a rectangle: offset and extent, one a dimension of the tensor or buffer.
struct Access {
    Ref ref;
    std::vector<IndexId> offset;
    std::vector<IndexId> extent;
    friend bool operator==(const Access&, const Access&) = default;
};

}  // namespace tilelang_tt
