// What the guest's serial port said before somebody attached: the tail of the run's log. Untrusted bytes.
// QEMU 7.2 writes a byte that a full socket refused into the log on each try: single characters may stand
// twice.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace pagelab::console::guest {

/// The last bytes of the log, from the beginning of a line; empty if there is none.
[[nodiscard]] std::string read_serial_log(const std::filesystem::path& file);

/// How many bytes at the beginning of `later` are the end of `earlier` once more.
[[nodiscard]] std::size_t overlap(std::string_view earlier, std::string_view later);

} // namespace pagelab::console::guest
