#include "compiler/map/independence.h"

#include <utility>

#include "compiler/ir/walk.h"
#include "compiler/map/access.h"

namespace tilelang_tt {
namespace {

class Independence {
  public:
    Independence(Context& ctx, const tile::Launch& launch, std::set<BufferId> given)
        : ctx_(ctx), launch_(launch), defined_(std::move(given)) {}

    bool of(const tile::Region& region) {
        visit(region);
        return ok_;
    }

  private:
    using Set = std::set<BufferId>;

    void read(Ref ref) { ok_ = ok_ && (ref.is_tensor() || defined_.count(ref.buffer)); }
    void read(const Access& access) { read(access.ref); }
    void read(LaneId value) {
        for_each_read(ctx_.lanes, value, [&](const LaneNode& node) { read(node.ref); });
    }
    // A part of a buffer leaves the rest as it was.
    void write(Ref ref, bool whole) {
        if (ref.is_tensor()) return;
        if (!whole) read(ref);
        defined_.insert(ref.buffer);
    }
    void write(const Access& access) {
        bool whole = true;
        if (!access.ref.is_tensor()) {
            const auto& shape = launch_.buffers[access.ref.buffer.v].shape;
            for (size_t d = 0; d < shape.size(); ++d)
                whole = whole && fixed_value(ctx_.index, access.offset[d]) == 0 &&
                        ctx_.index.as_const(access.extent[d]) == shape[d];
        }
        write(access.ref, whole);
    }

    void visit(const tile::Region& region) {
        for (const tile::Op& op : region.ops) std::visit([this](const auto& o) { visit(o); }, op.v);
    }
    void visit(const tile::For& op) {
        const Set before = defined_;
        visit(op.body);
        const auto least = ctx_.index.bounds(op.extent).lo;
        if (!least || *least < 1) defined_ = before;
    }
    void visit(const tile::If& op) {
        const Set before = defined_;
        visit(op.then);
        const Set then = std::exchange(defined_, before);
        visit(op.otherwise);
        std::erase_if(defined_, [&](BufferId id) { return !then.count(id); });
    }
    void visit(const tile::Copy& op) { read(op.src), write(op.dst); }
    void visit(const tile::Fill& op) { write(op.dst); }
    void visit(const tile::Gemm& op) {
        read(op.a), read(op.b);
        if (!op.clear) read(op.c);
        write(op.c);
    }
    void visit(const tile::Reduce& op) {
        read(op.src);
        if (!op.clear) read(op.dst);
        write(op.dst);
    }
    void visit(const tile::Map& op) {
        for (const tile::Store& store : op.stores) {
            read(store.value);
            if (store.combine != tile::Combine::None) read(store.ref);
            write(store.ref, !store.cond && covers(op, store));
        }
    }
    // Other statements: as if they read all that they touch.
    template <class Other>
    void visit(const Other& op) {
        each<BufferId>(op, [&](BufferId id) { ok_ = ok_ && (!id || defined_.count(id)); });
    }

    bool covers(const tile::Map& map, const tile::Store& store) {
        if (store.ref.is_tensor()) return true;
        std::string problem;
        const auto access = lane_access(ctx_.index, map, store.indices, problem);
        if (!access) return false;
        const auto& shape = launch_.buffers[store.ref.buffer.v].shape;
        for (size_t d = 0; d < shape.size(); ++d)
            if (fixed_value(ctx_.index, access->base[d]) != 0 ||
                (access->lane[d] ? lane_extent(ctx_.index, map, access->lane[d]) : 1) != shape[d])
                return false;
        return true;
    }

    Context& ctx_;
    const tile::Launch& launch_;
    Set defined_;
    bool ok_ = true;
};

}  // namespace

bool independent(Context& ctx, const tile::Launch& launch, const tile::Region& region,
                 const std::set<BufferId>& given) {
    return Independence(ctx, launch, given).of(region);
}

}  // namespace tilelang_tt
