// The lab: the abstract machine that the shell uses, over a hardware policy. Owns all rooms of this
// directory and wires them. One object in static memory; every command's state is in it, none on a stack.
// For main (on the CPU) and the host's tests (on the simulator).
#pragma once

#include "kernel/memory/audit.hpp"
#include "kernel/memory/changes.hpp"
#include "kernel/memory/crasher.hpp"
#include "kernel/memory/exercise.hpp"
#include "kernel/memory/kept_bytes.hpp"
#include "kernel/memory/recount.hpp"
#include "kernel/memory/rig.hpp"
#include "kernel/memory/space_operations.hpp"
#include "kernel/memory/store.hpp"
#include "kernel/memory/strategy_bench.hpp"
#include "kernel/memory/touch.hpp"
#include "kernel/memory/undo.hpp"

namespace pagelab::memory {

template <Hardware H>
class Lab final : public machine::Machine {
public:
    explicit constexpr Lab(H& hw)
        : hw_(hw), scratch_(hw), tables_(hw, scratch_, spaces_), frames_(hw, scratch_), breath_(hw),
          journal_(hw.journal()), flusher_(hw, scratch_, tables_, frames_, journal_),
          owned_(hw, scratch_, tables_, frames_, flusher_, journal_),
          census_(hw, scratch_, frames_, owned_, breath_),
          keeper_(hw, scratch_, spaces_, tables_, frames_, flusher_, owned_, census_, breath_),
          transaction_(hw, scratch_, spaces_, tables_, frames_, flusher_, journal_, owned_, keeper_, breath_),
          guard_(hw, scratch_, spaces_, tables_, frames_),
          changes_(hw, scratch_, tables_, frames_, flusher_, transaction_, guard_),
          sharing_(hw, scratch_, spaces_, tables_, frames_, transaction_),
          space_operations_(hw, scratch_, spaces_, tables_, frames_, flusher_, transaction_, keeper_),
          bench_(hw, scratch_, spaces_, frames_, space_operations_, changes_, transaction_),
          rig_(hw, scratch_, spaces_, tables_, space_operations_, changes_, transaction_),
          store_(hw, scratch_, spaces_, tables_, frames_, transaction_, guard_),
          touch_(hw, scratch_, frames_), kept_(scratch_, frames_),
          crasher_(hw, scratch_, spaces_, transaction_, guard_), undo_(frames_, journal_, transaction_),
          recount_(frames_, owned_, keeper_, census_),
          thorough_audit_(hw, scratch_, spaces_, frames_, keeper_, recount_),
          audit_(hw, scratch_, spaces_, frames_, thorough_audit_),
          exercise_(hw, scratch_, spaces_, tables_, frames_, transaction_, kept_) {}

    /// Takes over the machine as boot left it. Once, before anything else.
    void initialise(const MemoryMap& map, const KernelFacts& facts) {
        take(facts);
        frames_.initialise(map, facts);
        hw_.journal().capacity = interface::kJournalCapacity;
        hw_.journal().next_sequence = 1;
        set_state(interface::LabState::booting);
        show();
        introduce();
    }
    /// As initialise, after a rescue that threw this object away: spaces, frames and the user's tables are
    /// what lies in memory, counted anew.
    void adopt(const MemoryMap& map, const KernelFacts& facts) {
        take(facts);
        remember(0);
        frames_.adopt(map, facts);
        keeper_.adopt_all();
        recount_.give_up_forgotten();
        static_cast<void>(recount_.run());
        static_cast<void>(audit_.run(Audit<H>::Depth::thorough));
        introduce();
        show();
    }

    /// Something changed tables or died behind the books: counts every reference anew, and frees what nothing
    /// leads to any more. Says how many frames that were.
    std::uint32_t recount() {
        begin_change();
        const std::uint32_t freed = recount_.run();
        end_change();
        return freed;
    }

    void set_state(interface::LabState state) {
        hw_.lab_page().state = static_cast<std::uint32_t>(state);
        bump();
    }

