// Where the linker put what kernel and rescue stand on, as frames and places for tables.hpp and
// descriptors.hpp. For the rescue, and for arch/x86/lifeline.cpp. Addresses of symbols only, never their
// contents.
#pragma once

#include "kernel/interface/lab_page.hpp"
#include "kernel/interface/rescue_notes.hpp"
#include "kernel/rescue/descriptors.hpp"
#include "kernel/rescue/tables.hpp"

#include <cstdint>

extern "C" {
// The kernel's, at their addresses in the direct map; only the addresses mean something here.
extern const char image_start[], image_end[], text_start[], rescue_start[], data_start[], unpacked_end[],
    bss_start[];
extern const char tables_start[], tables_end[], data_end[], main_stack_guard[], main_stack_top[];
extern const char page_directory[], kernel_table[], record_table[], scratch_table[];
extern const char first_stub[];
extern pagelab::interface::LabPage lab_page;
[[noreturn]] void rescued_entry();
[[noreturn]] void restart_entry();
// The rescue's own, at kRescueOffset + their physical address.
extern const char vectors_page[], lifeline_table[], notes_page[], rescue_directory[], rescue_table[];
extern const char rescue_guards[], rescue_stack_top[], rescue_nmi_stack_top[];
void enter_double_fault();
void enter_non_maskable();
void enter_broken_segment();
void enter_call();
}

namespace pagelab::rescue {

inline std::uint32_t address_of(const void* symbol) {
    return reinterpret_cast<std::uint32_t>(symbol);
}
/// The physical address of something of the kernel's, and of something of the rescue's.
inline std::uint32_t kernel_physical(const void* symbol) {
    return address_of(symbol) - layout::kDirectMap.raw();
}
inline std::uint32_t rescue_physical(const void* symbol) {
    return address_of(symbol) - kRescueOffset;
}
inline std::uint32_t text_bytes() {
    return address_of(data_start) - address_of(text_start);
}
/// What the pristine copy holds: all that was unpacked. It lies right behind the image.
inline std::uint32_t pristine_pages() {
    return (address_of(unpacked_end) - address_of(text_start) + 0xfff) / 0x1000;
}

inline Image linked_image(bool global) {
    const auto kernel = [](const void* symbol) { return kernel_physical(symbol) >> 12; };
    const auto room = [](const void* symbol) { return rescue_physical(symbol) >> 12; };
    return {.first = kernel(image_start),
            .lab_page = kernel(&lab_page),
            .text = kernel(text_start),
            .data = kernel(data_start),
            .tables = kernel(tables_start),
            .tables_end = kernel(tables_end),
            .stack_guard = kernel(main_stack_guard),
            .data_end = kernel(data_end),
            .end = kernel(image_end) + pristine_pages(),
            .directory = kernel(page_directory),
            .kernel_table = kernel(kernel_table),
            .record_table = kernel(record_table),
            .scratch_table = kernel(scratch_table),
            .vectors = room(vectors_page),
            .lifeline_table = room(lifeline_table),
            .notes = room(notes_page),
            .rescue_directory = room(rescue_directory),
            .rescue_table = room(rescue_table),
            .rescue_guards = room(rescue_guards),
            .rescue_stack_pages = 1,
            .rescue_stacks = 2,
            .global = global};
}

inline Places linked_places() {
    const auto place = [](auto symbol) { return reinterpret_cast<std::uint32_t>(symbol); };
    const std::uint32_t stack = place(rescue_stack_top);
    return {.first_stub = place(first_stub),
            .main_stack = place(main_stack_top),
            .rescue_directory = rescue_physical(rescue_directory),
            .vectors = layout::lifeline_page(layout::LifelinePage::vectors).raw(),
            .entry = {0, place(enter_double_fault), place(enter_non_maskable), place(enter_broken_segment),
                      place(enter_call)},
            .stack = {0, stack, place(rescue_nmi_stack_top), stack, stack}};
}

} // namespace pagelab::rescue
