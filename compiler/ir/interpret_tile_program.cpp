#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <unordered_map>

#include "compiler/ir/interpreter.h"
#include "compiler/ir/verify.h"

namespace tilelang_tt {
namespace {

using interpreter::apply;
using interpreter::fail;
using interpreter::Machine;
using namespace tile;

// A row-major array behind a Ref.
struct View {
    const std::string* name;
    DType dtype;
    const std::vector<int64_t>* shape;
    std::vector<double>* data;
    bool is_tensor;
};

int64_t product(const std::vector<int64_t>& v) {
    return std::accumulate(v.begin(), v.end(), int64_t(1), std::multiplies<>());
}

// A value of each lane, or one for all.
template <class T>
struct Lanes {
    std::vector<T> v;
    T operator[](size_t i) const { return v.size() == 1 ? v[0] : v[i]; }
};

// Evaluates expressions of T.Parallel for many lanes at a time.
class LaneEvaluator {
  public:
    LaneEvaluator(Machine& machine, const std::vector<VarId>& vars, size_t lanes) : machine_(machine), lanes_(lanes) {
        for (const VarId v : vars) vars_[v];
    }
    size_t size() const { return lanes_; }
    std::vector<int64_t>& var(VarId v) { return vars_[v].v; }

    // Keeps the lanes whose condition holds.
    void keep(const Lanes<int64_t>& cond) {
        size_t kept = 0;
        std::vector<size_t> from;
        for (size_t i = 0; i < lanes_; ++i)
            if (cond[i]) from.push_back(i);
        kept = from.size();
        for (auto& [var, values] : vars_) {
            for (size_t i = 0; i < kept; ++i) values.v[i] = values.v[from[i]];
            values.v.resize(kept);
        }
        lanes_ = kept;
        indices_.clear();
    }

    const Lanes<int64_t>& index(IndexId id) {
        if (const auto found = indices_.find(id); found != indices_.end()) return found->second;
        Lanes<int64_t> out;
        const IndexNode& n = machine_.ctx().index.node(id);
        bool varies = false;
        for (const auto& [var, values] : vars_) varies |= machine_.ctx().index.uses(id, var);
        if (!varies) {
            out.v = {machine_.eval(id)};
        } else if (n.op == IndexOp::Var) {
            out = vars_.at(n.var);
        } else {
            // The operator alone, over the operands' values.
            static const Lanes<int64_t> kNone{{0}};
            const Lanes<int64_t>& a = index(n.a);
            const Lanes<int64_t>& b = n.b.valid() ? index(n.b) : kNone;
            const Lanes<int64_t>& c = n.c.valid() ? index(n.c) : kNone;
            out.v.resize(lanes_);
            if (n.op == IndexOp::Add)
                for (size_t i = 0; i < lanes_; ++i) out.v[i] = wrapped<std::plus<>>(a[i], b[i]);
            else if (n.op == IndexOp::Mul)
                for (size_t i = 0; i < lanes_; ++i) out.v[i] = wrapped<std::multiplies<>>(a[i], b[i]);
            else
                for (size_t i = 0; i < lanes_; ++i) out.v[i] = scalar(id, n.op, a[i], b[i], c[i]);
        }
        return indices_.emplace(id, std::move(out)).first->second;
    }

    // View of a Ref comes from the interpreter.
    template <class Views>
    const std::vector<double>& lane(LaneId id, const Views& views) {
        if (const auto found = values_.find(id); found != values_.end()) return found->second;
        const LaneNode& n = machine_.ctx().lanes.node(id);
        std::vector<double> out(lanes_);
        switch (n.op) {
            case LaneOp::Const:
                std::fill(out.begin(), out.end(), round_to(n.dtype, n.value));
                break;
            case LaneOp::Index: {
                const Lanes<int64_t>& v = index(n.index);
                for (size_t i = 0; i < lanes_; ++i) out[i] = round_to(n.dtype, static_cast<double>(v[i]));
                break;
            }
            case LaneOp::Bits: {
                const Lanes<int64_t>& v = index(n.index);
                for (size_t i = 0; i < lanes_; ++i) out[i] = round_to(n.dtype, interpreter::from_bits(v[i]));
                break;
            }
            case LaneOp::Read: {
                const View view = views(n.ref);
                // Outside a tensor is 0; outside a buffer is nothing that may be used.
                const double outside =
                    view.is_tensor || !is_float(n.dtype) ? 0 : std::numeric_limits<double>::quiet_NaN();
                const std::vector<int64_t> offsets = positions(view, n.indices);
                for (size_t i = 0; i < lanes_; ++i)
                    out[i] = offsets[i] < 0 ? outside : (*view.data)[static_cast<size_t>(offsets[i])];
                interpreter::round_all(n.dtype, out);
                break;
            }
            case LaneOp::Apply: {
                const std::vector<double>& a = lane(n.a, views);
                const std::vector<double>& b = n.b.valid() ? lane(n.b, views) : a;
                const std::vector<double>& c = n.c.valid() ? lane(n.c, views) : a;
                const DType operand = machine_.ctx().lanes.node(n.a).dtype;
                for (size_t i = 0; i < lanes_; ++i) out[i] = apply(n.fn, n.dtype, operand, a[i], b[i], c[i]);
                break;
            }
        }
        return values_.emplace(id, std::move(out)).first->second;
    }

