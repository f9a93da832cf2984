#include "compiler/map/views.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>
#include <unordered_map>

#include "compiler/ir/text.h"
#include "compiler/ir/walk.h"
#include "compiler/map/access.h"
#include "compiler/map/block_dims.h"

namespace tilelang_tt {
namespace {

// A shape in which a tensor or buffer is used: its own or that of a view.
struct Member {
    std::string name;
    std::vector<IndexId> shape;
    std::vector<std::optional<int64_t>> stride;  // in elements; nullopt left of a dimension that is not constant
    size_t storage = 0;
    size_t node = 0;  // of dimension 0; the others follow
    bool used = false;
};

// A tensor or buffer, with all its views.
struct Storage {
    std::vector<size_t> members;  // its own first
    bool tensor = false;
    bool packed = false;  // bytes that hold several numbers
    LocId loc;
    std::vector<IndexId> shape;  // in which it is handled
    std::vector<std::optional<int64_t>> stride;
};

// How one dimension of a block or one lane is used.
struct Span {
    size_t member = 0, dim = 0;
    IndexId offset;
    int64_t extent = 0;
};

// A dimension of a member, or a lane, and all that run along with it: they are cut in the same places.
struct Axis {
    size_t parent = 0;
    std::set<int64_t> cuts;   // c: every c elements along it a row of the next dimension begins
    std::set<size_t> dims;    // nodes of members' dimensions
    std::string whole;        // what uses the axis as a whole, so that it cannot be cut; empty: nothing
    bool elementwise = true;  // else its elements are not all treated alike
    std::vector<Span> spans;
};

std::vector<std::optional<int64_t>> strides_of(const IndexArena& index, const std::vector<IndexId>& shape) {
    std::vector<std::optional<int64_t>> out(shape.size());
    std::optional<int64_t> next = 1;
    for (size_t d = shape.size(); d-- > 0;) {
        out[d] = next;
        const auto n = index.as_const(shape[d]);
        int64_t product = 0;
        next = next && n && !__builtin_mul_overflow(*next, *n, &product) ? std::optional(product) : std::nullopt;
    }
    return out;
}

std::string text(const IndexArena& index, const std::vector<IndexId>& shape) {
    std::string out = "(";
    for (size_t d = 0; d < shape.size(); ++d) out += (d ? ", " : "") + print(index, shape[d]);
    return out + ")";
}

class Views {
  public:
    Views(const TileProgram& program, Vectors vectors)
        : program_(program), ctx_(program_.ctx), index_(ctx_.index), vectors_(vectors) {}

    Result<TileProgram> run() {
        declare();
        for (launch_ = 0; launch_ < program_.launches.size(); ++launch_) collect(program_.launches[launch_].body);
        spread();
        if (!errors_.empty()) return errors_;
        if (vectors_ == Vectors::InRows) cut_vectors();
        check();
        if (!errors_.empty()) return errors_;
        for (Storage& storage : storages_) shape(storage);
        if (!changes()) return std::move(program_);
        note_rows();
        rewrite();
        if (!errors_.empty()) return errors_;
        return std::move(program_);
    }

  private:
    void refuse(LocId loc, std::string message, std::string fix) {
        Diagnostic d{Severity::Error, "TT2080", std::move(message), {}, {}, {}, std::move(fix)};
        if (loc) d.where.push_back(ctx_.loc(loc));
        if (std::find(errors_.begin(), errors_.end(), d) == errors_.end()) errors_.push_back(std::move(d));
    }

    // ---- members and axes ----
    size_t find(size_t node) {
        while (axes_[node].parent != node) node = axes_[node].parent = axes_[axes_[node].parent].parent;
        return node;
    }
    Axis& axis(size_t node) { return axes_[find(node)]; }
    size_t new_axis() {
        const size_t node = axes_.size();
        axes_.emplace_back().parent = node;
        return node;
    }
    void unite(size_t a, size_t b) {
        a = find(a), b = find(b);
        if (a == b) return;
        Axis &to = axes_[a], &from = axes_[b];
        from.parent = a;
        to.cuts.merge(from.cuts);
        to.dims.merge(from.dims);
        if (to.whole.empty()) to.whole = from.whole;
        to.elementwise = to.elementwise && from.elementwise;
        to.spans.insert(to.spans.end(), from.spans.begin(), from.spans.end());
    }

