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

bool within(std::uint32_t address, const char* first, const char* end) {
    return address >= address_of(first) && address < address_of(end);
}

/// Whether nothing may be mapped at a page of the direct map.
bool is_hole(std::uint32_t address, std::uint64_t ram_end) {
    const std::uint32_t physical = address - kKernelOffset;
    return physical >= ram_end || address == address_of(main_stack_guard) ||
           address == address_of(double_fault_stack_guard) ||
           (physical >= layout::kVgaHoleFirst.raw() && physical < layout::kVgaHoleEnd.raw());
}

bool is_read_only(std::uint32_t address) {
    const std::uint32_t lab = layout::kDirectMap.raw() + static_cast<std::uint32_t>(layout::kLabPage.raw());
    return (within(address, image_start, data_start) && address != lab) ||
           within(address, tables_start, tables_end) || within(address, data_end, image_end);
}

} // namespace

void enable_paging_features(const CpuFeatures& cpu) {
    if (cpu.has_cr4()) {
        write_cr4((cpu.page_size_extension ? paging::cr4::kPse : 0) |
                  (cpu.global_pages ? paging::cr4::kPge : 0));
    }
}

void finish_boot_paging(const CpuFeatures& cpu, std::uint64_t ram_end) {
    const std::uint32_t global = cpu.global_pages ? bits::kGlobal : 0;
    for (std::uint32_t index = 0; index < paging::kEntryCount; ++index) {
        const std::uint32_t physical = index * paging::kPageSize;
        const std::uint32_t address = kKernelOffset + physical;
        std::uint32_t entry = 0;
        if (!is_hole(address, ram_end)) {
            entry = physical | bits::kPresent | global | (is_read_only(address) ? 0 : bits::kWritable);
        }
        window_word(paging::pte_window(layout::kSelfMapSlot, paging::VirtAddr{address})) = entry;
    }
    window_word(paging::pde_window(layout::kSelfMapSlot, paging::VirtAddr{0})) = 0;
    // Nothing was global until now, so CR3 flushes all of it.
    write_cr3(read_cr3());
}

} // namespace pagelab::arch
