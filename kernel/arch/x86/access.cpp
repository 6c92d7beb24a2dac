#include "kernel/arch/x86/access.hpp"

#include "kernel/arch/x86/image.hpp"
#include "kernel/arch/x86/interrupts.hpp"
#include "kernel/arch/x86/registers.hpp"

extern "C" {
// In access.asm: arguments on the stack, unlike everywhere else in the kernel.
[[gnu::regparm(0)]] std::uint32_t access_run(std::uint32_t kind, std::uint32_t address, std::uint32_t value);
[[gnu::regparm(0)]] std::uint32_t access_run_user(std::uint32_t entry, std::uint32_t address,
                                                  std::uint32_t value);
[[noreturn, gnu::regparm(0)]] void access_resume(std::uint32_t result);
[[noreturn, gnu::regparm(0)]] void restart_on_main_stack(void (*function)());
extern const char user_code_read[], user_code_write[], user_code_read_word[], user_code_write_word[];
extern std::uint32_t access_value;
}

namespace pagelab::arch {
namespace {

constexpr std::uint32_t kBreakpoint = 3;

// Written by the handler in the middle of access_run: the compiler must not keep them in registers.
constinit volatile bool expected = false;
constinit AccessResult outcome{};

void begin_access() {
    outcome = {};
    expected = true;
}

/// Offset of ring 3's code for a read or a write from user_code_start.
std::uint32_t user_code_offset(AccessKind kind) {
    const char* code = user_code_read;
    switch (kind) {
    case AccessKind::Write:
        code = user_code_write;
        break;
    case AccessKind::ReadWord:
        code = user_code_read_word;
        break;
    case AccessKind::WriteWord:
        code = user_code_write_word;
        break;
    default:
        break;
    }
    return static_cast<std::uint32_t>(code - user_code_start);
}

} // namespace

AccessResult access_as_kernel(AccessKind kind, std::uint32_t address, std::uint32_t value,
                              bool alignment_check) {
    const std::uint32_t flags = read_eflags();
    begin_access();
    if (alignment_check) {
        write_eflags(flags | kEflagsAlignmentCheck);
    }
    const bool done = access_run(static_cast<std::uint32_t>(kind), address, value) != 0;
    write_eflags(flags);
    expected = false;
    AccessResult result = outcome;
    result.faulted = !done;
    if (done) {
        result.value = access_value;
    }
    return result;
}

AccessResult access_as_user(AccessKind kind, std::uint32_t entry, std::uint32_t address,
                            std::uint32_t value) {
    begin_access();
    const std::uint32_t start = kind == AccessKind::Fetch ? address : entry + user_code_offset(kind);
    const bool done = access_run_user(start, address, value) != 0;
    expected = false;
    AccessResult result = outcome;
    result.faulted = !done;
    return result;
}

void finish_expected_access(const RegisterFrame& frame, std::uint32_t cr2) {
    if (!expected) {
        return;
    }
    expected = false;
    outcome.vector = frame.vector;
    outcome.error_code = frame.error_code;
    outcome.cr2 = cr2;
    outcome.value = frame.edx;
    const bool done = frame.vector == kBreakpoint && frame.from_user();
    access_resume(done ? 1 : 0);
}

void restart(void (*function)()) {
    expected = false;
    restart_on_main_stack(function);
}

} // namespace pagelab::arch
