// A small machine for the tests of the shell: RAM, a recursive directory, and the operations that the shell
// may ask for, in the plainest way. No TLB and no allocator worth the name: kernel/memory has its own tests.
// An access that the tables deny throws CpuFault, as the CPU would leave the command.
#pragma once

#include "kernel/machine/machine.hpp"
#include "kernel/paging/self_map.hpp"
#include "kernel/paging/walk.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace pagelab::shell::test {

using namespace machine;

struct CpuFault {
    Exception exception;
};

class FakeMachine final : public Machine {
public:
    static constexpr std::uint32_t kRamBytes = 16u << 20;
    static constexpr std::uint32_t kDirectory = 0x00105000;
    static constexpr std::uint32_t kKernelTable = 0x00106000;
    static constexpr std::uint32_t kFirstFree = 0x00400000;

    FakeMachine() : ram_(kRamBytes / 4) {
        control_ = {.cr0 = 0x80010001, .cr3 = kDirectory, .cr4 = 0x90};
        ram(kDirectory + 768 * 4) = kKernelTable | 0x23;
        ram(kDirectory + 1023 * 4) = kDirectory | 0x63;
        for (std::uint32_t pa = 0; pa < kFirstFree; pa += 4096) {
            const bool text = pa >= 0x00100000 && pa < 0x00101000;
            ram(kKernelTable + pa / 1024) = pa >= 0xa0000 && pa < 0x100000 ? 0 : pa | (text ? 0x121 : 0x163);
        }
        for (std::uint32_t pa = kFirstFree; pa < kRamBytes; pa += 4096) {
            free_.insert(pa);
        }
    }

    // --- what a test sees and does ---
    std::string output;
    std::deque<char> input;
    /// The poll that finds a Ctrl-C, counted from now; 0 is none.
    int interrupt_at_poll = 0;
    std::uint32_t space_number = 0;
    bool has_tsc = true;
    /// What the next `touch` says of the CPU in place of the truth.
    std::optional<TouchResult> lie;
    /// What `stale` says.
    Staleness staleness = Staleness::same_frame;
    std::vector<std::string> commands;
    std::vector<interface::Status> statuses;
    bool halted = false;
    bool rebooted = false;
    int invalidated = 0;
    int flushed = 0;

    std::uint32_t& ram(std::uint32_t pa) { return ram_.at(pa / 4); }
    [[nodiscard]] std::vector<std::uint32_t> snapshot() const { return ram_; }
    /// The words of [first, end), physical.
    [[nodiscard]] std::vector<std::uint32_t> words(std::uint32_t first, std::uint32_t end) const {
        return {ram_.begin() + first / 4, ram_.begin() + end / 4};
    }
    [[nodiscard]] std::size_t free_frames_count() const { return free_.size(); }

    // --- Machine ---
    paging::PagingContext context() const override { return {.control = control_, .cpu = {}}; }
    Registers registers() const override {
        return {control_.cr0, last_cr2_, control_.cr3, control_.cr4, 0x00000002};
    }
    std::uint32_t space() const override { return space_number; }
    std::optional<std::uint32_t> read_word(PhysAddr address) override {
        return is_ram(address) ? std::optional{ram(static_cast<std::uint32_t>(address.raw()))} : std::nullopt;
    }
    PhysAddr ram_end() const override { return PhysAddr{kRamBytes}; }
    bool is_ram(PhysAddr address) const override { return address.raw() < kRamBytes; }
    FrameCounts frames() const override {
        const auto free = static_cast<std::uint32_t>(free_.size());
        return {.total = kRamBytes / 4096,
                .free = free,
                .kernel = 1024 - 2,
                .directory = 1,
                .table = 1,
                .data = kRamBytes / 4096 - 1024 - free,
                .reserved = 0};
    }
    interface::FrameRecord frame_record(PhysAddr) const override {
        return {};
    }

    void begin_command(std::string_view text) override {
        commands.emplace_back(text);
        current_ = {};
        record({.kind = interface::JournalKind::begin, .count = static_cast<std::uint32_t>(commands.size())});
    }
    void end_command(interface::Status status, bool keep) override {
        statuses.push_back(status);
        const bool changed = !current_.words.empty() || !current_.taken.empty() || !current_.freed.empty();
        if (!keep) {
            roll_back(current_);
        } else if (changed) {
            current_.number = static_cast<std::uint32_t>(commands.size());
            done_.push_back(current_);
        }
        record({.kind = keep ? interface::JournalKind::commit : interface::JournalKind::rollback});
        current_ = {};
    }

