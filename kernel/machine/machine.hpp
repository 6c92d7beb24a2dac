// The abstract machine: all that the shell may ask of the lab it runs in.
// The shell is written against it and nothing else; kernel/memory implements it over the CPU, and over a
// simulated one in the host's tests. An operation does all of what was asked or nothing, and says what it
// did.
#pragma once

#include "kernel/interface/exercise.hpp"
#include "kernel/interface/frame_record.hpp"
#include "kernel/interface/journal.hpp"
#include "kernel/interface/lab_page.hpp"
#include "kernel/interface/marks.hpp"
#include "kernel/interface/rescue_notes.hpp"
#include "kernel/machine/call.hpp"
#include "kernel/machine/crash.hpp"
#include "kernel/machine/operations.hpp"
#include "kernel/machine/rig.hpp"
#include "kernel/machine/spaces.hpp"
#include "kernel/paging/access.hpp"
#include "kernel/paging/address.hpp"
#include "kernel/paging/control.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

namespace pagelab::machine {

using paging::PhysAddr;
using paging::VirtAddr;

/// The registers that `regs` prints and a fault report needs.
struct Registers {
    std::uint32_t cr0 = 0, cr2 = 0, cr3 = 0, cr4 = 0, eflags = 0;
};

/// An exception in a command. `code` is 0 where the vector has none (SDM 3A table 6-1).
struct Exception {
    std::uint32_t vector = 0, code = 0, cr2 = 0, eip = 0, esp = 0, eflags = 0;
};

/// What the CPU did with one access.
struct TouchResult {
    bool faulted = false;
    std::uint32_t vector = 0;
    std::uint32_t code = 0;
    std::uint32_t cr2 = 0;
};

/// What a load at an address says of the TLB, beside a walk of the tables.
enum class Staleness : std::uint8_t {
    same_frame,   // the CPU reads where the tables lead, or both find no page
    other_frame,  // the CPU reads other memory than the page that the tables name
    still_mapped, // the tables name no page, but the CPU reads one
};

/// Why a console did not bring back the machine as it was before the last command.
enum class HostAnswer : std::uint8_t {
    no_console,  // none with snapshots is there
    no_snapshot, // it has none from before that command
    silent,      // it does not answer
    interrupted, // a Ctrl-C came first
};

/// Frames by role; the sum of all is `total`.
struct FrameCounts {
    std::uint32_t total = 0, free = 0, kernel = 0, directory = 0, table = 0, data = 0, reserved = 0;
};

/// Widths of peek and poke, in bytes.
enum class Unit : std::uint8_t { byte = 1, half = 2, word = 4 };

class Machine {
public:
    // --- what is there -------------------------------------------------------------------------------------
    /// The control registers as a walk of the space in work needs them (CR3 is that space's), and the CPU's
    /// limits.
    [[nodiscard]] virtual paging::PagingContext context() const = 0;
    [[nodiscard]] virtual Registers registers() const = 0;
    /// Number of the current space: the one that CR3 holds.
    [[nodiscard]] virtual std::uint32_t space() const = 0;
    /// Number of the space in work: the current one, but within a command after work_in.
    [[nodiscard]] virtual std::uint32_t space_in_work() const = 0;
    /// The word at a physical address (a multiple of 4); nothing beyond RAM. Never faults, sets no A or D but
    /// those of the kernel's own scratch page.
    [[nodiscard]] virtual std::optional<std::uint32_t> read_word(PhysAddr address) = 0;
    /// The first physical address beyond RAM. There may be holes below it.
    [[nodiscard]] virtual PhysAddr ram_end() const = 0;
    /// Whether all bytes of the frame at `address` are RAM.
    [[nodiscard]] virtual bool is_ram(PhysAddr address) const = 0;
    [[nodiscard]] virtual FrameCounts frames() const = 0;
    [[nodiscard]] virtual interface::FrameRecord frame_record(PhysAddr frame) const = 0;

    /// What outlives the kernel's own data: what was counted since boot, and what torture keeps there.
    [[nodiscard]] virtual interface::LabPage& lab_page() = 0;

    // --- a command is a transaction ------------------------------------------------------------------------
    /// Opens the transaction of one command; `text` goes to the lab page.
    virtual void begin_command(std::string_view text) = 0;
    /// Ends it: keeps the changes, or takes all of them back (entries, frames, flushes). What the kernel
    /// stands on is audited first: was it broken, it is put right, the changes are taken back and the status
    /// is `rescued`. Says which status it is.
    virtual interface::Status end_command(interface::Status status, bool keep) = 0;
    /// What the last audit put right.
    [[nodiscard]] virtual const interface::Repairs& repairs() const = 0;

