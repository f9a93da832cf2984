#include "compiler/schedule/inits.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <string>

#include "compiler/ir/walk.h"
#include "tensix/op_table.h"

namespace tilelang_tt::scheduling {
namespace {

// What the compute threads keep between calls. Each part is programmed by ops of its own.
enum Part { kSrcA, kSrcB, kPack, kFpu, kSfpu, kParts };

// What a part is, or has to be, programmed for.
struct Setting {
    std::string key;    // equal keys: nothing to do
    ChannelId channel;  // formats: whose
    prog::Init init;    // op inits
    bool reversed = false;
};
using State = std::array<std::optional<Setting>, kParts>;  // nullopt: unknown

struct Needs {
    std::vector<std::pair<Part, Setting>> list;
};

class Deriver {
  public:
    Deriver(prog::Launch& launch, const IndexArena& index) : launch_(launch), index_(index) {
        for (const prog::Channel& c : launch.channels) has_bytes_ |= c.format == tensix::DataFormat::UInt8;
    }

    void run() {
        find_packed(launch_.body);
        State first{};
        if (!any_needs(launch_.body, first)) return;
        const ChannelId some = first[kSrcA]   ? first[kSrcA]->channel
                               : first[kPack] ? first[kPack]->channel
                                              : first[kSrcB]->channel;
        prog::Startup startup;
        startup.a = first[kSrcA] ? first[kSrcA]->channel : some;
        startup.b = first[kSrcB] ? first[kSrcB]->channel : startup.a;
        startup.out = first[kPack] ? first[kPack]->channel : some;
        State state{};
        state[kSrcA] = format_setting(startup.a);
        state[kSrcB] = format_setting(startup.b);
        state[kPack] = pack_setting(startup.out);
        if (first[kFpu] && first[kFpu]->reversed) {
            startup.reverse = true;
            std::swap(startup.a, startup.b);
        }
        apply(launch_.body, state);
        launch_.body.ops.insert(launch_.body.ops.begin(), {startup, prog::Engine::Compute, launch_.loc});
    }

  private:
    Setting format_setting(ChannelId id) const {
        const prog::Channel& c = launch_.channel(id);
        Setting s;
        s.key = std::string(tensix::name(c.format)) + (c.unpack == prog::UnpackMode::ToDest ? " to DST" : "");
        s.channel = id;
        return s;
    }

    // Reductions that mask the packer.
    // The packer does not mind how the channel is unpacked.
    Setting pack_setting(ChannelId id) const {
        Setting s;
        s.key = tensix::name(launch_.channel(id).format);
        s.channel = id;
        return s;
    }

    static bool is_reduce(const prog::Call& call) {
        const tensix::OpRow& row = tensix::op_row(call.op);
        return row.kind == tensix::OpKind::Reduce && row.state & tensix::kStatePacker;
    }
    static bool changes_layout(const prog::Call& call) {
        const tensix::OpKind kind = tensix::op_row(call.op).kind;
        return kind == tensix::OpKind::Tilize || kind == tensix::OpKind::Untilize;
    }

