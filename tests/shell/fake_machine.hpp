// A small machine for the tests of the shell: RAM, page directories, and the operations that the shell may
// ask for, in the plainest way. No TLB and no allocator worth the name: kernel/memory has its own tests. An
// access that the tables deny throws CpuFault, as the CPU would leave the command.
#pragma once

#include "kernel/machine/machine.hpp"
#include "kernel/paging/self_map.hpp"
#include "kernel/paging/walk.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pagelab::shell::test {

using namespace machine;

/// What the rescue would hand over after the death of the kernel.
struct KernelDeath {
    interface::RescueReport report;
};

struct CpuFault {
    Exception exception;
};

/// A rig whose CPU does nothing: no access faults, none leaves a trace. Without a plan it does not open.
class IdleRig final : public Rig {
public:
    std::optional<RigPlan> plan;

    std::expected<RigPlan, OperationError> open() override {
        return plan ? std::expected<RigPlan, OperationError>{*plan}
                    : std::unexpected(OperationError{.refusal = Refusal::no_frames});
    }
    void close() override {}
    void set_control(bool, std::uint32_t) override {}
    void set_entries(const RigEntries&) override {}
    RigEntries entries() override { return {}; }
    void flush_page() override {}
    void reload_cr3() override {}
    RigAnswer access(const paging::Access&, std::uint32_t) override { return {}; }
    RigWritten take_written() override { return {}; }
};

class FakeMachine final : public Machine {
public:
    static constexpr std::uint32_t kRamBytes = 16u << 20;
    static constexpr std::uint32_t kDirectory = 0x00105000;
    static constexpr std::uint32_t kKernelTable = 0x00106000;
    static constexpr std::uint32_t kFirstFree = 0x00400000;

