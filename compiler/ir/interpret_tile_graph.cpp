#include <algorithm>
#include <cmath>

#include "compiler/ir/interpreter.h"
#include "compiler/ir/verify.h"

namespace tilelang_tt {
namespace {

using interpreter::fail;
using interpreter::Machine;
using namespace graph;

class Interpreter {
  public:
    Interpreter(const TileGraph& graph, std::span<HostArray> tensors, const IndexEnv& symbols)
        : graph_(graph), machine_(graph.ctx, tensors, symbols) {}

    void run() {
        for (const Launch& launch : graph_.launches) {
            launch_ = &launch;
            machine_.at = launch.loc;
            values_.assign(launch.values.size(), {});
            interpreter::for_each_block(machine_, launch.grid, launch.grid_extents, [&] { region(launch.body); });
        }
    }

  private:
    using Data = std::vector<double>;  // rows × cols, row-major
    const TileType& type(ValueId id) const { return launch_->value(id).type; }
    Data& data(ValueId id) { return values_[id.v]; }
    Data& make(const Def& def, double value = 0) {
        const TileType& t = type(def.id);
        Data& d = data(def.id);
        d.assign(static_cast<size_t>(t.rows * t.cols), value);
        return d;
    }
    void finish(const Def& def) { interpreter::round_all(type(def.id).dtype, data(def.id)); }

    // What the region yields.
    std::vector<ValueId> region(const Region& r) {
        for (const Op& op : r.ops) {
            machine_.at = op.loc;
            if (const auto* yield = std::get_if<Yield>(&op.v)) return yield->values;
            std::visit([&](const auto& o) { exec(o); }, op.v);
        }
        return {};
    }
    void exec(const Yield&) {}

