#include "compiler/ir/verify.h"

#include <algorithm>
#include <set>

#include "compiler/ir/names.h"
#include "compiler/ir/text.h"
#include "compiler/ir/walk.h"

namespace tilelang_tt {
namespace {

template <class T>
inline constexpr bool kIsId = false;
template <class Tag>
inline constexpr bool kIsId<Id<Tag>> = true;

class Verifier {
  public:
    explicit Verifier(const Context& ctx) : ctx_(ctx) {}

    template <class Form>
    std::vector<Diagnostic> form(const Form& f) {
        context();
        if constexpr (!requires { f.remarks; })
            for (const Tensor& t : ctx_.tensors)
                if (t.view_of) error("TT9103", "tensor '" + t.name + "' is a view, which only a tile program has");
        if (!errors_.empty()) return std::move(errors_);  // nothing below can be looked at safely
        if constexpr (requires { f.mapping; }) mapping(f), layouts_ = &f.mapping.layouts;
        for (const auto& l : f.launches) {
            loc_ = l.loc;
            if (!in_range(l.loc, ctx_.locs.size())) error("TT9101", "a launch's location is out of range");
            if (!errors_.empty()) return std::move(errors_);
            launch(l);
            if (!errors_.empty()) return std::move(errors_);
        }
        return std::move(errors_);
    }

  private:
    static constexpr size_t kMostErrors = 20;
    void error(std::string code, std::string message) {
        if (errors_.size() >= kMostErrors) return;
        Diagnostic d;
        d.code = std::move(code);
        d.message = std::move(message) + (where_.empty() ? "" : " (in " + where_ + ")");
        if (loc_.valid() && loc_.v < ctx_.locs.size()) d.where = {ctx_.locs[loc_.v]};
        errors_.push_back(std::move(d));
    }
    template <class Tag>
    static bool in_range(Id<Tag> id, size_t size) {
        return !id.valid() || id.v < size;
    }

    // ---- the Context ----
    void context() {
        const IndexArena& index = ctx_.index;
        for (size_t i = 0; i < index.num_nodes(); ++i) {
            const IndexNode& n = index.node(IndexId(i));
            const int wanted = n.op == IndexOp::Const || n.op == IndexOp::Var ? 0
                               : n.op == IndexOp::Not                         ? 1
                               : n.op == IndexOp::Select                      ? 3
                                                                              : 2;
            int operand = 0;
            for (const IndexId id : {n.a, n.b, n.c})
                if (++operand <= wanted ? !id.valid() || id.v >= i : id.valid())
                    error("TT9101", "an index expression's operand is missing or out of range");
            if (n.op == IndexOp::Var && (!n.var.valid() || n.var.v >= index.num_vars()))
                error("TT9101", "an index expression's variable is out of range");
        }
        for (size_t i = 0; i < index.num_vars(); ++i) {
            const Var& v = index.var(VarId(i));
            if (v.lo && v.hi && *v.lo > *v.hi)
                error("TT9102", "variable '" + v.name + "' has a lower bound above its upper bound");
        }
        for (size_t i = 0; i < ctx_.lanes.size(); ++i) {
            const LaneNode& n = ctx_.lanes.node(LaneId(i));
            const int wanted = n.op == LaneOp::Apply ? tensix::arity(n.fn) : 0;
            int operand = 0;
            for (const LaneId id : {n.a, n.b, n.c})
                if (++operand <= wanted ? !id.valid() || id.v >= i : id.valid())
                    error("TT9101", "a lane's operand is missing or out of range");
            if (n.op == LaneOp::Index || n.op == LaneOp::Bits) usable(n.index, "a lane's index");
            for (const IndexId id : n.indices) usable(id, "a lane's index");
            if (n.op == LaneOp::Read && n.ref.tensor.valid() == n.ref.buffer.valid())
                error("TT9101", "a lane reads neither a tensor nor a buffer, or both");
            if (n.op == LaneOp::Read && n.ref.is_tensor()) {
                if (n.ref.tensor.v >= ctx_.tensors.size())
                    error("TT9101", "a lane reads a tensor that does not exist");
                else if (n.indices.size() != ctx_.tensor(n.ref.tensor).shape.size())
                    error("TT9103",
                          "a lane reads '" + ctx_.tensor(n.ref.tensor).name + "' with a wrong number of indices");
            }
        }
        std::set<std::string> names;
        for (const Tensor& t : ctx_.tensors) {
            if (!names.insert(t.name).second) error("TT9102", "tensor '" + t.name + "' is declared twice");
            for (const IndexId id : t.shape) usable(id, "the shape of '" + t.name + "'");
            for (const IndexId id : t.strides) usable(id, "a stride of '" + t.name + "'");
            if (!t.strides.empty() && t.strides.size() != t.shape.size())
                error("TT9103", "tensor '" + t.name + "' has another number of strides than dimensions");
            for (const IndexId id : t.given) usable(id, "the shape in which '" + t.name + "' is given");
            view("tensor", ctx_.tensors, t);
            if (!in_range(t.loc, ctx_.locs.size())) error("TT9101", "a tensor's location is out of range");
        }
        for (const ScalarParam& s : ctx_.scalars)
            if (!in_range(s.var, index.num_vars())) error("TT9101", "scalar '" + s.name + "' has no variable");
    }
    // A view is of a tensor or buffer that is none, and has its elements.
    template <class X>
    void view(const std::string& kind, const std::vector<X>& all, const X& x) {
        if (!x.view_of) return;
        if (x.view_of.v >= all.size() || all[x.view_of.v].view_of)
            return error("TT9101", kind + " '" + x.name + "' is a view of nothing, or of a view");
        const X& owner = all[x.view_of.v];
        if (owner.dtype != x.dtype)
            error("TT9103", kind + " '" + x.name + "' views '" + owner.name + "' in another dtype");
        const auto mine = elements(x.shape), whole = elements(owner.shape);
        if (mine && whole && *mine != *whole)
            error("TT9103", kind + " '" + x.name + "' has " + std::to_string(*mine) + " elements, '" + owner.name +
                                "', which it views, " + std::to_string(*whole));
    }
    // Nullopt: not constant, or too many.
    std::optional<int64_t> elements(const std::vector<int64_t>& shape) const {
        int64_t product = 1;
        for (const int64_t n : shape)
            if (__builtin_mul_overflow(product, n, &product)) return std::nullopt;
        return product;
    }
    std::optional<int64_t> elements(const std::vector<IndexId>& shape) const {
        std::vector<int64_t> constants;
        for (const IndexId id : shape) {
            if (!id.valid() || id.v >= ctx_.index.num_nodes() || !ctx_.index.as_const(id)) return std::nullopt;
            constants.push_back(*ctx_.index.as_const(id));
        }
        return elements(constants);
    }
    void usable(IndexId id, const std::string& what) {
        if (!id.valid() || id.v >= ctx_.index.num_nodes()) error("TT9101", what + " is missing or out of range");
    }