    FakeMachine() : ram_(kRamBytes / 4) {
        spaces_[0] = {.exists = true, .strategy = Strategy::recursive, .directory = kDirectory};
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
    /// What `bench` answers; without it a price list made of the strategy's number.
    std::optional<OperationError> bench_error;
    /// How many commands can be taken back at most.
    std::uint32_t undo_reach = ~0u;
    /// The next look at memory ends in this exception.
    std::optional<Exception> fault_at_read;
    IdleRig idle_rig;
    std::vector<std::string> commands;
    std::vector<interface::Status> statuses;
    std::optional<interface::RescueReport> death; // of what `crash` kills the kernel
    interface::Repairs audited;                   // what end_command will have put right
    bool halted = false;
    bool rebooted = false;
    interface::LabPage kernel_page {};
    std::vector<std::pair<Crash, std::optional<std::uint32_t>>> crashes;
    const unsigned char* image = nullptr; // of a student's file
    std::vector<std::pair<VirtAddr, CallArguments>> calls;
    CallReport call_report;
    int invalidated = 0;
    int flushed = 0;

    /// Beyond RAM a word that nobody reads again.
    std::uint32_t& ram(std::uint32_t pa) {
        nowhere_ = 0xffffffff;
        return pa < kRamBytes ? ram_[pa / 4] : nowhere_;
    }
    [[nodiscard]] std::vector<std::uint32_t> snapshot() const { return ram_; }
    /// The words of [first, end), physical.
    [[nodiscard]] std::vector<std::uint32_t> words(std::uint32_t first, std::uint32_t end) const {
        return {ram_.begin() + first / 4, ram_.begin() + end / 4};
    }
    [[nodiscard]] std::size_t free_frames_count() const { return free_.size(); }

    // --- Machine ---
    paging::PagingContext context() const override {
        paging::PagingContext result{.control = control_, .cpu = {}};
        result.control.cr3 = directory();
        return result;
    }
    Registers registers() const override {
        return {control_.cr0, last_cr2_, control_.cr3, control_.cr4, 0x00000002};
    }
    std::uint32_t space() const override { return space_number; }
    std::uint32_t space_in_work() const override { return work_.value_or(space_number); }
    std::optional<std::uint32_t> read_word(PhysAddr address) override {
        if (fault_at_read) {
            throw CpuFault{*std::exchange(fault_at_read, std::nullopt)};
        }
        return is_ram(address) ? std::optional{ram(static_cast<std::uint32_t>(address.raw()))} : std::nullopt;
    }
    PhysAddr ram_end() const override { return PhysAddr{kRamBytes}; }
    bool is_ram(PhysAddr address) const override { return address.raw() < kRamBytes; }
    FrameCounts frames() const override {
        const auto free = static_cast<std::uint32_t>(free_.size());
        return {.total = kRamBytes / 4096,
                .free = free,
                .kernel = 1024 - 2,
                .directory = directories(),
                .table = 1,
                .data = kRamBytes / 4096 - 1023 - directories() - free,
                .reserved = 0};
    }
    /// It keeps no books: all RAM might be data.
    interface::FrameRecord frame_record(PhysAddr frame) const override {
        return is_ram(frame) ? interface::FrameRecord {
            interface::FrameRole::data, 1
        } : interface::FrameRecord {
        };
    }

    void begin_command(std::string_view text) override {
        commands.emplace_back(text);
        current_ = {.begin = journal_->next_sequence,
                    .spaces = spaces_,
                    .shares = shares_,
                    .space_number = space_number};
        record({.kind = interface::JournalKind::begin, .count = static_cast<std::uint32_t>(commands.size())});
    }
    interface::Status end_command(interface::Status status, bool keep) override {
        statuses.push_back(status);
        const bool changed = !current_.words.empty() || !current_.taken.empty() || !current_.freed.empty() ||
                             current_.space_number != space_number;
        if (!keep) {
            roll_back(current_);
        } else if (changed) {
            current_.number = static_cast<std::uint32_t>(commands.size());
            done_.push_back(current_);
        }
        record({.kind = keep ? interface::JournalKind::commit : interface::JournalKind::rollback});
        current_ = {};
        work_.reset();
        return audited.total == 0 ? status : interface::Status::rescued;
    }
    const interface::Repairs& repairs() const override { return audited; }

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
                write(paging::Level::pde, va, directory() + va.directory_index() * 4, pa | bits | 0x81,
                      report);
            } else {
                write(paging::Level::pte, va, table_for(va, report) + va.table_index() * 4,
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
                             report.frames_freed += drop(frame, large ? 1024 : 1);
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
        write(paging::Level::pde, VirtAddr::from_indices(pdi, 0), directory() + pdi * 4, value, report);
        note_flush(report, options, report.first_old);
        return report;
    }
    std::expected<ChangeReport, OperationError> set_pte(VirtAddr va, std::uint32_t value,
                                                        ChangeOptions options) override {
        const std::uint32_t pde = ram(directory() + va.directory_index() * 4);
        if ((pde & 1) == 0 || (pde & 0x80) != 0) {
            return std::unexpected{OperationError{.refusal = Refusal::no_table, .va = va, .value = pde}};
        }
        ChangeReport report;
        write(paging::Level::pte, va, (pde & 0xfffff000) + va.table_index() * 4, value, report);
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
        for (std::uint32_t pdi = 0; pdi < user_slots(); ++pdi) {
            const std::uint32_t pde = ram(directory() + pdi * 4);
            if ((pde & 0x81) != 1) {
                continue;
            }
            bool empty = true;
            for (std::uint32_t i = 0; i < 1024; ++i) {
                empty = empty && ram((pde & 0xfffff000) + i * 4) == 0;
            }
            if (empty) {
                write(paging::Level::pde, VirtAddr::from_indices(pdi, 0), directory() + pdi * 4, 0, report);
                give(pde & 0xfffff000, 1);
                ++report.tables_freed;
            }
        }
        return report;
    }

    std::optional<SpaceInfo> space_info(std::uint32_t number) override {
        if (!exists(number)) {
            return std::nullopt;
        }
        const Space& space = spaces_[number];
        SpaceInfo info{.number = number, .strategy = space.strategy, .directory = PhysAddr{space.directory}};
        for_each_page(space, [&](std::uint32_t, std::uint32_t entry, bool) {
            ++info.pages;
            info.shared_pages += shares_.contains(ram(entry) & 0xfffff000) ? 1 : 0;
        });
        for_each_table(space, [&](std::uint32_t, std::uint32_t) { ++info.tables; });
        constexpr std::uint32_t kExtra[] = {0, 8192, 4096, 0, 4096};
        info.extra_bytes = kExtra[static_cast<std::size_t>(space.strategy)];
        return info;
    }
    std::expected<void, OperationError> work_in(std::uint32_t number) override {
        if (!exists(number)) {
            return std::unexpected{OperationError{.refusal = Refusal::no_space, .value = number}};
        }
        work_ = number;
        return {};
    }
    std::expected<SpaceReport, OperationError> new_space(Strategy strategy) override {
        const auto number =
            static_cast<std::uint32_t>(std::ranges::find(spaces_, false, &Space::exists) - spaces_.begin());
        if (number == kMaxSpaces) {
            return std::unexpected{OperationError{.refusal = Refusal::no_number}};
        }
        const std::uint32_t made = take(1);
        owned_.erase(made);
        for (std::uint32_t pdi = 768; pdi < 1023; ++pdi) {
            ram(made + pdi * 4) = ram(kDirectory + pdi * 4);
        }
        ram(made + 1023 * 4) = strategy == Strategy::recursive ? made | 3 : 0;
        spaces_[number] = {.exists = true, .strategy = strategy, .directory = made};
        record({.kind = interface::JournalKind::space_new, .address = number, .new_value = made});
        return SpaceReport{.number = number, .strategy = strategy, .directory = PhysAddr{made}};
    }
    std::expected<SpaceReport, OperationError> clone_space(bool copy_on_write) override {
        const Space from = spaces_[space_in_work()];
        auto report = new_space(from.strategy);
        if (!report) {
            return report;
        }
        const std::uint32_t to = static_cast<std::uint32_t>(report->directory.raw());
        for_each_table(from, [&](std::uint32_t pdi, std::uint32_t table) {
            const std::uint32_t copy = copy_of(table);
            ram(to + pdi * 4) = copy | (ram(from.directory + pdi * 4) & 0xfff);
            ++report->tables;
        });
        for_each_page(from, [&](std::uint32_t va, std::uint32_t entry, bool large) {
            const std::uint32_t frame = ram(entry) & 0xfffff000;
            const std::uint32_t pde = to + (va >> 22) * 4;
            const std::uint32_t twin = large ? pde : (ram(pde) & 0xfffff000) + ((va >> 12) & 1023) * 4;
            ram(twin) = ram(entry);
            if (!owned_.contains(frame)) {
                return;
            }
            if (!copy_on_write) {
                ram(twin) = copy_of(frame) | (ram(entry) & 0xfff);
                ++report->pages_copied;
                return;
            }
            if ((ram(entry) & 2) != 0) {
                write_entry(large ? paging::Level::pde : paging::Level::pte, VirtAddr{va}, entry,
                            (ram(entry) & ~2u) | kCopyOnWrite);
                ram(twin) = ram(entry);
            }
            ++shares_[frame];
            ++report->pages_shared;
        });
        return report;
    }
    std::expected<SpaceReport, OperationError> use_space(std::uint32_t number,
                                                         ChangeOptions options) override {
        if (!exists(number)) {
            return std::unexpected{OperationError{.refusal = Refusal::no_space, .value = number}};
        }
        record({.kind = interface::JournalKind::space,
                .address = space_number << 16 | number,
                .old_value = control_.cr3,
                .new_value = spaces_[number].directory});
        switch_to(number);
        return SpaceReport{.number = number,
                           .strategy = spaces_[number].strategy,
                           .directory = PhysAddr{spaces_[number].directory},
                           .all_flushed = true,
                           .global_flushed = options.flush};
    }
    std::expected<SpaceReport, OperationError> delete_space(std::uint32_t number) override {
        if (!exists(number)) {
            return std::unexpected{OperationError{.refusal = Refusal::no_space, .value = number}};
        }
        if (number == 0 || number == space_number) {
            return std::unexpected{OperationError{.refusal = Refusal::space_in_use, .value = number}};
        }
        const Space space = spaces_[number];
        SpaceReport report{
            .number = number, .strategy = space.strategy, .directory = PhysAddr{space.directory}};
        for_each_page(space, [&](std::uint32_t, std::uint32_t entry, bool large) {
            report.frames_freed += drop(ram(entry) & 0xfffff000, large ? 1024 : 1);
        });
        for_each_table(space, [&](std::uint32_t, std::uint32_t table) {
            give(table, 1);
            ++report.tables;
        });
        give(space.directory, 1);
        report.frames_freed += report.tables + 1;
        spaces_[number] = {};
        record(
            {.kind = interface::JournalKind::space_delete, .address = number, .old_value = space.directory});
        return report;
    }
    bool unshare(VirtAddr va) override { return copy_if_shared(walk(va)); }
    std::expected<void, OperationError> keep_bytes(PhysAddr frame) override {
        kept.emplace_back(static_cast<std::uint32_t>(frame.raw()));
        return {};
    }
    /// The frames that the running command wanted kept.
    std::vector<std::uint32_t> kept;
    std::optional<VirtAddr> displaced_word(std::uint32_t pdi) override {
        const bool stands = pdi + 512 >= 768 && pdi < 512 && in_work().strategy == Strategy::upper_half &&
                            (ram(directory() + pdi * 4) & 0x81) == 1;
        return stands ? std::optional{arena_page(pdi)} : std::nullopt;
    }
    std::expected<BenchReport, OperationError> bench(Strategy strategy, Pattern pattern,
                                                     std::uint32_t pages) override {
        if (bench_error) {
            return std::unexpected{*bench_error};
        }
        const auto kind = static_cast<std::uint32_t>(strategy);
        const bool window = strategy == Strategy::window;
        return BenchReport{
            .strategy = strategy,
            .pattern = pattern,
            .pages = pages,
            .map = {.ticks = has_tsc ? pages * (17ull + kind) : 0, .invlpgs = window ? pages : 0},
            .walk = {.ticks = has_tsc ? pages * 21ull + 1 : 0, .invlpgs = window ? pages : 0},
            .unmap = {.ticks = has_tsc ? pages * 13ull : 0, .invlpgs = window ? 2 * pages : pages},
            .tables = pattern == Pattern::sequential ? (pages + 1023) / 1024 : 64,
            .extra_bytes = strategy == Strategy::table ? 8192u : 0u,
            .guarded_map_ticks = has_tsc ? pages * 400ull : 0};
    }

    std::uint32_t load(VirtAddr address, Unit unit) override {
        if (death) {
            throw KernelDeath{*death};
        }
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
    Rig& rig() override { return idle_rig; }
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

    interface::LabPage& lab_page() override {
        return kernel_page;
    }
    std::expected<void, OperationError> crash(Crash crash, std::optional<std::uint32_t> argument,
                                              ChangeOptions options) override {
        if (crash == Crash::idt && !options.force) {
            return std::unexpected{
                OperationError{.refusal = Refusal::guarded, .reason = "the machine would die"}};
        }
        crashes.emplace_back(crash, argument);
        if (death) {
            throw KernelDeath{*death};
        }
        return {};
    }

    std::optional<interface::Exercise> exercise() const override {
        return image ? std::optional{interface::Exercise{image}} : std::nullopt;
    }
    std::expected<CallReport, OperationError> call(VirtAddr address,
                                                   const CallArguments& arguments) override {
        calls.emplace_back(address, arguments);
        return call_report;
    }

    const interface::JournalRing& journal() const override { return *journal_; }
    std::uint32_t undoable(std::uint32_t limit) const override {
        return std::min({limit, undo_reach, static_cast<std::uint32_t>(done_.size())});
    }
    std::expected<UndoReport, OperationError> undo() override {
        if (done_.empty()) {
            return std::unexpected{OperationError{.refusal = Refusal::nothing_to_undo}};
        }
        const Transaction last = done_.back();
        done_.pop_back();
        roll_back(last);
        journal_->records[last.begin % interface::kJournalCapacity].new_value = 1;
        if (last.begin < checkpoint_.value_or(0)) {
            checkpoint_.reset();
        }
        return UndoReport{.command = last.number,
                          .entries_restored = static_cast<std::uint32_t>(last.words.size()),
                          .frames_freed = static_cast<std::uint32_t>(last.taken.size()),
                          .frames_taken_again = static_cast<std::uint32_t>(last.freed.size())};
    }
    machine::HostAnswer host_answer = machine::HostAnswer::no_console;
    machine::HostAnswer request_machine_undo() override { return host_answer; }
    void set_checkpoint() override { checkpoint_ = journal_->next_sequence; }
    std::optional<std::uint32_t> checkpoint() const override { return checkpoint_; }
    void after_rescue(const interface::RescueReport&) override {}
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

    [[nodiscard]] paging::Walk walk(VirtAddr va) { return walk(context(), va); }
    [[nodiscard]] paging::Walk walk(const paging::PagingContext& context, VirtAddr va) {
        auto read = [this](PhysAddr pa) { return read_word(pa); };
        return paging::walk(read, context, paging::find_self_map(read, context), va);
    }

private:
    struct Space {
        bool exists = false;
        Strategy strategy{};
        std::uint32_t directory = 0;
    };
    using Spaces = std::array<Space, kMaxSpaces>;

    struct Transaction {
        std::uint32_t number = 0;
        std::vector<std::pair<std::uint32_t, std::uint32_t>> words; // address, old value
        std::vector<std::uint32_t> taken, freed;
        std::uint32_t begin = 0; // its record
        Spaces spaces{};         // as they were before it
        std::map<std::uint32_t, std::uint32_t> shares;
        std::uint32_t space_number = 0;
    };

    static constexpr std::uint32_t kCopyOnWrite = 0x200; // AVL9
    [[nodiscard]] bool exists(std::uint32_t number) const {
        return number < kMaxSpaces && spaces_[number].exists;
    }
    [[nodiscard]] const Space& in_work() const { return spaces_.at(space_in_work()); }
    [[nodiscard]] std::uint32_t directory() const {
        return in_work().exists ? in_work().directory : control_.cr3;
    }
    [[nodiscard]] std::uint32_t directories() const {
        return static_cast<std::uint32_t>(std::ranges::count(spaces_, true, &Space::exists));
    }
    [[nodiscard]] std::uint32_t user_slots() const {
        return in_work().strategy == Strategy::upper_half ? 512 : 768;
    }
    void switch_to(std::uint32_t number) {
        space_number = number;
        if (exists(number)) {
            control_.cr3 = spaces_[number].directory;
        }
    }
    static VirtAddr arena_page(std::uint32_t pdi) { return VirtAddr::from_indices(771, 256 + pdi % 512); }
    /// MMURTL's word for the table of slot `pdi`, where no PDE of the kernel stands.
    void keep_word(std::uint32_t pdi) {
        if (in_work().strategy == Strategy::upper_half && pdi < 256) {
            ram(directory() + (512 + pdi) * 4) = arena_page(pdi).raw();
        }
    }
    template <class Visit>
    void for_each_table(const Space& space, Visit visit) {
        for (std::uint32_t pdi = 0; pdi < 768; ++pdi) {
            const std::uint32_t pde = ram(space.directory + pdi * 4);
            if ((pde & 0x81) == 1 && (pde & 0xfffff000) < kRamBytes) {
                visit(pdi, pde & 0xfffff000);
            }
        }
    }
    /// visit(address, place of the entry, whether it is a large page)
    template <class Visit>
    void for_each_page(const Space& space, Visit visit) {
        for (std::uint32_t pdi = 0; pdi < 768; ++pdi) {
            if ((ram(space.directory + pdi * 4) & 0x81) == 0x81) {
                visit(pdi << 22, space.directory + pdi * 4, true);
            }
        }
        for_each_table(space, [&](std::uint32_t pdi, std::uint32_t table) {
            for (std::uint32_t pti = 0; pti < 1024; ++pti) {
                if ((ram(table + pti * 4) & 1) != 0) {
                    visit(pdi << 22 | pti << 12, table + pti * 4, false);
                }
            }
        });
    }
    std::uint32_t copy_of(std::uint32_t frame) {
        const std::uint32_t copy = take(1);
        for (std::uint32_t offset = 0; offset < 4096; offset += 4) {
            ram(copy + offset) = ram(frame + offset);
        }
        return copy;
    }
    /// One mapping less; the frames that went back to the pool.
    std::uint32_t drop(std::uint32_t frame, std::uint32_t count) {
        if (const auto shared = shares_.find(frame); shared != shares_.end()) {
            if (--shared->second == 0) {
                shares_.erase(shared);
            }
            return 0;
        }
        if (!owned_.contains(frame)) {
            return 0;
        }
        give(frame, count);
        return count;
    }
    bool copy_if_shared(const paging::Walk& there) {
        if (!there.has_page() || (*there.last()->raw & kCopyOnWrite) == 0) {
            return false;
        }
        const auto entry = static_cast<std::uint32_t>(there.last()->entry_pa.raw());
        const std::uint32_t frame = ram(entry) & 0xfffff000;
        const bool shared = shares_.contains(frame);
        const std::uint32_t mine = shared ? copy_of(frame) : frame;
        if (shared) {
            (void)drop(frame, 1);
        }
        write_entry(paging::Level::pte, there.va.page_base(), entry,
                    mine | (ram(entry) & 0xfff & ~kCopyOnWrite) | 2);
        return true;
    }

    void record(interface::JournalRecord entry) {
        entry.sequence = journal_->next_sequence;
        entry.space = static_cast<std::uint8_t>(space_in_work());
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
        spaces_ = transaction.spaces;
        shares_ = transaction.shares;
        switch_to(transaction.space_number);
    }
    void write(paging::Level level, VirtAddr va, std::uint32_t pa, std::uint32_t value,
               ChangeReport& report) {
        if (report.entries_changed++ == 0) {
            report.first_old = ram(pa);
            report.first_new = value;
        }
        write_entry(level, va, pa, value);
    }
    void write_entry(paging::Level level, VirtAddr va, std::uint32_t pa, std::uint32_t value) {
        current_.words.emplace_back(pa, ram(pa));
        record(
            {.kind = level == paging::Level::pde ? interface::JournalKind::pde : interface::JournalKind::pte,
             .address = va.raw(),
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
    std::uint32_t table_for(VirtAddr va, ChangeReport& report) {
        const std::uint32_t pdi = va.directory_index();
        const std::uint32_t slot = directory() + pdi * 4;
        if ((ram(slot) & 1) == 0) {
            const std::uint32_t table = take(1);
            report.tables_made++;
            write_entry(paging::Level::pde, VirtAddr::from_indices(pdi, 0), slot,
                        table | (pdi < 768 ? 7 : 3));
            keep_word(pdi);
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
            if (va.directory_index() >= user_slots() && !request.options.force) {
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
            if (page.directory_index() >= user_slots() && !options.force) {
                return std::unexpected{OperationError{.refusal = Refusal::guarded,
                                                      .va = page,
                                                      .reason = "the kernel's own mappings are there"}};
            }
            const auto entry = static_cast<std::uint32_t>(there.last()->entry_pa.raw());
            const std::uint32_t value = change(entry, there.page_size == paging::kLargePageSize, report);
            const bool large = there.page_size == paging::kLargePageSize;
            write(large ? paging::Level::pde : paging::Level::pte, page, entry, value, report);
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
        // By the registers as they are: the space in work is nothing to the CPU.
        const paging::PagingContext cpu{.control = control_, .cpu = {}};
        if (kind == paging::AccessKind::write) {
            (void)copy_if_shared(walk(cpu, va));
        }
        const paging::Walk there = walk(cpu, va);
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
    std::uint32_t nowhere_ = 0;
    paging::ControlRegisters control_;
    std::set<std::uint32_t> free_, owned_, allocated_;
    Transaction current_;
    std::vector<Transaction> done_;
    Spaces spaces_{};
    std::map<std::uint32_t, std::uint32_t> shares_; // spaces beyond the first, by shared frame
    std::optional<std::uint32_t> work_;
    std::optional<std::uint32_t> checkpoint_;
    std::unique_ptr<interface::JournalRing> journal_ = std::make_unique<interface::JournalRing>();
    std::uint32_t last_cr2_ = 0;
    bool interrupted_ = false;
    int polls_ = 0;
    mutable std::uint64_t ticks_ = 0;
};

} // namespace pagelab::shell::test
