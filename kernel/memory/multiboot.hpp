// What a multiboot 1 loader leaves for the kernel, decoded: memory map and command line.
// For main, once, early at boot. Pure over a reader of physical words, because the information may lie
// anywhere in RAM; whatever it says, this ends and stays within its own buffers.
#pragma once

#include "kernel/memory/memory_map.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pagelab::memory {

/// What a multiboot loader leaves in EAX.
inline constexpr std::uint32_t kMultibootMagic = 0x2BADB002;

/// The kernel's command line, cut to fit.
struct CommandLine {
    std::array<char, 2048> bytes{};
    std::uint32_t length = 0;

    [[nodiscard]] std::string_view text() const { return {bytes.data(), length}; }
};

/// The loader's information at physical address `info`. `read(address)` gives the word at any physical
/// address below 4 GiB, aligned or not.
template <class R>
class MultibootInformation {
public:
    MultibootInformation(R& read, std::uint32_t info) : read_(read), info_(info), flags_(read(info)) {}

    /// The firmware's memory map. `mem_upper` is never asked: it is wrong under UEFI and ends at a hole.
    [[nodiscard]] MemoryMap memory_map() {
        MemoryMap map;
        if ((flags_ & kHasMemoryMap) == 0) {
            return map;
        }
        const std::uint32_t length = read_(info_ + kMapLength);
        const std::uint32_t first = read_(info_ + kMapAddress);
        for (std::uint32_t offset = 0; offset < length && length - offset >= kMinimumEntry;) {
            const std::uint32_t at = first + offset;
            const std::uint32_t size = read_(at); // of the rest of the entry
            map.add(read64(at + 4), read64(at + 12), read_(at + 20));
            if (size > length) {
                break;
            }
            offset += size + 4;
        }
        return map;
    }

    /// The first module's bytes [first, end); nothing if the loader brought none.
    struct Module {
        std::uint32_t first = 0, end = 0;
    };
    [[nodiscard]] std::optional<Module> module() {
        if ((flags_ & kHasModules) == 0 || read_(info_ + kModuleCount) == 0) {
            return std::nullopt;
        }
        const std::uint32_t at = read_(info_ + kModuleAddress);
        return Module{read_(at), read_(at + 4)};
    }

    void command_line(CommandLine& line) {
        line.length = 0;
        if ((flags_ & kHasCommandLine) == 0) {
            return;
        }
        const std::uint32_t first = read_(info_ + kCommandLine);
        while (line.length < line.bytes.size()) {
            const auto c = static_cast<char>(read_(first + line.length) & 0xff);
            if (c == '\0') {
                return;
            }
            line.bytes[line.length] = c;
            line.length += 1;
        }
    }

private:
    // Multiboot specification 0.6.96, section 3.3.
    static constexpr std::uint32_t kHasCommandLine = 1u << 2;
    static constexpr std::uint32_t kHasModules = 1u << 3;
    static constexpr std::uint32_t kHasMemoryMap = 1u << 6;
    static constexpr std::uint32_t kCommandLine = 16;
    static constexpr std::uint32_t kModuleCount = 20;
    static constexpr std::uint32_t kModuleAddress = 24;
    static constexpr std::uint32_t kMapLength = 44;
    static constexpr std::uint32_t kMapAddress = 48;
    static constexpr std::uint32_t kMinimumEntry = 24;

    [[nodiscard]] std::uint64_t read64(std::uint32_t address) {
        return read_(address) | (static_cast<std::uint64_t>(read_(address + 4)) << 32);
    }

    R& read_;
    std::uint32_t info_;
    std::uint32_t flags_;
};

/// The words after the first ` -- ` of the command line, up to the next, and the commands after that:
/// `[anything] -- [boot words] [-- commands separated by ;]`. QEMU puts the kernel's path first, which may
/// hold blanks and `;`.
struct BootLine {
    std::string_view words;
    std::string_view commands;
};

constexpr BootLine parse_boot_line(std::string_view line) {
    const auto take_separator = [](std::string_view text) -> std::size_t {
        for (std::size_t at = text.find("--"); at != std::string_view::npos; at = text.find("--", at + 1)) {
            const bool starts = at == 0 || text[at - 1] == ' ';
            const bool ends = at + 2 == text.size() || text[at + 2] == ' ';
            if (starts && ends) {
                return at;
            }
        }
        return std::string_view::npos;
    };
    const auto after = [](std::string_view text, std::size_t at) {
        text.remove_prefix(at + 2);
        return text;
    };
    BootLine result;
    const std::size_t first = take_separator(line);
    if (first == std::string_view::npos) {
        return result;
    }
    result.words = after(line, first);
    const std::size_t second = take_separator(result.words);
    if (second != std::string_view::npos) {
        result.commands = after(result.words, second);
        result.words.remove_suffix(result.words.size() - second);
    }
    return result;
}

/// Whether `word` stands among the boot words.
constexpr bool has_boot_word(std::string_view words, std::string_view word) {
    while (!words.empty()) {
        const std::size_t end = words.find(' ');
        if (std::string_view(words.data(), end == std::string_view::npos ? words.size() : end) == word) {
            return true;
        }
        words.remove_prefix(end == std::string_view::npos ? words.size() : end + 1);
    }
    return false;
}

} // namespace pagelab::memory