    std::expected<ChangeReport, OperationError> map(const MapRequest& request) override {
        const std::uint32_t size = request.large ? paging::kLargePageSize : paging::kPageSize;
        if (auto bad = check_map(request, size)) {
            return std::unexpected{*bad};
        }
        ChangeReport report;
        for (std::uint32_t i = 0; i < request.count; ++i) {
            const VirtAddr va{request.va.raw() + i * size};
            std::uint32_t pa = 0;
            if (request.pa) {
                pa = static_cast<std::uint32_t>(request.pa->raw()) + i * size;
            } else {
                pa = take(request.large ? 1024 : 1);
                report.frames_taken += request.large ? 1024 : 1;
            }
            report.first_frame = report.first_frame.value_or(PhysAddr{pa});
            if (request.large) {
                std::uint32_t bits = request.attributes.bits;
                bits = (bits & paging::bits::kPat) != 0
                           ? (bits & ~paging::bits::kPat) | paging::bits::kLargePat
                           : bits;
                write(control_.cr3 + va.directory_index() * 4, pa | bits | 0x81, report);
            } else {
                write(table_for(va, request.attributes.bits, report) + va.table_index() * 4,
                      pa | request.attributes.bits | 1, report);
            }
        }
        return report;
    }
    std::expected<ChangeReport, OperationError> unmap(const UnmapRequest& request) override {
        return for_pages(request.va, request.count, request.options,
                         [&](std::uint32_t entry, bool large, ChangeReport& report) {
                             const std::uint32_t frame = ram(entry) & (large ? 0xffc00000 : 0xfffff000);
                             report.first_frame = report.first_frame.value_or(PhysAddr{frame});
                             if (owned_.contains(frame)) {
                                 give(frame, large ? 1024 : 1);
                                 report.frames_freed += large ? 1024 : 1;
                             }
                             return 0u;
                         });
    }
    std::expected<ChangeReport, OperationError> protect(const ProtectRequest& request) override {
        return for_pages(request.va, request.count, request.options,
                         [&](std::uint32_t entry, bool, ChangeReport&) {
                             return (ram(entry) & ~request.clear) | request.set;
                         });
    }
    std::expected<ChangeReport, OperationError> set_pde(std::uint32_t pdi, std::uint32_t value,
                                                        ChangeOptions options) override {
        if (pdi >= 768 && !options.force) {
            return std::unexpected{OperationError{.refusal = Refusal::guarded,
                                                  .va = VirtAddr::from_indices(pdi, 0),
                                                  .reason = "the kernel lives there"}};
        }
        ChangeReport report;
        write(control_.cr3 + pdi * 4, value, report);
        note_flush(report, options, report.first_old);
        return report;
    }
    std::expected<ChangeReport, OperationError> set_pte(VirtAddr va, std::uint32_t value,
                                                        ChangeOptions options) override {
        const std::uint32_t pde = ram(control_.cr3 + va.directory_index() * 4);
        if ((pde & 1) == 0 || (pde & 0x80) != 0) {
            return std::unexpected{OperationError{.refusal = Refusal::no_table, .va = va, .value = pde}};
        }
        ChangeReport report;
        write((pde & 0xfffff000) + va.table_index() * 4, value, report);
        note_flush(report, options, report.first_old);
        return report;
    }

    std::expected<ChangeReport, OperationError> alloc_frames(std::uint32_t count) override {
        if (count > free_.size()) {
            return std::unexpected{OperationError{.refusal = Refusal::no_frames,
                                                  .value = static_cast<std::uint32_t>(free_.size())}};
        }
        const std::uint32_t first = take(count);
        allocated_.insert(first);
        return ChangeReport{.frames_taken = count, .first_frame = PhysAddr{first}};
    }
    std::expected<ChangeReport, OperationError> free_frames(PhysAddr first, std::uint32_t count) override {
        if (!allocated_.contains(static_cast<std::uint32_t>(first.raw()))) {
            return std::unexpected{OperationError{.refusal = Refusal::not_allocated, .pa = first}};
        }
        give(static_cast<std::uint32_t>(first.raw()), count);
        return ChangeReport{.frames_freed = count, .first_frame = first};
    }
    std::expected<ChangeReport, OperationError> free_tables() override {
        ChangeReport report;
        for (std::uint32_t pdi = 0; pdi < 768; ++pdi) {
            const std::uint32_t pde = ram(control_.cr3 + pdi * 4);
            if ((pde & 0x81) != 1) {
                continue;
            }
            bool empty = true;
            for (std::uint32_t i = 0; i < 1024; ++i) {
                empty = empty && ram((pde & 0xfffff000) + i * 4) == 0;
            }
            if (empty) {
                write(control_.cr3 + pdi * 4, 0, report);
                give(pde & 0xfffff000, 1);
                ++report.tables_freed;
            }
        }
        return report;
    }

