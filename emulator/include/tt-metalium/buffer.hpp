// A buffer on one device, interleaved over the banks of its memory.
#pragma once

#include <cstdint>

#include <tt-metalium/buffer_types.hpp>
#include <tt-metalium/core_coord.hpp>

namespace tt::tt_metal {

class Buffer {
  public:
    Buffer(DeviceAddr address, DeviceAddr size, DeviceAddr page_size, DeviceAddr aligned_page_size, BufferType type)
        : address_(address), size_(size), page_size_(page_size), aligned_page_size_(aligned_page_size), type_(type) {}
    uint32_t address() const { return static_cast<uint32_t>(address_); }
    DeviceAddr size() const { return size_; }
    DeviceAddr page_size() const { return page_size_; }
    DeviceAddr aligned_page_size() const { return aligned_page_size_; }
    uint32_t num_pages() const { return static_cast<uint32_t>(size_ / page_size_); }
    BufferType buffer_type() const { return type_; }
    bool is_dram() const { return type_ == BufferType::DRAM; }
    bool is_l1() const { return type_ == BufferType::L1; }

  private:
    DeviceAddr address_, size_, page_size_, aligned_page_size_;
    BufferType type_;
};

}  // namespace tt::tt_metal
