// A recorded run: QEMU's log of all that came from outside, with the kernel that ran and the machine it ran
// on. Recordings outlive their runs: they lie in `recordings` beside the runs, one directory each, by name.
#pragma once

#include "serial-console/src/machine/machine_spec.hpp"
#include "serial-console/src/machine/run_directory.hpp"

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pagelab::console::machine {

class Recording {
public:
    /// Makes room for a new one, with a copy of the kernel; it replaces what had that name.
    [[nodiscard]] static std::expected<Recording, std::string> make(const RunBase& base,
                                                                    std::string_view name,
                                                                    const MachineSpec& machine,
                                                                    const std::filesystem::path& kernel);
    /// One that is whole. An error says what there is in its place.
    [[nodiscard]] static std::expected<Recording, std::string> open(const RunBase& base,
                                                                    std::string_view name);

    [[nodiscard]] std::string name() const { return path_.filename().string(); }
    [[nodiscard]] std::filesystem::path log() const { return path_ / "log"; }
    [[nodiscard]] std::filesystem::path kernel() const { return path_ / "kernel.elf"; }
    [[nodiscard]] const MachineSpec& machine() const { return machine_; }

    /// Instructions from reset to the end, once a replay has counted them.
    [[nodiscard]] std::optional<std::uint64_t> length() const { return length_; }
    void keep_length(std::uint64_t instructions);

private:
    Recording(std::filesystem::path path, MachineSpec machine)
        : path_(std::move(path)), machine_(std::move(machine)) {}
    [[nodiscard]] bool whole() const;
    [[nodiscard]] bool write_about() const;

    std::filesystem::path path_;
    MachineSpec machine_;
    std::optional<std::uint64_t> length_;
};

/// The names of those that there are, sorted.
[[nodiscard]] std::vector<std::string> list_recordings(const RunBase& base);

} // namespace pagelab::console::machine
