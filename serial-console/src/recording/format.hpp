// A recording: a head, then chunks with a time each. docs/recording.md is the contract. Pure.
// A recording that ends in the middle of a chunk is good up to there: its console was killed.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace pagelab::console::recording {

inline constexpr std::string_view kMagic = "PAGELAB-RECORDING";
inline constexpr std::uint8_t kVersion = 1;
/// Larger files are refused, and so are larger chunks.
inline constexpr std::size_t kMostBytes = std::size_t{256} << 20;

/// What a chunk holds. Kinds that a reader does not know are passed over.
enum class ChunkKind : std::uint8_t {
    facts = 1,    // lines KEY=VALUE, of the whole recording
    part = 2,     // a name, then bytes: something that belongs to it, as it was at the end
    serial = 3,   // bytes from the guest
    tables = 4,   // a snapshot, told by what changed since the last
    missing = 5,  // there is no snapshot: why
    run = 6,      // what QMP says: a byte, of model::Run
    died = 7,     // 1 if the user can go back, then the lines of the report
    returned = 8, // the machine runs again
    told = 9,     // a sentence for the user
    end = 10,     // nothing follows
};

struct Chunk {
    ChunkKind kind{};
    std::chrono::milliseconds at{0}; // since the beginning
    std::string_view payload;
};

[[nodiscard]] std::string head();
void put_chunk(std::string& to, ChunkKind kind, std::chrono::milliseconds at, std::string_view payload);

class ChunkReader {
public:
    /// `bytes` must outlive this. The error is a sentence: it is no recording, or of another version.
    [[nodiscard]] static std::expected<ChunkReader, std::string> open(std::string_view bytes);

    /// The next chunk; nothing at the end.
    [[nodiscard]] std::optional<Chunk> next();
    /// It ended in the middle of a chunk, or without the chunk that says that it is whole.
    [[nodiscard]] bool cut() const { return cut_; }

private:
    explicit ChunkReader(std::string_view rest) : rest_(rest) {}

    std::string_view rest_;
    std::chrono::milliseconds last_{0};
    bool cut_ = true;
};

} // namespace pagelab::console::recording
