#include "compiler/map/block_dims.h"

#include <functional>
#include <set>
#include <unordered_map>

#include "compiler/map/access.h"

namespace tilelang_tt {

std::vector<int64_t> blocked_dims(const IndexArena& index, const Access& access) {
    std::vector<int64_t> dims;
    for (size_t d = 0; d < access.extent.size(); ++d)
        if (index.as_const(access.extent[d]) != 1) dims.push_back(static_cast<int64_t>(d));
    return dims;
}

namespace {

// What a vector, or a lane, runs along.
enum class Axis : uint8_t { Unknown, Rows, Cols };

// Union-find over vectors and lanes. A class takes the first axis that a use gives it.
class AxisClasses {
  public:
    size_t add() {
        parent_.push_back(parent_.size());
        axis_.push_back(Axis::Unknown);
        return parent_.size() - 1;
    }
    Axis axis(size_t node) { return axis_[find(node)]; }
    void hint(size_t node, Axis axis) {
        Axis& known = axis_[find(node)];
        if (known == Axis::Unknown) known = axis;
    }
    // Classes that want different axes stay apart.
    void unite(size_t a, size_t b) {
        a = find(a), b = find(b);
        if (a == b || (axis_[a] != Axis::Unknown && axis_[b] != Axis::Unknown && axis_[a] != axis_[b])) return;
        if (axis_[a] == Axis::Unknown) axis_[a] = axis_[b];
        parent_[b] = a;
    }

  private:
    size_t find(size_t node) {
        while (parent_[node] != node) node = parent_[node] = parent_[parent_[node]];
        return node;
    }
    std::vector<size_t> parent_;
    std::vector<Axis> axis_;
};

// A vector's or a lane's node, or an axis that is known without one.
struct AxisTerm {
    std::optional<size_t> node;
    Axis axis = Axis::Unknown;
};

struct Entity {
    size_t rank = 0;
    std::set<int64_t> blocked;
    std::optional<size_t> node;  // of a vector
    Dims dims;                   // of a matrix

    AxisTerm term(int64_t dim) const {
        if (node) return {node, Axis::Unknown};
        return {std::nullopt, dim == dims.row ? Axis::Rows : dim == dims.col ? Axis::Cols : Axis::Unknown};
    }
};

class Inference {
  public:
    explicit Inference(Context& ctx, const std::vector<tile::Launch>& launches) : ctx_(ctx), launches_(launches) {}

    BlockDims run() {
        collect();
        for (Entity& tensor : tensors_) settle(tensor);
        for (auto& buffers : buffers_)
            for (Entity& buffer : buffers) settle(buffer);
        for (launch_ = 0; launch_ < launches_.size(); ++launch_) relate(launches_[launch_].body);
        BlockDims result;
        for (Entity& tensor : tensors_) result.tensors.push_back(finish(tensor));
        for (auto& buffers : buffers_) {
            auto& out = result.buffers.emplace_back();
            for (Entity& buffer : buffers) out.push_back(finish(buffer));
        }
        return result;
    }

  private:
    Entity& entity(Ref ref) { return ref.is_tensor() ? tensors_[ref.tensor.v] : buffers_[launch_][ref.buffer.v]; }

    // ---- which dimensions are blocked ----
    void collect() {
        for (const Tensor& tensor : ctx_.tensors) tensors_.push_back({tensor.shape.size(), {}, {}, {}});
        for (launch_ = 0; launch_ < launches_.size(); ++launch_) {
            auto& buffers = buffers_.emplace_back();
            for (const tile::Buffer& buffer : launches_[launch_].buffers) {
                Entity& entity = buffers.emplace_back();
                entity.rank = buffer.shape.size();
                for (size_t d = 0; d < buffer.shape.size(); ++d)
                    if (buffer.shape[d] != 1) entity.blocked.insert(static_cast<int64_t>(d));
            }
            collect(launches_[launch_].body);
        }
    }
    void collect(const Access& access) {
        if (!access.ref.is_tensor()) return;
        for (int64_t d : blocked_dims(ctx_.index, access)) entity(access.ref).blocked.insert(d);
    }
    void collect(const tile::Region& region) {
        for (const tile::Op& op : region.ops) {
            if (auto* loop = std::get_if<tile::For>(&op.v)) {
                collect(loop->body);
            } else if (auto* branch = std::get_if<tile::If>(&op.v)) {
                collect(branch->then);
                collect(branch->otherwise);
            } else if (auto* copy = std::get_if<tile::Copy>(&op.v)) {
                collect(copy->src);
                collect(copy->dst);
            } else if (auto* fill = std::get_if<tile::Fill>(&op.v)) {
                collect(fill->dst);
            } else if (auto* gemm = std::get_if<tile::Gemm>(&op.v)) {
                for (const Access* access : {&gemm->a, &gemm->b, &gemm->c}) collect(*access);
            } else if (auto* scan = std::get_if<tile::Scan>(&op.v)) {
                collect(scan->src);
                collect(scan->dst);
            } else if (auto* reduce = std::get_if<tile::Reduce>(&op.v)) {
                collect(reduce->src);
                collect(reduce->dst);
            } else if (auto* map = std::get_if<tile::Map>(&op.v)) {
                for_each_access(*map, [&](Ref ref, const LaneAccess& access) {
                    if (!ref.is_tensor()) return;
                    for (size_t d = 0; d < access.lane.size(); ++d)
                        if (access.lane[d]) entity(ref).blocked.insert(static_cast<int64_t>(d));
                });
            }
        }
    }

