#include "serial-console/src/guest/tables.hpp"

#include <algorithm>
#include <memory>
#include <vector>

namespace pagelab::console::guest {

using model::Snapshot;
using model::TableWords;
using paging::EntryKind;
using paging::Pde;

namespace {

/// Takes over the frame's page of `before` where memory still holds the same, else a copy of the frame.
void take_frame(const Memory& memory, const Snapshot* before, paging::PhysAddr frame, Snapshot& into) {
    if (into.tables.contains(frame)) {
        return;
    }
    if (const model::SharedTable known = before != nullptr ? before->tables.page(frame) : nullptr;
        known != nullptr && memory.holds(frame, known->words)) {
        into.tables.share(frame, known);
        return;
    }
    auto page = std::make_shared_for_overwrite<model::TablePage>();
    if (memory.copy_frame(frame, page->words)) {
        into.tables.share(frame, std::move(page));
    }
}

} // namespace

void copy_tables(const Memory& memory, Snapshot& snapshot, const Snapshot* before) {
    const paging::PagingContext& context = snapshot.lab.context;
    const paging::PhysAddr place = context.control.directory();
    if (!context.control.paging()) {
        return;
    }
    take_frame(memory, before, place, snapshot);
    const TableWords* const directory = snapshot.tables.find(place);
    if (directory == nullptr) {
        return;
    }
    std::vector<paging::PhysAddr> tables;
    for (const std::uint32_t raw : *directory) {
        if (Pde{raw}.kind(context) == EntryKind::table) {
            tables.push_back(Pde{raw}.table());
        }
    }
    std::ranges::sort(tables);
    snapshot.tables.reserve(tables.size() + 1);
    for (const paging::PhysAddr table : tables) {
        take_frame(memory, before, table, snapshot);
    }
}

bool same_tables(const model::Snapshot& one, const model::Snapshot& other) {
    const paging::PagingContext& context = one.lab.context;
    const auto same = [&](paging::PhysAddr frame) {
        const TableWords* const a = one.tables.find(frame);
        const TableWords* const b = other.tables.find(frame);
        return (a == nullptr || b == nullptr) ? a == b : *a == *b;
    };
    if (context != other.lab.context || !same(context.control.directory())) {
        return false;
    }
    const TableWords* const directory = one.tables.find(context.control.directory());
    return directory == nullptr || std::ranges::all_of(*directory, [&](std::uint32_t raw) {
               const Pde pde{raw};
               return pde.kind(context) != paging::EntryKind::table || same(pde.table());
           });
}

} // namespace pagelab::console::guest