    // --- what is there -----------------------------------------------------------------------------------
    [[nodiscard]] paging::PagingContext context() const override {
        paging::PagingContext now = memory::context(hw_);
        if (!spaces_.in_loaded()) {
            now.control.cr3 = spaces_.current().directory << 12;
        }
        return now;
    }
    [[nodiscard]] machine::Registers registers() const override {
        return {hw_.cr0(), hw_.cr2(), hw_.cr3(), hw_.cr4(), hw_.eflags()};
    }
    [[nodiscard]] std::uint32_t space() const override { return spaces_.loaded_number(); }
    [[nodiscard]] std::uint32_t space_in_work() const override { return spaces_.number(); }
    [[nodiscard]] std::optional<std::uint32_t> read_word(PhysAddr address) override {
        if (!is_ram(address)) {
            return std::nullopt;
        }
        return scratch_.observe(address);
    }
    [[nodiscard]] PhysAddr ram_end() const override { return PhysAddr{frames_.map().ram_end()}; }
    /// RAM that 32-bit entries reach: a PTE's scratch page can show no frame above 4 GiB.
    [[nodiscard]] bool is_ram(PhysAddr address) const override {
        return frames_.map().is_ram(address.frame());
    }
    [[nodiscard]] machine::FrameCounts frames() const override { return frames_.counts(); }
    [[nodiscard]] interface::FrameRecord frame_record(PhysAddr frame) const override {
        return frames_.record(frame.frame());
    }

    [[nodiscard]] interface::LabPage& lab_page() override { return hw_.lab_page(); }

    // --- a command is a transaction ------------------------------------------------------------------------
    void begin_command(std::string_view text) override {
        volatile interface::LabPage& page = hw_.lab_page();
        page.command_count = page.command_count + 1;
        transaction_.begin(page.command_count);
        store_.forget();
        std::array<char, 128>& command = hw_.lab_page().last_command;
        for (std::size_t i = 0; i < command.size(); ++i) {
            command[i] = i < text.size() && i + 1 < command.size() ? text[i] : '\0';
        }
        hw_.rescue_notes().command_open = 1;
        set_state(interface::LabState::running);
    }
    interface::Status end_command(interface::Status status, bool keep) override {
        // First: the rollback needs what may be broken.
        const bool whole = stands();
        if (!whole) {
            add_repairs(audit_.repairs().total);
            status = interface::Status::rescued;
            keep = false;
            tables_.space_loaded(true);
        }
        rig_.abandon();
        kept_.end(!keep);
        if (guard_.take_overridden() && keep && tainted_by_ == 0) {
            tainted_by_ = hw_.lab_page().command_count;
        }
        if (keep) {
            transaction_.commit();
        } else {
            begin_change();
            transaction_.rollback();
        }
        if (exercise_.take_called() && !keep) {
            hw_.set_cr3(hw_.cr3()); // its entries are gone, but not from the TLB
        }
        if (exercise_.take_contradicted() || contradicted_ || contradicts(audit_.repairs())) {
            contradicted_ = false;
            static_cast<void>(recount_.run());
        }
        tables_.close_foreign();
        transaction_.work_in(spaces_.loaded_number());
        scratch_.close_all();
        hw_.lab_page().last_status = static_cast<std::uint32_t>(status);
        end_change();
        set_state(interface::LabState::prompt);
        hw_.rescue_notes().attempts = 0;
        hw_.rescue_notes().command_open = 0;
        return status;
    }
    [[nodiscard]] const interface::Repairs& repairs() const override { return audit_.repairs(); }

    // --- change
    // ----------------------------------------------------------------------------------------------
    [[nodiscard]] ChangeResult map(const machine::MapRequest& request) override {
        static_cast<void>(noticed(request.options));
        return changing([&] { return changes_.map(request); });
    }
    [[nodiscard]] ChangeResult unmap(const machine::UnmapRequest& request) override {
        static_cast<void>(noticed(request.options));
        return changing([&] { return changes_.unmap(request); });
    }
    [[nodiscard]] ChangeResult protect(const machine::ProtectRequest& request) override {
        static_cast<void>(noticed(request.options));
        return changing([&] { return changes_.protect(request); });
    }
    [[nodiscard]] ChangeResult set_pde(std::uint32_t pdi, std::uint32_t value,
                                       machine::ChangeOptions options) override {
        return changing([&] { return changes_.set_pde(pdi, value, noticed(options)); });
    }
    [[nodiscard]] ChangeResult set_pte(VirtAddr va, std::uint32_t value,
                                       machine::ChangeOptions options) override {
        return changing([&] { return changes_.set_pte(va, value, noticed(options)); });
    }

