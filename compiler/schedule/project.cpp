#include "compiler/schedule/schedule.h"

namespace tilelang_tt {
namespace {

prog::Region project(const prog::Region& region, prog::Engine engine) {
    prog::Region out;
    for (const prog::Op& op : region.ops) {
        if (!op.engines.has(engine)) continue;
        prog::Op copy = op;
        copy.engines = engine;
        if (auto* loop = std::get_if<prog::For>(&copy.v)) {
            loop->body = project(loop->body, engine);
            if (loop->body.ops.empty()) continue;
        } else if (auto* branch = std::get_if<prog::If>(&copy.v)) {
            branch->then = project(branch->then, engine);
            branch->otherwise = project(branch->otherwise, engine);
            if (branch->then.ops.empty() && branch->otherwise.ops.empty()) continue;
        } else if (auto* multicast = std::get_if<prog::Multicast>(&copy.v)) {
            multicast->body = project(multicast->body, engine);
        }
        out.ops.push_back(std::move(copy));
    }
    return out;
}

}  // namespace

prog::Region project(const prog::Launch& launch, prog::Engine engine) { return project(launch.body, engine); }

}  // namespace tilelang_tt
