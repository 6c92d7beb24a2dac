// A walk, a split and a window as text and as JSON.
// For shell and console; docs/formats.md is the contract.
#pragma once

#include "kernel/paging/json.hpp"
#include "kernel/paging/walk.hpp"
#include "kernel/paging/writer.hpp"

namespace pagelab::paging {

/// 768:256:0x234
template <TextSink S>
constexpr void put_indices(S& sink, VirtAddr va) {
    put_decimal(sink, va.directory_index());
    sink.put(":");
    put_decimal(sink, va.table_index());
    sink.put(":");
    put_hex(sink, va.page_offset(), 3);
}

/// PDE 768 or PTE 768:256
template <TextSink S>
constexpr void put_step_name(S& sink, const Walk& walk, const Step& step) {
    if (step.level == Level::pde) {
        put_pde_name(sink, step.index);
    } else {
        put_pte_name(sink, walk.va.directory_index(), step.index);
    }
}

/// What stands after `->`: table p:…, page p:…, not present, reserved bits, unreadable.
template <TextSink S>
constexpr void put_target(S& sink, EntryKind kind, PhysAddr target) {
    switch (kind) {
    case EntryKind::table:
        sink.put("table ");
        put_address(sink, target);
        return;
    case EntryKind::page:
        sink.put("page ");
        put_address(sink, target);
        return;
    case EntryKind::not_present:
        sink.put("not present");
        return;
    case EntryKind::reserved:
        sink.put("reserved bits");
        return;
    case EntryKind::unreadable:
        sink.put("unreadable");
        return;
    }
}

/// The first line: the address, its indices, the directory, the mode.
template <TextSink S>
constexpr void put_walk_head(S& sink, const Walk& walk) {
    put_address(sink, walk.va);
    sink.put(" = ");
    put_indices(sink, walk.va);
    sink.put("  cr3 ");
    put_address(sink, walk.context.control.directory());
    sink.put(walk.context.control.paging() ? "  32-bit" : "  off");
}

template <TextSink S>
constexpr void put_step(S& sink, const Walk& walk, const Step& step) {
    FixedText<16> name;
    put_step_name(name, walk, step);
    put_padded(sink, name.view(), kNameColumn);
    sink.put("  ");
    if (step.entry_va) {
        put_address(sink, *step.entry_va);
    } else {
        sink.put("-");
    }
    sink.put("  ");
    put_address(sink, step.entry_pa);
    sink.put("  ");
    if (step.raw) {
        put_hex(sink, *step.raw, 8);
    } else {
        sink.put("?");
    }
    sink.put("  ");
    put_flags(sink, step.flags);
    sink.put("  -> ");
    put_target(sink, step.kind, step.target);
}

/// The last line: where it leads, or why nowhere.
template <TextSink S>
constexpr void put_outcome(S& sink, const Walk& walk) {
    if (walk.outcome == Outcome::paging_off) {
        sink.put("paging is off: virtual and physical addresses are the same");
        return;
    }
    if (walk.has_page()) {
        put_address(sink, *walk.pa);
        sink.put("  ");
        put_size(sink, walk.page_size);
        sink.put(" page  kernel ");
        put_rights(sink, walk.kernel);
        sink.put("  user ");
        put_rights(sink, walk.user);
        sink.put(walk.global ? "  global" : "");
        return;
    }
    const Step& last = *walk.last();
    sink.put(walk.outcome == Outcome::unreadable ? "no answer: " : "no page: ");
    put_step_name(sink, walk, last);
    switch (walk.outcome) {
    case Outcome::unreadable:
        sink.put(" at ");
        put_address(sink, last.entry_pa);
        sink.put(" can't be read");
        break;
    case Outcome::reserved_bit:
        sink.put(" has reserved bits set");
        break;
    default:
        sink.put(" is not present");
        break;
    }
}

/// What an address in the self-map shows: "shows PTE 768:256 of 0xc0100000".
template <TextSink S>
constexpr void put_self_map_view(S& sink, const SelfMapView& view) {
    switch (view.kind) {
    case SelfMapView::Kind::directory:
        sink.put("shows the page directory");
        return;
    case SelfMapView::Kind::table:
        sink.put("shows page table ");
        put_decimal(sink, view.pdi);
        return;
    case SelfMapView::Kind::pde:
        sink.put("shows ");
        put_pde_name(sink, view.pdi);
        return;
    case SelfMapView::Kind::pte:
        sink.put("shows ");
        put_pte_name(sink, view.pdi, view.pti);
        sink.put(" of ");
        put_address(sink, view.translates());
        return;
    }
}

/// The whole walk, each line ended by a newline.
template <TextSink S>
constexpr void write_text(S& sink, const Walk& walk) {
    put_walk_head(sink, walk);
    sink.put("\n");
    for (std::size_t i = 0; i < walk.step_count; ++i) {
        put_step(sink, walk, walk.steps[i]);
        sink.put("\n");
    }
    put_outcome(sink, walk);
    sink.put("\n");
    if (walk.self_map) {
        put_self_map_view(sink, *walk.self_map);
        sink.put("\n");
    }
}

inline constexpr std::string_view level_name(Level level) {
    return level == Level::pde ? "pde" : "pte";
}

inline constexpr std::string_view kind_name(EntryKind kind) {
    constexpr std::array<std::string_view, 5> kNames = {"table", "page", "not-present", "reserved",
                                                        "unreadable"};
    return kNames[static_cast<std::size_t>(kind)];
}

/// `directory`, `table 768`, `entry 768` or `entry 768:256`.
template <TextSink S>
constexpr void put_self_map_key(S& sink, const SelfMapView& view) {
    using Kind = SelfMapView::Kind;
    if (view.kind == Kind::directory) {
        sink.put("directory");
        return;
    }
    sink.put(view.kind == Kind::table ? "table " : "entry ");
    put_decimal(sink, view.pdi);
    if (view.kind == Kind::pte) {
        sink.put(":");
        put_decimal(sink, view.pti);
    }
}

template <TextSink S>
constexpr void write_json(S& sink, const Step& step) {
    JsonObject json(sink);
    json.text("level", level_name(step.level));
    json.number("index", step.index);
    json.address("entry_va", step.entry_va);
    json.address("entry_pa", step.entry_pa);
    json.hex("raw", step.raw ? std::optional<std::uint64_t>{*step.raw} : std::nullopt);
    json.flags("flags", step.flags);
    json.text("kind", kind_name(step.kind));
}

/// The walk record on one line, without its newline.
template <TextSink S>
constexpr void write_json(S& sink, const Walk& walk) {
    JsonObject json(sink, "walk");
    json.text("mode", std::string_view{walk.context.control.paging() ? "32-bit" : "off"});
    json.hex("cr3", walk.context.control.cr3);
    json.address("va", walk.va);
    json.text("outcome", kOutcomeNames[static_cast<std::size_t>(walk.outcome)]);
    json.raw("steps").put("[");
    for (std::size_t i = 0; i < walk.step_count; ++i) {
        sink.put(i == 0 ? "" : ",");
        write_json(sink, walk.steps[i]);
    }
    sink.put("]");
    json.address("pa", walk.pa);
    json.number("page_size", walk.has_page() ? std::optional<std::uint64_t>{walk.page_size} : std::nullopt);
    json.rights("kernel", walk.kernel);
    json.rights("user", walk.user);
    json.boolean("global", walk.global);
    FixedText<24> view;
    if (walk.self_map) {
        put_self_map_key(view, *walk.self_map);
    }
    json.text("self_map", walk.self_map ? std::optional{view.view()} : std::nullopt);
}

/// The three fields of an address, bit by bit.
template <TextSink S>
constexpr void write_split_text(S& sink, VirtAddr va) {
    const auto bits = [&](std::uint32_t value, unsigned count) {
        while (count-- > 0) {
            sink.put((value >> count) & 1 ? "1" : "0");
        }
    };
    put_address(sink, va);
    sink.put(" = ");
    put_indices(sink, va);
    sink.put("\n  directory index  ");
    bits(va.directory_index(), 10);
    sink.put("    ");
    put_decimal(sink, va.directory_index());
    sink.put("\n  table index      ");
    bits(va.table_index(), 10);
    sink.put("    ");
    put_decimal(sink, va.table_index());
    sink.put("\n  offset           ");
    bits(va.page_offset(), 12);
    sink.put("  ");
    put_hex(sink, va.page_offset(), 3);
    sink.put("\n");
}

template <TextSink S>
constexpr void write_split_json(S& sink, VirtAddr va) {
    JsonObject json(sink, "split");
    json.address("va", va);
    json.number("pdi", va.directory_index());
    json.number("pti", va.table_index());
    json.hex("offset", va.page_offset(), 3);
}

/// Where PDE and PTE of `va` appear in the self-map slot `slot`.
template <TextSink S>
constexpr void write_window_text(S& sink, std::uint32_t slot, VirtAddr va) {
    put_address(sink, va);
    sink.put("\n  ");
    FixedText<16> pde;
    put_pde_name(pde, va.directory_index());
    put_padded(sink, pde.view(), kNameColumn);
    sink.put("  ");
    put_address(sink, pde_window(slot, va));
    sink.put("\n  ");
    FixedText<16> pte;
    put_pte_name(pte, va.directory_index(), va.table_index());
    put_padded(sink, pte.view(), kNameColumn);
    sink.put("  ");
    put_address(sink, pte_window(slot, va));
    sink.put("\n");
}

template <TextSink S>
constexpr void write_window_json(S& sink, std::uint32_t slot, VirtAddr va) {
    JsonObject json(sink, "window");
    json.address("va", va);
    json.address("pde_va", pde_window(slot, va));
    json.address("pte_va", pte_window(slot, va));
}

} // namespace pagelab::paging
