// A lab seen from outside as the machine that the shell's verbs ask: what can be told from RAM and the lab
// page is told, everything else is refused. Reads guest RAM, changes nothing.
#pragma once

#include "kernel/machine/machine.hpp"
#include "serial-console/src/guest/ram.hpp"

#include <memory>
#include <string>

namespace pagelab::console::verbs {

/// None: nothing is tried on the CPU from outside.
class NoRig final : public machine::Rig {
public:
    [[nodiscard]] std::expected<machine::RigPlan, machine::OperationError> open() override {
        return std::unexpected(machine::OperationError{.refusal = machine::Refusal::not_possible,
                                                       .reason = "only the guest itself can do that"});
    }
    void close() override {}
    void set_control(bool, std::uint32_t) override {}
    void set_entries(const machine::RigEntries&) override {}
    [[nodiscard]] machine::RigEntries entries() override { return {}; }
    void flush_page() override {}
    void reload_cr3() override {}
    [[nodiscard]] machine::RigAnswer access(const paging::Access&, std::uint32_t) override { return {}; }
    [[nodiscard]] machine::RigWritten take_written() override { return {}; }
};

class WatchedLab final : public machine::Machine {
public:
    using PhysAddr = paging::PhysAddr;
    using VirtAddr = paging::VirtAddr;
    using OperationError = machine::OperationError;
    using ChangeOptions = machine::ChangeOptions;
    template <class T>
    using Result = std::expected<T, OperationError>;

    /// `page` is the lab page as it was read, `ram` what it was read from.
    WatchedLab(const guest::Ram& ram, const interface::LabPage& page);

    /// What was written, and forgets it.
    [[nodiscard]] std::string take_text() { return std::move(text_); }

    [[nodiscard]] paging::PagingContext context() const override;
    [[nodiscard]] machine::Registers registers() const override;
    [[nodiscard]] std::uint32_t space() const override { return page_.space; }
    [[nodiscard]] std::uint32_t space_in_work() const override { return in_work_; }
    [[nodiscard]] std::optional<std::uint32_t> read_word(PhysAddr address) override {
        return ram_.word(address);
    }
    [[nodiscard]] PhysAddr ram_end() const override;
    [[nodiscard]] bool is_ram(PhysAddr address) const override;
    [[nodiscard]] machine::FrameCounts frames() const override;
    [[nodiscard]] interface::FrameRecord frame_record(PhysAddr frame) const override;
    [[nodiscard]] interface::LabPage& lab_page() override { return page_; }
    [[nodiscard]] std::optional<machine::SpaceInfo> space_info(std::uint32_t number) override;
    [[nodiscard]] Result<void> work_in(std::uint32_t number) override;
    [[nodiscard]] const interface::JournalRing& journal() const override { return *journal_; }
    [[nodiscard]] std::uint32_t undoable(std::uint32_t) const override { return 0; }
    [[nodiscard]] std::optional<std::uint32_t> checkpoint() const override {
        return page_.checkpoint != 0 ? std::optional{page_.checkpoint} : std::nullopt;
    }
    void write(std::string_view text) override { text_ += text; }
    [[nodiscard]] std::optional<VirtAddr> symbol(std::string_view) const override { return std::nullopt; }

