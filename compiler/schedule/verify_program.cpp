// Each engine's projection is run abstractly: every loop's body twice, so that what one iteration leaves behind meets
// the next, and both sides of every condition. What depends on run-time values is bounded with the index arena's facts.
#include "compiler/schedule/verify_program.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "compiler/schedule/schedule.h"
#include "tensix/op_table.h"

namespace tilelang_tt {
namespace {

using namespace prog;

enum class DstPhase : uint8_t { Idle, Math, Committed, Pack };

// What one engine holds of a channel.
struct Held {
    int64_t reserved = 0;                                            // pages reserved and not pushed
    int64_t waited = 0;                                              // pages waited for and not popped
    size_t loops_at_reserve = 0;                                     // that were open when the block was reserved
    std::map<const Pack*, std::optional<std::set<int64_t>>> packed;  // what has packed to it since, and to which pages
    bool read_pending = false;                                       // a read into it is in flight
    bool write_pending = false;                                      // a write from it has not left L1
};

// Formats by name, inits by their text filled with formats and params: what the hardware was last programmed for.
struct Setup {
    std::optional<std::string> src_a, src_b, pack, fpu, sfpu;
    bool reduce_mask = false;
};

struct State {
    std::map<uint32_t, Held> held;
    DstPhase dst = DstPhase::Idle;
    bool section_reduces = false;
    bool arrival_open = false;  // a write has not been awaited with the final barrier
    bool started = false;
    std::optional<bool> accumulate = false;  // whether the packer adds in L1; nullopt: depends on the path
    Setup setup;
};

class EngineVerifier {
  public:
    EngineVerifier(const TensixProgram& program, const Launch& launch, Engine engine, const Target& target,
                   std::vector<Diagnostic>& out)
        : ctx_(program.ctx),
          index_(program.ctx.index),
          layouts_(program.mapping.layouts),
          launch_(launch),
          engine_(engine),
          out_(out) {
        capacity_ = target.device->dst_tiles(launch.compute.fp32_dest_acc_en, launch.compute.dst_full_sync_en);
        const auto number = static_cast<size_t>(&launch - program.launches.data());
        const WorkSplit& split = program.mapping.launches[number];
        rectangle_ = split.rectangle();
        if (rectangle_) differing_arguments(split);
    }

    void run() {
        State state;
        region(project(launch_, engine_), state);
        for (const auto& [id, held] : state.held) {
            if (held.reserved) error("TT5110", "channel `" + name(id) + "` is reserved and never pushed");
            if (held.write_pending) error("TT5123", "writes from `" + name(id) + "` are never flushed");
        }
        if (state.arrival_open) error("TT5124", "the kernel ends without waiting for its writes");
        if (state.dst != DstPhase::Idle) error("TT5130", "DST is still held at the end");
    }

  private:
    const std::string& name(uint32_t id) const { return launch_.channels[id].name; }
    const std::string& name(ChannelId id) const { return name(id.v); }

