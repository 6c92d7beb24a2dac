// The one word of guest memory that the host writes: `host` of the lab page, by which the kernel knows
// whether a console with snapshots is there. A map of that page alone; nothing else is ever written.
#pragma once

#include "kernel/interface/lab_page.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>

namespace pagelab::console::machine {

class HostWord {
public:
    /// Nothing if the file can't be mapped.
    [[nodiscard]] static std::optional<HostWord> open(const std::filesystem::path& ram);

    HostWord(HostWord&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}
    HostWord& operator=(HostWord&& other) noexcept {
        std::swap(page_, other.page_);
        return *this;
    }
    HostWord(const HostWord&) = delete;
    HostWord& operator=(const HostWord&) = delete;
    ~HostWord();

    /// Writes the word if it is another. Call only while the page is known to be a lab page.
    void set(std::uint32_t bits) {
        if (page_->host != bits) {
            page_->host = bits;
        }
    }

private:
    explicit HostWord(volatile interface::LabPage* page) : page_(page) {}

    volatile interface::LabPage* page_;
};

} // namespace pagelab::console::machine