    // ---- rows and columns ----
    void settle(Entity& entity) {
        while (entity.blocked.size() > 2) entity.blocked.erase(entity.blocked.begin());
        int64_t rank = static_cast<int64_t>(entity.rank);
        if (entity.blocked.empty() && rank >= 2) {
            entity.dims = {rank - 2, rank - 1};
        } else if (entity.blocked.size() == 2) {
            entity.dims = {*entity.blocked.begin(), *entity.blocked.rbegin()};
        } else if (rank >= 1) {
            if (entity.blocked.empty()) entity.blocked.insert(0);
            entity.node = classes_.add();
            // A vector that its own shape makes lie: (1, n) is a row, (n, 1) a column.
            if (rank >= 2) classes_.hint(*entity.node, *entity.blocked.begin() == rank - 1 ? Axis::Cols : Axis::Rows);
        }
    }
    Dims finish(Entity& entity) {
        if (!entity.node) return entity.dims;
        int64_t dim = *entity.blocked.begin();
        return classes_.axis(*entity.node) == Axis::Rows ? Dims{dim, -1} : Dims{-1, dim};
    }
    void relate(AxisTerm a, AxisTerm b) {
        if (a.node && b.node)
            classes_.unite(*a.node, *b.node);
        else if (a.node)
            classes_.hint(*a.node, b.axis);
        else if (b.node)
            classes_.hint(*b.node, a.axis);
    }
    void relate(const Access& a, int64_t dim_a, const Access& b, int64_t dim_b) {
        relate(entity(a.ref).term(dim_a), entity(b.ref).term(dim_b));
    }
    void relate(const tile::Region& region) {
        for (const tile::Op& op : region.ops) {
            if (auto* loop = std::get_if<tile::For>(&op.v)) {
                relate(loop->body);
            } else if (auto* branch = std::get_if<tile::If>(&op.v)) {
                relate(branch->then);
                relate(branch->otherwise);
            } else if (auto* copy = std::get_if<tile::Copy>(&op.v)) {
                auto src = blocked_dims(ctx_.index, copy->src), dst = blocked_dims(ctx_.index, copy->dst);
                if (src.size() == 1 && dst.size() == 1) relate(copy->src, src[0], copy->dst, dst[0]);
            } else if (auto* scan = std::get_if<tile::Scan>(&op.v)) {
                auto src = blocked_dims(ctx_.index, scan->src), dst = blocked_dims(ctx_.index, scan->dst);
                if (src.size() == 1 && dst.size() == 1) relate(scan->src, src[0], scan->dst, dst[0]);
            } else if (auto* reduce = std::get_if<tile::Reduce>(&op.v)) {
                auto src = blocked_dims(ctx_.index, reduce->src), dst = blocked_dims(ctx_.index, reduce->dst);
                std::erase(src, reduce->dim);
                if (src.size() == 1 && dst.size() == 1) relate(reduce->src, src[0], reduce->dst, dst[0]);
            } else if (auto* map = std::get_if<tile::Map>(&op.v)) {
                relate(*map);
            }
        }
    }
    void relate(const tile::Map& map) {
        std::unordered_map<VarId, size_t> lanes;
        for (VarId lane : map.vars) lanes.emplace(lane, classes_.add());
        // Matrices first: they say which lane is which.
        for (bool matrices : {true, false})
            for_each_access(map, [&](Ref ref, const LaneAccess& access) {
                const Entity& e = entity(ref);
                if (e.node.has_value() == matrices) return;
                for (size_t d = 0; d < access.lane.size(); ++d)
                    if (access.lane[d])
                        relate({lanes.at(access.lane[d]), Axis::Unknown}, e.term(static_cast<int64_t>(d)));
            });
    }

    // Stores, then what they read, in order.
    void for_each_access(const tile::Map& map, const std::function<void(Ref, const LaneAccess&)>& visit) {
        std::string problem;
        auto one = [&](Ref ref, const std::vector<IndexId>& indices) {
            if (auto access = lane_access(ctx_.index, map, indices, problem)) visit(ref, *access);
        };
        for (const tile::Store& store : map.stores) one(store.ref, store.indices);
        for (const tile::Store& store : map.stores)
            for_each_read(ctx_.lanes, store.value, [&](const LaneNode& read) { one(read.ref, read.indices); });
    }

    Context& ctx_;
    const std::vector<tile::Launch>& launches_;
    size_t launch_ = 0;
    AxisClasses classes_;
    std::vector<Entity> tensors_;
    std::vector<std::vector<Entity>> buffers_;
};

}  // namespace

BlockDims infer_block_dims(Context& ctx, const std::vector<tile::Launch>& launches) {
    return Inference(ctx, launches).run();
}

}  // namespace tilelang_tt