    // Offset of the element in each lane, -1 outside.
    std::vector<int64_t> positions(const View& view, const std::vector<IndexId>& ids) {
        std::vector<int64_t> out(lanes_, 0);
        for (size_t d = 0; d < ids.size(); ++d) {
            const Lanes<int64_t>& at = index(ids[d]);
            const int64_t extent = (*view.shape)[d];
            for (size_t i = 0; i < lanes_; ++i)
                out[i] = out[i] < 0 || at[i] < 0 || at[i] >= extent ? -1 : out[i] * extent + at[i];
        }
        return out;
    }

  private:
    template <class Op>
    static int64_t wrapped(int64_t a, int64_t b) {
        return static_cast<int64_t>(Op()(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
    }
    int64_t scalar(IndexId id, IndexOp op, int64_t a, int64_t b, int64_t c) const {
        const auto floored = [&] { return a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0); };
        switch (op) {
            case IndexOp::FloorDiv:
            case IndexOp::FloorMod:
                if (b == 0 || b == -1) {
                    if (b == 0) fail("TT9202", "a divisor is 0", machine_.loc(machine_.at));
                    return op == IndexOp::FloorDiv ? wrapped<std::minus<>>(0, a) : 0;
                }
                return op == IndexOp::FloorDiv ? floored() : a % b + ((a % b != 0 && (a < 0) != (b < 0)) ? b : 0);
            case IndexOp::Min:
                return std::min(a, b);
            case IndexOp::Max:
                return std::max(a, b);
            case IndexOp::Lt:
                return a < b;
            case IndexOp::Le:
                return a <= b;
            case IndexOp::Eq:
                return a == b;
            case IndexOp::Ne:
                return a != b;
            case IndexOp::And:
                return a && b;
            case IndexOp::Or:
                return a || b;
            case IndexOp::Not:
                return !a;
            case IndexOp::Select:
                return a ? b : c;
            default:
                return machine_.eval(id);
        }
    }

    Machine& machine_;
    size_t lanes_;
    std::unordered_map<VarId, Lanes<int64_t>> vars_;
    std::unordered_map<IndexId, Lanes<int64_t>> indices_;
    std::unordered_map<LaneId, std::vector<double>> values_;
};

class Interpreter {
  public:
    Interpreter(const TileProgram& program, std::span<HostArray> tensors, const IndexEnv& symbols)
        : program_(program), machine_(program.ctx, tensors, symbols) {}

    void run() {
        for (const Launch& launch : program_.launches) {
            launch_ = &launch;
            machine_.at = launch.loc;
            buffers_.resize(launch.buffers.size());
            interpreter::for_each_block(machine_, launch.grid, launch.grid_extents, [&] {
                for (size_t i = 0; i < buffers_.size(); ++i) {
                    // What is read before it is written must not look like a result.
                    const Buffer& b = launch.buffers[i];
                    buffers_[i].assign(static_cast<size_t>(product(b.shape)),
                                       is_float(b.dtype) ? std::numeric_limits<double>::quiet_NaN() : 0);
                }
                region(launch.body);
            });
        }
    }

  private:
    View view(const Ref& ref) {
        if (ref.is_tensor()) {
            const Tensor& t = program_.ctx.tensor(ref.tensor);
            HostArray& owner = machine_.tensor(t.view_of ? t.view_of : ref.tensor);
            return {&t.name, t.dtype, &machine_.tensor(ref.tensor).shape, &owner.data, true};
        }
        const Buffer& b = launch_->buffers[ref.buffer.v];
        return {&b.name, b.dtype, &b.shape, &buffers_[b.view_of ? b.view_of.v : ref.buffer.v], false};
    }

    struct Block {
        View view;
        std::vector<int64_t> offset, extent;
        int64_t size() const { return product(extent); }
    };
    Block block(const Access& a) {
        Block b{view(a.ref), machine_.positions(a.offset), machine_.positions(a.extent)};
        for (size_t d = 0; d < b.extent.size(); ++d) {
            if (b.extent[d] < 0) fail("TT9203", "a block of '" + *b.view.name + "' has a negative extent", where());
            const bool inside = b.offset[d] >= 0 && b.offset[d] + b.extent[d] <= (*b.view.shape)[d];
            if (!inside && !b.view.is_tensor)
                fail("TT9203",
                     "elements " + std::to_string(b.offset[d]) + " to " +
                         std::to_string(b.offset[d] + b.extent[d] - 1) + " of dimension " + std::to_string(d) +
                         " of buffer '" + *b.view.name + "' are used, it has " + std::to_string((*b.view.shape)[d]),
                     where());
        }
        return b;
    }
    SourceLoc where() const { return machine_.loc(machine_.at); }

