// Wires the rooms: boots the machine, then runs the shell until it halts; brings it back after a fault.
// All that lives longer than a command is in static memory: a fault throws the stack away.
#include "kernel/arch/x86/access.hpp"
#include "kernel/arch/x86/apic.hpp"
#include "kernel/arch/x86/boot_paging.hpp"
#include "kernel/arch/x86/cpuid.hpp"
#include "kernel/arch/x86/image.hpp"
#include "kernel/arch/x86/interrupts.hpp"
#include "kernel/arch/x86/lifeline.hpp"
#include "kernel/arch/x86/pic.hpp"
#include "kernel/arch/x86/power.hpp"
#include "kernel/arch/x86/uart.hpp"
#include "kernel/base/panic.hpp"
#include "kernel/memory/cpu_hardware.hpp"
#include "kernel/memory/lab.hpp"
#include "kernel/memory/multiboot.hpp"
#include "kernel/shell/shell.hpp"

#include <array>
#include <new>

// In memory/audit.cpp and memory/thorough_audit.cpp:
extern template class pagelab::memory::Audit<pagelab::memory::CpuHardware>;
extern template class pagelab::memory::ThoroughAudit<pagelab::memory::CpuHardware>;

namespace pagelab {
namespace {

constinit memory::CpuHardware hardware{};
constinit memory::CommandLine command_line{};
constinit machine::Exception last_exception{};
constinit bool handling = false;
/// Exceptions of the command that runs, and which that is.
constinit std::uint32_t faults_of_command = 0;
constinit std::uint32_t faulting_command = 0;
constexpr std::uint32_t kMaxFaults = 3;

// Made in kernel_main: a constructor that had to run before it would never run.
template <class T>
struct Later {
    alignas(T) unsigned char storage[sizeof(T)];
    T& get() { return *std::launder(reinterpret_cast<T*>(storage)); }
};
constinit Later<memory::Lab<memory::CpuHardware>> lab{};
constinit Later<shell::Shell> the_shell{};

bool a_command_runs() {
    return lab_page.state == static_cast<std::uint32_t>(interface::LabState::running);
}

void end_in_panic() {
    volatile interface::LabPage& page = lab_page;
    if (page.rescue_report_pa != 0 && page.command_count != 0) {
        arch::call_rescue({.vector = interface::kPanicVector,
                           .eip = reinterpret_cast<std::uint32_t>(__builtin_return_address(0))});
    }
    page.state = static_cast<std::uint32_t>(interface::LabState::panic);
    arch::stop_cpu();
}

[[noreturn]] void run_shell() {
    the_shell.get().run();
    base::panic("the shell ended");
}

/// On a fresh stack after an exception: the shell reports it and ends the command, then goes on.
[[noreturn]] void resume_shell() {
    the_shell.get().abandon(last_exception);
    handling = false;
    run_shell();
}

/// On a fresh stack after a rescue.
[[noreturn]] void resume_rescued() {
    the_shell.get().abandon_rescued(arch::rescue_notes().report);
    handling = false;
    arch::rescue_notes().attempts = 0;
    run_shell();
}

[[noreturn]] void resume_restarted() {
    handling = false;
    arch::rescue_notes().attempts = 0;
    arch::rescue_notes().command_open = 0;
    lab.get().set_state(interface::LabState::prompt);
    run_shell();
}

bool too_many_faults() {
    if (faulting_command != lab_page.command_count) {
        faulting_command = lab_page.command_count;
        faults_of_command = 0;
    }
    faults_of_command += 1;
    return faults_of_command > kMaxFaults;
}

void on_exception(const arch::RegisterFrame& frame, std::uint32_t cr2) {
    const machine::Exception exception{.vector = frame.vector,
                                       .code = frame.error_code,
                                       .cr2 = cr2,
                                       .eip = frame.eip,
                                       .esp = frame.stack_pointer(),
                                       .eflags = frame.eflags};
    if (handling || !a_command_runs() || too_many_faults()) {
        arch::call_rescue({exception.vector, exception.code, exception.eip, exception.esp, exception.eflags,
                           exception.cr2});
    }
    handling = true;
    if (frame.vector == arch::kPageFault && lab.get().space_in_work() == lab.get().space() &&
        lab.get().copy_on_write(paging::VirtAddr{cr2}, frame.error_code)) {
        faults_of_command -= 1;
        handling = false;
        return;
    }
    volatile interface::LabPage& page = lab_page;
    page.faults = page.faults + 1;
    last_exception = exception;
    arch::restart(resume_shell);
}

/// A word of physical memory anywhere below 4 GiB, also across the end of a frame.
struct PhysicalReader {
    memory::Scratch<memory::CpuHardware>& scratch;