    // --- what only the guest itself can do
    // ------------------------------------------------------------------
    void begin_command(std::string_view) override {}
    interface::Status end_command(interface::Status status, bool) override {
        return status;
    }
    [[nodiscard]] const interface::Repairs& repairs() const override { return repairs_; }
    [[nodiscard]] Result<machine::ChangeReport> map(const machine::MapRequest&) override { return refused(); }
    [[nodiscard]] Result<machine::ChangeReport> unmap(const machine::UnmapRequest&) override {
        return refused();
    }
    [[nodiscard]] Result<machine::ChangeReport> protect(const machine::ProtectRequest&) override {
        return refused();
    }
    [[nodiscard]] Result<machine::ChangeReport> set_pde(std::uint32_t, std::uint32_t,
                                                        ChangeOptions) override {
        return refused();
    }
    [[nodiscard]] Result<machine::ChangeReport> set_pte(VirtAddr, std::uint32_t, ChangeOptions) override {
        return refused();
    }
    [[nodiscard]] Result<machine::SpaceReport> new_space(machine::Strategy) override { return refused(); }
    [[nodiscard]] Result<machine::SpaceReport> clone_space(bool) override { return refused(); }
    [[nodiscard]] Result<machine::SpaceReport> use_space(std::uint32_t, ChangeOptions) override {
        return refused();
    }
    [[nodiscard]] Result<machine::SpaceReport> delete_space(std::uint32_t) override { return refused(); }
    [[nodiscard]] bool unshare(VirtAddr) override { return false; }
    [[nodiscard]] std::optional<VirtAddr> displaced_word(std::uint32_t) override { return std::nullopt; }
    [[nodiscard]] Result<machine::BenchReport> bench(machine::Strategy, machine::Pattern,
                                                     std::uint32_t) override {
        return refused();
    }
    [[nodiscard]] Result<machine::ChangeReport> alloc_frames(std::uint32_t) override { return refused(); }
    [[nodiscard]] Result<machine::ChangeReport> free_frames(PhysAddr, std::uint32_t) override {
        return refused();
    }
    [[nodiscard]] Result<machine::ChangeReport> free_tables() override { return refused(); }
    [[nodiscard]] std::uint32_t load(VirtAddr, machine::Unit) override { return 0; }
    [[nodiscard]] Result<void> store(VirtAddr, machine::Unit, std::uint32_t, ChangeOptions) override {
        return refused();
    }
    [[nodiscard]] Result<std::uint32_t> load_physical(PhysAddr, machine::Unit) override { return refused(); }
    [[nodiscard]] Result<void> store_physical(PhysAddr, machine::Unit, std::uint32_t,
                                              ChangeOptions) override {
        return refused();
    }
    [[nodiscard]] Result<void> keep_bytes(PhysAddr) override { return refused(); }
    [[nodiscard]] Result<machine::TouchResult> touch(VirtAddr, paging::Access) override { return refused(); }
    [[nodiscard]] Result<machine::Staleness> stale(VirtAddr) override { return refused(); }
    void invlpg(VirtAddr) override {}
    void flush_all(bool) override {}
    [[nodiscard]] Result<void> set_write_protect(bool) override { return refused(); }
    [[nodiscard]] Result<void> set_pse(bool) override { return refused(); }
    [[nodiscard]] Result<void> set_pge(bool) override { return refused(); }
    [[nodiscard]] Result<void> crash(machine::Crash, std::optional<std::uint32_t>, ChangeOptions) override {
        return refused();
    }
    [[nodiscard]] std::optional<interface::Exercise> exercise() const override { return std::nullopt; }
    [[nodiscard]] Result<machine::CallReport> call(VirtAddr, const machine::CallArguments&) override {
        return refused();
    }
    void set_checkpoint() override {}
    [[nodiscard]] Result<machine::UndoReport> undo() override { return refused(); }
    [[nodiscard]] machine::HostAnswer request_machine_undo() override {
        return machine::HostAnswer::no_console;
    }
    void record_fault(const machine::Exception&) override {}
    void after_rescue(const interface::RescueReport&) override {}
    [[nodiscard]] std::optional<char> read_char() override { return std::nullopt; }
    [[nodiscard]] bool poll() override { return false; }
    void clear_interrupt() override {}
    [[nodiscard]] std::uint64_t ticks() const override { return 0; }
    [[nodiscard]] machine::Rig& rig() override { return rig_; }
    void halt() override {}
    void reboot() override {}

private:
    [[nodiscard]] static std::unexpected<OperationError> refused();
    /// The frame's first word where the kernel of the space that runs shows `va`.
    [[nodiscard]] std::optional<PhysAddr> where(VirtAddr va) const;
    [[nodiscard]] std::optional<PhysAddr> directory_of(std::uint32_t number) const;
    void read_journal();

    const guest::Ram& ram_;
    interface::LabPage page_;
    std::uint32_t in_work_;
    std::unique_ptr<interface::JournalRing> journal_ = std::make_unique<interface::JournalRing>();
    interface::Repairs repairs_ {};
    NoRig rig_;
    std::string text_;
};

} // namespace pagelab::console::verbs
