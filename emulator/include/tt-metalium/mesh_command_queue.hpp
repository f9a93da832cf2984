// Commands run at once and in order: nothing is left to wait for.
#pragma once

#include <memory>

#include <tt-metalium/mesh_buffer.hpp>
#include <tt-metalium/mesh_workload.hpp>

namespace tt::tt_metal::distributed {

class TT_EMULATOR_HOST MeshCommandQueue {
  public:
    explicit MeshCommandQueue(MeshDevice& device) : device_(device) {}
    MeshDevice* device() const { return &device_; }
    void enqueue_write_mesh_buffer(const std::shared_ptr<MeshBuffer>& buffer, const void* host_data, bool blocking);
    void enqueue_read_mesh_buffer(void* host_data, const std::shared_ptr<MeshBuffer>& buffer, bool blocking);
    // Throws std::runtime_error with the emulator's report if a program fails.
    void enqueue_mesh_workload(MeshWorkload& workload, bool blocking);
    void finish() {}

  private:
    MeshDevice& device_;
};

}  // namespace tt::tt_metal::distributed