    // --- address spaces ----------------------------------------------------------------------------------
    [[nodiscard]] std::optional<machine::SpaceInfo> space_info(std::uint32_t number) override {
        return spaces_.exists(number) ? std::optional{keeper_.info(number)} : std::nullopt;
    }
    [[nodiscard]] std::expected<void, OperationError> work_in(std::uint32_t number) override {
        if (!spaces_.exists(number)) {
            return std::unexpected(refuse(Refusal::no_space, VirtAddr{0}, number));
        }
        transaction_.work_in(number);
        return {};
    }
    [[nodiscard]] SpaceResult new_space(machine::Strategy strategy) override {
        return changing([&] { return space_operations_.make(strategy); });
    }
    [[nodiscard]] SpaceResult clone_space(bool copy_on_write) override {
        return changing([&] { return space_operations_.clone(copy_on_write); });
    }
    [[nodiscard]] SpaceResult use_space(std::uint32_t number, machine::ChangeOptions options) override {
        return changing([&] { return space_operations_.use(number, options.flush); });
    }
    [[nodiscard]] SpaceResult delete_space(std::uint32_t number) override {
        return changing([&] { return space_operations_.remove(number); });
    }
    [[nodiscard]] std::optional<VirtAddr> displaced_word(std::uint32_t pdi) override {
        const auto index = displaced_index(pdi);
        const std::uint32_t word = index ? spaces_.current().displaced[*index] : 0;
        return word != 0 ? std::optional{VirtAddr{word}} : std::nullopt;
    }
    [[nodiscard]] std::expected<machine::BenchReport, OperationError>
    bench(machine::Strategy strategy, machine::Pattern pattern, std::uint32_t pages) override {
        return changing([&] { return bench_.run(strategy, pattern, pages); });
    }
    [[nodiscard]] machine::Rig& rig() override {
        store_.forget();
        begin_change(); // until the command ends: what the rig tries is no state of the lab
        return rig_;
    }
    [[nodiscard]] bool unshare(VirtAddr va) override {
        return copy_on_write(va, paging::fault_code::kProtection | paging::fault_code::kWrite);
    }
    /// A page fault in the space in work: whether it was a write to a page that two spaces share, which is
    /// now its own. Then the access may be tried again.
    [[nodiscard]] bool copy_on_write(VirtAddr va, std::uint32_t code) {
        begin_change();
        const bool done = sharing_.resolve(va, code);
        end_change();
        return done;
    }

    // --- frames
    // ----------------------------------------------------------------------------------------------
    [[nodiscard]] ChangeResult alloc_frames(std::uint32_t count) override {
        return changing([&] { return changes_.alloc_frames(count); });
    }
    [[nodiscard]] ChangeResult free_frames(PhysAddr first, std::uint32_t count) override {
        return changing([&] { return changes_.free_frames(first, count); });
    }
    [[nodiscard]] ChangeResult free_tables() override {
        return changing([&] { return changes_.free_tables(); });
    }

    // --- memory
    // ----------------------------------------------------------------------------------------------
    [[nodiscard]] std::uint32_t load(VirtAddr address, Unit unit) override { return hw_.load(address, unit); }
    [[nodiscard]] std::expected<void, OperationError> store(VirtAddr address, Unit unit, std::uint32_t value,
                                                            machine::ChangeOptions options) override {
        return counted(store_.at(address, unit, value, noticed(options).force,
                                 [this](VirtAddr va) { return walk(va).pa; }));
    }
    [[nodiscard]] std::expected<std::uint32_t, OperationError> load_physical(PhysAddr address,
                                                                             Unit unit) override {
        std::uint32_t value = 0;
        const auto problem = for_each_piece(address, unit, [&](PhysAddr at, Unit piece, std::uint32_t shift) {
            value |= scratch_.load(at, piece) << shift;
            return std::expected<void, OperationError>{};
        });
        return problem ? std::expected<std::uint32_t, OperationError>{value}
                       : std::unexpected(problem.error());
    }
    [[nodiscard]] std::expected<void, OperationError>
    store_physical(PhysAddr address, Unit unit, std::uint32_t value,
                   machine::ChangeOptions options) override {
        return counted(for_each_piece(address, unit, [&](PhysAddr at, Unit piece, std::uint32_t shift) {
            return store_.at_physical(at, piece, value >> shift, noticed(options).force);
        }));
    }

