#include "tests/memory/simulator.hpp"

namespace pagelab::simulation {
namespace {

constexpr std::uint32_t kP = 1;
constexpr std::uint32_t kW = 2;
constexpr std::uint32_t kU = 4;
constexpr std::uint32_t kA = 0x20;
constexpr std::uint32_t kD = 0x40;
constexpr std::uint32_t kPs = 0x80;
constexpr std::uint32_t kG = 0x100;
constexpr std::uint32_t kPse = 0x10;
constexpr std::uint32_t kPge = 0x80;
constexpr std::uint32_t kSmep = 1u << 20;
constexpr std::uint32_t kSmap = 1u << 21;
constexpr std::uint32_t kWp = 1u << 16;

} // namespace

Machine::Machine(std::uint32_t ram_frames) : ram_(static_cast<std::size_t>(ram_frames) * 1024) {
    for (std::uint32_t frame = 0; frame < 1024; ++frame) {
        const bool hole = (frame >= 0xA0 && frame < 0x100) || frame >= ram_frames;
        const bool read_only =
            (frame >= kImageFirst && frame < kImageData) || (frame >= kDirectory && frame <= kLifelineTable);
        set_word(kKernelTable * 4096ull + frame * 4,
                 hole ? 0 : (frame << 12) | kG | kP | (read_only ? 0 : kW));
    }
    const auto slot = [this](std::uint32_t pdi, std::uint32_t frame, std::uint32_t bits) {
        set_word(kDirectory * 4096ull + pdi * 4, (frame << 12) | bits);
    };
    slot(768, kKernelTable, kP | kW);
    slot(769, kRecordTable, kP | kW);
    slot(770, kScratchTable, kP | kW | kU);
    slot(1021, kLifelineTable, kP | kW);
    slot(1023, kDirectory, kP | kW);
    for (std::uint32_t i = 0; i < 1024; ++i) {
        set_word(kLifelineTable * 4096ull + i * 4, rescue::lifeline_entry(facts().image, i));
    }
    set_word(kScratchTable * 4096ull + 1023 * 4, (kScratchTable << 12) | kP | kW);
}

memory::KernelFacts Machine::facts() const {
    return {.image_first = kImageFirst,
            .image_data = kImageData,
            .image_end = kImageEnd,
            .directory = kDirectory,
            .kernel_table = kKernelTable,
            .record_table = kRecordTable,
            .scratch_table = kScratchTable,
            .image = {.first = kImageFirst,
                      .text = kImageFirst,
                      .data = kImageData,
                      .tables = kDirectory,
                      .tables_end = kLifelineTable + 1,
                      .data_end = kImageEnd,
                      .end = kImageEnd,
                      .directory = kDirectory,
                      .kernel_table = kKernelTable,
                      .record_table = kRecordTable,
                      .scratch_table = kScratchTable,
                      .lifeline_table = kLifelineTable,
                      .global = true},
            .text = VirtAddr{0xC0000000 + kImageFirst * 4096},
            .text_end = VirtAddr{0xC0000000 + (kImageData - 1) * 4096},
            .handlers = VirtAddr{0xC0000000 + kImageFirst * 4096},
            .stack = VirtAddr{0xC0000000 + kImageData * 4096},
            .user_code = paging::PhysAddr{kImageFirst * 4096ull},
            .journal = paging::PhysAddr{},
            .exercise_first = kImageEnd - 1,
            .exercise_end = kImageEnd};
}

memory::MemoryMap Machine::map() const {
    memory::MemoryMap map;
    map.add(0x100000, (frames() - 0x100) * 4096ull, 1);
    map.add(0, 0x9fc00, 1);
    map.add(0xfffc0000, 0x40000, 2);
    map.add(0, 0, 0);
    return map;
}

std::uint32_t Machine::word(std::uint64_t pa) const {
    return pa / 4 < ram_.size() ? ram_[pa / 4] : 0xffffffffu;
}
void Machine::set_word(std::uint64_t pa, std::uint32_t value) {
    if (pa / 4 < ram_.size()) {
        ram_[pa / 4] = value;
    }
}
std::uint8_t Machine::byte(std::uint64_t pa) const {
    return static_cast<std::uint8_t>(word(pa & ~3ull) >> ((pa & 3) * 8));
}
void Machine::set_byte(std::uint64_t pa, std::uint8_t value) {
    const unsigned shift = static_cast<unsigned>(pa & 3) * 8;
    const std::uint32_t rest = word(pa & ~3ull) & ~(0xffu << shift);
    set_word(pa & ~3ull, rest | (static_cast<std::uint32_t>(value) << shift));
}

Machine::Found Machine::walk(std::uint32_t va) const {
    Found found;
    const std::uint64_t pde_at = (cr3_ & ~0xfffu) + (va >> 22) * 4ull;
    const std::uint32_t pde = word(pde_at);
    if ((pde & kP) == 0) {
        return found;
    }
    found.steps.push_back({pde_at, pde});
    if ((pde & kPs) != 0 && (cr4_ & kPse) != 0) {
        if (must_be_zero(pde)) {
            found.reserved = true;
            return found;
        }
        const std::uint64_t base =
            (pde & 0xffc00000u) | (static_cast<std::uint64_t>((pde >> 13) & 0xff) << 32);
        found.page = Cached{(base >> 12) + ((va >> 12) & 0x3ff),
                            (pde & kW) != 0,
                            (pde & kU) != 0,
                            (pde & kD) != 0,
                            (pde & kG) != 0 && (cr4_ & kPge) != 0,
                            true};
        return found;
    }
    const std::uint64_t pte_at = (pde & ~0xfffu) + ((va >> 12) & 0x3ff) * 4ull;
    const std::uint32_t pte = word(pte_at);
    if ((pte & kP) == 0) {
        return found;
    }
    found.steps.push_back({pte_at, pte});
    found.page = Cached{pte >> 12,
                        (pde & pte & kW) != 0,
                        (pde & pte & kU) != 0,
                        (pte & kD) != 0,
                        (pte & kG) != 0 && (cr4_ & kPge) != 0,
                        false};
    return found;
}

/// Bit 21, and of 20:13, which are physical bits 39:32, those that the CPU has not.
bool Machine::must_be_zero(std::uint32_t large_pde) const {
    const std::uint32_t high = (large_pde >> 13) & 0xff;
    const unsigned width = cpu_limits.pse36 ? cpu_limits.physical_bits : 32;
    return (large_pde & (1u << 21)) != 0 || (width < 40 && high >> (width - 32) != 0);
}

bool Machine::allowed(const Cached& page, const paging::Access& access) const {
    const bool write = access.kind == paging::AccessKind::write;
    if (access.user) {
        return page.user && (!write || page.writable);
    }
    if (page.user && access.kind == paging::AccessKind::fetch) {
        return (cr4_ & kSmep) == 0;
    }
    if (page.user && (cr4_ & kSmap) != 0 && !access.ac) {
        return false;
    }
    return !write || page.writable || (cr0_ & kWp) == 0;
}

std::uint64_t Machine::reach(std::uint32_t va, const paging::Access& access) {
    const bool write = access.kind == paging::AccessKind::write;
    const auto fault = [&](bool present, std::uint32_t more) {
        cr2_ = va;
        const bool fetch = access.kind == paging::AccessKind::fetch && (cr4_ & kSmep) != 0;
        return Fault{(present ? 1u : 0u) | (write ? 2u : 0u) | (access.user ? 4u : 0u) | (fetch ? 16u : 0u) |
                         more,
                     va};
    };
    const auto cached = tlb_.find(va >> 12);
    if (cached != tlb_.end()) {
        if (!allowed(cached->second, access)) {
            throw fault(true, 0); // also where the tables allow more by now: a CPU may do so
        }
        if (!write || cached->second.dirty) {
            return (cached->second.frame << 12) | (va & 0xfff);
        }
    }
    const Found found = walk(va);
    if (found.reserved) {
        throw fault(true, 8);
    }
    if (!found.page) {
        throw fault(false, 0);
    }
    if (!allowed(*found.page, access)) {
        throw fault(true, 0);
    }
    Cached page = *found.page;
    for (std::size_t i = 0; i < found.steps.size(); ++i) {
        const bool leaf = i + 1 == found.steps.size();
        // Re-read: in the self-map one entry can be both steps.
        const std::uint32_t now = word(found.steps[i].address);
        set_word(found.steps[i].address, now | kA | (leaf && write ? kD : 0));
    }
    page.dirty = page.dirty || write;
    tlb_[va >> 12] = page;
    return (page.frame << 12) | (va & 0xfff);
}

std::uint32_t Machine::load(VirtAddr va, Unit unit) {
    if ((va.raw() & 3) == 0 && unit == Unit::word) {
        return word(reach(va.raw(), false));
    }
    std::uint32_t value = 0;
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(unit); ++i) {
        value |= static_cast<std::uint32_t>(byte(reach(va.raw() + i, false))) << (8 * i);
    }
    return value;
}
void Machine::store(VirtAddr va, Unit unit, std::uint32_t value) {
    const auto size = static_cast<std::uint32_t>(unit);
    if ((va.raw() & 3) == 0 && size == 4) {
        set_word(reach(va.raw(), true), value);
        return;
    }
    reach(va.raw() + size - 1, true);
    for (std::uint32_t i = 0; i < size; ++i) {
        set_byte(reach(va.raw() + i, true), static_cast<std::uint8_t>(value >> (8 * i)));
    }
}
void Machine::zero_page(VirtAddr va) {
    for (std::uint32_t i = 0; i < 4096; i += 4) {
        store(VirtAddr{va.raw() + i}, Unit::word, 0);
    }
}

