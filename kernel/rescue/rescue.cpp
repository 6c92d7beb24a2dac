// The rescue: the second kernel within. Entered by a task gate when the first one can't go on, it writes down
// what killed it, puts right what kernel and rescue stand on, and returns by an IRET to the kernel, which
// tells. It prints nothing and shares no function with the kernel. Every pass does all of it, whatever one
// before it left: it may be entered again at any instruction.
#include "kernel/rescue/cpu.hpp"
#include "kernel/rescue/crc.hpp"
#include "kernel/rescue/room.hpp"

extern "C" void enter_nested();

namespace pagelab::rescue {
namespace {

using interface::LabPage;
using interface::LabState;
using interface::RepairKind;
using interface::RescueNotes;
using interface::RescueReport;
using interface::WalkWords;

constexpr std::uint32_t kTaskSwitched = 1u << 3;
constexpr std::uint32_t kWriteProtect = 1u << 16;
constexpr std::uint32_t kPageSizeExtension = 1u << 4;
constexpr std::uint32_t kGlobalPages = 1u << 7;
constexpr std::uint32_t kFrameMask = 0xfffff000u;
constexpr std::uint32_t kLarge = 1u << 7;
constexpr std::uint32_t kPageFault = 14;
constexpr std::uint32_t kCalled = 255;
constexpr std::uint32_t kDirectoryRole = 3u << 28;
constexpr std::uint32_t kRoleMask = 15u << 28;
constexpr std::uint32_t kFramesOfRecordPage = 1024;
/// Rescues in a row without a command that ended, until there is no hope.
constexpr std::uint32_t kMostAttempts = 8;

alignas(8) constinit Descriptor own_idt[32]{};

/// Memory from 1 MiB to 4 MiB, where all that is the kernel's lies.
template <class T = volatile std::uint32_t>
T& at_physical(std::uint32_t address) {
    return *reinterpret_cast<T*>(kRescueOffset + address);
}
volatile std::uint32_t& entry_of(std::uint32_t frame, std::uint32_t index) {
    return at_physical((frame << 12) + index * 4);
}
LabPage& lab() {
    return at_physical<LabPage>(kernel_physical(&lab_page));
}
RescueNotes& notes() {
    return at_physical<RescueNotes>(rescue_physical(notes_page));
}
Vectors& vectors() {
    return *reinterpret_cast<Vectors*>(layout::kLifeline.raw());
}

[[nodiscard]] bool is_ram(std::uint32_t frame) {
    const interface::RescueFacts& facts = notes().facts;
    for (std::uint32_t i = 0; i < facts.range_count && i < facts.ranges.size(); ++i) {
        if (frame >= facts.ranges[i].first && frame < facts.ranges[i].end) {
            return true;
        }
    }
    return false;
}

/// A word of any frame below 4 GiB, by the one page that looks anywhere.
volatile std::uint32_t& anywhere(std::uint32_t frame, std::uint32_t index) {
    const std::uint32_t page = kRescueOffset + (kRescueWindow << 12);
    entry_of(rescue_physical(rescue_table) >> 12, kRescueWindow) = (frame << 12) | kPresent | kWritable;
    invalidate_page(page);
    return *reinterpret_cast<volatile std::uint32_t*>(page + index * 4);
}

/// Whether the records say that a space's directory is there. They may be broken too: then it is unknown.
[[nodiscard]] bool is_directory(std::uint32_t frame, const Image& image) {
    if (!is_ram(frame)) {
        return false;
    }
    const std::uint32_t records = entry_of(image.record_table, frame / kFramesOfRecordPage);
    if ((records & kPresent) == 0 || !is_ram(records >> 12)) {
        return false;
    }
    return (anywhere(records >> 12, frame % kFramesOfRecordPage) & kRoleMask) == kDirectoryRole;
}

[[nodiscard]] WalkWords walk(std::uint32_t directory, std::uint32_t address, std::uint32_t cr4) {
    WalkWords words{.address = address};
    if (!is_ram(directory)) {
        return words;
    }
    words.pde = anywhere(directory, address >> 22);
    words.there = WalkWords::kPde;
    const bool large = (words.pde & kLarge) != 0 && (cr4 & kPageSizeExtension) != 0;
    if ((words.pde & kPresent) != 0 && !large && is_ram(words.pde >> 12)) {
        words.pte = anywhere(words.pde >> 12, (address >> 12) & 1023);
        words.there |= WalkWords::kPte;
    }
    return words;
}

// --- putting right
// -----------------------------------------------------------------------------------------------

void mend(volatile std::uint32_t& word, std::uint32_t right, std::uint32_t mask, RepairKind kind,
          std::uint32_t index) {
    const std::uint32_t before = word;
    if (((before ^ right) & mask) == 0) {
        return;
    }
    const std::uint32_t after = (before & ~mask) | (right & mask);
    word = after;
    notes().report.repairs.add({kind, index, before, after});
    lab().repairs += 1;
}
void mend_entry(volatile std::uint32_t& entry, std::uint32_t right, RepairKind kind, std::uint32_t index) {
    mend(entry, right, ~(kAccessed | kDirty), kind, index);
}

void mend_rescue(const Image& image) {
    for (std::uint32_t i = 0; i < 1024; ++i) {
        mend_entry(entry_of(image.rescue_directory, i), rescue_slot(image, i), RepairKind::rescue, i);
        if (i != kRescueWindow) {
            mend_entry(entry_of(image.rescue_table, i), rescue_entry(image, i), RepairKind::rescue, i);
        }
    }
}

/// The lifeline's page: busy bits too, for no task but the kernel's will be in use.
void mend_vectors(const Places& places) {
    auto* const words = reinterpret_cast<volatile std::uint32_t*>(&vectors());
    for (std::uint32_t word = 0; word < kVectorsWords; ++word) {
        const ExpectedWord right = vectors_word(word, places);
        mend(words[word], right.value, right.mask, RepairKind::lifeline, word * 4);
    }
    for (std::uint32_t i = 0; i < kWayOut.size(); ++i) {
        vectors().way_out[i] = kWayOut[i];
    }
    for (std::uint32_t task = 0; task < kTaskCount; ++task) {
        const std::uint32_t index = selector(static_cast<Task>(task)) / 8;
        vectors().gdt[index] = gdt_entry(index, places);
    }
    vectors().tasks[0].state.esp0 = places.main_stack;
}

void mend_directory(const Image& image, std::uint32_t directory) {
    for (const std::uint32_t slot : kSharedSlots) {
        mend_entry(anywhere(directory, slot), shared_slot(image, slot), RepairKind::directory_slot, slot);
    }
}

void mend_kernel_tables(const Image& image) {
    for (std::uint32_t i = 0; i < 1024; ++i) {
        mend_entry(entry_of(image.lifeline_table, i), lifeline_entry(image, i), RepairKind::lifeline, i * 4);
    }
    for (std::uint32_t frame = image.first; frame < image.end; ++frame) {
        mend_entry(entry_of(image.kernel_table, frame), kernel_entry(image, frame), RepairKind::kernel_entry,
                   frame);
    }
    mend_entry(entry_of(image.scratch_table, kScratchSelf), scratch_self(image), RepairKind::scratch_entry,
               kScratchSelf);
}

/// Code and constants against the pristine copy, page by page: where they differ, the sum tells which is
/// right.
void mend_text() {
    const std::uint32_t live_start = kernel_physical(text_start);
    const std::uint32_t copy_start = kernel_physical(image_end);
    for (std::uint32_t page = 0; page < text_bytes() / 4096; ++page) {
        auto* const live = &at_physical<std::uint32_t>(live_start + page * 4096);
        auto* const copy = &at_physical<std::uint32_t>(copy_start + page * 4096);
        bool same = true;
        for (std::uint32_t i = 0; i < kPageWords && same; ++i) {
            same = live[i] == copy[i];
        }
        if (same) {
            continue;
        }
        const Winner right = winner(crc_of_page(live), crc_of_page(copy), notes().crcs[page]);
        for (std::uint32_t i = 0; i < kPageWords; ++i) {
            if (right == Winner::live) {
                copy[i] = live[i];
            } else {
                mend(live[i], copy[i], ~0u, RepairKind::text, live_start + page * 4096 + i * 4);
            }
        }
    }
}

void mend_everything(const Image& image, const Places& places) {
    mend_rescue(image);
    mend_vectors(places);
    mend_kernel_tables(image);
    mend_directory(image, image.directory);
    mend_text();
}

// --- out of the hardware task
// ------------------------------------------------------------------------------------

/// From here on the CPU is in the kernel's task again, so another #DF can enter the rescue afresh.
void leave_task(const Places& places) {
    load_gdt({sizeof(Vectors::gdt) - 1, static_cast<std::uint32_t>(places.vectors + offsetof(Vectors, gdt))});
    load_task(selector(Task::main));
    load_no_ldt();
    clear_eflags();
    for (std::uint32_t vector = 0; vector < 32; ++vector) {
        const bool by_task = vector == 8 || vector == 2;
        own_idt[vector] = by_task
                              ? idt_entry(vector, places)
                              : make_gate(kKernelCode, reinterpret_cast<std::uint32_t>(&enter_nested), 0x8E);
    }
    load_idt({sizeof(own_idt) - 1, address_of(own_idt)});
}

/// The registers of the flow that died. The kernel's own call hands over those of an exception that it saw.
void report_registers(RescueReport& report, std::uint32_t vector) {
    const TaskState dead = vectors().tasks[0].state;
    report.called = vector == kCalled ? 1 : 0;
    report.vector = vector == kCalled ? dead.eax : vector;
    report.error_code = vector == kCalled ? dead.ecx : 0;
    report.eip = vector == kCalled ? dead.edx : dead.eip;
    report.esp = vector == kCalled ? dead.ebx : dead.esp;
    report.eflags = vector == kCalled ? dead.esi : dead.eflags;
    report.cr2 = vector == kCalled ? dead.edi : read_cr2();
}

void report_death(RescueReport& report, const Places& places) {
    const std::uint32_t directory = report.cr3 >> 12;
    report.walks = {walk(directory, report.cr2, report.cr4), walk(directory, report.eip, report.cr4),
                    walk(directory, report.esp - 4, report.cr4),
                    walk(directory, places.first_stub + kPageFault * kStubBytes, report.cr4)};
}

/// The kernel's data as boot found it: what its code changed in .data and .bss is gone, but for what lies in
/// sections of its own (lab page, journal, tables, stacks).
void throw_data_away() {
    const std::uint32_t data = kernel_physical(data_start);
    const std::uint32_t copy = kernel_physical(image_end) + text_bytes();
    for (std::uint32_t i = 0; i < address_of(unpacked_end) - address_of(data_start); ++i) {
        at_physical<volatile std::uint8_t>(data + i) = at_physical<volatile std::uint8_t>(copy + i);
    }
    for (std::uint32_t at = address_of(bss_start); at < address_of(tables_start); at += 4) {
        at_physical(kernel_physical(reinterpret_cast<const void*>(at))) = 0;
    }
}

extern "C" [[noreturn]] void rescue_leave(const void* way_out, std::uint32_t directory, std::uint32_t stack);

/// Into the kernel, on a fresh stack that holds nothing but the frame of one IRET.
[[noreturn]] void leave(const Image& image, const Places& places) {
    RescueNotes& page = notes();
    const std::uint32_t wanted = page.report.cr3 >> 12;
    const std::uint32_t directory = page.report.unknown_directory != 0 ? image.directory : wanted;
    mend_directory(image, directory);

    std::uint32_t* const frame =
        &at_physical<std::uint32_t>(kernel_physical(main_stack_top) - 3 * sizeof(std::uint32_t));
    frame[0] = reinterpret_cast<std::uint32_t>(page.report.restarted != 0 ? &restart_entry : &rescued_entry);
    frame[1] = kKernelCode;
    frame[2] = 2;
    page.depth = 0;
    load_idt({sizeof(Vectors::idt) - 1, places.vectors});
    if (page.facts.has_cr4 != 0) {
        write_cr4(lab().cr4 & page.facts.cr4);
    }
    write_cr0((kBootCr0 & ~kWriteProtect) | (lab().cr0 & kWriteProtect));
    rescue_leave(vectors().way_out.data(), directory << 12, places.main_stack - 12);
}

} // namespace

namespace {

/// What brings the kernel back to life kills it again, for ever: the host is told, and does what is left.
[[noreturn]] void give_up() {
    lab().state = static_cast<std::uint32_t>(LabState::panic);
    for (;;) {
        stop();
    }
}

} // namespace

extern "C" [[noreturn]] void rescue_main(std::uint32_t vector) {
    const std::uint32_t cr0 = read_cr0() & ~kTaskSwitched;
    write_cr0(kBootCr0);
    RescueNotes& page = notes();
    const std::uint32_t cr4 = page.facts.has_cr4 != 0 ? read_cr4() : 0;
    if (page.facts.has_cr4 != 0) {
        write_cr4(0); // drops global translations of the kernel's as well
    }
    clear_breakpoints();
    const Image image = linked_image(page.facts.global != 0);
    const Places places = linked_places();

    lab().rescues += 1;
    lab().state = static_cast<std::uint32_t>(LabState::rescued);
    RescueReport& report = page.report;
    const bool first = page.depth == 0;
    page.depth = 1;
    if (first) {
        report = {.magic = RescueReport::kMagic, .directory = places.rescue_directory};
        report_registers(report, vector);
        report.cr0 = cr0;
        report.cr3 = lab().cr3;
        report.cr4 = cr4;
        report.from_host = lab().host & interface::host_bits::kInterrupts;
        report.unknown_directory = is_directory(report.cr3 >> 12, image) ? 0 : 1;
        report_death(report, places);
        page.attempts += 1;
    } else {
        report.nested += 1;
    }
    if (page.attempts > kMostAttempts) {
        give_up();
    }
    mend_vectors(places);
    leave_task(places);
    mend_everything(image, places);
    if (page.attempts > 1) {
        report.restarted = 1;
        throw_data_away();
    }
    leave(image, places);
}

extern "C" [[noreturn]] void rescue_fault() {
    RescueNotes& page = notes();
    page.report.nested += 1;
    const Image image = linked_image(page.facts.global != 0);
    const Places places = linked_places();
    mend_everything(image, places);
    leave(image, places);
}

} // namespace pagelab::rescue

// The compiler may call these; the kernel's own are out of reach.
extern "C" {
void* memset(void* to, int value, std::size_t size) {
    void* at = to;
    asm volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(value) : "memory");
    return to;
}
void* memcpy(void* to, const void* from, std::size_t size) {
    void* at = to;
    asm volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(size)::"memory");
    return to;
}
}
