// Which snapshots of the machine there are: a few, each with the number of commands that had begun by then.
// Pure bookkeeping; Session takes and loads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pagelab::console::machine {

/// The machine at one moment, kept by QEMU under a tag.
struct Moment {
    std::string tag;
    std::uint32_t commands = 0; ///< begun since boot, by the lab page

    friend bool operator==(const Moment&, const Moment&) = default;
};

class SnapshotRing {
public:
    static constexpr std::size_t kCapacity = 4;

    /// The tag to take a snapshot under: of the last one if no command began since, else a free one, else the
    /// oldest. QEMU replaces what has that tag.
    [[nodiscard]] std::string tag_for(std::uint32_t commands) const;
    /// It was taken.
    void add(Moment moment);

    [[nodiscard]] std::optional<Moment> newest() const;
    /// The last one from which at least `back` of `commands` begun commands were still to come.
    [[nodiscard]] std::optional<Moment> before_last(std::uint32_t commands, std::uint32_t back) const;

    /// The machine is at that moment again: what came after it will never have been.
    void went_back_to(const Moment& moment);
    /// The machine was reset, and counts from 0 again.
    void clear() { moments_.clear(); }

private:
    std::vector<Moment> moments_; ///< oldest first
};

} // namespace pagelab::console::machine
