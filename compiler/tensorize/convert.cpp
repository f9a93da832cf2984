#include "compiler/tensorize/convert.h"

#include "compiler/tensorize/builder.h"
#include "compiler/tensorize/rewrite.h"

namespace tilelang_tt {
namespace {

class Conversions {
  public:
    Conversions(graph::Launch& launch, const std::vector<TensorLayout>& layouts)
        : launch_(launch), layouts_(layouts), builder_(launch) {}

    void run() { visit(launch_.body); }

  private:
    void visit(graph::Region& region) {
        std::vector<graph::Op> out;
        for (graph::Op& op : region.ops) {
            for_each_region(op, [&](graph::Region& inner) { visit(inner); });
            if (auto* load = std::get_if<graph::Load>(&op.v); load && in_rows(load->from)) {
                const ValueId tiles = load->result.id, rows = rows_of(tiles);
                const LocId loc = op.loc;
                load->result.id = rows;
                out.push_back(std::move(op));
                out.push_back({graph::Tilize{{tiles}, rows}, loc});
                continue;
            }
            if (auto* store = std::get_if<graph::Store>(&op.v); store && in_rows(store->to)) {
                const ValueId rows = rows_of(store->value);
                out.push_back({graph::Untilize{{rows}, store->value}, op.loc});
                store->value = rows;
            }
            out.push_back(std::move(op));
        }
        region.ops = std::move(out);
    }

    bool in_rows(const graph::Window& window) const { return layouts_[window.tensor.v].row_major; }

    ValueId rows_of(ValueId tiles) {
        const graph::Value& value = launch_.values[tiles.v];
        graph::TileType type = value.type;
        type.in_rows = true;
        return builder_.value(type, value.name + "_rows", value.loc);
    }

    graph::Launch& launch_;
    const std::vector<TensorLayout>& layouts_;
    GraphBuilder builder_;
};

}  // namespace

void insert_conversions(graph::Launch& launch, const std::vector<TensorLayout>& layouts) {
    Conversions(launch, layouts).run();
}

}  // namespace tilelang_tt