    [[nodiscard]] std::expected<void, OperationError> keep_bytes(PhysAddr frame) override {
        return kept_.keep(frame_of(frame))
                   ? std::expected<void, OperationError>{}
                   : std::unexpected(refuse(Refusal::no_frames, VirtAddr{0}, frames_.counts().free));
    }

    // --- access and TLB
    // --------------------------------------------------------------------------------------
    [[nodiscard]] std::expected<machine::TouchResult, OperationError> touch(VirtAddr address,
                                                                            paging::Access access) override {
        return touch_.run(walk(address), access);
    }
    [[nodiscard]] std::expected<machine::Staleness, OperationError> stale(VirtAddr address) override {
        return touch_.stale(walk(address));
    }
    void invlpg(VirtAddr address) override {
        hw_.invlpg(address);
        transaction_.note({JournalKind::flush_page, address.page_base().raw(), 0, 0});
    }
    void flush_all(bool global) override {
        flusher_.start_count();
        transaction_.open();
        flusher_.all(global);
    }

    // --- control registers -------------------------------------------------------------------------------
    [[nodiscard]] std::expected<void, OperationError> set_write_protect(bool on) override {
        return set_control(0, paging::cr0::kWriteProtect, on);
    }
    [[nodiscard]] std::expected<void, OperationError> set_pse(bool on) override;
    [[nodiscard]] std::expected<void, OperationError> set_pge(bool on) override {
        if (!hw_.has_pge()) {
            return std::unexpected(refuse(Refusal::no_pge, VirtAddr{0}, 0));
        }
        return set_control(4, paging::cr4::kPge, on);
    }

    [[nodiscard]] std::expected<void, OperationError> crash(machine::Crash crash,
                                                            std::optional<std::uint32_t> argument,
                                                            machine::ChangeOptions options) override {
        forced_ = true; // what it sets off may write anywhere
        return counted(crasher_.run(crash, argument, options.force));
    }

    // --- a student's file --------------------------------------------------------------------------------
    [[nodiscard]] std::optional<interface::Exercise> exercise() const override {
        const auto* const image =
            reinterpret_cast<const unsigned char*>(interface::layout::kExercise.raw()); // NOLINT
        return exercise_.is_loaded() ? std::optional{interface::Exercise{image}} : std::nullopt;
    }
    [[nodiscard]] std::expected<machine::CallReport, OperationError>
    call(VirtAddr address, const machine::CallArguments& arguments) override {
        return changing([&]() -> std::expected<machine::CallReport, OperationError> {
            machine::CallReport report;
            if (!exercise_.run(address, arguments, report)) {
                return std::unexpected(refuse(Refusal::no_frames, VirtAddr{0}, frames_.counts().free));
            }
            // Not each time: reading all code would push the user's pages out of a small TLB, and with them
            // what the student forgot to flush. Code that was overwritten in another way is the rescue's.
            forced_ = forced_ || exercise_.shows_kernel();
            return report;
        });
    }
    /// What the student's code asks for while it runs.
    [[nodiscard]] ExerciseRoom<H>& exercise_room() { return exercise_; }

