// The marks around a command's output on the serial port, and what its status means.
// For the kernel's shell, which sends them with the boot word `batch`, and the host, which strips them.
#pragma once

#include <cstdint>
#include <string_view>

namespace pagelab::interface {

/// How a command ended. The numbers go over the wire.
enum class Status : std::uint8_t { ok = 0, error = 1, fault = 2, rescued = 3, interrupted = 4 };

namespace marks {
/// OSC 133: before a command's output.
inline constexpr std::string_view kOutputBegin = "\x1b]133;C\x07";
/// Before the status after a command's output; a decimal status and kEnd follow.
inline constexpr std::string_view kStatusBegin = "\x1b]133;D;";
inline constexpr std::string_view kEnd = "\x07";
} // namespace marks

/// The prompt in space 0; in space N it is kPromptName, `:`, N, kPromptEnd.
inline constexpr std::string_view kPromptName = "pagelab";
inline constexpr std::string_view kPromptEnd = "> ";
/// The boot word that turns the marks on.
inline constexpr std::string_view kBatchWord = "batch";

} // namespace pagelab::interface
