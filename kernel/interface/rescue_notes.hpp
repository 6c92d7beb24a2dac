// What a rescue writes down: what killed the kernel, what the tables said then, what was put right. And what
// it must know of the machine, which boot writes once. Written by kernel/rescue, but for the facts; read by
// the kernel, which prints it, and by the host. Layout only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace pagelab::interface {

/// What was put right, by what it belongs to.
enum class RepairKind : std::uint32_t {
    directory_slot, // index = the slot
    kernel_entry,   // of the table of slot 768: index = the frame's number
    scratch_entry,  // of the table of slot 770: index as in the table
    record_entry,   // of the table of slot 769: index as in the table
    lifeline,       // IDT, GDT, TSSs and the lifeline's table: index = the word's offset in its page
    text,           // code and constants: index = the word's physical address
    rescue,         // the rescue's own tables: index as in the table
    space_entry,    // what a space has of its own (self-map, arena): index = the slot
    strategy_entry, // of a table that a strategy keeps: index = the number of the page that it maps
    strategy_word,  // of a page of tables' addresses: index = the slot whose table it is
    frame_record,   // all records of frames: before and after are their sum, index = 0
    registers,      // index = the control register's number, or one of register_index
};
inline constexpr std::uint32_t kRepairKindCount = 12;

/// What Repair::index says of RepairKind::registers besides the control registers.
namespace register_index {
inline constexpr std::uint32_t kDescriptors = 16;
inline constexpr std::uint32_t kSegments = 17;
inline constexpr std::uint32_t kKept = 18;  // what the kernel had noted of the CPU and its registers
inline constexpr std::uint32_t kInput = 19; // of the serial port and the interrupt controller
inline constexpr std::uint32_t kBreakpoints = 24;
} // namespace register_index

struct Repair {
    RepairKind kind{};
    std::uint32_t index = 0;
    std::uint32_t before = 0;
    std::uint32_t after = 0;
};

/// Repairs in the order of their finding: all of them counted, the first few kept.
struct Repairs {
    static constexpr std::uint32_t kKept = 16;
    std::uint32_t total = 0;
    std::array<std::uint32_t, kRepairKindCount> by_kind{};
    std::array<Repair, kKept> kept{};

    constexpr void add(const Repair& repair) {
        if (total < kKept) {
            kept[total] = repair;
        }
        total += 1;
        by_kind[static_cast<std::uint32_t>(repair.kind)] += 1;
    }
};

/// The entries that translated an address when the kernel died, as they were before any repair.
struct WalkWords {
    static constexpr std::uint32_t kPde = 1; // `pde` could be read
    static constexpr std::uint32_t kPte = 2; // the PDE led to a table in RAM, and `pte` is its word
    std::uint32_t address = 0;
    std::uint32_t pde = 0;
    std::uint32_t pte = 0;
    std::uint32_t there = 0;
};

/// Vectors beyond the CPU's own: the kernel itself called the rescue.
inline constexpr std::uint32_t kPanicVector = 256;
inline constexpr std::uint32_t kBrokenCodeVector = 257;

struct RescueReport {
    static constexpr std::uint32_t kMagic = 0x43534552; // "RESC"
    enum Walk : std::uint32_t { cr2_walk, eip_walk, stack_walk, handler_walk };

    std::uint32_t magic = 0;     // from boot on
    std::uint32_t directory = 0; // physical: a death with this in CR3 is one in the rescue
    std::uint32_t vector = 0;
    std::uint32_t error_code = 0;
    std::uint32_t eip = 0, esp = 0, eflags = 0;
    std::uint32_t cr0 = 0, cr2 = 0, cr3 = 0, cr4 = 0;
    /// CR3 was the address of no directory that the records know.
    std::uint32_t unknown_directory = 0;
    /// The kernel asked for it (a fault in the handler, outside a command, or too many): not a task gate.
    std::uint32_t called = 0;
    /// The kernel's data was thrown away as well: it died again before a command had ended.
    std::uint32_t restarted = 0;
    /// Exceptions within the rescue itself during this one.
    std::uint32_t nested = 0;
    /// The console had said that it sends an NMI: host_bits::kInterrupts.
    std::uint32_t from_host = 0;
    std::array<WalkWords, 4> walks{};
    Repairs repairs;
};

/// What the rescue can't know from the linker.
struct RescueFacts {
    static constexpr std::uint32_t kMaxRanges = 32;
    struct Range {
        std::uint32_t first = 0, end = 0; // frames of RAM [first, end)
    };
    std::uint32_t has_cr4 = 0;
    std::uint32_t cr4 = 0;    // the bits that boot switched on
    std::uint32_t global = 0; // the kernel's leaves have G
    std::uint32_t marks = 0;  // the shell marks its output
    std::uint64_t ram_end = 0;
    std::uint32_t range_count = 0;
    std::array<Range, kMaxRanges> ranges{};
    Range exercise{}; // the frames of the student's image; none if `end` is 0
};

/// The page of the lifeline that both write: LifelinePage::notes.
struct RescueNotes {
    RescueReport report; // first: LabPage::rescue_report_pa is this page
    RescueFacts facts;
    /// Rescues since a command ended or the kernel told of one to its end. The kernel sets it to 0.
    std::uint32_t attempts = 0;
    /// A command began and has not ended. Written by the kernel.
    std::uint32_t command_open = 0;
    /// A rescue is at work.
    std::uint32_t depth = 0;
    /// CRC-32 of each page of the pristine copy, and how many there are.
    std::uint32_t page_count = 0;
    std::array<std::uint32_t, 128> crcs{};
};
static_assert(offsetof(RescueNotes, report) == 0);
static_assert(sizeof(RescueNotes) <= 4096);

} // namespace pagelab::interface
