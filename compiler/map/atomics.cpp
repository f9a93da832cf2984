#include "compiler/map/atomics.h"
#include <algorithm>
#include <iterator>

#include "compiler/ir/walk.h"
#include "compiler/map/atomic_step.h"

namespace tilelang_tt {

Result<TileProgram> lower_atomics(const TileProgram& program, const Target& target) {
    TileProgram out = program;
    std::vector<Diagnostic> errors;
    std::vector<tile::Launch> launches;
    for (tile::Launch& launch : out.launches) {
        bool any = false;
        each_op(launch.body, [&](const tile::Op& op) {
            auto* map = std::get_if<tile::Map>(&op.v);
            any = any || (map && atomics::any_atomic(*map));
        });
        std::vector<tile::Launch> sums;
        if (any) {
            const atomics::Step step(out, launch, target, errors);
            isolate_stores(step);
            blocks_in_series(step);
            sums_of_loops(step);
            sums = give_owners(step);
        }
        launches.push_back(std::move(launch));
        std::move(sums.begin(), sums.end(), std::back_inserter(launches));
    }
    out.launches = std::move(launches);
    if (!errors.empty()) return errors;
    return out;
}

}  // namespace tilelang_tt
