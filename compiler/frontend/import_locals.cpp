// Integers of a block (T.alloc_var, T.alloc_local of one element): their values as index expressions, followed through
// assignments, branches and loops; and `while`, which steps one of them.
#include <tvm/tirx/op.h>
#include <tvm/tirx/stmt_functor.h>

#include <algorithm>
#include <tuple>

#include "compiler/frontend/importer.h"
#include "compiler/ir/induction.h"
#include "compiler/ir/walk.h"

namespace tilelang_tt::frontend::importing {

std::optional<BufferId> Importer::integer_local(const Buffer& buffer) const {
    const std::string scope = buffer.scope();
    if ((scope != "local" && scope != "local.var") || !(buffer->dtype.is_int() || buffer->dtype.is_uint()))
        return std::nullopt;
    const auto found = buffers_.find(buffer.get());
    if (found == buffers_.end()) return std::nullopt;
    for (const int64_t extent : launch_->buffers[found->second.v].shape)
        if (extent != 1) return std::nullopt;
    return found->second;
}

std::optional<IndexId> Importer::local_value(const Buffer& buffer) const {
    const auto local = integer_local(buffer);
    const auto known = local ? locals_.find(*local) : locals_.end();
    return known == locals_.end() ? std::nullopt : std::optional(known->second);
}

// The store stays: what cannot follow the value reads the buffer.
void Importer::assign(const BufferStoreNode* store, tile::Region& out) {
    const auto local = store->predicate ? std::nullopt : integer_local(store->buffer);
    const auto value = local ? try_index(store->value) : std::nullopt;
    single_lane(ffi::GetRef<Stmt>(store), out);
    if (!value) return;
    locals_[*local] = *value;
    assigned_.insert(*local);
}

// After both sides of a branch: a value that depends on it is chosen by the condition.
void Importer::join_locals(IndexId cond, const Locals& then) {
    for (auto it = locals_.begin(); it != locals_.end();) {
        const auto other = then.find(it->first);
        if (other == then.end()) {
            it = locals_.erase(it);
            continue;
        }
        it->second = arena().select(cond, other->second, it->second);
        ++it;
    }
}

// Those that a statement may store to, among those known now; what is first known inside is not known after it.
std::vector<BufferId> Importer::stored_locals(const Stmt& stmt) const {
    std::set<BufferId> found;
    const auto note = [&](const Buffer& buffer) {
        if (const auto local = integer_local(buffer)) found.insert(*local);
    };
    tvm::tirx::PostOrderVisit(stmt, [&](const ffi::ObjectRef& node) {
        if (const auto* store = node.as<BufferStoreNode>()) note(store->buffer);
        if (const auto* call = node.as<CallNode>())
            for (const PrimExpr& arg : call->args)
                if (const auto* load = arg.as<BufferLoadNode>()) note(load->buffer);
    });
    return {found.begin(), found.end()};
}

std::vector<Importer::Stepped> Importer::begin_steps(const Stmt& body) {
    std::vector<Stepped> steps;
    for (const BufferId local : stored_locals(body)) {
        const auto known = locals_.find(local);
        Stepped step{local, {}, {}};
        if (known != locals_.end()) {
            step.first = known->second;
            step.now = arena().new_var({launch_->buffers[local.v].name + "_now", VarKind::Loop, {}, {}});
            known->second = arena().of(step.now);
        }
        steps.push_back(step);
    }
    return steps;
}

// Each local whose value an iteration hands to the next is its first value plus a constant an iteration. False where
// one is not: the loop is imported again, with that one read from its buffer.
bool Importer::end_steps(const std::vector<Stepped>& steps, tile::For& loop, std::vector<BufferId>& unknown) {
    const IndexId count = arena().sub(arena().of(loop.var), loop.begin);
    const IndexId total = arena().max(loop.extent, arena().constant(0));
    const size_t before = unknown.size();
    IndexSubst values;
    std::vector<std::pair<BufferId, IndexId>> after;
    const auto settled = [&](IndexId id) {
        return std::none_of(steps.begin(), steps.end(),
                            [&](const Stepped& s) { return s.now && arena().uses(id, s.now); });
    };
    for (const Stepped& step : steps) {
        if (!step.now) continue;
        const auto next = locals_.find(step.local);
        const auto by = next == locals_.end() ? std::nullopt : constant_step(arena(), step.now, next->second);
        if (by) {
            const auto at = [&](IndexId n) { return arena().add(step.first, arena().mul(n, arena().constant(*by))); };
            values[step.now] = at(count);
            after.emplace_back(step.local, at(total));
        } else if (uses(program_.ctx, loop.body, step.now)) {
            unknown.push_back(step.local);
        } else if (next != locals_.end() && settled(next->second) && !arena().uses(next->second, loop.var) &&
                   arena().bounds(total).lo.value_or(0) > 0) {
            after.emplace_back(step.local, next->second);  // the same in every iteration
        }
    }
    if (unknown.size() != before) return false;
    for (const Stepped& step : steps) locals_.erase(step.local);
    substitute(program_.ctx, loop.body, values);
    bound_loops(loop.body);
    for (const auto& [local, value] : after)
        if (settled(value)) locals_[local] = value;
    return true;
}

// The bounds of its variable; some where it never runs.
void Importer::bound(const tile::For& loop) {
    const Interval begin = arena().bounds(loop.begin), extent = arena().bounds(loop.extent);
    tilelang_tt::Var& var = arena().var(loop.var);
    var.lo = begin.lo;
    if (begin.hi && extent.hi) var.hi = *begin.hi + std::max<int64_t>(*extent.hi, 1) - 1;
}

// Loops whose ends have been substituted.
void Importer::bound_loops(tile::Region& region) {
    for (tile::Op& op : region.ops) {
        if (auto* branch = std::get_if<tile::If>(&op.v)) bound_loops(branch->then), bound_loops(branch->otherwise);
        auto* loop = std::get_if<tile::For>(&op.v);
        if (!loop) continue;
        bound(*loop);
        bound_loops(loop->body);
    }
}

// The body of a counted loop.
void Importer::loop_body(const Stmt& body, tile::For& loop, tile::Region& out) {
    std::vector<BufferId> unknown;
    for (;;) {
        for (const BufferId local : unknown) locals_.erase(local);
        const Context ctx = program_.ctx;
        const auto saved = std::tuple(buffers_, data_, tensors_, names_, locals_, index_vars_, lane_lets_, other_vars_);
        const size_t declared = launch_->buffers.size(), errors = errors_.size(), remarks = program_.remarks.size(),
                     before = out.ops.size();
        const std::vector<Stepped> steps = begin_steps(body);
        const auto outer = std::exchange(frame_, LoopFrame{loop.var, loop.begin, loop.extent, &out, &loop.body});
        attempt([&] { statement(body, loop.body); });
        frame_ = outer;
        if (end_steps(steps, loop, unknown) || errors_.size() != errors) return;
        program_.ctx = ctx;
        program_.remarks.resize(remarks);
        std::tie(buffers_, data_, tensors_, names_, locals_, index_vars_, lane_lets_, other_vars_) = saved;
        launch_->buffers.resize(declared);
        out.ops.resize(before);
        loop.body.ops.clear();
    }
}

void Importer::while_loop(const WhileNode* node, tile::Region& out) {
    const char* const forms =
        "write it as `while i < n` over an integer of T.alloc_var that each iteration moves on by a constant, "
        "`i += c`, or to the end of a period, `i = T.min(i + (P - i % P), n)`; or use T.serial with a bound";
    const std::vector<Stepped> steps = begin_steps(node->body);
    const IndexId cond = index(node->condition, "the condition of `while`");
    const Stepped* stepped = nullptr;
    std::vector<VarId> others;
    for (const Stepped& step : steps) {
        if (!step.now) continue;
        if (!stepped && arena().uses(cond, step.now))
            stepped = &step;
        else
            others.push_back(step.now);
    }
    const std::string condition = text(node->condition);
    if (!stepped) refuse(kStatement, "`while " + condition + "` waits for nothing that its body changes", forms);
    tile::For loop;
    const auto outer = std::exchange(frame_, std::nullopt);
    const size_t errors = errors_.size();
    attempt([&] { statement(node->body, loop.body); });
    frame_ = outer;
    if (errors_.size() != errors) return;
    const std::string& name = launch_->buffers[stepped->local.v].name;
    const auto next = locals_.find(stepped->local);
    const auto found = next == locals_.end() ? std::nullopt
                                             : induction_of(arena(), stepped->now, stepped->first, cond, next->second,
                                                            others, unique_name(name));
    if (!found)
        refuse(kStatement,
               "`while " + condition + "`: what becomes of `" + name +
                   "` in an iteration is of no form that gives the number of iterations",
               forms);
    loop.var = found->var, loop.begin = found->begin, loop.extent = found->extent;
    substitute(program_.ctx, loop.body, {{stepped->now, found->value}});
    for (auto& [local, value] : locals_) value = arena().substitute(value, {{stepped->now, found->value}});
    std::vector<Stepped> rest = steps;
    std::erase_if(rest, [&](const Stepped& step) { return step.local == stepped->local; });
    std::vector<BufferId> unknown;
    if (!end_steps(rest, loop, unknown))
        refuse(kStatement,
               "`while " + condition + "`: `" + launch_->buffers[unknown[0].v].name +
                   "` changes from one iteration to the next by no constant",
               forms);
    locals_[stepped->local] = found->after;
    bound_loops(loop.body);
    emit(out, std::move(loop));
}

// Stores to integers that nothing reads: their values stand where they were read.
void Importer::drop_unread_locals() {
    std::vector<char> read(launch_->buffers.size());
    const auto note = [&](Ref ref) {
        if (ref.buffer.valid()) read[ref.buffer.v] = true;
    };
    each_op(launch_->body, [&](tile::Op& op) {
        if (std::holds_alternative<tile::For>(op.v) || std::holds_alternative<tile::If>(op.v)) return;
        if (!std::holds_alternative<tile::Map>(op.v)) each<BufferId>(op, [&](BufferId id) { note({{}, id}); });
        each<LaneId>(op, [&](LaneId id) {
            each_lane_node(lanes(), id, [&](const LaneNode& lane) {
                if (lane.op == LaneOp::Read) note(lane.ref);
            });
        });
    });
    const auto clean = [&](auto&& self, tile::Region& region) -> void {
        std::erase_if(region.ops, [&](tile::Op& op) {
            if (auto* loop = std::get_if<tile::For>(&op.v)) self(self, loop->body);
            if (auto* branch = std::get_if<tile::If>(&op.v)) {
                self(self, branch->then), self(self, branch->otherwise);
                return false;
            }
            auto* map = std::get_if<tile::Map>(&op.v);
            if (!map) return false;
            std::erase_if(map->stores, [&](const tile::Store& store) {
                return store.ref.buffer.valid() && assigned_.count(store.ref.buffer) && !read[store.ref.buffer.v];
            });
            return map->stores.empty();
        });
    };
    if (!assigned_.empty()) clean(clean, launch_->body);
}

}  // namespace tilelang_tt::frontend::importing