memory::AccessAnswer Machine::access(paging::Access access, VirtAddr va, std::uint32_t value,
                                     VirtAddr code_at, Unit unit) {
    try {
        if (access.user && access.kind != paging::AccessKind::fetch) {
            reach(code_at.raw(), {.kind = paging::AccessKind::fetch, .user = true});
        }
        const std::uint64_t pa = reach(va.raw(), access);
        if (access.kind == paging::AccessKind::write) {
            unit == Unit::word ? set_word(pa, value) : set_byte(pa, static_cast<std::uint8_t>(value));
        }
        return {.touch = {}, .value = loaded(pa, access.kind, value, unit)};
    } catch (const Fault& fault) {
        return {.touch = {.faulted = true, .vector = 14, .code = fault.code, .cr2 = fault.cr2},
                .value = value};
    }
}

std::uint32_t Machine::loaded(std::uint64_t pa, paging::AccessKind kind, std::uint32_t value,
                              Unit unit) const {
    if (kind == paging::AccessKind::write) {
        return value;
    }
    if (kind == paging::AccessKind::read) {
        return unit == Unit::word ? word(pa) : (value & ~0xffu) | byte(pa);
    }
    if (byte(pa) != memory::kLoadEdx) {
        return value;
    }
    std::uint32_t operand = 0;
    for (unsigned i = 0; i < 4; ++i) {
        operand |= static_cast<std::uint32_t>(byte(pa + 1 + i)) << (8 * i);
    }
    return operand;
}

