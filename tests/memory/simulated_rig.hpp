// The rig over the simulated machine alone, without the kernel's memory room: what the model is examined
// with.
#pragma once

#include "kernel/machine/rig.hpp"
#include "tests/memory/simulator.hpp"

namespace pagelab::simulation {

class SimulatedRig final : public machine::Rig {
public:
    explicit SimulatedRig(Machine& cpu) : cpu_(cpu) {}

    [[nodiscard]] std::expected<machine::RigPlan, machine::OperationError> open() override {
        cpu_.set_word(kDirectory + kStubSlot * 4, kStubTable | 7);
        cpu_.set_word(kStubTable, kStub | 7);
        plant(kSmall, machine::kSmallPageWord);
        plant(kOther, machine::kOtherPageWord);
        return machine::RigPlan{.page = kPage,
                                .directory = paging::PhysAddr{kDirectory},
                                .table = paging::PhysAddr{kTable},
                                .small_page = paging::PhysAddr{kSmall},
                                .other_page = paging::PhysAddr{kOther},
                                .large_page = paging::PhysAddr{kOther & ~0x3fffffu},
                                .cpu = cpu_.limits(),
                                .cr4 = cpu_.paging_cr4()};
    }
    void close() override {}

    void set_control(bool write_protect, std::uint32_t cr4) override {
        cpu_.set_cr0((cpu_.cr0() & ~0x10000u) | (write_protect ? 0x10000u : 0));
        cpu_.set_cr4(cr4);
    }
    void set_entries(const machine::RigEntries& entries) override {
        cpu_.set_word(kPde, entries.pde);
        cpu_.set_word(kPte, entries.pte);
    }
    [[nodiscard]] machine::RigEntries entries() override { return {cpu_.word(kPde), cpu_.word(kPte)}; }
    void flush_page() override { cpu_.invlpg(kPage); }
    void reload_cr3() override { cpu_.set_cr3(cpu_.cr3()); }
    [[nodiscard]] machine::RigAnswer access(const paging::Access& access, std::uint32_t value) override {
        const VirtAddr at{kPage.raw() + machine::rig_offset(access)};
        const auto answer = cpu_.access(access, at, value, VirtAddr::from_indices(kStubSlot, 0), Unit::word);
        return {.faulted = answer.touch.faulted,
                .vector = answer.touch.vector,
                .code = answer.touch.code,
                .cr2 = answer.touch.cr2,
                .value = answer.value};
    }
    [[nodiscard]] machine::RigWritten take_written() override {
        return {take_written(kSmall), take_written(kOther)};
    }

private:
    static constexpr std::uint32_t kDirectory = Machine::kDirectory << 12;
    static constexpr std::uint32_t kSlot = 320;
    static constexpr std::uint32_t kStubSlot = 321;
    static constexpr std::uint32_t kTable = 0x00400000;
    static constexpr std::uint32_t kSmall = 0x00401000;
    static constexpr std::uint32_t kOther = 0x00402000;
    static constexpr std::uint32_t kStubTable = 0x00403000;
    static constexpr std::uint32_t kStub = 0x00404000;
    static constexpr VirtAddr kPage = VirtAddr::from_indices(kSlot, (kOther >> 12) & 0x3ff);
    static constexpr std::uint32_t kPde = kDirectory + kSlot * 4;
    static constexpr std::uint32_t kPte = kTable + ((kOther >> 12) & 0x3ff) * 4;

    void plant(std::uint32_t page, std::uint32_t word) {
        cpu_.set_word(page, word);
        for (const bool user : {false, true}) {
            const std::uint32_t at =
                page + machine::rig_offset({.kind = paging::AccessKind::fetch, .user = user});
            cpu_.set_word(at, word << 8 | memory::kLoadEdx);
            cpu_.set_word(at + 4, word >> 24);
        }
    }
    [[nodiscard]] std::uint32_t take_written(std::uint32_t page) {
        const std::uint32_t at = page + machine::rig_offset({.kind = paging::AccessKind::write});
        const std::uint32_t word = cpu_.word(at);
        cpu_.set_word(at, 0);
        return word;
    }

    Machine& cpu_;
};

} // namespace pagelab::simulation
