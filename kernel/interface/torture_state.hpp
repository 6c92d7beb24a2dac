// What `torture` keeps from one of its commands to the next, and counts. It lies in the lab page: there it
// outlives whatever the commands do to the kernel's own data, and a host can look on. Layout only.
#pragma once

#include <array>
#include <cstdint>

namespace pagelab::interface {

/// Pages with known contents in space 0 that no command asks for: they must be as they were.
inline constexpr std::uint32_t kWitnessPages = 8;
/// The directory slots that they lie in.
inline constexpr std::uint32_t kWitnessSlots = 4;

namespace torture_options {
/// Endless loops and hlt are among the commands.
inline constexpr std::uint32_t kHang = 1;
/// Each command is printed before it runs.
inline constexpr std::uint32_t kShow = 2;
} // namespace torture_options

/// Of TortureState::active: a word that garbage in the lab page hardly is.
inline constexpr std::uint32_t kTortureActive = 0x74726f74;

struct TortureState {
    std::uint32_t active;                            // kTortureActive while it runs
    std::uint32_t seed;                              // as it was typed
    std::uint32_t random;                            // the generator's state
    std::uint32_t options;                           // torture_options
    std::uint32_t wanted;                            // commands
    std::uint32_t done;                              // commands that have ended, by status:
    std::array<std::uint32_t, 5> by_status;          // ok, error, fault, rescued, interrupted
    std::uint32_t refused;                           // commands that the guard refused
    std::uint32_t changed;                           // commands that changed a table
    std::uint32_t restarts;                          // of the kernel's data
    std::uint32_t lost;                              // witnesses that were not as they were
    std::uint32_t directory;                         // space 0's, physical address
    std::uint32_t first_slot;                        // of the witnesses
    std::array<std::uint32_t, kWitnessSlots> tables; // physical addresses
    std::array<std::uint32_t, kWitnessPages> frames; // physical addresses
};

} // namespace pagelab::interface
