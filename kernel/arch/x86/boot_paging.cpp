#include "kernel/arch/x86/boot_paging.hpp"

#include "kernel/arch/x86/image.hpp"
#include "kernel/arch/x86/registers.hpp"
#include "kernel/interface/layout.hpp"
#include "kernel/paging/control.hpp"
#include "kernel/paging/flags.hpp"
#include "kernel/paging/self_map.hpp"

namespace pagelab::arch {
namespace {

namespace bits = paging::bits;
namespace layout = interface::layout;

/// A word of the tables, through the self-map.
volatile std::uint32_t& window_word(paging::VirtAddr address) {
    return *reinterpret_cast<volatile std::uint32_t*>(address.raw());
}

/// Whether nothing may be mapped at a page of the direct map.
bool is_hole(std::uint32_t physical, std::uint64_t ram_end) {
    return physical >= ram_end ||
           (physical >= layout::kVgaHoleFirst.raw() && physical < layout::kVgaHoleEnd.raw());
}

} // namespace

void enable_paging_features(const CpuFeatures& cpu) {
    if (cpu.has_cr4()) {
        write_cr4(cpu.boot_cr4());
    }
}

void finish_boot_paging(const CpuFeatures& cpu, std::uint64_t ram_end) {
    const rescue::Image image = rescue::linked_image(cpu.global_pages);
    for (std::uint32_t index = 0; index < paging::kEntryCount; ++index) {
        const std::uint32_t physical = index * paging::kPageSize;
        const std::uint32_t address = kKernelOffset + physical;
        const std::uint32_t global = cpu.global_pages ? bits::kGlobal : 0;
        std::uint32_t entry = 0;
        if (image.contains(index)) {
            entry = rescue::kernel_entry(image, index);
        } else if (!is_hole(physical, ram_end)) {
            entry = physical | bits::kPresent | bits::kWritable | global;
        }
        window_word(paging::pte_window(layout::kSelfMapSlot, paging::VirtAddr{address})) = entry;
    }
    window_word(paging::pde_window(layout::kSelfMapSlot, paging::VirtAddr{0})) = 0;
    // Nothing was global until now, so CR3 flushes all of it.
    write_cr3(read_cr3());
}

} // namespace pagelab::arch
