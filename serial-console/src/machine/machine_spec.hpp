// What machine a run has: the part of the options that the guest can see. Plain data and its text forms.
// Never touches the system.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace pagelab::console::machine {

/// QEMU machine types that the lab boots on.
enum class MachineType { pc, isapc, q35, microvm };

inline constexpr std::uint64_t kDefaultMemory = std::uint64_t{16} << 20;
inline constexpr std::uint64_t kLeastMemory = std::uint64_t{2} << 20;
inline constexpr std::uint64_t kMostMemory = std::uint64_t{4} << 30;
/// QEMU rounds RAM up to this many bytes; anything else would differ from the memory file.
inline constexpr std::uint64_t kMemoryUnit = 8192;

struct MachineSpec {
    MachineType type = MachineType::pc;
    std::uint64_t memory = kDefaultMemory; ///< bytes of RAM
    std::string cpu = "max";               ///< as after QEMU's -cpu
    bool icount = false;                   ///< count instructions: two runs are equal
    bool interactive = true;               ///< with icount: sleep while the guest idles
    std::string exercise;                  ///< path of a student's image; empty: none
};

/// `pc`, `isapc`, `q35` or `microvm`; an error says what is allowed.
[[nodiscard]] std::expected<MachineType, std::string> parse_machine_type(std::string_view text);
[[nodiscard]] std::string_view machine_type_name(MachineType type);

/// `16M`, `2048K`, `3G`: kLeastMemory to kMostMemory bytes in whole kMemoryUnit; an error says what is
/// allowed.
[[nodiscard]] std::expected<std::uint64_t, std::string> parse_memory_size(std::string_view text);
/// The shortest spelling that parse_memory_size() reads back.
[[nodiscard]] std::string memory_size_text(std::uint64_t bytes);

/// A CPU model and its flags, as QEMU spells them; an error says what is allowed.
[[nodiscard]] std::expected<std::string, std::string> parse_cpu(std::string_view text);

} // namespace pagelab::console::machine