    // --- history -----------------------------------------------------------------------------------------
    [[nodiscard]] const interface::JournalRing& journal() const override { return hw_.journal(); }
    void set_checkpoint() override { remember(journal_.next_sequence()); }
    [[nodiscard]] std::optional<std::uint32_t> checkpoint() const override {
        const std::uint32_t first = hw_.lab_page().checkpoint;
        return first != 0 ? std::optional{first} : std::nullopt;
    }
    [[nodiscard]] std::uint32_t undoable(std::uint32_t limit) const override { return undo_.reach(limit); }
    [[nodiscard]] std::expected<machine::UndoReport, OperationError> undo() override {
        begin_change();
        auto result = undo_.run();
        if (result && result->first_record < hw_.lab_page().checkpoint) {
            remember(0); // what it remembered is no place in the history any more
        }
        if (result && result->command <= tainted_by_) {
            tainted_by_ = 0; // all that came later was taken back before
        }
        end_change();
        return result;
    }
    [[nodiscard]] machine::HostAnswer request_machine_undo() override {
        using machine::HostAnswer;
        constexpr std::uint32_t kPolls = 10'000'000; // a second or more; an answer takes milliseconds
        volatile interface::LabPage& page = hw_.lab_page();
        const auto console = [&page] { return (page.host & interface::host_bits::kSnapshots) != 0; };
        if (!console()) {
            return HostAnswer::no_console;
        }
        page.request_argument = page.command_count;
        page.request = static_cast<std::uint32_t>(interface::HostRequest::undo_machine);
        HostAnswer answer = HostAnswer::silent;
        for (std::uint32_t polls = 0; polls < kPolls && answer == HostAnswer::silent; ++polls) {
            if (!console()) {
                answer = HostAnswer::no_snapshot;
            } else if (poll()) {
                answer = HostAnswer::interrupted;
            }
        }
        page.request = static_cast<std::uint32_t>(interface::HostRequest::none);
        return answer;
    }
    void record_fault(const machine::Exception& exception) override {
        transaction_.note({JournalKind::fault, exception.cr2, exception.eip,
                           (exception.vector << 16) | (exception.code & 0xffff)});
    }

    void after_rescue(const interface::RescueReport& report) override {
        forced_ = true; // whatever called for it
        tables_.space_loaded(true);
        if (hw_.cr3() != spaces_.loaded().directory << 12) {
            keeper_.load(spaces_.loaded_number(), true);
        }
        transaction_.note({JournalKind::rescue, report.cr2, report.eip,
                           (report.vector << 16) | (report.repairs.total & 0xffff)});
        contradicted_ = contradicted_ || contradicts(report.repairs);
    }

    // --- console and clock ---------------------------------------------------------------------------------
    /// Lines end in CR LF on a serial line; a CR that is there already is not doubled.
    void write(std::string_view text) override {
        char last = '\0';
        for (const char c : text) {
            if (c == '\n' && last != '\r') {
                hw_.transmit('\r');
            }
            hw_.transmit(c);
            last = c;
        }
    }
    [[nodiscard]] std::optional<char> read_char() override {
        if (hw_.lab_page().state == static_cast<std::uint32_t>(interface::LabState::booting)) {
            set_state(interface::LabState::prompt);
        }
        return hw_.wait_char();
    }
    [[nodiscard]] bool poll() override {
        volatile interface::LabPage& page = hw_.lab_page();
        page.heartbeat = page.heartbeat + 1;
        return hw_.drain();
    }
    void clear_interrupt() override { hw_.clear_interrupt(); }
    [[nodiscard]] std::uint64_t ticks() const override { return hw_.ticks(); }
    [[nodiscard]] std::optional<VirtAddr> symbol(std::string_view name) const override {
        return hw_.symbol(name);
    }
    void halt() override {
        set_state(interface::LabState::halted);
        hw_.halt();
    }
    void reboot() override {
        set_state(interface::LabState::rebooting);
        hw_.reboot();
    }

private:
    static OperationError refuse(Refusal refusal, VirtAddr va, std::uint32_t value) {
        return {.refusal = refusal, .va = va, .pa = std::nullopt, .value = value, .reason = {}};
    }

    [[nodiscard]] paging::Walk walk(VirtAddr va) {
        const auto read = [this](PhysAddr address) { return read_word(address); };
        return paging::walk(read, context(), interface::layout::kSelfMapSlot, va);
    }

    void add_repairs(std::uint32_t count) {
        volatile interface::LabPage& page = hw_.lab_page();
        page.repairs = page.repairs + count;
    }

