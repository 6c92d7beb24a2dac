#include "serial-console/src/recording/format.hpp"

#include "serial-console/src/recording/bytes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pagelab::console::recording {
namespace {

/// No recording lasts longer than a month.
constexpr std::uint64_t kLongest = std::uint64_t{31} * 24 * 3600 * 1000;

} // namespace

std::string head() {
    std::string bytes(kMagic);
    bytes.push_back(static_cast<char>(kVersion));
    return bytes;
}

void put_chunk(std::string& to, ChunkKind kind, std::chrono::milliseconds at, std::string_view payload) {
    to.push_back(static_cast<char>(kind));
    put_varint(to, static_cast<std::uint64_t>(std::max<std::int64_t>(at.count(), 0)));
    put_text(to, payload);
}

std::expected<ChunkReader, std::string> ChunkReader::open(std::string_view bytes) {
    if (!bytes.starts_with(kMagic) || bytes.size() == kMagic.size()) {
        return std::unexpected(std::string("is not a recording of pagelab"));
    }
    const auto version = static_cast<std::uint8_t>(bytes[kMagic.size()]);
    if (version != kVersion) {
        return std::unexpected(
            fmt::format("is a recording of version {}; this console reads version {}", version, kVersion));
    }
    return ChunkReader{bytes.substr(kMagic.size() + 1)};
}

std::optional<Chunk> ChunkReader::next() {
    ByteReader from(rest_);
    Chunk chunk;
    chunk.kind = static_cast<ChunkKind>(from.byte());
    const std::uint64_t at = from.varint(kLongest);
    chunk.payload = from.text();
    if (!from.good()) {
        rest_ = {};
        return std::nullopt;
    }
    // Time does not go back, whatever the bytes say.
    last_ = std::max(last_, std::chrono::milliseconds{static_cast<std::int64_t>(at)});
    chunk.at = last_;
    rest_ = rest_.substr(rest_.size() - from.size());
    if (chunk.kind == ChunkKind::end) {
        cut_ = false;
        rest_ = {};
    }
    return chunk;
}

} // namespace pagelab::console::recording
