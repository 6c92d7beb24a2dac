// Takes one frame of the picture out of live RAM: the lab page, checked, and a copy of all tables.
// What the guest wrote is not trusted: any content gives a snapshot or a reason, never an error.
#pragma once

#include "serial-console/src/guest/ram.hpp"
#include "serial-console/src/model/snapshot.hpp"

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

namespace pagelab::console::guest {

/// The words of the lab page that tell whether anything new is to be seen. Cheap: a few loads.
struct Pulse {
    std::uint32_t generation = 0;
    std::uint32_t state = 0;
    std::uint32_t command_count = 0;
    std::uint32_t cr3 = 0;
    bool valid = false; // magic and version are a lab page's

    bool operator==(const Pulse&) const = default;
};
[[nodiscard]] Pulse read_pulse(const Ram& ram);

enum class NoSnapshot : std::uint8_t {
    no_lab_page,   // the kernel is not up yet, or it destroyed the page
    other_version, // of another pagelab
    mid_change,    // the kernel is changing tables: ask again in a moment
};
/// A sentence for the user.
[[nodiscard]] std::string reason_text(NoSnapshot reason);

/// The lab page as a checked value.
[[nodiscard]] std::expected<model::LabInfo, NoSnapshot> read_lab_page(const Ram& ram);

/// What to do while the kernel is in the middle of a change.
enum class MidChange : std::uint8_t {
    refuse,
    accept, // it stands still there: a debugger holds it
};

/// The lab page and all tables at one moment: copied again if the kernel changed something meanwhile. Tables
/// that are as in `before`, an earlier snapshot or null, are shared with it, and not decoded anew.
[[nodiscard]] std::expected<std::shared_ptr<const model::Snapshot>, NoSnapshot>
capture(const Ram& ram, MidChange policy, const model::Snapshot* before = nullptr);

/// The same for one who asks once: waits a moment for the end of a change, then takes what is there.
[[nodiscard]] std::expected<std::shared_ptr<const model::Snapshot>, NoSnapshot>
capture_patiently(const Ram& ram);

} // namespace pagelab::console::guest
