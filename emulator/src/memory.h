// L1 of all cores and the DRAM banks, with the buffers allocated in them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "emulator/include/tt_emulator/emulator.h"
#include "tensix/device.h"

namespace tt_emulator {

inline constexpr uint32_t kL1SlotBytes = 2u << 20;
// Fills what nobody has written: NaN in bf16, fp16 and fp32, -1 as an integer.
inline constexpr int kPoison = 0xff;

// Reserved address space, committed when touched.
class Mapping {
  public:
    Mapping() = default;
    ~Mapping();
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    // Throws RunError if there is no room. Below 4 GB and 2 MB-aligned if `low`.
    void reserve(size_t bytes, bool low);
    std::byte* data() const { return data_; }
    size_t size() const { return size_; }

  private:
    std::byte* data_ = nullptr;
    size_t size_ = 0;
};

// A buffer whose pages are dealt round over the banks: DRAM banks, or the L1 of all worker cores.
struct Buffer : BufferInfo {
    uint32_t banks = 0;
    uint64_t bank_bytes() const { return (pages + banks - 1) / banks * aligned_page_size; }
    uint64_t pages_in(uint32_t bank) const { return pages / banks + (bank < pages % banks); }
    // Who wrote each 16 bytes in the present launch, by bank: 1 + index of the core; 0 nobody; kByByte: see
    // byte_writers (by bank and number of the 16 bytes). Sized at the first write.
    static constexpr uint16_t kByByte = 0xffff;
    std::vector<std::vector<uint16_t>> writers;
    std::map<std::pair<uint32_t, uint64_t>, std::array<uint16_t, 16>> byte_writers;
    uint64_t writers_epoch = 0;
};

class Memory {
  public:
    explicit Memory(const tensix::DeviceSpec& spec, uint32_t cores);

    std::byte* l1(uint32_t core) const { return l1_.data() + static_cast<size_t>(core) * kL1SlotBytes; }
    std::byte* dram(uint32_t bank) const { return dram_.data() + bank * bank_stride_; }
    // The core whose L1 slot holds a host address; -1 if none.
    int core_of(const void* address) const;
    uint32_t cores() const { return cores_; }

    Buffer& allocate(uint64_t size, uint32_t page_size, bool in_dram, const std::string& name);
    void release(uint64_t address, bool in_dram);
    // The buffer that covers a bank address, or null.
    Buffer* find(uint64_t address, bool in_dram);
    Buffer& at(uint64_t address, bool in_dram);  // by its first address; throws RunError
    // Host address of a byte of page `page`.
    std::byte* page(const Buffer& buffer, uint64_t page) const;
    // First L1 offset above which L1 buffers lie, for the limit of circular buffers.
    uint32_t l1_buffers_from() const;
    std::string nearest(uint64_t address, bool in_dram) const;  // for messages

  private:
    const tensix::DeviceSpec& spec_;
    uint32_t cores_;
    Mapping l1_, dram_;
    uint64_t bank_stride_ = 0;
    std::map<uint64_t, Buffer> dram_buffers_, l1_buffers_;
};

}  // namespace tt_emulator
