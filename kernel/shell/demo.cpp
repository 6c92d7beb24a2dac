#include "kernel/shell/demo.hpp"

#include "kernel/interface/layout.hpp"
#include "kernel/shell/journal_since.hpp"
#include "kernel/shell/reader.hpp"

namespace pagelab::shell {
namespace {

using interface::Status;

// A TLB with few ways, and QEMU's more so, takes an entry's place from the low bits of the page's number.
// These pages, and the window pages of these slots, have places of their own beside those of the kernel's
// pages, so that a stale entry stays for as long as the script needs it.
constexpr std::uint32_t kFirstPage = 360;
constexpr std::uint32_t kFirstSlot = 352;
/// What the scripts take at most, but for the one of the 4 MiB page, whose `map` says it if there is no room.
constexpr std::uint32_t kFrames = 8;

/// Empties the TLB: what the user left in it on purpose would change what the script shows. And makes QEMU's
/// larger, which doubles at a flush if most of it was used, up to a size at which the pages of a script and
/// those of the kernel do not drive each other out.
void settle_tlb(Machine& machine) {
    constexpr std::uint32_t kPages = 160; // of the direct map, below the VGA hole
    for (std::uint32_t i = 0; i < 3 * kPages; ++i) {
        const VirtAddr va{interface::layout::kDirectMap.raw() + i % kPages * paging::kPageSize};
        static_cast<void>(machine.touch(va, {}));
        if (i % kPages == kPages - 1) {
            machine.flush_all(true);
        }
    }
}

/// Of the space that was made last.
std::uint32_t last_space(const interface::JournalRing& ring) {
    for (std::uint32_t back = 1; back < interface::kJournalCapacity; ++back) {
        const auto& record = ring.records[(ring.next_sequence - back) % interface::kJournalCapacity];
        if (record.kind == interface::JournalKind::space_new) {
            return record.address;
        }
    }
    return 0;
}

} // namespace

const char* Demonstration::start(Machine& machine, const Demo& demo) {
    const paging::PagingContext context = machine.context();
    const PhysAddr self_map =
        context.control.directory().plus(paging::entry_offset(interface::layout::kSelfMapSlot));
    if (!paging::is_self_map(paging::Pde{machine.read_word(self_map).value_or(0)}, context)) {
        return "a demo needs the self-map in slot 1023, as space 0 has it; did you mean space use 0?";
    }
    if (!find_slots(machine)) {
        return "a demo needs two free directory slots below 768: unmap something, then free tables";
    }
    if (machine.frames().free < kFrames) {
        return "a demo needs 8 free frames: unmap something";
    }
    settle_tlb(machine);
    since_ = machine.journal().next_sequence;
    left_ = demo.script.text();
    expected_ = Status::ok;
    frames_ = {};
    tables_ = {};
    return nullptr;
}

/// Two directory words that are 0: from slot 128 on first, low addresses last, never slot 0.
bool Demonstration::find_slots(Machine& machine) {
    constexpr std::uint32_t kSlots = interface::layout::kFirstKernelSlot;
    const PhysAddr directory = machine.context().control.directory();
    std::uint32_t found = 0;
    for (std::uint32_t i = 0; i < kSlots && found < slots_.size(); ++i) {
        const std::uint32_t slot = (kFirstSlot + i) % kSlots;
        if (slot != 0 && machine.read_word(directory.plus(paging::entry_offset(slot))) == 0u) {
            slots_[found++] = slot;
        }
    }
    return found == slots_.size();
}

VirtAddr Demonstration::page(std::uint32_t number) const {
    return VirtAddr::from_indices(slots_[number / kPagesOfSlot], kFirstPage + number % kPagesOfSlot);
}

void Demonstration::look(Machine& machine) {
    for (std::uint32_t i = 0; i < frames_.size(); ++i) {
        const paging::Walk walk = walk_now(machine, page(i));
        if (walk.has_page()) {
            frames_[i] = *walk.pa;
        }
        if (walk.step_count == 2) {
            tables_[i / kPagesOfSlot] = walk.steps[1].entry_pa.frame_base();
        }
    }
}

bool Demonstration::next(Machine& machine, Output& out) {
    look(machine);
    while (*left_ != '\0') {
        std::string_view line{left_};
        line = line.substr(0, line.find('\n'));
        left_ += line.size() + 1;
        switch (line[0]) {
        case '>':
            expected_ = Status::ok;
            break;
        case '!':
            expected_ = Status::error;
            break;
        case '#':
            expected_ = Status::fault;
            break;
        default:
            expand(machine, out, line);
            print(out, "\n");
            continue;
        }
        command_.clear();
        expand(machine, command_, line.substr(1));
        return true;
    }
    return false;
}

bool Demonstration::end(Machine& machine) {
    left_ = nullptr;
    const JournalSince since(machine.journal(), since_);
    bool done = since.complete();
    for (std::uint32_t left = since.commands(); done && left > 0; --left) {
        done = machine.undo().has_value();
    }
    machine.flush_all(true);
    return done;
}

void Demonstration::expand(Machine& machine, Output& out, std::string_view line) const {
    for (;;) {
        const std::size_t gap = line.find_first_of("%$");
        out.put(line.substr(0, gap));
        if (gap == std::string_view::npos) {
            return;
        }
        line[gap] == '%' ? put_virtual(machine, out, line[gap + 1])
                         : put_physical(machine, out, line[gap + 1]);
        line.remove_prefix(gap + 2);
    }
}

void Demonstration::put_virtual(Machine& machine, Output& out, char what) const {
    const auto [a, b] = slots_;
    const std::uint32_t base = page(0).raw();
    switch (what) {
    case 'A':
        return print(out, Decimal{a});
    case 'B':
        return print(out, Decimal{b});
    case 'S':
        return print(out, Decimal{last_space(machine.journal())});
    case 'o':
        return print(out, Hex{a * paging::kEntrySize, 3});
    case 'w':
        return print(out, paging::pte_window(interface::layout::kSelfMapSlot, page(0)));
    case 'W':
        return print(out, paging::pte_window(b, page(0)));
    case 'e':
        return print(out, VirtAddr{base + (kFirstPage + 1) * paging::kEntrySize});
    case 'c':
        return print(out, VirtAddr{base + paging::kPageSize - paging::kEntrySize});
    default:
        return print(out, page(static_cast<std::uint32_t>(what - '0')));
    }
}

void Demonstration::put_physical(Machine& machine, Output& out, char what) const {
    switch (what) {
    case 'A':
    case 'B':
        return print(out, tables_[what == 'A' ? 0 : 1]);
    case 'D':
        return print(out, machine.context().control.directory());
    case 't':
        return print(out, PhysAddr{VirtAddr::from_indices(interface::layout::kSelfMapSlot, slots_[0]).raw()});
    default:
        return print(out, frames_[static_cast<std::size_t>(what - '0')]);
    }
}

} // namespace pagelab::shell