    template <class Form>
    void mapping(const Form& f) {
        if (f.mapping.layouts.size() != ctx_.tensors.size())
            return error("TT9104", "there are " + std::to_string(ctx_.tensors.size()) + " tensors, but " +
                                       std::to_string(f.mapping.layouts.size()) + " layouts");
        if (f.mapping.launches.size() != f.launches.size())
            return error("TT9104", "there are " + std::to_string(f.launches.size()) + " launches, but " +
                                       std::to_string(f.mapping.launches.size()) + " work splits");
        for (size_t i = 0; i < f.mapping.layouts.size(); ++i) {
            const TensorLayout& l = f.mapping.layouts[i];
            const auto rank = static_cast<int64_t>(ctx_.tensors[i].shape.size());
            for (const int64_t dim : {l.row_dim, l.col_dim})
                if (dim < -1 || dim >= rank || (dim != -1 && l.row_dim == l.col_dim))
                    error("TT9104", "the layout of '" + ctx_.tensors[i].name + "' has dimensions that it has not");
            if (l.row_major && (l.col_dim != rank - 1 || tensix::element_bytes(l.format) == 0))
                error("TT9104", "the rows of '" + ctx_.tensors[i].name +
                                    "' are not its last dimension, or of a format whose elements have no addresses");
        }
        for (const WorkSplit& s : f.mapping.launches) {
            if (s.grid_x < 1 || s.grid_y < 1 || s.cores < 1 || s.cores > int64_t(s.grid_x) * s.grid_y)
                error("TT9104", "a work split has more cores than its grid, or none");
            const auto in_order = [&](VarId v) {
                return std::find(s.order.begin(), s.order.end(), v) != s.order.end();
            };
            if (s.across.valid() != s.down.valid() ||
                (s.rectangle() && (s.across == s.down || !in_order(s.across) || !in_order(s.down) ||
                                   s.cores != int64_t(s.grid_x) * s.grid_y)))
                error("TT9104", "a rectangle of cores wants two axes of its order and its whole grid");
            for (const VarId v : s.order)
                if (!v.valid() || v.v >= ctx_.index.num_vars()) error("TT9104", "a work split has a bad variable");
        }
    }

    // ---- what every op has ----
    template <class Launch>
    void open_scope(const Launch& l) {
        visible_.assign(ctx_.index.num_vars(), false);
        for (size_t i = 0; i < ctx_.index.num_vars(); ++i)
            if (ctx_.index.var(VarId(i)).kind == VarKind::Symbol) visible_[i] = true;
        for (const ScalarParam& s : ctx_.scalars)
            if (s.var.valid()) visible_[s.var.v] = true;
        for (const Tensor& t : ctx_.tensors)
            for (const auto* shape : {&t.shape, &t.given})
                for (const IndexId id : *shape) in_scope(id, "the shape of '" + t.name + "'");
        if constexpr (requires { l.grid; }) {
            if (l.grid.size() != l.grid_extents.size())
                return error("TT9103", "a launch has another number of grid axes than extents");
            for (const IndexId id : l.grid_extents) in_scope(id, "a grid extent");
            for (const VarId v : l.grid) bind(v);
        }
    }
    void bind(VarId v) {
        if (!v.valid() || v.v >= visible_.size())
            error("TT9101", "a variable is missing or out of range");
        else
            visible_[v.v] = true;
    }
    void unbind(VarId v) {
        if (v.valid() && v.v < visible_.size()) visible_[v.v] = false;
    }
    void in_scope(IndexId id, const std::string& what) {
        if (!id.valid()) return;
        if (id.v >= ctx_.index.num_nodes()) return error("TT9101", what + " is out of range");
        if (checked_.size() < ctx_.index.num_nodes()) checked_.resize(ctx_.index.num_nodes());
        for (const VarId v : vars_of(id))
            if (!visible_[v.v])
                error("TT9105", what + " uses variable '" + ctx_.index.var(v).name + "' outside its scope");
    }
    const std::vector<VarId>& vars_of(IndexId id) {
        auto& entry = checked_[id.v];
        if (!entry) entry = ctx_.index.vars_of(id);
        return *entry;
    }

