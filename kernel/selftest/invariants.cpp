#include "kernel/selftest/invariants.hpp"

#include "kernel/interface/layout.hpp"
#include "kernel/paging/self_map.hpp"

namespace pagelab::selftest {
namespace {

namespace layout = interface::layout;
using interface::FrameRole;
using machine::Machine;
using machine::Strategy;
using paging::EntryKind;
using paging::kEntryCount;
using paging::Pde;
using paging::PhysAddr;
using paging::Pte;
using Verdict = std::optional<Failure>;

std::uint32_t entry(Machine& machine, PhysAddr table, std::uint32_t index) {
    return machine.read_word(table.plus(paging::entry_offset(index))).value_or(0);
}
PhysAddr frame_at(std::uint64_t number) {
    return PhysAddr{number * paging::kPageSize};
}
FrameRole role_of(const Machine& machine, PhysAddr frame) {
    return machine.frame_record(frame).role();
}
bool is_counted(FrameRole role) {
    return role == FrameRole::data || role == FrameRole::table;
}

/// The three tables of boot, which every directory shares and no reference counts.
bool is_fixed(Machine& machine, PhysAddr table) {
    // The current directory has them as every other.
    const PhysAddr directory = machine.context().control.directory();
    for (std::uint32_t pdi = layout::kFirstKernelSlot; pdi < layout::kArenaSlot; ++pdi) {
        if (Pde{entry(machine, directory, pdi)}.table() == table) {
            return true;
        }
    }
    return false;
}

template <class F>
Verdict for_each_space(Machine& machine, F&& check) {
    for (std::uint32_t number = 0; number < machine::kMaxSpaces; ++number) {
        if (const auto info = machine.space_info(number)) {
            if (const Verdict verdict = check(*info)) {
                return verdict;
            }
        }
    }
    return {};
}

template <class F>
void for_each_frame(Machine& machine, F&& visit) {
    const std::uint64_t end = machine.ram_end().frame();
    for (std::uint64_t number = 0; number < end; ++number) {
        if (number % kEntryCount == 0 && machine.poll()) {
            return;
        }
        visit(frame_at(number));
    }
}

/// As many frames of each role as the counters say.
Verdict roles(Machine& machine) {
    std::uint32_t data = 0, tables = 0, directories = 0;
    for_each_frame(machine, [&](PhysAddr frame) {
        const FrameRole role = role_of(machine, frame);
        data += role == FrameRole::data ? 1 : 0;
        tables += role == FrameRole::table ? 1 : 0;
        directories += role == FrameRole::directory ? 1 : 0;
    });
    const machine::FrameCounts counts = machine.frames();
    if (data != counts.data || tables != counts.table || directories != counts.directory) {
        return Failure{"the frames' records and their counters disagree", {}};
    }
    const std::uint32_t sum =
        counts.free + counts.kernel + counts.directory + counts.table + counts.data + counts.reserved;
    return sum == counts.total ? Verdict{} : Failure{"the counts of the roles are not the total", {}};
}

/// Two sums over references, taken from the records and from the entries: how many there are, and their
/// frames' numbers. No single mistake keeps both.
struct Sums {
    std::uint32_t count = 0, frames = 0;
    void add(PhysAddr frame, std::uint32_t references) {
        count += references;
        frames += static_cast<std::uint32_t>(frame.frame()) * references;
    }
    bool operator==(const Sums&) const = default;
};

void add_reference(Machine& machine, Sums& sums, PhysAddr frame) {
    if (is_counted(role_of(machine, frame)) && !is_fixed(machine, frame)) {
        sums.add(frame, 1);
    }
}

void add_directory(Machine& machine, Sums& sums, PhysAddr directory) {
    const paging::PagingContext context = machine.context();
    for (std::uint32_t pdi = 0; pdi < kEntryCount; ++pdi) {
        const Pde pde{entry(machine, directory, pdi)};
        if (pde.kind(context) == EntryKind::table) {
            add_reference(machine, sums, pde.table());
        } else if (pde.kind(context) == EntryKind::page) {
            for (std::uint32_t i = 0; i < kEntryCount; ++i) {
                add_reference(machine, sums, frame_at(pde.large_frame(context).frame() + i));
            }
        }
    }
}

/// Entries count in directories and in tables that the kernel made, also in those that nothing leads to; not
/// in a page of data that the user made a table.
Verdict references(Machine& machine) {
    Sums recorded, found;
    for_each_frame(machine, [&](PhysAddr frame) {
        const FrameRole role = role_of(machine, frame);
        if (role == FrameRole::directory) {
            add_directory(machine, found, frame);
        }
        if (!is_counted(role) || is_fixed(machine, frame)) {
            return;
        }
        recorded.add(frame, machine.frame_record(frame).references());
        for (std::uint32_t pti = 0; role == FrameRole::table && pti < kEntryCount; ++pti) {
            const Pte pte{entry(machine, frame, pti)};
            if (pte.present()) {
                add_reference(machine, found, pte.frame());
            }
        }
    });
    return recorded == found ? Verdict{} : Failure{"entries and counted references disagree", {}};
}

/// No entry of any space leads to a frame that is free.
Verdict free_frames(Machine& machine) {
    const paging::PagingContext context = machine.context();
    return for_each_space(machine, [&](const machine::SpaceInfo& space) -> Verdict {
        for (std::uint32_t pdi = 0; pdi < layout::kFirstKernelSlot && !machine.poll(); ++pdi) {
            const Pde pde{entry(machine, space.directory, pdi)};
            if (pde.kind(context) != EntryKind::table) {
                continue;
            }
            const FrameRole role = role_of(machine, pde.table());
            if (role == FrameRole::free) {
                return Failure{"a directory leads to a free frame", pde.table()};
            }
            // A page of data that the user made a table holds what it holds: `check` tells of that. The
            // tables of boot show frames that are free as well.
            const bool counts = role == FrameRole::table && !is_fixed(machine, pde.table());
            for (std::uint32_t pti = 0; counts && pti < kEntryCount; ++pti) {
                const Pte pte{entry(machine, pde.table(), pti)};
                if (pte.present() && role_of(machine, pte.frame()) == FrameRole::free) {
                    return Failure{"a table leads to a free frame", pte.frame()};
                }
            }
        }
        return {};
    });
}

/// Free frames are a list, each but the first the next of one other. So the sum of all but that of all that
/// are a next is the first; and the same with squares.
Verdict pool(Machine& machine) {
    std::uint32_t first = 0, square = 0;
    for_each_frame(machine, [&](PhysAddr frame) {
        const interface::FrameRecord record = machine.frame_record(frame);
        const auto number = static_cast<std::uint32_t>(frame.frame());
        if (record.role() != FrameRole::free || number >= machine.lab_page().frame_records_count) {
            return;
        }
        first += number;
        square += number * number;
        if (const std::uint32_t next = record.next_free(); next != interface::FrameRecord::kNoFrame) {
            first -= next;
            square -= next * next;
        }
    });
    return square == first * first ? Verdict{} : Failure{"a free frame is listed twice or not at all", {}};
}

/// Every directory shares the kernel's slots, and a recursive one leads to itself.
Verdict directories(Machine& machine) {
    constexpr std::uint32_t kAccessedDirty = paging::bits::kAccessed | paging::bits::kDirty;
    const PhysAddr first = machine.space_info(0)->directory;
    return for_each_space(machine, [&](const machine::SpaceInfo& space) -> Verdict {
        for (std::uint32_t pdi = layout::kFirstKernelSlot; pdi < layout::kArenaSlot; ++pdi) {
            const std::uint32_t ours = entry(machine, space.directory, pdi);
            if (((ours ^ entry(machine, first, pdi)) & ~kAccessedDirty) != 0) {
                return Failure{"a directory has not the kernel's slots", space.directory};
            }
        }
        const Pde self{entry(machine, space.directory, layout::kSelfMapSlot)};
        if (space.strategy == Strategy::recursive && (!self.present() || self.table() != space.directory)) {
            return Failure{"slot 1023 does not lead to its own directory", space.directory};
        }
        return {};
    });
}

/// The PTE through which a strategy shows the table of a slot; 0 where it shows none.
std::uint32_t shown_by(Machine& machine, const machine::SpaceInfo& space, std::uint32_t pdi, PhysAddr table) {
    const bool direct = space.strategy == Strategy::direct;
    const auto far = static_cast<std::uint32_t>(table.raw() >> 22);
    const Pde own{
        entry(machine, space.directory, direct ? layout::kFirstDirectSlot + far : layout::kArenaSlot)};
    const std::uint32_t index =
        direct ? static_cast<std::uint32_t>(table.frame()) % kEntryCount : layout::kArenaTables + pdi;
    return own.present() ? entry(machine, own.table(), index) : 0;
}

/// What a strategy keeps beside the directory leads to the directory's tables.
Verdict strategies(Machine& machine) {
    const paging::PagingContext context = machine.context();
    return for_each_space(machine, [&](const machine::SpaceInfo& space) -> Verdict {
        const bool half = space.strategy == Strategy::upper_half;
        if (space.strategy == Strategy::recursive || space.strategy == Strategy::window) {
            return {};
        }
        const std::uint32_t slots = half ? layout::kUpperHalfSlot : layout::kFirstKernelSlot;
        for (std::uint32_t pdi = 0; pdi < slots && !machine.poll(); ++pdi) {
            const Pde pde{entry(machine, space.directory, pdi)};
            // The direct strategy has pages for RAM, and not for all that 32-bit entries reach.
            const bool reached =
                space.strategy != Strategy::direct ||
                (pde.table() < machine.ram_end() && (pde.table().raw() >> 22) < layout::kDirectSlots);
            if (pde.kind(context) != EntryKind::table || !reached) {
                continue;
            }
            if (Pte{shown_by(machine, space, pdi, pde.table())}.frame() != pde.table()) {
                return Failure{"a strategy shows another frame than a slot's table", pde.table()};
            }
        }
        return {};
    });
}

constexpr Case kInvariants[] = {
    {"frame roles add up", roles},
    {"references equal entries", references},
    {"no entry leads to a free frame", free_frames},
    {"the pool lists each free frame once", pool},
    {"directories share the kernel's slots", directories},
    {"strategies are in step with their directories", strategies},
};

} // namespace

std::span<const Case> invariants() {
    return kInvariants;
}

} // namespace pagelab::selftest
