#include "compiler/schedule/verify_program.h"

namespace tilelang_tt {

std::vector<Diagnostic> verify_schedule(const TensixProgram& program, const Target& target) {
    std::vector<Diagnostic> out;
    for (const prog::Launch& launch : program.launches) {
        int64_t used = 0;
        for (const prog::Channel& c : launch.channels) {
            used = std::max(used, c.l1_offset.v + c.pages * tensix::tile_bytes(c.format));
            if (c.pages % c.block_pages != 0)
                out.push_back({Severity::Error,
                               "TT5101",
                               "channel `" + c.name + "` is no whole number of blocks",
                               {},
                               {{"pages", "multiples of " + std::to_string(c.block_pages), std::to_string(c.pages)}},
                               {},
                               ""});
        }
        if (used > target.device->l1_usable_bytes)
            out.push_back(
                {Severity::Error,
                 "TT5102",
                 "channels exceed L1",
                 {},
                 {{"L1 per core", std::to_string(target.device->l1_usable_bytes) + " B", std::to_string(used) + " B"}},
                 {},
                 ""});
    }
    return out;
}

}  // namespace tilelang_tt