    // Calls row(position in the block, position in the array, elements) for each run of elements inside the array.
    template <class Row>
    static void runs(const Block& b, const Row& row) {
        const size_t rank = b.extent.size();
        if (b.size() == 0) return;
        if (rank == 0) return row(0, 0, 1);
        const int64_t inner = b.extent[rank - 1], width = (*b.view.shape)[rank - 1], start = b.offset[rank - 1];
        const int64_t first = std::max<int64_t>(0, -start), last = std::min(inner, width - start);
        std::vector<int64_t> at(rank, 0);
        for (int64_t in_block = 0;; in_block += inner) {
            int64_t in_array = 0;
            bool inside = first < last;
            for (size_t d = 0; d + 1 < rank; ++d) {
                const int64_t i = b.offset[d] + at[d];
                inside &= i >= 0 && i < (*b.view.shape)[d];
                in_array = in_array * (*b.view.shape)[d] + i;
            }
            if (inside) row(in_block + first, in_array * width + start + first, last - first);
            size_t d = rank - 1;
            for (;; --d) {
                if (d == 0) return;
                if (++at[d - 1] < b.extent[d - 1]) break;
                at[d - 1] = 0;
            }
        }
    }
    static std::vector<double> gather(const Block& b) {
        std::vector<double> out(static_cast<size_t>(b.size()), 0.0);
        runs(b, [&](int64_t to, int64_t from, int64_t n) {
            std::copy_n(b.view.data->begin() + from, n, out.begin() + to);
        });
        return out;
    }
    static void scatter(const Block& b, std::vector<double>& values) {
        interpreter::round_all(b.view.dtype, values);
        runs(b, [&](int64_t from, int64_t to, int64_t n) {
            std::copy_n(values.begin() + from, n, b.view.data->begin() + to);
        });
    }
    static std::vector<int64_t> without_ones(const std::vector<int64_t>& extents, int64_t skip = -1) {
        std::vector<int64_t> out;
        for (size_t i = 0; i < extents.size(); ++i)
            if (extents[i] != 1 && static_cast<int64_t>(i) != skip) out.push_back(extents[i]);
        return out;
    }

