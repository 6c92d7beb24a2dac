// walk split window dumppd dumppt maps find check decode: questions about the tables.
#include "kernel/interface/layout.hpp"
#include "kernel/paging/aliases.hpp"
#include "kernel/paging/check_text.hpp"
#include "kernel/paging/checks.hpp"
#include "kernel/paging/region_text.hpp"
#include "kernel/paging/slot_text.hpp"
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/reader.hpp"

#include <algorithm>

namespace pagelab::shell::handlers {
namespace {

namespace layout = interface::layout;
using paging::kEntryCount;
using paging::Pde;

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

/// What `check` must know of this machine besides its tables.
struct LabFacts {
    Machine& machine;
    /// How the kernel reaches the tables of the directory in question: some of its own slots serve that.
    machine::Strategy strategy{};

    /// Below 1 MiB a PC's memory has holes that every kernel maps.
    [[nodiscard]] bool is_ram(PhysAddr frame) const {
        return frame < layout::kVgaHoleEnd || machine.is_ram(frame);
    }
    [[nodiscard]] bool is_free(PhysAddr frame) const {
        return machine.frame_record(frame).role() == interface::FrameRole::free;
    }
    /// The direct map, the scratch pages, which show tables while these are read, and what the strategy has.
    [[nodiscard]] bool is_own(paging::VirtAddr page) const {
        using machine::Strategy;
        const std::uint32_t slot = page.directory_index();
        switch (slot) {
        case layout::kDirectMap.directory_index():
        case layout::kScratch.directory_index():
            return true;
        case layout::kArenaSlot:
            return strategy == Strategy::table || strategy == Strategy::upper_half;
        default:
            return strategy == Strategy::direct && slot >= layout::kFirstDirectSlot &&
                   slot < layout::kFirstDirectSlot + layout::kDirectSlots;
        }
    }
    [[nodiscard]] bool is_window(std::uint32_t slot) const { return slot == layout::kForeignSlot; }
};

/// The strategy of the space with this directory; recursive if it is no space's.
machine::Strategy strategy_of(Machine& machine, PhysAddr directory) {
    for (std::uint32_t number = 0; number < machine::kMaxSpaces; ++number) {
        const auto info = machine.space_info(number);
        if (info && info->directory == directory) {
            return info->strategy;
        }
    }
    return machine::Strategy::recursive;
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

Status walk(Invocation& invocation) {
    const auto va = parse_virtual(invocation.args[0], invocation.machine);
    if (!va) {
        return invocation.error(va.error());
    }
    const paging::Walk result = walk_now(invocation.machine, *va);
    if (invocation.flags.json) {
        write_json(invocation.out, result);
        say(invocation.out, "\n");
    } else {
        write_text(invocation.out, result);
    }
    return Status::ok;
}

Status split(Invocation& invocation) {
    const auto va = parse_virtual(invocation.args[0], invocation.machine);
    if (!va) {
        return invocation.error(va.error());
    }
    if (invocation.flags.json) {
        paging::write_split_json(invocation.out, *va);
        say(invocation.out, "\n");
    } else {
        paging::write_split_text(invocation.out, *va);
    }
    return Status::ok;
}

Status window(Invocation& invocation) {
    const auto va = parse_virtual(invocation.args[0], invocation.machine);
    if (!va) {
        return invocation.error(va.error());
    }
    const auto slot = self_map_now(invocation.machine);
    if (!slot) {
        return invocation.fail("no slot maps the directory onto itself: entries have no virtual address");
    }
    if (invocation.flags.json) {
        paging::write_window_json(invocation.out, *slot, *va);
        say(invocation.out, "\n");
    } else {
        paging::write_window_text(invocation.out, *slot, *va);
    }
    return Status::ok;
}

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

Status maps(Invocation& invocation) {
    paging::RegionQuery query{.writable = invocation.flags.writable,
                              .user = invocation.flags.user,
                              .executable = invocation.flags.executable,
                              .accessed_dirty = invocation.flags.accessed_dirty,
                              .by_slot = invocation.flags.tree};
    if (invocation.flags.tree && invocation.flags.json) {
        return invocation.fail("--tree draws and --json lists; leave one of them out");
    }
    if (invocation.args.count != 0) {
        const auto range = parse_range(invocation.args[0], invocation.machine);
        if (!range) {
            return invocation.error(range.error());
        }
        query.range = *range;
    }
    if (!invocation.flags.phys.empty()) {
        const auto range = parse_physical_range(invocation.flags.phys);
        if (!range) {
            return invocation.error(range.error());
        }
        query.phys = *range;
    }
    Reader read(invocation);
    const paging::PagingContext context = invocation.machine.context();
    paging::RegionLines lines(invocation.out, read, context, query);
    paging::for_each_region(read, context, query, [&](const paging::Region& region) {
        if (invocation.flags.json) {
            write_json(invocation.out, region);
            say(invocation.out, "\n");
        } else {
            lines.add(region);
        }
        return !invocation.poll();
    });
    if (!invocation.flags.json) {
        lines.finish();
    }
    return Status::ok;
}

Status find(Invocation& invocation) {
    const auto pa = parse_physical(invocation.args[0], true);
    if (!pa) {
        return invocation.error(pa.error());
    }
    Reader read(invocation);
    std::uint32_t uses = 0;
    paging::for_each_alias(read, invocation.machine.context(), *pa, [&](const paging::Alias& alias) {
        ++uses;
        if (invocation.flags.json) {
            write_json(invocation.out, alias);
        } else {
            put_alias(invocation.out, alias);
        }
        say(invocation.out, "\n");
        (void)invocation.poll();
    });
    if (!invocation.flags.json) {
        say(invocation.out, "{} of {}\n", Count{uses, "use"}, *pa);
    }
    return Status::ok;
}

Status check(Invocation& invocation) {
    paging::PagingContext context = invocation.machine.context();
    if (!invocation.flags.cr3.empty()) {
        const auto pa = parse_physical(invocation.flags.cr3, true);
        if (!pa) {
            return invocation.error(pa.error());
        }
        if (!pa->is_aligned(paging::kPageSize) || pa->raw() >= paging::kAddressSpaceEnd) {
            return invocation.fail("{} is no page directory; did you mean {}?", *pa,
                                   PhysAddr{pa->frame_base().raw() & 0xffffffffu});
        }
        context.control.cr3 = static_cast<std::uint32_t>(pa->raw());
    }
    const LabFacts facts{invocation.machine, strategy_of(invocation.machine, context.control.directory())};
    Reader read(invocation);
    std::uint32_t counts[3] = {};
    const auto tell = [&](const paging::Finding& finding) {
        if (invocation.poll()) {
            return;
        }
        ++counts[static_cast<std::size_t>(paging::rule_info(finding.rule).severity)];
        if (invocation.flags.json) {
            write_json(invocation.out, finding);
        } else {
            put_finding(invocation.out, finding);
        }
        say(invocation.out, "\n");
    };
    paging::for_each_finding(read, context, facts, invocation.workspace, tell);
    if (!invocation.flags.json) {
        say(invocation.out, "{}, {}, {}\n", Count{counts[0], "error"}, Count{counts[1], "warning"},
            Count{counts[2], "note"});
    }
    return counts[0] == 0 ? Status::ok : Status::error;
}

Status decode(Invocation& invocation) {
    const bool named = invocation.args.count == 2;
    const bool directory = named && is(invocation.args[0], "pde");
    if (named && !directory && !is(invocation.args[0], "pte")) {
        return invocation.fail("'{}' is no level; did you mean pte?", invocation.args[0]);
    }
    const auto value = parse_value(invocation.args[named ? 1 : 0]);
    if (!value) {
        return invocation.error(value.error());
    }
    const paging::PagingContext context = invocation.machine.context();
    paging::Slot slot =
        directory ? paging::make_pde_slot(0, *value, context) : paging::make_pte_slot(0, 0, *value);
    if (invocation.flags.json) {
        paging::write_entry_json(invocation.out, slot);
        say(invocation.out, "\n");
    } else {
        paging::write_entry_text(invocation.out, slot);
    }
    return Status::ok;
}

} // namespace pagelab::shell::handlers
