// Walking the steps of a ResourcePlan.
#pragma once

#include <variant>
#include <vector>

#include "compiler/place/resource_plan.h"

namespace tilelang_tt::placed {

// The tiles that a step names itself.
template <class F>
void each_own_tiles(Step& step, F&& f) {
    auto operands = [&](auto&& self, Instr& instr) -> void {
        for (TileOperand& operand : instr.tiles) f(operand.tiles);
        for (Instr& each : instr.each) self(self, each);
    };
    if (auto* load = std::get_if<Load>(&step.v)) f(load->to);
    if (auto* store = std::get_if<Store>(&step.v)) f(store->from);
    if (auto* convert = std::get_if<Convert>(&step.v)) f(convert->from), f(convert->to);
    if (auto* instr = std::get_if<Instr>(&step.v)) operands(operands, *instr);
    if (auto* section = std::get_if<Section>(&step.v)) {
        for (Output& output : section->outputs) f(output.to);
        for (Store& store : section->stores) f(store.from);
        for (Load& load : section->streams) f(load.to);
    }
    if (auto* loop = std::get_if<Loop>(&step.v)) {
        for (Tiles& tiles : loop->accumulators) f(tiles);
        for (Tiles& tiles : loop->carried) f(tiles);
    }
    if (auto* assembly = std::get_if<Assembly>(&step.v)) f(assembly->to);
    if (auto* branch = std::get_if<Branch>(&step.v))
        for (Tiles& tiles : branch->results) f(tiles);
}

// The lists of steps inside a step.
template <class F>
void each_list(Step& step, F&& f) {
    if (auto* section = std::get_if<Section>(&step.v)) f(section->steps);
    if (auto* loop = std::get_if<Loop>(&step.v)) f(loop->start), f(loop->body);
    if (auto* assembly = std::get_if<Assembly>(&step.v)) f(assembly->parts);
    if (auto* branch = std::get_if<Branch>(&step.v)) f(branch->then), f(branch->otherwise);
}

template <class F>
void each_tiles(std::vector<Step>& list, F&& f) {
    for (Step& step : list) {
        each_own_tiles(step, f);
        each_list(step, [&](std::vector<Step>& inner) { each_tiles(inner, f); });
    }
}

}  // namespace tilelang_tt::placed
