// The guest's RAM, mapped read-only from the run's shared memory file. Every read is bounds-checked and the
// guest may change any word at any time: nothing read here is trusted, and one picture is drawn from a copy.
// Never writes: what the host writes into a table would reach the guest.
#pragma once

#include "kernel/paging/address.hpp"
#include "serial-console/src/guest/memory.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace pagelab::console::guest {

class Ram final : public Memory {
public:
    /// Maps all of `file`. The error says why not.
    [[nodiscard]] static std::expected<Ram, std::string> open(const std::filesystem::path& file);

    Ram(Ram&& other) noexcept
        : words_(std::exchange(other.words_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Ram& operator=(Ram&& other) noexcept {
        std::swap(words_, other.words_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    Ram(const Ram&) = delete;
    Ram& operator=(const Ram&) = delete;
    ~Ram() override;

    /// Size of the file, in bytes.
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    /// Physical addresses below this one are offsets in the file. QEMU puts the RAM that does not fit below
    /// the PCI hole above 4 GiB; how much fits depends on the machine, so with much RAM this is what fits on
    /// all of them.
    [[nodiscard]] std::uint64_t identity_bytes() const;

    /// The word at `address`, a multiple of 4; nothing beyond RAM.
    [[nodiscard]] std::optional<std::uint32_t> word(paging::PhysAddr address) const;
    /// Copies the frame at `frame`, a multiple of 4096; false beyond RAM. A word is copied as a whole; two
    /// words may come from before and after a change.
    [[nodiscard]] bool copy_frame(paging::PhysAddr frame, model::TableWords& into) const override;
    /// Whether the frame holds these words; false beyond RAM.
    [[nodiscard]] bool holds(paging::PhysAddr frame, const model::TableWords& words) const override;
    [[nodiscard]] std::vector<paging::PhysRange> ranges() const override;

private:
    Ram(const std::uint32_t* words, std::uint64_t bytes) : words_(words), bytes_(bytes) {}
    /// The words of a frame; null beyond RAM.
    [[nodiscard]] const std::uint32_t* frame_words(paging::PhysAddr frame) const;

    const std::uint32_t* words_ = nullptr;
    std::uint64_t bytes_ = 0;
};

} // namespace pagelab::console::guest
