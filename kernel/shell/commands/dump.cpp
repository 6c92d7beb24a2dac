// dumppd dumppt: what stands in a directory and in a table.
#include "kernel/interface/layout.hpp"
#include "kernel/paging/slot_text.hpp"
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/reader.hpp"

#include <algorithm>

namespace pagelab::shell::handlers {
namespace {

namespace layout = interface::layout;
using paging::kEntryCount;

std::uint32_t read_pde(Reader& read, const paging::PagingContext& context, std::uint32_t pdi) {
    return read(context.control.directory().plus(paging::entry_offset(pdi))).value_or(0);
}

void put_slot_line(Invocation& invocation, const paging::Slot& slot) {
    if (invocation.flags.json) {
        write_json(invocation.out, slot);
    } else {
        put_slot(invocation.out, slot);
    }
    say(invocation.out, "\n");
}

/// In an upper-half space the directory's second half holds the virtual addresses of the tables that its
/// first half leads to, but where the kernel's own PDEs stand.
constexpr std::uint32_t kFirstWord = layout::kUpperHalfSlot;

bool keeps_words(Machine& machine) {
    const auto info = machine.space_info(machine.space_in_work());
    return info && info->strategy == machine::Strategy::upper_half;
}

/// Such a word: a page-aligned address is not present to the CPU.
bool put_word_line(Output& out, const paging::Slot& slot) {
    if (slot.index < kFirstWord || slot.kind != paging::EntryKind::not_present ||
        slot.raw % paging::kPageSize != 0) {
        return false;
    }
    paging::put_slot_head(out, slot);
    say(out, "the table of slot {} is at {}\n", Decimal{slot.index - kFirstWord}, VirtAddr{slot.raw});
    return true;
}

/// The words whose places, from `first` to `last`, the kernel's PDEs take.
void put_displaced(Invocation& invocation, std::uint32_t first, std::uint32_t last) {
    for (std::uint32_t pdi = std::max(first, kFirstWord); pdi <= last; ++pdi) {
        if (const auto word = invocation.machine.displaced_word(pdi - kFirstWord)) {
            say(invocation.out,
                "displaced: slot {}'s word {} is kept beside the directory, PDE {} stands there\n",
                Decimal{pdi - kFirstWord}, *word, Decimal{pdi});
        }
    }
}

void put_in_use(Invocation& invocation, std::uint32_t used, std::uint32_t all, const char* noun) {
    if (!invocation.flags.json) {
        say(invocation.out, "{} of {} {} in use\n", Decimal{used}, Decimal{all}, noun);
    }
}

/// The page directory that `dumppt` is asked for: a decimal number below 1024, else the PDI of an address.
Parsed<std::uint32_t> parse_table(std::string_view token, const Machine& machine) {
    if (const auto pdi = read_decimal(token, kEntryCount - 1)) {
        return *pdi;
    }
    const auto va = parse_virtual(token, machine);
    if (!va) {
        return std::unexpected{va.error()};
    }
    return va->directory_index();
}

} // namespace

Status dumppd(Invocation& invocation) {
    std::uint32_t bounds[2] = {0, kEntryCount - 1};
    for (std::size_t i = 0; i < invocation.args.count; ++i) {
        const auto index = parse_directory_index(invocation.args[i]);
        if (!index) {
            return invocation.error(index.error());
        }
        bounds[i] = *index;
    }
    if (invocation.args.count == 1) {
        bounds[1] = bounds[0];
    }
    if (bounds[1] < bounds[0]) {
        return invocation.fail("LAST comes before FIRST; did you mean dumppd {} {}?", Decimal{bounds[1]},
                               Decimal{bounds[0]});
    }
    const bool words = !invocation.flags.json && keeps_words(invocation.machine);
    Reader read(invocation);
    const paging::PagingContext context = invocation.machine.context();
    std::uint32_t used = 0;
    for (std::uint32_t pdi = bounds[0]; pdi <= bounds[1]; ++pdi) {
        const paging::Slot slot = paging::make_pde_slot(pdi, read_pde(read, context, pdi), context);
        if (slot.holds_something()) {
            ++used;
            if (!words || !put_word_line(invocation.out, slot)) {
                put_slot_line(invocation, slot);
            }
        }
    }
    if (words) {
        put_displaced(invocation, bounds[0], bounds[1]);
    }
    put_in_use(invocation, used, bounds[1] - bounds[0] + 1, "slots");
    return Status::ok;
}

Status dumppt(Invocation& invocation) {
    const auto pdi = parse_table(invocation.args[0], invocation.machine);
    if (!pdi) {
        return invocation.error(pdi.error());
    }
    Reader read(invocation);
    const paging::PagingContext context = invocation.machine.context();
    const paging::Slot slot = paging::make_pde_slot(*pdi, read_pde(read, context, *pdi), context);
    if (slot.kind != paging::EntryKind::table) {
        Line& line = begin_problem();
        say(line, "PDE {} leads to no page table: ", Decimal{*pdi});
        paging::put_target<Output>(line, slot.kind, slot.target);
        return invocation.error(Problem{});
    }
    std::uint32_t used = 0;
    for (std::uint32_t pti = 0; pti < kEntryCount; ++pti) {
        const auto raw = read(slot.target.plus(paging::entry_offset(pti)));
        const paging::Slot entry = paging::make_pte_slot(*pdi, pti, raw.value_or(0));
        if (entry.holds_something()) {
            ++used;
            put_slot_line(invocation, entry);
        }
    }
    put_in_use(invocation, used, kEntryCount, "entries");
    return Status::ok;
}

} // namespace pagelab::shell::handlers
