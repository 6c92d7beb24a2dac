#include "serial-console/src/guest/ram_file.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace pagelab::console::guest {

std::expected<RamFile, std::string> RamFile::open(const std::filesystem::path& file,
                                                  std::vector<RamPiece> pieces) {
    machine::FileDescriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat status {};
    if (!descriptor || ::fstat(descriptor.get(), &status) != 0) {
        return std::unexpected(fmt::format("{}: {}", file.string(), std::strerror(errno)));
    }
    if (!S_ISREG(status.st_mode)) {
        return std::unexpected(fmt::format("{}: is not a file", file.string()));
    }
    std::uint64_t needed = 0;
    for (const RamPiece& piece : pieces) {
        needed = std::max(needed, piece.offset + piece.range.size());
    }
    if (static_cast<std::uint64_t>(status.st_size) < needed) {
        return std::unexpected(fmt::format("{} is not this guest's RAM: it has {} KiB, the guest {} KiB",
                                           file.string(), status.st_size >> 10, needed >> 10));
    }
    return RamFile{std::move(descriptor), std::move(pieces)};
}

bool RamFile::copy_frame(paging::PhysAddr frame, model::TableWords& into) const {
    const auto piece = std::ranges::find_if(
        pieces_, [&](const RamPiece& candidate) { return candidate.range.contains(frame); });
    if (piece == pieces_.end() || !frame.is_aligned(paging::kPageSize)) {
        return false;
    }
    const auto offset = static_cast<off_t>(piece->offset + (frame.raw() - piece->range.first.raw()));
    ssize_t count = 0;
    do {
        count = ::pread(file_.get(), into.data(), sizeof(into), offset);
    } while (count < 0 && errno == EINTR);
    return count == static_cast<ssize_t>(sizeof(into));
}

std::vector<paging::PhysRange> RamFile::ranges() const {
    std::vector<paging::PhysRange> ranges;
    for (const RamPiece& piece : pieces_) {
        ranges.push_back(piece.range);
    }
    return ranges;
}

} // namespace pagelab::console::guest
