// Buffers of a mesh: on a mesh of one, one interleaved buffer.
#pragma once

#include <memory>
#include <optional>
#include <variant>

#include <tt-metalium/buffer.hpp>
#include <tt-metalium/mesh_device.hpp>

namespace tt::tt_metal::distributed {

struct DeviceLocalBufferConfig {
    DeviceAddr page_size = 0;
    BufferType buffer_type = BufferType::DRAM;
    std::optional<bool> bottom_up = std::nullopt;
};
struct ReplicatedBufferConfig {
    DeviceAddr size = 0;
};
using MeshBufferConfig = std::variant<ReplicatedBufferConfig>;

class TT_EMULATOR_HOST MeshBuffer {
  public:
    static std::shared_ptr<MeshBuffer> create(const MeshBufferConfig& mesh_buffer_config,
                                              const DeviceLocalBufferConfig& device_local_config,
                                              MeshDevice* mesh_device,
                                              std::optional<DeviceAddr> address = std::nullopt);
    ~MeshBuffer();
    MeshBuffer(const MeshBuffer&) = delete;
    MeshBuffer& operator=(const MeshBuffer&) = delete;

    MeshDevice* device() const { return device_.get(); }
    DeviceAddr size() const { return buffer_.size(); }
    DeviceAddr address() const { return buffer_.address(); }
    uint32_t page_size() const { return static_cast<uint32_t>(buffer_.page_size()); }
    uint32_t num_pages() const { return buffer_.num_pages(); }
    Buffer* get_reference_buffer() const { return &buffer_; }
    Buffer* get_backing_buffer() const { return &buffer_; }
    Buffer* get_device_buffer(const MeshCoordinate&) const { return &buffer_; }

  private:
    MeshBuffer(std::shared_ptr<MeshDevice> device, const Buffer& buffer);
    std::shared_ptr<MeshDevice> device_;
    mutable Buffer buffer_;
};

}  // namespace tt::tt_metal::distributed
