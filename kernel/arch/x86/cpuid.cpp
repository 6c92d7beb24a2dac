#include "kernel/arch/x86/cpuid.hpp"

#include "kernel/arch/x86/registers.hpp"

#include <cstdint>

namespace pagelab::arch {
namespace {

bool cpuid_exists() {
    const std::uint32_t before = read_eflags();
    write_eflags(before ^ kEflagsId);
    const bool changed = ((read_eflags() ^ before) & kEflagsId) != 0;
    write_eflags(before);
    return changed;
}

struct Answer {
    std::uint32_t eax, ebx, ecx, edx;
};

Answer ask(std::uint32_t leaf) {
    Answer answer{};
    asm volatile("cpuid"
                 : "=a"(answer.eax), "=b"(answer.ebx), "=c"(answer.ecx), "=d"(answer.edx)
                 : "a"(leaf), "c"(0));
    return answer;
}

/// MAXPHYADDR (SDM 3A 4.1.4): what the CPU says, else 36 with PAE or PSE-36, else 32.
unsigned char physical_bits(bool wide) {
    constexpr std::uint32_t kFirstExtended = 0x80000000;
    constexpr std::uint32_t kAddressSizes = 0x80000008;
    if (ask(kFirstExtended).eax >= kAddressSizes && ask(kFirstExtended).eax < kFirstExtended + 0x10000) {
        return static_cast<unsigned char>(ask(kAddressSizes).eax & 0xFF);
    }
    return wide ? 36 : 32;
}

} // namespace

CpuFeatures detect_cpu() {
    CpuFeatures features;
    features.cpuid = cpuid_exists();
    if (!features.cpuid) {
        return features;
    }
    const std::uint32_t last_leaf = ask(0).eax;
    const std::uint32_t bits = last_leaf >= 1 ? ask(1).edx : 0;
    const std::uint32_t structured = last_leaf >= 7 ? ask(7).ebx : 0;
    features.page_size_extension = (bits & (1u << 3)) != 0;
    features.time_stamp_counter = (bits & (1u << 4)) != 0;
    features.apic = (bits & (1u << 9)) != 0;
    features.global_pages = (bits & (1u << 13)) != 0;
    features.page_attribute_table = (bits & (1u << 16)) != 0;
    features.pse36 = (bits & (1u << 17)) != 0;
    features.smep = (structured & (1u << 7)) != 0;
    features.smap = (structured & (1u << 20)) != 0;
    features.physical_bits = physical_bits(features.pse36 || (bits & (1u << 6)) != 0);
    return features;
}

} // namespace pagelab::arch