void Machine::invlpg(VirtAddr va) {
    invlpgs_ += 1;
    const std::uint32_t page = va.raw() >> 12;
    const auto hit = tlb_.find(page);
    if (hit != tlb_.end() && !hit->second.large) {
        tlb_.erase(hit);
    }
    // All pieces of a large page go with it.
    for (auto it = tlb_.lower_bound(page & ~0x3ffu); it != tlb_.end() && it->first < (page | 0x3ff) + 1;) {
        it = it->second.large ? tlb_.erase(it) : std::next(it);
    }
}
void Machine::set_cr3(std::uint32_t value) {
    cr3_ = value;
    std::erase_if(tlb_, [](const auto& item) { return !item.second.global; });
}
void Machine::mend_registers(std::uint32_t cr3, interface::Repairs& repairs) {
    const auto mend = [&repairs](std::uint32_t number, std::uint32_t before, std::uint32_t after) {
        if (before != after) {
            repairs.add({interface::RepairKind::registers, number, before, after});
        }
        return after;
    };
    set_cr0(mend(0, cr0_, right_cr0_));
    if (cr3_ != cr3) {
        set_cr3(mend(3, cr3_, cr3));
    }
    set_cr4(mend(4, cr4_, right_cr4_));
}
void Machine::break_registers(std::uint32_t cr0, std::uint32_t cr3, std::uint32_t cr4) {
    cr0_ = cr0;
    cr4_ = cr4;
    set_cr3(cr3);
}
void Machine::set_cr4(std::uint32_t value) {
    right_cr4_ = value;
    if (((value ^ cr4_) & (kPse | kPge | kSmep | kSmap)) != 0) {
        tlb_.clear();
    }
    cr4_ = value;
}

std::optional<char> Machine::wait_char() {
    if (input.empty()) {
        return std::nullopt;
    }
    const char c = input.front();
    input.pop_front();
    return c;
}

std::optional<Cached> Machine::translate(std::uint32_t page) const {
    return walk(page << 12).page;
}

std::vector<std::uint32_t> Machine::stale() const {
    std::vector<std::uint32_t> pages;
    for (const auto& [page, cached] : tlb_) {
        const auto now = translate(page);
        const bool same = now && now->frame == cached.frame && now->writable == cached.writable &&
                          now->user == cached.user && now->global == cached.global &&
                          (now->dirty || !cached.dirty);
        if (!same) {
            pages.push_back(page << 12);
        }
    }
    return pages;
}

} // namespace pagelab::simulation