    template <class X>
    static constexpr bool of_rows = std::is_same_v<X, prog::ReadRows> || std::is_same_v<X, prog::WriteRows>;

    // Fields of an op that hold ids: present unless optional, in range, in scope.
    template <class X>
    void fields(const X& x) {
        fields_of(x, [&](std::string_view key, const auto& field) {
            using T = std::remove_cvref_t<decltype(field)>;
            const std::string what = "field " + std::string(key);
            if constexpr (kIsId<T>) {
                const bool optional = key == "valid" || key == "acc" ||
                                      (of_rows<X> && key != "page" && key != "slot") ||
                                      (key == "slot" && std::is_same_v<X, prog::Pack>) ||
                                      (key == "from" && std::is_same_v<X, prog::Reconfig>);
                if (!field.valid() && !optional) error("TT9101", what + " is missing");
            }
            if constexpr (!requires { field.ops; } && !std::is_same_v<T, std::vector<tile::Store>>) {
                each<IndexId>(field, [&](const IndexId& id) { in_scope(id, what); });
                each<TensorId>(field, [&](const TensorId& id) { range(id, ctx_.tensors.size(), what); });
                each<BufferId>(field, [&](const BufferId& id) { range(id, buffers_ ? buffers_->size() : 0, what); });
                each<ChannelId>(field,
                                [&](const ChannelId& id) { range(id, channels_ ? channels_->size() : 0, what); });
                each<VarId>(field, [&](const VarId& id) { range(id, ctx_.index.num_vars(), what); });
                each<LaneId>(field, [&](const LaneId& id) { range(id, ctx_.lanes.size(), what); });
                each<Ref>(field, [&](const Ref& r) {
                    if (r.tensor.valid() == r.buffer.valid())
                        error("TT9101", what + " names neither a tensor nor a buffer, or both");
                });
                if constexpr (std::is_same_v<T, std::vector<IndexId>> || std::is_same_v<T, std::vector<VarId>> ||
                              std::is_same_v<T, std::vector<ValueId>> || std::is_same_v<T, std::vector<ChannelId>>)
                    for (const auto id : field)
                        if (!id.valid()) error("TT9101", what + " has a missing part");
            }
        });
    }
    template <class Tag>
    void range(Id<Tag> id, size_t size, const std::string& what) {
        if (!in_range(id, size)) error("TT9101", what + " is out of range");
    }

    // ---- TileProgram ----
    void launch(const tile::Launch& l) {
        buffers_ = &l.buffers;
        std::set<std::string> names;
        for (const tile::Buffer& b : l.buffers) {
            if (!names.insert(b.name).second) error("TT9102", "buffer '" + b.name + "' is declared twice");
            if (std::any_of(b.shape.begin(), b.shape.end(), [](int64_t n) { return n < 1; }))
                error("TT9103", "buffer '" + b.name + "' has an extent below 1");
            view("buffer", l.buffers, b);
            if (!in_range(b.loc, ctx_.locs.size())) error("TT9101", "a buffer's location is out of range");
        }
        open_scope(l);
        if (errors_.empty()) region(l.body);
    }
    void region(const tile::Region& r) {
        for (const tile::Op& op : r.ops) {
            enter(op);
            std::visit([&](const auto& o) { fields(o), check(o); }, op.v);
        }
    }
    template <class Op>
    void enter(const Op& op) {
        if (!in_range(op.loc, ctx_.locs.size())) {
            error("TT9101", "an op's location is out of range");
            return;
        }
        loc_ = op.loc;
        std::visit([&](const auto& o) { where_ = std::remove_cvref_t<decltype(o)>::kName; }, op.v);
    }
    template <class For>
    void loop(const For& f) {
        bind(f.var);
        region(f.body);
        unbind(f.var);
    }
    void check(const tile::For& f) { loop(f); }
    void check(const tile::If& f) { region(f.then), region(f.otherwise); }

