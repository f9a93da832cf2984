// Loops, and the sums that the packer makes in L1 from one iteration to the next.
#include "compiler/schedule/scheduler.h"

#include <algorithm>

namespace tilelang_tt::scheduling {

// Whether sections of the body pack anything but sums: then the packer's mode has to change within an iteration.
bool LaunchScheduler::packs_others(const std::vector<Step>& list) {
    return std::any_of(list.begin(), list.end(), [](const Step& step) {
        if (auto* section = std::get_if<Section>(&step.v)) {
            return packs_others(section->steps) ||
                   std::any_of(section->outputs.begin(), section->outputs.end(),
                               [](const placed::Output& o) { return o.mode != PackMode::Accumulate; });
        }
        if (std::holds_alternative<placed::Assembly>(step.v) || std::holds_alternative<placed::Convert>(step.v))
            return true;
        if (auto* loop = std::get_if<placed::Loop>(&step.v)) return packs_others(loop->body);
        if (auto* branch = std::get_if<placed::Branch>(&step.v))
            return packs_others(branch->then) || packs_others(branch->otherwise);
        return false;
    });
}

// then { … } where the loop's variable is (not) at its first value.
void LaunchScheduler::when_first(const placed::Loop& loop, bool first, const std::function<void()>& then) {
    const IndexId var = index_.of(loop.var);
    prog::If out{first ? index_.eq(var, loop.begin) : index_.lt(loop.begin, var), {}, {}};
    auto* outer = std::exchange(ops_, &out.then.ops);
    then();
    ops_ = outer;
    ops_->push_back({std::move(out), Engine::Compute, loc_});
}

void LaunchScheduler::loop_step(const placed::Loop& loop) {
    const LocId loc = loc_;
    set_bounds(loop);
    comment(loop.why);
    for (const Tiles& acc : loop.accumulators)
        channel(ChannelCall::ReserveBack, acc.channel, acc.rows * acc.cols, Engine::Compute);
    const placed::Loop* enclosing = std::exchange(summing_, nullptr);
    steps(loop.start, nullptr);
    const bool sums = !loop.accumulators.empty();
    const bool mixed = sums && packs_others(loop.body);
    const bool once = index_.as_const(loop.extent) == 1;
    if (sums && !mixed && loop.accumulator_has_start) l1_accumulate(true);
    prog::For out{loop.var, loop.begin, loop.extent, 1, {}};
    auto* outer = std::exchange(ops_, &out.body.ops);
    summing_ = sums ? mixed ? &loop : nullptr : enclosing;
    control_.insert(control_.end(), {loop.begin, loop.extent});
    steps(loop.body, section_, &loop.carried);
    control_.resize(control_.size() - 2);
    summing_ = enclosing;
    if (sums && !mixed && !loop.accumulator_has_start && !once)
        when_first(loop, true, [&] {
            comment("the first iteration has overwritten what the pages held before");
            l1_accumulate(true);
        });
    ops_ = outer;
    add_region(std::move(out), loc);
    loc_ = loc;
    if (sums && !mixed && (loop.accumulator_has_start || !once)) l1_accumulate(false);
    for (const Tiles& acc : loop.accumulators)
        channel(ChannelCall::PushBack, acc.channel, acc.rows * acc.cols, Engine::Compute);
}

void LaunchScheduler::set_bounds(const placed::Loop& loop) {
    Var& var = index_.var(loop.var);
    const Interval begin = index_.bounds(loop.begin), extent = index_.bounds(loop.extent);
    if (begin.lo) var.lo = var.lo ? std::max(*var.lo, *begin.lo) : begin.lo;
    if (begin.hi && extent.hi) {
        const int64_t last = *begin.hi + std::max<int64_t>(1, *extent.hi) - 1;
        var.hi = var.hi ? std::min(*var.hi, last) : last;
    }
}

}  // namespace tilelang_tt::scheduling