    std::uint32_t load(VirtAddr address, Unit unit) override {
        const paging::Walk walk = access(address, paging::AccessKind::read);
        return load_at(*walk.pa, unit);
    }
    std::expected<void, OperationError> store(VirtAddr address, Unit unit, std::uint32_t value,
                                              ChangeOptions options) override {
        const paging::Walk walk = access(address, paging::AccessKind::write);
        return store_physical(*walk.pa, unit, value, options);
    }
    std::expected<std::uint32_t, OperationError> load_physical(PhysAddr address, Unit unit) override {
        if (!is_ram(address)) {
            return std::unexpected{OperationError{.refusal = Refusal::not_ram, .pa = address}};
        }
        return load_at(address, unit);
    }
    std::expected<void, OperationError> store_physical(PhysAddr address, Unit unit, std::uint32_t value,
                                                       ChangeOptions options) override {
        if (!is_ram(address)) {
            return std::unexpected{OperationError{.refusal = Refusal::not_ram, .pa = address}};
        }
        if (address.frame_base().raw() == kDirectory && !options.force) {
            return std::unexpected{OperationError{.refusal = Refusal::guarded,
                                                  .pa = address,
                                                  .reason = "the kernel's page directory lies there"}};
        }
        for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(unit); ++i) {
            const auto at = static_cast<std::uint32_t>(address.raw()) + i;
            const std::uint32_t shift = (at & 3) * 8;
            ram(at & ~3u) = (ram(at & ~3u) & ~(0xffu << shift)) | ((value >> (8 * i)) & 0xff) << shift;
        }
        return {};
    }

    std::expected<TouchResult, OperationError> touch(VirtAddr va, paging::Access access) override {
        if (va.raw() == 0xdead0000) {
            return std::unexpected{
                OperationError{.refusal = Refusal::not_possible, .va = va, .reason = "it would hurt"}};
        }
        if (lie) {
            return *lie;
        }
        const paging::Prediction predicted = paging::predict(walk(va), access);
        return TouchResult{.faulted = predicted.fault,
                           .vector = predicted.fault ? 14u : 0u,
                           .code = predicted.code,
                           .cr2 = predicted.fault ? va.raw() : 0};
    }
    std::expected<Staleness, OperationError> stale(VirtAddr va) override {
        if (va.raw() == 0xdead0000) {
            return std::unexpected{
                OperationError{.refusal = Refusal::not_possible, .va = va, .reason = "it would hurt"}};
        }
        return staleness;
    }
    void invlpg(VirtAddr) override { ++invalidated; }
    void flush_all(bool) override { ++flushed; }

    std::expected<void, OperationError> set_write_protect(bool on) override {
        control_.cr0 = on ? control_.cr0 | 0x10000u : control_.cr0 & ~0x10000u;
        return {};
    }
    std::expected<void, OperationError> set_pse(bool on) override {
        control_.cr4 = on ? control_.cr4 | 0x10u : control_.cr4 & ~0x10u;
        return {};
    }
    std::expected<void, OperationError> set_pge(bool on) override {
        control_.cr4 = on ? control_.cr4 | 0x80u : control_.cr4 & ~0x80u;
        return {};
    }

    const interface::JournalRing& journal() const override { return *journal_; }
    std::uint32_t undoable(std::uint32_t limit) const override {
        return std::min(limit, static_cast<std::uint32_t>(done_.size()));
    }
    std::expected<UndoReport, OperationError> undo() override {
        if (done_.empty()) {
            return std::unexpected{OperationError{.refusal = Refusal::nothing_to_undo}};
        }
        const Transaction last = done_.back();
        done_.pop_back();
        roll_back(last);
        undone_.push_back(last);
        return UndoReport{.command = last.number,
                          .entries_restored = static_cast<std::uint32_t>(last.words.size()),
                          .frames_freed = static_cast<std::uint32_t>(last.taken.size()),
                          .frames_taken_again = static_cast<std::uint32_t>(last.freed.size())};
    }
    void record_fault(const Exception& exception) override {
        last_cr2_ = exception.cr2;
        record({.kind = interface::JournalKind::fault,
                .address = exception.cr2,
                .old_value = exception.eip,
                .new_value = exception.vector << 16 | exception.code});
    }

    void write(std::string_view text) override { output += text; }
    std::optional<char> read_char() override {
        if (input.empty()) {
            return std::nullopt;
        }
        const char byte = input.front();
        input.pop_front();
        return byte;
    }
    bool poll() override {
        ++polls_;
        interrupted_ = interrupted_ || (interrupt_at_poll != 0 && --interrupt_at_poll == 0);
        return interrupted_;
    }
    void clear_interrupt() override { interrupted_ = false; }
    std::uint64_t ticks() const override { return has_tsc ? ticks_ += 1000 : 0; }
    std::optional<VirtAddr> symbol(std::string_view name) const override {
        return name == "kernel_main" ? std::optional{VirtAddr{0xc0100040}} : std::nullopt;
    }
    void halt() override { halted = true; }
    void reboot() override { rebooted = true; }

    [[nodiscard]] paging::Walk walk(VirtAddr va) {
        auto read = [this](PhysAddr pa) { return read_word(pa); };
        return paging::walk(read, context(), paging::find_self_map(read, context()), va);
    }

