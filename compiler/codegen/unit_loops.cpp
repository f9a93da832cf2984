#include "compiler/codegen/unit_loops.h"

#include <iterator>
#include <utility>

namespace tilelang_tt::codegen {

namespace {

// Visits every index expression below a region, through the ops' field lists.
struct Substitute {
    IndexArena& index;
    const IndexSubst& subst;

    void region(prog::Region& r) {
        for (prog::Op& op : r.ops) std::visit([&](auto& o) { std::decay_t<decltype(o)>::fields(o, *this); }, op.v);
    }
    void operator()(std::string_view, IndexId& id) {
        if (id.valid()) id = index.substitute(id, subst);
    }
    void operator()(std::string_view, std::vector<IndexId>& ids) {
        for (IndexId& id : ids) (*this)({}, id);
    }
    void operator()(std::string_view, prog::Region& r) { region(r); }
    template <class Other>
    void operator()(std::string_view, Other&) {}
};

}  // namespace

void inline_unit_loops(Context& ctx, prog::Region& region) {
    std::vector<prog::Op> ops;
    for (prog::Op& op : region.ops) {
        if (auto* loop = std::get_if<prog::For>(&op.v)) {
            inline_unit_loops(ctx, loop->body);
            const auto extent = ctx.index.as_const(loop->extent);
            if (extent && *extent >= 1 && *extent <= loop->step) {
                const IndexSubst subst{{loop->var, loop->begin}};
                Substitute{ctx.index, subst}.region(loop->body);
                std::move(loop->body.ops.begin(), loop->body.ops.end(), std::back_inserter(ops));
                continue;
            }
        }
        if (auto* branch = std::get_if<prog::If>(&op.v)) {
            inline_unit_loops(ctx, branch->then);
            inline_unit_loops(ctx, branch->otherwise);
        }
        if (auto* multicast = std::get_if<prog::Multicast>(&op.v)) inline_unit_loops(ctx, multicast->body);
        ops.push_back(std::move(op));
    }
    region.ops = std::move(ops);
}

}  // namespace tilelang_tt::codegen
