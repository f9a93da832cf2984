// Each engine's projection is run abstractly: every loop's body twice and until nothing changes, so that what one
// iteration leaves behind meets the next, and both sides of every condition. What depends on run-time values is bounded
// with the index arena's facts.
#include "compiler/schedule/engine_verifier.h"

#include <algorithm>

#include "compiler/schedule/schedule.h"

namespace tilelang_tt::verifying {

EngineVerifier::EngineVerifier(const TensixProgram& program, const Launch& launch, Engine engine, const Target& target,
                               std::vector<Diagnostic>& out)
    : ctx_(program.ctx),
      index_(program.ctx.index),
      layouts_(program.mapping.layouts),
      launch_(launch),
      engine_(engine),
      device_(*target.device),
      out_(out) {
    capacity_ = target.device->dst_tiles(launch.compute.fp32_dest_acc_en, launch.compute.dst_full_sync_en);
    const auto number = static_cast<size_t>(&launch - program.launches.data());
    const WorkSplit& split = program.mapping.launches[number];
    rectangle_ = split.rectangle();
    if (rectangle_) differing_arguments(split);
}

void EngineVerifier::run() {
    State state;
    region(project(launch_, engine_), state);
    for (const auto& [id, held] : state.held) {
        if (held.reserved) error("TT5110", "channel `" + name(id) + "` is reserved and never pushed");
        if (held.write_pending) error("TT5123", "writes from `" + name(id) + "` are never flushed");
    }
    if (state.arrival_open) error("TT5124", "the kernel ends without waiting for its writes");
    if (state.dst != DstPhase::Idle) error("TT5130", "DST is still held at the end");
}

void EngineVerifier::error(std::string code, std::string message, std::vector<Fact> facts) {
    constexpr const char* kEngines[] = {"", "reader", "compute", "", "writer"};
    message = std::string(kEngines[static_cast<size_t>(engine_)]) + ": " + message;
    Diagnostic d{Severity::Error,
                 std::move(code),
                 std::move(message),
                 {ctx_.loc(loc_)},
                 std::move(facts),
                 {},
                 "a defect of the compiler: please report it"};
    if (std::find(out_.begin(), out_.end(), d) == out_.end()) out_.push_back(std::move(d));
}

std::string EngineVerifier::format(ChannelId id) const {
    const Channel& c = launch_.channel(id);
    return std::string(tensix::name(c.format)) + (c.unpack == UnpackMode::ToDest ? " to DST" : "");
}

void EngineVerifier::region(const Region& region, State& state) {
    counted(region);
    for (const Op& op : region.ops) {
        loc_ = op.loc;
        if (auto* loop = std::get_if<For>(&op.v)) {
            const State before = state;
            const bool always = index_.bounds(loop->extent).lo.value_or(0) >= 1;
            const auto begin = index_.as_const(loop->begin);
            const Var var = index_.var(loop->var);
            // Conditions are decided with the first value, then with a variable that starts from the second.
            const auto outer = enter({loop->begin, loop->extent}, loop->var);
            loops_.push_back({loop->var, false, begin ? index_.constant(*begin) : IndexId{}, loop});
            this->region(loop->body, state);
            if (!same_hold(state, before))
                error("TT5111",
                      "an iteration over `" + var.name + "` leaves channels or DST otherwise than it found them");
            const auto extent = index_.as_const(loop->extent);
            if (!extent || *extent > loop->step) {
                loops_.back().again = true;
                if (begin) {
                    Var later = var;
                    later.lo = *begin + loop->step;
                    if (later.hi) later.hi = std::max(*later.hi, *later.lo);
                    loops_.back().value = index_.of(index_.new_var(later));
                }
                // Once more where an iteration leaves the units otherwise than it found them: a condition may not have
                // held before.
                for (int runs = 0; runs < 3; ++runs) {
                    const Setup found = state.setup;
                    this->region(loop->body, state);
                    if (state.setup == found) break;
                }
            }
            loops_.pop_back();
            along_ = outer;
            if (!always) meet(state, before);
        } else if (auto* branch = std::get_if<If>(&op.v)) {
            IndexSubst at;
            for (const OpenLoop& loop : loops_)
                if (loop.value) at[loop.var] = loop.value;
            const IndexId cond = index_.substitute(branch->cond, at);
            if (index_.always_true(cond) || index_.always_false(cond)) {
                this->region(index_.always_true(cond) ? branch->then : branch->otherwise, state);
                continue;
            }
            State other = state;
            const auto outer = enter({branch->cond}, {});
            this->region(branch->then, state);
            this->region(branch->otherwise, other);
            along_ = outer;
            if (!same_hold(state, other))
                error("TT5112", "the sides of a condition leave channels or DST in different states");
            meet(state, other);
        } else if (auto* multicast = std::get_if<Multicast>(&op.v)) {
            this->multicast(*multicast, state);
        } else {
            if (auto* let = std::get_if<Let>(&op.v)) enter({let->value}, let->var, false);
            std::visit([&](const auto& o) { step(o, state); }, op.v);
        }
    }
}

bool EngineVerifier::same_hold(const State& a, const State& b) {
    auto covers = [](const State& x, const State& y) {
        return std::all_of(x.held.begin(), x.held.end(), [&](const auto& entry) {
            auto it = y.held.find(entry.first);
            const Held other = it == y.held.end() ? Held{} : it->second;
            return entry.second.reserved == other.reserved && entry.second.waited == other.waited;
        });
    };
    return a.dst == b.dst && covers(a, b) && covers(b, a);
}

void EngineVerifier::meet(State& into, const State& other) {
    auto part = [](std::optional<std::string>& a, const std::optional<std::string>& b) {
        if (a != b) a.reset();
    };
    part(into.setup.src_a, other.setup.src_a);
    part(into.setup.src_b, other.setup.src_b);
    part(into.setup.pack, other.setup.pack);
    part(into.setup.fpu, other.setup.fpu);
    part(into.setup.sfpu, other.setup.sfpu);
    if (into.accumulate != other.accumulate) into.accumulate.reset();
    into.setup.reduce_mask |= other.setup.reduce_mask;
    into.setup.layout |= other.setup.layout;
    into.arrival_open |= other.arrival_open;
    into.section_reduces |= other.section_reduces;
}

// The number that every core of the launch has for an argument, by row and column.
void EngineVerifier::differing_arguments(const WorkSplit& split) {
    for (const CoreArg& arg : launch_.core_args)
        for (Peers peers : {Peers::Row, Peers::Column}) {
            auto of = [&](int64_t core) { return index_.eval(arg.value, {{launch_.core, core}}); };
            bool same = true;
            for (int64_t core = 0; core < split.cores; ++core) {
                const auto first = of(peers == Peers::Row ? core - core % split.grid_x : core % split.grid_x);
                same = same && first && first == of(core);
            }
            if (!same) along_[static_cast<size_t>(peers)].vars.insert(arg.var);
        }
}

// Notes that what follows, or the variable, depends on the expressions. Returns what held before.
std::array<EngineVerifier::Along, 2> EngineVerifier::enter(std::initializer_list<IndexId> on, VarId var, bool control) {
    std::array<Along, 2> before = along_;
    for (Along& along : along_) {
        const bool differs = std::any_of(on.begin(), on.end(), [&](IndexId id) {
            return std::any_of(along.vars.begin(), along.vars.end(), [&](VarId v) { return index_.uses(id, v); });
        });
        if (!differs) continue;
        if (control) along.control = true;
        if (var) along.vars.insert(var);
    }
    return before;
}

// Whether the op, or one inside of it, names something that differs along the row or column.
bool EngineVerifier::differs(const Region& region, const Along& along) const {
    auto uses = [&](IndexId id) {
        return id && std::any_of(along.vars.begin(), along.vars.end(), [&](VarId v) { return index_.uses(id, v); });
    };
    return std::any_of(region.ops.begin(), region.ops.end(), [&](const Op& op) {
        if (auto* loop = std::get_if<For>(&op.v))
            return uses(loop->begin) || uses(loop->extent) || differs(loop->body, along);
        if (auto* branch = std::get_if<If>(&op.v))
            return uses(branch->cond) || differs(branch->then, along) || differs(branch->otherwise, along);
        if (auto* rows = std::get_if<ReadRows>(&op.v))
            return uses(rows->page) || uses(rows->page_step) || uses(rows->rows) || uses(rows->col) ||
                   uses(rows->cols) || uses(rows->slot);
        auto* read = std::get_if<ReadTile>(&op.v);
        return read && (uses(read->page) || uses(read->slot) || uses(read->valid));
    });
}

void EngineVerifier::multicast(const Multicast& op, State& state) {
    const Along& along = along_[static_cast<size_t>(op.peers)];
    const std::string line = op.peers == Peers::Row ? "row" : "column";
    if (!rectangle_) error("TT5140", "`" + name(op.channel) + "` is sent to peers, but no rectangle is mapped");
    if (along.control || differs(op.body, along))
        error("TT5141", "`" + name(op.channel) + "` is not the same, or not in step, for all cores of a " + line);
    Held& held = state.held[op.channel.v];
    if (held.reserved != op.pages)
        error("TT5142", "`" + name(op.channel) + "` is sent in other pages than are reserved",
              {{"pages", std::to_string(held.reserved), std::to_string(op.pages)}});
    region(op.body, state);
    if (state.held[op.channel.v].read_pending)
        error("TT5143", "`" + name(op.channel) + "` is sent while reads into it are in flight: no read barrier");
    state.arrival_open = true;
}

}  // namespace tilelang_tt::verifying
