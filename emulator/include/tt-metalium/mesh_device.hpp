// One emulated chip behind the interface of a mesh of devices. Which chip: TILELANG_TT_EMULATOR_BOARD (n150, n300,
// p100, p150; default: the default board of $ARCH_NAME, else n150), TILELANG_TT_EMULATOR_GRID (e.g. 4x2),
// TILELANG_TT_EMULATOR_NUMERICS (exact, fast).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <tt-metalium/device.hpp>
#include <tt-metalium/mesh_coord.hpp>
#include <tt-metalium/program.hpp>

namespace tt_emulator {
class Device;
}

namespace tt::tt_metal::distributed {

class MeshCommandQueue;

class TT_EMULATOR_HOST MeshDevice : public std::enable_shared_from_this<MeshDevice> {
  public:
    static std::shared_ptr<MeshDevice> create_unit_mesh(int device_id);
    ~MeshDevice();
    MeshDevice(const MeshDevice&) = delete;
    MeshDevice& operator=(const MeshDevice&) = delete;

    MeshCommandQueue& mesh_command_queue(std::optional<uint8_t> cq_id = std::nullopt) const;
    MeshShape shape() const { return {1, 1}; }
    std::size_t num_devices() const { return 1; }
    tt::ARCH arch() const;
    int id() const { return 0; }
    CoreCoord compute_with_storage_grid_size() const;
    CoreCoord logical_grid_size() const { return compute_with_storage_grid_size(); }
    CoreCoord worker_core_from_logical_core(const CoreCoord& logical_core) const;
    std::vector<CoreCoord> worker_cores_from_logical_cores(const std::vector<CoreCoord>& logical_cores) const;
    int num_dram_channels() const;
    uint32_t l1_size_per_core() const;
    bool close();

    tt_emulator::Device& emulated() const;

  private:
    MeshDevice();
    std::unique_ptr<tt_emulator::Device> device_;
    std::unique_ptr<MeshCommandQueue> queue_;
};

}  // namespace tt::tt_metal::distributed
