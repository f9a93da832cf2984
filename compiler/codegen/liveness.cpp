#include "compiler/codegen/liveness.h"

#include <algorithm>
#include <utility>

namespace tilelang_tt::codegen {

namespace {

struct Pruner {
    Context& ctx;
    std::unordered_set<VarId>& used;

    void use(IndexId id) {
        if (!id.valid()) return;
        for (VarId var : ctx.index.vars_of(id)) used.insert(var);
    }
    void use(const std::vector<IndexId>& ids) {
        for (IndexId id : ids) use(id);
    }

    // Each returns whether the op has an effect.
    bool keep(prog::Let& let) {
        if (!used.contains(let.var)) return false;
        use(let.value);
        return true;
    }
    bool keep(prog::For& loop) {
        prune(loop.body);
        if (loop.body.ops.empty()) return false;
        if (!used.contains(loop.var)) loop.begin = ctx.index.constant(0);
        use(loop.begin);
        use(loop.extent);
        return true;
    }
    bool keep(prog::If& branch) {
        prune(branch.then);
        prune(branch.otherwise);
        if (branch.then.ops.empty() && branch.otherwise.ops.empty()) return false;
        use(branch.cond);
        return true;
    }
    bool keep(prog::Multicast& multicast) {
        prune(multicast.body);
        return true;
    }
    bool keep(prog::ReadTile& read) {
        use({read.page, read.slot, read.valid});
        return true;
    }
    bool keep(prog::WriteTile& write) {
        use({write.page, write.slot, write.valid});
        return true;
    }
    bool keep(prog::ReadRows& read) {
        use({read.page, read.page_step, read.rows, read.col, read.cols, read.slot});
        return true;
    }
    bool keep(prog::WriteRows& write) {
        use({write.page, write.page_step, write.rows, write.col, write.cols, write.slot});
        return true;
    }
    bool keep(prog::Call& call) {
        use(call.tiles);
        use(call.dst);
        use(call.args);
        return true;
    }
    bool keep(prog::Pack& pack) {
        use({pack.dst, pack.slot});
        return true;
    }
    template <class Other>
    bool keep(Other&) {
        return true;
    }

    void prune(prog::Region& region) {
        std::vector<prog::Op> kept;
        for (auto op = region.ops.rbegin(); op != region.ops.rend(); ++op) {
            // A comment explains what follows it.
            if (std::holds_alternative<prog::Comment>(op->v) && kept.empty()) continue;
            if (std::visit([&](auto& o) { return keep(o); }, op->v)) kept.push_back(std::move(*op));
        }
        std::reverse(kept.begin(), kept.end());
        region.ops = std::move(kept);
    }
};

}  // namespace

Live without_dead_code(Context& ctx, prog::Region region) {
    Live live;
    Pruner{ctx, live.vars}.prune(region);
    live.region = std::move(region);
    return live;
}

}  // namespace tilelang_tt::codegen