    // --- change (within a command) -------------------------------------------------------------------------
    [[nodiscard]] virtual std::expected<ChangeReport, OperationError> map(const MapRequest& request) = 0;
    [[nodiscard]] virtual std::expected<ChangeReport, OperationError> unmap(const UnmapRequest& request) = 0;
    [[nodiscard]] virtual std::expected<ChangeReport, OperationError>
    protect(const ProtectRequest& request) = 0;
    /// Writes a raw directory entry / table entry, flushes what that needs. The guard may refuse.
    [[nodiscard]] virtual std::expected<ChangeReport, OperationError>
    set_pde(std::uint32_t pdi, std::uint32_t value, ChangeOptions options) = 0;
    [[nodiscard]] virtual std::expected<ChangeReport, OperationError>
    set_pte(VirtAddr va, std::uint32_t value, ChangeOptions options) = 0;

    // --- address spaces ------------------------------------------------------------------------------------
    /// What there is of space `number` (below kMaxSpaces); nothing if there is no such space. Reads all of
    /// its tables.
    [[nodiscard]] virtual std::optional<SpaceInfo> space_info(std::uint32_t number) = 0;
    /// Queries and changes of tables mean space `number` until the command ends. Refused: no_space.
    [[nodiscard]] virtual std::expected<void, OperationError> work_in(std::uint32_t number) = 0;
    /// An empty space; it gets the lowest free number. Refused: no_frames, no_number.
    [[nodiscard]] virtual std::expected<SpaceReport, OperationError> new_space(Strategy strategy) = 0;
    /// A space with the pages of the space in work: copied, or shared until one side writes.
    [[nodiscard]] virtual std::expected<SpaceReport, OperationError> clone_space(bool copy_on_write) = 0;
    /// Loads CR3. Without options.flush global entries of the space that is left stay in the TLB.
    [[nodiscard]] virtual std::expected<SpaceReport, OperationError> use_space(std::uint32_t number,
                                                                               ChangeOptions options) = 0;
    /// Frees all of it. Refused for space 0 and the current one.
    [[nodiscard]] virtual std::expected<SpaceReport, OperationError> delete_space(std::uint32_t number) = 0;
    /// What a write of the kernel's to `va` in the space in work would do first: a page that is shared until
    /// one side writes becomes its own. False if it is no such page, or if there is no frame for it.
    [[nodiscard]] virtual bool unshare(VirtAddr va) = 0;
    /// In an upper-half space in work: the address of slot `pdi`'s table, where one of the kernel's PDEs
    /// stands in its place.
    [[nodiscard]] virtual std::optional<VirtAddr> displaced_word(std::uint32_t pdi) = 0;
    /// What `pages` maps, walks and unmaps cost in a space of its own, which is gone afterwards.
    [[nodiscard]] virtual std::expected<BenchReport, OperationError> bench(Strategy strategy, Pattern pattern,
                                                                           std::uint32_t pages) = 0;

    // --- frames --------------------------------------------------------------------------------------------
    /// Takes `count` zeroed frames, physically consecutive, from the pool; all or nothing.
    [[nodiscard]] virtual std::expected<ChangeReport, OperationError> alloc_frames(std::uint32_t count) = 0;
    /// Gives back frames that `alloc` handed out and nothing maps any more.
    [[nodiscard]] virtual std::expected<ChangeReport, OperationError> free_frames(PhysAddr first,
                                                                                  std::uint32_t count) = 0;
    /// Frees page tables in user slots that hold no present and no other value.
    [[nodiscard]] virtual std::expected<ChangeReport, OperationError> free_tables() = 0;

    // --- memory: virtual accesses may fault, which abandons the command ----------------------------------
    [[nodiscard]] virtual std::uint32_t load(VirtAddr address, Unit unit) = 0;
    /// Refused (an error) where the target is a frame that the kernel lives on.
    [[nodiscard]] virtual std::expected<void, OperationError>
    store(VirtAddr address, Unit unit, std::uint32_t value, ChangeOptions options) = 0;
    /// Physical accesses go through the kernel's scratch page; an error beyond RAM.
    [[nodiscard]] virtual std::expected<std::uint32_t, OperationError> load_physical(PhysAddr address,
                                                                                     Unit unit) = 0;
    [[nodiscard]] virtual std::expected<void, OperationError>
    store_physical(PhysAddr address, Unit unit, std::uint32_t value, ChangeOptions options) = 0;

    /// Keeps what the frame holds, to be put back if the command does not come to its end. Refused:
    /// no_frames.
    [[nodiscard]] virtual std::expected<void, OperationError> keep_bytes(PhysAddr frame) = 0;