    void error(std::string code, std::string message, std::vector<Fact> facts = {}) {
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

    std::string format(ChannelId id) const {
        const Channel& c = launch_.channel(id);
        return std::string(tensix::name(c.format)) + (c.unpack == UnpackMode::ToDest ? " to DST" : "");
    }

    // ---- control ----
    void region(const Region& region, State& state) {
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
                    this->region(loop->body, state);
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

    // ---- what peers have in common ----
    // What differs between the cores of one row, and of one column, of the rectangle.
    struct Along {
        std::set<VarId> vars;
        bool control = false;  // the op being visited may run on some of them only
    };
    // The number that every core of the launch has for an argument, by row and column.
    void differing_arguments(const WorkSplit& split) {
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
    std::array<Along, 2> enter(std::initializer_list<IndexId> on, VarId var, bool control = true) {
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
    bool differs(const Region& region, const Along& along) const {
        auto uses = [&](IndexId id) {
            return id && std::any_of(along.vars.begin(), along.vars.end(), [&](VarId v) { return index_.uses(id, v); });
        };
        return std::any_of(region.ops.begin(), region.ops.end(), [&](const Op& op) {
            if (auto* loop = std::get_if<For>(&op.v))
                return uses(loop->begin) || uses(loop->extent) || differs(loop->body, along);
            if (auto* branch = std::get_if<If>(&op.v))
                return uses(branch->cond) || differs(branch->then, along) || differs(branch->otherwise, along);
            auto* read = std::get_if<ReadTile>(&op.v);
            return read && (uses(read->page) || uses(read->slot) || uses(read->valid));
        });
    }
    void multicast(const Multicast& op, State& state) {
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
    static bool same_hold(const State& a, const State& b) {
        auto covers = [](const State& x, const State& y) {
            return std::all_of(x.held.begin(), x.held.end(), [&](const auto& entry) {
                auto it = y.held.find(entry.first);
                const Held other = it == y.held.end() ? Held{} : it->second;
                return entry.second.reserved == other.reserved && entry.second.waited == other.waited;
            });
        };
        return a.dst == b.dst && covers(a, b) && covers(b, a);
    }
    static void meet(State& into, const State& other) {
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
        into.arrival_open |= other.arrival_open;
        into.section_reduces |= other.section_reduces;
    }

    // ---- how many pages a push brings ----
    // Ops of kind Op on the channel that one run of `op` makes; nullopt where that is not constant.
    template <class Made>
    std::optional<int64_t> count(const Op& op, ChannelId channel) const {
        if (auto* made = std::get_if<Made>(&op.v)) {
            if constexpr (std::is_same_v<Made, Pack>)
                if (made->replaces) return 0;
            return made->channel == channel ? 1 : 0;
        }
        if (auto* made = std::get_if<IndexTile>(&op.v); made && std::is_same_v<Made, ReadTile>)
            return made->channel == channel ? 1 : 0;
        if (auto* loop = std::get_if<For>(&op.v)) {
            int64_t each = 0;
            for (const Op& inner : loop->body.ops) {
                auto n = count<Made>(inner, channel);
                if (!n) return std::nullopt;
                each += *n;
            }
            // Pages that the same pack fills again in later iterations count once.
            if constexpr (std::is_same_v<Made, Pack>)
                if (each && refills(loop->body, channel, loop->var)) return each;
            auto extent = index_.as_const(loop->extent);
            if (each && !extent) return std::nullopt;
            return each ? each * ceil_div(*extent, loop->step) : 0;
        }
        if (auto* multicast = std::get_if<Multicast>(&op.v)) {
            int64_t all = 0;
            for (const Op& inner : multicast->body.ops) {
                auto n = count<Made>(inner, channel);
                if (!n) return std::nullopt;
                all += *n;
            }
            return all;
        }
        if (auto* branch = std::get_if<If>(&op.v)) {
            for (const Region* side : {&branch->then, &branch->otherwise})
                for (const Op& inner : side->ops) {
                    auto n = count<Made>(inner, channel);
                    if (!n || *n) return std::nullopt;
                }
        }
        return 0;
    }

    // Whether the packs to the channel in the region name their page without the variable.
    bool refills(const Region& region, ChannelId channel, VarId var) const {
        return std::any_of(region.ops.begin(), region.ops.end(), [&](const Op& op) {
            if (auto* loop = std::get_if<For>(&op.v)) return refills(loop->body, channel, var);
            auto* pack = std::get_if<Pack>(&op.v);
            return pack && pack->channel == channel && !pack->replaces && pack->slot && !index_.uses(pack->slot, var);
        });
    }

    // Between a reserve and its push in one list as many pages are made as are pushed; likewise for writes and pops.
    void counted(const Region& region) {
        auto check = [&]<class Made>(ChannelCall open, ChannelCall close, const char* what) {
            for (size_t i = 0; i < region.ops.size(); ++i) {
                auto* first = std::get_if<ChannelOp>(&region.ops[i].v);
                if (!first || first->call != open) continue;
                int64_t made = 0;
                bool known = true;
                for (size_t j = i + 1; j < region.ops.size(); ++j) {
                    auto* last = std::get_if<ChannelOp>(&region.ops[j].v);
                    if (last && last->channel == first->channel && last->call == close) {
                        loc_ = region.ops[j].loc;
                        // Start values and sums fill a block more than once.
                        if (known && (made < last->pages || (made > last->pages && made % last->pages)))
                            error("TT5113",
                                  std::string(what) + " `" + name(first->channel) + "` are not those of the block",
                                  {{"tiles", std::to_string(last->pages), std::to_string(made)}});
                        break;
                    }
                    auto n = count<Made>(region.ops[j], first->channel);
                    known = known && n.has_value();
                    made += n.value_or(0);
                }
            }
        };
        if (engine_ != Engine::Compute)
            check.template operator()<ReadTile>(ChannelCall::ReserveBack, ChannelCall::PushBack, "the tiles read into");
        if (engine_ == Engine::Compute)
            check.template operator()<Pack>(ChannelCall::ReserveBack, ChannelCall::PushBack, "the tiles packed to");
        if (engine_ == Engine::Writer)
            check.template operator()<WriteTile>(ChannelCall::WaitFront, ChannelCall::PopFront,
                                                 "the tiles written from");
    }

    // ---- channels and the NoC ----
    void step(const ChannelOp& op, State& state) {
        const Channel& c = launch_.channel(op.channel);
        Held& held = state.held[op.channel.v];
        if (c.pages % op.pages != 0)
            error("TT5101", "channel `" + c.name + "` is no whole number of what is moved at once",
                  {{"pages", "multiples of " + std::to_string(op.pages), std::to_string(c.pages)}});
        switch (op.call) {
            case ChannelCall::ReserveBack:
                held.reserved = std::max(held.reserved, op.pages);
                held.loops_at_reserve = loops_.size();
                held.packed.clear();
                break;
            case ChannelCall::PushBack:
                if (held.reserved < op.pages)
                    error("TT5114", "`" + c.name + "` is pushed without having been reserved");
                if (held.read_pending)
                    error("TT5120", "`" + c.name + "` is pushed while reads into it are in flight: no read barrier");
                held.reserved = std::max<int64_t>(0, held.reserved - op.pages);
                break;
            case ChannelCall::WaitFront:
                held.waited = std::max(held.waited, op.pages);
                break;
            case ChannelCall::PopFront:
                if (held.waited < op.pages)
                    error("TT5115", "`" + c.name + "` is popped without having been waited for");
                if (held.write_pending)
                    error("TT5121", "`" + c.name + "` is popped while writes from it have not left L1: no flush");
                held.waited = std::max<int64_t>(0, held.waited - op.pages);
                break;
        }
    }
    // The index is below `limit` pages, as far as is known.
    void within(IndexId index, int64_t limit, ChannelId channel, const char* what) {
        if (limit == 0) return error("TT5116", "`" + name(channel) + "` is used without a " + what);
        auto hi = index_.bounds(index).hi;
        if (hi && *hi >= limit)
            error("TT5117", "a tile of `" + name(channel) + "` is past the end of its " + what,
                  {{"tile", "below " + std::to_string(limit), std::to_string(*hi)}});
    }
    // Data movement copies bytes: a channel holds them in the tensor's format.
    void same_format(ChannelId channel, TensorId tensor) {
        const tensix::DataFormat stored = layouts_[tensor.v].format, held = launch_.channel(channel).format;
        if (stored != held)
            error("TT5119", "`" + name(channel) + "` has another format than tensor `" + ctx_.tensor(tensor).name + "`",
                  {{"format", std::string(tensix::name(stored)), std::string(tensix::name(held))}});
    }
    void step(const ReadTile& op, State& state) {
        same_format(op.channel, op.tensor);
        Held& held = state.held[op.channel.v];
        within(op.slot, held.reserved, op.channel, "reserved block");
        held.read_pending = true;
    }
    void step(const IndexTile& op, State& state) {
        within(index_.constant(0), state.held[op.channel.v].reserved, op.channel, "reserved block");
    }
    void step(const WriteTile& op, State& state) {
        same_format(op.channel, op.tensor);
        Held& held = state.held[op.channel.v];
        within(op.slot, held.waited, op.channel, "block waited for");
        held.write_pending = true;
        state.arrival_open = true;
    }
    void step(const NocSync& op, State& state) {
        for (auto& [id, held] : state.held) {
            if (op.call == NocCall::ReadBarrier) held.read_pending = false;
            if (op.call != NocCall::ReadBarrier) held.write_pending = false;
        }
        if (op.call == NocCall::WriteBarrier) state.arrival_open = false;
    }

    // ---- DST ----
    void step(const DstSync& op, State& state) {
        constexpr std::array<DstPhase, 4> kFrom = {DstPhase::Idle, DstPhase::Math, DstPhase::Committed, DstPhase::Pack};
        constexpr std::array<DstPhase, 4> kTo = {DstPhase::Math, DstPhase::Committed, DstPhase::Pack, DstPhase::Idle};
        constexpr std::array<const char*, 4> kNames = {"acquire", "commit", "wait", "release"};
        const auto call = static_cast<size_t>(op.call);
        if (state.dst != kFrom[call]) error("TT5131", std::string("tile_regs_") + kNames[call] + " out of order");
        state.dst = kTo[call];
        if (op.call == DstCall::Acquire) state.section_reduces = false;
        if (op.call == DstCall::Release) state.section_reduces = false;
    }
    void slot(IndexId index, int64_t tiles) {
        auto hi = index_.bounds(index).hi;
        if (!hi || *hi + tiles > capacity_)
            error("TT5132", "a DST slot is past what may be used between acquire and release",
                  {{"tiles in DST", std::to_string(capacity_), hi ? std::to_string(*hi + tiles) : "unbounded"}});
    }

    // ---- programs of the units ----
    std::string init_key(const tensix::OpRow& row, const std::vector<ChannelId>& channels,
                         const std::vector<int64_t>& params) const {
        std::string key(row.init);
        if (row.kind == tensix::OpKind::Reduce) key += row.name;
        for (int i = 0; i < row.num_init_params; ++i) key += " " + std::to_string(params[static_cast<size_t>(i)]);
        for (int i = 0; i < row.num_channels; ++i) key += " " + format(channels[static_cast<size_t>(i)]);
        return key;
    }
    void step(const Startup& op, State& state) {
        state.started = true;
        state.setup = {};
        state.setup.src_a = format(op.reverse ? op.b : op.a);
        state.setup.src_b = format(op.reverse ? op.a : op.b);
        state.setup.pack = std::string(tensix::name(launch_.channel(op.out).format));
    }
    void step(const Init& op, State& state) {
        const tensix::OpRow& row = tensix::op_row(op.op);
        if (!state.started) error("TT5140", std::string(row.name) + " is initialised before compute_kernel_hw_startup");
        if (op.uninit) {
            state.setup.reduce_mask = false;
            state.setup.fpu.reset();
            return;
        }
        (row.state & tensix::kStateFpu ? state.setup.fpu : state.setup.sfpu) = init_key(row, op.channels, op.params);
        if (row.state & tensix::kStatePacker) state.setup.reduce_mask = true;
    }
    void step(const Reconfig& op, State& state) {
        auto& part = op.unit == ReconfigUnit::SrcA   ? state.setup.src_a
                     : op.unit == ReconfigUnit::SrcB ? state.setup.src_b
                                                     : state.setup.pack;
        const bool pack = op.unit == ReconfigUnit::Pack;
        auto of = [&](ChannelId id) {
            return pack ? std::string(tensix::name(launch_.channel(id).format)) : format(id);
        };
        // The form with the old channel does nothing where the two formats agree.
        if (op.from && part && *part != of(op.from))
            error("TT5141", "a reconfiguration to `" + name(op.to) + "` starts from a format that is not set");
        part = of(op.to);
    }
    void step(const Call& op, State& state) {
        const tensix::OpRow& row = tensix::op_row(op.op);
        const std::string call(row.name);
        if (state.dst != DstPhase::Math) error("TT5133", call + " outside of acquire and commit");
        if (row.needs_fp32_dst && !launch_.compute.fp32_dest_acc_en) error("TT5134", call + " needs a 32-bit DST");
        for (size_t i = 0; i < op.channels.size(); ++i) {
            const Channel& c = launch_.channel(op.channels[i]);
            int64_t more = 0;  // tiles beyond the first
            if (op.op == tensix::OpCode::matmul_block)
                more = i == 0 ? (op.params[2] - 1) * op.params[3] : op.params[1] - 1;
            const Held& held = state.held[op.channels[i].v];
            within(op.tiles[i],
                   held.waited - more > 0 || held.waited == 0 ? std::max<int64_t>(0, held.waited - more) : 1,
                   op.channels[i], "block waited for");
            if (c.unpack == UnpackMode::ToDest && row.unit != tensix::Unit::Unpack)
                error("TT5142", call + " reads `" + c.name + "`, which unpacks to DST");
            if (c.unpack == UnpackMode::ToDest && !launch_.compute.fp32_dest_acc_en)
                error("TT5142", "`" + c.name + "` unpacks to a DST that is not 32 bits wide");
        }
        const int64_t tiles = op.op == tensix::OpCode::matmul_block ? op.params[1] * op.params[2] : 1;
        for (IndexId id : op.dst) slot(id, tiles);
        auto source = [&](ChannelId id, const std::optional<std::string>& set, const char* unit) {
            if (set != format(id))
                error("TT5143", call + " reads `" + name(id) + "` while " + unit + " is set to another format",
                      {{"format", format(id), set.value_or("unknown")}});
        };
        if (op.channels.size() == 1) {
            const Channel& c = launch_.channel(op.channels[0]);
            source(op.channels[0], state.setup.src_a, "SrcA");
            // The addition that moves a tile to 32-bit DST takes 8-bit integers from both sources.
            if (c.format == tensix::DataFormat::UInt8) source(op.channels[0], state.setup.src_b, "SrcB");
        }
        if (op.channels.size() >= 2) {
            source(op.channels[row.src_reversed ? 1 : 0], state.setup.src_a, "SrcA");
            source(op.channels[row.src_reversed ? 0 : 1], state.setup.src_b, "SrcB");
        }
        if (!row.init.empty()) {
            const auto& set = row.state & tensix::kStateFpu ? state.setup.fpu : state.setup.sfpu;
            if (set != init_key(row, op.channels, op.params)) error("TT5144", call + " without its init");
        }
        if (row.state & tensix::kStatePacker) state.section_reduces = true;
    }
    void step(const Pack& op, State& state) {
        if (state.dst != DstPhase::Pack) error("TT5135", "pack_tile outside of wait and release");
        slot(op.dst, 1);
        const Held& held = state.held[op.channel.v];
        if (op.slot)
            within(op.slot, held.reserved, op.channel, "reserved block");
        else if (held.reserved == 0)
            error("TT5116", "`" + name(op.channel) + "` is packed to without a reserved block");
        packs_once(op, state);
        const std::string format(tensix::name(launch_.channel(op.channel).format));
        if (state.setup.pack != format)
            error("TT5145", "pack_tile to `" + name(op.channel) + "` while the packer is set to another format",
                  {{"format", format, state.setup.pack.value_or("unknown")}});
        if (state.setup.reduce_mask && !state.section_reduces)
            error("TT5146", "pack_tile to `" + name(op.channel) + "` while the packer still masks for a reduction");
    }
    // The pages that a pack fills while the loops opened since `first` run; nullopt: not known.
    std::optional<std::set<int64_t>> pages_of(const Pack& op, size_t first) const {
        constexpr int64_t kMost = 4096;
        std::vector<IndexEnv> points{{}};
        for (size_t i = first; i < loops_.size(); ++i) {
            const For& loop = *loops_[i].loop;
            if (!index_.uses(op.slot, loop.var)) continue;
            const auto begin = index_.as_const(loop.begin), extent = index_.as_const(loop.extent);
            if (!begin || !extent || *extent / loop.step * static_cast<int64_t>(points.size()) > kMost)
                return std::nullopt;
            std::vector<IndexEnv> more;
            for (const IndexEnv& env : points)
                for (int64_t at = 0; at < *extent; at += loop.step) {
                    more.push_back(env);
                    more.back()[loop.var] = *begin + at;
                }
            points = std::move(more);
        }
        std::set<int64_t> pages;
        for (const IndexEnv& env : points) {
            const auto page = index_.eval(op.slot, env);
            if (!page) return std::nullopt;
            pages.insert(*page);
        }
        return pages;
    }
    // A page of the reserved block is packed to once, or the packer adds from the second time on.
    void packs_once(const Pack& op, State& state) {
        Held& held = state.held[op.channel.v];
        bool again = false;
        if (op.slot) {
            for (size_t i = held.loops_at_reserve; i < loops_.size(); ++i)
                again |= loops_[i].again && !index_.uses(op.slot, loops_[i].var);
            if (op.replaces) {
                if (state.accumulate != false)
                    error("TT5148", "pack_tile adds to what the pages of `" + name(op.channel) + "` held before");
                return;
            }
            const auto pages = pages_of(op, held.loops_at_reserve);
            for (const auto& [other, theirs] : held.packed)
                again |=
                    other != &op && (!pages || !theirs || std::any_of(pages->begin(), pages->end(), [&](int64_t page) {
                        return theirs->contains(page);
                    }));
            held.packed[&op] = pages;
        }
        if (again && state.accumulate != true)
            error("TT5147", "pack_tile overwrites a sum in `" + name(op.channel) + "`: the packer does not accumulate");
        if (!again && state.accumulate != false)
            error("TT5148", "pack_tile adds to what the pages of `" + name(op.channel) + "` held before");
    }
    void step(const PackerConfig& op, State& state) {
        if (op.mode == PackerMode::L1Accumulate) state.accumulate = op.on;
    }
    void step(const Let&, State&) {}
    void step(const Comment&, State&) {}
    void step(const For&, State&) {}
    void step(const If&, State&) {}
    void step(const Multicast&, State&) {}

    const Context& ctx_;
    IndexArena index_;  // to which conditions of single iterations are added
    const std::vector<TensorLayout>& layouts_;
    const Launch& launch_;
    Engine engine_;
    struct OpenLoop {
        VarId var;
        bool again;     // not the first iteration
        IndexId value;  // of the variable, as far as it is known
        const For* loop;
    };
    std::vector<OpenLoop> loops_;
    int64_t capacity_ = 0;
    bool rectangle_ = false;
    std::array<Along, 2> along_;  // by Peers
    std::vector<Diagnostic>& out_;
    LocId loc_;
};

// Pages that all pushes (or pops) of a channel move, as an expression; invalid where a condition decides.
class Balance {
  public:
    Balance(const TensixProgram& program, const Launch& launch, std::vector<Diagnostic>& out)
        : index_(program.ctx.index), launch_(launch), out_(out) {}

    void run() {
        for (size_t c = 0; c < launch_.channels.size(); ++c) {
            const ChannelId channel(c);
            bool known = true;
            const IndexId pushed = total(launch_.body, channel, ChannelCall::PushBack, known);
            const IndexId popped = total(launch_.body, channel, ChannelCall::PopFront, known);
            // Tiles that are made once and never popped are constants.
            if (!known || pushed == popped || index_.as_const(popped) == 0) continue;
            out_.push_back({Severity::Error,
                            "TT5118",
                            "channel `" + launch_.channels[c].name + "` is not popped as often as it is pushed",
                            {},
                            {},
                            {},
                            "a defect of the compiler: please report it"});
        }
    }

  private:
    IndexId total(const Region& region, ChannelId channel, ChannelCall call, bool& known) {
        IndexId sum = index_.constant(0);
        for (const Op& op : region.ops) {
            if (auto* c = std::get_if<ChannelOp>(&op.v)) {
                if (c->channel == channel && c->call == call) sum = index_.add(sum, index_.constant(c->pages));
            } else if (auto* loop = std::get_if<For>(&op.v)) {
                const IndexId each = total(loop->body, channel, call, known);
                if (index_.as_const(each) == 0) continue;
                if (index_.uses(each, loop->var)) known = false;
                sum = index_.add(sum, index_.mul(each, index_.ceildiv(loop->extent, loop->step)));
            } else if (auto* branch = std::get_if<If>(&op.v)) {
                const IndexId then = total(branch->then, channel, call, known);
                const IndexId otherwise = total(branch->otherwise, channel, call, known);
                sum = index_.add(sum, index_.select(branch->cond, then, otherwise));
            }
        }
        return sum;
    }

    IndexArena index_;
    const Launch& launch_;
    std::vector<Diagnostic>& out_;
};

}  // namespace

std::vector<Diagnostic> verify_schedule(const TensixProgram& program, const Target& target) {
    std::vector<Diagnostic> out;
    for (const Launch& launch : program.launches) {
        int64_t used = 0;
        for (const Channel& c : launch.channels) {
            const int64_t end = c.l1_offset.v + c.pages * static_cast<int64_t>(tensix::tile_bytes(c.format));
            for (const Channel& other : launch.channels)
                if (other.l1_offset.v > c.l1_offset.v && other.l1_offset.v < end)
                    out.push_back(
                        {Severity::Error,
                         "TT5104",
                         "channels `" + c.name + "` and `" + other.name + "` overlap in L1",
                         {},
                         {{"end of the first", std::to_string(other.l1_offset.v) + " B", std::to_string(end) + " B"}},
                         {},
                         "a defect of the compiler: please report it"});
            used = std::max(used, c.l1_offset.v + c.pages * static_cast<int64_t>(tensix::tile_bytes(c.format)));
            if (c.pages % c.block_pages != 0)
                out.push_back({Severity::Error,
                               "TT5101",
                               "channel `" + c.name + "` is no whole number of blocks",
                               {},
                               {{"pages", "multiples of " + std::to_string(c.block_pages), std::to_string(c.pages)}},
                               {},
                               "a defect of the compiler: please report it"});
        }
        if (used > target.device->l1_usable_bytes)
            out.push_back(
                {Severity::Error,
                 "TT5102",
                 "the channels exceed L1",
                 {},
                 {{"L1 per core", std::to_string(target.device->l1_usable_bytes) + " B", std::to_string(used) + " B"}},
                 {},
                 "use smaller blocks"});
        if (launch.channels.size() > target.device->circular_buffers)
            out.push_back({Severity::Error,
                           "TT5103",
                           "there are more channels than circular buffers",
                           {},
                           {{"circular buffers", std::to_string(target.device->circular_buffers),
                             std::to_string(launch.channels.size())}},
                           {},
                           "split the kernel"});
        for (Engine engine : {Engine::Reader, Engine::Compute, Engine::Writer})
            EngineVerifier(program, launch, engine, target, out).run();
        Balance(program, launch, out).run();
        verify_dst(program, launch, out);
    }
    return out;
}

}  // namespace tilelang_tt
