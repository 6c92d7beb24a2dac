// The ways in which `crash` breaks the machine, as data. For the shell, which lists them, for torture, which
// draws among them, and for kernel/memory, which does them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pagelab::machine {

enum class Crash : std::uint8_t {
    call,
    cr0,
    cr3,
    cr4,
    debug,
    div,
    esp,
    flags,
    gdt,
    gp,
    handler,
    hlt,
    idt,
    interrupt,
    loop,
    recursion,
    segments,
    stack,
    text,
    ud,
};

/// What a crash takes besides its name.
enum class CrashArgument : std::uint8_t {
    none,
    address,   // a virtual address
    directory, // the physical address of a frame
    value,     // 32 bits
    vector,    // 0 to 255
};

struct CrashRow {
    Crash crash{};
    const char* name = nullptr;
    CrashArgument argument = CrashArgument::none;
    /// Without it the argument must be given.
    std::optional<std::uint32_t> usual;
    const char* sentence = nullptr;
};

/// An address that is never mapped: in the unmapped first 4 MiB.
inline constexpr std::uint32_t kNowhere = 0x00001000;
/// NT IOPL=3 OF DF SF ZF AF PF CF, and bit 1, which is always set: a return from a task that never was.
inline constexpr std::uint32_t kHostileFlags = 0x00007cd7;

/// Sorted by name; row i is Crash i.
inline constexpr std::array<CrashRow, 20> kCrashes = {{
    {Crash::call, "call", CrashArgument::address, kNowhere,
     "jumps to an address, by itself one where nothing is"},
    {Crash::cr0, "cr0", CrashArgument::value, std::nullopt, "loads CR0 with a value"},
    {Crash::cr3, "cr3", CrashArgument::directory, 0,
     "loads CR3 with a directory, by itself one full of garbage that holds only the lifeline"},
    {Crash::cr4, "cr4", CrashArgument::value, std::nullopt, "loads CR4 with a value"},
    {Crash::debug, "debug", CrashArgument::address, std::nullopt,
     "sets a breakpoint in the debug registers, on any access of an address"},
    {Crash::div, "div", CrashArgument::none, 0, "divides by zero: #DE"},
    {Crash::esp, "esp", CrashArgument::address, kNowhere,
     "loads ESP with an address, by itself one where nothing is, and pushes for ever"},
    {Crash::flags, "flags", CrashArgument::value, kHostileFlags,
     "loads EFLAGS with a value, by itself with NT and DF, and returns by IRET"},
    {Crash::gdt, "gdt", CrashArgument::none, 0,
     "loads an empty GDT: no segment and no task can be loaded, the CPU resets"},
    {Crash::gp, "gp", CrashArgument::none, 0, "loads a selector beyond the GDT: #GP"},
    {Crash::handler, "handler", CrashArgument::none, 0,
     "unmaps the code of the exception handlers, then faults"},
    {Crash::hlt, "hlt", CrashArgument::none, 0, "stops the CPU with interrupts off: only an NMI wakes it"},
    {Crash::idt, "idt", CrashArgument::none, 0,
     "loads an empty IDT: the next exception finds no gate, the CPU resets"},
    {Crash::interrupt, "interrupt", CrashArgument::vector, std::nullopt,
     "raises a vector by INT, without the error code that an exception has"},
    {Crash::loop, "loop", CrashArgument::none, 0,
     "spins with interrupts off, deaf to Ctrl-C: only an NMI ends it"},
    {Crash::recursion, "recursion", CrashArgument::none, 0, "calls itself until the stack ends"},
    {Crash::segments, "segments", CrashArgument::value, std::nullopt, "loads DS, ES and SS with a selector"},
    {Crash::stack, "stack", CrashArgument::none, 0,
     "unmaps the page of the stack: the next push can't be done"},
    {Crash::text, "text", CrashArgument::none, 0,
     "makes the kernel's code writable and overwrites all of it with INT3"},
    {Crash::ud, "ud", CrashArgument::none, 0, "runs an undefined opcode: #UD"},
}};

constexpr const CrashRow& row_of(Crash crash) {
    return kCrashes[static_cast<std::size_t>(crash)];
}

static_assert([] {
    for (std::size_t i = 0; i < kCrashes.size(); ++i) {
        if (static_cast<std::size_t>(kCrashes[i].crash) != i ||
            (i > 0 && std::string_view{kCrashes[i - 1].name} >= kCrashes[i].name)) {
            return false;
        }
    }
    return true;
}());

} // namespace pagelab::machine
