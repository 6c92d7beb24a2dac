// What the memory room asks of the machine: linear accesses, registers, TLB, console. A policy, so that the
// same code runs on the CPU (arch/x86/hardware.hpp) and on the simulated one of the host's tests.
// Everything here goes through the MMU: there is no physical access but by a mapped page.
#pragma once

#include "kernel/interface/exercise.hpp"
#include "kernel/interface/journal.hpp"
#include "kernel/interface/lab_page.hpp"
#include "kernel/interface/rescue_notes.hpp"
#include "kernel/machine/machine.hpp"
#include "kernel/paging/access.hpp"
#include "kernel/paging/address.hpp"
#include "kernel/paging/control.hpp"
#include "kernel/rescue/tables.hpp"

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pagelab::memory {

using machine::Unit;
using paging::PhysAddr;
using paging::VirtAddr;

/// Number of a 4 KiB frame below 4 GiB.
using Frame = std::uint32_t;

constexpr PhysAddr frame_address(Frame frame) {
    return PhysAddr{static_cast<std::uint64_t>(frame) * paging::kPageSize};
}
constexpr Frame frame_of(PhysAddr address) {
    return static_cast<Frame>(address.frame());
}

/// One access that the CPU made: as machine::TouchResult, and what the register held afterwards. Before, it
/// held the value given: a read loads its low byte or all of it, a fetch what the code there loads.
struct AccessAnswer {
    machine::TouchResult touch;
    std::uint32_t value = 0;
};

/// The machine. `load` and `store` may fault: on the CPU that abandons the command, so no caller may leave
/// a change half done around them. `access` never does: its answer says so.
template <class H>
concept Hardware = requires(H& hw, VirtAddr va, Unit unit, std::uint32_t word, paging::Access access,
                            std::string_view text, char c, interface::Repairs& repairs,
                            const machine::CallArguments& arguments) {
    // Memory, as the running code sees it.
    { hw.load(va, unit) } -> std::same_as<std::uint32_t>;
    {hw.store(va, unit, word)};
    {hw.zero_page(va)};
    // One access of a byte or a word whose fault is an answer. A write stores `word`; a fetch finds what was
    // put there: code that ends in kFetchByteKernel for ring 0, kFetchByteUser for ring 3. For ring 3 `va` of
    // the code to run is given.
    { hw.access(access, va, word, va, unit) } -> std::same_as<AccessAnswer>;
    // TLB and registers.
    {hw.invlpg(va)};
    { hw.invlpgs() } -> std::same_as<std::uint32_t>; // how many were executed so far
    { hw.cr0() } -> std::same_as<std::uint32_t>;
    { hw.cr2() } -> std::same_as<std::uint32_t>;
    { hw.cr3() } -> std::same_as<std::uint32_t>;
    { hw.cr4() } -> std::same_as<std::uint32_t>;
    { hw.eflags() } -> std::same_as<std::uint32_t>;
    {hw.set_cr0(word)};
    {hw.set_cr3(word)};
    {hw.set_cr4(word)};
    { hw.ticks() } -> std::same_as<std::uint64_t>;
    // What the CPU has.
    { hw.limits() } -> std::same_as<paging::CpuLimits>;
    { hw.has_pse() } -> std::same_as<bool>;
    { hw.has_pge() } -> std::same_as<bool>;
    { hw.paging_cr4() } -> std::same_as<std::uint32_t>; // bits of CR4 that paging depends on
    // The kernel's fixed memory.
    { hw.lab_page() } -> std::same_as<interface::LabPage&>;
    { hw.journal() } -> std::same_as<interface::JournalRing&>;
    { hw.rescue_notes() } -> std::same_as<interface::RescueNotes&>;
    { hw.symbol(text) } -> std::same_as<std::optional<VirtAddr>>;
    // Console and power.
    {hw.transmit(c)};
    { hw.wait_char() } -> std::same_as<std::optional<char>>;
    { hw.drain() } -> std::same_as<bool>; // true while a Ctrl-C is pending
    {hw.clear_interrupt()};
    {hw.halt()};
    {hw.reboot()};
    // Puts right what no command may change: CR0, CR3 (given) and CR4 as they were set last; segments,
    // descriptor registers, debug registers, GDT, IDT and TSSs. Adds what was wrong.
    {hw.mend_registers(word, repairs)};
    {hw.mend_lifeline(repairs)};
    {hw.mend_input(repairs)};
    // Whether code and constants are as they were at boot; on the CPU the rescue is called if not.
    { hw.code_is_whole() } -> std::same_as<bool>;
    // Calls a function with the C convention of the i386 System V ABI; it may do anything, or never return.
    { hw.call(va, arguments) } -> std::same_as<std::uint32_t>;
    // Where the function is that a student's file calls for this service.
    { hw.service(interface::ExerciseService{}) } -> std::same_as<VirtAddr>;
    // Breaks it; returns only if it has survived that.
    {hw.crash(machine::Crash{}, word)};
};

/// The registers and limits that decide how entries are read, now.
template <Hardware H>
[[nodiscard]] paging::PagingContext context(H& hw) {
    return {.control = {.cr0 = hw.cr0(), .cr3 = hw.cr3(), .cr4 = hw.cr4()}, .cpu = hw.limits()};
}

/// Drops every translation that the TLB holds, global ones too (SDM 3A 4.10.4.1).
template <Hardware H>
void flush_everything(H& hw) {
    const std::uint32_t cr4 = hw.cr4();
    if ((cr4 & paging::cr4::kPge) != 0) {
        hw.set_cr4(cr4 & ~paging::cr4::kPge);
        hw.set_cr4(cr4);
    }
    hw.set_cr3(hw.cr3());
}

/// What is put where a fetch is tried: a `ret` for ring 0, an `int3` for ring 3, which has no stack.
inline constexpr std::uint8_t kFetchByteKernel = 0xC3;
inline constexpr std::uint8_t kFetchByteUser = 0xCC;
/// `mov edx, imm32`: before that byte, it says what memory was run.
inline constexpr std::uint8_t kLoadEdx = 0xBA;

/// What boot knows of itself and hands over. Frames of the image: [first, end), writable from `data` on.
struct KernelFacts {
    Frame image_first = 0;
    Frame image_data = 0;
    Frame image_end = 0;
    Frame directory = 0;
    Frame kernel_table = 0;
    Frame record_table = 0;
    Frame scratch_table = 0;
    /// The same and more, as the rescue knows it.
    rescue::Image image;
    /// The kernel's code, whole pages; in it the page where every exception enters. The page that the stack
    /// of a command begins in.
    VirtAddr text;
    VirtAddr text_end;
    VirtAddr handlers;
    VirtAddr stack;
    /// The code that ring 3 runs for a touch: where it lies physically, within one page.
    PhysAddr user_code;
    PhysAddr journal;
    /// The student's image, right behind the kernel's, which then ends with it; none if `exercise_end` is 0.
    Frame exercise_first = 0;
    Frame exercise_end = 0;
};

} // namespace pagelab::memory
