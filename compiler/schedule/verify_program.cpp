#include "compiler/schedule/verify_program.h"

#include <algorithm>
#include <string>

#include "compiler/schedule/engine_verifier.h"

namespace tilelang_tt {
namespace {

using namespace prog;

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
            verifying::EngineVerifier(program, launch, engine, target, out).run();
        Balance(program, launch, out).run();
        verify_dst(program, launch, out);
    }
    return out;
}

}  // namespace tilelang_tt
