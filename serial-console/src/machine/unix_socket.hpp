// Unix stream sockets: listening for QEMU, connecting to it. Nothing in the lab opens a TCP port.
#pragma once

#include "serial-console/src/machine/file_descriptor.hpp"

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

namespace pagelab::console::machine {

/// A socket that listens at `path`, for QEMU to inherit. Whoever connects before QEMU runs just waits.
[[nodiscard]] std::expected<FileDescriptor, std::string> listen_at(const std::filesystem::path& path);

/// A connection to whoever listens at `path`, not blocking.
[[nodiscard]] std::expected<FileDescriptor, std::string> connect_to(const std::filesystem::path& path);

enum class ReadResult { data, nothing_yet, closed };

/// Appends what can be read at once to `into`, at most `limit` bytes.
ReadResult read_available(int descriptor, std::string& into, std::size_t limit = 65536);

/// Writes what can be written at once and takes it off `from`. False when the other side is gone.
bool write_available(int descriptor, std::string& from);

} // namespace pagelab::console::machine
