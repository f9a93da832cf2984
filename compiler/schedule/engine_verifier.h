// The verifier's own header: what its files share. An EngineVerifier runs the projection of one engine abstractly; the
// parts of that are grouped below by the file that has them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/schedule/verify_program.h"
#include "tensix/op_table.h"

namespace tilelang_tt::verifying {

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
    bool layout = false;  // unpacker and packer go through rows
    friend bool operator==(const Setup&, const Setup&) = default;
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
                   std::vector<Diagnostic>& out);

    void run();

  private:
    // What differs between the cores of one row, and of one column, of the rectangle.
    struct Along {
        std::set<VarId> vars;
        bool control = false;  // the op being visited may run on some of them only
    };

    const std::string& name(uint32_t id) const { return launch_.channels[id].name; }
    const std::string& name(ChannelId id) const { return name(id.v); }

    // ---- verify_engines.cpp: loops, conditions, and what peers have in common ----
    void error(std::string code, std::string message, std::vector<Fact> facts = {});
    std::string format(ChannelId id) const;
    void region(const Region& region, State& state);
    static bool same_hold(const State& a, const State& b);
    static void meet(State& into, const State& other);
    void differing_arguments(const WorkSplit& split);
    std::array<Along, 2> enter(std::initializer_list<IndexId> on, VarId var, bool control = true);
    bool differs(const Region& region, const Along& along) const;
    void multicast(const Multicast& op, State& state);

    // ---- verify_pages.cpp: how many pages a push brings ----
    template <class Made>
    std::optional<int64_t> count(const Op& op, ChannelId channel) const;
    bool refills(const Region& region, ChannelId channel, VarId var) const;
    void counted(const Region& region);
    std::optional<std::set<int64_t>> pages_of(const Pack& op, size_t first) const;
    void packs_once(const Pack& op, State& state);

    // ---- verify_channels.cpp: channels and the NoC ----
    void within(IndexId index, int64_t limit, ChannelId channel, const char* what);
    void same_format(ChannelId channel, TensorId tensor);
    void step(const ChannelOp& op, State& state);
    void step(const ReadTile& op, State& state);
    void step(const IndexTile& op, State& state);
    void step(const WriteTile& op, State& state);
    void step(const NocSync& op, State& state);

    // ---- verify_rows.cpp: rows, and tiles from and to rows ----
    template <class Rows>
    void rows(const Rows& op, int64_t held, const char* what, bool write);
    void step(const ReadRows& op, State& state);
    void step(const WriteRows& op, State& state);
    static bool changes_layout(const tensix::OpRow& row) {
        return row.kind == tensix::OpKind::Tilize || row.kind == tensix::OpKind::Untilize;
    }
    void change_layout(const Call& op, const tensix::OpRow& row, const State& state);

    // ---- verify_compute.cpp: DST, and what the units are programmed for ----
    void slot(IndexId index, int64_t tiles);
    std::string init_key(const tensix::OpRow& row, const std::vector<ChannelId>& channels,
                         const std::vector<int64_t>& params) const;
    void step(const DstSync& op, State& state);
    void step(const Startup& op, State& state);
    void step(const Init& op, State& state);
    void step(const Reconfig& op, State& state);
    void step(const Call& op, State& state);
    void step(const Pack& op, State& state);
    void step(const PackerConfig& op, State& state);
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
    const tensix::DeviceSpec& device_;
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

}  // namespace tilelang_tt::verifying
