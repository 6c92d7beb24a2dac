// The address spaces there are: a record each, which one CR3 holds, which one is worked in.
// For the memory room. Numbers and frames only: touches no table.
#pragma once

#include "kernel/interface/layout.hpp"
#include "kernel/machine/spaces.hpp"
#include "kernel/memory/hardware.hpp"

#include <array>
#include <optional>

namespace pagelab::memory {

using machine::Strategy;

/// A space without a directory does not exist.
struct Space {
    Frame directory = 0;
    Strategy strategy{};
    /// It was made by `space cow` or gave pages to one so made: the marks in its entries count.
    bool shares = false;
    /// Strategies `table` and `upper_half`: the table whose pages show this space's page tables.
    Frame arena = 0;
    /// Strategy `table`: the page of the tables' addresses.
    Frame words = 0;
    /// Strategy `direct`: how many tables of slot 772 on it has, in frames from `first_direct_table` on.
    std::uint32_t direct_tables = 0;
    Frame first_direct_table = 0;
    /// Strategy `upper_half`: the words in whose place a PDE of the kernel stands (displaced_index).
    std::array<std::uint32_t, 6> displaced{};

    [[nodiscard]] bool exists() const { return directory != 0; }
    /// One past the last slot of the user.
    [[nodiscard]] std::uint32_t user_slots() const {
        return strategy == Strategy::upper_half ? interface::layout::kUpperHalfSlot
                                                : interface::layout::kFirstKernelSlot;
    }
    /// Bytes beyond directory and tables.
    [[nodiscard]] std::uint32_t extra_bytes() const {
        const std::uint32_t frames = (arena != 0 ? 1u : 0u) + (words != 0 ? 1u : 0u) + direct_tables;
        return strategy == Strategy::window ? paging::kEntrySize : frames * paging::kPageSize;
    }
};

/// Where the word of slot `pdi` stands in Space::displaced: the kernel's PDEs 768 to 771, 1021 and 1022 stand
/// in the places of the words of 256 to 259, 509 and 510.
constexpr std::optional<std::uint32_t> displaced_index(std::uint32_t pdi) {
    namespace layout = interface::layout;
    constexpr std::uint32_t kFirst = layout::kFirstKernelSlot - layout::kUpperHalfSlot;
    constexpr std::uint32_t kLifeline = layout::kLifelineSlot - layout::kUpperHalfSlot;
    if (pdi >= kFirst && pdi < kFirst + 4) {
        return pdi - kFirst;
    }
    return pdi == kLifeline || pdi == kLifeline + 1 ? std::optional{pdi - kLifeline + 4} : std::nullopt;
}

class Spaces {
public:
    /// The space of boot: number 0, recursive.
    void initialise(Frame directory) { spaces_[0].directory = directory; }

    [[nodiscard]] Space& operator[](std::uint32_t number) { return spaces_[number]; }
    [[nodiscard]] const Space& operator[](std::uint32_t number) const { return spaces_[number]; }
    [[nodiscard]] bool exists(std::uint32_t number) const {
        return number < machine::kMaxSpaces && spaces_[number].exists();
    }
    /// The lowest number that no space has.
    [[nodiscard]] std::optional<std::uint32_t> free_number() const {
        for (std::uint32_t number = 1; number < machine::kMaxSpaces; ++number) {
            if (!spaces_[number].exists()) {
                return number;
            }
        }
        return std::nullopt;
    }

    /// The space that CR3 holds.
    [[nodiscard]] std::uint32_t loaded_number() const { return loaded_; }
    [[nodiscard]] Space& loaded() { return spaces_[loaded_]; }
    [[nodiscard]] const Space& loaded() const { return spaces_[loaded_]; }
    /// The space in work: entries are read and written there.
    [[nodiscard]] std::uint32_t number() const { return in_work_; }
    [[nodiscard]] Space& current() { return spaces_[in_work_]; }
    [[nodiscard]] const Space& current() const { return spaces_[in_work_]; }
    [[nodiscard]] bool in_loaded() const { return loaded_ == in_work_; }

    void set_loaded(std::uint32_t number) { loaded_ = in_work_ = number; }
    void work_in(std::uint32_t number) { in_work_ = number; }

private:
    std::array<Space, machine::kMaxSpaces> spaces_{};
    std::uint32_t loaded_ = 0;
    std::uint32_t in_work_ = 0;
};

} // namespace pagelab::memory
