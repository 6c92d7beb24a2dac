// The lab page: what the kernel tells the host of itself, at the fixed frame layout::kLabPage.
// Written by the kernel (the word `host` by the host, which also clears `request`), read by console, plugin
// and tests. Layout only.
#pragma once

#include "kernel/interface/torture_state.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pagelab::interface {

enum class LabState : std::uint32_t { off, booting, prompt, running, rescued, panic, rebooting, halted };

inline constexpr std::array<std::string_view, 8> kLabStateNames = {
    "off", "booting", "prompt", "running", "rescued", "panic", "rebooting", "halted"};

inline constexpr std::array<char, 8> kLabMagic = {'P', 'A', 'G', 'E', 'L', 'A', 'B', '1'};
inline constexpr std::uint32_t kLabVersion = 2;

/// What the kernel asks of the host, in `request`; its number is in `request_argument`.
enum class HostRequest : std::uint32_t {
    none,
    undo_machine, ///< memory as it was before the command whose number is given
};

/// Bits of `host`.
namespace host_bits {
/// A console with snapshots is attached: HostRequest::undo_machine can be answered.
inline constexpr std::uint32_t kSnapshots = 1;
/// The console sends an NMI to the command that runs.
inline constexpr std::uint32_t kInterrupts = 2;
} // namespace host_bits

/// All words little-endian, at fixed offsets. `generation` changes with every other change that a picture
/// would show, so a host polls one word; it is odd while the kernel is in the middle of a change of tables.
struct LabPage {
    std::array<char, 8> magic;          // 0x00
    std::uint32_t version;              // 0x08
    std::uint32_t generation;           // 0x0c
    std::uint32_t cr0;                  // 0x10
    std::uint32_t cr3;                  // 0x14
    std::uint32_t cr4;                  // 0x18
    std::uint32_t space;                // 0x1c current space's number
    std::uint32_t frames_total;         // 0x20 frames of RAM that the allocator has, free or not
    std::uint32_t frames_free;          // 0x24
    std::uint32_t frame_records_va;     // 0x28 virtual
    std::uint32_t frame_records_count;  // 0x2c records that are backed and valid
    std::uint32_t journal_pa;           // 0x30 physical address of the JournalRing
    std::uint32_t journal_capacity;     // 0x34 records
    std::uint32_t state;                // 0x38 LabState
    std::uint32_t command_count;        // 0x3c commands begun since boot
    std::uint32_t last_status;          // 0x40 Status of the last command that ended
    std::uint32_t heartbeat;            // 0x44 moved by poll()
    std::uint32_t request;              // 0x48 HostRequest; written by the kernel, cleared by its answer
    std::uint32_t request_argument;     // 0x4c
    std::uint32_t cpu_pse36;            // 0x50 CPUID's PSE-36: 0 or 1
    std::uint32_t cpu_physical_bits;    // 0x54 MAXPHYADDR
    std::uint32_t ram_end_low;          // 0x58 first physical address beyond RAM, low half
    std::uint32_t ram_end_high;         // 0x5c
    std::array<char, 128> last_command; // 0x60 zero-terminated, cut to fit
    std::uint32_t rescues;              // 0xe0 tasks of the rescue entered since boot; written by the rescue
    std::uint32_t faults;               // 0xe4 exceptions of commands since boot
    std::uint32_t refusals;             // 0xe8 operations that the guard refused since boot
    std::uint32_t repairs;              // 0xec words that audits and rescues put right since boot
    std::uint32_t host;                 // 0xf0 host_bits; written by the host only
    std::uint32_t rescue_report_pa;     // 0xf4 physical address of the RescueReport; 0 until it is made
    std::uint32_t checkpoint;           // 0xf8 the journal's first record after it; 0: there is none
    std::uint32_t unused;               // 0xfc
    TortureState torture;               // at 0x100
};
static_assert(offsetof(LabPage, state) == 0x38);
static_assert(offsetof(LabPage, cpu_pse36) == 0x50);
static_assert(offsetof(LabPage, last_command) == 0x60);
static_assert(offsetof(LabPage, rescues) == 0xe0);
static_assert(offsetof(LabPage, rescue_report_pa) == 0xf4);
static_assert(offsetof(LabPage, torture) == 0x100);
static_assert(sizeof(LabPage) <= 0x1000);

} // namespace pagelab::interface