    template <class Row>
    void declare(const std::vector<Row>& rows, std::vector<size_t>& members, bool tensors) {
        auto add = [&](const Row& row, size_t storage) {
            Member member;
            member.name = row.name;
            for (const auto n : row.shape) {
                if constexpr (std::is_same_v<Row, Tensor>)
                    member.shape.push_back(n);
                else
                    member.shape.push_back(index_.constant(n));
            }
            member.stride = strides_of(index_, member.shape);
            member.storage = storage;
            member.node = axes_.size();
            for (size_t d = 0; d < member.shape.size(); ++d) {
                const size_t node = new_axis();
                axes_[node].dims.insert(node);
                dim_of_[node] = {members_.size(), d};
            }
            storages_[storage].members.push_back(members_.size());
            members_.push_back(std::move(member));
        };
        members.assign(rows.size(), 0);
        for (const bool views : {false, true})
            for (size_t i = 0; i < rows.size(); ++i) {
                if (rows[i].view_of.valid() != views) continue;
                size_t storage = storages_.size();
                if (views) {
                    storage = members_[members[rows[i].view_of.v]].storage;
                } else {
                    Storage& fresh = storages_.emplace_back();
                    fresh.tensor = tensors;
                    fresh.loc = rows[i].loc;
                    if constexpr (std::is_same_v<Row, Tensor>) fresh.packed = packed_bits(rows[i].storage) != 0;
                }
                members[i] = members_.size();
                add(rows[i], storage);
            }
    }
    void declare() {
        declare(ctx_.tensors, tensors_, true);
        buffers_.resize(program_.launches.size());
        for (size_t l = 0; l < program_.launches.size(); ++l) declare(program_.launches[l].buffers, buffers_[l], false);
    }
    size_t member_of(Ref ref) const {
        return ref.is_tensor() ? tensors_[ref.tensor.v] : buffers_[launch_][ref.buffer.v];
    }
    size_t node(Ref ref, size_t dim) const { return members_[member_of(ref)].node + dim; }

    // ---- what runs along with what ----
    void use(Ref ref) { members_[member_of(ref)].used = true; }
    void whole(size_t node, const char* what) {
        if (axis(node).whole.empty()) axis(node).whole = what;
    }
    void span(const Access& access) {
        use(access.ref);
        for (size_t d = 0; d < access.extent.size(); ++d) {
            const auto n = index_.as_const(access.extent[d]);
            if (n == 1) continue;
            Axis& along = axis(node(access.ref, d));
            along.elementwise = along.elementwise && n.has_value();
            along.spans.push_back({member_of(access.ref), d, access.offset[d], n.value_or(0)});
        }
    }
    void pair(const Access& a, std::vector<int64_t> dims_a, const Access& b, std::vector<int64_t> dims_b) {
        if (dims_a.size() != dims_b.size()) return;
        for (size_t n = 0; n < dims_a.size(); ++n)
            unite(node(a.ref, static_cast<size_t>(dims_a[n])), node(b.ref, static_cast<size_t>(dims_b[n])));
    }
    void collect(const tile::Region& region) {
        for (const tile::Op& op : region.ops) std::visit([&](const auto& o) { collect(o); }, op.v);
    }
    void collect(const tile::For& op) { collect(op.body); }
    void collect(const tile::If& op) { collect(op.then), collect(op.otherwise); }
    void collect(const tile::Fill& op) { span(op.dst); }
    void collect(const tile::Copy& op) {
        span(op.src), span(op.dst);
        pair(op.src, blocked_dims(index_, op.src), op.dst, blocked_dims(index_, op.dst));
    }
    void collect(const tile::Gemm& op) {
        for (const Access* access : {&op.a, &op.b, &op.c}) {
            span(*access);
            for (size_t d = 0; d < access->extent.size(); ++d) whole(node(access->ref, d), "T.gemm");
        }
    }
    void collect(const tile::Reduce& op) {
        span(op.src), span(op.dst);
        auto left = blocked_dims(index_, op.src);
        std::erase(left, op.dim);
        pair(op.src, left, op.dst, blocked_dims(index_, op.dst));
        whole(node(op.src.ref, static_cast<size_t>(op.dim)), "a reduction");
    }
    void collect(const tile::Scan& op) {
        span(op.src), span(op.dst);
        pair(op.src, blocked_dims(index_, op.src), op.dst, blocked_dims(index_, op.dst));
        whole(node(op.src.ref, static_cast<size_t>(op.dim)), "a running sum");
    }
    void collect(const tile::Map& op) {
        std::unordered_map<VarId, size_t> lanes;
        size_t many = 0;
        bool plain = true;
        for (size_t i = 0; i < op.vars.size(); ++i) {
            lanes_[op.vars[i]] = lanes[op.vars[i]] = new_axis();
            many += index_.as_const(op.extents[i]) != 1;
        }
        auto access = [&](Ref ref, const std::vector<IndexId>& indices) {
            use(ref);
            for (size_t d = 0; d < indices.size(); ++d) run_along(op, ref, d, indices[d], lanes);
        };
        for (const tile::Store& store : op.stores) {
            access(store.ref, store.indices);
            plain = plain && store.combine == tile::Combine::None;
            each_lane_node(ctx_.lanes, store.value, [&](const LaneNode& n) {
                if (n.op == LaneOp::Read) access(n.ref, n.indices);
            });
        }
        for (size_t i = 0; i < op.vars.size(); ++i) {
            Axis& along = axis(lanes[op.vars[i]]);
            along.elementwise = along.elementwise && plain && many == 1 && index_.as_const(op.extents[i]).has_value();
            // Each lane of a store writes elements of its own.
            for (const tile::Store& store : op.stores)
                along.elementwise =
                    along.elementwise && std::any_of(store.indices.begin(), store.indices.end(),
                                                     [&](IndexId id) { return index_.uses(id, op.vars[i]); });
        }
    }
    // The index of dimension d, over the lanes that it uses: one in steps of 1, or several that count it off together.
    void run_along(const tile::Map& map, Ref ref, size_t d, IndexId id, std::unordered_map<VarId, size_t>& lanes) {
        struct Step {
            int64_t factor, extent;
            VarId lane;
        };
        std::vector<Step> steps;
        IndexSubst zero;
        bool linear = true;
        for (size_t i = 0; i < map.vars.size(); ++i) {
            const VarId lane = map.vars[i];
            const auto extent = index_.as_const(map.extents[i]);
            if (extent == 1 || !index_.uses(id, lane)) continue;
            const auto factor = index_.linear_coefficient(id, lane);
            linear = linear && factor && *factor > 0 && extent;
            steps.push_back({factor.value_or(0), extent.value_or(0), lane});
            zero[lane] = index_.constant(0);
        }
        if (steps.empty()) return;
        std::sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.factor < b.factor; });
        for (size_t i = 0; linear && i < steps.size(); ++i)
            linear = i == 0 ? steps[i].factor == 1 : steps[i].factor == steps[i - 1].factor * steps[i - 1].extent;
        const size_t dim = node(ref, d);
        if (!linear) {
            axis(dim).elementwise = false;
            whole(dim, "an index that does not run over it in steps of 1");
            for (const Step& step : steps) {
                axis(lanes[step.lane]).elementwise = false;
                whole(lanes[step.lane], "an index that does not run over it in steps of 1");
            }
            return;
        }
        if (steps.size() == 1) {
            unite(dim, lanes[steps[0].lane]);
            axis(dim).spans.push_back({member_of(ref), d, index_.substitute(id, zero), steps[0].extent});
            return;
        }
        for (size_t i = 1; i < steps.size(); ++i) axis(dim).cuts.insert(steps[i].factor);
        axis(dim).elementwise = false;
    }

