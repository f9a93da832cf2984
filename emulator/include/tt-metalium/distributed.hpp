#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <tt-metalium/mesh_buffer.hpp>
#include <tt-metalium/mesh_command_queue.hpp>
#include <tt-metalium/mesh_coord.hpp>
#include <tt-metalium/mesh_device.hpp>
#include <tt-metalium/mesh_workload.hpp>

namespace tt::tt_metal::distributed {

inline void EnqueueMeshWorkload(MeshCommandQueue& mesh_cq, MeshWorkload& mesh_workload, bool blocking) {
    mesh_cq.enqueue_mesh_workload(mesh_workload, blocking);
}
template <typename DType>
void EnqueueWriteMeshBuffer(MeshCommandQueue& mesh_cq, const std::shared_ptr<MeshBuffer>& mesh_buffer,
                            const std::vector<DType>& src, bool blocking = false) {
    if (src.size() * sizeof(DType) < mesh_buffer->size())
        throw std::invalid_argument("EnqueueWriteMeshBuffer: " + std::to_string(src.size() * sizeof(DType)) +
                                    " bytes given for a buffer of " + std::to_string(mesh_buffer->size()));
    mesh_cq.enqueue_write_mesh_buffer(mesh_buffer, src.data(), blocking);
}
template <typename DType>
void EnqueueReadMeshBuffer(MeshCommandQueue& mesh_cq, std::vector<DType>& dst,
                           const std::shared_ptr<MeshBuffer>& mesh_buffer, bool blocking = true) {
    dst.resize(mesh_buffer->size() / sizeof(DType));
    mesh_cq.enqueue_read_mesh_buffer(dst.data(), mesh_buffer, blocking);
}
template <typename DType>
void WriteShard(MeshCommandQueue& mesh_cq, const std::shared_ptr<MeshBuffer>& mesh_buffer, std::vector<DType>& src,
                const MeshCoordinate&, bool blocking = false) {
    EnqueueWriteMeshBuffer(mesh_cq, mesh_buffer, src, blocking);
}
template <typename DType>
void ReadShard(MeshCommandQueue& mesh_cq, std::vector<DType>& dst, const std::shared_ptr<MeshBuffer>& mesh_buffer,
               const MeshCoordinate&, bool blocking = true) {
    EnqueueReadMeshBuffer(mesh_cq, dst, mesh_buffer, blocking);
}
inline void Finish(MeshCommandQueue& mesh_cq) { mesh_cq.finish(); }

}  // namespace tt::tt_metal::distributed
