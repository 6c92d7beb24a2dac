#include "kernel/arch/x86/interrupts.hpp"

#include "kernel/arch/x86/access.hpp"
#include "kernel/arch/x86/pic.hpp"
#include "kernel/arch/x86/registers.hpp"
#include "kernel/arch/x86/uart.hpp"
#include "kernel/base/panic.hpp"

namespace pagelab::arch {
namespace {

constinit ExceptionHook exception_hook = nullptr;

void serve_irq(unsigned irq) {
    if (irq == uart::kIrq) {
        uart::drain();
    }
    end_of_irq(irq);
}

} // namespace

void set_exception_hook(ExceptionHook hook) {
    exception_hook = hook;
}

} // namespace pagelab::arch

extern "C" [[gnu::regparm(0)]] void interrupt_dispatch(const pagelab::arch::RegisterFrame* frame) {
    using namespace pagelab::arch;
    if (frame->vector >= kFirstIrqVector) {
        serve_irq(frame->vector - kFirstIrqVector);
        return;
    }
    const std::uint32_t cr2 = frame->vector == kPageFault ? read_cr2() : 0;
    finish_expected_access(*frame, cr2);
    if (exception_hook == nullptr) {
        pagelab::base::panic("exception before the kernel is up", frame->vector, frame->eip);
    }
    exception_hook(*frame, cr2);
    if (frame->vector == kPageFault) {
        return; // the access may be tried again
    }
    pagelab::base::panic("the exception hook returned", frame->vector, frame->eip);
}
