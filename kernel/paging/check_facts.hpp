// What the checker is handed besides memory: room, and what tables don't say.
// For the checker and for who calls it. Data and a contract only.
#pragma once

#include "kernel/paging/check_aliases.hpp"
#include "kernel/paging/check_tables.hpp"

#include <array>
#include <concepts>

namespace pagelab::paging {

/// Room for the checker: a kernel's stack has none for it.
struct CheckWorkspace {
    TableFrames::Room tables{};
    std::array<AliasRun, 340> runs{};
};

/// What tables don't say. is_ram: whether a frame is RAM. is_free: whether nobody owns it (false where that
/// is not known). is_own: a page that is meant to show every frame (a direct map). is_window: a slot through
/// which a system looks at the tables of another directory.
template <class F>
concept CheckFacts = requires(F& facts, PhysAddr frame, VirtAddr page, std::uint32_t slot) {
    { facts.is_ram(frame) } -> std::same_as<bool>;
    { facts.is_free(frame) } -> std::same_as<bool>;
    { facts.is_own(page) } -> std::same_as<bool>;
    { facts.is_window(slot) } -> std::same_as<bool>;
};

} // namespace pagelab::paging