    static bool has_layout(const prog::Region& region) {
        bool found = false;
        each<prog::Call>(region, [&](const prog::Call& call) { found |= changes_layout(call); });
        return found;
    }
    Setting layout_setting(const prog::Call& call) const {
        Setting s;
        s.init.op = call.op;
        s.init.channels = call.channels;
        s.init.params = call.params;
        s.key = tensix::op_row(call.op).init;
        for (ChannelId id : call.channels) s.key += " " + std::to_string(id.v);
        return s;
    }
    // What the op has for the compute engine, if that is to tilize or untilize with one setting and nothing else: one
    // init before the op and one uninit after it do. nullopt: the op has other things, too; no channel: it has nothing.
    std::optional<Setting> only_layout(const prog::Op& op) const {
        Setting found;
        const auto all = [&](const prog::Region& region) {
            return std::all_of(region.ops.begin(), region.ops.end(), [&](const prog::Op& inner) {
                const auto one = only_layout(inner);
                if (!one || (!one->key.empty() && !found.key.empty() && one->key != found.key)) return false;
                if (!one->key.empty()) found = *one;
                return true;
            });
        };
        if (auto* call = std::get_if<prog::Call>(&op.v)) {
            if (!changes_layout(*call)) return std::nullopt;
            return layout_setting(*call);
        }
        if (auto* loop = std::get_if<prog::For>(&op.v)) {
            if (!all(loop->body)) return std::nullopt;
        } else if (auto* branch = std::get_if<prog::If>(&op.v)) {
            if (!all(branch->then) || !all(branch->otherwise)) return std::nullopt;
        } else if (!needs(op).list.empty() || std::holds_alternative<prog::DstSync>(op.v) ||
                   std::holds_alternative<prog::PackerConfig>(op.v)) {
            return std::nullopt;
        }
        return found;
    }
    // Ops from `at` on up to the end of those that share its setting, or `at` itself where there is none.
    size_t end_of_layout(const prog::Region& region, size_t at) const {
        const auto first = only_layout(region.ops[at]);
        if (!first || first->key.empty()) return at;
        size_t end = at + 1;
        for (size_t i = end; i < region.ops.size(); ++i) {
            const auto next = only_layout(region.ops[i]);
            if (!next || (!next->key.empty() && next->key != first->key)) break;
            if (!next->key.empty()) end = i + 1;
        }
        return end;
    }

    // The channel that each reduction's result is packed to: its init masks the packer for it.
    void find_packed(const prog::Region& region) {
        for (const prog::Op& op : region.ops) {
            if (auto* loop = std::get_if<prog::For>(&op.v)) find_packed(loop->body);
            if (auto* branch = std::get_if<prog::If>(&op.v)) find_packed(branch->then), find_packed(branch->otherwise);
            if (auto* call = std::get_if<prog::Call>(&op.v); call && is_reduce(*call)) open_ = *call;
            if (auto* pack = std::get_if<prog::Pack>(&op.v); pack && open_) {
                packed_.try_emplace({open_->op, open_->channels[0]}, pack->channel);
                open_.reset();
            }
        }
    }

    // The reduction whose section is still open after the op, if one is.
    static std::optional<prog::Call> open_reduce(const prog::Op& op, std::optional<prog::Call> before) {
        if (auto* call = std::get_if<prog::Call>(&op.v)) return is_reduce(*call) ? *call : before;
        if (auto* loop = std::get_if<prog::For>(&op.v)) {
            for (const prog::Op& inner : loop->body.ops) before = open_reduce(inner, before);
        } else if (closes(op)) {
            return std::nullopt;
        }
        return before;
    }
    static bool closes(const prog::Op& op) {
        auto* sync = std::get_if<prog::DstSync>(&op.v);
        return sync && sync->call == prog::DstCall::Release;
    }

    Needs needs(const prog::Op& op) const {
        Needs out;
        if (auto* pack = std::get_if<prog::Pack>(&op.v)) {
            out.list.push_back({kPack, pack_setting(pack->channel)});
        } else if (auto* call = std::get_if<prog::Call>(&op.v)) {
            const tensix::OpRow& row = tensix::op_row(call->op);
            if (changes_layout(*call)) {
                out.list.push_back({kSrcA, format_setting(call->channels[0])});
                if (has_bytes_ && launch_.channel(call->channels[0]).unpack == prog::UnpackMode::Default)
                    out.list.push_back({kSrcB, format_setting(call->channels[0])});
                out.list.push_back({kPack, pack_setting(call->channels[1])});
            } else if (call->channels.size() == 1) {
                out.list.push_back({kSrcA, format_setting(call->channels[0])});
                // A tile reaches 32-bit DST by an addition, which takes 8-bit integers from both sources or from none.
                if (has_bytes_ && launch_.channel(call->channels[0]).unpack == prog::UnpackMode::Default)
                    out.list.push_back({kSrcB, format_setting(call->channels[0])});
            } else if (call->channels.size() >= 2) {
                out.list.push_back({kSrcA, format_setting(call->channels[row.src_reversed ? 1 : 0])});
                out.list.push_back({kSrcB, format_setting(call->channels[row.src_reversed ? 0 : 1])});
            }
            if (!row.init.empty() && !changes_layout(*call)) {
                Setting s;
                s.init.op = call->op;
                s.init.channels = call->channels;
                s.init.params.assign(call->params.begin(), call->params.begin() + row.num_init_params);
                s.key = row.init;
                // Rows and columns of a tile in DST share the init's text, not what the call makes of it.
                if (row.kind == tensix::OpKind::Reduce) s.key += row.name;
                for (int64_t p : s.init.params) s.key += " " + std::to_string(p);
                for (ChannelId id : call->channels) s.key += " " + format_setting(id).key;
                if (is_reduce(*call)) s.init.channels.push_back(packed_.at({call->op, call->channels[0]}));
                s.reversed = row.src_reversed;
                out.list.push_back({row.state & tensix::kStateFpu ? kFpu : kSfpu, s});
            }
        }
        return out;
    }