    size_t rank(const Ref& r) const {
        if (r.is_tensor()) return r.tensor.v < ctx_.tensors.size() ? ctx_.tensor(r.tensor).shape.size() : 0;
        return r.buffer.v < buffers_->size() ? (*buffers_)[r.buffer.v].shape.size() : 0;
    }
    bool access(const Access& a) {
        for (const IndexId id : a.offset) usable(id, "an offset");
        for (const IndexId id : a.extent) usable(id, "an extent");
        if (a.offset.size() == rank(a.ref) && a.extent.size() == rank(a.ref)) return errors_.empty();
        error("TT9103", "an access has another number of dimensions than what it accesses");
        return false;
    }
    // Extents other than 1, as far as they are known; -1: not constant.
    std::vector<int64_t> extents(const Access& a, int64_t without = -1) const {
        std::vector<int64_t> out;
        for (size_t i = 0; i < a.extent.size(); ++i) {
            const int64_t n = ctx_.index.as_const(a.extent[i]).value_or(-1);
            if (n != 1 && static_cast<int64_t>(i) != without) out.push_back(n);
        }
        return out;
    }
    static bool agree(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
        // An extent that is not constant may turn out to be 1, so that only constant lists can disagree in length.
        const auto known = [](int64_t n) { return n != -1; };
        if (!std::all_of(a.begin(), a.end(), known) || !std::all_of(b.begin(), b.end(), known)) return true;
        return a == b;
    }
    void check(const tile::Copy& c) {
        if (!access(c.src) || !access(c.dst)) return;
        if (!agree(extents(c.src), extents(c.dst))) error("TT9103", "extents of source and destination differ");
    }
    void check(const tile::Fill& f) { access(f.dst); }
    void check(const tile::Gemm& g) {
        if (!access(g.a) || !access(g.b) || !access(g.c)) return;
        if (g.a.extent.size() < 2 || g.b.extent.size() < 2 || g.c.extent.size() < 2)
            return error("TT9103", "an operand has fewer than two dimensions");
        const auto last = [&](const Access& a, size_t from_end) {
            return ctx_.index.as_const(a.extent[a.extent.size() - from_end]).value_or(-1);
        };
        const auto differ = [](int64_t x, int64_t y) { return x != -1 && y != -1 && x != y; };
        if (differ(last(g.a, g.trans_a ? 1 : 2), last(g.c, 2)) || differ(last(g.b, g.trans_b ? 2 : 1), last(g.c, 1)) ||
            differ(last(g.a, g.trans_a ? 2 : 1), last(g.b, g.trans_b ? 1 : 2)))
            error("TT9103", "extents of a, b and c do not fit a matrix product");
    }
    void check(const tile::Reduce& r) {
        if (!access(r.src) || !access(r.dst)) return;
        if (r.dim < 0 || r.dim >= static_cast<int64_t>(r.src.extent.size()))
            return error("TT9103", "there is no dimension " + std::to_string(r.dim));
        if (!agree(extents(r.src, r.dim), extents(r.dst))) error("TT9103", "extents of source and destination differ");
    }
    void check(const tile::Scan& s) {
        if (!access(s.src) || !access(s.dst)) return;
        if (s.dim < 0 || s.dim >= static_cast<int64_t>(s.src.extent.size()))
            return error("TT9103", "there is no dimension " + std::to_string(s.dim));
        if (s.fn != tensix::ReduceFn::Sum && s.fn != tensix::ReduceFn::Max)
            error("TT9103", "there are running sums and maxima only");
        if (!agree(extents(s.src), extents(s.dst))) error("TT9103", "extents of source and destination differ");
    }
    void check(const tile::Map& m) {
        if (m.vars.size() != m.extents.size()) return error("TT9103", "another number of variables than extents");
        for (const VarId v : m.vars) bind(v);
        for (const tile::Store& s : m.stores) {
            if (!in_range(s.loc, ctx_.locs.size())) error("TT9101", "a store's location is out of range");
            for (const IndexId id : s.indices) usable(id, "an index"), in_scope(id, "an index");
            if (s.cond.valid()) in_scope(s.cond, "a condition");
            if (s.ref.tensor.valid() == s.ref.buffer.valid() || s.indices.size() != rank(s.ref))
                error("TT9103", "a store has another number of indices than what it stores to");
            if (!s.value.valid() || s.value.v >= ctx_.lanes.size()) {
                error("TT9101", "a stored value is missing or out of range");
                continue;
            }
            each_lane_node(ctx_.lanes, s.value, [&](const LaneNode& n) {
                if (n.op == LaneOp::Index || n.op == LaneOp::Bits) in_scope(n.index, "a lane's index");
                for (const IndexId id : n.indices) in_scope(id, "a lane's index");
                if (n.op == LaneOp::Read && !n.ref.is_tensor() &&
                    (n.ref.buffer.v >= buffers_->size() || rank(n.ref) != n.indices.size()))
                    error("TT9103", "a lane reads a buffer that is not there, or with a wrong number of indices");
            });
        }
        for (const VarId v : m.vars) unbind(v);
    }

