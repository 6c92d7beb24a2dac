// The computer of sixteen pages: its memory, its directory, its walk. For the command `tiny` and its tests.
// A model of its own beside the machine: nothing here touches the real tables.
#pragma once

#include "kernel/paging/geometry.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace pagelab::shell {

/// Sixteen frames of 16 bytes, each four words: a directory, a table, or a page's bytes. An entry looks like
/// the real one: the frame's address, and P in bit 0.
class TinyComputer {
public:
    using Geometry = paging::TinyGeometry;
    static constexpr std::uint32_t kFrames = 16;
    /// Where the register says that the directory is.
    static constexpr std::uint32_t kDirectory = 0;
    /// The entry of the directory that leads to the directory itself.
    static constexpr std::uint32_t kSelf = Geometry::kEntries - 1;

    TinyComputer() { reset(); }
    /// The start: two tables, six pages, and the recursive entry.
    void reset();

    /// The frame in entry `index` of the directory or table in `frame`; nothing if it is not present.
    [[nodiscard]] std::optional<std::uint32_t> entry(std::uint32_t frame, std::uint32_t index) const;
    /// What the MMU finds for a page: the table's frame, then the page's.
    struct Walk {
        std::optional<std::uint32_t> table;
        std::optional<std::uint32_t> frame;
    };
    [[nodiscard]] Walk walk(std::uint32_t page) const;

    /// Whose table the frame is: the group, or kSelf for the directory. Nothing for other frames.
    [[nodiscard]] std::optional<std::uint32_t> group_of_table(std::uint32_t frame) const;
    /// Pages below the recursive group that show the frame.
    [[nodiscard]] std::uint32_t uses(std::uint32_t frame) const;

    /// Whether mapping would change a table through which the MMU walks.
    [[nodiscard]] static constexpr bool shows_tables(std::uint32_t page) {
        return Geometry::directory_index(Geometry::page_address(page)) == kSelf;
    }
    /// Writes the entry of a page outside the recursive group. Gives the frame of the table that this made,
    /// if the group had none: there is always a frame left for it.
    std::optional<std::uint32_t> map(std::uint32_t page, std::uint32_t frame);
    /// Clears the entry; the table stays, as on the big machine.
    void unmap(std::uint32_t page);

private:
    static constexpr std::uint32_t kPresent = 1;
    void write(std::uint32_t frame, std::uint32_t index, std::uint32_t target);

    std::array<std::uint32_t, kFrames * Geometry::kEntries> words_{};
};

} // namespace pagelab::shell
