// A walk, a split and a window as text and as JSON.
// For shell and console; docs/formats.md is the contract.
#pragma once

#include "kernel/paging/say.hpp"
#include "kernel/paging/walk.hpp"

namespace pagelab::paging {

/// 768:256:0x234
template <TextSink S>
void put_indices(S& sink, VirtAddr va) {
    say(sink, "{}:{}:{}", Decimal{va.directory_index()}, Decimal{va.table_index()}, Hex{va.page_offset(), 3});
}

constexpr EntryName step_name(const Walk& walk, const Step& step) {
    return step.level == Level::pde ? EntryName{step.index}
                                    : EntryName{walk.va.directory_index(), std::uint32_t{step.index}};
}
/// PDE 768 or PTE 768:256
template <TextSink S>
void put_step_name(S& sink, const Walk& walk, const Step& step) {
    say(sink, "{}", step_name(walk, step));
}

/// What stands after `->`: table p:…, page p:…, not present, reserved bits, unreadable.
template <TextSink S>
void put_target(S& sink, EntryKind kind, PhysAddr target) {
    constexpr std::array<const char*, 5> kSentences = {"table {}", "page {}", "not present", "reserved bits",
                                                       "unreadable"};
    // A sentence without {} leaves its part out.
    say(sink, kSentences[static_cast<std::size_t>(kind)], target);
}

/// The first line: the address, its indices, the directory, the mode.
template <TextSink S>
void put_walk_head(S& sink, const Walk& walk) {
    say(sink, "{} = ", walk.va);
    put_indices(sink, walk.va);
    say(sink, "  cr3 {}  {}", walk.context.control.directory(),
        walk.context.control.paging() ? "32-bit" : "off");
}

template <TextSink S>
void put_step(S& sink, const Walk& walk, const Step& step) {
    say(sink, "{:12}  ", step_name(walk, step));
    // A sentence without {} leaves its part out.
    say(sink, step.entry_va ? "{}" : "-", step.entry_va.value_or(VirtAddr{}));
    say(sink, "  {}  ", step.entry_pa);
    say(sink, step.raw ? "{}" : "?", Hex{step.raw.value_or(0)});
    say(sink, "  {}  -> ", step.flags);
    put_target(sink, step.kind, step.target);
}

/// The last line: where it leads, or why nowhere.
template <TextSink S>
void put_outcome(S& sink, const Walk& walk) {
    if (walk.outcome == Outcome::paging_off) {
        say(sink, "paging is off: virtual and physical addresses are the same");
        return;
    }
    if (walk.has_page()) {
        say(sink, "{}  {} page  kernel {}  user {}{}", *walk.pa, Size{walk.page_size}, walk.kernel, walk.user,
            walk.global ? "  global" : "");
        return;
    }
    const Step& last = *walk.last();
    const EntryName name = step_name(walk, last);
    switch (walk.outcome) {
    case Outcome::unreadable:
        say(sink, "no answer: {} at {} can't be read", name, last.entry_pa);
        break;
    case Outcome::reserved_bit:
        say(sink, "no page: {} has reserved bits set", name);
        break;
    default:
        say(sink, "no page: {} is not present", name);
        break;
    }
}

/// What an address in the self-map shows: "shows PTE 768:256 of 0xc0100000".
template <TextSink S>
void put_self_map_view(S& sink, const SelfMapView& view) {
    switch (view.kind) {
    case SelfMapView::Kind::directory:
        say(sink, "shows the page directory");
        return;
    case SelfMapView::Kind::table:
        say(sink, "shows page table {}", Decimal{view.pdi});
        return;
    case SelfMapView::Kind::pde:
        say(sink, "shows {}", EntryName{view.pdi});
        return;
    case SelfMapView::Kind::pte:
        say(sink, "shows {} of {}", EntryName{view.pdi, std::uint32_t{view.pti}}, view.translates());
        return;
    }
}

/// The whole walk, each line ended by a newline.
template <TextSink S>
void write_text(S& sink, const Walk& walk) {
    put_walk_head(sink, walk);
    say(sink, "\n");
    for (std::size_t i = 0; i < walk.step_count; ++i) {
        put_step(sink, walk, walk.steps[i]);
        say(sink, "\n");
    }
    put_outcome(sink, walk);
    say(sink, "\n");
    if (walk.self_map) {
        put_self_map_view(sink, *walk.self_map);
        say(sink, "\n");
    }
}

inline constexpr const char* level_name(Level level) {
    return level == Level::pde ? "pde" : "pte";
}

inline constexpr const char* kind_name(EntryKind kind) {
    constexpr std::array<const char*, 5> kNames = {"table", "page", "not-present", "reserved", "unreadable"};
    return kNames[static_cast<std::size_t>(kind)];
}

/// `directory`, `table 768`, `entry 768` or `entry 768:256`.
template <TextSink S>
void put_self_map_key(S& sink, const SelfMapView& view) {
    constexpr std::array<const char*, 4> kSentences = {"directory", "table {}", "entry {}", "entry {}:{}"};
    say(sink, kSentences[static_cast<std::size_t>(view.kind)], Decimal{view.pdi}, Decimal{view.pti});
}

template <TextSink S>
void write_json(S& sink, const Step& step) {
    say(sink, R"({"level":"{}","index":{},"entry_va":{},"entry_pa":{},)", level_name(step.level),
        Decimal{step.index}, HexOrNull{step.entry_va}, HexOrNull{step.entry_pa});
    say(sink, R"("raw":{},"flags":{},"kind":"{}"})", HexOrNull{step.raw}, FlagList{step.flags},
        kind_name(step.kind));
}

/// The walk record on one line, without its newline.
template <TextSink S>
void write_json(S& sink, const Walk& walk) {
    say(sink, R"({"record":"walk","v":1,"mode":"{}","cr3":"{}","va":"{}","outcome":"{}","steps":[)",
        walk.context.control.paging() ? "32-bit" : "off", Hex{walk.context.control.cr3}, walk.va,
        kOutcomeNames[static_cast<std::size_t>(walk.outcome)]);
    for (std::size_t i = 0; i < walk.step_count; ++i) {
        say(sink, i == 0 ? "" : ",");
        write_json(sink, walk.steps[i]);
    }
    say(sink, R"(],"pa":{},"page_size":{},"kernel":"{}","user":"{}","global":{},"self_map":)",
        HexOrNull{walk.pa}, DecimalOrNull{walk.has_page(), walk.page_size}, walk.kernel, walk.user,
        walk.global);
    if (walk.self_map) {
        say(sink, "\"");
        put_self_map_key(sink, *walk.self_map);
        say(sink, "\"}");
    } else {
        say(sink, "null}");
    }
}

/// The three fields of an address, bit by bit.
template <TextSink S>
void write_split_text(S& sink, VirtAddr va) {
    const auto bits = [&](std::uint32_t value, unsigned count) {
        while (count-- > 0) {
            say(sink, (value >> count) & 1 ? "1" : "0");
        }
    };
    say(sink, "{} = ", va);
    put_indices(sink, va);
    say(sink, "\n  directory index  ");
    bits(va.directory_index(), 10);
    say(sink, "    {}\n  table index      ", Decimal{va.directory_index()});
    bits(va.table_index(), 10);
    say(sink, "    {}\n  offset           ", Decimal{va.table_index()});
    bits(va.page_offset(), 12);
    say(sink, "  {}\n", Hex{va.page_offset(), 3});
}

template <TextSink S>
void write_split_json(S& sink, VirtAddr va) {
    say(sink, R"({"record":"split","v":1,"va":"{}","pdi":{},"pti":{},"offset":"{}"})", va,
        Decimal{va.directory_index()}, Decimal{va.table_index()}, Hex{va.page_offset(), 3});
}

/// Where PDE and PTE of `va` appear in the self-map slot `slot`.
template <TextSink S>
void write_window_text(S& sink, std::uint32_t slot, VirtAddr va) {
    say(sink, "{}\n  {:12}  {}\n  {:12}  {}\n", va, EntryName{va.directory_index()}, pde_window(slot, va),
        EntryName{va.directory_index(), va.table_index()}, pte_window(slot, va));
}

template <TextSink S>
void write_window_json(S& sink, std::uint32_t slot, VirtAddr va) {
    say(sink, R"({"record":"window","v":1,"va":"{}","pde_va":"{}","pte_va":"{}"})", va, pde_window(slot, va),
        pte_window(slot, va));
}

} // namespace pagelab::paging
