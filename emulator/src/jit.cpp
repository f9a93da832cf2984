#include "emulator/src/jit.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include "emulator/src/core.h"
#include "tensix/formats.h"

extern char** environ;

namespace tt_emulator {
namespace {

namespace fs = std::filesystem;

// --- Hashing --------------------------------------------------------------------------------------------------------

struct Hash {
    uint64_t a = 0xcbf29ce484222325ull, b = 0x9ae16a3b2f90404full;
    void add(const void* data, size_t size) {
        const auto* p = static_cast<const unsigned char*>(data);
        for (size_t i = 0; i < size; ++i) {
            a = (a ^ p[i]) * 0x100000001b3ull;
            b = (b + p[i]) * 0xff51afd7ed558ccdull;
            b ^= b >> 29;
        }
    }
    void add(const std::string& text) {
        const uint64_t size = text.size();
        add(&size, sizeof size);
        add(text.data(), text.size());
    }
    std::string hex() const {
        char out[33];
        std::snprintf(out, sizeof out, "%016llx%016llx", static_cast<unsigned long long>(a),
                      static_cast<unsigned long long>(b));
        return out;
    }
};

std::string read_file(const fs::path& path, bool* ok = nullptr) {
    std::ifstream in(path, std::ios::binary);
    if (ok) *ok = static_cast<bool>(in);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

// --- Where things are -----------------------------------------------------------------------------------------------

fs::path library_path() {
    Dl_info info{};
    if (!dladdr(reinterpret_cast<const void*>(&library_path), &info) || !info.dli_fname) return {};
    std::error_code error;
    fs::path path = fs::weakly_canonical(info.dli_fname, error);
    return error ? fs::path(info.dli_fname) : path;
}

const fs::path& include_directory() {
    static const fs::path found = [] {
        std::vector<fs::path> candidates;
        if (const char* given = std::getenv("TILELANG_TT_EMULATOR_INCLUDE")) {
            candidates.emplace_back(given);
        } else {
            const fs::path home = library_path().parent_path();
            candidates = {home / "include", home.parent_path() / "include"};
        }
        std::string tried;
        for (const fs::path& candidate : candidates) {
            if (fs::exists(candidate / "api/dataflow/dataflow_api.h")) return candidate;
            tried += " " + candidate.string();
        }
        throw RunError("compile", "compile: the emulator's kernel headers are not in" + tried +
                                      "; set TILELANG_TT_EMULATOR_INCLUDE");
    }();
    return found;
}

// Changes with any header that a kernel may include.
const std::string& headers_id() {
    static const std::string id = [] {
        std::vector<fs::path> files;
        for (const char* part : {"api", "tt_emulator"})
            if (fs::exists(include_directory() / part))
                for (const auto& entry : fs::recursive_directory_iterator(include_directory() / part))
                    if (entry.is_regular_file()) files.push_back(entry.path());
        std::sort(files.begin(), files.end());
        Hash hash;
        for (const fs::path& file : files) {
            hash.add(file.lexically_relative(include_directory()).string());
            hash.add(read_file(file));
        }
        return hash.hex();
    }();
    return id;
}

fs::path find_on_path(const std::string& program) {
    if (program.find('/') != std::string::npos)
        return access(program.c_str(), X_OK) == 0 ? fs::path(program) : fs::path();
    const char* path = std::getenv("PATH");
    std::istringstream parts(path ? path : "/usr/bin:/bin");
    for (std::string part; std::getline(parts, part, ':');) {
        const fs::path candidate = fs::path(part.empty() ? "." : part) / program;
        if (access(candidate.c_str(), X_OK) == 0 && fs::is_regular_file(candidate)) return candidate;
    }
    return {};
}

struct Compiler {
    std::vector<std::string> command;  // program and fixed arguments ($CXX may hold some)
    std::string id;
};

Compiler find_compiler() {
    std::vector<std::string> names{"c++", "g++", "clang++"};
    Compiler compiler;
    const char* chosen = std::getenv("CXX");
    if (chosen && *chosen) {
        std::istringstream words(chosen);
        for (std::string word; words >> word;) compiler.command.push_back(word);
        const fs::path program = compiler.command.empty() ? fs::path() : find_on_path(compiler.command[0]);
        if (program.empty())
            throw RunError("compile",
                           std::string("compile: $CXX is \"") + chosen + "\", which is not a program that can be run");
        compiler.command[0] = program.string();
    } else {
        for (const std::string& candidate : names) {
            const fs::path program = find_on_path(candidate);
            if (program.empty()) continue;
            compiler.command = {program.string()};
            break;
        }
        if (compiler.command.empty())
            throw RunError("compile", "compile: no C++ compiler: set $CXX or install c++, g++ or clang++");
    }
    std::error_code error;
    const fs::path real = fs::canonical(compiler.command[0], error);
    struct stat info {};
    stat(real.c_str(), &info);
    for (const std::string& word : compiler.command) compiler.id += word + " ";
    compiler.id += real.string() + " " + std::to_string(info.st_size) + " " + std::to_string(info.st_mtime);
    return compiler;
}

fs::path cache_directory() {
    fs::path base;
    if (const char* given = std::getenv("TILELANG_TT_CACHE"); given && *given)
        base = given;
    else if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg && *xdg)
        base = fs::path(xdg) / "tilelang-tt";
    else if (const char* home = std::getenv("HOME"); home && *home)
        base = fs::path(home) / ".cache/tilelang-tt";
    else
        base = fs::temp_directory_path() / ("tilelang-tt-" + std::to_string(getuid()));
    fs::path directory = base / "kernels";
    std::error_code error;
    fs::create_directories(directory, error);
    if (error || access(directory.c_str(), W_OK) != 0)
        throw RunError("resource", "resource: the kernel cache " + directory.string() +
                                       " cannot be written; set TILELANG_TT_CACHE to a directory that can");
    return directory;
}

// --- Cache entries: a shared object, its trailer {magic, length, hash}, and a list of other files it was made from
// ----

constexpr char kMagic[] = "tilelang-tt-kernel-1";  // 20 characters and a zero

bool seal(const fs::path& path) {
    const std::string content = read_file(path);
    Hash hash;
    hash.add(content);
    std::ofstream out(path, std::ios::binary | std::ios::app);
    out.write(kMagic, sizeof kMagic);
    const uint64_t size = content.size();
    out.write(reinterpret_cast<const char*>(&size), sizeof size);
    out << hash.hex();
    return static_cast<bool>(out.flush());
}

bool intact(const fs::path& path) {
    bool ok = false;
    const std::string content = read_file(path, &ok);
    constexpr size_t kTrailer = sizeof kMagic + 8 + 32;
    if (!ok || content.size() < kTrailer) return false;
    const size_t size = content.size() - kTrailer;
    uint64_t recorded;
    std::memcpy(&recorded, content.data() + size + sizeof kMagic, 8);
    if (std::memcmp(content.data() + size, kMagic, sizeof kMagic) != 0 || recorded != size) return false;
    Hash hash;
    hash.add(content.substr(0, size));
    return hash.hex() == content.substr(content.size() - 32);
}

std::string file_hash(const fs::path& path) {
    bool ok = false;
    const std::string content = read_file(path, &ok);
    if (!ok) return "absent";
    Hash hash;
    hash.add(content);
    return hash.hex();
}

bool dependencies_unchanged(const fs::path& list) {
    std::ifstream in(list);
    if (!in) return false;
    for (std::string line; std::getline(in, line);) {
        const size_t space = line.find(' ');
        if (space == std::string::npos || file_hash(line.substr(space + 1)) != line.substr(0, space)) return false;
    }
    return true;
}

// From a make rule (-MD) to the list above; the emulator's own and the system's headers are covered by the key.
void write_dependencies(const fs::path& rule, const fs::path& generated, const fs::path& list) {
    std::string text = read_file(rule);
    const size_t colon = text.find(": ");
    std::ofstream out(list);
    std::string name;
    const std::string own = include_directory().string() + "/";
    const auto flush = [&] {
        if (!name.empty() && name != generated.string() && name.rfind("/usr/", 0) != 0 && name.rfind(own, 0) != 0)
            out << file_hash(name) << ' ' << fs::absolute(name).string() << '\n';
        name.clear();
    };
    for (size_t i = colon == std::string::npos ? text.size() : colon + 2; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] != '\n')
            name += text[++i];
        else if (text[i] == '\\' || std::isspace(static_cast<unsigned char>(text[i])))
            flush();
        else
            name += text[i];
    }
    flush();
}

