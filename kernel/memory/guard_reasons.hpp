// Each reason for which the guard refuses, as data. For the guard, and for the test that forces each of them
// once and sees it survived: a reason without such a case fails it. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pagelab::memory {

enum class GuardReason : std::uint8_t {
    lifeline_slot,
    records_slot,
    scratch_slot,
    window_slot,
    upper_half_word,
    setpde_instead,
    kernel_entry,
    kernel_memory,
    records_entry,
    scratch_entry,
    scratch_as_table,
    device_as_table,
    kernel_as_table,
    free_as_table,
    foreign_code,
    code_in_device,
    kernel_alias,
    writable_table,
    no_lifeline,
    table_in_directory,
    no_protection,
    reserved_control,
    mapped_code,
    stack_in_window,
    stack_in_kernel,
    stack_too_deep,
    no_idt,
    no_gdt,
    count // of all above
};

struct GuardRow {
    GuardReason reason{};
    /// Behind the command that was refused: a clause without a full stop.
    std::string_view text;
};

/// Row i is GuardReason i.
inline constexpr std::array<GuardRow, static_cast<std::size_t>(GuardReason::count)> kGuardReasons = {{
    {GuardReason::lifeline_slot, "slot 1021 is the lifeline: the rescue stands on it"},
    {GuardReason::records_slot, "slot 769 maps the frame records, in which the kernel keeps its books"},
    {GuardReason::scratch_slot,
     "slot 770 maps the kernel's scratch pages, by which broken tables are repaired"},
    {GuardReason::window_slot,
     "slots 771 to 1020 and 1022 are the windows of the strategies and of other spaces"},
    {GuardReason::upper_half_word,
     "an upper-half space ends at 0x80000000: its slots from 512 on hold the tables' addresses"},
    {GuardReason::setpde_instead, "this table is a page directory: use setpde"},
    {GuardReason::kernel_entry, "the kernel keeps its own entries there"},
    {GuardReason::kernel_memory, "the kernel's own code and data are there"},
    {GuardReason::records_entry, "the frame records are mapped there, in which the kernel keeps its books"},
    {GuardReason::scratch_entry, "the kernel's scratch pages are mapped there"},
    {GuardReason::scratch_as_table, "the kernel's scratch pages change without a flush of their aliases"},
    {GuardReason::device_as_table,
     "no RAM but a device or ROM is there: QEMU hangs where the CPU would set A in it"},
    {GuardReason::kernel_as_table, "the CPU would set A and D in the kernel's own memory"},
    {GuardReason::free_as_table, "the frame is free and holds no table: take it with alloc first"},
    {GuardReason::foreign_code,
     "the kernel would take what another frame holds for its own code and data, and do anything"},
    {GuardReason::code_in_device,
     "the kernel would run what no RAM holds: QEMU ends or hangs on code in devices"},
    {GuardReason::kernel_alias,
     "the kernel's own stores would go to page tables or to its code, under another address"},
    {GuardReason::writable_table, "page tables and the rescue stay read-only in the direct map"},
    {GuardReason::no_lifeline,
     "this directory does not hold the lifeline in slot 1021: no exception could be handled"},
    {GuardReason::table_in_directory,
     "a table in this directory would be a device or the kernel's own memory, in which the CPU would set A "
     "and D"},
    {GuardReason::no_protection, "without CR0.PG and PE the CPU runs garbage in real mode"},
    {GuardReason::reserved_control, "bits of CR4 but PSE and PGE may be reserved: QEMU then hangs"},
    {GuardReason::mapped_code, "what is mapped there may do anything when it runs, also end QEMU"},
    {GuardReason::stack_in_window, "pushes there would overwrite the lifeline or page tables"},
    {GuardReason::stack_in_kernel, "pushes there would overwrite page tables or the kernel's own memory"},
    {GuardReason::stack_too_deep, "pushes there would run down through more than 4 MiB and take seconds"},
    {GuardReason::no_idt, "without the IDT no exception finds its handler, nor the rescue: the machine dies"},
    {GuardReason::no_gdt, "without the GDT no task can be loaded, nor the rescue: the machine dies"},
}};

constexpr std::string_view text_of(GuardReason reason) {
    return kGuardReasons[static_cast<std::size_t>(reason)].text;
}

static_assert([] {
    for (std::size_t i = 0; i < kGuardReasons.size(); ++i) {
        if (static_cast<std::size_t>(kGuardReasons[i].reason) != i || kGuardReasons[i].text.empty()) {
            return false;
        }
    }
    return true;
}());

} // namespace pagelab::memory
