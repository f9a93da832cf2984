// Size, page size and format of circular buffers; several indices share the bytes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include <tt-metalium/circular_buffer_constants.h>
#include <tt-metalium/buffer.hpp>
#include <tt-metalium/tt_backend_api_types.hpp>

namespace tt {

enum CBIndex : std::uint8_t {
    c_0 = 0,
    c_1,
    c_2,
    c_3,
    c_4,
    c_5,
    c_6,
    c_7,
    c_8,
    c_9,
    c_10,
    c_11,
    c_12,
    c_13,
    c_14,
    c_15,
    c_16,
    c_17,
    c_18,
    c_19,
    c_20,
    c_21,
    c_22,
    c_23,
    c_24,
    c_25,
    c_26,
    c_27,
    c_28,
    c_29,
    c_30,
    c_31,
    c_32,
    c_33,
    c_34,
    c_35,
    c_36,
    c_37,
    c_38,
    c_39,
    c_40,
    c_41,
    c_42,
    c_43,
    c_44,
    c_45,
    c_46,
    c_47,
    c_48,
    c_49,
    c_50,
    c_51,
    c_52,
    c_53,
    c_54,
    c_55,
    c_56,
    c_57,
    c_58,
    c_59,
    c_60,
    c_61,
    c_62,
    c_63,
    SIZE = 64
};

}  // namespace tt

namespace tt::tt_metal {

using CBHandle = uintptr_t;

class CircularBufferConfig {
  public:
    explicit CircularBufferConfig(uint32_t total_size) : total_size_(total_size) {}
    CircularBufferConfig(uint32_t total_size, const std::map<uint8_t, tt::DataFormat>& data_format_spec)
        : total_size_(total_size), formats_(data_format_spec) {}
    CircularBufferConfig(uint32_t total_size, const std::map<uint8_t, tt::DataFormat>& data_format_spec,
                         const Buffer& buffer)
        : total_size_(total_size), formats_(data_format_spec), address_(buffer.address()) {}

    CircularBufferConfig& set_page_size(uint8_t buffer_index, uint32_t page_size) {
        page_sizes_[buffer_index] = page_size;
        return *this;
    }
    CircularBufferConfig& set_total_size(uint32_t total_size) {
        total_size_ = total_size;
        return *this;
    }
    CircularBufferConfig& set_globally_allocated_address(const Buffer& buffer) {
        address_ = buffer.address();
        return *this;
    }

    class Builder {
      public:
        Builder(CircularBufferConfig& parent, uint8_t index) : parent_(parent), index_(index) {}
        const Builder& set_data_format(tt::DataFormat format) const {
            parent_.formats_[index_] = format;
            return *this;
        }
        const Builder& set_page_size(uint32_t page_size) const {
            parent_.page_sizes_[index_] = page_size;
            return *this;
        }
        const Builder& set_total_size(uint32_t total_size) const {
            parent_.total_size_ = total_size;
            return *this;
        }

      private:
        CircularBufferConfig& parent_;
        uint8_t index_;
    };
    Builder index(uint8_t buffer_index) { return {*this, buffer_index}; }

    uint32_t total_size() const { return total_size_; }
    std::optional<uint32_t> globally_allocated_address() const { return address_; }
    const std::map<uint8_t, tt::DataFormat>& formats() const { return formats_; }
    const std::map<uint8_t, uint32_t>& page_sizes() const { return page_sizes_; }

  private:
    uint32_t total_size_;
    std::map<uint8_t, tt::DataFormat> formats_;
    std::map<uint8_t, uint32_t> page_sizes_;
    std::optional<uint32_t> address_;
};

}  // namespace tt::tt_metal
