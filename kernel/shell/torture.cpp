#include "kernel/shell/torture.hpp"

#include "kernel/interface/layout.hpp"
#include "kernel/shell/random.hpp"
#include "kernel/shell/torture_commands.hpp"

namespace pagelab::shell {
namespace {

using interface::JournalKind;
using interface::Status;
using interface::TortureState;
using machine::Machine;
using paging::Pde;
using paging::PhysAddr;
using paging::Pte;
using paging::VirtAddr;

/// The witnesses are looked at after each so many commands, and at the end.
constexpr std::uint32_t kBetweenLooks = 256;

PhysAddr entry_of(std::uint32_t table, std::uint32_t index) {
    return PhysAddr{table}.plus(paging::entry_offset(index));
}

std::uint32_t witness_word(const TortureState& state, std::uint32_t index, std::uint32_t offset) {
    return (state.seed ^ witness_page(state, index).raw()) + offset * 0x9e3779b9u;
}

/// The first of four slots in a row that hold nothing, away from the slots that the commands use.
std::uint32_t find_slots(Machine& machine) {
    constexpr std::uint32_t kFirst = 192;
    const auto directory = static_cast<std::uint32_t>(machine.context().control.directory().raw());
    std::uint32_t run = 0;
    for (std::uint32_t slot = kFirst; slot < interface::layout::kUpperHalfSlot; ++slot) {
        run = machine.read_word(entry_of(directory, slot)) == 0u ? run + 1 : 0;
        if (run == interface::kWitnessSlots) {
            return slot + 1 - run;
        }
    }
    return 0;
}

/// Whether the page is where it was mapped and holds what it held. By physical addresses: nothing that the
/// commands did to windows or to the TLB matters.
bool is_whole(Machine& machine, const TortureState& state, std::uint32_t index) {
    const VirtAddr va = witness_page(state, index);
    const std::uint32_t slot = va.directory_index();
    const Pde pde{machine.read_word(entry_of(state.directory, slot)).value_or(0)};
    if (!pde.present() || pde.table().raw() != state.tables[slot - state.first_slot]) {
        return false;
    }
    const Pte pte{
        machine.read_word(entry_of(state.tables[slot - state.first_slot], va.table_index())).value_or(0)};
    if (!pte.present() || pte.frame().raw() != state.frames[index] ||
        machine.frame_record(pte.frame()).role() != interface::FrameRole::data) {
        return false;
    }
    for (std::uint32_t offset = 0; offset < paging::kPageSize; offset += 4) {
        if (machine.read_word(pte.frame().plus(offset)) != witness_word(state, index, offset)) {
            return false;
        }
    }
    return true;
}

std::uint32_t count_lost(Machine& machine, const TortureState& state) {
    std::uint32_t lost = 0;
    for (std::uint32_t index = 0; index < interface::kWitnessPages; ++index) {
        lost += is_whole(machine, state, index) ? 0 : 1;
    }
    return lost;
}

/// Whether a command wrote an entry, or tried to and was taken back.
bool changed_a_table(const interface::JournalRing& ring, std::uint32_t first) {
    for (std::uint32_t sequence = first; sequence < ring.next_sequence; ++sequence) {
        const interface::JournalRecord& record = ring.records[sequence % interface::kJournalCapacity];
        switch (record.kind) {
        case JournalKind::pde:
        case JournalKind::pte:
        case JournalKind::space_new:
        case JournalKind::space_delete:
        case JournalKind::undo:
            return true;
        default:
            break;
        }
    }
    return false;
}

/// `12.3 %` of all commands.
void put_share(Output& out, std::uint32_t part, std::uint32_t all) {
    while (all >= 1u << 22) { // 32-bit division is all that there is
        all >>= 1;
        part >>= 1;
    }
    const std::uint32_t permille = all == 0 ? 0 : part * 1000 / all;
    say(out, "{}.{} %", Decimal{permille / 10}, Decimal{permille % 10});
}

} // namespace

const char* Torture::start(Machine& machine, std::uint32_t seed, std::uint32_t count, std::uint32_t options) {
    if (machine.space() != 0) {
        return "torture begins in space 0; did you mean space use 0?";
    }
    TortureState state{.seed = seed,
                       .random = Random(seed, 1).state(),
                       .options = options,
                       .wanted = count,
                       .directory = static_cast<std::uint32_t>(machine.context().control.directory().raw()),
                       .first_slot = find_slots(machine)};
    if (state.first_slot == 0) {
        return "torture needs four free directory slots in a row between 192 and 511";
    }
    for (std::uint32_t index = 0; index < interface::kWitnessPages; ++index) {
        const VirtAddr va = witness_page(state, index);
        const auto mapped = machine.map({.va = va, .attributes = {paging::bits::kWritable}});
        if (!mapped || !mapped->first_frame) {
            return "torture needs some free frames: unmap something";
        }
        state.frames[index] = static_cast<std::uint32_t>(mapped->first_frame->raw());
        const std::uint32_t slot = va.directory_index();
        const Pde pde{machine.read_word(entry_of(state.directory, slot)).value_or(0)};
        state.tables[slot - state.first_slot] = static_cast<std::uint32_t>(pde.table().raw());
        for (std::uint32_t offset = 0; offset < paging::kPageSize; offset += 4) {
            (void)machine.store_physical(mapped->first_frame->plus(offset), machine::Unit::word,
                                         witness_word(state, index, offset), {});
        }
    }
    state.active = interface::kTortureActive;
    machine.lab_page().torture = state;
    return nullptr;
}

bool Torture::next(Machine& machine) {
    TortureState& state = machine.lab_page().torture;
    if (state.done >= state.wanted || state.lost != 0) {
        return false;
    }
    Random random(state.random);
    put_torture_command(command_, machine, state, random);
    state.random = random.state();
    journal_ = machine.journal().next_sequence;
    refusals_ = machine.lab_page().refusals;
    under_way_ = true;
    return true;
}

void Torture::resume(Machine& machine) {
    TortureState& state = machine.lab_page().torture;
    state.restarts += 1;
    state.done += 1;
    state.by_status[static_cast<std::size_t>(Status::rescued)] += 1;
    under_way_ = false;
}

void Torture::note(Machine& machine, Status status) {
    if (!under_way_) {
        return;
    }
    under_way_ = false;
    TortureState& state = machine.lab_page().torture;
    state.done += 1;
    state.by_status[static_cast<std::size_t>(status)] += 1;
    state.refused += machine.lab_page().refusals != refusals_ ? 1 : 0;
    state.changed += changed_a_table(machine.journal(), journal_) ? 1 : 0;
    if (state.done % kBetweenLooks == 0) {
        state.lost = count_lost(machine, state);
    }
}

Status Torture::end(Machine& machine, Output& out) {
    TortureState& state = machine.lab_page().torture;
    state.active = 0;
    state.lost = count_lost(machine, state);
    say(out, "{} of {} commands survived: {} ok, {} errors, {} faults, {} rescued\n", Decimal{state.done},
        Decimal{state.wanted}, Decimal{state.by_status[0]}, Decimal{state.by_status[1]},
        Decimal{state.by_status[2]}, Decimal{state.by_status[3]});
    say(out, "refused {} (", Decimal{state.refused});
    put_share(out, state.refused, state.done);
    say(out, "), changed a table {} (", Decimal{state.changed});
    put_share(out, state.changed, state.done);
    say(out, "), {} restarts of the kernel's data\n", Decimal{state.restarts});
    if (state.lost != 0) {
        say(out, "{} of {} witness pages lost; the last command was: {}\n", Decimal{state.lost},
            Decimal{interface::kWitnessPages}, command_.view());
        return Status::error;
    }
    say(out, "all {} witness pages are as they were\n", Decimal{interface::kWitnessPages});
    (void)machine.work_in(0);
    for (std::uint32_t index = 0; index < interface::kWitnessPages; ++index) {
        (void)machine.unmap({.va = witness_page(state, index)});
    }
    return Status::ok;
}

} // namespace pagelab::shell
