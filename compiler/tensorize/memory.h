// Buffers and tensors as the builder of a launch sees them: which value a buffer holds, and blocks of tensors as loads
// and stores.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "compiler/ir/diagnostics.h"
#include "compiler/ir/mapping_plan.h"
#include "compiler/ir/tile_program.h"
#include "compiler/map/block_dims.h"
#include "compiler/tensorize/builder.h"

namespace tilelang_tt {

// Where a block lies in the value of a buffer. Dimensions before the last two that are blocked are stacked: a buffer
// (2, 64, 32) is a value of 128 x 32.
struct PartOfBuffer {
    IndexId row, col;  // where it starts; elements
    int64_t rows = 1, cols = 1;
    bool whole = false;
};

class Memory {
  public:
    Memory(Context& ctx, const tile::Launch& launch, const std::vector<TensorLayout>& layouts,
           const std::vector<Dims>& buffer_dims, GraphBuilder& builder, std::vector<Diagnostic>& errors);

    // ---- buffers ----
    const tile::Buffer& buffer(BufferId id) const { return launch_.buffers[id.v]; }
    graph::TileType buffer_type(BufferId id) const;
    // What the buffer holds; before the first write something unspecified, made up as zeros.
    ValueId current(BufferId id, LocId loc);
    bool unspecified(BufferId id) const;
    void set(BufferId id, ValueId value);
    // All buffers' values, to be put back when a branch is left.
    std::vector<ValueId> snapshot() const { return current_; }
    void restore(std::vector<ValueId> values) { current_ = std::move(values); }

    // ---- blocks ----
    // The dimensions that the rows and columns of a ref run over.
    Dims dims(Ref ref) const;
    DType dtype(Ref ref) const;
    const std::string& name(Ref ref) const;
    // The block of rows × cols elements at `offset` of a tensor, or the whole of a buffer.
    ValueId load(TensorId tensor, const std::vector<IndexId>& offset, int64_t rows, int64_t cols, LocId loc);
    void store(TensorId tensor, const std::vector<IndexId>& offset, ValueId value, LocId loc);
    // An access as a value, and a value to an access; refused (nullopt, false) if the access is no block.
    std::optional<ValueId> read(const std::string& what, const Access& access, LocId loc);
    bool write(const std::string& what, const Access& access, ValueId value, LocId loc);
    // A part of a buffer that holds a block of a tensor: loaded by itself. offset: in the buffer, one a dimension.
    // nullopt where it is all of the buffer, where the buffer holds something else, where the launch writes the tensor,
    // or where the part does not start at a tile and the tensor does not lie in rows.
    std::optional<ValueId> part(BufferId buffer, const std::vector<IndexId>& offset, int64_t rows, int64_t cols,
                                LocId loc);
    // The block of a buffer at `offset` with `extent` elements a dimension; refused (nullopt, TT3003, TT3004) if it is
    // not made of whole tiles of it, not one block, or not known to be inside.
    std::optional<PartOfBuffer> locate(const std::string& what, BufferId buffer, const std::vector<IndexId>& offset,
                                       const std::vector<int64_t>& extent, LocId loc);
    ValueId read(BufferId buffer, const PartOfBuffer& part, LocId loc);
    void write(BufferId buffer, const PartOfBuffer& part, ValueId value, LocId loc);
    // Note that `value` is `from`, in another dtype perhaps.
    void same_block(ValueId from, ValueId value);
    // The type of what such a write takes.
    std::optional<graph::TileType> type(const std::string& what, const Access& access, LocId loc);

    bool whole(const Access& access) const;
    // The dimensions before the last two blocked ones.
    std::vector<int64_t> stacked_dims(BufferId buffer) const;

    void refuse(std::string code, LocId loc, std::string message, std::string fix, std::vector<Fact> facts = {},
                BufferId about = {});

  private:
    graph::Window window(TensorId tensor, const std::vector<IndexId>& offset) const;
    std::optional<std::vector<int64_t>> extents(const Access& access) const;  // nullopt: not all constant

    Context& ctx_;
    const tile::Launch& launch_;
    const std::vector<TensorLayout>& layouts_;
    const std::vector<Dims>& buffer_dims_;
    GraphBuilder& builder_;
    std::vector<Diagnostic>& errors_;
    std::vector<ValueId> current_;
    std::unordered_set<ValueId> unspecified_;
    std::unordered_set<TensorId> written_;               // by the launch
    std::unordered_map<ValueId, graph::Window> loaded_;  // values that are blocks of tensors
};

}  // namespace tilelang_tt
