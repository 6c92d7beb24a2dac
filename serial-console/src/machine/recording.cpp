#include "serial-console/src/machine/recording.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <fstream>

namespace pagelab::console::machine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFolder = "recordings";
constexpr std::string_view kAbout = "about.json";

std::string cant(const fs::path& path, const std::error_code& error) {
    return fmt::format("{}: can't write it: {}", path.string(), error.message());
}

} // namespace

std::expected<Recording, std::string> Recording::make(const RunBase& base, std::string_view name,
                                                      const MachineSpec& machine, const fs::path& kernel) {
    Recording made(base.path() / kFolder / name, machine);
    std::error_code error;
    fs::create_directories(made.path_, error);
    // New files, not new contents: a replay of what had that name may still read the old ones.
    for (const fs::path& file : {made.log(), made.kernel(), made.path_ / kAbout}) {
        if (!error) {
            fs::remove(file, error);
        }
    }
    if (!error) {
        fs::copy_file(kernel, made.kernel(), error);
    }
    if (error || !made.write_about()) {
        return std::unexpected(cant(made.path_, error));
    }
    return made;
}

std::expected<Recording, std::string> Recording::open(const RunBase& base, std::string_view name) {
    Recording found(base.path() / kFolder / name, {});
    std::ifstream file(found.path_ / kAbout);
    const auto about = nlohmann::json::parse(file, nullptr, false);
    const auto type = about.is_object() ? parse_machine_type(about.value("machine", ""))
                                        : std::expected<MachineType, std::string>(std::unexpected(""));
    if (!type) {
        const std::vector<std::string> names = list_recordings(base);
        return std::unexpected(fmt::format("no recording named {}; {}", name,
                                           names.empty()
                                               ? "scripts/run --rr makes one"
                                               : fmt::format("there are: {}", fmt::join(names, ", "))));
    }
    if (!found.whole()) {
        return std::unexpected(fmt::format(
            "the recording {} is not whole: its run goes on, or was killed before it could end it", name));
    }
    // QEMU hands the kernel its own path: read from elsewhere the guest would not do the same.
    if (const std::string kernel = about.value("kernel", ""); kernel != found.kernel()) {
        return std::unexpected(
            fmt::format("the recording {} was moved; it replays only where it was made, at {}", name,
                        fs::path(kernel).parent_path().string()));
    }
    found.machine_.type = *type;
    found.machine_.cpu = about.value("cpu", found.machine_.cpu);
    found.machine_.memory = about.value("memory", found.machine_.memory);
    if (about.contains("instructions")) {
        found.length_ = about.value("instructions", std::uint64_t{0});
    }
    return found;
}

/// QEMU writes the log's first word, the version of its format, when the recording ends.
bool Recording::whole() const {
    std::array<char, 4> version{};
    std::ifstream file(log(), std::ios::binary);
    file.read(version.data(), version.size());
    return file && std::ranges::any_of(version, [](char byte) { return byte != 0; });
}

bool Recording::write_about() const {
    nlohmann::ordered_json about = {{"machine", machine_type_name(machine_.type)},
                                    {"cpu", machine_.cpu},
                                    {"memory", machine_.memory},
                                    {"kernel", kernel().string()}};
    if (length_) {
        about["instructions"] = *length_;
    }
    std::ofstream file(path_ / kAbout);
    file << about.dump() << '\n';
    file.close();
    return file.good();
}

void Recording::keep_length(std::uint64_t instructions) {
    length_ = instructions;
    static_cast<void>(write_about()); // where it can't be kept it is counted again the next time
}

std::vector<std::string> list_recordings(const RunBase& base) {
    std::vector<std::string> names;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(base.path() / kFolder, error)) {
        if (fs::exists(entry.path() / kAbout, error)) {
            names.push_back(entry.path().filename().string());
        }
    }
    std::ranges::sort(names);
    return names;
}

} // namespace pagelab::console::machine