    // ---- TileGraph ----
    void launch(const graph::Launch& l) {
        values_ = &l.values;
        defined_.assign(l.values.size(), false), live_.assign(l.values.size(), false);
        std::set<std::string> names;
        for (const graph::Value& v : l.values) {
            if (!names.insert(v.name).second) error("TT9102", "value '%" + v.name + "' is named twice");
            using graph::Orientation;
            const auto& t = v.type;
            const bool flat_rows = t.orientation == Orientation::Row || t.orientation == Orientation::Scalar;
            const bool flat_cols = t.orientation == Orientation::Col || t.orientation == Orientation::Scalar;
            if (t.rows < 1 || t.cols < 1 || (flat_rows && t.rows != 1) || (flat_cols && t.cols != 1))
                error("TT9103", "value '%" + v.name + "' has extents that do not fit its orientation");
            if (!in_range(v.loc, ctx_.locs.size())) error("TT9101", "a value's location is out of range");
        }
        open_scope(l);
        if (!errors_.empty()) return;
        if (!l.body.args.empty()) error("TT9103", "a launch's body has arguments");
        region(l.body, {}, false);
    }
    const graph::TileType& type(ValueId id) const { return (*values_)[id.v].type; }
    std::string shown(ValueId id) const { return "'%" + (*values_)[id.v].name + "'"; }
    bool define(ValueId id) {
        if (!id.valid() || id.v >= values_->size()) {
            error("TT9101", "a result is missing or out of range");
            return false;
        }
        if (defined_[id.v]) error("TT9106", "value " + shown(id) + " is defined twice");
        defined_[id.v] = live_[id.v] = true;
        defined_here_.push_back(id);
        return true;
    }
    bool use(ValueId id) {
        if (!id.valid() || id.v >= values_->size()) {
            error("TT9101", "an operand is missing or out of range");
            return false;
        }
        if (!live_[id.v]) error("TT9106", "value " + shown(id) + " is used where it is not defined");
        return live_[id.v];
    }
    void expect_type(ValueId id, const graph::TileType& wanted, const std::string& what) {
        if (type(id) != wanted) error("TT9107", what + " " + shown(id) + " has another type than it should");
    }
    void region(const graph::Region& r, const std::vector<graph::Def>& results, bool yields) {
        std::vector<ValueId> outer;
        outer.swap(defined_here_);
        for (const ValueId arg : r.args) define(arg);
        for (size_t i = 0; i < r.ops.size(); ++i) {
            const graph::Op& op = r.ops[i];
            enter(op);
            const LocId loc = loc_;
            std::visit([&](const auto& o) { fields(o); }, op.v);
            if (const auto* y = std::get_if<graph::Yield>(&op.v)) {
                if (!yields || i + 1 != r.ops.size()) error("TT9108", "a yield is not the last op of a loop or branch");
                if (y->values.size() != results.size())
                    error("TT9108", "a yield has another number of values than its parent has results");
                for (size_t k = 0; k < y->values.size() && k < results.size(); ++k)
                    if (use(y->values[k]) && results[k].id.v < values_->size())
                        expect_type(y->values[k], type(results[k].id), "yielded value");
            } else {
                bool usable = true;
                each_own_use(op, [&](ValueId id) { usable &= use(id); });
                // Results of a loop are defined after its body, but their types are needed in it.
                std::visit([&](const auto& o) { control(o); }, op.v);
                loc_ = loc;
                bool all = usable;
                if (usable) tiles_only(op);
                std::visit([&](const auto& o) { results_of(o, [&](ValueId id) { all &= define(id); }); }, op.v);
                enter(op);
                if (all) std::visit([&](const auto& o) { check(o); }, op.v);
            }
        }
        const bool ends = !r.ops.empty() && std::holds_alternative<graph::Yield>(r.ops.back().v);
        if (yields && !results.empty() && !ends) error("TT9108", "a region whose parent takes results does not yield");
        for (const ValueId id : defined_here_) live_[id.v] = false;
        defined_here_.swap(outer);
    }
    // Values in rows go between memory and tilize, or untilize and memory.
    void tiles_only(const graph::Op& op) {
        const bool loads = std::holds_alternative<graph::Load>(op.v),
                   stores = std::holds_alternative<graph::Store>(op.v);
        const bool tilizes = std::holds_alternative<graph::Tilize>(op.v);
        const bool untilizes = std::holds_alternative<graph::Untilize>(op.v);
        if (!stores && !tilizes)
            each_own_use(op, [&](ValueId id) {
                if (type(id).in_rows) error("TT9107", "operand " + shown(id) + " lies in rows, not in tiles");
            });
        if (!loads && !untilizes)
            std::visit(
                [&](const auto& o) {
                    results_of(o, [&](ValueId id) {
                        if (id.valid() && id.v < values_->size() && type(id).in_rows)
                            error("TT9107", "result " + shown(id) + " lies in rows, not in tiles");
                    });
                },
                op.v);
    }
    template <class F>
    static void each_own_use(const graph::Op& op, F&& f) {
        std::visit(
            [&](const auto& o) {
                fields_of(o, [&](std::string_view key, const auto& field) {
                    if constexpr (!requires { field.ops; })
                        each<ValueId>(field, [&](const ValueId& id) {
                            const bool optional = key == "acc" || key == "operands";
                            if (id.valid() || !optional) f(id);
                        });
                });
            },
            op.v);
    }
    template <class Op, class F>
    static void results_of(const Op& o, F&& f) {
        fields_of(o, [&](std::string_view, const auto& field) {
            using T = std::remove_cvref_t<decltype(field)>;
            if constexpr (std::is_same_v<T, graph::Def>) f(field.id);
            if constexpr (std::is_same_v<T, std::vector<graph::Def>>)
                for (const graph::Def& d : field) f(d.id);
        });
    }
    template <class Op>
    void control(const Op&) {}
    void control(const graph::For& f) {
        for (const graph::Def& d : f.results)
            if (!d.id.valid() || d.id.v >= values_->size()) return error("TT9101", "a result is out of range");
        if (f.inits.size() != f.results.size() || f.body.args.size() != f.results.size())
            return error("TT9108", "a loop has another number of inits or arguments than results");
        for (size_t i = 0; i < f.results.size(); ++i) {
            if (!f.body.args[i].valid() || f.body.args[i].v >= values_->size())
                return error("TT9101", "a loop's argument is out of range");
            if (f.inits[i].v >= values_->size()) return;
            expect_type(f.inits[i], type(f.results[i].id), "initial value");
            expect_type(f.body.args[i], type(f.results[i].id), "loop argument");
        }
        bind(f.var);
        region(f.body, f.results, true);
        unbind(f.var);
    }
    void control(const graph::If& f) {
        for (const graph::Def& d : f.results)
            if (!d.id.valid() || d.id.v >= values_->size()) return error("TT9101", "a result is out of range");
        if (!f.then.args.empty() || !f.otherwise.args.empty()) error("TT9108", "a branch has arguments");
        region(f.then, f.results, true);
        region(f.otherwise, f.results, true);
    }
    template <class Op>
    void check(const Op&) {}
    void window(const graph::Window& w, const graph::TileType& t) {
        if (!w.tensor.valid() || w.tensor.v >= ctx_.tensors.size()) return error("TT9101", "a window has no tensor");
        const auto rank = static_cast<int64_t>(ctx_.tensor(w.tensor).shape.size());
        for (const IndexId id : w.offset) usable(id, "an offset");
        if (static_cast<int64_t>(w.offset.size()) != rank)
            return error("TT9103", "a window has another number of offsets than its tensor has dimensions");
        for (const int64_t dim : {w.row_dim, w.col_dim})
            if (dim < -1 || dim >= rank || (dim != -1 && w.row_dim == w.col_dim))
                return error("TT9103", "a window's rows or columns run over a dimension that is not there");
        if ((w.row_dim == -1 && t.rows != 1) || (w.col_dim == -1 && t.cols != 1))
            error("TT9103", "a window has no dimension for the rows or columns of its value");
        if (t.in_rows && w.col_dim != rank - 1)
            error("TT9103", "a block in rows whose columns do not run over the tensor's last dimension");
    }
    void check(const graph::Load& l) {
        window(l.from, type(l.result.id));
        if (errors_.empty() && type(l.result.id).dtype != ctx_.tensor(l.from.tensor).dtype)
            error("TT9107", "a load has another dtype than its tensor");
    }
    void check(const graph::Store& s) { window(s.to, type(s.value)); }
    void check(const graph::Matmul& m) {
        const auto &a = type(m.a), &b = type(m.b), &c = type(m.result.id);
        if ((m.trans_a ? a.cols : a.rows) != c.rows || (m.trans_b ? b.rows : b.cols) != c.cols ||
            (m.trans_a ? a.rows : a.cols) != (m.trans_b ? b.cols : b.rows))
            error("TT9107", "shapes do not fit a matrix product");
        if (m.acc.valid()) expect_type(m.acc, c, "accumulator");
    }
    void check(const graph::Eltwise& e) {
        if (static_cast<int>(e.operands.size()) != tensix::arity(e.fn))
            return error("TT9107", std::string(tensix::to_string(e.fn)) + " has a wrong number of operands");
        const auto& r = type(e.result.id);
        for (const graph::Operand& o : e.operands) {
            if (!o.value.valid()) continue;
            const auto& t = type(o.value);
            if ((t.rows != r.rows && t.rows != 1) || (t.cols != r.cols && t.cols != 1) ||
                (t.orientation == graph::Orientation::Full && r.orientation != graph::Orientation::Full))
                error("TT9107", "operand " + shown(o.value) + " does not broadcast to the result");
        }
    }
    void check(const graph::Reduce& x) {
        using graph::Orientation;
        const auto& t = type(x.value);
        graph::TileType wanted{type(x.result.id).dtype, Orientation::Scalar, 1, 1};
        if (x.dim == 0) wanted.orientation = Orientation::Row, wanted.cols = t.cols;
        if (x.dim == 1) wanted.orientation = Orientation::Col, wanted.rows = t.rows;
        if (x.dim < -1 || x.dim > 1) return error("TT9107", "there is no dimension " + std::to_string(x.dim));
        if (tensix::combines_bits(x.fn)) error("TT9107", "bits are reduced as sums");
        expect_type(x.result.id, wanted, "result");
        if (x.acc.valid()) expect_type(x.acc, wanted, "accumulator");
    }
    void check(const graph::Scan& x) {
        if (x.fn != tensix::ReduceFn::Sum && x.fn != tensix::ReduceFn::Max)
            error("TT9107", "there are running sums and maxima only");
        expect_type(x.result.id, type(x.value), "result");
    }
    void check(const graph::Iota& x) {
        const auto& t = type(x.result.id);
        if (t.orientation == graph::Orientation::Full) error("TT9107", "an iota runs over rows or columns, not both");
        if (t.dtype != DType::I32 && t.dtype != DType::F32) error("TT9107", "an iota is neither i32 nor f32");
    }
    void check(const graph::FromBits& x) {
        expect_type(x.result.id, {DType::F32, graph::Orientation::Scalar, 1, 1}, "result");
    }
    void check(const graph::Pad& x) { expect_type(x.result.id, type(x.value), "result"); }
    void check(const graph::Tilize& x) { conversion(type(x.value), type(x.result.id)); }
    void check(const graph::Untilize& x) { conversion(type(x.result.id), type(x.value)); }
    void conversion(graph::TileType rows, const graph::TileType& tiles) {
        if (!rows.in_rows || tiles.in_rows) error("TT9107", "a conversion is not between rows and tiles");
        rows.in_rows = tiles.in_rows;
        if (rows != tiles) error("TT9107", "a conversion changes more than the layout");
    }
    void check(const graph::Transpose& x) {
        const auto &t = type(x.value), &r = type(x.result.id);
        if (t.rows != r.cols || t.cols != r.rows || t.dtype != r.dtype)
            error("TT9107", "the result of a transpose has another type");
    }

