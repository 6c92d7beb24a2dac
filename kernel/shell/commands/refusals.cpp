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
    print(message, " = ", Hex{step->raw.value_or(0)}, " -> ");
    put_target(message, step->kind, step->target);
}

PhysAddr aligned_down(PhysAddr pa, std::uint32_t size) {
    return PhysAddr{pa.raw() & ~std::uint64_t{size - 1}};
}

void put_unaligned(Output& message, const OperationError& error, std::uint32_t size) {
    if (error.pa && !error.pa->is_aligned(size)) {
        print(message, *error.pa, " is not aligned to ", Size{size}, "; did you mean ",
              aligned_down(*error.pa, size), "?");
    } else {
        print(message, error.va, " is not aligned to ", Size{size}, "; did you mean ",
              error.va.aligned_down(size), "?");
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
        print(message, "the range from ");
        put_place(message, error);
        print(message, " passes the end: virtual addresses end at 0x100000000, and so do those in a PTE");
        return;
    case Refusal::present:
        print(message, error.va, " is mapped: ");
        put_what_is_there(message, machine, error.va);
        print(message, "; force replaces it");
        return;
    case Refusal::not_present:
        print(message, "nothing is mapped at ", error.va);
        if (machine.space_in_work() != machine.space()) {
            print(message, " in space ", Decimal{machine.space_in_work()});
        }
        print(message, ": ");
        put_what_is_there(message, machine, error.va);
        return;
    case Refusal::no_table:
        print(message, error.va, " has no page table: ");
        put_what_is_there(message, machine, error.va);
        print(message, "; map ", error.va.page_base(), " makes one");
        return;
    case Refusal::large_page:
        print(message, error.va, " lies in a 4 MiB page: ");
        put_what_is_there(message, machine, error.va);
        print(message, "; name whole pages of 4 MiB, from ", error.va.aligned_down(paging::kLargePageSize));
        return;
    case Refusal::table_in_use:
        print(message, "PDE ", Decimal{error.va.directory_index()},
              " leads to a table that is in use; unmap what it maps, or put force before the command");
        return;
    case Refusal::no_pse:
        print(message, "4 MiB pages need CR4.PSE; cr4 pse on turns it on where the CPU has it");
        return;
    case Refusal::no_pge:
        print(message, "this CPU has no global pages (CR4.PGE)");
        return;
    case Refusal::no_frames:
        print(message, "not enough free frames: ", Decimal{error.value}, " are left");
        return;
    case Refusal::journal_full:
        print(message, "more changes than one command can journal; do it in smaller parts");
        return;
    case Refusal::guarded:
        print(message, error.reason, "; force does it all the same");
        return;
    case Refusal::not_ram:
        put_place(message, error);
        print(message, " is no RAM; RAM ends at ", machine.ram_end());
        return;
    case Refusal::not_allocated:
        put_place(message, error);
        print(message, " was not handed out by alloc");
        return;
    case Refusal::still_mapped:
        put_place(message, error);
        print(message, " is still mapped");
        if (error.pa) {
            print(message, "; find ", *error.pa, " says where");
        }
        return;
    case Refusal::nothing_to_undo:
        print(message, "nothing to undo: no command changed anything since");
        return;
    case Refusal::out_of_reach:
        print(message, "can't undo: the journal no longer holds all that the command changed");
        return;
    case Refusal::not_possible:
        print(message, "can't be tried at ", error.va, ": ", error.reason);
        return;
    case Refusal::no_space: {
        Text<12> number;
        print(number, Decimal{error.value});
        put_no_space(message, machine, number.view());
        return;
    }
    case Refusal::no_number:
        print(message, "all ", Decimal{machine::kMaxSpaces},
              " numbers of spaces are taken; space delete N frees one");
        return;
    case Refusal::space_in_use:
        print(message, "space ", Decimal{error.value},
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
            print(out_, separator(), Count{count, noun}, " ", done);
        }
    }
    void say(std::string_view text) { print(out_, separator(), text); }

private:
    std::string_view separator() {
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
    Message message;
    put_refusal(message, invocation.machine, error, page_size);
    return invocation.error(message.view());
}

Status no_space(Invocation& invocation, std::string_view token) {
    Message message;
    put_no_space(message, invocation.machine, token);
    return invocation.error(message.view());
}

void put_consequences(Output& out, const machine::ChangeReport& report) {
    List list(out);
    list.add(report.tables_made, "table", "made");
    list.add(report.tables_freed, "table", "freed");
    list.add(report.frames_taken, "frame", "taken");
    list.add(report.frames_freed, "frame", "freed");
    list.add(report.pages_flushed, "page", "flushed");
    if (report.all_flushed) {
        list.say("CR3 loaded again");
    }
    if (report.flush_left_out) {
        list.say("the flush was left out");
    } else if (!report.all_flushed && report.pages_flushed == 0) {
        list.say("nothing to flush");
    }
    print(out, "\n");
}

} // namespace pagelab::shell
