#include "tensix/device.h"

#include <cctype>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "tensix/devices/embedded.h"

namespace tensix {
namespace {

// Reads the subset of JSON that the device files use: objects, arrays, numbers, strings.
struct Json {
    std::vector<std::string> keys;  // of an object's items
    std::vector<Json> items;
    std::string text;  // strings and numbers
    bool is_number = false;

    const Json* find(std::string_view key) const {
        for (size_t i = 0; i < keys.size(); ++i)
            if (keys[i] == key) return &items[i];
        return nullptr;
    }
    std::string string(std::string_view key) const {
        const Json* value = find(key);
        return value ? value->text : std::string();
    }
};

class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}
    Json value() {
        skip();
        Json out;
        const char c = peek();
        if (c == '{') {
            ++at_;
            while (next_item('}')) {
                std::string key = string();
                expect(':');
                out.keys.push_back(std::move(key));
                out.items.push_back(value());
            }
        } else if (c == '[') {
            ++at_;
            while (next_item(']')) out.items.push_back(value());
        } else if (c == '"') {
            out.text = string();
        } else {
            const size_t from = at_;
            while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '-' ||
                                          text_[at_] == '+' || text_[at_] == '.'))
                ++at_;
            if (at_ == from) fail("a value");
            out.text = text_.substr(from, at_ - from);
            out.is_number = true;
        }
        return out;
    }

  private:
    [[noreturn]] void fail(const char* expected) {
        throw std::runtime_error("device file: expected " + std::string(expected) + " at byte " + std::to_string(at_));
    }
    char peek() { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip() {
        while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    }
    void expect(char c) {
        skip();
        if (peek() != c) fail(std::string(1, c).c_str());
        ++at_;
    }
    bool next_item(char close) {
        skip();
        if (peek() == ',') ++at_;
        skip();
        if (peek() == close) {
            ++at_;
            return false;
        }
        if (at_ >= text_.size()) fail("the end of an object or array");
        return true;
    }
    std::string string() {
        skip();
        expect('"');
        std::string out;
        while (peek() != '"') {
            if (at_ >= text_.size()) fail("the end of a string");
            if (peek() == '\\') ++at_;
            out += text_[at_++];
        }
        ++at_;
        return out;
    }

    std::string_view text_;
    size_t at_ = 0;
};

void flatten(const Json& value, std::vector<double>& out) {
    if (value.is_number) out.push_back(std::strtod(value.text.c_str(), nullptr));
    for (const Json& item : value.items) flatten(item, out);
}

void read_figures(const Json& object, std::map<std::string, Figure, std::less<>>& out) {
    for (size_t i = 0; i < object.keys.size(); ++i) {
        const Json& entry = object.items[i];
        Figure figure;
        if (const Json* value = entry.find("value")) flatten(*value, figure.values);
        figure.unit = entry.string("unit");
        figure.kind = entry.string("kind");
        figure.source = entry.string("source");
        figure.note = entry.string("note");
        out[object.keys[i]] = std::move(figure);
    }
}

std::vector<double> list(const DeviceSpec& spec, std::string_view name) {
    spec.figure(name);
    return spec.figures.find(name)->second.values;
}

std::vector<uint32_t> integers(const DeviceSpec& spec, std::string_view name) {
    std::vector<uint32_t> out;
    for (double value : list(spec, name)) out.push_back(static_cast<uint32_t>(value));
    return out;
}

Coord coord(const DeviceSpec& spec, std::string_view name) {
    const std::vector<uint32_t> v = integers(spec, name);
    return {v.at(0), v.at(1)};
}

DeviceSpec make(const Json& arch, const std::string& board, const Json& overrides) {
    DeviceSpec spec;
    spec.arch = arch.string("arch");
    spec.board = board;
    read_figures(*arch.find("figures"), spec.figures);
    read_figures(overrides, spec.figures);
    auto integer = [&](std::string_view name) { return static_cast<uint32_t>(spec.figure(name)); };
    spec.grid = coord(spec, "grid");
    spec.chips = integer("chips");
    spec.clock_mhz = integer("clock_mhz");
    spec.worker_x = integers(spec, "worker_virtual_x");
    spec.worker_y = integers(spec, "worker_virtual_y");
    spec.physical_x = integers(spec, "worker_physical_x");
    spec.physical_y = integers(spec, "worker_physical_y");
    spec.noc_grid = coord(spec, "noc_grid");
    spec.dram_banks = integer("dram_banks");
    for (int noc = 0; noc < 2; ++noc) {
        const std::vector<uint32_t> flat = integers(spec, noc == 0 ? "dram_noc0" : "dram_noc1");
        for (size_t i = 0; i + 1 < flat.size() && spec.dram_noc[noc].size() < spec.dram_banks; i += 2)
            spec.dram_noc[noc].push_back({flat[i], flat[i + 1]});
    }
    spec.l1_bytes = integer("l1_bytes");
    spec.l1_base = integer("l1_base");
    spec.l1_usable_bytes = integer("l1_usable_bytes");
    spec.l1_alignment = integer("l1_alignment");
    spec.dram_bank_bytes = static_cast<uint64_t>(spec.figure("dram_bank_bytes"));
    spec.dram_base = static_cast<uint64_t>(spec.figure("dram_base"));
    spec.dram_read_alignment = integer("dram_read_alignment");
    spec.dram_write_alignment = integer("dram_write_alignment");
    spec.dram_peak_gbps = spec.figure("dram_peak_gbps");
    spec.noc_flit_bytes = integer("noc_flit_bytes");
    spec.noc_burst_bytes = integer("noc_burst_bytes");
    spec.circular_buffers = integer("circular_buffers");
    spec.semaphores = integer("semaphores");
    spec.runtime_args = integer("runtime_args");
    spec.dst_tiles_16bit = integer("dst_tiles_16bit");
    spec.dst_tiles_32bit = integer("dst_tiles_32bit");
    spec.matmul_cycles[0] = integer("matmul_cycles_lofi");
    spec.matmul_cycles[1] = integer("matmul_cycles_hifi2");
    spec.matmul_cycles[2] = integer("matmul_cycles_hifi3");
    spec.matmul_cycles[3] = integer("matmul_cycles_hifi4");
    return spec;
}

std::vector<DeviceSpec> load() {
    std::vector<DeviceSpec> out;
    for (std::string_view text : kDeviceFiles) {
        const Json arch = Reader(text).value();
        const Json& boards = *arch.find("boards");
        for (size_t i = 0; i < boards.keys.size(); ++i) out.push_back(make(arch, boards.keys[i], boards.items[i]));
    }
    return out;
}

}  // namespace

double DeviceSpec::figure(std::string_view name) const {
    const auto it = figures.find(name);
    if (it == figures.end() || it->second.values.empty())
        throw std::out_of_range("device " + arch + "/" + board + " has no figure \"" + std::string(name) + "\"");
    return it->second.values[0];
}

const std::vector<DeviceSpec>& devices() {
    static const std::vector<DeviceSpec> all = load();
    return all;
}

const DeviceSpec& find_device(std::string_view arch, std::string_view board) {
    if (arch == "wormhole") arch = "wormhole_b0";
    std::string known;
    for (const DeviceSpec& device : devices()) {
        if ((arch.empty() || device.arch == arch) && (board.empty() || device.board == board)) return device;
        known += (known.empty() ? "" : ", ") + device.arch + "/" + device.board;
    }
    throw std::invalid_argument("no device with arch \"" + std::string(arch) + "\" and board \"" + std::string(board) +
                                "\"; known are " + known);
}

}  // namespace tensix
