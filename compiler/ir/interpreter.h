// What the interpreters of the three forms share: variables, arrays, arithmetic. The frontend folds constants with the
// same arithmetic.
#pragma once

#include <bit>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "compiler/ir/context.h"
#include "compiler/ir/interpret.h"
#include "tensix/tile_fn.h"

namespace tilelang_tt::interpreter {

struct Failure {
    Diagnostic diagnostic;
};
Diagnostic out_of_memory();
[[noreturn]] void fail(std::string code, std::string message, SourceLoc where = {});

// An integer at the dtype's width, wrapped around; 0 for what is not finite.
double wrapped(DType dtype, double value);

// fn of doubles, in dtype's arithmetic: integers wrap at its width, floats are rounded to it. operand: the dtype of the
// operands, for what depends on it (a division of integers truncates).
double apply(tensix::TileFn fn, DType dtype, DType operand, double a, double b = 0, double c = 0);
// The number with that fp32 bit pattern.
inline double from_bits(int64_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits)); }
double identity_of(tensix::ReduceFn fn);
// One step of a reduction, in double.
double combine(tensix::ReduceFn fn, double acc, double value);
// values rounded to dtype
void round_all(DType dtype, std::span<double> values);

class Machine {
  public:
    // Checks the arrays against the program's tensors and binds its symbols, from `symbols` or from the arrays' shapes.
    Machine(const Context& ctx, std::span<HostArray> tensors, const IndexEnv& symbols);

    void bind(VarId var, int64_t value) { values_[var.v] = value; }
    void unbind(VarId var) { values_[var.v].reset(); }
    int64_t eval(IndexId id) const;
    std::vector<int64_t> eval(const std::vector<IndexId>& ids) const;
    // the same for offsets and extents, whose sums and products must stay far from int64's limits
    std::vector<int64_t> positions(const std::vector<IndexId>& ids) const;
    SourceLoc loc(LocId id) const { return ctx_.loc(id); }

    const Context& ctx() const { return ctx_; }
    HostArray& tensor(TensorId id) { return tensors_[id.v]; }
    const HostArray& tensor(TensorId id) const { return tensors_[id.v]; }

    LocId at;  // of the op in execution

  private:
    const Context& ctx_;
    std::span<HostArray> tensors_;
    std::vector<std::optional<int64_t>> values_;
};

// Calls body() for every block of a grid, the first variable fastest.
template <class Body>
void for_each_block(Machine& machine, const std::vector<VarId>& grid, const std::vector<IndexId>& grid_extents,
                    const Body& body) {
    const std::vector<int64_t> extents = machine.eval(grid_extents);
    for (const int64_t n : extents)
        if (n <= 0) return;
    std::vector<int64_t> at(extents.size(), 0);
    for (;;) {
        for (size_t i = 0; i < grid.size(); ++i) machine.bind(grid[i], at[i]);
        body();
        size_t i = 0;
        while (i < at.size() && ++at[i] == extents[i]) at[i++] = 0;
        if (i == at.size()) return;
    }
}

// Runs the body and turns a Failure into the result.
template <class Body>
InterpretResult guarded(const Body& body) {
    try {
        body();
        return {};
    } catch (const Failure& failure) {
        return {{failure.diagnostic}};
    } catch (const std::bad_alloc&) {
        return {{out_of_memory()}};
    } catch (const std::length_error&) {
        return {{out_of_memory()}};
    }
}

}  // namespace tilelang_tt::interpreter