    /// Whether entries were put right that references had been counted with.
    [[nodiscard]] static bool contradicts(const interface::Repairs& repairs) {
        const auto repaired = [&](interface::RepairKind kind) {
            return repairs.by_kind[static_cast<std::size_t>(kind)] != 0;
        };
        return repaired(interface::RepairKind::directory_slot) ||
               repaired(interface::RepairKind::space_entry) || repaired(interface::RepairKind::frame_record);
    }

    /// Whatever was forced may have hit the kernel's code.
    machine::ChangeOptions noticed(machine::ChangeOptions options) {
        forced_ = forced_ || options.force;
        return options;
    }

    /// What the guard refuses is counted: the lab's survival must not be bought by refusing.
    template <class T>
    T counted(T&& result) {
        if (!result && result.error().refusal == Refusal::guarded) {
            volatile interface::LabPage& page = hw_.lab_page();
            page.refusals = page.refusals + 1;
        }
        return std::forward<T>(result);
    }

    template <class F>
    auto changing(F&& operation) {
        store_.forget();
        begin_change();
        auto result = operation();
        end_change();
        return counted(std::move(result));
    }

    // The generation is odd while tables change: a host that sees it odd, or changed, looks again.
    void begin_change() {
        volatile interface::LabPage& page = hw_.lab_page();
        page.generation = page.generation | 1u;
    }
    void end_change() {
        show();
        volatile interface::LabPage& page = hw_.lab_page();
        page.generation = (page.generation | 1u) + 1u;
    }
    void bump() {
        volatile interface::LabPage& page = hw_.lab_page();
        page.generation = page.generation + 2u;
    }

    /// Whether all that the kernel stands on was as it must be. It is so behind this.
    [[nodiscard]] bool stands() {
        // With WP off even the kernel's own stores could hit its code.
        forced_ = forced_ || tainted_by_ != 0 || (hw_.cr0() & paging::cr0::kWriteProtect) == 0;
        if (!forced_) {
            return audit_.run(Audit<H>::Depth::usual);
        }
        const bool whole = audit_.run(Audit<H>::Depth::thorough) && hw_.code_is_whole();
        introduce();
        forced_ = false; // last: whatever faults in here comes back to it
        return whole;
    }

    /// What never changes of the lab page.
    void introduce() {
        volatile interface::LabPage& page = hw_.lab_page();
        page.version = interface::kLabVersion;
        page.frame_records_va = interface::layout::kFrameRecords.raw();
        page.journal_pa = static_cast<std::uint32_t>(facts_.journal.raw());
        page.journal_capacity = interface::kJournalCapacity;
        page.cpu_pse36 = hw_.limits().pse36 ? 1 : 0;
        page.cpu_physical_bits = hw_.limits().physical_bits;
        page.ram_end_low = static_cast<std::uint32_t>(frames_.map().ram_end());
        page.ram_end_high = static_cast<std::uint32_t>(frames_.map().ram_end() >> 32);
        page.rescue_report_pa = facts_.image.notes << 12;
        asm volatile("" ::: "memory");
        hw_.lab_page().magic = interface::kLabMagic; // last: now the rest is right
    }

    void take(const KernelFacts& facts) {
        facts_ = facts;
        scratch_.initialise(facts);
        spaces_.initialise(facts.directory);
        owned_.initialise(facts);
        guard_.initialise(facts);
        touch_.initialise(facts);
        rig_.initialise(facts);
        crasher_.initialise(facts);
        audit_.initialise(facts);
        recount_.initialise(facts);
        thorough_audit_.initialise(facts);
        exercise_.initialise(facts);
    }

    /// The checkpoint stands in the lab page, for hosts to compare with it too.
    void remember(std::uint32_t first_record) {
        volatile interface::LabPage& page = hw_.lab_page();
        page.checkpoint = first_record;
    }

    /// Registers and frames as they are now.
    void show() {
        volatile interface::LabPage& page = hw_.lab_page();
        page.cr0 = hw_.cr0();
        page.cr3 = hw_.cr3();
        page.cr4 = hw_.cr4();
        page.space = space();
        page.frames_total = frames_.counts().total;
        page.frames_free = frames_.counts().free;
        page.frame_records_count = frames_.mark();
    }

