// The guest's lab page, read through the run's shared memory file. Read only: what the host writes reaches
// the guest.
#pragma once

#include "kernel/interface/lab_page.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>

namespace pagelab::console::machine {

/// The lab page of one run, mapped for as long as this lives, also when QEMU has gone.
class LabMemory {
public:
    /// Nothing if the file can't be mapped.
    [[nodiscard]] static std::optional<LabMemory> open(const std::filesystem::path& ram);

    LabMemory(LabMemory&& other) noexcept
        : page_(std::exchange(other.page_, nullptr)), left_over_(other.left_over_) {}
    LabMemory& operator=(LabMemory&& other) noexcept {
        std::swap(page_, other.page_);
        std::swap(left_over_, other.left_over_);
        return *this;
    }
    LabMemory(const LabMemory&) = delete;
    LabMemory& operator=(const LabMemory&) = delete;
    ~LabMemory();

    /// What the kernel says it is doing; nothing while the page is not a lab page (yet).
    [[nodiscard]] std::optional<interface::LabState> state() const;
    /// Does a command run, or a rescue?
    [[nodiscard]] bool at_work() const {
        const auto now = state();
        return now == interface::LabState::running || now == interface::LabState::rescued;
    }
    /// The machine is about to boot: what the page says now is of the one before, and counts for nothing
    /// until it changes.
    void await_boot() { left_over_ = raw_state(); }
    /// The word that poll() moves; nothing while the page is not a lab page (yet).
    [[nodiscard]] std::optional<std::uint32_t> heartbeat() const;
    /// Commands begun since boot; 0 while the page is not a lab page.
    [[nodiscard]] std::uint32_t commands() const;
    /// The number of the command that asks for memory as it was before; nothing if none does.
    [[nodiscard]] std::optional<std::uint32_t> undo_request() const;
    /// The whole page, as it is now; nothing while it is not a lab page (yet).
    [[nodiscard]] std::optional<interface::LabPage> copy() const;

private:
    explicit LabMemory(const volatile interface::LabPage* page) : page_(page) {}
    [[nodiscard]] bool valid() const;
    [[nodiscard]] std::optional<interface::LabState> raw_state() const;

    const volatile interface::LabPage* page_;
    mutable std::optional<interface::LabState> left_over_; ///< of the machine before
};

} // namespace pagelab::console::machine
