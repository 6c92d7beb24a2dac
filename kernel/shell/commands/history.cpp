// log undo: what happened, and taking it back.
#include "kernel/interface/journal_text.hpp"
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/commands/refusals.hpp"
#include "kernel/shell/journal_since.hpp"

namespace pagelab::shell::handlers {
namespace {

constexpr std::uint32_t kDefaultRecords = 20;

/// What was restored, and the line's end.
void put_restored(Output& out, const machine::UndoReport& report) {
    if (report.registers_restored != 0) {
        say(out, "control register restored, ");
    }
    if (report.spaces_restored != 0) {
        say(out, "spaces as they were, ");
    }
    print(out, Decimal{report.entries_restored},
          report.entries_restored == 1 ? " entry restored" : " entries restored");
    if (report.frames_freed != 0) {
        say(out, ", {} freed", Count{report.frames_freed, "frame"});
    }
    if (report.frames_taken_again != 0) {
        say(out, ", {} taken again", Count{report.frames_taken_again, "frame"});
    }
    say(out, "\n");
}

} // namespace

Status log(Invocation& invocation) {
    std::uint32_t wanted = kDefaultRecords;
    if (invocation.args.count != 0) {
        const auto parsed =
            parse_times(invocation.args[0], interface::kJournalCapacity, "a number of records");
        if (!parsed) {
            return invocation.error(parsed.error());
        }
        wanted = *parsed;
    }
    const interface::JournalRing& ring = invocation.machine.journal();
    const std::uint32_t end = ring.next_sequence;
    const std::uint32_t held = end - 1;
    bool any = false;
    for (std::uint32_t sequence = end - (held < wanted ? held : wanted);
         sequence != end && !invocation.poll(); ++sequence) {
        // A copy: while it is printed the ring may go round.
        const interface::JournalRecord record = ring.records[sequence % interface::kJournalCapacity];
        if (record.sequence != sequence) {
            continue;
        }
        any = true;
        if (invocation.flags.json) {
            write_json(invocation.out, record);
        } else {
            put_event(invocation.out, record);
        }
        say(invocation.out, "\n");
    }
    if (!any && !invocation.flags.json) {
        say(invocation.out, "the journal is empty\n");
    }
    return Status::ok;
}

/// Comes back only without success: else the machine is as it was before anything was asked.
Status undo_machine(Invocation& invocation) {
    using machine::HostAnswer;
    if (invocation.args.count != 0) {
        return invocation.fail("undo --machine takes no number: it goes back before the last line");
    }
    switch (invocation.machine.request_machine_undo()) {
    case HostAnswer::no_console:
        return invocation.fail(
            "undo --machine needs a console with snapshots; scripts/run is one, up to 64 MiB "
            "of RAM and without --icount; undo takes back entries alone");
    case HostAnswer::no_snapshot:
        return invocation.fail("the console has no snapshot from before the last line; did you mean undo?");
    case HostAnswer::silent:
        return invocation.fail("the console does not answer; did you mean undo?");
    default:
        invocation.interrupted = true;
        return Status::interrupted;
    }
}

Status undo(Invocation& invocation) {
    if (invocation.flags.machine) {
        return undo_machine(invocation);
    }
    std::uint32_t count = 1;
    if (invocation.args.count != 0) {
        const auto parsed =
            parse_times(invocation.args[0], interface::kJournalCapacity, "a number of commands");
        if (!parsed) {
            return invocation.error(parsed.error());
        }
        count = *parsed;
    }
    const std::uint32_t standing = invocation.machine.undoable(count);
    if (standing != 0 && standing < count) {
        return invocation.fail("only {} can be taken back; did you mean undo {}?", Count{standing, "command"},
                               Decimal{standing});
    }
    // All or nothing: a Ctrl-C waits for the end.
    for (std::uint32_t i = 0; i < count; ++i) {
        (void)invocation.machine.poll();
        const auto report = invocation.machine.undo();
        if (!report) {
            return refuse(invocation, report.error());
        }
        say(invocation.out, "took back command {}; ", Decimal{report->command});
        put_restored(invocation.out, *report);
    }
    return Status::ok;
}

Status checkpoint(Invocation& invocation) {
    invocation.machine.set_checkpoint();
    say(invocation.out, "checkpoint set: restore comes back here, diff tells what changed since\n");
    return Status::ok;
}

Status restore(Invocation& invocation) {
    Machine& machine = invocation.machine;
    const auto checkpoint = machine.checkpoint();
    if (!checkpoint) {
        return invocation.fail("there is no checkpoint to go back to; did you mean checkpoint?");
    }
    const JournalSince since(machine.journal(), *checkpoint);
    const std::uint32_t wanted = since.complete() ? since.commands() : interface::kJournalCapacity;
    if (wanted == 0) {
        return invocation.fail("nothing changed since the checkpoint");
    }
    const std::uint32_t able = machine.undoable(wanted);
    if (!since.complete()) {
        return invocation.fail(
            able == 0 ? "the journal no longer reaches back to the checkpoint"
                      : "the journal no longer reaches back to the checkpoint; did you mean undo {}?",
            Decimal{able});
    }
    if (able != 0 && able < wanted) {
        return invocation.fail("only {} of {} can be taken back at once; did you mean undo {}?",
                               Decimal{able}, Count{wanted, "command"}, Decimal{able});
    }
    machine::UndoReport all;
    for (std::uint32_t i = 0; i < wanted; ++i) {
        (void)machine.poll(); // all or nothing: a Ctrl-C waits for the end
        const auto report = machine.undo();
        if (!report) {
            return refuse(invocation, report.error());
        }
        all.entries_restored += report->entries_restored;
        all.spaces_restored += report->spaces_restored;
        all.frames_freed += report->frames_freed;
        all.frames_taken_again += report->frames_taken_again;
        all.registers_restored += report->registers_restored;
    }
    say(invocation.out, "back at the checkpoint: took back {}; ", Count{wanted, "command"});
    put_restored(invocation.out, all);
    return Status::ok;
}

} // namespace pagelab::shell::handlers