    // ---- cuts ----
    // Calls visit(elements in one step of the dimension, elements in all of it or nullopt) for each used shape's
    // dimensions that can be cut.
    template <class Visit>
    void each_dim(const Storage& storage, Visit visit) {
        for (size_t m : storage.members) {
            const Member& member = members_[m];
            if (!member.used) continue;
            for (size_t d = 0; d < member.shape.size(); ++d) {
                const auto n = index_.as_const(member.shape[d]);
                if (member.stride[d] && n != 1) visit(member.node + d, *member.stride[d], n);
            }
        }
    }
    // Where rows of some shape of the storage begin: multiples of these.
    std::set<int64_t> boundaries(const Storage& storage) {
        std::set<int64_t> out;
        each_dim(storage, [&](size_t node, int64_t stride, std::optional<int64_t> n) {
            if (stride != 1) out.insert(stride);
            for (int64_t cut : axis(node).cuts)
                if (!n || cut < *n) out.insert(stride * cut);
        });
        return out;
    }
    // Cuts spread through storages, which have several shapes, and along axes, until nothing more is cut.
    void spread() {
        for (bool more = true; more;) {
            more = false;
            for (Storage& storage : storages_) {
                const std::set<int64_t> all = boundaries(storage);
                each_dim(storage, [&](size_t node, int64_t stride, std::optional<int64_t> n) {
                    for (int64_t boundary : all) {
                        if (boundary <= stride || (n && boundary >= stride * *n)) continue;
                        if (boundary % stride != 0 || (n && stride * *n % boundary != 0))
                            return no_common_shape(storage);
                        more |= axis(node).cuts.insert(boundary / stride).second;
                    }
                });
                if (!errors_.empty()) return;
            }
        }
    }
    void no_common_shape(const Storage& storage) {
        std::string shapes;
        for (size_t m : storage.members)
            if (members_[m].used)
                shapes +=
                    (shapes.empty() ? "" : " and ") + ("`" + members_[m].name + "` " + text(index_, members_[m].shape));
        refuse(storage.loc,
               "`" + members_[storage.members[0]].name +
                   "` is used in shapes whose rows do not fit in each other: " + shapes,
               "use shapes of which one divides the dimensions of the other, such as (M, N) and (M, N // 32, 32)");
    }

