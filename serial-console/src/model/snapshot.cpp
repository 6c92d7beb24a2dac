#include "serial-console/src/model/snapshot.hpp"

#include "kernel/interface/layout.hpp"

#include <algorithm>

namespace pagelab::console::model {
namespace {

using paging::EntryKind;
using paging::Pde;

constexpr std::uint32_t kSetByCpu = paging::bits::kAccessed | paging::bits::kDirty;

Slot summarise_slot(const Snapshot& snapshot, std::uint32_t index, std::uint32_t raw) {
    Slot slot{.raw = raw};
    const Pde pde{raw};
    const paging::PagingContext& context = snapshot.lab.context;
    const bool kernel = snapshot.lab.pagelab && index >= interface::layout::kFirstKernelSlot;
    switch (pde.kind(context)) {
    case EntryKind::not_present:
        slot.kind = raw == 0 ? SlotKind::empty : SlotKind::value;
        break;
    case EntryKind::page:
        slot.kind = kernel ? SlotKind::kernel : SlotKind::page;
        slot.user = pde.user();
        slot.writable = pde.writable();
        break;
    case EntryKind::reserved:
        slot.kind = SlotKind::reserved;
        break;
    case EntryKind::unreadable:
        slot.kind = SlotKind::unreadable;
        break;
    case EntryKind::table: {
        slot.table = snapshot.tables.page(pde.table()).get();
        if (slot.table == nullptr) {
            slot.kind = SlotKind::unreadable;
            break;
        }
        const TableDigest& held = slot.table->digest;
        slot.present = held.present;
        slot.user = pde.user() && held.user != 0;
        // An empty table forbids nothing yet.
        slot.writable = pde.writable() && (held.writable != 0 || held.present == 0);
        const bool window = kernel && index == interface::layout::kForeignSlot;
        slot.kind = paging::is_self_map(pde, context) ? SlotKind::self_map
                    : window                          ? SlotKind::foreign
                    : kernel                          ? SlotKind::kernel
                                                      : SlotKind::table;
        break;
    }
    }
    return slot;
}

bool differ(std::uint32_t before, std::uint32_t after, bool with_large) {
    std::uint32_t ignored = kSetByCpu;
    // In the PDE of a table bit 6 is free for software; there it is a change like any other.
    if (!with_large) {
        ignored = paging::bits::kAccessed;
    }
    return ((before ^ after) & ~ignored) != 0;
}

bool tables_differ(const TablePage* before, const TablePage* after) {
    if (before == after) {
        return false;
    }
    if (before == nullptr || after == nullptr) {
        return true;
    }
    return !std::ranges::equal(before->words, after->words,
                               [](std::uint32_t a, std::uint32_t b) { return ((a ^ b) & ~kSetByCpu) == 0; });
}

} // namespace

void summarise(Snapshot& snapshot) {
    snapshot.slots = {};
    snapshot.self_map.reset();
    snapshot.tables.digest_all();
    const TableWords* directory = snapshot.tables.find(snapshot.lab.context.control.directory());
    if (!snapshot.lab.context.control.paging() || directory == nullptr) {
        return;
    }
    snapshot.self_map = paging::find_self_map(snapshot.tables, snapshot.lab.context);
    for (std::uint32_t i = 0; i < paging::kEntryCount; ++i) {
        snapshot.slots[i] = summarise_slot(snapshot, i, (*directory)[i]);
    }
}

Slot entry_at(const Snapshot& snapshot, std::uint32_t pdi, std::uint32_t pti) {
    const Slot& slot = snapshot.slots[pdi];
    if (slot.table == nullptr) {
        return {};
    }
    const Pde pde{slot.raw};
    const paging::Pte pte{slot.table->words[pti]};
    return {.kind = pte.present()    ? SlotKind::page
                    : pte.raw() == 0 ? SlotKind::empty
                                     : SlotKind::value,
            .raw = pte.raw(),
            .user = pde.user() && pte.user(),
            .writable = pde.writable() && pte.writable()};
}

std::bitset<paging::kEntryCount> changed_entries(const Snapshot& before, const Snapshot& after,
                                                 std::uint32_t pdi) {
    std::bitset<paging::kEntryCount> result;
    const TablePage* const then = before.slots[pdi].table;
    const TablePage* const now = after.slots[pdi].table;
    if (now == nullptr || now == then) {
        return result;
    }
    for (std::size_t i = 0; i < paging::kEntryCount; ++i) {
        const std::uint32_t old = then == nullptr ? 0 : then->words[i];
        result[i] = ((old ^ now->words[i]) & ~kSetByCpu) != 0;
    }
    return result;
}

std::bitset<paging::kEntryCount> changed_slots(const Snapshot& before, const Snapshot& after) {
    std::bitset<paging::kEntryCount> result;
    for (std::uint32_t i = 0; i < paging::kEntryCount; ++i) {
        const Slot& a = before.slots[i];
        const Slot& b = after.slots[i];
        const bool large = Pde{b.raw}.large(after.lab.context);
        bool changed = a.kind != b.kind || differ(a.raw, b.raw, large);
        // The self-map shows what the other slots show: it changes with its PDE only.
        if (!changed && b.kind != SlotKind::self_map) {
            changed = tables_differ(a.table, b.table);
        }
        result[i] = changed;
    }
    return result;
}

std::optional<paging::VirtAddr> first_change(const Snapshot& before, const Snapshot& after) {
    const auto changed = changed_slots(before, after);
    for (std::uint32_t pdi = 0; pdi < interface::layout::kFirstKernelSlot; ++pdi) {
        if (!changed[pdi]) {
            continue;
        }
        const TablePage* now = after.slots[pdi].table;
        const TablePage* then = before.slots[pdi].table;
        for (std::uint32_t pti = 0; now != nullptr && pti < paging::kEntryCount; ++pti) {
            const std::uint32_t old_raw = then == nullptr ? 0 : then->words[pti];
            if (((now->words[pti] ^ old_raw) & ~kSetByCpu) != 0) {
                return paging::VirtAddr::from_indices(pdi, pti);
            }
        }
        return paging::VirtAddr::from_indices(pdi, 0);
    }
    return std::nullopt;
}

} // namespace pagelab::console::model