    void region(const Region& r) {
        for (const Op& op : r.ops) {
            machine_.at = op.loc;
            std::visit([&](const auto& o) { exec(o); }, op.v);
        }
    }
    void exec(const For& f) {
        const int64_t begin = machine_.eval(f.begin), extent = machine_.eval(f.extent);
        for (int64_t i = 0; i < extent; ++i) {
            machine_.bind(f.var, begin + i);
            region(f.body);
        }
        machine_.unbind(f.var);
    }
    void exec(const If& f) { region(machine_.eval(f.cond) ? f.then : f.otherwise); }
    void exec(const Copy& c) {
        const Block from = block(c.src), to = block(c.dst);
        if (without_ones(from.extent) != without_ones(to.extent))
            fail("TT9203", "extents of source '" + *from.view.name + "' and destination '" + *to.view.name + "' differ",
                 where());
        std::vector<double> values = gather(from);
        scatter(to, values);
    }
    void exec(const Fill& f) {
        const Block to = block(f.dst);
        std::vector<double> values(static_cast<size_t>(to.size()), f.value);
        scatter(to, values);
    }
    void exec(const Gemm& g) {
        const Block ba = block(g.a), bb = block(g.b), bc = block(g.c);
        const auto last = [](const Block& b, size_t k) { return b.extent[b.extent.size() - k]; };
        const int64_t m = last(bc, 2), n = last(bc, 1), k = last(ba, g.trans_a ? 2 : 1);
        if (ba.size() != m * k || bb.size() != k * n || bc.size() != m * n || last(ba, g.trans_a ? 1 : 2) != m ||
            last(bb, g.trans_b ? 2 : 1) != n)
            fail("TT9203", "extents of a, b and c do not fit a matrix product", where());
        const std::vector<double> a = gather(ba), b = gather(bb);
        std::vector<double> c = g.clear ? std::vector<double>(static_cast<size_t>(m * n)) : gather(bc);
        for (int64_t i = 0; i < m; ++i)
            for (int64_t l = 0; l < k; ++l) {
                const double x = a[static_cast<size_t>(g.trans_a ? l * m + i : i * k + l)];
                double* out = c.data() + i * n;
                if (g.trans_b)
                    for (int64_t j = 0; j < n; ++j) out[j] += x * b[static_cast<size_t>(j * k + l)];
                else
                    for (int64_t j = 0; j < n; ++j) out[j] += x * b[static_cast<size_t>(l * n + j)];
            }
        scatter(bc, c);
    }
    void exec(const Scan& s) {
        const Block from = block(s.src), to = block(s.dst);
        if (without_ones(from.extent) != without_ones(to.extent))
            fail("TT9203", "extents of source '" + *from.view.name + "' and destination '" + *to.view.name + "' differ",
                 where());
        std::vector<double> values = gather(from);
        const int64_t count = from.extent[static_cast<size_t>(s.dim)];
        const int64_t inner = product({from.extent.begin() + s.dim + 1, from.extent.end()});
        for (size_t i = 0; i < values.size(); ++i) {
            const auto at = static_cast<int64_t>(i);
            if (at / inner % count != 0) continue;
            double acc = interpreter::identity_of(s.fn);
            for (int64_t k = 0; k < count; ++k) {
                double& value = values[static_cast<size_t>(at + (s.reverse ? count - 1 - k : k) * inner)];
                value = acc = interpreter::combine(s.fn, acc, value);
            }
        }
        scatter(to, values);
    }
    void exec(const Reduce& r) {
        const Block from = block(r.src), to = block(r.dst);
        if (without_ones(from.extent, r.dim) != without_ones(to.extent))
            fail("TT9203", "extents of source '" + *from.view.name + "' and destination '" + *to.view.name + "' differ",
                 where());
        const std::vector<double> values = gather(from);
        std::vector<double> out = gather(to);
        const auto dim = static_cast<size_t>(r.dim);
        const int64_t count = from.extent[dim];
        const int64_t inner = product({from.extent.begin() + r.dim + 1, from.extent.end()});
        for (size_t i = 0; i < out.size(); ++i) {
            const int64_t outer = static_cast<int64_t>(i) / inner, rest = static_cast<int64_t>(i) % inner;
            double acc = r.clear ? interpreter::identity_of(r.fn) : out[i];
            for (int64_t k = 0; k < count; ++k)
                acc = interpreter::combine(r.fn, acc, values[static_cast<size_t>((outer * count + k) * inner + rest)]);
            out[i] = acc;
        }
        scatter(to, out);
    }
    void exec(const Map& m) {
        const std::vector<int64_t> extents = machine_.positions(m.extents);
        for (const int64_t n : extents)
            if (n <= 0) return;
        const int64_t lanes = product(extents);
        constexpr int64_t kChunk = 4096;
        for (int64_t begin = 0; begin < lanes; begin += kChunk) {
            const auto n = static_cast<size_t>(std::min(kChunk, lanes - begin));
            for (const Store& s : m.stores) {
                LaneEvaluator eval(machine_, m.vars, n);
                int64_t stride = 1;
                for (size_t d = extents.size(); d-- > 0; stride *= extents[d]) {
                    std::vector<int64_t>& values = eval.var(m.vars[d]);
                    values.resize(n);
                    for (size_t i = 0; i < n; ++i) values[i] = (begin + static_cast<int64_t>(i)) / stride % extents[d];
                }
                store(s, eval);
            }
        }
    }
    void store(const Store& s, LaneEvaluator& eval) {
        if (s.loc.valid()) machine_.at = s.loc;
        if (s.cond.valid()) eval.keep(eval.index(s.cond));
        if (eval.size() == 0) return;
        const View to = view(s.ref);
        const std::vector<double>& values = eval.lane(s.value, [&](const Ref& r) { return view(r); });
        const std::vector<int64_t> positions = eval.positions(to, s.indices);
        for (size_t i = 0; i < eval.size(); ++i) {
            if (positions[i] >= 0)
                set((*to.data)[static_cast<size_t>(positions[i])], s.combine, to.dtype, values[i]);
            else if (!to.is_tensor)
                fail("TT9203", "an element outside of buffer '" + *to.name + "' is stored", where());
        }
    }

    static void set(double& element, Combine combine, DType dtype, double value) {
        switch (combine) {
            case Combine::None:
                break;
            case Combine::Add:
                value = element + round_to(dtype, value);
                break;
            case Combine::Max:
                value = std::max(element, value);
                break;
            case Combine::Min:
                value = std::min(element, value);
                break;
        }
        element = round_to(dtype, value);
    }

    const TileProgram& program_;
    Machine machine_;
    const Launch* launch_ = nullptr;
    std::vector<std::vector<double>> buffers_;
};

}  // namespace

InterpretResult interpret(const TileProgram& program, std::span<HostArray> tensors, const IndexEnv& symbols) {
    if (auto errors = verify(program); !errors.empty()) return {std::move(errors)};
    return interpreter::guarded([&] { Interpreter(program, tensors, symbols).run(); });
}

}  // namespace tilelang_tt
