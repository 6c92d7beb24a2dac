#include "kernel/arch/x86/lifeline.hpp"

#include "kernel/arch/x86/image.hpp"
#include "kernel/arch/x86/registers.hpp"
#include "kernel/paging/control.hpp"
#include "kernel/rescue/crc.hpp"
#include "kernel/rescue/room.hpp"

#include <cstddef>

namespace pagelab::arch {
namespace {

using interface::RepairKind;
using interface::Repairs;
using rescue::Task;
using rescue::Vectors;
using Words = volatile std::uint32_t*;

/// A page by its frame, in the direct map: writable at boot only, but for what the kernel itself writes.
Words direct(std::uint32_t frame) {
    return reinterpret_cast<Words>(kKernelOffset + (frame << 12));
}

/// A page of the lifeline, as every directory shows it.
template <class T>
T& lifeline(interface::layout::LifelinePage page) {
    return *reinterpret_cast<T*>(interface::layout::lifeline_page(page).raw());
}
Vectors& vectors() {
    return lifeline<Vectors>(interface::layout::LifelinePage::vectors);
}

struct [[gnu::packed]] TableRegister {
    std::uint16_t limit;
    std::uint32_t base;
};
bool operator==(const TableRegister& a, const TableRegister& b) {
    return a.limit == b.limit && a.base == b.base;
}

TableRegister gdt_register() {
    return {sizeof(Vectors::gdt) - 1, address_of(&vectors().gdt)};
}
TableRegister idt_register() {
    return {sizeof(Vectors::idt) - 1, address_of(&vectors().idt)};
}

void load_descriptors() {
    const TableRegister gdt = gdt_register();
    const TableRegister idt = idt_register();
    // The task must be available to be loaded, also where it is loaded already.
    vectors().gdt[rescue::selector(Task::main) / 8] =
        rescue::gdt_entry(rescue::selector(Task::main) / 8, rescue::linked_places());
    asm volatile("lgdt %0\n\t"
                 "ljmp %1, $1f\n"
                 "1:\n\t"
                 "mov %2, %%ds\n\t"
                 "mov %2, %%es\n\t"
                 "mov %2, %%fs\n\t"
                 "mov %2, %%gs\n\t"
                 "mov %2, %%ss\n\t"
                 "lldt %w3\n\t"
                 "ltr %w4\n\t"
                 "lidt %5" ::"m"(gdt),
                 "i"(rescue::kKernelCode), "r"(static_cast<std::uint32_t>(rescue::kKernelData)), "r"(0),
                 "r"(static_cast<std::uint32_t>(rescue::selector(Task::main))), "m"(idt)
                 : "memory");
}

void mend(Words word, std::uint32_t right, std::uint32_t mask, RepairKind kind, std::uint32_t index,
          Repairs& repairs) {
    const std::uint32_t before = *word;
    if (((before ^ right) & mask) != 0) {
        const std::uint32_t after = (before & ~mask) | (right & mask);
        *word = after;
        repairs.add({kind, index, before, after});
    }
}

void mend_vectors(Repairs& repairs) {
    const rescue::Places places = rescue::linked_places();
    const auto words = reinterpret_cast<Words>(&vectors());
    for (std::uint32_t word = 0; word < rescue::kVectorsWords; ++word) {
        const rescue::ExpectedWord right = rescue::vectors_word(word, places);
        mend(&words[word], right.value, right.mask, RepairKind::lifeline, word * 4, repairs);
    }
}

/// No command has a segment of its own. FS and GS, which nothing uses, are empty after an access by ring 3.
void mend_registers(Repairs& repairs) {
    TableRegister gdt;
    TableRegister idt;
    std::uint32_t task = 0;
    std::uint32_t local = 0;
    std::uint32_t segments = 0;
    std::uint32_t breakpoints = 0;
    asm volatile("sgdt %0\n\tsidt %1" : "=m"(gdt), "=m"(idt));
    asm volatile("str %w0" : "+r"(task));
    asm volatile("sldt %w0" : "+r"(local));
    asm volatile("mov %%ds, %%eax\n\t"
                 "xor $0x10, %%eax\n\t"
                 "mov %%eax, %0\n\t"
                 "mov %%es, %%eax\n\t"
                 "xor $0x10, %%eax\n\t"
                 "or %%eax, %0"
                 : "=&r"(segments)::"eax", "cc");
    asm volatile("mov %%db7, %0" : "=r"(breakpoints));
    namespace register_index = interface::register_index;
    if ((breakpoints & 0x20ff) != 0) {
        asm volatile("mov %0, %%db7" ::"r"(0x400));
        repairs.add({RepairKind::registers, register_index::kBreakpoints, breakpoints, 0x400});
    }
    const bool moved = !(gdt == gdt_register()) || !(idt == idt_register()) ||
                       task != rescue::selector(Task::main) || local != 0;
    if (moved) {
        repairs.add(
            {RepairKind::registers, register_index::kDescriptors, idt.base, address_of(&vectors().idt)});
    } else if ((segments & 0xffff) != 0) {
        repairs.add({RepairKind::registers, register_index::kSegments, segments, 0});
    }
    if (moved || (segments & 0xffff) != 0) {
        load_descriptors();
    }
    asm volatile("pushl $2\n\tpopfl" ::: "memory", "cc"); // NT, TF, AC, IOPL and the direction
}

} // namespace

void install_lifeline() {
    const rescue::Image image = rescue::linked_image(false);
    const auto fill = [](std::uint32_t frame, auto&& entry) {
        for (std::uint32_t i = 0; i < 1024; ++i) {
            direct(frame)[i] = entry(i);
        }
    };
    fill(image.lifeline_table, [&](std::uint32_t i) { return rescue::lifeline_entry(image, i); });
    fill(image.rescue_directory, [&](std::uint32_t i) { return rescue::rescue_slot(image, i); });
    fill(image.rescue_table, [&](std::uint32_t i) { return rescue::rescue_entry(image, i); });
    direct(image.directory)[interface::layout::kLifelineSlot] =
        rescue::shared_slot(image, interface::layout::kLifelineSlot);
    asm volatile("" ::: "memory"); // the slot before its pages
    Repairs ignored;
    mend_vectors(ignored);
    for (std::uint32_t i = 0; i < rescue::kWayOut.size(); ++i) {
        vectors().way_out[i] = rescue::kWayOut[i];
    }
    vectors().tasks[0].state.esp0 = address_of(main_stack_top);
    load_descriptors();
}

interface::RescueNotes& rescue_notes() {
    return lifeline<interface::RescueNotes>(interface::layout::LifelinePage::notes);
}

void arm_rescue(const interface::RescueFacts& facts) {
    const std::uint32_t pages = rescue::pristine_pages();
    const std::uint32_t copy = address_of(image_end);
    const auto from = reinterpret_cast<Words>(address_of(text_start));
    const auto to = reinterpret_cast<Words>(copy);
    for (std::uint32_t i = 0; i < pages * rescue::kPageWords; ++i) {
        to[i] = from[i];
    }
    interface::RescueNotes& notes = rescue_notes();
    notes.page_count = pages;
    for (std::uint32_t page = 0; page < pages; ++page) {
        notes.crcs[page] = rescue::crc_of_page(
            reinterpret_cast<const std::uint32_t*>(copy + page * rescue::kPageWords * sizeof(std::uint32_t)));
    }
    notes.facts = facts;
    notes.report.magic = interface::RescueReport::kMagic;
    notes.report.directory = rescue::rescue_physical(rescue_directory);
    volatile interface::LabPage& page = lab_page;
    page.rescue_report_pa = rescue::rescue_physical(notes_page);
}

void call_rescue(const Distress& distress) {
    asm volatile("cli\n\t"
                 "lcall %0, $0" ::"i"(rescue::selector(Task::call)),
                 "a"(distress.vector), "c"(distress.code), "d"(distress.eip), "b"(distress.esp),
                 "S"(distress.eflags), "D"(distress.cr2)
                 : "memory");
    __builtin_unreachable();
}

bool code_is_whole() {
    auto live = reinterpret_cast<const std::uint32_t*>(address_of(text_start));
    auto copy = reinterpret_cast<const std::uint32_t*>(address_of(image_end));
    std::uint32_t words = rescue::text_bytes() / 4;
    bool same = false;
    asm volatile("repe cmpsl\n\tsete %3" : "+S"(live), "+D"(copy), "+c"(words), "=r"(same)::"memory", "cc");
    return same;
}

void mend_rescue_code() {
    const std::uint32_t first = (address_of(rescue_start) - address_of(text_start)) / paging::kPageSize;
    const std::uint32_t end = rescue::text_bytes() / paging::kPageSize;
    const std::uint32_t cr0 = read_cr0();
    for (std::uint32_t page = first; page < end; ++page) {
        const auto place = [page](const void* start) {
            return reinterpret_cast<std::uint32_t*>(address_of(start) + page * paging::kPageSize);
        };
        std::uint32_t* const live = place(text_start);
        const std::uint32_t* const copy = place(image_end);
        if (rescue::winner(rescue::crc_of_page(live), rescue::crc_of_page(copy), rescue_notes().crcs[page]) !=
            rescue::Winner::copy) {
            continue;
        }
        write_cr0(cr0 & ~paging::cr0::kWriteProtect); // code is read-only to the kernel too
        for (std::uint32_t i = 0; i < rescue::kPageWords; ++i) {
            static_cast<volatile std::uint32_t*>(live)[i] = copy[i];
        }
        write_cr0(cr0);
    }
}

void mend_lifeline(interface::Repairs& repairs) {
    mend_vectors(repairs);
    mend_registers(repairs);
}

} // namespace pagelab::arch

extern "C" [[gnu::regparm(0)]] void access_set_kernel_stack(std::uint32_t esp) {
    pagelab::arch::vectors().tasks[0].state.esp0 = esp;
}
