#include "kernel/memory/cpu_hardware.hpp"

namespace pagelab::memory {
namespace {

arch::AccessKind kind_of(paging::AccessKind kind) {
    switch (kind) {
    case paging::AccessKind::write:
        return arch::AccessKind::Write;
    case paging::AccessKind::fetch:
        return arch::AccessKind::Fetch;
    default:
        return arch::AccessKind::Read;
    }
}

constexpr char kCtrlC = 0x03;

} // namespace

AccessAnswer CpuHardware::access(paging::Access access, VirtAddr va, std::uint8_t value, VirtAddr code) {
    const arch::AccessKind kind = kind_of(access.kind);
    const arch::AccessResult result = access.user ? arch::access_as_user(kind, code.raw(), va.raw(), value)
                                                  : arch::access_as_kernel(kind, va.raw(), value);
    return {.touch = {.faulted = result.faulted,
                      .vector = result.vector,
                      .code = result.error_code,
                      .cr2 = result.cr2},
            .value = result.value};
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