    // --- access and TLB ------------------------------------------------------------------------------------
    /// Lets the CPU make the access for real, in ring 0 or ring 3; a fault is the answer, not an end. Leaves
    /// no trace but A and D. An error where it can't be tried without harm (then the reason says why).
    [[nodiscard]] virtual std::expected<TouchResult, OperationError> touch(VirtAddr address,
                                                                           paging::Access access) = 0;
    /// Whether the CPU reads at `address` what the tables name: a load beside a walk, the only way to tell.
    /// Looks at the translation, not at rights. Leaves no trace but A. An error where it can't be tried
    /// without harm.
    [[nodiscard]] virtual std::expected<Staleness, OperationError> stale(VirtAddr address) = 0;
    /// Where any entry can be tried on the CPU.
    [[nodiscard]] virtual Rig& rig() = 0;
    virtual void invlpg(VirtAddr address) = 0;
    /// Loads CR3 again; with `global` also drops global entries, by way of CR4.PGE.
    virtual void flush_all(bool global) = 0;

    // --- control registers -----------------------------------------------------------------------------
    [[nodiscard]] virtual std::expected<void, OperationError> set_write_protect(bool on) = 0;
    [[nodiscard]] virtual std::expected<void, OperationError> set_pse(bool on) = 0;
    [[nodiscard]] virtual std::expected<void, OperationError> set_pge(bool on) = 0;

    // --- breaking it ---------------------------------------------------------------------------------------
    /// Breaks the machine: where it comes back, the machine has survived. `argument` as the crash's row says.
    /// The guard may refuse.
    [[nodiscard]] virtual std::expected<void, OperationError>
    crash(Crash crash, std::optional<std::uint32_t> argument, ChangeOptions options) = 0;

    // --- a student's file -------------------------------------------------------------------------------
    /// The image that was loaded beside the kernel; nothing without one.
    [[nodiscard]] virtual std::optional<interface::Exercise> exercise() const = 0;
    /// Calls the function at `address`. What it changed in tables becomes a part of the command.
    [[nodiscard]] virtual std::expected<CallReport, OperationError> call(VirtAddr address,
                                                                         const CallArguments& arguments) = 0;

    // --- history ---------------------------------------------------------------------------------------
    [[nodiscard]] virtual const interface::JournalRing& journal() const = 0;
    /// How many of the last commands that changed something, up to `limit`, can be taken back one after the
    /// other: so many times undo() will not refuse.
    [[nodiscard]] virtual std::uint32_t undoable(std::uint32_t limit) const = 0;
    /// Remembers the journal's place, for `restore` and `diff`.
    virtual void set_checkpoint() = 0;
    /// The first record after it; nothing if there is none, or if a command from before it was undone.
    [[nodiscard]] virtual std::optional<std::uint32_t> checkpoint() const = 0;
    /// Takes back the last command that changed something and was not taken back yet.
    [[nodiscard]] virtual std::expected<UndoReport, OperationError> undo() = 0;
    /// Asks the console outside for all of the machine as it was before the last command. Returns only if
    /// that did not come about: else this command will never have been.
    [[nodiscard]] virtual HostAnswer request_machine_undo() = 0;
    virtual void record_fault(const Exception& exception) = 0;
    /// A rescue has brought the kernel back: what it keeps in memory follows what was put right. Before
    /// end_command.
    virtual void after_rescue(const interface::RescueReport& report) = 0;

    // --- console and clock -----------------------------------------------------------------------------
    virtual void write(std::string_view text) = 0;
    /// Waits with interrupts open for the next byte typed; nothing when there will be none (host tests only).
    [[nodiscard]] virtual std::optional<char> read_char() = 0;
    /// Drains the receiver and moves the heartbeat; true while a Ctrl-C is pending. To be called at least
    /// each 50 ms by any loop of a command.
    [[nodiscard]] virtual bool poll() = 0;
    /// Forgets a pending Ctrl-C. Called when a command begins and when its interruption was answered.
    virtual void clear_interrupt() = 0;
    /// Time stamp counter, 0 where the CPU has none.
    [[nodiscard]] virtual std::uint64_t ticks() const = 0;
    /// The symbol table of the kernel: address of `name`, if it is a kernel symbol.
    [[nodiscard]] virtual std::optional<VirtAddr> symbol(std::string_view name) const = 0;
    virtual void halt() = 0;   // does not return on a real machine
    virtual void reboot() = 0; // does not return on a real machine

protected:
    ~Machine() = default;
};

} // namespace pagelab::machine