    // Axes of vectors that nothing but elementwise work uses.
    void cut_vectors() {
        for (size_t node = 0; node < axes_.size(); ++node) {
            if (find(node) != node || !elementwise(axes_[node])) continue;
            axes_[node].cuts.insert(kTileDim);
            rows_.insert(node);
        }
    }
    bool elementwise(const Axis& along) {
        if (!along.elementwise || !along.whole.empty() || !along.cuts.empty() || along.dims.empty()) return false;
        for (size_t node : along.dims) {
            const Storage& storage = storages_[members_[dim_of_.at(node).first].storage];
            if (storage.packed) return false;
            for (size_t m : storage.members)
                if (members_[m].used && (members_[m].shape.size() != 1 || find(members_[m].node) != find(node)))
                    return false;
        }
        bool long_enough = false;
        for (const Span& span : along.spans) {
            if (!aligned(span)) return false;
            long_enough = long_enough || span.extent > kTileDim;
        }
        return long_enough;
    }
    // Starts with a row of 32 elements, and ends with one or at the end.
    bool aligned(const Span& span) {
        if (!tile_aligned(index_, span.offset)) return false;
        return span.extent % kTileDim == 0 || reaches_end(span);
    }
    bool reaches_end(const Span& span) {
        const IndexId end = index_.add(span.offset, index_.constant(span.extent));
        const auto left = index_.bounds(index_.sub(members_[span.member].shape[span.dim], end)).hi;
        return left && *left <= 0;
    }

    void check() {
        for (size_t node = 0; node < axes_.size(); ++node) {
            if (find(node) != node) continue;
            const Axis& along = axes_[node];
            int64_t before = 1;
            for (int64_t cut : along.cuts) {
                if (cut % before != 0) refuse_axis(along, "is cut in rows that do not fit in each other");
                before = cut;
            }
            for (size_t dim : along.dims) {
                const auto [m, d] = dim_of_.at(dim);
                if (!members_[m].used || rows_.count(node)) continue;
                for (int64_t cut : effective(dim)) {
                    if (!index_.divisible_by(members_[m].shape[d], cut))
                        refuse_axis(along, "is no multiple of the rows in which it is viewed");
                    if (!along.whole.empty())
                        refuse_axis(along, "is used as a whole by " + along.whole + " and cut by a view");
                }
            }
        }
        for (const Storage& storage : storages_) check(storage);
    }
    // Dimensions left of one that is not constant are the same in all shapes.
    void check(const Storage& storage) {
        const Member* first = nullptr;
        for (size_t m : storage.members) {
            const Member& member = members_[m];
            if (!member.used) continue;
            if (!first) first = &member;
            auto outer = [](const Member& x) {
                return std::vector<IndexId>(
                    x.shape.begin(), x.shape.begin() + std::count(x.stride.begin(), x.stride.end(), std::nullopt));
            };
            if (outer(member) != outer(*first)) no_common_shape(storage);
        }
    }
    void refuse_axis(const Axis& along, const std::string& why) {
        for (size_t node : along.dims) {
            const auto [m, d] = dim_of_.at(node);
            const Storage& storage = storages_[members_[m].storage];
            if (!members_[m].used) continue;
            refuse(storage.loc,
                   "dimension " + std::to_string(d) + " of `" + members_[m].name + "` " +
                       text(index_, members_[m].shape) + " " + why,
                   "use one shape for what is copied or computed together, or keep what is reshaped in a tensor of its "
                   "own");
            return;
        }
    }

    // The cuts of an axis that fall inside a dimension (or a lane) of n elements, smallest first.
    std::vector<int64_t> effective(size_t node, std::optional<int64_t> n) {
        std::vector<int64_t> out;
        for (int64_t cut : axis(node).cuts)
            if (!n || cut < *n) out.push_back(cut);
        return out;
    }
    std::vector<int64_t> effective(size_t dim) {
        const auto [m, d] = dim_of_.at(dim);
        if (rows_.count(find(dim))) return {kTileDim};
        return effective(dim, index_.as_const(members_[m].shape[d]));
    }

