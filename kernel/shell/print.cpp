#include "kernel/shell/print.hpp"

#include <array>

namespace pagelab::shell {

void print_part(Output& out, std::string_view text) {
    out.put(text);
}

void print_part(Output& out, const char* text) {
    out.put(text);
}

void print_part(Output& out, Decimal number) {
    paging::put_decimal(out, number.value);
}

void print_part(Output& out, LongDecimal number) {
    // By subtraction: a division of 64 bits would need a library that the kernel lacks.
    constexpr auto kPowers = [] {
        std::array<std::uint64_t, 20> powers{1};
        for (std::size_t i = 1; i < powers.size(); ++i) {
            powers[i] = powers[i - 1] * 10;
        }
        return powers;
    }();
    bool begun = false;
    for (std::size_t i = kPowers.size(); i-- > 0;) {
        std::uint32_t digit = 0;
        for (; number.value >= kPowers[i]; number.value -= kPowers[i]) {
            ++digit;
        }
        begun = begun || digit != 0 || i == 0;
        if (begun) {
            paging::put_decimal(out, digit);
        }
    }
}

void print_part(Output& out, Hex number) {
    paging::put_hex(out, number.value, number.digits);
}

void print_part(Output& out, Size size) {
    paging::put_size(out, size.bytes);
}

void print_part(Output& out, Count count) {
    paging::put_decimal(out, count.value);
    out.put(" ");
    out.put(count.noun);
    out.put(count.value == 1 ? "" : "s");
}

void print_part(Output& out, paging::VirtAddr va) {
    paging::put_address(out, va);
}

void print_part(Output& out, paging::PhysAddr pa) {
    paging::put_address(out, pa);
}

void print_part(Output& out, const paging::VirtRange& range) {
    paging::put_range(out, range);
}

} // namespace pagelab::shell
