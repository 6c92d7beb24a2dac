// One entry by itself: a slot of a directory or table (dumppd, dumppt) and a bare value (decode).
// For shell and console; docs/formats.md is the contract.
#pragma once

#include "kernel/paging/walk_text.hpp"

namespace pagelab::paging {

/// A slot with what stands in it. `table` is the PDI whose table holds it, for a PTE.
struct Slot {
    Level level{};
    std::uint16_t index = 0;
    std::uint16_t table = 0;
    std::uint32_t raw = 0;
    EntryKind kind{};
    bool self_map = false;
    FlagSet flags;
    PhysAddr target; // for table and page

    /// The first address that it translates.
    [[nodiscard]] constexpr VirtAddr va() const {
        return level == Level::pde ? VirtAddr::from_indices(index, 0) : VirtAddr::from_indices(table, index);
    }
    /// Slots worth a line: present, or with a value that means something to somebody.
    [[nodiscard]] constexpr bool holds_something() const { return raw != 0; }
    [[nodiscard]] constexpr HexOrNull target_or_null() const {
        return kind == EntryKind::table || kind == EntryKind::page ? HexOrNull{target}
                                                                   : HexOrNull{std::nullopt};
    }
};

constexpr Slot make_pde_slot(std::uint32_t pdi, std::uint32_t raw, const PagingContext& context) {
    const Pde pde{raw};
    const EntryKind kind = pde.kind(context);
    return {.level = Level::pde,
            .index = static_cast<std::uint16_t>(pdi),
            .raw = raw,
            .kind = kind,
            .self_map = is_self_map(pde, context),
            .flags = pde.flags(context),
            .target = kind == EntryKind::page ? pde.large_frame(context) : pde.table()};
}

constexpr Slot make_pte_slot(std::uint32_t pdi, std::uint32_t pti, std::uint32_t raw) {
    const Pte pte{raw};
    return {.level = Level::pte,
            .index = static_cast<std::uint16_t>(pti),
            .table = static_cast<std::uint16_t>(pdi),
            .raw = raw,
            .kind = pte.kind(),
            .flags = pte.flags(),
            .target = pte.frame()};
}

/// The line of a slot up to what it leads to.
template <TextSink S>
void put_slot_head(S& sink, const Slot& slot) {
    const EntryName name =
        slot.level == Level::pde ? EntryName{slot.index} : EntryName{slot.table, std::uint32_t{slot.index}};
    say(sink, "{:12}  {}  {}  {}  -> ", name, slot.va(), Hex{slot.raw}, slot.flags);
}

/// One line of dumppd or dumppt, without its newline.
template <TextSink S>
void put_slot(S& sink, const Slot& slot) {
    put_slot_head(sink, slot);
    if (slot.self_map) {
        say(sink, "self-map {}", slot.target);
    } else {
        put_target(sink, slot.kind, slot.target);
    }
}

template <TextSink S>
void write_json(S& sink, const Slot& slot) {
    say(sink, R"({"record":"slot","v":1,"level":"{}","index":{},"table":{},"va":"{}","raw":"{}",)",
        level_name(slot.level), Decimal{slot.index}, DecimalOrNull{slot.level == Level::pte, slot.table},
        slot.va(), Hex{slot.raw});
    say(sink, R"("flags":{},"kind":"{}","pa":{}})", FlagList{slot.flags},
        slot.self_map ? "self-map" : kind_name(slot.kind), slot.target_or_null());
}

/// decode: the value alone, as an entry of this level.
template <TextSink S>
void write_entry_text(S& sink, const Slot& slot) {
    say(sink, "{}  {}  {}  -> ", Hex{slot.raw}, level_name(slot.level), slot.flags);
    put_target(sink, slot.kind, slot.target);
    say(sink, "\n");
}

template <TextSink S>
void write_entry_json(S& sink, const Slot& slot) {
    const std::uint32_t size = slot.level == Level::pde ? kLargePageSize : kPageSize;
    say(sink,
        R"({"record":"entry","v":1,"level":"{}","raw":"{}","flags":{},"kind":"{}","pa":{},"page_size":{}})",
        level_name(slot.level), Hex{slot.raw}, FlagList{slot.flags}, kind_name(slot.kind),
        slot.target_or_null(), DecimalOrNull{slot.kind == EntryKind::page, size});
}

} // namespace pagelab::paging