    // ---- the shape of each storage ----
    // The member that the storage's shape is made from: its own, if that is used.
    size_t used(const Storage& storage) const {
        for (size_t m : storage.members)
            if (members_[m].used) return m;
        return storage.members[0];
    }
    void shape(Storage& storage) {
        const Member* from = &members_[used(storage)];
        for (size_t d = 0; d < from->shape.size(); ++d) {
            auto cuts = effective(from->node + d);
            if (cuts.empty() || !from->stride[d]) {
                storage.shape.push_back(from->shape[d]);
                continue;
            }
            storage.shape.push_back(index_.ceildiv(from->shape[d], cuts.back()));
            for (size_t i = cuts.size(); i-- > 0;)
                storage.shape.push_back(index_.constant(cuts[i] / (i ? cuts[i - 1] : 1)));
        }
        storage.stride = strides_of(index_, storage.shape);
    }
    bool changes() const {
        return std::any_of(storages_.begin(), storages_.end(), [&](const Storage& storage) {
            return storage.members.size() > 1 || storage.shape != members_[storage.members[0]].shape;
        });
    }
    void note_rows() {
        std::string names;
        for (const Storage& storage : storages_)
            if (storage.tensor && in_rows(storage))
                names += (names.empty() ? "`" : ", `") + members_[storage.members[0]].name + "`";
        if (!names.empty())
            program_.remarks.push_back({Severity::Note,
                                        "TT2093",
                                        names + " lie in rows of 32 elements: they are used elementwise",
                                        {},
                                        {},
                                        {},
                                        {}});
    }

    // ---- accesses in the shapes chosen ----
    // The dimensions of the storage that dimension d of a member is made of, outermost first.
    std::vector<size_t> parts(const Member& member, size_t d) {
        const Storage& storage = storages_[member.storage];
        if (in_rows(storage)) return {0, 1};
        if (!member.stride[d]) return {d};  // the same in all shapes
        const auto n = index_.as_const(member.shape[d]);
        std::vector<size_t> out;
        if (n == 1) return out;
        for (size_t s = 0; s < storage.shape.size(); ++s) {
            if (!storage.stride[s] || *storage.stride[s] < *member.stride[d]) continue;
            if (n && *storage.stride[s] >= *member.stride[d] * *n) continue;
            if (index_.as_const(storage.shape[s]) != 1) out.push_back(s);
        }
        return out;
    }
    bool kept(const Member& member) const { return member.shape == storages_[member.storage].shape; }

    bool split(IndexId offset, IndexId extent, const Storage& storage, const std::vector<size_t>& parts, size_t at,
               int64_t unit, Access& out) {
        const size_t s = parts[at];
        if (at + 1 == parts.size()) {
            out.offset[s] = offset, out.extent[s] = extent;
            return true;
        }
        const int64_t row = *storage.stride[s] / unit;  // elements
        const IndexId size = index_.constant(row);
        const auto n = index_.as_const(extent);
        if (n && *n > 1 && divisible(offset, row) && (*n % row == 0 || (*n > row && in_rows(storage)))) {
            out.offset[s] = index_.floordiv(offset, size);
            out.extent[s] = index_.constant(ceil_div(*n, row));
            for (size_t i = at + 1; i < parts.size(); ++i) {
                out.offset[parts[i]] = index_.constant(0);
                out.extent[parts[i]] = storage.shape[parts[i]];
            }
            return true;
        }
        const IndexId rest = index_.floormod(offset, size);
        const auto last = index_.bounds(rest).hi;
        if (!n || (*n != 1 && (!last || *last + *n > row))) return false;
        out.offset[s] = index_.floordiv(offset, size);
        out.extent[s] = index_.constant(1);
        return split(rest, extent, storage, parts, at + 1, unit, out);
    }
    bool divisible(IndexId offset, int64_t by) {
        const auto value = fixed_value(index_, offset);
        return value ? *value % by == 0 : index_.divisible_by(offset, by);
    }
    // Whether the storage is a vector in rows: its last row may be incomplete, and blocks that reach the end, too.
    bool in_rows(const Storage& storage) {
        const Member& member = members_[used(storage)];
        return member.shape.size() == 1 && rows_.count(find(member.node)) > 0;
    }

