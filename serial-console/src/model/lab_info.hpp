// What the lab page says, checked and made harmless: a value that the model can hold. Guests write what they
// like there; guest/ reads it, only this type goes further.
#pragma once

#include "kernel/interface/lab_page.hpp"
#include "kernel/paging/control.hpp"

#include <cstdint>
#include <string>

namespace pagelab::console::model {

struct LabInfo {
    /// False of a guest without a lab page: of what follows only the context is known.
    bool pagelab = true;
    std::uint32_t generation = 0;
    paging::PagingContext context;
    std::uint32_t space = 0;
    std::uint32_t frames_total = 0;
    std::uint32_t frames_free = 0;
    interface::LabState state = interface::LabState::off;
    std::uint32_t command_count = 0;
    std::uint32_t last_status = 0;
    std::string last_command; // printable ASCII

    bool operator==(const LabInfo&) const = default;
};

} // namespace pagelab::console::model
