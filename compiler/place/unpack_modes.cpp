#include "compiler/place/placer.h"

#include <map>

#include "tensix/op_table.h"

namespace tilelang_tt::placed {

void Placer::note_reads(const std::vector<Step>& steps, const Section* section,
                        std::map<uint32_t, Reads>& reads) const {
    for (const Step& step : steps) {
        if (auto* inner = std::get_if<Section>(&step.v)) {
            note_reads(inner->steps, inner, reads);
        } else if (auto* loop = std::get_if<Loop>(&step.v)) {
            note_reads(loop->start, section, reads);
            note_reads(loop->body, section, reads);
        } else if (auto* assembly = std::get_if<Assembly>(&step.v)) {
            note_reads(assembly->parts, section, reads);
        } else if (auto* convert = std::get_if<Convert>(&step.v)) {
            Reads& r = reads[convert->from.channel.v];
            r.copied = r.keeps_bits = true;
        } else if (auto* branch = std::get_if<Branch>(&step.v)) {
            note_reads(branch->then, section, reads);
            note_reads(branch->otherwise, section, reads);
        } else if (auto* instr = std::get_if<Instr>(&step.v)) {
            instr->each_operand([&](const TileOperand& operand, bool copied) {
                Reads& r = reads[operand.tiles.channel.v];
                (copied ? r.copied : r.computed) = true;
                r.keeps_bits |= section && !rounds_at_once(*section);
            });
        }
    }
}

// Only scaling, clipping and rounding to 16 bits: dropping bits below the result's does no harm.
bool Placer::rounds_at_once(const Section& section) const {
    for (const Output& output : section.outputs)
        if (tensix::element_bits(channels_[output.to.channel].channel.format) > 16) return false;
    for (const Step& step : section.steps) {
        const auto* instr = std::get_if<Instr>(&step.v);
        if (!instr) return false;
        if (instr->op != tensix::OpCode::copy_tile && instr->op != tensix::OpCode::mul_unary_tile &&
            instr->op != tensix::OpCode::relu_tile)
            return false;
    }
    return true;
}

// A 32-bit channel that copy_tile alone reads goes straight to DST and keeps its bits.
void Placer::unpack_modes() {
    std::map<uint32_t, Reads> reads;
    note_reads(out_.residents, nullptr, reads);
    note_reads(out_.steps, nullptr, reads);
    for (const auto& [channel, r] : reads) {
        prog::Channel& c = channels_[ChannelId(channel)].channel;
        if (tensix::element_bits(c.format) != 32 || !r.copied) continue;
        const bool integer = tensix::is_integer(c.format);
        if (r.computed) {
            if (r.keeps_bits && !integer)
                out_.remarks.push_back(c.name + " is read by the FPU too: its fp32 values keep 10 mantissa bits");
            continue;
        }
        if (integer || (r.keeps_bits && target_.precision != Precision::Fast)) c.unpack = prog::UnpackMode::ToDest;
    }
}

}  // namespace tilelang_tt::placed