    // A part of a value: inside it, made of whole tiles.
    void part(const graph::TileType& part, const graph::TileType& whole, IndexId row, IndexId col) {
        if (part.dtype != whole.dtype || part.orientation != whole.orientation)
            error("TT9107", "a part has another dtype or orientation than the whole");
        if (!row || !col) return;  // said already
        const IndexArena& index = ctx_.index;
        for (const auto& [at, size, all] :
             {std::tuple(row, part.rows, whole.rows), std::tuple(col, part.cols, whole.cols)}) {
            const Interval bounds = index.bounds(at);
            const bool fixed = bounds.lo && bounds.hi && *bounds.lo == *bounds.hi;
            if (bounds.lo.value_or(0) < 0 || bounds.lo.value_or(0) + size > all)
                error("TT9107", "a part is not inside the whole");
            if (!(fixed ? *bounds.lo % kTileDim == 0 : index.divisible_by(at, kTileDim)))
                error("TT9107", "a part starts inside a tile");
            if (size % kTileDim != 0 && !(fixed && *bounds.lo + size == all))
                error("TT9107", "a part ends inside a tile");
        }
    }
    void check(const graph::Slice& x) { part(type(x.result.id), type(x.value), x.row, x.col); }
    void check(const graph::Insert& x) {
        expect_type(x.into, type(x.result.id), "whole");
        part(type(x.part), type(x.into), x.row, x.col);
    }