    static bool same(const std::optional<Setting>& a, const std::optional<Setting>& b) {
        return a && b && a->key == b->key;
    }
    static void meet(State& into, const State& other) {
        for (int p = 0; p < kParts; ++p)
            if (!same(into[p], other[p])) into[p].reset();
    }

    // The first need of each part in program order, wherever it stands.
    bool any_needs(const prog::Region& region, State& first) const {
        bool any = false;
        for (const prog::Op& op : region.ops) {
            if (auto* loop = std::get_if<prog::For>(&op.v)) any |= any_needs(loop->body, first);
            if (auto* branch = std::get_if<prog::If>(&op.v))
                any |= any_needs(branch->then, first), any |= any_needs(branch->otherwise, first);
            for (auto& [part, setting] : needs(op).list) {
                any = true;
                if (!first[part]) first[part] = setting;
            }
        }
        return any;
    }

    // The first need of each part that every run through the region has, and that what is set before the region serves;
    // decided: no need before it on some path, or one that a loop sets anew in each iteration.
    void first_needs(const prog::Region& region, State& first, std::array<bool, kParts>& decided) const {
        for (const prog::Op& op : region.ops) {
            if (auto* loop = std::get_if<prog::For>(&op.v); loop && index_.as_const(loop->extent) == 1) {
                first_needs(loop->body, first, decided);
            } else if (loop) {
                State inside{};
                std::array<bool, kParts> met{};
                first_needs(loop->body, inside, met);
                const State end = after(loop->body, State{});
                for (int p = 0; p < kParts; ++p)
                    if (met[p] && !decided[p]) {
                        decided[p] = true;
                        if (same(inside[p], end[p])) first[p] = inside[p];
                    }
            } else if (auto* branch = std::get_if<prog::If>(&op.v)) {
                State inside{};
                any_needs(branch->then, inside);
                any_needs(branch->otherwise, inside);
                for (int p = 0; p < kParts; ++p)
                    if (inside[p]) decided[p] = true;
                if (has_layout(branch->then) || has_layout(branch->otherwise)) decided[kFpu] = true;
            } else {
                if (auto* call = std::get_if<prog::Call>(&op.v); call && changes_layout(*call)) decided[kFpu] = true;
                for (auto& [part, setting] : needs(op).list)
                    if (!decided[part]) decided[part] = true, first[part] = setting;
            }
        }
    }

    // State after the region, without changing it.
    State after(const prog::Region& region, State state) const {
        std::optional<prog::Call> reducing;
        for (const prog::Op& op : region.ops) {
            if (auto* loop = std::get_if<prog::For>(&op.v)) {
                state = after(loop->body, state);
            } else if (auto* branch = std::get_if<prog::If>(&op.v)) {
                State other = after(branch->otherwise, state);
                state = after(branch->then, state);
                meet(state, other);
            } else {
                for (auto& [part, setting] : needs(op).list) state[part] = setting;
                if (auto* call = std::get_if<prog::Call>(&op.v); call && changes_layout(*call)) state[kFpu].reset();
            }
            // The uninit that follows the pack leaves the FPU's program undefined.
            if (closes(op) && reducing) state[kFpu].reset();
            reducing = open_reduce(op, reducing);
        }
        return state;
    }