    std::optional<Access> rewritten(const Access& access) {
        const Member& member = members_[member_of(access.ref)];
        const Storage& storage = storages_[member.storage];
        Access out{renumbered(access.ref), access.offset, access.extent};
        if (kept(member)) return out;
        out.offset.assign(storage.shape.size(), index_.constant(0));
        out.extent.assign(storage.shape.size(), index_.constant(1));
        for (size_t d = 0; d < access.offset.size(); ++d) {
            const auto parts = this->parts(member, d);
            if (parts.empty()) {
                if (fixed_value(index_, access.offset[d]) != 0) return std::nullopt;
            } else if (!split(access.offset[d], access.extent[d], storage, parts, 0, member.stride[d].value_or(1),
                              out)) {
                return std::nullopt;
            }
        }
        return out;
    }
    std::optional<std::vector<IndexId>> rewritten(Ref ref, const std::vector<IndexId>& indices) {
        const Member& member = members_[member_of(ref)];
        const Storage& storage = storages_[member.storage];
        if (kept(member)) return indices;
        std::vector<IndexId> out(storage.shape.size(), index_.constant(0));
        for (size_t d = 0; d < indices.size(); ++d) {
            const auto parts = this->parts(member, d);
            if (parts.empty() && fixed_value(index_, indices[d]) != 0) return std::nullopt;
            IndexId rest = indices[d];
            for (size_t i = 0; i + 1 < parts.size(); ++i) {
                const int64_t row = *storage.stride[parts[i]] / *member.stride[d];
                const IndexId inside = lanes_inside(rest, row);
                out[parts[i]] = index_.floordiv(index_.sub(rest, inside), index_.constant(row));
                rest = index_.add(index_.floormod(index_.sub(rest, inside), index_.constant(row)), inside);
            }
            if (!parts.empty()) out[parts.back()] = rest;
        }
        return out;
    }
    // What lanes add to an index, where that stays inside one row of `row` elements; else 0.
    IndexId lanes_inside(IndexId id, int64_t row) {
        IndexSubst zero;
        for (VarId lane : lanes_now_.vars) zero[lane] = index_.constant(0);
        const IndexId base = index_.substitute(id, zero), lanes = index_.sub(id, base);
        const Interval added = index_.bounds(lanes), first = index_.bounds(index_.floormod(base, index_.constant(row)));
        const bool inside = added.lo && *added.lo >= 0 && added.hi && first.hi && *first.hi + *added.hi < row;
        return inside ? lanes : index_.constant(0);
    }
    Ref renumbered(Ref ref) const {
        if (ref.is_tensor()) {
            const TensorId owner = ctx_.tensor(ref.tensor).view_of;
            return {new_tensors_[owner ? owner.v : ref.tensor.v], {}};
        }
        const BufferId owner = program_.launches[launch_].buffers[ref.buffer.v].view_of;
        return {{}, new_buffers_[owner ? owner.v : ref.buffer.v]};
    }

    void refuse_access(const char* what, Ref ref, const std::string& access, LocId loc) {
        const Member& member = members_[member_of(ref)];
        const Storage& storage = storages_[member.storage];
        refuse(loc,
               std::string(what) + " touches `" + member.name + access + "`, which is no block of the shape " +
                   text(index_, storage.shape) + " in which `" + members_[storage.members[0]].name + "` is handled: `" +
                   member.name + "` has the shape " + text(index_, member.shape),
               "touch whole rows of the shape that has more dimensions, or use one shape throughout");
    }