    // Calls element(position in the value, position in the tensor) for what lies inside the tensor.
    template <class Element>
    void window(const Window& w, const TileType& t, const Element& element) {
        const HostArray& array = machine_.tensor(w.tensor);
        const std::vector<int64_t> offset = machine_.positions(w.offset);
        int64_t base = 0, row_stride = 0, col_stride = 0, stride = 1;
        int64_t row_room = t.rows, col_room = t.cols, row_first = 0, col_first = 0;
        for (size_t d = offset.size(); d-- > 0; stride *= array.shape[d]) {
            base += offset[d] * stride;
            const auto dim = static_cast<int64_t>(d);
            if (dim == w.row_dim) {
                row_stride = stride;
                row_first = std::max<int64_t>(0, -offset[d]), row_room = std::min(t.rows, array.shape[d] - offset[d]);
            } else if (dim == w.col_dim) {
                col_stride = stride;
                col_first = std::max<int64_t>(0, -offset[d]), col_room = std::min(t.cols, array.shape[d] - offset[d]);
            } else if (offset[d] < 0 || offset[d] >= array.shape[d]) {
                return;
            }
        }
        for (int64_t r = row_first; r < row_room; ++r)
            for (int64_t c = col_first; c < col_room; ++c)
                element(static_cast<size_t>(r * t.cols + c),
                        static_cast<size_t>(base + r * row_stride + c * col_stride));
    }
    void exec(const Load& l) {
        Data& out = make(l.result);
        const Data& from = machine_.tensor(l.from.tensor).data;
        window(l.from, type(l.result.id), [&](size_t to, size_t at) { out[to] = from[at]; });
        finish(l.result);
    }
    void exec(const Store& s) {
        const DType dtype = graph_.ctx.tensor(s.to.tensor).dtype;
        const Data& from = data(s.value);
        Data& to = machine_.tensor(s.to.tensor).data;
        window(s.to, type(s.value), [&](size_t at, size_t out) { to[out] = round_to(dtype, from[at]); });
    }
    void exec(const Fill& f) {
        make(f.result, f.value);
        finish(f.result);
    }
    void exec(const Iota& x) {
        const int64_t base = machine_.eval(x.base);
        Data& out = make(x.result);
        for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<double>(base + static_cast<int64_t>(i));
        finish(x.result);
    }
    void exec(const FromBits& x) { make(x.result, interpreter::from_bits(machine_.eval(x.bits))); }
    void exec(const Pad& x) { data(x.result.id) = Data(data(x.value)); }
    void exec(const Tilize& x) { data(x.result.id) = Data(data(x.value)); }
    void exec(const Untilize& x) { data(x.result.id) = Data(data(x.value)); }
    void exec(const Matmul& m) {
        const TileType &ta = type(m.a), &tb = type(m.b), &t = type(m.result.id);
        const Data a = data(m.a), b = data(m.b);
        Data out = m.acc.valid() ? data(m.acc) : Data(static_cast<size_t>(t.rows * t.cols));
        const int64_t depth = m.trans_a ? ta.rows : ta.cols;
        for (int64_t i = 0; i < t.rows; ++i)
            for (int64_t k = 0; k < depth; ++k) {
                const double x = a[static_cast<size_t>(m.trans_a ? k * ta.cols + i : i * ta.cols + k)];
                double* row = out.data() + i * t.cols;
                if (m.trans_b)
                    for (int64_t j = 0; j < t.cols; ++j) row[j] += x * b[static_cast<size_t>(j * tb.cols + k)];
                else
                    for (int64_t j = 0; j < t.cols; ++j) row[j] += x * b[static_cast<size_t>(k * tb.cols + j)];
            }
        data(m.result.id) = std::move(out);
        finish(m.result);
    }
    void exec(const Eltwise& e) {
        const TileType& t = type(e.result.id);
        struct Source {
            const double* at;
            int64_t row_stride, col_stride;
        } sources[3] = {};
        // Constants are of the type of the other operands.
        DType operand = t.dtype;
        for (const Operand& o : e.operands)
            if (o.value.valid()) {
                operand = type(o.value).dtype;
                // a Select's condition does not say what it selects
                if (e.fn != tensix::TileFn::Select) break;
            }
        for (size_t i = 0; i < e.operands.size(); ++i) {
            const Operand& o = e.operands[i];
            if (!o.value.valid()) {
                sources[i] = {&o.constant, 0, 0};
                continue;
            }
            const TileType& from = type(o.value);
            sources[i] = {data(o.value).data(), from.rows == 1 ? 0 : from.cols, from.cols == 1 ? 0 : 1};
        }
        Data out(static_cast<size_t>(t.rows * t.cols));
        for (int64_t r = 0; r < t.rows; ++r)
            for (int64_t c = 0; c < t.cols; ++c) {
                double x[3] = {};
                for (size_t i = 0; i < e.operands.size(); ++i)
                    x[i] = sources[i].at[r * sources[i].row_stride + c * sources[i].col_stride];
                out[static_cast<size_t>(r * t.cols + c)] = interpreter::apply(e.fn, t.dtype, operand, x[0], x[1], x[2]);
            }
        data(e.result.id) = std::move(out);
    }
    void exec(const Reduce& x) {
        const TileType &from = type(x.value), &t = type(x.result.id);
        const Data values = data(x.value);
        Data out =
            x.acc.valid() ? data(x.acc) : Data(static_cast<size_t>(t.rows * t.cols), interpreter::identity_of(x.fn));
        for (int64_t r = 0; r < from.rows; ++r)
            for (int64_t c = 0; c < from.cols; ++c) {
                double& acc = out[static_cast<size_t>(x.dim == 0 ? c : x.dim == 1 ? r : 0)];
                acc = interpreter::combine(x.fn, acc, values[static_cast<size_t>(r * from.cols + c)]);
            }
        data(x.result.id) = std::move(out);
        finish(x.result);
    }
    void exec(const Scan& x) {
        const TileType& t = type(x.value);
        Data out = data(x.value);
        for (int64_t c = 0; c < t.cols; ++c) {
            double acc = interpreter::identity_of(x.fn);
            for (int64_t k = 0; k < t.rows; ++k) {
                double& value = out[static_cast<size_t>((x.reverse ? t.rows - 1 - k : k) * t.cols + c)];
                value = acc = interpreter::combine(x.fn, acc, value);
            }
        }
        data(x.result.id) = std::move(out);
        finish(x.result);
    }
    void exec(const Transpose& x) {
        const TileType& from = type(x.value);
        Data out(static_cast<size_t>(from.rows * from.cols));
        for (int64_t r = 0; r < from.rows; ++r)
            for (int64_t c = 0; c < from.cols; ++c)
                out[static_cast<size_t>(c * from.rows + r)] = data(x.value)[static_cast<size_t>(r * from.cols + c)];
        data(x.result.id) = std::move(out);
    }
    // Calls element(position in the whole, position in the part).
    template <class Element>
    void part(const TileType& whole, const TileType& part, IndexId row, IndexId col, const Element& element) {
        const int64_t row0 = machine_.eval(row), col0 = machine_.eval(col);
        if (row0 < 0 || col0 < 0 || row0 + part.rows > whole.rows || col0 + part.cols > whole.cols)
            fail("TT9203",
                 "a part of " + std::to_string(part.rows) + " x " + std::to_string(part.cols) + " elements at " +
                     std::to_string(row0) + ", " + std::to_string(col0) + " is not inside its value",
                 machine_.loc(machine_.at));
        for (int64_t r = 0; r < part.rows; ++r)
            for (int64_t c = 0; c < part.cols; ++c)
                element(static_cast<size_t>((row0 + r) * whole.cols + col0 + c),
                        static_cast<size_t>(r * part.cols + c));
    }
    void exec(const Slice& s) {
        Data out(static_cast<size_t>(type(s.result.id).rows * type(s.result.id).cols));
        part(type(s.value), type(s.result.id), s.row, s.col,
             [&](size_t whole, size_t part) { out[part] = data(s.value)[whole]; });
        data(s.result.id) = std::move(out);
    }
    void exec(const Insert& i) {
        Data out = data(i.into);
        part(type(i.into), type(i.part), i.row, i.col,
             [&](size_t whole, size_t part) { out[whole] = data(i.part)[part]; });
        data(i.result.id) = std::move(out);
    }
    // Values change hands at once: a yield may swap two of them.
    void hand_over(const std::vector<ValueId>& from, const std::vector<ValueId>& to) {
        std::vector<Data> moved;
        for (const ValueId id : from) moved.push_back(data(id));
        for (size_t i = 0; i < to.size() && i < moved.size(); ++i) data(to[i]) = std::move(moved[i]);
    }
    static std::vector<ValueId> ids(const std::vector<Def>& defs) {
        std::vector<ValueId> out;
        for (const Def& d : defs) out.push_back(d.id);
        return out;
    }
    void exec(const For& f) {
        const int64_t begin = machine_.eval(f.begin), extent = machine_.eval(f.extent);
        hand_over(f.inits, f.body.args);
        for (int64_t i = 0; i < extent; ++i) {
            machine_.bind(f.var, begin + i);
            hand_over(region(f.body), f.body.args);
        }
        machine_.unbind(f.var);
        hand_over(f.body.args, ids(f.results));
    }
    void exec(const If& f) { hand_over(region(machine_.eval(f.cond) ? f.then : f.otherwise), ids(f.results)); }

    const TileGraph& graph_;
    Machine machine_;
    const Launch* launch_ = nullptr;
    std::vector<Data> values_;
};

}  // namespace

InterpretResult interpret(const TileGraph& graph, std::span<HostArray> tensors, const IndexEnv& symbols) {
    if (auto errors = verify(graph); !errors.empty()) return {std::move(errors)};
    return interpreter::guarded([&] { Interpreter(graph, tensors, symbols).run(); });
}

}  // namespace tilelang_tt
