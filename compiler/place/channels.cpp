#include "compiler/place/channels.h"

#include <algorithm>
#include <cstdio>

#include "tensix/formats.h"

namespace tilelang_tt::placed {
namespace {

// How far depths have been cut to fit into L1; each level includes those before it.
enum Cut {
    kNone,
    kResultsOneBlock,
    kOperandsOnce,
    kStreamsTwice,
    kResultsTwoSubblocks,
    kStreamsOnce,
    kResultsOneSubblock
};
constexpr int kLastCut = kResultsOneSubblock;

int64_t pages_of(const ChannelPlan& plan, int cut, std::string& why) {
    auto blocks = [&](int64_t n, const std::string& reason) {
        why = std::to_string(n) + (n == 1 ? " block" : " blocks") + " deep: " + reason;
        return n * plan.whole;
    };
    switch (plan.role) {
        case Role::Interim:
            why = plan.channel.why.empty() ? "read back by compute" : plan.channel.why;
            return plan.whole;
        case Role::Stream: {
            const int64_t wanted = std::max<int64_t>(2, plan.stages);
            if (cut >= kStreamsOnce) return blocks(1, "more do not fit into L1");
            if (cut >= kStreamsTwice && wanted > 2) return blocks(2, "more do not fit into L1");
            return blocks(wanted, wanted == plan.stages ? "num_stages" : "the next block loads while this one is used");
        }
        case Role::Resident:
            why = "the same for all blocks: loaded once";
            return plan.whole;
        case Role::Operand:
            if (cut >= kOperandsOnce) return blocks(1, "more do not fit into L1");
            return blocks(2, "the next block loads while this one is used");
        case Role::Rows: {
            const int64_t row = plan.channel.block_pages;
            if (cut < kOperandsOnce && plan.whole > row)
                return blocks(1, "a row of tiles is tilized while others load");
            why = cut < kStreamsOnce ? "2 rows of tiles deep: one is tilized while the next loads"
                                     : "1 row of tiles deep: more do not fit into L1";
            return cut < kStreamsOnce ? 2 * row : row;
        }
        case Role::Scratch:
            why = "for rows whose addresses in L1 and in memory differ in alignment";
            return cut < kOperandsOnce ? plan.whole : plan.least;
        case Role::Part:
            why = "2 subblocks deep: more do not fit into L1";
            return 2 * plan.whole;
        case Role::Result: {
            const int64_t part = plan.channel.block_pages;
            if (cut < kResultsOneBlock) return blocks(2, "one is written while the next is computed");
            if (part == plan.whole || cut < kResultsTwoSubblocks || 2 * part >= plan.whole)
                return blocks(1, "more do not fit into L1");
            why = cut < kResultsOneSubblock ? "2 subblocks deep: more do not fit into L1"
                                            : "1 subblock deep: more do not fit into L1";
            return (cut < kResultsOneSubblock ? 2 : 1) * part;
        }
    }
    return plan.whole;
}

std::string padded(std::string text, size_t width) {
    if (text.size() < width) text.resize(width, ' ');
    return text;
}

}  // namespace

ChannelId ChannelTable::add(std::string name, Role role, tensix::DataFormat format, int64_t whole, int64_t block_pages,
                            LocId loc) {
    std::string unique = name;
    for (int n = 1; has(unique); ++n) unique = name + "_" + std::to_string(n);
    ChannelPlan plan;
    plan.channel.name = unique;
    plan.channel.format = format;
    plan.channel.block_pages = block_pages;
    plan.role = role;
    plan.whole = whole;
    plan.loc = loc;
    plans_.push_back(std::move(plan));
    return ChannelId(plans_.size() - 1);
}

bool ChannelTable::has(const std::string& name) const {
    return std::any_of(plans_.begin(), plans_.end(), [&](const ChannelPlan& p) { return p.channel.name == name; });
}

std::vector<ChannelId> ChannelTable::keep(const std::function<bool(ChannelId)>& wanted) {
    std::vector<ChannelId> numbers(plans_.size());
    std::vector<ChannelPlan> kept;
    for (size_t i = 0; i < plans_.size(); ++i) {
        if (!wanted(ChannelId(i))) continue;
        numbers[i] = ChannelId(kept.size());
        kept.push_back(std::move(plans_[i]));
    }
    plans_ = std::move(kept);
    return numbers;
}

int64_t ChannelTable::bytes(int cut, const Target& target, std::vector<prog::Channel>* out) const {
    const int64_t align = std::max<int64_t>(32, target.device->l1_alignment);
    int64_t total = 0;
    for (const ChannelPlan& plan : plans_) {
        prog::Channel channel = plan.channel;
        channel.pages = pages_of(plan, cut, channel.why);
        channel.l1_offset = Bytes{total};
        total += (channel.pages * tensix::tile_bytes(channel.format) + align - 1) / align * align;
        if (out) out->push_back(std::move(channel));
    }
    return total;
}

bool ChannelTable::fits(const Target& target, Depth depth) const {
    return plans_.size() <= target.device->circular_buffers &&
           bytes(depth == Depth::Wanted ? kNone : kLastCut, target, nullptr) <= target.device->l1_usable_bytes;
}

// The power of two by which blocks have to shrink, if those of the largest channel have so many tiles.
std::string ChannelTable::that_fit(const ChannelPlan& largest, const Target& target) const {
    for (int64_t part = 2; part <= largest.whole; part *= 2) {
        ChannelTable smaller = *this;
        for (ChannelPlan& plan : smaller.plans_) {
            plan.whole = std::max<int64_t>(1, plan.whole / part);
            plan.channel.block_pages = std::min(plan.channel.block_pages, plan.whole);
        }
        if (smaller.bytes(kLastCut, target, nullptr) <= target.device->l1_usable_bytes)
            return ": those of " + std::to_string(largest.whole / part) + " tiles in place of " +
                   std::to_string(largest.whole) + " (`" + largest.channel.name + "`) would fit";
    }
    return "";
}

std::vector<Diagnostic> ChannelTable::fit(const Context& ctx, const Target& target, LaunchResources& out) {
    const int64_t limit = target.device->l1_usable_bytes;
    int64_t total = 0;
    for (int cut = kNone; cut <= kLastCut; ++cut) {
        out.channels.clear();
        total = bytes(cut, target, &out.channels);
        out.l1_used = Bytes{total};
        if (total <= limit) break;
    }

    std::vector<Diagnostic> errors;
    const auto largest = std::max_element(plans_.begin(), plans_.end(), [](auto& a, auto& b) {
        return a.whole * tensix::tile_bytes(a.channel.format) < b.whole * tensix::tile_bytes(b.channel.format);
    });
    auto where = [&] {
        std::vector<SourceLoc> locs;
        if (largest != plans_.end()) locs.push_back(ctx.loc(largest->loc));
        return locs;
    };
    if (total > limit) {
        Diagnostic d{Severity::Error,
                     "TT4001",
                     "the buffers of `" + ctx.name + "` do not fit into a core's L1",
                     where(),
                     {{"L1 per core", std::to_string(limit) + " B", std::to_string(total) + " B"}},
                     {},
                     "use smaller blocks" + that_fit(*largest, target)};
        size_t width = 6;
        for (const prog::Channel& c : out.channels) width = std::max(width, c.name.size());
        char line[256];
        std::snprintf(line, sizeof line, "%s  %-9s %6s %10s", padded("buffer", width).c_str(), "format", "tiles",
                      "bytes");
        d.notes.push_back(line);
        for (const prog::Channel& c : out.channels) {
            std::snprintf(line, sizeof line, "%s  %-9s %6lld %10lld", padded(c.name, width).c_str(),
                          std::string(tensix::name(c.format)).c_str(), static_cast<long long>(c.pages),
                          static_cast<long long>(c.pages * tensix::tile_bytes(c.format)));
            d.notes.push_back(line);
        }
        errors.push_back(std::move(d));
    }
    if (plans_.size() > target.device->circular_buffers)
        errors.push_back(
            {Severity::Error,
             "TT4002",
             "`" + ctx.name + "` needs too many circular buffers",
             where(),
             {{"circular buffers", std::to_string(target.device->circular_buffers), std::to_string(plans_.size())}},
             {},
             "split the kernel, or use fewer buffers"});
    return errors;
}

}  // namespace tilelang_tt::placed