    // ---- the rewrite ----
    void rewrite() {
        for (size_t t = 0; t < ctx_.tensors.size(); ++t) {
            new_tensors_.emplace_back();
            if (!ctx_.tensors[t].view_of) new_tensors_.back() = TensorId(kept_tensors_++);
        }
        for (launch_ = 0; launch_ < program_.launches.size(); ++launch_) {
            tile::Launch& launch = program_.launches[launch_];
            new_buffers_.clear();
            size_t kept = 0;
            for (const tile::Buffer& buffer : launch.buffers)
                new_buffers_.push_back(buffer.view_of ? BufferId() : BufferId(kept++));
            rewrite(launch.body);
        }
        if (!errors_.empty()) return;
        for (size_t t = 0; t < ctx_.tensors.size(); ++t) {
            Tensor& tensor = ctx_.tensors[t];
            const Storage& storage = storages_[members_[tensors_[t]].storage];
            if (tensor.view_of || tensor.shape == storage.shape) continue;
            if (tensor.param >= 0 && tensor.given.empty()) tensor.given = tensor.shape;
            tensor.shape = storage.shape;
        }
        std::erase_if(ctx_.tensors, [](const Tensor& tensor) { return tensor.view_of.valid(); });
        for (launch_ = 0; launch_ < program_.launches.size(); ++launch_) {
            auto& buffers = program_.launches[launch_].buffers;
            for (size_t b = 0; b < buffers.size(); ++b) {
                const Storage& storage = storages_[members_[buffers_[launch_][b]].storage];
                buffers[b].shape.clear();
                for (IndexId n : storage.shape) buffers[b].shape.push_back(*index_.as_const(n));
            }
            std::erase_if(buffers, [](const tile::Buffer& buffer) { return buffer.view_of.valid(); });
        }
        ctx_.lanes = std::move(new_lanes_);
    }
    void rewrite(tile::Region& region) {
        for (tile::Op& op : region.ops) std::visit([&](auto& o) { rewrite(o, op.loc); }, op.v);
    }
    void rewrite(tile::For& op, LocId) { rewrite(op.body); }
    void rewrite(tile::If& op, LocId) { rewrite(op.then), rewrite(op.otherwise); }
    bool rewrite(const char* what, Access& access, LocId loc) {
        if (auto out = rewritten(access)) {
            access = std::move(*out);
            return true;
        }
        std::string block = "[";
        for (size_t d = 0; d < access.offset.size(); ++d)
            block += (d ? ", " : "") + print(index_, access.offset[d]) + " : " + print(index_, access.extent[d]);
        refuse_access(what, access.ref, block + "]", loc);
        return false;
    }
    void rewrite(tile::Copy& op, LocId loc) {
        const Access src = op.src, dst = op.dst;
        if (!rewrite("T.copy", op.src, loc) || !rewrite("T.copy", op.dst, loc)) return;
        auto extents = [&](const Access& access) {
            std::vector<IndexId> out;
            for (int64_t d : blocked_dims(index_, access)) out.push_back(access.extent[static_cast<size_t>(d)]);
            return out;
        };
        if (extents(op.src) != extents(op.dst))
            refuse(loc,
                   "T.copy from `" + members_[member_of(src.ref)].name + "` to `" + members_[member_of(dst.ref)].name +
                       "` would move blocks of the shapes " + text(index_, op.src.extent) + " and " +
                       text(index_, op.dst.extent),
                   "copy whole rows of the shape that has more dimensions");
    }
    void rewrite(tile::Fill& op, LocId loc) { rewrite("T.fill", op.dst, loc); }
    void rewrite(tile::Gemm& op, LocId loc) {
        for (Access* access : {&op.a, &op.b, &op.c}) {
            const Access old = *access;
            if (!rewrite("T.gemm", *access, loc)) continue;
            const bool same = access->extent.size() >= 2 &&
                              std::equal(old.extent.end() - 2, old.extent.end(), access->extent.end() - 2);
            if (!same) refuse_access("T.gemm", old.ref, "", loc);
        }
    }
    void rewrite_dim(const char* what, Access& src, int64_t& dim, LocId loc) {
        const Member& member = members_[member_of(src.ref)];
        const Access old = src;
        if (!rewrite(what, src, loc) || kept(member)) return;
        const auto parts = this->parts(member, static_cast<size_t>(dim));
        if (parts.size() == 1)
            dim = static_cast<int64_t>(parts[0]);
        else
            refuse_access(what, old.ref, "", loc);
    }
    void rewrite(tile::Reduce& op, LocId loc) {
        rewrite_dim("T.reduce", op.src, op.dim, loc);
        rewrite("T.reduce", op.dst, loc);
    }
    void rewrite(tile::Scan& op, LocId loc) {
        rewrite_dim("T.cumsum", op.src, op.dim, loc);
        rewrite("T.cumsum", op.dst, loc);
    }

