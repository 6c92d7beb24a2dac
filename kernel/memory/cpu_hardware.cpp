#include "kernel/memory/cpu_hardware.hpp"

#include "kernel/arch/x86/crash.hpp"
#include "kernel/arch/x86/pic.hpp"

namespace pagelab::memory {
namespace {

arch::AccessKind kind_of(paging::AccessKind kind, Unit unit) {
    const bool word = unit == Unit::word;
    switch (kind) {
    case paging::AccessKind::write:
        return word ? arch::AccessKind::WriteWord : arch::AccessKind::Write;
    case paging::AccessKind::fetch:
        return arch::AccessKind::Fetch;
    default:
        return word ? arch::AccessKind::ReadWord : arch::AccessKind::Read;
    }
}

constexpr char kCtrlC = 0x03;

/// Bit by bit what two of the three say.
constexpr std::uint32_t majority(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    return (a & b) | (a & c) | (b & c);
}

} // namespace

AccessAnswer CpuHardware::access(paging::Access access, VirtAddr va, std::uint32_t value, VirtAddr code,
                                 Unit unit) {
    const arch::AccessKind kind = kind_of(access.kind, unit);
    const arch::AccessResult result = access.user ? arch::access_as_user(kind, code.raw(), va.raw(), value)
                                                  : arch::access_as_kernel(kind, va.raw(), value, access.ac);
    return {.touch = {.faulted = result.faulted,
                      .vector = result.vector,
                      .code = result.error_code,
                      .cr2 = result.cr2},
            .value = result.value};
}

void CpuHardware::crash(machine::Crash crash, std::uint32_t value) {
    using machine::Crash;
    switch (crash) {
    case Crash::call:
        return arch::call_address(value);
    case Crash::cr0:
        return arch::write_cr0(value);
    case Crash::cr3:
        return arch::write_cr3(value);
    case Crash::cr4:
        return arch::write_cr4(value); // behind set_cr4: this one is damage
    case Crash::debug:
        return arch::watch_address(value);
    case Crash::div:
        return arch::divide_by_zero();
    case Crash::esp:
        arch::push_for_ever(value);
    case Crash::flags:
        return arch::load_flags(value);
    case Crash::gdt:
        arch::lose_descriptor_table();
    case Crash::gp:
        return arch::load_segments(arch::kBeyondDescriptors);
    case Crash::handler:
    case Crash::ud:
        return arch::run_undefined_opcode();
    case Crash::hlt:
        arch::stop_cpu();
    case Crash::idt:
        arch::lose_interrupt_table();
    case Crash::interrupt:
        return arch::raise_interrupt(value);
    case Crash::loop:
        arch::spin_for_ever();
    case Crash::recursion:
    case Crash::stack:
        return arch::recurse_for_ever();
    case Crash::segments:
        return arch::load_segments(value);
    case Crash::text:
        return arch::overwrite_with_breakpoints(
            arch::address_of(text_start), arch::address_of(constants_start) - arch::address_of(text_start));
    }
}

void CpuHardware::mend_registers(std::uint32_t cr3, interface::Repairs& repairs) {
    const auto wrong = [&repairs](std::uint32_t number, std::uint32_t before, std::uint32_t after) {
        if (before != after) {
            repairs.add({interface::RepairKind::registers, number, before, after});
        }
        return before != after;
    };
    mend_notes(repairs);
    if (wrong(0, arch::read_cr0(), cr0_)) {
        arch::write_cr0(cr0_);
    }
    if (cpu_.has_cr4() && wrong(4, arch::read_cr4(), cr4_)) {
        arch::write_cr4(cr4_);
    }
    if (wrong(3, arch::read_cr3(), cr3)) {
        set_cr3(cr3);
    }
}

/// What lies here may have been overwritten: the CPU is asked again, and what the user may choose of CR0 and
/// CR4 stands in three places, of which two are right.
void CpuHardware::mend_notes(interface::Repairs& repairs) {
    const auto note = [&repairs](std::uint32_t& kept, std::uint32_t right) {
        if (kept != right) {
            repairs.add({interface::RepairKind::registers, interface::register_index::kKept, kept, right});
            kept = right;
        }
    };
    if (const arch::CpuFeatures cpu = arch::detect_cpu(); cpu != cpu_) {
        cpu_ = cpu;
        repairs.add({interface::RepairKind::registers, interface::register_index::kKept, 0, cpu.boot_cr4()});
    }
    const volatile interface::LabPage& page = ::lab_page;
    const std::uint32_t write_protect =
        majority(arch::read_cr0(), cr0_, page.cr0) & paging::cr0::kWriteProtect;
    note(cr0_, (rescue::kBootCr0 & ~paging::cr0::kWriteProtect) | write_protect);
    note(cr4_, cpu_.has_cr4() ? majority(arch::read_cr4(), cr4_, page.cr4) & cpu_.boot_cr4() : 0);
}

/// A prompt that no key reaches would wait for ever. Which vectors the interrupt controller has can't be
/// read, so they are always set anew.
void CpuHardware::mend_input(interface::Repairs& repairs) {
    const bool deaf = !arch::uart::is_initialised();
    const bool masked = arch::is_masked(arch::uart::kIrq);
    if (deaf) {
        arch::uart::initialise();
    }
    arch::remap_and_mask_irqs();
    arch::unmask_irq(arch::uart::kIrq);
    if (deaf || masked) {
        repairs.add(
            {interface::RepairKind::registers, interface::register_index::kInput, masked ? 1u : 0u, 0});
    }
}

bool CpuHardware::code_is_whole() {
    if (!arch::code_is_whole()) {
        arch::mend_rescue_code();
        arch::call_rescue({.vector = interface::kBrokenCodeVector});
    }
    return true;
}

std::optional<char> CpuHardware::wait_char() {
    for (;;) {
        arch::uart::drain();
        if (arch::uart::take_interrupt()) {
            return kCtrlC;
        }
        if (const auto byte = arch::uart::receive()) {
            return byte;
        }
        arch::wait_for_interrupt();
    }
}

} // namespace pagelab::memory
