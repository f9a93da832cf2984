#include "compiler/tensorize/memory.h"

#include <tuple>

#include "compiler/ir/text.h"
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
      current_(launch.buffers.size()) {
    for_each_write(launch.body, [&](Ref ref) {
        if (ref.is_tensor()) written_.insert(ref.tensor);
    });
}

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
    int64_t rows = dims.row >= 0 ? b.shape[dims.row] : 1;
    for (int64_t d : stacked_dims(id)) rows *= b.shape[d];
    return tile_type(b.dtype, rows, dims.col >= 0 ? b.shape[dims.col] : 1);
}

std::vector<int64_t> Memory::stacked_dims(BufferId id) const {
    std::vector<int64_t> out;
    const Dims dims = buffer_dims_[id.v];
    for (size_t d = 0; d < buffer(id).shape.size(); ++d) {
        const auto dim = static_cast<int64_t>(d);
        if (buffer(id).shape[d] != 1 && dim != dims.row && dim != dims.col) out.push_back(dim);
    }
    return out;
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
    if (!stacked_dims(id).empty()) return std::nullopt;
    auto block = current_[id.v] ? loaded_.find(current_[id.v]) : loaded_.end();
    if (block == loaded_.end() || written_.contains(block->second.tensor)) return std::nullopt;
    const graph::Window window = block->second;
    const TileType type = builder_.type(current_[id.v]);
    if (rows == type.rows && cols == type.cols) return std::nullopt;
    const Dims dims = buffer_dims_[id.v];
    std::vector<IndexId> start = window.offset;
    for (auto [from, to, whole, size] : {std::tuple(dims.row, window.row_dim, type.rows, rows),
                                         std::tuple(dims.col, window.col_dim, type.cols, cols)}) {
        if (from < 0 || whole == 1) continue;
        if (to < 0) return std::nullopt;
        if (!layouts_[window.tensor.v].row_major && !tile_aligned(ctx_.index, offset[from])) return std::nullopt;
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

std::optional<PartOfBuffer> Memory::locate(const std::string& what, BufferId id, const std::vector<IndexId>& offset,
                                           const std::vector<int64_t>& extent, LocId loc) {
    const tile::Buffer& b = buffer(id);
    const Dims dims = buffer_dims_[id.v];
    const std::vector<int64_t> stacked = stacked_dims(id);
    const TileType whole = buffer_type(id);
    const std::string part = what + " touches a part of `" + b.name + "`";
    const int64_t rows = dims.row >= 0 ? b.shape[dims.row] : 1;
    PartOfBuffer out{ctx_.index.constant(0), ctx_.index.constant(0), 1, 1, true};
    for (size_t d = 0; d < offset.size(); ++d) {
        const Interval at = ctx_.index.bounds(offset[d]);
        if (at.lo && *at.lo >= 0 && at.hi && *at.hi + extent[d] <= b.shape[d]) continue;
        refuse("TT3003", loc, part + " that is not known to be inside it, in dimension " + std::to_string(d),
               "index the buffer by a loop whose bounds are constant",
               {{"elements", std::to_string(b.shape[d]),
                 print(ctx_.index, offset[d]) + " to + " + std::to_string(extent[d])}},
               id);
        return std::nullopt;
    }
    // Rows: the stacked dimensions and the matrices' own, as one block of consecutive rows.
    std::vector<int64_t> along = stacked;
    if (dims.row >= 0) along.push_back(dims.row);
    bool begun = false;
    for (int64_t d : along) {
        const IndexId size = ctx_.index.constant(b.shape[d]);
        out.row = ctx_.index.add(ctx_.index.mul(out.row, size), offset[d]);
        if (begun && extent[d] != b.shape[d]) {
            refuse("TT3003", loc, part + " that is not one block of rows of the stack",
                   "touch one matrix at a time, in a loop", {}, id);
            return std::nullopt;
        }
        begun = begun || extent[d] != 1;
        out.rows *= extent[d];
        out.whole = out.whole && extent[d] == b.shape[d];
    }
    if (dims.col >= 0) {
        out.col = offset[dims.col], out.cols = extent[dims.col];
        out.whole = out.whole && extent[dims.col] == b.shape[dims.col];
    }
    if (out.whole) return out;
    if (!stacked.empty() && rows % kTileDim != 0) {
        refuse("TT3004", loc,
               "`" + b.name + "` is a stack of matrices of " + std::to_string(rows) +
                   " rows; the matrices of a stack are made of whole 32x32 tiles",
               "use one two-dimensional buffer for each matrix, or a multiple of 32 rows",
               {{"rows", "multiples of 32", std::to_string(rows)}}, id);
        return std::nullopt;
    }
    for (auto [name, at, size, all] :
         {std::tuple("row", out.row, out.rows, whole.rows), std::tuple("column", out.col, out.cols, whole.cols)}) {
        const auto fixed = fixed_value(ctx_.index, at);
        const bool ends = size % kTileDim == 0 || (fixed && *fixed + size == all);
        // A single row of a matrix is a vector, which lies otherwise.
        const bool same = tile_type(b.dtype, out.rows, out.cols).orientation == whole.orientation;
        if (tile_aligned(ctx_.index, at) && ends && same) continue;
        refuse("TT3003", loc, part + " that is not made of whole 32x32 tiles of it",
               "use parts that start and end at multiples of 32, or give the part a buffer of its own",
               {{std::string("first ") + name, "multiples of 32", print(ctx_.index, at)},
                {std::string(name) + "s", "multiples of 32", std::to_string(size)}},
               id);
        return std::nullopt;
    }
    return out;
}

ValueId Memory::read(BufferId id, const PartOfBuffer& part, LocId loc) {
    ValueId all = current(id, loc);
    return part.whole ? all : builder_.slice(all, part.row, part.col, part.rows, part.cols, loc);
}

void Memory::write(BufferId id, const PartOfBuffer& part, ValueId value, LocId loc) {
    set(id, part.whole ? value : builder_.insert(current(id, loc), value, part.row, part.col, loc));
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
    auto extent = extents(access);
    if (!extent) {
        refuse("TT3001", loc, what + " touches a block of `" + name(access.ref) + "` whose size is not constant",
               "use a constant block size");
        return std::nullopt;
    }
    auto part = locate(what, access.ref.buffer, access.offset, *extent, loc);
    if (!part) return std::nullopt;
    TileType type = buffer_type(access.ref.buffer);
    type.rows = part->rows, type.cols = part->cols;
    return type;
}

std::optional<std::vector<int64_t>> Memory::extents(const Access& access) const {
    std::vector<int64_t> out;
    for (IndexId id : access.extent) {
        auto n = ctx_.index.as_const(id);
        if (!n) return std::nullopt;
        out.push_back(*n);
    }
    return out;
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
    return read(access.ref.buffer, *locate(what, access.ref.buffer, access.offset, *extents(access), loc), loc);
}

bool Memory::write(const std::string& what, const Access& access, ValueId value, LocId loc) {
    if (!type(what, access, loc)) {
        if (!access.ref.is_tensor()) current(access.ref.buffer, loc);
        return false;
    }
    if (access.ref.is_tensor())
        store(access.ref.tensor, access.offset, value, loc);
    else
        write(access.ref.buffer, *locate(what, access.ref.buffer, access.offset, *extents(access), loc), value, loc);
    return true;
}

}  // namespace tilelang_tt
