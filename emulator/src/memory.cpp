#include "emulator/src/memory.h"

#include <sys/mman.h>

#include <cstring>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

namespace tt_emulator {
namespace {

uint64_t align_up(uint64_t value, uint64_t alignment) { return (value + alignment - 1) / alignment * alignment; }

}  // namespace

Mapping::~Mapping() {
    if (data_) munmap(data_, size_);
}

void Mapping::reserve(size_t bytes, bool low) {
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    if (!low) {
        void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
        if (p == MAP_FAILED)
            throw RunError("resource", "cannot reserve " + std::to_string(bytes) +
                                           " bytes of address space for the chip's DRAM; raise the limit (ulimit -v)");
        data_ = static_cast<std::byte*>(p);
    } else {
        // Kernels keep addresses in 32 bits, so L1 lies where a host address fits: try every 16 MB.
        for (uint64_t at = 0x20000000; at + bytes < 0xffff0000ull && !data_; at += 16u << 20) {
            void* p =
                mmap(reinterpret_cast<void*>(at), bytes, PROT_READ | PROT_WRITE, flags | MAP_FIXED_NOREPLACE, -1, 0);
            if (p == MAP_FAILED) continue;
            if (reinterpret_cast<uint64_t>(p) != at) {  // a kernel that does not know the flag took it for a hint
                munmap(p, bytes);
                continue;
            }
            data_ = static_cast<std::byte*>(p);
        }
        if (!data_)
            throw RunError("resource", "no free " + std::to_string(bytes >> 20) +
                                           " MB below 4 GB for the cores' L1; use a smaller grid");
    }
    size_ = bytes;
}

Memory::Memory(const tensix::DeviceSpec& spec, uint32_t cores) : spec_(spec), cores_(cores) {
    l1_.reserve(static_cast<size_t>(cores) * kL1SlotBytes, true);
    // Beyond a core's L1 nothing may be touched.
    const size_t used = align_up(spec.l1_bytes, 65536);
    for (uint32_t core = 0; core < cores; ++core) mprotect(l1(core) + used, kL1SlotBytes - used, PROT_NONE);
    bank_stride_ = spec.dram_bank_bytes;
    dram_.reserve(bank_stride_ * spec.dram_banks, false);
}

int Memory::core_of(const void* address) const {
    const auto* p = static_cast<const std::byte*>(address);
    if (p < l1_.data() || p >= l1_.data() + l1_.size()) return -1;
    return static_cast<int>((p - l1_.data()) / kL1SlotBytes);
}

Buffer& Memory::allocate(uint64_t size, uint32_t page_size, bool in_dram, const std::string& name) {
    if (page_size == 0 || size == 0 || size % page_size != 0)
        throw RunError("usage", "buffer " + name + ": size " + std::to_string(size) +
                                    " must be a positive multiple of the page size " + std::to_string(page_size));
    Buffer buffer;
    buffer.size = size;
    buffer.page_size = page_size;
    buffer.dram = in_dram;
    buffer.aligned_page_size =
        static_cast<uint32_t>(align_up(page_size, in_dram ? spec_.dram_read_alignment : spec_.l1_alignment));
    buffer.pages = size / page_size;
    buffer.banks = in_dram ? spec_.dram_banks : cores_;
    buffer.name = name;
    auto& buffers = in_dram ? dram_buffers_ : l1_buffers_;
    const uint64_t need = buffer.bank_bytes();
    const uint64_t alignment = spec_.dram_read_alignment;
    if (in_dram) {  // first fit from below
        uint64_t at = spec_.dram_base;
        for (const auto& [address, other] : buffers) {
            if (at + need <= address) break;
            at = align_up(address + other.bank_bytes(), alignment);
        }
        if (at + need > spec_.dram_bank_bytes)
            throw RunError("resource", "DRAM is full: buffer " + name + " needs " + std::to_string(need) +
                                           " bytes in each of " + std::to_string(spec_.dram_banks) + " banks of " +
                                           std::to_string(spec_.dram_bank_bytes));
        buffer.address = at;
    } else {  // from above, circular buffers come from below
        uint64_t top = spec_.l1_bytes / alignment * alignment;
        for (auto it = buffers.rbegin(); it != buffers.rend(); ++it) {
            if (it->first + it->second.bank_bytes() + need <= top) break;
            top = it->first;
        }
        if (top < need || (top - need) / alignment * alignment < spec_.l1_base)
            throw RunError("resource", "L1 is full: buffer " + name + " needs " + std::to_string(need) +
                                           " bytes on every core of " + std::to_string(spec_.l1_usable_bytes));
        buffer.address = (top - need) / alignment * alignment;
    }
    for (uint32_t bank = 0; bank < buffer.banks; ++bank)
        if (const uint64_t bytes = buffer.pages_in(bank) * buffer.aligned_page_size)
            std::memset((in_dram ? dram(bank) : l1(bank)) + buffer.address, kPoison, bytes);
    return buffers[buffer.address] = std::move(buffer);
}

void Memory::release(uint64_t address, bool in_dram) {
    at(address, in_dram);
    (in_dram ? dram_buffers_ : l1_buffers_).erase(address);
}

Buffer* Memory::find(uint64_t address, bool in_dram) {
    auto& buffers = in_dram ? dram_buffers_ : l1_buffers_;
    auto it = buffers.upper_bound(address);
    if (it == buffers.begin()) return nullptr;
    --it;
    return address < it->first + it->second.bank_bytes() ? &it->second : nullptr;
}

Buffer& Memory::at(uint64_t address, bool in_dram) {
    auto& buffers = in_dram ? dram_buffers_ : l1_buffers_;
    const auto it = buffers.find(address);
    if (it == buffers.end())
        throw RunError("usage", "no " + std::string(in_dram ? "DRAM" : "L1") + " buffer begins at address " +
                                    std::to_string(address));
    return it->second;
}

std::byte* Memory::page(const Buffer& buffer, uint64_t page) const {
    const auto bank = static_cast<uint32_t>(page % buffer.banks);
    return (buffer.dram ? dram(bank) : l1(bank)) + buffer.address + page / buffer.banks * buffer.aligned_page_size;
}

uint32_t Memory::l1_buffers_from() const {
    return l1_buffers_.empty() ? spec_.l1_bytes : static_cast<uint32_t>(l1_buffers_.begin()->first);
}

std::string Memory::nearest(uint64_t address, bool in_dram) const {
    const auto& buffers = in_dram ? dram_buffers_ : l1_buffers_;
    auto it = buffers.upper_bound(address);
    if (it == buffers.begin()) return "no buffer lies below it";
    --it;
    return "the nearest buffer below is " + (it->second.name.empty() ? "unnamed" : it->second.name) + " at " +
           std::to_string(it->first) + " with " + std::to_string(it->second.bank_bytes()) + " bytes per bank";
}

}  // namespace tt_emulator
