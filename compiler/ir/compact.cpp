#include <algorithm>

#include "compiler/ir/walk.h"

namespace tilelang_tt {
namespace {

// Copies what is reachable from one Context into a new one.
class Compactor {
  public:
    explicit Compactor(const Context& old) : old_(old) {
        now.name = old.name;
        for (size_t i = 0; i < old.index.num_vars(); ++i) now.index.new_var(old.index.var(VarId(i)));
        now.scalars = old.scalars;
        for (Tensor t : old.tensors) {
            move(t.shape), move(t.strides), move(t.given), move(t.loc);
            now.tensors.push_back(std::move(t));
        }
    }

    void move(IndexId& id) {
        if (!id.valid()) return;
        if (const auto found = index_.find(id); found != index_.end()) {
            id = found->second;
            return;
        }
        IndexNode n = old_.index.node(id);
        move(n.a), move(n.b), move(n.c);
        const IndexId out = n.op == IndexOp::Const ? now.index.constant(n.value)
                            : n.op == IndexOp::Var ? now.index.of(n.var)
                                                   : now.index.exactly(n.op, n.a, n.b, n.c);
        index_.emplace(id, out);
        id = out;
    }
    void move(LaneId& id) {
        if (!id.valid()) return;
        if (const auto found = lanes_.find(id); found != lanes_.end()) {
            id = found->second;
            return;
        }
        LaneNode n = old_.lanes.node(id);
        move(n.a), move(n.b), move(n.c);
        LaneId out;
        switch (n.op) {
            case LaneOp::Const:
                out = now.lanes.constant(n.dtype, n.value);
                break;
            case LaneOp::Index:
                move(n.index);
                out = now.lanes.index(n.dtype, n.index);
                break;
            case LaneOp::Bits:
                move(n.index);
                out = now.lanes.bits(n.dtype, n.index);
                break;
            case LaneOp::Read:
                move(n.indices);
                out = now.lanes.read(n.dtype, n.ref, n.indices);
                break;
            case LaneOp::Apply:
                out = now.lanes.apply(n.fn, n.dtype, n.a, n.b, n.c);
                break;
        }
        lanes_.emplace(id, out);
        id = out;
    }
    void move(LocId& id) {
        if (id.valid()) id = now.add_loc(old_.locs[id.v]);
    }
    template <class T>
    void move(std::vector<T>& v) {
        for (T& x : v) move(x);
    }

    template <class Launch>
    void launch(Launch& l) {
        move(l.loc);
        if constexpr (requires { l.values; }) {
            // Values in the order of their definitions.
            std::vector<ValueId> order, to(l.values.size());
            each_def(l, [&](ValueId& id) {
                if (!to[id.v].valid()) to[id.v] = ValueId(order.size()), order.push_back(id);
                id = to[id.v];
            });
            each<ValueId>(l, [&](ValueId& id) {
                if (id.valid()) id = to[id.v];
            });
            std::vector<graph::Value> values;
            for (const ValueId id : order) values.push_back(l.values[id.v]);
            l.values = std::move(values);
            for (graph::Value& v : l.values) move(v.loc);
        }
        each<IndexId>(l, [&](IndexId& id) { move(id); });
        each<LaneId>(l, [&](LaneId& id) { move(id); });
        if constexpr (requires { l.buffers; })
            for (tile::Buffer& b : l.buffers) move(b.loc);
        each_op(l.body, [&](auto& op) {
            move(op.loc);
            if constexpr (std::is_same_v<std::remove_cvref_t<decltype(op)>, tile::Op>)
                if (auto* map = std::get_if<tile::Map>(&op.v))
                    for (tile::Store& s : map->stores) move(s.loc);
        });
    }

    Context now;

  private:
    const Context& old_;
    std::unordered_map<IndexId, IndexId> index_;
    std::unordered_map<LaneId, LaneId> lanes_;
};

template <class Form>
Form compacted(const Form& form) {
    Form out = form;
    Compactor compactor(form.ctx);
    for (auto& launch : out.launches) compactor.launch(launch);
    out.ctx = std::move(compactor.now);
    return out;
}

}  // namespace

TileProgram compact(const TileProgram& program) { return compacted(program); }
TileGraph compact(const TileGraph& graph) { return compacted(graph); }
TensixProgram compact(const TensixProgram& program) { return compacted(program); }

}  // namespace tilelang_tt