// --- Compiling ------------------------------------------------------------------------------------------------------

struct Job {
    std::string name;       // for messages
    std::string text;       // the translation unit
    fs::path object, list;  // in the cache
    fs::path stem;          // of temporary files
    std::string error;
};

int execute(const std::vector<std::string>& command, const fs::path& log) {
    std::vector<char*> argv;
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    pid_t pid;
    const int failed = posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed) return -failed;
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

const std::vector<std::string>& flags() {
    // No start files: their few bytes of writable data would look like a kernel's static variables.
    static const std::vector<std::string> all{"-std=c++20",
                                              "-O1",
                                              "-fPIC",
                                              "-shared",
                                              "-nostartfiles",
                                              "-fvisibility=hidden",
                                              "-fno-exceptions",
                                              "-fno-rtti",
                                              "-fno-strict-aliasing",
                                              "-fno-stack-protector",
                                              "-w",
                                              "-Wl,-z,now",
                                              "-Wl,--no-as-needed"};
    return all;
}

void compile(const Compiler& compiler, Job& job) {
    const fs::path source = job.stem.string() + ".cpp", object = job.stem.string() + ".so",
                   rule = job.stem.string() + ".d", log = job.stem.string() + ".log",
                   list = job.stem.string() + ".deps";
    std::ofstream(source) << job.text;
    const auto command = [&](bool permissive) {
        std::vector<std::string> words = compiler.command;
        words.insert(words.end(), flags().begin(), flags().end());
        if (permissive) words.push_back("-fpermissive");
        for (const std::string& word :
             {std::string("-I"), include_directory().string(), std::string("-MD"), std::string("-MF"), rule.string(),
              source.string(), library_path().string(), std::string("-o"), object.string()})
            words.push_back(word);
        return words;
    };
    int status = execute(command(false), log);
    std::string output = read_file(log);
    // A pointer fits into 32 bits on the chip; here the cast needs leave, and nothing else should have it.
    if (status != 0 && (output.find("loses precision") != std::string::npos ||
                        output.find("loses information") != std::string::npos)) {
        status = execute(command(true), log);
        output = read_file(log);
    }
    if (status != 0) {
        constexpr size_t kMost = 6000;
        if (output.size() > kMost) output = output.substr(0, kMost) + "\n...";
        if (output.find("kernel_main") != std::string::npos && output.find("undefined") != std::string::npos)
            output += "\nA kernel's entry is void kernel_main().";
        job.error = "compile: kernel " + job.name + " does not compile (" + compiler.command[0] +
                    (status < 0 ? std::string(": ") + std::strerror(-status) : " returned " + std::to_string(status)) +
                    "):\n" + output;
    } else if (write_dependencies(rule, source, list); !seal(object)) {
        job.error = "resource: cannot write " + object.string() + "; is the disk full?";
    } else {
        std::error_code error;
        fs::rename(list, job.list, error);
        if (!error) fs::rename(object, job.object, error);
        if (error) job.error = "resource: cannot write " + job.object.string() + ": " + error.message();
    }
    std::error_code ignored;
    for (const fs::path& path : {source, object, rule, log, list}) fs::remove(path, ignored);
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

std::string translation_unit(const KernelSpec& kernel, const std::string& arch, const KernelBuffers& buffers) {
    std::ostringstream out;
    out << "#define ARCH_" << (arch == "blackhole" ? "BLACKHOLE" : "WORMHOLE") << " 1\n#define KERNEL_BUILD 1\n";
    switch (kernel.processor) {
        case Processor::Brisc:
            out << "#define COMPILE_FOR_BRISC 0\n#define PROCESSOR_INDEX 0\n";
            break;
        case Processor::Ncrisc:
            out << "#define COMPILE_FOR_NCRISC 1\n#define PROCESSOR_INDEX 1\n";
            break;
        case Processor::Compute:
            out << "#define COMPILE_FOR_TRISC 1\n";
            break;
    }
    if (kernel.processor == Processor::Compute)
        out << "#define TT_DST_ACCUM_MODE " << int(kernel.fp32_dest_acc_en) << "\n#define TT_DST_FULL_SYNC "
            << int(kernel.dst_full_sync_en) << "\n#define TT_MATH_APPROX " << int(kernel.math_approx_mode)
            << "\n#define TT_MATH_FIDELITY " << int(kernel.math_fidelity) << "\n";
    else
        out << "#define NOC_INDEX " << int(kernel.noc) << "\n";
    out << "#define KERNEL_COMPILE_TIME_ARGS ";
    for (size_t i = 0; i < kernel.compile_time_args.size(); ++i)
        out << (i ? "," : "") << kernel.compile_time_args[i] << "u";
    out << "\n";
    if (!kernel.named_compile_time_args.empty()) {
        out << "#define KERNEL_COMPILE_TIME_ARG_MAP ";
        for (const auto& [name, value] : kernel.named_compile_time_args)
            out << "{" << quoted(name) << "," << value << "u},";
        out << "\n";
    }
    // Formats and tile shapes of the circular buffers are constants of a kernel, as on the chip.
    const auto list = [&](const char* name, auto get) {
        out << "#define " << name << " ";
        for (const auto& buffer : buffers) out << get(buffer) << ",";
        out << "\n";
    };
    list("TT_EMU_LIST_FORMATS", [](const KernelBuffer& b) { return int(b.format); });
    list("TT_EMU_LIST_TILE_SIZES", [](const KernelBuffer& b) {
        const auto format = static_cast<tensix::DataFormat>(b.format);
        const uint32_t elements = b.tile_rows * b.tile_cols;
        return tensix::exponent_bytes(format, elements) + elements * tensix::element_bits(format) / 8;
    });
    list("TT_EMU_LIST_TILE_ROWS", [](const KernelBuffer& b) { return b.tile_rows; });
    list("TT_EMU_LIST_TILE_COLS", [](const KernelBuffer& b) { return b.tile_cols; });
    for (const auto& [name, value] : kernel.defines) out << "#define " << name << " " << value << "\n";
    out << "#include \"tt_emulator/kernel_prelude.h\"\n";
    if (kernel.is_path)
        out << "#include " << quoted(fs::absolute(kernel.source).string()) << "\n";
    else
        out << "#line 1 " << quoted(kernel.name.empty() ? "kernel" : kernel.name) << "\n" << kernel.source << "\n";
    out << "#line 1 \"entry\"\nextern \"C\" __attribute__((visibility(\"default\"))) void tt_emulator_kernel_entry() { "
           "kernel_main(); }\n";
    return out.str();
}

// --- Loading --------------------------------------------------------------------------------------------------------

// The part of an object's writable segment that stays writable: its static variables.
void find_statics(LoadedKernel& kernel) {
    struct link_map* map = nullptr;
    if (dlinfo(kernel.handle, RTLD_DI_LINKMAP, &map) != 0 || !map) return;
    struct Search {
        uintptr_t base;
        LoadedKernel* kernel;
    } search{map->l_addr, &kernel};
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* data) {
            auto& s = *static_cast<Search*>(data);
            if (info->dlpi_addr != s.base) return 0;
            uintptr_t relro_end = 0, from = 0, to = 0;
            for (int i = 0; i < info->dlpi_phnum; ++i) {
                const auto& p = info->dlpi_phdr[i];
                if (p.p_type == PT_GNU_RELRO) relro_end = p.p_vaddr + p.p_memsz;
                if (p.p_type == PT_LOAD && (p.p_flags & PF_W)) {
                    from = p.p_vaddr;
                    to = p.p_vaddr + p.p_memsz;
                }
            }
            const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
            relro_end = (relro_end + page - 1) / page * page;
            from = std::max(from, relro_end);
            if (to > from) {
                s.kernel->data = reinterpret_cast<std::byte*>(s.base + from);
                s.kernel->data_size = to - from;
            }
            return 1;
        },
        &search);
    if (kernel.data_size) kernel.initial.assign(kernel.data, kernel.data + kernel.data_size);
}