    // ---- TensixProgram ----
    void launch(const prog::Launch& l) {
        channels_ = &l.channels;
        std::set<std::string> names;
        for (const prog::Channel& c : l.channels) {
            if (!names.insert(c.name).second) error("TT9102", "channel '" + c.name + "' is declared twice");
            if (c.pages < 1 || c.block_pages < 1 || c.pages % c.block_pages != 0)
                error("TT9109", "channel '" + c.name + "' has " + std::to_string(c.pages) + " pages in blocks of " +
                                    std::to_string(c.block_pages));
            if (c.row_tiles < 0 ||
                (c.row_tiles > 0 && (c.block_pages % c.row_tiles != 0 || tensix::element_bytes(c.format) == 0)))
                error("TT9109", "channel '" + c.name + "' does not hold whole rows of elements");
        }
        open_scope(l);
        bind(l.core);
        for (const prog::CoreArg& a : l.core_args) {
            usable(a.value, "a core argument"), in_scope(a.value, "a core argument");
            bind(a.var);
        }
        if (l.core.valid() && l.core.v < visible_.size()) visible_[l.core.v] = false;
        if (errors_.empty()) region(l.body);
    }
    prog::Engines region(const prog::Region& r) {
        prog::Engines all;
        std::vector<VarId> lets;
        for (const prog::Op& op : r.ops) {
            enter(op);
            const LocId loc = loc_;
            std::visit([&](const auto& o) { fields(o); }, op.v);
            if (!op.engines.bits || op.engines.bits > 7) error("TT9110", "an op belongs to no engine");
            prog::Engines body = op.engines;
            std::visit([&](const auto& o) { check(o, body); }, op.v);
            loc_ = loc;
            if (body != op.engines) error("TT9110", "a region's engines are not those of its body");
            if (const auto* let = std::get_if<prog::Let>(&op.v)) bind(let->var), lets.push_back(let->var);
            all = all | op.engines;
        }
        for (const VarId v : lets) unbind(v);
        return all;
    }
    void only(prog::Engines has, prog::Engines may, const char* what) {
        if (has.bits & ~may.bits) error("TT9110", std::string(what) + " stands on an engine that cannot do it");
    }
    static constexpr prog::Engines movers() { return prog::Engines(prog::Engine::Reader) | prog::Engine::Writer; }

