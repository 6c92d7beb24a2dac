// A 32-bit machine for tests: physical RAM, an MMU that walks it and sets A and D, and a TLB that keeps every
// translation until it is flushed. It shares no code with kernel/paging: the walk here is a third opinion.
// A forgotten INVLPG shows as a TLB entry that the tables contradict (`stale`).
#pragma once

#include "kernel/memory/hardware.hpp"
#include "kernel/memory/memory_map.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace pagelab::simulation {

using memory::Unit;
using paging::VirtAddr;

/// What the CPU would raise.
struct Fault {
    std::uint32_t code = 0;
    std::uint32_t cr2 = 0;
};

/// One cached translation of a 4 KiB page (a large page is cached in pieces, as SDM 3A 4.10.2.3 allows).
struct Cached {
    std::uint64_t frame = 0;
    bool writable = false;
    bool user = false;
    bool dirty = false;
    bool global = false;
    bool large = false;
};

class Machine {
public:
    static constexpr std::uint32_t kImageFirst = 256;
    static constexpr std::uint32_t kImageData = 260;
    static constexpr std::uint32_t kDirectory = 264;
    static constexpr std::uint32_t kKernelTable = 265;
    static constexpr std::uint32_t kRecordTable = 266;
    static constexpr std::uint32_t kScratchTable = 267;
    static constexpr std::uint32_t kLifelineTable = 268;
    static constexpr std::uint32_t kImageEnd = 270;

    /// RAM from 0 on without a hole but the PC's own below 1 MiB; booted as the kernel's boot code does.
    explicit Machine(std::uint32_t ram_frames);

    [[nodiscard]] memory::KernelFacts facts() const;
    [[nodiscard]] memory::MemoryMap map() const;

    // --- the hardware policy -----------------------------------------------------------------------------
    std::uint32_t load(VirtAddr va, Unit unit);
    void store(VirtAddr va, Unit unit, std::uint32_t value);
    void zero_page(VirtAddr va);
    memory::AccessAnswer access(paging::Access access, VirtAddr va, std::uint32_t value, VirtAddr code,
                                Unit unit = Unit::byte);
    void invlpg(VirtAddr va);
    std::uint32_t invlpgs() const { return invlpgs_; }
    std::uint32_t cr0() { return cr0_; }
    std::uint32_t cr2() { return cr2_; }
    std::uint32_t cr3() { return cr3_; }
    std::uint32_t cr4() { return cr4_; }
    std::uint32_t eflags() { return 2; }
    void set_cr0(std::uint32_t value) { right_cr0_ = cr0_ = value; }
    void set_cr3(std::uint32_t value);
    void set_cr4(std::uint32_t value);
    std::uint64_t ticks() { return ++ticks_; }
    paging::CpuLimits limits() { return cpu_limits; }
    bool has_pse() { return true; }
    bool has_pge() { return true; }
    std::uint32_t paging_cr4() { return cpu_cr4; }
    interface::LabPage& lab_page() {
        return lab_page_;
    }
    interface::JournalRing& journal() {
        return journal_;
    }
    std::optional<VirtAddr> symbol(std::string_view) { return std::nullopt; }
    void transmit(char c) { output += c; }
    std::optional<char> wait_char();
    bool drain() { return interrupted; }
    void clear_interrupt() { interrupted = false; }
    void halt() { halted = true; }
    void reboot() { halted = true; }
    void mend_registers(std::uint32_t cr3, interface::Repairs& repairs);
    void mend_lifeline(interface::Repairs&) {}
    void mend_input(interface::Repairs&) {}
    bool code_is_whole() { return true; }
    interface::RescueNotes& rescue_notes() {
        return notes_;
    }
    void crash(machine::Crash crash, std::uint32_t value) { crashes.emplace_back(crash, value); }
    std::uint32_t call(VirtAddr, const machine::CallArguments& arguments) {
        return student ? student(arguments) : 0;
    }
    VirtAddr service(interface::ExerciseService) { return VirtAddr{0}; }

    // --- what a test breaks ---------------------------------------------------------------------------
    void break_registers(std::uint32_t cr0, std::uint32_t cr3, std::uint32_t cr4);

    // --- what a test looks at --------------------------------------------------------------------------
    [[nodiscard]] std::uint32_t word(std::uint64_t pa) const;
    void set_word(std::uint64_t pa, std::uint32_t value);
    [[nodiscard]] std::uint32_t frames() const { return static_cast<std::uint32_t>(ram_.size() / 1024); }
    /// What the tables say of a page now, without a look at the TLB and without a trace.
    [[nodiscard]] std::optional<Cached> translate(std::uint32_t page) const;
    /// The pages whose cached translation the tables contradict: other frame, other rights, no page, or a D
    /// that the entry no longer has.
    [[nodiscard]] std::vector<std::uint32_t> stale() const;
    void flush_everything() { tlb_.clear(); }
    [[nodiscard]] std::size_t cached_pages() const { return tlb_.size(); }

    /// The CPU's model. CR4 has at least PSE and PGE.
    paging::CpuLimits cpu_limits{.pse36 = true, .physical_bits = 40};
    std::uint32_t cpu_cr4 = 0x00300090;
    std::string output;
    std::deque<char> input;
    bool interrupted = false;
    bool halted = false;
    std::vector<std::pair<machine::Crash, std::uint32_t>> crashes;
    /// What a call of a student's function does.
    std::function<std::uint32_t(const machine::CallArguments&)> student;

private:
    struct Step {
        std::uint64_t address = 0;
        std::uint32_t value = 0;
    };
    struct Found {
        std::optional<Cached> page;
        std::vector<Step> steps;
        bool reserved = false;
    };
    [[nodiscard]] Found walk(std::uint32_t va) const;
    /// The physical address, or a Fault thrown.
    std::uint64_t reach(std::uint32_t va, const paging::Access& access);
    /// The same for the kernel's own reads and writes.
    std::uint64_t reach(std::uint32_t va, bool write) {
        return reach(va, {.kind = write ? paging::AccessKind::write : paging::AccessKind::read});
    }
    [[nodiscard]] bool allowed(const Cached& page, const paging::Access& access) const;
    [[nodiscard]] bool must_be_zero(std::uint32_t large_pde) const;
    /// What stays in the register that held `value`.
    [[nodiscard]] std::uint32_t loaded(std::uint64_t pa, paging::AccessKind kind, std::uint32_t value,
                                       Unit unit) const;
    [[nodiscard]] std::uint8_t byte(std::uint64_t pa) const;
    void set_byte(std::uint64_t pa, std::uint8_t value);

    std::vector<std::uint32_t> ram_;
    std::map<std::uint32_t, Cached> tlb_;
    std::uint32_t cr0_ = 0x80010031;
    std::uint32_t cr2_ = 0;
    std::uint32_t cr3_ = kDirectory << 12;
    std::uint32_t cr4_ = 0x90;
    std::uint32_t right_cr0_ = cr0_;
    std::uint32_t right_cr4_ = cr4_;
    std::uint64_t ticks_ = 0;
    std::uint32_t invlpgs_ = 0;
    interface::LabPage lab_page_ {};
    interface::JournalRing journal_ {};
    interface::RescueNotes notes_ {};
};

static_assert(memory::Hardware<Machine>);

} // namespace pagelab::simulation
