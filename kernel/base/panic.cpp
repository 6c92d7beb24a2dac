#include "kernel/base/panic.hpp"

namespace pagelab::base {
namespace {

constinit PanicOutput output_hook = nullptr;
constinit PanicEnd end_hook = nullptr;
constinit bool panicking = false;

void print(const char* text) {
    for (; *text != '\0'; ++text) {
        output_hook(*text);
    }
}

void print_hex(std::uint32_t value) {
    print("0x");
    for (int shift = 28; shift >= 0; shift -= 4) {
        output_hook("0123456789abcdef"[(value >> shift) & 0xFu]);
    }
}

} // namespace

void set_panic_hooks(PanicOutput output, PanicEnd end) {
    output_hook = output;
    end_hook = end;
}

void panic(const char* what, std::uint32_t first, std::uint32_t second) {
    if (!panicking && output_hook != nullptr) {
        panicking = true;
        print("\r\npanic: ");
        print(what);
        print(" (");
        print_hex(first);
        print(", ");
        print_hex(second);
        print(")\r\n");
        panicking = false;
    }
    if (end_hook != nullptr) {
        end_hook();
    }
    for (;;) {
        asm volatile("cli\n\thlt");
    }
}

} // namespace pagelab::base