private:
    struct Transaction {
        std::uint32_t number = 0;
        std::vector<std::pair<std::uint32_t, std::uint32_t>> words; // address, old value
        std::vector<std::uint32_t> taken, freed;
    };

    void record(interface::JournalRecord entry) {
        entry.sequence = journal_->next_sequence;
        journal_->records[entry.sequence % interface::kJournalCapacity] = entry;
        journal_->next_sequence++;
    }
    void roll_back(const Transaction& transaction) {
        for (auto word = transaction.words.rbegin(); word != transaction.words.rend(); ++word) {
            ram(word->first) = word->second;
        }
        for (const std::uint32_t frame : transaction.taken) {
            free_.insert(frame);
            owned_.erase(frame);
        }
        for (const std::uint32_t frame : transaction.freed) {
            free_.erase(frame);
            owned_.insert(frame);
        }
    }
    void write(std::uint32_t pa, std::uint32_t value, ChangeReport& report) {
        if (report.entries_changed++ == 0) {
            report.first_old = ram(pa);
            report.first_new = value;
        }
        current_.words.emplace_back(pa, ram(pa));
        record(
            {.kind = (pa & ~0xfffu) == kDirectory ? interface::JournalKind::pde : interface::JournalKind::pte,
             .address = (pa & 0xfff) << 20,
             .old_value = ram(pa),
             .new_value = value});
        ram(pa) = value;
    }
    std::uint32_t take(std::uint32_t count) {
        // Frames leave from the bottom and seldom come back, so the first run is long enough for a test.
        const std::uint32_t first = count == 1024 ? 0x00800000 : *free_.begin();
        for (std::uint32_t i = 0; i < count; ++i) {
            free_.erase(first + i * 4096);
            owned_.insert(first + i * 4096);
            current_.taken.push_back(first + i * 4096);
            for (std::uint32_t word = 0; word < 1024; ++word) {
                ram(first + i * 4096 + word * 4) = 0;
            }
        }
        return first;
    }
    void give(std::uint32_t first, std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i) {
            free_.insert(first + i * 4096);
            owned_.erase(first + i * 4096);
            current_.freed.push_back(first + i * 4096);
        }
    }
    std::uint32_t table_for(VirtAddr va, std::uint32_t bits, ChangeReport& report) {
        const std::uint32_t slot = control_.cr3 + va.directory_index() * 4;
        if ((ram(slot) & 1) == 0) {
            const std::uint32_t table = take(1);
            report.tables_made++;
            (void)bits;
            current_.words.emplace_back(slot, ram(slot));
            ram(slot) = table | (va.directory_index() < 768 ? 7 : 3);
        }
        return ram(slot) & 0xfffff000;
    }
    std::optional<OperationError> check_map(const MapRequest& request, std::uint32_t size) {
        if (!request.va.is_aligned(size)) {
            return OperationError{.refusal = Refusal::unaligned, .va = request.va};
        }
        if (request.pa && !request.pa->is_aligned(size)) {
            return OperationError{.refusal = Refusal::unaligned, .va = request.va, .pa = request.pa};
        }
        if (request.va.raw() + std::uint64_t{request.count} * size > paging::kAddressSpaceEnd) {
            return OperationError{.refusal = Refusal::past_end, .va = request.va};
        }
        if (request.large && !control_.pse()) {
            return OperationError{.refusal = Refusal::no_pse, .va = request.va};
        }
        if (!request.pa && request.count > free_.size()) {
            return OperationError{.refusal = Refusal::no_frames,
                                  .va = request.va,
                                  .value = static_cast<std::uint32_t>(free_.size())};
        }
        for (std::uint32_t i = 0; i < request.count; ++i) {
            const VirtAddr va{request.va.raw() + i * size};
            if (va.directory_index() >= 768 && !request.options.force) {
                return OperationError{
                    .refusal = Refusal::guarded, .va = va, .reason = "the kernel's own mappings are there"};
            }
            const paging::Walk there = walk(va);
            if (there.has_page() && !request.options.force) {
                return OperationError{.refusal = Refusal::present, .va = va, .value = *there.last()->raw};
            }
        }
        return std::nullopt;
    }
    template <class Change>
    std::expected<ChangeReport, OperationError> for_pages(VirtAddr va, std::uint32_t count,
                                                          ChangeOptions options, Change change) {
        ChangeReport report;
        std::uint64_t at = va.raw();
        for (std::uint32_t i = 0; i < count; ++i) {
            if (at >= paging::kAddressSpaceEnd) {
                return std::unexpected{OperationError{.refusal = Refusal::past_end, .va = va}};
            }
            const VirtAddr page{static_cast<std::uint32_t>(at)};
            const paging::Walk there = walk(page);
            if (!there.has_page()) {
                return std::unexpected{OperationError{.refusal = Refusal::not_present, .va = page}};
            }
            if (!page.is_aligned(there.page_size)) {
                return std::unexpected{OperationError{.refusal = Refusal::unaligned, .va = page}};
            }
            if (page.directory_index() >= 768 && !options.force) {
                return std::unexpected{OperationError{.refusal = Refusal::guarded,
                                                      .va = page,
                                                      .reason = "the kernel's own mappings are there"}};
            }
            const auto entry = static_cast<std::uint32_t>(there.last()->entry_pa.raw());
            const std::uint32_t value = change(entry, there.page_size == paging::kLargePageSize, report);
            write(entry, value, report);
            note_flush(report, options, 1);
            at += there.page_size;
        }
        return report;
    }
    static void note_flush(ChangeReport& report, ChangeOptions options, std::uint32_t old) {
        if ((old & 1) == 0) {
            return;
        }
        if (options.flush) {
            ++report.pages_flushed;
        } else {
            report.flush_left_out = true;
        }
    }
    paging::Walk access(VirtAddr va, paging::AccessKind kind) {
        const paging::Walk there = walk(va);
        const paging::Prediction predicted = paging::predict(there, {.kind = kind});
        if (predicted.fault) {
            throw CpuFault{
                {.vector = 14, .code = predicted.code, .cr2 = va.raw(), .eip = 0xc0102345, .eflags = 2}};
        }
        return there;
    }
    std::uint32_t load_at(PhysAddr address, Unit unit) {
        std::uint32_t value = 0;
        for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(unit); ++i) {
            const auto at = static_cast<std::uint32_t>(address.raw()) + i;
            value |= (ram(at & ~3u) >> ((at & 3) * 8) & 0xff) << (8 * i);
        }
        return value;
    }

    std::vector<std::uint32_t> ram_;
    paging::ControlRegisters control_;
    std::set<std::uint32_t> free_, owned_, allocated_;
    Transaction current_;
    std::vector<Transaction> done_, undone_;
    std::unique_ptr<interface::JournalRing> journal_ = std::make_unique<interface::JournalRing>();
    std::uint32_t last_cr2_ = 0;
    bool interrupted_ = false;
    int polls_ = 0;
    mutable std::uint64_t ticks_ = 0;
};

} // namespace pagelab::shell::test
