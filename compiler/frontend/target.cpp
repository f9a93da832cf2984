#include "compiler/frontend/target.h"

#include <link.h>
#include <tvm/ffi/container/array.h>
#include <tvm/ffi/container/map.h>
#include <tvm/ffi/error.h>
#include <tvm/target/target_kind.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <initializer_list>
#include <string_view>

#include "tensix/device.h"

namespace tilelang_tt::frontend {
namespace {

namespace ffi = tvm::ffi;
using Options = ffi::Map<ffi::String, ffi::Any>;

std::string read(const Options& options, const char* key) {
    const auto value = options.Get(key);
    return value ? std::string(value->cast<ffi::String>()) : std::string();
}

std::string choice(const Options& options, const char* key, std::initializer_list<std::string_view> allowed) {
    const std::string value = read(options, key);
    if (value.empty()) return std::string(*allowed.begin());
    if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
        std::string list;
        for (std::string_view each : allowed) list += (list.empty() ? "" : ", ") + std::string(each);
        TVM_FFI_THROW(ValueError) << "target tenstorrent: " << key << "=" << value << " is not one of " << list;
    }
    return value;
}

// Fills in and checks every option, so that str(target) names all that the generated code depends on: TileLang's disk
// cache is keyed by it. Idempotent.
Options canonicalize(Options options) {
    const std::string arch = read(options, "arch"), board = read(options, "board");
    const tensix::DeviceSpec* device = nullptr;
    try {
        device = &tensix::find_device(arch, board);
    } catch (const std::invalid_argument& error) {
        TVM_FFI_THROW(ValueError) << "target tenstorrent: " << error.what();
    }
    options.Set("arch", ffi::String(device->arch));
    options.Set("board", ffi::String(device->board));
    ffi::Array<int64_t> grid{device->grid.x, device->grid.y};
    if (const auto given = options.Get("grid")) {
        grid = given->cast<ffi::Array<int64_t>>();
        if (grid.size() != 2)
            TVM_FFI_THROW(ValueError) << "target tenstorrent: grid needs two numbers, cores in x and y, not "
                                      << grid.size();
        if (grid[0] < 1 || grid[1] < 1 || grid[0] > device->grid.x || grid[1] > device->grid.y)
            TVM_FFI_THROW(ValueError) << "target tenstorrent: grid " << grid[0] << "x" << grid[1]
                                      << " does not fit board " << device->board << ", which has " << device->grid.x
                                      << "x" << device->grid.y << " worker cores";
    }
    options.Set("grid", grid);
    options.Set("precision", ffi::String(choice(options, "precision", {"default", "exact", "fast"})));
    options.Set("fidelity", ffi::String(choice(options, "fidelity", {"auto", "LoFi", "HiFi2", "HiFi3", "HiFi4"})));
    options.Set("multicast", ffi::String(choice(options, "multicast", {"auto", "off"})));
    options.Set("numerics", ffi::String(choice(options, "numerics", {"fast", "exact"})));
    options.Set("device", ffi::String(choice(options, "device", {"emulator", "reference"})));
    options.Set("build", ffi::String(build_id()));
    return options;
}

int find_build_id(dl_phdr_info* info, size_t, void* result) {
    const auto self = reinterpret_cast<ElfW(Addr)>(&find_build_id);
    bool ours = false;
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const auto& segment = info->dlpi_phdr[i];
        const ElfW(Addr) begin = info->dlpi_addr + segment.p_vaddr;
        ours |= segment.p_type == PT_LOAD && self >= begin && self < begin + segment.p_memsz;
    }
    if (!ours) return 0;
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const auto& segment = info->dlpi_phdr[i];
        if (segment.p_type != PT_NOTE) continue;
        const char* at = reinterpret_cast<const char*>(info->dlpi_addr + segment.p_vaddr);
        const char* end = at + segment.p_memsz;
        while (at + sizeof(ElfW(Nhdr)) <= end) {
            ElfW(Nhdr) note;
            std::memcpy(&note, at, sizeof note);
            const char* name = at + sizeof note;
            const char* bytes = name + (note.n_namesz + 3) / 4 * 4;
            if (note.n_type == NT_GNU_BUILD_ID) {
                static constexpr char kHex[] = "0123456789abcdef";
                auto& id = *static_cast<std::string*>(result);
                for (unsigned k = 0; k < note.n_descsz; ++k) {
                    const auto byte = static_cast<unsigned char>(bytes[k]);
                    id += kHex[byte >> 4];
                    id += kHex[byte & 15];
                }
                return 1;
            }
            at = bytes + (note.n_descsz + 3) / 4 * 4;
        }
    }
    return 1;
}

}  // namespace

const std::string& build_id() {
    static const std::string id = [] {
        std::string found;
        dl_iterate_phdr(find_build_id, &found);
        return found;
    }();
    return id;
}

TargetOptions target_options(const tvm::Target& target) {
    const auto text = [&](const char* key) { return std::string(target->GetAttr<ffi::String>(key).value()); };
    const auto grid = target->GetAttr<ffi::Array<int64_t>>("grid").value();
    return {text("arch"),     text("board"),     grid[0],          grid[1],       text("precision"),
            text("fidelity"), text("multicast"), text("numerics"), text("device")};
}

Target TargetOptions::target() const {
    Target result;
    result.device = &tensix::find_device(arch, board);
    result.grid_x = static_cast<int>(grid_x);
    result.grid_y = static_cast<int>(grid_y);
    result.precision = precision == "exact"  ? Precision::Exact
                       : precision == "fast" ? Precision::Fast
                                             : Precision::Default;
    result.fidelity = tensix::parse_math_fidelity(fidelity);  // none for "auto"
    result.multicast = multicast != "off";
    return result;
}

}  // namespace tilelang_tt::frontend

namespace tvm {                                  // the macro's names are unqualified
TVM_REGISTER_TARGET_KIND("tenstorrent", kDLCPU)  // arguments live in host memory
    .add_attr_option<ffi::String>("arch")
    .add_attr_option<ffi::String>("board")
    .add_attr_option<ffi::Array<int64_t>>("grid")
    .add_attr_option<ffi::String>("precision")
    .add_attr_option<ffi::String>("fidelity")
    .add_attr_option<ffi::String>("multicast")
    .add_attr_option<ffi::String>("numerics")
    .add_attr_option<ffi::String>("build")
    .set_default_keys({"tenstorrent"})
    .set_target_canonicalizer(tilelang_tt::frontend::canonicalize);
}  // namespace tvm
