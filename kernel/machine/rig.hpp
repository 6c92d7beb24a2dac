// The rig: a page under test in a space of its own, whose PDE and PTE may be any words, and at which the CPU
// makes single accesses for real. For the self-tests, which ask; kernel/memory implements it. A command opens
// it, and when it is closed, or the command is abandoned, all is as it was: tables, frames, journal, control
// registers.
#pragma once

#include "kernel/machine/operations.hpp"
#include "kernel/paging/access.hpp"

#include <cstdint>
#include <expected>

namespace pagelab::machine {

/// Where the rig's things lie, and what the CPU has.
struct RigPlan {
    /// The page under test.
    VirtAddr page;
    /// The directory that CR3 holds, and the frame that a PDE may lead to: in it is the PTE under test.
    PhysAddr directory, table;
    /// Two pages that are the rig's own, for a PTE to lead to. The other one lies in the 4 MiB at
    /// `large_page` where a large PDE shows it at the page under test.
    PhysAddr small_page, other_page;
    PhysAddr large_page;
    paging::CpuLimits cpu;
    /// The bits of CR4 that this CPU has, of those that 32-bit paging depends on.
    std::uint32_t cr4 = 0;
};

/// The words under test.
struct RigEntries {
    std::uint32_t pde = 0;
    std::uint32_t pte = 0;
    constexpr bool operator==(const RigEntries&) const = default;
};

/// What an access did: the fault or none, and what the register held afterwards. It held the value given
/// before; a read loads the page's word into it, and so does the code that a fetch runs.
struct RigAnswer {
    bool faulted = false;
    std::uint32_t vector = 0, code = 0, cr2 = 0;
    std::uint32_t value = 0;
};

/// What a write left in the two pages; 0 where none came.
struct RigWritten {
    std::uint32_t small_page = 0, other_page = 0;
};

/// The words that a read or a fetch finds in the pages.
inline constexpr std::uint32_t kSmallPageWord = 0x5ca1ab1e;
inline constexpr std::uint32_t kOtherPageWord = 0x0ddba115;

/// Where in the page an access goes: a place each for reads, writes, and code of ring 0 and ring 3.
constexpr std::uint32_t rig_offset(const paging::Access& access) {
    switch (access.kind) {
    case paging::AccessKind::read:
        return 0;
    case paging::AccessKind::write:
        return 8;
    default:
        return access.user ? 24 : 16;
    }
}

class Rig {
public:
    /// Within a command. Refused: no_frames, no_number, journal_full.
    [[nodiscard]] virtual std::expected<RigPlan, OperationError> open() = 0;
    virtual void close() = 0;

    /// CR0.WP, and of CR4 the bits of RigPlan::cr4: those given are set, the others clear.
    virtual void set_control(bool write_protect, std::uint32_t cr4) = 0;
    /// Writes both words; flushes nothing.
    virtual void set_entries(const RigEntries& entries) = 0;
    [[nodiscard]] virtual RigEntries entries() = 0;
    /// INVLPG of the page under test.
    virtual void flush_page() = 0;
    /// Loads CR3 again.
    virtual void reload_cr3() = 0;
    /// One access at rig_offset of the page under test.
    [[nodiscard]] virtual RigAnswer access(const paging::Access& access, std::uint32_t value) = 0;
    /// What was written since the last call; forgets it.
    [[nodiscard]] virtual RigWritten take_written() = 0;

protected:
    ~Rig() = default;
};

} // namespace pagelab::machine
