// The hardware policy on the real CPU: one line per function, all in kernel/arch/x86. For main, which makes
// one and hands it to the lab.
#pragma once

#include "kernel/arch/x86/access.hpp"
#include "kernel/arch/x86/call.hpp"
#include "kernel/arch/x86/cpuid.hpp"
#include "kernel/arch/x86/image.hpp"
#include "kernel/arch/x86/lifeline.hpp"
#include "kernel/arch/x86/power.hpp"
#include "kernel/arch/x86/registers.hpp"
#include "kernel/arch/x86/uart.hpp"
#include "kernel/memory/hardware.hpp"
#include "kernel/memory/symbols.hpp"

namespace pagelab::memory {

class CpuHardware {
public:
    /// Once the features of paging are switched on.
    void initialise(const arch::CpuFeatures& cpu) {
        cpu_ = cpu;
        cr0_ = cr0();
        cr4_ = cr4();
    }

    [[nodiscard]] std::uint32_t load(VirtAddr va, Unit unit) {
        switch (unit) {
        case Unit::byte:
            return *reinterpret_cast<const volatile std::uint8_t*>(va.raw());
        case Unit::half:
            return *reinterpret_cast<const volatile std::uint16_t*>(va.raw());
        default:
            return *reinterpret_cast<const volatile std::uint32_t*>(va.raw());
        }
    }
    void store(VirtAddr va, Unit unit, std::uint32_t value) {
        switch (unit) {
        case Unit::byte:
            *reinterpret_cast<volatile std::uint8_t*>(va.raw()) = static_cast<std::uint8_t>(value);
            break;
        case Unit::half:
            *reinterpret_cast<volatile std::uint16_t*>(va.raw()) = static_cast<std::uint16_t>(value);
            break;
        default:
            *reinterpret_cast<volatile std::uint32_t*>(va.raw()) = value;
        }
        // The tables may just have changed: no other access may move across this one.
        asm volatile("" ::: "memory");
    }
    void zero_page(VirtAddr va) {
        std::uint32_t to = va.raw();
        std::uint32_t words = paging::kPageSize / 4;
        asm volatile("rep stosl" : "+D"(to), "+c"(words) : "a"(0) : "memory");
    }
    [[nodiscard]] AccessAnswer access(paging::Access access, VirtAddr va, std::uint32_t value, VirtAddr code,
                                      Unit unit);

    void invlpg(VirtAddr va) {
        arch::invalidate_page(va.raw());
        invlpgs_ += 1;
    }
    [[nodiscard]] std::uint32_t invlpgs() const { return invlpgs_; }
    [[nodiscard]] std::uint32_t cr0() { return arch::read_cr0(); }
    [[nodiscard]] std::uint32_t cr2() { return arch::read_cr2(); }
    [[nodiscard]] std::uint32_t cr3() { return arch::read_cr3(); }
    [[nodiscard]] std::uint32_t cr4() { return cpu_.has_cr4() ? arch::read_cr4() : 0; }
    [[nodiscard]] std::uint32_t eflags() { return arch::read_eflags(); }
    void set_cr0(std::uint32_t value) {
        cr0_ = value;
        arch::write_cr0(value);
    }
    /// The lab page first: a task switch does not save CR3, and a rescue must know which directory broke.
    void set_cr3(std::uint32_t value) {
        volatile interface::LabPage& page = ::lab_page;
        page.cr3 = value;
        arch::write_cr3(value);
    }
    void set_cr4(std::uint32_t value) {
        if (cpu_.has_cr4()) {
            cr4_ = value;
            arch::write_cr4(value);
        }
    }
    void mend_registers(std::uint32_t cr3, interface::Repairs& repairs);
    void mend_lifeline(interface::Repairs& repairs) { arch::mend_lifeline(repairs); }
    void mend_input(interface::Repairs& repairs);
    [[nodiscard]] bool code_is_whole();
    [[nodiscard]] std::uint64_t ticks() { return cpu_.time_stamp_counter ? arch::read_time_stamp() : 0; }
    [[nodiscard]] paging::CpuLimits limits() {
        return {.pse36 = cpu_.pse36, .physical_bits = cpu_.physical_bits};
    }
    [[nodiscard]] bool has_pse() { return cpu_.page_size_extension; }
    [[nodiscard]] bool has_pge() { return cpu_.global_pages; }
    [[nodiscard]] std::uint32_t paging_cr4() { return cpu_.paging_cr4(); }

    [[nodiscard]] interface::LabPage& lab_page() { return ::lab_page; }
    [[nodiscard]] interface::JournalRing& journal() { return journal_ring; }
    [[nodiscard]] interface::RescueNotes& rescue_notes() { return arch::rescue_notes(); }
    [[nodiscard]] std::optional<VirtAddr> symbol(std::string_view name) { return find_symbol(name); }

    void transmit(char c) { arch::uart::transmit(c); }
    /// Sleeps until a byte came or a Ctrl-C, which is handed over as the byte 0x03.
    [[nodiscard]] std::optional<char> wait_char();
    [[nodiscard]] bool drain() {
        arch::uart::drain();
        return arch::uart::interrupt_is_pending();
    }
    void clear_interrupt() { static_cast<void>(arch::uart::take_interrupt()); }
    void halt() { arch::exit_emulator(0); }
    void reboot() { arch::reset_machine(); }
    void crash(machine::Crash crash, std::uint32_t value);
    [[nodiscard]] std::uint32_t call(VirtAddr function, const machine::CallArguments& arguments) {
        return arch::call_function(function.raw(), arguments);
    }
    [[nodiscard]] VirtAddr service(interface::ExerciseService service) {
        return services_[static_cast<std::size_t>(service)];
    }
    void set_services(const std::array<VirtAddr, interface::kExerciseServices>& services) {
        services_ = services;
    }

private:
    void mend_notes(interface::Repairs& repairs);

    arch::CpuFeatures cpu_{};
    /// As they were set here last, or found at boot.
    std::uint32_t cr0_ = 0;
    std::uint32_t cr4_ = 0;
    std::uint32_t invlpgs_ = 0;
    std::array<VirtAddr, interface::kExerciseServices> services_{};
};

static_assert(Hardware<CpuHardware>);

} // namespace pagelab::memory
