// Every DST section is run with the values of its loops: what a call reads or a pack takes has been written since the
// section was opened, and what has been written is taken. A section of which loops or slots are not constants is run as
// far as they are known.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "compiler/schedule/schedule.h"
#include "compiler/schedule/verify_program.h"
#include "tensix/op_table.h"

namespace tilelang_tt {
namespace {

using namespace prog;

constexpr int64_t kMaxSteps = 100'000;  // calls of one section; more are not run

class DstVerifier {
  public:
    DstVerifier(const TensixProgram& program, const Launch& launch, std::vector<Diagnostic>& out)
        : ctx_(program.ctx), index_(program.ctx.index), launch_(launch), out_(out) {}

    void run() { find(project(launch_, Engine::Compute)); }

  private:
    static const DstSync* sync(const Op& op) { return std::get_if<DstSync>(&op.v); }

    // Sections open and close in one list.
    void find(const Region& region) {
        bool open = false;
        for (const Op& op : region.ops) {
            if (auto* loop = std::get_if<For>(&op.v); loop && !open) find(loop->body);
            if (auto* branch = std::get_if<If>(&op.v); branch && !open) find(branch->then), find(branch->otherwise);
            if (auto* call = sync(op); call && call->call == DstCall::Acquire) {
                open = true;
                written_.clear(), unread_.clear(), values_.clear();
                known_ = true, steps_ = 0;
            }
            if (open && known_) run(op);
            if (auto* call = sync(op); call && call->call == DstCall::Release) {
                if (open && known_)
                    for (const auto& [slot, loc] : unread_) unused(slot, loc);
                open = false;
            }
        }
    }

    void run(const Op& op) {
        if (++steps_ > kMaxSteps) known_ = false;
        if (!known_) return;
        if (auto* loop = std::get_if<For>(&op.v)) {
            const auto begin = constant(loop->begin), extent = constant(loop->extent);
            // Of a loop over unknown values, one iteration.
            const int64_t first = begin.value_or(0), end = first + extent.value_or(1);
            for (int64_t value = first; value < end && known_; value += loop->step) {
                if (begin && extent) values_[loop->var] = index_.constant(value);
                for (const Op& inner : loop->body.ops) run(inner);
            }
            values_.erase(loop->var);
        } else if (auto* branch = std::get_if<If>(&op.v)) {
            const auto cond = constant(branch->cond);
            if (!cond || *cond)
                for (const Op& inner : branch->then.ops) run(inner);
            if (!cond || !*cond)
                for (const Op& inner : branch->otherwise.ops) run(inner);
        } else if (auto* call = std::get_if<Call>(&op.v)) {
            this->call(*call, op.loc);
        } else if (auto* pack = std::get_if<Pack>(&op.v)) {
            if (auto slot = constant(pack->dst)) read(*slot, "pack_tile", op.loc);
        }
    }

    void call(const Call& call, LocId loc) {
        const tensix::OpRow& row = tensix::op_row(call.op);
        if (call.dst.empty()) return;  // holds DST itself
        const auto result = static_cast<size_t>(row.result_dst);
        for (size_t i = 0; i < call.dst.size(); ++i)
            if (i != result || changes(row))
                if (auto slot = constant(call.dst[i])) read(*slot, std::string(row.name), loc);
        const auto to = constant(call.dst[result]);
        const int64_t tiles = call.op == tensix::OpCode::matmul_block ? call.params[1] * call.params[2] : 1;
        for (int64_t i = 0; to && i < tiles; ++i) {
            // Sums go onto what is there, which is 0 in a fresh slot.
            if (auto before = unread_.find(*to + i); before != unread_.end() && !row.accumulates)
                unused(before->first, before->second);
            written_.insert(*to + i);
            unread_[*to + i] = loc;
        }
    }

    // Whether the call reads the slot that it writes: it has no other for an operand.
    static bool changes(const tensix::OpRow& row) {
        if (row.num_channels || row.kind == tensix::OpKind::Fill) return false;
        const bool copies = row.kind == tensix::OpKind::Copy;
        const int operands = copies || row.kind == tensix::OpKind::UnaryScalar || row.kind == tensix::OpKind::Reduce ||
                                     row.kind == tensix::OpKind::Scan
                                 ? 1
                                 : tensix::arity(row.fn);
        return row.num_dst <= operands;
    }

    std::optional<int64_t> constant(IndexId id) {
        auto value = index_.as_const(values_.empty() ? id : index_.substitute(id, values_));
        if (!value && !id.valid()) known_ = false;
        return value;
    }

    void read(int64_t slot, const std::string& what, LocId loc) {
        if (!written_.contains(slot))
            error("TT5136", what + " takes DST slot " + std::to_string(slot) + ", which nothing has written", loc);
        unread_.erase(slot);
    }
    void unused(int64_t slot, LocId loc) {
        error("TT5137", "DST slot " + std::to_string(slot) + " is written and never taken", loc);
    }

    void error(std::string code, std::string message, LocId loc) {
        Diagnostic d{Severity::Error,
                     std::move(code),
                     "compute: " + std::move(message),
                     {ctx_.loc(loc)},
                     {},
                     {},
                     "a defect of the compiler: please report it"};
        if (std::find(out_.begin(), out_.end(), d) == out_.end()) out_.push_back(std::move(d));
    }

    const Context& ctx_;
    IndexArena index_;
    const Launch& launch_;
    std::vector<Diagnostic>& out_;
    IndexSubst values_;                // of the loops inside the section
    std::set<int64_t> written_;        // slots, in this section
    std::map<int64_t, LocId> unread_;  // of these, not taken since; by whom written
    bool known_ = true;
    int64_t steps_ = 0;
};

}  // namespace

void verify_dst(const TensixProgram& program, const Launch& launch, std::vector<Diagnostic>& out) {
    DstVerifier(program, launch, out).run();
}

}  // namespace tilelang_tt
