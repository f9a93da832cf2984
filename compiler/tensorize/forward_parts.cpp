#include <unordered_map>

#include "compiler/map/access.h"
#include "compiler/tensorize/rewrite.h"
#include "compiler/tensorize/simplify.h"

namespace tilelang_tt {
namespace {

// Where a part begins and ends, where that is constant.
struct Box {
    int64_t row = 0, col = 0, rows = 1, cols = 1;
    bool contains(const Box& x) const {
        return x.row >= row && x.col >= col && x.row + x.rows <= row + rows && x.col + x.cols <= col + cols;
    }
    bool disjoint(const Box& x) const {
        return x.row >= row + rows || x.col >= col + cols || row >= x.row + x.rows || col >= x.col + x.cols;
    }
};

class PartForwarding {
  public:
    PartForwarding(Context& ctx, graph::Launch& launch) : ctx_(ctx), launch_(launch) {}

    bool run() {
        visit(launch_.body);
        replace_.apply(launch_.body);
        return changed_;
    }

  private:
    const graph::TileType& type(ValueId id) const { return launch_.value(id).type; }
    template <class Op>
    const Op* defined_by(ValueId id) const {
        auto it = definitions_.find(id);
        return it == definitions_.end() ? nullptr : std::get_if<Op>(&it->second.v);
    }
    std::optional<Box> box(IndexId row, IndexId col, ValueId part) const {
        const auto r = fixed_value(ctx_.index, row), c = fixed_value(ctx_.index, col);
        if (!r || !c) return std::nullopt;
        return Box{*r, *c, type(part).rows, type(part).cols};
    }
    static bool same(const graph::TileType& a, const graph::TileType& b) {
        return a.rows == b.rows && a.cols == b.cols;
    }

    void visit(graph::Region& region) {
        std::erase_if(region.ops, [&](graph::Op& op) {
            for_each_use(op, [&](ValueId& id) { id = replace_(id); });
            bool gone = false;
            if (auto* slice = std::get_if<graph::Slice>(&op.v)) {
                while (step(*slice)) changed_ = true;
                if (same(type(slice->value), type(slice->result.id))) {
                    replace_.add(slice->result.id, slice->value);
                    gone = true;
                } else if (auto* fill = defined_by<graph::Fill>(slice->value)) {
                    op.v = graph::Fill{slice->result, fill->value};
                    changed_ = true;
                } else if (auto part = inserted(*slice)) {
                    replace_.add(slice->result.id, *part);
                    gone = true;
                }
            } else if (auto* insert = std::get_if<graph::Insert>(&op.v)) {
                while (overwritten(*insert)) changed_ = true;
                if (same(type(insert->part), type(insert->result.id))) {
                    replace_.add(insert->result.id, insert->part);
                    gone = true;
                }
            }
            if (gone) {
                changed_ = true;
                return true;
            }
            for_each_region(op, [&](graph::Region& inner) { visit(inner); });
            if (std::holds_alternative<graph::Slice>(op.v) || std::holds_alternative<graph::Insert>(op.v) ||
                std::holds_alternative<graph::Fill>(op.v))
                for_each_def(op, [&](ValueId id) { definitions_[id] = op; });
            return false;
        });
    }

    // A part of a part, or of something in which another part was replaced, or a part of the one that was.
    bool step(graph::Slice& slice) {
        if (auto* outer = defined_by<graph::Slice>(slice.value)) {
            slice.row = ctx_.index.add(outer->row, slice.row), slice.col = ctx_.index.add(outer->col, slice.col);
            slice.value = outer->value;
            return true;
        }
        auto* insert = defined_by<graph::Insert>(slice.value);
        if (!insert) return false;
        const auto wanted = box(slice.row, slice.col, slice.result.id),
                   put = box(insert->row, insert->col, insert->part);
        if (!wanted || !put) return false;
        if (wanted->disjoint(*put)) {
            slice.value = insert->into;
            return true;
        }
        if (!put->contains(*wanted)) return false;
        slice.value = insert->part;
        slice.row = ctx_.index.constant(wanted->row - put->row),
        slice.col = ctx_.index.constant(wanted->col - put->col);
        return true;
    }
    // The part that was put exactly there.
    std::optional<ValueId> inserted(const graph::Slice& slice) const {
        auto* insert = defined_by<graph::Insert>(slice.value);
        if (insert && insert->row == slice.row && insert->col == slice.col &&
            same(type(insert->part), type(slice.result.id)))
            return insert->part;
        return std::nullopt;
    }
    // What was put before where all of it is replaced again need not be put.
    bool overwritten(graph::Insert& insert) {
        auto* before = defined_by<graph::Insert>(insert.into);
        if (!before) return false;
        bool all =
            before->row == insert.row && before->col == insert.col && same(type(before->part), type(insert.part));
        const auto now = box(insert.row, insert.col, insert.part), then = box(before->row, before->col, before->part);
        if (now && then) all = all || now->contains(*then);
        if (all) insert.into = before->into;
        return all;
    }

    Context& ctx_;
    graph::Launch& launch_;
    std::unordered_map<ValueId, graph::Op> definitions_;
    Replacements replace_;
    bool changed_ = false;
};

}  // namespace

bool forward_parts(Context& ctx, graph::Launch& launch) { return PartForwarding(ctx, launch).run(); }

}  // namespace tilelang_tt
