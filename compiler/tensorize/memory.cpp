#include "compiler/tensorize/memory.h"

#include <tuple>

#include "compiler/map/access.h"

namespace tilelang_tt {

using graph::TileType;

Memory::Memory(Context& ctx, const tile::Launch& launch, const std::vector<TensorLayout>& layouts,
               const std::vector<Dims>& buffer_dims, GraphBuilder& builder, std::vector<Diagnostic>& errors)
    : ctx_(ctx),
      launch_(launch),
      layouts_(layouts),
      buffer_dims_(buffer_dims),
      builder_(builder),
      errors_(errors),
      current_(launch.buffers.size()) {}

void Memory::refuse(std::string code, LocId loc, std::string message, std::string fix, std::vector<Fact> facts,
                    BufferId about) {
    Diagnostic d{Severity::Error, std::move(code), std::move(message), {ctx_.loc(loc)}, std::move(facts), {},
                 std::move(fix)};
    if (about && buffer(about).loc) d.where.push_back(ctx_.loc(buffer(about).loc));
    for (const Diagnostic& known : errors_)
        if (known == d) return;
    errors_.push_back(std::move(d));
}

Dims Memory::dims(Ref ref) const {
    if (!ref.is_tensor()) return buffer_dims_[ref.buffer.v];
    return {layouts_[ref.tensor.v].row_dim, layouts_[ref.tensor.v].col_dim};
}

DType Memory::dtype(Ref ref) const {
    return ref.is_tensor() ? ctx_.tensor(ref.tensor).dtype : buffer(ref.buffer).dtype;
}

const std::string& Memory::name(Ref ref) const {
    return ref.is_tensor() ? ctx_.tensor(ref.tensor).name : buffer(ref.buffer).name;
}

TileType Memory::buffer_type(BufferId id) const {
    const tile::Buffer& b = buffer(id);
    Dims dims = buffer_dims_[id.v];
    return tile_type(b.dtype, dims.row >= 0 ? b.shape[dims.row] : 1, dims.col >= 0 ? b.shape[dims.col] : 1);
}

bool Memory::unspecified(BufferId id) const { return !current_[id.v] || unspecified_.count(current_[id.v]); }

ValueId Memory::current(BufferId id, LocId loc) {
    ValueId& value = current_[id.v];
    if (!value) {
        value = builder_.fill(buffer_type(id), 0, buffer(id).name, loc);
        unspecified_.insert(value);
    }
    return value;
}

void Memory::set(BufferId id, ValueId value) { current_[id.v] = value; }

graph::Window Memory::window(TensorId tensor, const std::vector<IndexId>& offset) const {
    return {tensor, offset, layouts_[tensor.v].row_dim, layouts_[tensor.v].col_dim};
}

ValueId Memory::load(TensorId tensor, const std::vector<IndexId>& offset, int64_t rows, int64_t cols, LocId loc) {
    const Tensor& t = ctx_.tensor(tensor);
    ValueId result = builder_.value(tile_type(t.dtype, rows, cols), t.name + "_block", loc);
    builder_.add(graph::Load{{result}, window(tensor, offset)}, loc);
    loaded_[result] = window(tensor, offset);
    return result;
}

void Memory::same_block(ValueId from, ValueId value) {
    if (auto it = loaded_.find(from); it != loaded_.end()) loaded_[value] = graph::Window(it->second);
}

std::optional<ValueId> Memory::part(BufferId id, const std::vector<IndexId>& offset, int64_t rows, int64_t cols,
                                    LocId loc) {
    auto block = current_[id.v] ? loaded_.find(current_[id.v]) : loaded_.end();
    if (block == loaded_.end() || ctx_.tensor(block->second.tensor).written) return std::nullopt;
    const graph::Window window = block->second;
    const TileType type = builder_.type(current_[id.v]);
    const Dims dims = buffer_dims_[id.v];
    std::vector<IndexId> start = window.offset;
    for (auto [from, to, whole, size] : {std::tuple(dims.row, window.row_dim, type.rows, rows),
                                         std::tuple(dims.col, window.col_dim, type.cols, cols)}) {
        if (from < 0 || whole == 1) continue;
        if (to < 0 || !tile_aligned(ctx_.index, offset[from])) return std::nullopt;
        // What is outside the buffer is an error of the program, not a part of it.
        const Interval at = ctx_.index.bounds(offset[from]);
        if (!at.lo || *at.lo < 0 || !at.hi || *at.hi + size > whole) return std::nullopt;
        start[to] = ctx_.index.add(start[to], offset[from]);
    }
    return builder_.cast(load(window.tensor, start, rows, cols, loc), type.dtype, loc);
}

void Memory::store(TensorId tensor, const std::vector<IndexId>& offset, ValueId value, LocId loc) {
    builder_.add(graph::Store{value, window(tensor, offset)}, loc);
}

bool Memory::whole(const Access& access) const {
    const auto& shape = buffer(access.ref.buffer).shape;
    for (size_t d = 0; d < shape.size(); ++d)
        if (fixed_value(ctx_.index, access.offset[d]) != 0 || ctx_.index.as_const(access.extent[d]) != shape[d])
            return false;
    return true;
}

std::string Memory::part_of(const std::string& what, BufferId id) const {
    return what + " touches a part of `" + buffer(id).name +
           "`; only what was copied from a tensor can be read in parts, from multiples of 32 on, and nothing written";
}

std::optional<TileType> Memory::type(const std::string& what, const Access& access, LocId loc) {
    if (access.ref.is_tensor()) {
        Dims dims = this->dims(access.ref);
        int64_t rows = 1, cols = 1;
        for (size_t d = 0; d < access.extent.size(); ++d) {
            auto extent = ctx_.index.as_const(access.extent[d]);
            if (!extent) {
                refuse("TT3001", loc,
                       what + " touches a block of `" + name(access.ref) + "` whose size is not constant",
                       "use a constant block size");
                return std::nullopt;
            }
            if (static_cast<int64_t>(d) == dims.row) {
                rows = *extent;
            } else if (static_cast<int64_t>(d) == dims.col) {
                cols = *extent;
            } else if (*extent != 1) {
                refuse("TT3002", loc,
                       what + " moves a block of `" + name(access.ref) + "` with more than two dimensions",
                       "copy two dimensions at a time, in a loop over dimension " + std::to_string(d));
                return std::nullopt;
            }
        }
        return tile_type(dtype(access.ref), rows, cols);
    }
    const tile::Buffer& b = buffer(access.ref.buffer);
    int blocked = 0;
    for (int64_t n : b.shape) blocked += n != 1;
    if (!whole(access)) {
        refuse("TT3003", loc, part_of(what, access.ref.buffer), kPartFix, {}, access.ref.buffer);
        return std::nullopt;
    }
    if (blocked > 2) {
        refuse("TT3004", loc, "`" + b.name + "` has more than two dimensions",
               "use one two-dimensional buffer for each part that is used at a time", {}, access.ref.buffer);
        return std::nullopt;
    }
    return buffer_type(access.ref.buffer);
}

std::optional<ValueId> Memory::read(const std::string& what, const Access& access, LocId loc) {
    if (!access.ref.is_tensor() && !whole(access)) {
        const Dims dims = this->dims(access.ref);
        auto rows = dims.row >= 0 ? ctx_.index.as_const(access.extent[dims.row]) : 1;
        auto cols = dims.col >= 0 ? ctx_.index.as_const(access.extent[dims.col]) : 1;
        if (rows && cols)
            if (auto value = part(access.ref.buffer, access.offset, *rows, *cols, loc)) return value;
    }
    auto type = this->type(what, access, loc);
    if (!type) return std::nullopt;
    if (access.ref.is_tensor()) return load(access.ref.tensor, access.offset, type->rows, type->cols, loc);
    return current(access.ref.buffer, loc);
}

bool Memory::write(const std::string& what, const Access& access, ValueId value, LocId loc) {
    if (!type(what, access, loc)) {
        if (!access.ref.is_tensor()) current(access.ref.buffer, loc);
        return false;
    }
    if (access.ref.is_tensor())
        store(access.ref.tensor, access.offset, value, loc);
    else
        set(access.ref.buffer, value);
    return true;
}

}  // namespace tilelang_tt