    // The ops that take `part` from its state to the setting.
    void establish(Part part, const Setting& setting, State& state, std::vector<prog::Op>& out, LocId loc) const {
        if (same(state[part], setting)) return;
        if (part == kFpu || part == kSfpu) {
            out.push_back({setting.init, prog::Engine::Compute, loc});
        } else {
            constexpr prog::ReconfigUnit kUnits[] = {prog::ReconfigUnit::SrcA, prog::ReconfigUnit::SrcB,
                                                     prog::ReconfigUnit::Pack};
            const ChannelId from = state[part] ? state[part]->channel : ChannelId{};
            out.push_back({prog::Reconfig{kUnits[part], from, setting.channel}, prog::Engine::Compute, loc});
        }
        state[part] = setting;
    }

    void apply(prog::Region& region, State& state) {
        std::vector<prog::Op> out;
        std::optional<prog::Call> reducing;
        for (size_t i = 0; i < region.ops.size(); ++i) {
            if (const size_t end = end_of_layout(region, i); end > i) {
                const prog::Init init = only_layout(region.ops[i])->init;
                const LocId loc = region.ops[i].loc;
                prog::Region run;
                run.ops.assign(std::move_iterator(region.ops.begin() + static_cast<ptrdiff_t>(i)),
                               std::move_iterator(region.ops.begin() + static_cast<ptrdiff_t>(end)));
                State first{};
                any_needs(run, first);
                for (int p = 0; p < kParts; ++p)
                    if (first[p]) establish(static_cast<Part>(p), *first[p], state, out, loc);
                out.push_back({init, prog::Engine::Compute, loc});
                for (prog::Op& op : run.ops) out.push_back(std::move(op));
                out.push_back({prog::Init{init.op, true, init.channels, init.params}, prog::Engine::Compute, loc});
                state[kFpu].reset();  // the uninit leaves the FPU's program undefined
                i = end - 1;
                continue;
            }
            prog::Op& op = region.ops[i];
            if (auto* loop = std::get_if<prog::For>(&op.v); loop && index_.as_const(loop->extent) == 1) {
                apply(loop->body, state);  // no iteration follows another
            } else if (loop) {
                State first{};
                std::array<bool, kParts> decided{};
                first_needs(loop->body, first, decided);
                const State end = after(loop->body, State{});
                // A part that ends an iteration as it is needed first is set before the loop, once.
                for (int p = 0; p < kParts; ++p)
                    if (same(first[p], end[p])) establish(static_cast<Part>(p), *first[p], state, out, op.loc);
                for (int p = 0; p < kParts; ++p)
                    if (decided[p] && !same(state[p], end[p])) state[p].reset();
                const State before = state;
                apply(loop->body, state);
                if (index_.bounds(loop->extent).lo.value_or(0) < 1) meet(state, before);
            } else if (auto* branch = std::get_if<prog::If>(&op.v)) {
                State other = state;
                apply(branch->then, state);
                apply(branch->otherwise, other);
                meet(state, other);
            } else {
                for (auto& [part, setting] : needs(op).list) establish(part, setting, state, out, op.loc);
            }
            const bool undo = closes(op) && reducing;
            const LocId loc = op.loc;
            if (undo) state[kFpu].reset();
            const auto reduction = reducing;
            reducing = open_reduce(op, reducing);
            out.push_back(std::move(op));
            if (undo)
                out.push_back(
                    {prog::Init{reduction->op, true, {reduction->channels[0]}, {}}, prog::Engine::Compute, loc});
        }
        region.ops = std::move(out);
    }

    prog::Launch& launch_;
    const IndexArena& index_;
    bool has_bytes_ = false;          // some channel has 8-bit integers
    std::optional<prog::Call> open_;  // reduction without a pack yet
    std::map<std::pair<tensix::OpCode, ChannelId>, ChannelId> packed_;
};

}  // namespace

void derive_inits(prog::Launch& launch, const IndexArena& index) { Deriver(launch, index).run(); }

}  // namespace tilelang_tt::scheduling