    void check(const prog::Let&, prog::Engines&) {}
    void check(const prog::Comment&, prog::Engines&) {}
    void check(const prog::For& f, prog::Engines& engines) {
        if (f.step < 1) error("TT9103", "a loop's step is below 1");
        bind(f.var);
        engines = region(f.body);
        unbind(f.var);
    }
    void check(const prog::If& f, prog::Engines& engines) { engines = region(f.then) | region(f.otherwise); }
    void check(const prog::Multicast& m, prog::Engines& engines) {
        engines = region(m.body);
        only(engines, movers(), "a multicast");
        if (m.pages < 1) error("TT9109", "a multicast brings no pages");
    }
    void check(const prog::ChannelOp& c, prog::Engines&) {
        if (!c.channel.valid() || c.channel.v >= channels_->size()) return;
        const prog::Channel& channel = (*channels_)[c.channel.v];
        if (c.pages < 1 || c.pages > channel.pages)
            error("TT9109", "channel '" + channel.name + "' has " + std::to_string(channel.pages) +
                                " pages, the call names " + std::to_string(c.pages));
    }
    // Tiles go to and from channels and tensors of tiles, rows to and from those of rows.
    void row_major(ChannelId id, bool wants, const std::string& what) {
        if (!id.valid() || id.v >= channels_->size()) return;
        const prog::Channel& c = (*channels_)[id.v];
        if ((c.row_tiles > 0) != wants)
            error("TT9109", what + " wants " + (wants ? "rows" : "tiles") + ", channel '" + c.name + "' holds " +
                                (wants ? "tiles" : "rows"));
    }
    void row_major(TensorId id, bool wants, const std::string& what) {
        if (!id.valid() || id.v >= layouts_->size() || (*layouts_)[id.v].row_major == wants) return;
        error("TT9104", what + " wants " + (wants ? "rows" : "tiles") + ", tensor '" + ctx_.tensor(id).name +
                            "' lies in " + (wants ? "tiles" : "rows"));
    }
    void check(const prog::ReadTile& r, prog::Engines& e) {
        only(e, movers(), "a read");
        row_major(r.channel, false, "a read of tiles"), row_major(r.tensor, false, "a read of tiles");
    }
    void check(const prog::WriteTile& w, prog::Engines& e) {
        only(e, movers(), "a write");
        row_major(w.channel, false, "a write of tiles"), row_major(w.tensor, false, "a write of tiles");
    }
    void check(const prog::ReadRows& r, prog::Engines& e) { rows(r, e, "a read of rows"); }
    void check(const prog::WriteRows& w, prog::Engines& e) { rows(w, e, "a write of rows"); }
    template <class Rows>
    void rows(const Rows& r, prog::Engines e, const std::string& what) {
        only(e, movers(), what.c_str());
        row_major(r.channel, true, what), row_major(r.tensor, true, what);
        if (!r.channel.valid() || r.channel.v >= channels_->size()) return;
        const prog::Channel& channel = (*channels_)[r.channel.v];
        if (channel.row_tiles > 0 && r.slot.valid() && !ctx_.index.divisible_by(r.slot, channel.row_tiles))
            error("TT9109", what + " does not begin where a block of channel '" + channel.name + "' does");
        if (!r.scratch.valid() || r.scratch.v >= channels_->size()) return;
        if (r.scratch == r.channel) error("TT9109", what + " takes channel '" + channel.name + "' as scratch, too");
        row_major(r.scratch, false, "scratch space");
    }
    void check(const prog::IndexTile& t, prog::Engines& e) {
        only(e, movers(), "an index tile");
        row_major(t.channel, false, "an index tile");
        const auto step = [](int64_t n) { return n >= -1 && n <= 1; };
        if (!step(t.row_step) || !step(t.col_step) || t.row_step * t.col_step == 1)
            error("TT9109", "an index tile's steps are not -1, 0 or 1, or both of one sign");
        if (t.channel.valid() && t.channel.v < channels_->size() &&
            (*channels_)[t.channel.v].format != tensix::DataFormat::Float16_b)
            error("TT9109", "an index tile is not in Float16_b");
    }
    void check(const prog::NocSync&, prog::Engines& e) { only(e, movers(), "a NoC call"); }
    void check(const prog::Call& c, prog::Engines& e) {
        only(e, prog::Engine::Compute, "a compute call");
        const tensix::OpRow& row = tensix::op_row(c.op);
        const auto differ = [&](size_t has, int wants, const char* what) {
            if (has != static_cast<size_t>(wants))
                error("TT9111", std::string(row.name) + " takes " + std::to_string(wants) + " " + what + ", not " +
                                    std::to_string(has));
        };
        differ(c.channels.size(), row.num_channels, "channels");
        differ(c.tiles.size(), row.num_channels, "tiles");
        differ(c.dst.size(), row.num_dst, "DST slots");
        // The scalar, the last param, may be known at run time only.
        const bool scalar = row.kind == tensix::OpKind::UnaryScalar || row.kind == tensix::OpKind::Fill;
        differ(c.params.size() + (scalar && c.args.size() == 1 ? 1 : 0), row.num_params, "params");
        if (!errors_.empty()) return;
        const bool tilizes = row.kind == tensix::OpKind::Tilize, untilizes = row.kind == tensix::OpKind::Untilize;
        for (size_t i = 0; i < c.channels.size(); ++i)
            row_major(c.channels[i], i == 0 ? tilizes : untilizes, std::string(row.name));
        if (!errors_.empty() || (!tilizes && !untilizes)) return;
        const prog::Channel& rows = (*channels_)[c.channels[tilizes ? 0 : 1].v];
        if (c.params.back() != rows.row_tiles || c.params.front() < 1 || c.params.back() % c.params.front() != 0)
            error("TT9111", std::string(row.name) + " is not made for rows of " + std::to_string(rows.row_tiles) +
                                " tiles, as in channel '" + rows.name + "'");
        if (tilizes && !ctx_.index.divisible_by(c.tiles[0], rows.row_tiles))
            error("TT9109", "tilize_block does not begin where a block of channel '" + rows.name + "' does");
        if (untilizes && ctx_.index.as_const(c.tiles[0]) != 0)
            error("TT9111", "pack_untilize_block reads from the front of its channel only");
        if (!c.args.empty() && (!scalar || c.args.size() != 1))
            error("TT9111", std::string(row.name) + " takes no scalar at run time, or one");
    }
    void check(const prog::Pack& p, prog::Engines& e) {
        only(e, prog::Engine::Compute, "a compute call");
        row_major(p.channel, false, "a pack");
    }
    template <class Op>
    void check(const Op&, prog::Engines& e) {
        only(e, prog::Engine::Compute, "a compute call");
    }

    const Context& ctx_;
    std::vector<Diagnostic> errors_;
    LocId loc_;
    std::string where_;
    std::vector<bool> visible_;                               // variables
    std::vector<std::optional<std::vector<VarId>>> checked_;  // variables of an index
    const std::vector<tile::Buffer>* buffers_ = nullptr;
    const std::vector<graph::Value>* values_ = nullptr;
    const std::vector<prog::Channel>* channels_ = nullptr;
    const std::vector<TensorLayout>* layouts_ = nullptr;
    std::vector<bool> defined_, live_;
    std::vector<ValueId> defined_here_;
};

}  // namespace

std::vector<Diagnostic> verify(const TileProgram& program) { return Verifier(program.ctx).form(program); }
std::vector<Diagnostic> verify(const TileGraph& graph) { return Verifier(graph.ctx).form(graph); }
std::vector<Diagnostic> verify(const TensixProgram& program) { return Verifier(program.ctx).form(program); }

}  // namespace tilelang_tt