    [[nodiscard]] std::expected<void, OperationError> set_control(std::uint32_t number, std::uint32_t bit,
                                                                  bool on) {
        const std::uint32_t old = number == 0 ? hw_.cr0() : hw_.cr4();
        const std::uint32_t value = on ? old | bit : old & ~bit;
        if (value == old) {
            return {};
        }
        begin_change();
        const bool done = transaction_.write_control(number, value);
        end_change();
        return done ? std::expected<void, OperationError>{}
                    : std::unexpected(refuse(Refusal::journal_full, VirtAddr{0}, 0));
    }

    /// Cuts a physical access into pieces that each lie within an aligned word, checks that all of it is RAM,
    /// then visits them.
    template <class F>
    [[nodiscard]] std::expected<void, OperationError> for_each_piece(PhysAddr address, Unit unit, F&& visit) {
        const auto size = static_cast<std::uint32_t>(unit);
        for (std::uint32_t i = 0; i < size; ++i) {
            if (!is_ram(address.plus(i))) {
                OperationError problem = refuse(Refusal::not_ram, VirtAddr{0}, 0);
                problem.pa = address.plus(i);
                return std::unexpected(problem);
            }
        }
        if ((address.raw() & 3) + size <= 4) {
            return visit(address, unit, 0u);
        }
        for (std::uint32_t i = 0; i < size; ++i) {
            if (auto done = visit(address.plus(i), Unit::byte, i * 8); !done) {
                return done;
            }
        }
        return {};
    }

    H& hw_;
    Spaces spaces_;
    Scratch<H> scratch_;
    Tables<H> tables_;
    Frames<H> frames_;
    Breath<H> breath_;
    Journal journal_;
    Flusher<H> flusher_;
    Ownership<H> owned_;
    Census<H> census_;
    SpaceKeeper<H> keeper_;
    Transaction<H> transaction_;
    Guard<H> guard_;
    Changes<H> changes_;
    Sharing<H> sharing_;
    SpaceOperations<H> space_operations_;
    StrategyBench<H> bench_;
    Rig<H> rig_;
    Store<H> store_;
    Touch<H> touch_;
    KeptBytes<H> kept_;
    Crasher<H> crasher_;
    Undo<H> undo_;
    Recount<H> recount_;
    ThoroughAudit<H> thorough_audit_;
    Audit<H> audit_;
    ExerciseRoom<H> exercise_;
    KernelFacts facts_{};
    /// The command may have broken what no other can: see Audit::Depth.
    bool forced_ = false;
    /// The first command by which something stands that the guard would have refused, by its number; 0: none.
    /// Each command may break the same through it, as the CPU does that sets A and D in what it was told to
    /// take for a table.
    std::uint32_t tainted_by_ = 0;
    /// Entries were put right that the records had been counted with.
    bool contradicted_ = false;
};

/// CR4.PSE decides how PDEs with bit 7 are read: it changes only while none has it, in no space.
template <Hardware H>
std::expected<void, OperationError> Lab<H>::set_pse(bool on) {
    if (!hw_.has_pse()) {
        return std::unexpected(refuse(Refusal::no_pse, VirtAddr{0}, 0));
    }
    const bool is_on = (hw_.cr4() & paging::cr4::kPse) != 0;
    for (std::uint32_t space = 0; space < machine::kMaxSpaces && is_on != on; ++space) {
        for (std::uint32_t pdi = 0; spaces_.exists(space) && pdi < paging::kEntryCount; ++pdi) {
            const Pde pde{scratch_.entry(spaces_[space].directory, pdi)};
            if (pde.present() && (pde.raw() & bits::kLarge) != 0) {
                return std::unexpected(refuse(on ? Refusal::table_in_use : Refusal::large_page,
                                              VirtAddr::from_indices(pdi, 0), pde.raw()));
            }
        }
    }
    return set_control(4, paging::cr4::kPse, on);
}

} // namespace pagelab::memory