    std::uint32_t operator()(std::uint32_t address) {
        std::uint32_t word = 0;
        for (std::uint32_t i = 0; i < 4; ++i) {
            const paging::PhysAddr at{static_cast<std::uint64_t>(address) + i};
            word |= scratch.load(at, memory::Unit::byte) << (8 * i);
        }
        return word;
    }
};

/// What the loader says, as far as the kernel wants to know.
struct BootInformation {
    memory::MemoryMap map;
    interface::RescueFacts::Range exercise;
};

/// The frames of a student's image. It must lie whole and behind the kernel in the direct map: the loaders of
/// QEMU and GRUB put a module there.
interface::RescueFacts::Range exercise_frames(std::uint32_t first, std::uint32_t end) {
    constexpr std::uint32_t kFirstFrames = interface::layout::kDirectMapBytes;
    const bool fits = first % paging::kPageSize == 0 && first <= end && end <= kFirstFrames &&
                      first >> 12 >= rescue::linked_image(false).end;
    const interface::Exercise image { reinterpret_cast<const unsigned char*>(arch::kKernelOffset + first) };
    if (!fits || end - first < paging::kPageSize || !image.is_valid(end - first)) {
        return {};
    }
    return {first >> 12, (first + image.header().bytes) >> 12};
}

BootInformation read_boot_information(std::uint32_t magic, std::uint32_t information) {
    if (magic != memory::kMultibootMagic) {
        base::panic("not started by a multiboot loader", magic);
    }
    memory::Scratch<memory::CpuHardware> scratch{hardware};
    PhysicalReader reader{scratch};
    memory::MultibootInformation<PhysicalReader> multiboot{reader, information};
    multiboot.command_line(command_line);
    BootInformation boot{.map = multiboot.memory_map(), .exercise = {}};
    if (const auto module = multiboot.module()) {
        boot.exercise = exercise_frames(module->first, module->end);
    }
    scratch.close_all();
    return boot;
}

void open_interrupt_lines(const arch::CpuFeatures& cpu) {
    arch::remap_and_mask_irqs();
    if (cpu.apic) {
        memory::Scratch<memory::CpuHardware> scratch{hardware};
        namespace bits = paging::bits;
        arch::open_local_interrupts(scratch
                                        .open(memory::ScratchPage::physical, arch::kApicFrame,
                                              bits::kWritable | bits::kWriteThrough | bits::kCacheDisable)
                                        .raw());
        scratch.close_all();
    }
    arch::unmask_irq(arch::uart::kIrq);
}

// What the student's file calls, by the C convention that it was compiled for.
[[gnu::regparm(0)]] std::uint32_t exercise_frame_alloc() {
    return lab.get().exercise_room().frame_alloc();
}
[[gnu::regparm(0)]] void exercise_frame_free(std::uint32_t pa) {
    lab.get().exercise_room().frame_free(pa);
}
std::array<paging::VirtAddr, interface::kExerciseServices> exercise_services() {
    return {paging::VirtAddr{reinterpret_cast<std::uint32_t>(exercise_frame_alloc)},
            paging::VirtAddr{reinterpret_cast<std::uint32_t>(exercise_frame_free)}};
}

interface::RescueFacts rescue_facts(const BootInformation& boot, const arch::CpuFeatures& cpu) {
    const memory::MemoryMap& map = boot.map;
    interface::RescueFacts facts {
        .has_cr4 = cpu.has_cr4() ? 1u : 0u, .cr4 = cpu.boot_cr4(), .global = cpu.global_pages ? 1u : 0u,
        .ram_end = map.ram_end(), .exercise = boot.exercise
    };
    for (const memory::FrameRange& range : map.ranges()) {
        facts.ranges[facts.range_count] = {range.first, range.end};
        facts.range_count += 1;
    }
    return facts;
}

memory::MemoryMap map_of(const interface::RescueFacts& facts) {
    memory::MemoryMap map;
    for (std::uint32_t i = 0; i < facts.range_count; ++i) {
        const interface::RescueFacts::Range& range = facts.ranges[i];
        map.add(std::uint64_t{range.first} << 12, std::uint64_t{range.end - range.first} << 12,
                memory::MemoryMap::kUsable);
    }
    if (facts.ram_end > paging::kAddressSpaceEnd) {
        map.add(paging::kAddressSpaceEnd, facts.ram_end - paging::kAddressSpaceEnd,
                memory::MemoryMap::kUsable);
    }
    return map;
}

memory::KernelFacts kernel_facts(interface::RescueFacts::Range exercise) {
    const auto frame = [](const void* symbol) { return arch::physical_of(symbol) >> 12; };
    return {.image_first = frame(image_start),
            .image_data = frame(data_start),
            .image_end = exercise.end != 0 ? exercise.end : rescue::linked_image(false).end,
            .directory = frame(page_directory),
            .kernel_table = frame(kernel_table),
            .record_table = frame(record_table),
            .scratch_table = frame(scratch_table),
            .image = rescue::linked_image(arch::rescue_notes().facts.global != 0),
            .text = paging::VirtAddr{arch::address_of(text_start)},
            .text_end = paging::VirtAddr{arch::address_of(constants_start)},
            .handlers = paging::VirtAddr{arch::address_of(handlers_start)}.page_base(),
            .stack = paging::VirtAddr{arch::address_of(main_stack_top) - paging::kPageSize},
            .user_code = paging::PhysAddr{arch::physical_of(user_code_start)},
            .journal = paging::PhysAddr{arch::physical_of(&hardware.journal())},
            .exercise_first = exercise.first,
            .exercise_end = exercise.end};
}

} // namespace
} // namespace pagelab

