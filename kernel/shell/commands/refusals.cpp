#include "kernel/shell/commands/refusals.hpp"

#include "kernel/paging/walk_text.hpp"
#include "kernel/shell/reader.hpp"

namespace pagelab::shell {
namespace {

using machine::OperationError;
using machine::Refusal;

/// `PTE 256:0 = 0x00210063 -> page p:0x00210000`, as the walk shows it.
void put_what_is_there(Output& message, Machine& machine, VirtAddr va) {
    const paging::Walk walk = walk_now(machine, va);
    const paging::Step* step = walk.last();
    if (step == nullptr) {
        return;
    }
    put_step_name(message, walk, *step);
    say(message, " = {} -> ", Hex{step->raw.value_or(0)});
    put_target(message, step->kind, step->target);
}

PhysAddr aligned_down(PhysAddr pa, std::uint32_t size) {
    return PhysAddr{pa.raw() & ~std::uint64_t{size - 1}};
}

void put_unaligned(Output& message, const OperationError& error, std::uint32_t size) {
    if (error.pa && !error.pa->is_aligned(size)) {
        say(message, "{} is not aligned to {}; did you mean {}?", *error.pa, Size{size},
            aligned_down(*error.pa, size));
    } else {
        say(message, "{} is not aligned to {}; did you mean {}?", error.va, Size{size},
            error.va.aligned_down(size));
    }
}

/// There is at least the space of boot.
void put_no_space(Output& message, Machine& machine, std::string_view token) {
    print(message, token.empty() ? "the number of a space is missing" : "there is no space ", token);
    std::string_view separator = token.empty() ? ": " : ", only ";
    for (std::uint32_t number = 0; number < machine::kMaxSpaces; ++number) {
        if (machine.space_info(number)) {
            print(message, separator, Decimal{number});
            separator = ", ";
        }
    }
}

void put_place(Output& message, const OperationError& error) {
    if (error.pa) {
        print(message, *error.pa);
    } else {
        print(message, error.va);
    }
}

void put_refusal(Output& message, Machine& machine, const OperationError& error, std::uint32_t page_size) {
    switch (error.refusal) {
    case Refusal::unaligned:
        put_unaligned(message, error, page_size);
        return;
    case Refusal::past_end:
        say(message, "the range from ");
        put_place(message, error);
        say(message, " passes the end: virtual addresses end at 0x100000000, and so do those in a PTE");
        return;
    case Refusal::present:
        say(message, "{} is mapped: ", error.va);
        put_what_is_there(message, machine, error.va);
        say(message, "; force replaces it");
        return;
    case Refusal::not_present:
        say(message, "nothing is mapped at {}", error.va);
        if (machine.space_in_work() != machine.space()) {
            say(message, " in space {}", Decimal{machine.space_in_work()});
        }
        say(message, ": ");
        put_what_is_there(message, machine, error.va);
        return;
    case Refusal::no_table:
        say(message, "{} has no page table: ", error.va);
        put_what_is_there(message, machine, error.va);
        say(message, "; map {} makes one", error.va.page_base());
        return;
    case Refusal::large_page:
        say(message, "{} lies in a 4 MiB page: ", error.va);
        put_what_is_there(message, machine, error.va);
        say(message, "; name whole pages of 4 MiB, from {}", error.va.aligned_down(paging::kLargePageSize));
        return;
    case Refusal::table_in_use:
        say(message,
            "PDE {} leads to a table that is in use; unmap what it maps, or put force before the command",
            Decimal{error.va.directory_index()});
        return;
    case Refusal::no_pse:
        say(message, "4 MiB pages need CR4.PSE; cr4 pse on turns it on where the CPU has it");
        return;
    case Refusal::no_pge:
        say(message, "this CPU has no global pages (CR4.PGE)");
        return;
    case Refusal::no_frames:
        say(message, "not enough free frames: {} are left", Decimal{error.value});
        return;
    case Refusal::journal_full:
        say(message, "more changes than one command can journal; do it in smaller parts");
        return;
    case Refusal::guarded:
        say(message, "{}; force does it all the same", error.reason);
        return;
    case Refusal::not_ram:
        put_place(message, error);
        say(message, " is no RAM; RAM ends at {}", machine.ram_end());
        return;
    case Refusal::not_allocated:
        put_place(message, error);
        say(message, " was not handed out by alloc");
        return;
    case Refusal::still_mapped:
        put_place(message, error);
        say(message, " is still mapped");
        if (error.pa) {
            say(message, "; find {} says where", *error.pa);
        }
        return;
    case Refusal::nothing_to_undo:
        say(message, "nothing to undo: no command changed anything since");
        return;
    case Refusal::out_of_reach:
        say(message, "can't undo: the journal no longer holds all that the command changed");
        return;
    case Refusal::not_possible:
        say(message, "can't be tried at {}: {}", error.va, error.reason);
        return;
    case Refusal::no_space: {
        Text<12> number;
        print(number, Decimal{error.value});
        put_no_space(message, machine, number.view());
        return;
    }
    case Refusal::no_number:
        say(message, "all {} numbers of spaces are taken; space delete N frees one",
            Decimal{machine::kMaxSpaces});
        return;
    case Refusal::space_in_use:
        say(message, "space {}{}", Decimal{error.value},
            error.value == 0 ? " is the one of boot, which stays"
                             : " is the current one; did you mean space use 0?");
        return;
    case Refusal::interrupted:
        return; // the shell says so itself
    }
}

class List {
public:
    explicit List(Output& out) : out_(out) {}
    void add(std::uint32_t count, const char* noun, const char* done) {
        if (count != 0) {
            say(out_, "{}{} {}", separator(), Count{count, noun}, done);
        }
    }
    void add(const char* text) { say(out_, "{}{}", separator(), text); }

private:
    const char* separator() {
        const bool first = first_;
        first_ = false;
        return first ? "; " : ", ";
    }
    Output& out_;
    bool first_ = true;
};

} // namespace

Status refuse(Invocation& invocation, const OperationError& error, std::uint32_t page_size) {
    if (error.refusal == Refusal::interrupted) {
        invocation.interrupted = true;
        return Status::interrupted;
    }
    put_refusal(begin_problem(), invocation.machine, error, page_size);
    return invocation.error(Problem{});
}

Status no_space(Invocation& invocation, std::string_view token) {
    put_no_space(begin_problem(), invocation.machine, token);
    return invocation.error(Problem{});
}

void put_consequences(Output& out, const machine::ChangeReport& report) {
    List list(out);
    list.add(report.tables_made, "table", "made");
    list.add(report.tables_freed, "table", "freed");
    list.add(report.frames_taken, "frame", "taken");
    list.add(report.frames_freed, "frame", "freed");
    list.add(report.pages_flushed, "page", "flushed");
    if (report.all_flushed) {
        list.add("CR3 loaded again");
    }
    if (report.flush_left_out) {
        list.add("the flush was left out");
    } else if (!report.all_flushed && report.pages_flushed == 0) {
        list.add("nothing to flush");
    }
    say(out, "\n");
}

} // namespace pagelab::shell
