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
    [[nodiscard]] constexpr bool has_target() const {
        return kind == EntryKind::table || kind == EntryKind::page;
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
constexpr void put_slot_head(S& sink, const Slot& slot) {
    FixedText<16> name;
    if (slot.level == Level::pde) {
        put_pde_name(name, slot.index);
    } else {
        put_pte_name(name, slot.table, slot.index);
    }
    put_padded(sink, name.view(), kNameColumn);
    sink.put("  ");
    put_address(sink, slot.va());
    sink.put("  ");
    put_hex(sink, slot.raw, 8);
    sink.put("  ");
    put_flags(sink, slot.flags);
    sink.put("  -> ");
}

/// One line of dumppd or dumppt, without its newline.
template <TextSink S>
constexpr void put_slot(S& sink, const Slot& slot) {
    put_slot_head(sink, slot);
    if (slot.self_map) {
        sink.put("self-map ");
        put_address(sink, slot.target);
    } else {
        put_target(sink, slot.kind, slot.target);
    }
}

template <TextSink S>
constexpr void write_json(S& sink, const Slot& slot) {
    JsonObject json(sink, "slot");
    json.text("level", level_name(slot.level));
    json.number("index", slot.index);
    json.number("table", slot.level == Level::pte ? std::optional<std::uint64_t>{slot.table} : std::nullopt);
    json.address("va", slot.va());
    json.hex("raw", slot.raw);
    json.flags("flags", slot.flags);
    json.text("kind", slot.self_map ? std::string_view{"self-map"} : kind_name(slot.kind));
    json.address("pa", slot.has_target() ? std::optional{slot.target} : std::nullopt);
}

/// decode: the value alone, as an entry of this level.
template <TextSink S>
constexpr void write_entry_text(S& sink, const Slot& slot) {
    put_hex(sink, slot.raw, 8);
    sink.put("  ");
    sink.put(level_name(slot.level));
    sink.put("  ");
    put_flags(sink, slot.flags);
    sink.put("  -> ");
    put_target(sink, slot.kind, slot.target);
    sink.put("\n");
}

template <TextSink S>
constexpr void write_entry_json(S& sink, const Slot& slot) {
    JsonObject json(sink, "entry");
    json.text("level", level_name(slot.level));
    json.hex("raw", slot.raw);
    json.flags("flags", slot.flags);
    json.text("kind", kind_name(slot.kind));
    json.address("pa", slot.has_target() ? std::optional{slot.target} : std::nullopt);
    const std::uint32_t size = slot.level == Level::pde ? kLargePageSize : kPageSize;
    json.number("page_size",
                slot.kind == EntryKind::page ? std::optional<std::uint64_t>{size} : std::nullopt);
}

} // namespace pagelab::paging
