// A 16-bit number with the exponent of a float; conversions from float round to nearest even.
#pragma once

#include <bit>
#include <cstdint>

class bfloat16 {
  public:
    bfloat16() = default;
    bfloat16(float value) {
        const uint32_t bits = std::bit_cast<uint32_t>(value);
        const bool nan = (bits & 0x7fffffff) > 0x7f800000;
        bits_ = static_cast<uint16_t>(nan ? (bits >> 16) | 0x40 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    }
    bfloat16(double value) : bfloat16(static_cast<float>(value)) {}
    bfloat16(int value) : bfloat16(static_cast<float>(value)) {}
    static bfloat16 from_bits(uint16_t bits) {
        bfloat16 out;
        out.bits_ = bits;
        return out;
    }
    operator float() const { return std::bit_cast<float>(uint32_t{bits_} << 16); }
    uint16_t to_packed() const { return bits_; }
    bool operator==(const bfloat16& other) const { return bits_ == other.bits_; }

  private:
    uint16_t bits_ = 0;
};
static_assert(sizeof(bfloat16) == 2);