/// Where the rescue comes back, on the top of the main stack.
extern "C" [[noreturn]] void rescued_entry() {
    pagelab::handling = true;
    pagelab::arch::restart(pagelab::resume_rescued);
}

/// The same when it threw the kernel's data away: all but memory's contents is made anew.
extern "C" [[noreturn]] void restart_entry() {
    using namespace pagelab;
    handling = true;
    base::set_panic_hooks(arch::uart::transmit, end_in_panic);
    arch::uart::initialise();
    const arch::CpuFeatures cpu = arch::detect_cpu();
    const interface::RescueNotes& notes = arch::rescue_notes();
    hardware.initialise(cpu);
    hardware.set_services(exercise_services());
    open_interrupt_lines(cpu);
    new (lab.storage) memory::Lab<memory::CpuHardware>(hardware);
    lab.get().adopt(map_of(notes.facts), kernel_facts(notes.facts.exercise));
    new (the_shell.storage) shell::Shell(lab.get(), {.marks = notes.facts.marks != 0});
    arch::set_exception_hook(on_exception);
    the_shell.get().restart(notes.report, notes.command_open != 0);
    arch::restart(resume_restarted);
}

extern "C" [[noreturn, gnu::regparm(0)]] void kernel_main(std::uint32_t magic, std::uint32_t information) {
    using namespace pagelab;
    base::set_panic_hooks(arch::uart::transmit, end_in_panic);
    arch::uart::initialise();
    arch::install_lifeline();
    const arch::CpuFeatures cpu = arch::detect_cpu();
    const BootInformation information_of_boot = read_boot_information(magic, information);
    const memory::MemoryMap& map = information_of_boot.map;
    if (map.ram_end() >> 12 <= rescue::linked_image(false).end) {
        base::panic("the loader names no memory behind the kernel",
                    static_cast<std::uint32_t>(map.ram_end()));
    }
    arch::arm_rescue(rescue_facts(information_of_boot, cpu));
    arch::enable_paging_features(cpu);
    arch::finish_boot_paging(cpu, map.ram_end());
    hardware.initialise(cpu);
    hardware.set_services(exercise_services());
    open_interrupt_lines(cpu);

    new (lab.storage) memory::Lab<memory::CpuHardware>(hardware);
    lab.get().initialise(map, kernel_facts(information_of_boot.exercise));
    const memory::BootLine boot_line = memory::parse_boot_line(command_line.text());
    const bool marks = memory::has_boot_word(boot_line.words, interface::kBatchWord);
    arch::rescue_notes().facts.marks = marks ? 1 : 0;
    new (the_shell.storage) shell::Shell(lab.get(), {.marks = marks});
    the_shell.get().boot_line(boot_line.commands);
    arch::set_exception_hook(on_exception);
    arch::restart(run_shell);
}