    void rewrite(tile::Map& map, LocId at) {
        IndexSubst subst;
        std::vector<VarId> vars;
        std::vector<IndexId> extents;
        for (size_t i = 0; i < map.vars.size(); ++i) {
            const VarId lane = map.vars[i];
            const auto n = index_.as_const(map.extents[i]);
            const auto cuts = n ? effective(lanes_.at(lane), n) : std::vector<int64_t>();
            if (cuts.empty()) {
                vars.push_back(lane), extents.push_back(map.extents[i]);
                continue;
            }
            const std::string name = index_.var(lane).name;
            if (*n % cuts.back() != 0 && !rows_.count(find(lanes_.at(lane)))) {
                refuse(at,
                       "T.Parallel runs over " + std::to_string(*n) + " lanes of `" + name +
                           "` where what it touches is viewed in rows of " + std::to_string(cuts.back()),
                       "run over whole rows");
                return;
            }
            IndexId sum = index_.constant(0);
            int64_t left = *n;
            for (size_t c = cuts.size() + 1; c-- > 0;) {
                const int64_t unit = c ? cuts[c - 1] : 1, extent = ceil_div(left, unit);
                left = unit;
                vars.push_back(index_.new_var({name, VarKind::Lane, 0, extent - 1}));
                extents.push_back(index_.constant(extent));
                sum = index_.add(sum, index_.mul(index_.of(vars.back()), index_.constant(unit)));
            }
            subst[lane] = sum;
        }
        done_.clear();
        lanes_now_ = {vars, extents, {}};
        for (tile::Store& store : map.stores) {
            const LocId loc = store.loc ? store.loc : at;
            if (store.cond && droppable(store)) store.cond = {};
            store.value = rewritten(store.value, subst, loc);
            if (store.cond) store.cond = index_.substitute(store.cond, subst);
            store.indices = indices(store.ref, store.indices, subst, loc);
            store.ref = renumbered(store.ref);
        }
        map.vars = std::move(vars);
        map.extents = std::move(extents);
    }
    // A guard that only keeps stores inside a tensor that lies in rows: behind its end nothing is looked at.
    bool droppable(const tile::Store& store) {
        return store.ref.is_tensor() && store.combine == tile::Combine::None && !kept(members_[member_of(store.ref)]) &&
               implied_in_bounds(index_, store.cond, ctx_.tensor(store.ref.tensor), store.indices);
    }
    std::vector<IndexId> indices(Ref ref, const std::vector<IndexId>& old, const IndexSubst& subst, LocId loc) {
        std::vector<IndexId> now;
        for (IndexId id : old) now.push_back(index_.substitute(id, subst));
        std::string problem;
        const auto out = rewritten(ref, now);
        if (out && (kept(members_[member_of(ref)]) || lane_access(index_, lanes_now_, *out, problem))) return *out;
        std::string access = "[";
        for (size_t d = 0; d < old.size(); ++d) access += (d ? ", " : "") + print(index_, old[d]);
        refuse_access("T.Parallel", ref, access + "]", loc);
        return now;
    }
    LaneId rewritten(LaneId id, const IndexSubst& subst, LocId loc) {
        if (!id) return id;
        if (auto it = done_.find(id); it != done_.end()) return it->second;
        const LaneNode& node = ctx_.lanes.node(id);
        LaneId out;
        switch (node.op) {
            case LaneOp::Const:
                out = new_lanes_.constant(node.dtype, node.value);
                break;
            case LaneOp::Index:
                out = new_lanes_.index(node.dtype, index_.substitute(node.index, subst));
                break;
            case LaneOp::Bits:
                out = new_lanes_.bits(node.dtype, index_.substitute(node.index, subst));
                break;
            case LaneOp::Read:
                out = new_lanes_.read(node.dtype, renumbered(node.ref), indices(node.ref, node.indices, subst, loc));
                break;
            case LaneOp::Apply: {
                if (superfluous(node)) {
                    out = rewritten(node.b, subst, loc);
                    break;
                }
                const LaneId a = rewritten(node.a, subst, loc), b = rewritten(node.b, subst, loc),
                             c = rewritten(node.c, subst, loc);
                out = new_lanes_.apply(node.fn, node.dtype, a, b, c);
                break;
            }
        }
        return done_[id] = out;
    }
    // inside ? A[...] : 0 of a tensor that lies in rows.
    bool superfluous(const LaneNode& node) {
        if (node.fn != tensix::TileFn::Select) return false;
        const LaneNode &cond = ctx_.lanes.node(node.a), &read = ctx_.lanes.node(node.b),
                       &otherwise = ctx_.lanes.node(node.c);
        return cond.op == LaneOp::Index && read.op == LaneOp::Read && read.ref.is_tensor() &&
               otherwise.op == LaneOp::Const && otherwise.value == 0 && !kept(members_[member_of(read.ref)]) &&
               implied_in_bounds(index_, cond.index, ctx_.tensor(read.ref.tensor), read.indices);
    }

    TileProgram program_;
    Context& ctx_;
    IndexArena& index_;
    Vectors vectors_;
    size_t launch_ = 0;
    std::vector<Diagnostic> errors_;

    std::vector<Member> members_;
    std::vector<Storage> storages_;
    std::vector<size_t> tensors_;               // member of each
    std::vector<std::vector<size_t>> buffers_;  // by launch
    std::vector<Axis> axes_;
    std::unordered_map<size_t, std::pair<size_t, size_t>> dim_of_;  // by node: member and dimension
    std::unordered_map<VarId, size_t> lanes_;                       // node of each lane
    std::set<size_t> rows_;                                         // axes of vectors that are cut of our own accord

    std::vector<TensorId> new_tensors_;
    size_t kept_tensors_ = 0;
    std::vector<BufferId> new_buffers_;  // of the launch
    LaneArena new_lanes_;
    std::unordered_map<LaneId, LaneId> done_;  // in the T.Parallel
    tile::Map lanes_now_;                      // its lanes as they are after the rewrite
};

}  // namespace

Result<TileProgram> resolve_views(const TileProgram& program, Vectors vectors) { return Views(program, vectors).run(); }

}  // namespace tilelang_tt