std::unique_ptr<LoadedKernel> open_object(const fs::path& path, std::string& error) {
    // The object names this library as one that it needs, and so finds tt_emu_* in it, which is loaded already. In the
    // global scope the library would stand before others that define the same host API, tt-metal's own above all.
    auto kernel = std::make_unique<LoadedKernel>();
    kernel->handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!kernel->handle) {
        error = dlerror();
        return nullptr;
    }
    kernel->entry = reinterpret_cast<void (*)()>(dlsym(kernel->handle, "tt_emulator_kernel_entry"));
    if (!kernel->entry) {
        error = "it has no entry";
        return nullptr;
    }
    find_statics(*kernel);
    return kernel;
}

// A process loads an object once, whichever device asks.
std::mutex loaded_mutex;
std::map<std::string, std::unique_ptr<LoadedKernel>>& loaded() {
    static auto* all = new std::map<std::string, std::unique_ptr<LoadedKernel>>;
    return *all;
}

}  // namespace

LoadedKernel::~LoadedKernel() {
    if (handle) dlclose(handle);
}

std::vector<LoadedKernel*> load_kernels(const std::vector<const KernelSpec*>& specs, const std::string& arch,
                                        const std::vector<KernelBuffers>& buffers) {
    std::lock_guard lock(loaded_mutex);
    static std::atomic<uint32_t> counter{0};
    const Compiler compiler = find_compiler();
    const fs::path directory = cache_directory();
    std::vector<Job> jobs;
    std::vector<std::string> keys;
    for (size_t i = 0; i < specs.size(); ++i) {
        const KernelSpec& spec = *specs[i];
        Job job;
        job.name = !spec.name.empty() ? spec.name : spec.is_path ? spec.source : "kernel";
        if (spec.is_path && !fs::is_regular_file(spec.source))
            throw RunError("compile", "compile: kernel file " + spec.source + " does not exist");
        for (const auto& [name, value] : spec.defines)
            if (name.empty() || name.find_first_of(" \n\t") != std::string::npos ||
                value.find('\n') != std::string::npos)
                throw RunError("usage", "usage: kernel " + job.name + ": bad define \"" + name + "\"");
        job.text = translation_unit(spec, arch, buffers[i]);
        Hash hash;
        hash.add(job.text);
        if (spec.is_path) hash.add(read_file(spec.source));
        hash.add(headers_id());
        hash.add(compiler.id);
        for (const std::string& flag : flags()) hash.add(flag);
        const std::string key = hash.hex();
        keys.push_back(key);
        job.object = directory / (key + ".so");
        job.list = directory / (key + ".deps");
        job.stem = directory / (key + ".tmp" + std::to_string(getpid()) + "-" + std::to_string(counter++));
        if (const auto it = loaded().find(job.object.string());
            it != loaded().end() && dependencies_unchanged(job.list))
            continue;
        if (std::any_of(jobs.begin(), jobs.end(), [&](const Job& other) { return other.object == job.object; }))
            continue;
        if (dependencies_unchanged(job.list) && intact(job.object)) continue;
        loaded().erase(job.object.string());
        jobs.push_back(std::move(job));
    }
    std::atomic<size_t> next{0};
    const auto work = [&] {
        for (size_t i; (i = next++) < jobs.size();) compile(compiler, jobs[i]);
    };
    std::vector<std::thread> threads;
    const size_t most = std::max(1u, std::thread::hardware_concurrency());
    for (size_t i = 1; i < std::min(most, jobs.size()); ++i) threads.emplace_back(work);
    work();
    for (std::thread& thread : threads) thread.join();
    for (const Job& job : jobs)
        if (!job.error.empty()) throw RunError(job.error.substr(0, job.error.find(':')), job.error);

    std::vector<LoadedKernel*> out;
    for (size_t i = 0; i < specs.size(); ++i) {
        const KernelSpec& spec = *specs[i];
        const std::string object = (directory / (keys[i] + ".so")).string();
        auto& kernel = loaded()[object];
        if (!kernel) {
            std::string error;
            kernel = open_object(object, error);
            if (!kernel) {
                loaded().erase(object);
                throw RunError("compile", "compile: kernel " + spec.name + ": cannot load " + object + ": " + error);
            }
        }
        kernel->owner = nullptr;
        out.push_back(kernel.get());
    }
    return out;
}

std::string host_compiler() { return find_compiler().command.front(); }

}  // namespace tt_emulator
