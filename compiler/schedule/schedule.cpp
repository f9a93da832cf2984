#include "compiler/schedule/schedule.h"

#include <algorithm>
#include <map>

#include "compiler/schedule/inits.h"
#include "compiler/schedule/scheduler.h"
#include "compiler/schedule/verify_program.h"

namespace tilelang_tt {
namespace scheduling {
namespace {

// What a step list does with a channel.
struct Span {
    size_t first = 0, last = 0;
    bool used = false;
};
struct Filled {
    ChannelId channel;
    int64_t pages;
    Span span;
};

// Calls f(tiles, always) for each channel that the step fills for those that follow it in its list; always: they have
// to empty it, even if they do not read it.
template <class F>
void each_fill(const Step& step, F&& f) {
    if (auto* load = std::get_if<placed::Load>(&step.v)) f(load->to, false);
    if (auto* convert = std::get_if<placed::Convert>(&step.v)) f(convert->to, false);
    if (auto* loop = std::get_if<placed::Loop>(&step.v)) {
        for (const Tiles& tiles : loop->accumulators) f(tiles, false);
        for (const Tiles& tiles : loop->carried) f(tiles, true);
    }
    if (auto* assembly = std::get_if<placed::Assembly>(&step.v)) f(assembly->to, false);
    if (auto* branch = std::get_if<placed::Branch>(&step.v))
        for (const Tiles& tiles : branch->results) f(tiles, true);
    if (auto* section = std::get_if<Section>(&step.v))
        for (const placed::Output& output : section->outputs)
            if (output.mode == PackMode::Block && !output.handed_on) f(output.to, false);
}

}  // namespace

Result<prog::Launch> LaunchScheduler::run() {
    prog::Launch out;
    out.channels = resources_.channels;
    out.compute = resources_.compute;
    out.loc = launch_.loc;
    out.core = index_.new_var({"core", VarKind::CoreArg, 0, split_.cores - 1});

    prog::For blocks = split_.rectangle() ? rectangle(out) : share(out);
    prog::Region body;
    ops_ = &body.ops;
    std::vector<prog::Op> lets = grid_lets(blocks.var);
    steps(resources_.steps, nullptr);
    if (!errors_.empty()) return errors_;
    for (prog::Op& let : lets) {
        let.engines = engines_using(body, std::get<prog::Let>(let.v).var);
        if (let.engines.bits) blocks.body.ops.push_back(std::move(let));
    }
    for (prog::Op& op : body.ops) blocks.body.ops.push_back(std::move(op));
    ops_ = &out.body.ops;
    loc_ = launch_.loc;
    for (const placed::ConstantTile& constant : resources_.constants)
        constant.indices() ? index_tile(constant) : this->constant(constant);
    residents();
    add_region(std::move(blocks), launch_.loc);
    if (writes_) add(prog::NocSync{NocCall::WriteBarrier}, Engine::Writer);
    if (multicasts_) add(prog::NocSync{NocCall::WriteBarrier}, Engine::Reader);
    const Engines used = union_of(out.body);
    for (prog::CoreArg& arg : out.core_args) arg.engines = used;
    derive_inits(out, index_);
    return out;
}

void LaunchScheduler::refuse(std::string code, std::string message, std::string fix) {
    errors_.push_back({Severity::Error, std::move(code), std::move(message), {ctx_.loc(loc_)}, {}, {}, std::move(fix)});
}

void LaunchScheduler::comment(const std::string& text) {
    if (!text.empty()) add(prog::Comment{text}, Engine::Compute);
}

void LaunchScheduler::channel(ChannelCall call, ChannelId id, int64_t pages, Engine engine) {
    add(prog::ChannelOp{call, id, pages}, engine);
}

Engines LaunchScheduler::union_of(const prog::Region& region) {
    Engines engines;
    for (const prog::Op& op : region.ops) engines = engines | op.engines;
    return engines;
}

void LaunchScheduler::add_region(prog::For loop, LocId loc) {
    const Engines engines = union_of(loop.body);
    if (!loop.body.ops.empty()) ops_->push_back({std::move(loop), engines, loc});
}

// for var in [0, extent) in steps: body(value of var). A loop that runs once is its body.
void LaunchScheduler::loop(std::string_view name, int64_t extent, int64_t step,
                           const std::function<void(IndexId)>& body) {
    if (extent <= step) return body(index_.constant(0));
    auto [it, fresh] = vars_.try_emplace({std::string(name), extent, step});
    if (fresh) it->second = index_.new_var({std::string(name), VarKind::Loop, 0, (extent - 1) / step * step});
    const VarId var = it->second;
    prog::For out{var, index_.constant(0), index_.constant(extent), step, {}};
    auto* outer = std::exchange(ops_, &out.body.ops);
    body(index_.of(var));
    ops_ = outer;
    add_region(std::move(out), loc_);
}

// for var in [1, end): body(var).
void LaunchScheduler::loop_from_1(std::string_view name, int64_t end, const std::function<void(IndexId)>& body) {
    if (end <= 1) return;
    auto [it, fresh] = vars_.try_emplace({std::string(name) + " from 1", end, 1});
    if (fresh) it->second = index_.new_var({std::string(name), VarKind::Loop, 1, end - 1});
    prog::For out{it->second, index_.constant(1), index_.constant(end - 1), 1, {}};
    auto* outer = std::exchange(ops_, &out.body.ops);
    body(index_.of(it->second));
    ops_ = outer;
    add_region(std::move(out), loc_);
}

bool LaunchScheduler::uses(const Step& step, ChannelId channel) {
    // What is read in a list after it has been filled there is not what was in it before.
    auto any = [&](const std::vector<Step>& list) {
        for (const Step& inner : list) {
            if (uses(inner, channel)) return true;
            if (fills(inner, channel)) return false;
        }
        return false;
    };
    if (auto* instr = std::get_if<Instr>(&step.v)) {
        bool found = false;
        instr->each_operand([&](const placed::TileOperand& t, bool) { found |= t.tiles.channel == channel; });
        return found;
    }
    if (auto* section = std::get_if<Section>(&step.v)) return any(section->steps);
    if (auto* loop = std::get_if<placed::Loop>(&step.v)) return any(loop->start) || any(loop->body);
    if (auto* assembly = std::get_if<placed::Assembly>(&step.v)) return any(assembly->parts);
    if (auto* branch = std::get_if<placed::Branch>(&step.v)) return any(branch->then) || any(branch->otherwise);
    return false;  // a conversion waits and pops by itself
}

bool LaunchScheduler::fills(const Step& step, ChannelId channel) {
    bool found = false;
    each_fill(step, [&](const Tiles& tiles, bool) { found |= tiles.channel == channel; });
    return found;
}

// Whether the reader has something to do in the step beside a load.
bool LaunchScheduler::reads(const Step& step) {
    auto any = [](const std::vector<Step>& list) {
        return std::any_of(list.begin(), list.end(), [](const Step& s) { return is_load(s) || reads(s); });
    };
    if (auto* section = std::get_if<Section>(&step.v)) return !section->streams.empty() || any(section->steps);
    if (auto* loop = std::get_if<placed::Loop>(&step.v)) return any(loop->start) || any(loop->body);
    if (auto* assembly = std::get_if<placed::Assembly>(&step.v)) return any(assembly->parts);
    if (auto* branch = std::get_if<placed::Branch>(&step.v)) return any(branch->then) || any(branch->otherwise);
    return false;
}

// section: the one that the list is inside of, if any. carried: channels that are full when the list begins.
void LaunchScheduler::steps(const std::vector<Step>& list, const Section* section, const std::vector<Tiles>* carried) {
    // What is filled in this list, and which of the steps after that compute with it, before it is filled again.
    std::vector<Filled> filled;
    auto fill = [&](const Tiles& tiles, size_t from, bool always) {
        Span span;
        for (size_t i = from; i < list.size(); ++i) {
            if (uses(list[i], tiles.channel)) {
                if (!span.used) span.first = i;
                span.last = i;
                span.used = true;
            }
            if (fills(list[i], tiles.channel)) break;
        }
        // Nobody reads it, but it must go: at the first step that is compute's.
        if (always && !span.used) {
            size_t at = std::min(from, list.size());
            while (at < list.size() && is_load(list[at])) ++at;
            span = {at, at, true};
        }
        if (span.used) filled.push_back({tiles.channel, tiles.rows * tiles.cols, span});
    };
    if (carried)
        for (const Tiles& tiles : *carried) fill(tiles, 0, true);
    for (size_t i = 0; i < list.size(); ++i)
        each_fill(list[i], [&](const Tiles& tiles, bool always) { fill(tiles, i + 1, always); });
    std::stable_sort(filled.begin(), filled.end(),
                     [](const Filled& a, const Filled& b) { return a.channel < b.channel; });

    size_t loaded = 0;  // loads before this one are out
    for (size_t i = 0; i < list.size(); ++i) {
        if (is_load(list[i])) {
            if (i < loaded) continue;
            std::vector<const Step*> batch;
            size_t end = i;
            for (; end < list.size() && !reads(list[end]); ++end)
                if (is_load(list[end])) batch.push_back(&list[end]);
            loaded = end;
            loads(batch, !writes(list));
            continue;
        }
        // A run of instructions is one unit.
        size_t last = i;
        while (std::holds_alternative<Instr>(list[i].v) && last + 1 < list.size() &&
               std::holds_alternative<Instr>(list[last + 1].v))
            ++last;
        loc_ = list[i].loc;
        for (const Filled& f : filled)
            if (f.span.first >= i && f.span.first <= last)
                channel(ChannelCall::WaitFront, f.channel, f.pages, Engine::Compute);
        if (std::holds_alternative<Instr>(list[i].v))
            instrs(list, i, last, *section);
        else
            this->step(list[i]);
        for (const Filled& f : filled)
            if (f.span.last >= i && f.span.last <= last)
                channel(ChannelCall::PopFront, f.channel, f.pages, Engine::Compute);
        i = last;
    }
    for (const Filled& f : filled) {
        if (f.span.first < list.size()) continue;
        channel(ChannelCall::WaitFront, f.channel, f.pages, Engine::Compute);
        channel(ChannelCall::PopFront, f.channel, f.pages, Engine::Compute);
    }
}

void LaunchScheduler::step(const Step& step) {
    loc_ = step.loc;
    if (auto* store = std::get_if<placed::Store>(&step.v)) {
        const IndexId zero = index_.constant(0);
        if (store->rows) return write_rows(*store);
        write(*store, zero, zero, store->from.rows, store->from.cols);
    } else if (auto* convert = std::get_if<placed::Convert>(&step.v)) {
        this->convert(*convert);
    } else if (auto* section = std::get_if<Section>(&step.v)) {
        this->section(*section);
    } else if (auto* loop = std::get_if<placed::Loop>(&step.v)) {
        this->loop_step(*loop);
    } else if (auto* assembly = std::get_if<placed::Assembly>(&step.v)) {
        const int64_t pages = assembly->to.rows * assembly->to.cols;
        comment(assembly->why);
        channel(ChannelCall::ReserveBack, assembly->to.channel, pages, Engine::Compute);
        steps(assembly->parts, nullptr);
        loc_ = step.loc;
        channel(ChannelCall::PushBack, assembly->to.channel, pages, Engine::Compute);
    } else if (auto* branch = std::get_if<placed::Branch>(&step.v)) {
        prog::If out{branch->cond, {}, {}};
        control_.push_back(branch->cond);
        auto* outer = std::exchange(ops_, &out.then.ops);
        steps(branch->then, section_);
        ops_ = &out.otherwise.ops;
        steps(branch->otherwise, section_);
        ops_ = outer;
        control_.pop_back();
        const Engines engines = union_of(out.then) | union_of(out.otherwise);
        if (engines.bits) ops_->push_back({std::move(out), engines, step.loc});
    }
}

}  // namespace scheduling

Result<TensixProgram> schedule(const TileGraph& graph, const ResourcePlan& resources, const MappingPlan& mapping,
                               const Target& target) {
    TensixProgram program;
    program.ctx = graph.ctx;
    program.mapping = mapping;
    std::vector<Diagnostic> errors;
    for (size_t i = 0; i < graph.launches.size(); ++i) {
        auto launch = scheduling::LaunchScheduler(program.ctx, graph.launches[i], resources.launches[i],
                                                  mapping.launches[i], mapping.layouts, target)
                          .run();
        if (launch)
            program.launches.push_back(launch.take());
        else
            errors.insert(errors.end(), launch.diagnostics().begin(), launch.diagnostics().end());
    }
    if (errors.empty()) errors = verify_schedule(program, target);
    if (!errors.empty()) return errors;
    return program;
}

}  // namespace tilelang_tt
