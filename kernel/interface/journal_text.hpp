// A record of the journal in words, and as JSON (docs/formats.md, `event`).
// For `log` and the console. Pure.
#pragma once

#include "kernel/interface/journal.hpp"
#include "kernel/paging/json.hpp"

namespace pagelab::interface {

namespace detail {

template <paging::TextSink S>
constexpr void put_counted(S& sink, std::uint32_t count, std::string_view noun) {
    paging::put_decimal(sink, count);
    sink.put(" ");
    sink.put(noun);
    sink.put(count == 1 ? "" : "s");
}

template <paging::TextSink S>
constexpr void put_numbered(S& sink, std::string_view before, std::uint32_t number, std::string_view after) {
    sink.put(before);
    paging::put_decimal(sink, number);
    sink.put(after);
}

template <paging::TextSink S>
constexpr void put_named_hex(S& sink, std::string_view name, std::uint32_t value, unsigned digits = 8) {
    sink.put(name);
    paging::put_hex(sink, value, digits);
}

template <paging::TextSink S>
constexpr void put_entry_change(S& sink, const JournalRecord& record) {
    const paging::VirtAddr va{record.address};
    if (record.space != 0) {
        put_numbered(sink, "space ", record.space, ": ");
    }
    if (record.kind == JournalKind::pde) {
        paging::put_pde_name(sink, va.directory_index());
    } else {
        paging::put_pte_name(sink, va.directory_index(), va.table_index());
    }
    if (record.count > 1) {
        sink.put(" and ");
        paging::put_decimal(sink, record.count - 1);
        sink.put(" after it");
    }
    sink.put("  ");
    paging::put_hex(sink, record.old_value, 8);
    sink.put(" -> ");
    paging::put_hex(sink, record.new_value, 8);
}

} // namespace detail

/// The record in words, without its number and kind.
template <paging::TextSink S>
constexpr void put_event_text(S& sink, const JournalRecord& record) {
    using paging::PhysAddr;
    using paging::VirtAddr;
    switch (record.kind) {
    case JournalKind::none:
        sink.put("no record");
        return;
    case JournalKind::begin:
        detail::put_numbered(sink, "command ", record.count, " begins");
        return;
    case JournalKind::commit:
        sink.put("its changes stand");
        return;
    case JournalKind::rollback:
        sink.put("its changes were taken back");
        return;
    case JournalKind::pde:
    case JournalKind::pte:
        detail::put_entry_change(sink, record);
        return;
    case JournalKind::frame_take:
    case JournalKind::frame_free:
        detail::put_counted(sink, record.count, "frame");
        sink.put(" from ");
        paging::put_address(sink, PhysAddr{record.old_value});
        sink.put(record.kind == JournalKind::frame_take ? " left the pool" : " went back to the pool");
        return;
    case JournalKind::flush_page:
        detail::put_counted(sink, record.count, "page");
        sink.put(" flushed from ");
        paging::put_address(sink, VirtAddr{record.address});
        return;
    case JournalKind::flush_all:
        sink.put(record.new_value != 0 ? "CR3 loaded again, global pages flushed too" : "CR3 loaded again");
        return;
    case JournalKind::fault:
        detail::put_numbered(sink, "vector ", record.new_value >> 16, "");
        detail::put_named_hex(sink, ", error code ", record.new_value & 0xffff, 1);
        detail::put_named_hex(sink, ", CR2 ", record.address);
        detail::put_named_hex(sink, ", EIP ", record.old_value);
        return;
    case JournalKind::control:
        detail::put_numbered(sink, "CR", record.address, "");
        detail::put_named_hex(sink, "  ", record.old_value);
        detail::put_named_hex(sink, " -> ", record.new_value);
        return;
    case JournalKind::space:
        detail::put_numbered(sink, "space ", record.address >> 16, "");
        detail::put_numbered(sink, " -> space ", record.address & 0xffff, "");
        detail::put_named_hex(sink, ", CR3 ", record.old_value);
        detail::put_named_hex(sink, " -> ", record.new_value);
        return;
    case JournalKind::space_new:
    case JournalKind::space_delete:
        detail::put_numbered(sink, "space ", record.address & 0xff, "");
        sink.put(record.kind == JournalKind::space_new ? " was made, its directory at "
                                                       : " was deleted, its directory was at ");
        paging::put_address(
            sink, PhysAddr{record.kind == JournalKind::space_new ? record.new_value : record.old_value});
        return;
    case JournalKind::undo:
        detail::put_numbered(sink, "command ", record.count, " was taken back");
        return;
    }
}

constexpr std::string_view journal_kind_name(JournalKind kind) {
    const auto index = static_cast<std::size_t>(kind);
    return index < kJournalKindNames.size() ? kJournalKindNames[index] : std::string_view{"unknown"};
}

/// One line of `log`, without its newline.
template <paging::TextSink S>
constexpr void put_event(S& sink, const JournalRecord& record) {
    paging::FixedText<12> number;
    paging::put_decimal(number, record.sequence);
    paging::put_spaces(sink, number.size() < 6 ? 6 - number.size() : 0);
    sink.put(number.view());
    sink.put("  ");
    paging::put_padded(sink, journal_kind_name(record.kind), 10);
    sink.put("  ");
    put_event_text(sink, record);
}

template <paging::TextSink S>
constexpr void write_json(S& sink, const JournalRecord& record) {
    using enum JournalKind;
    const JournalKind kind = record.kind;
    const bool entry = kind == pde || kind == pte;
    const bool frames = kind == frame_take || kind == frame_free;
    const std::uint64_t time = std::uint64_t{record.time_high} << 32 | record.time_low;
    const auto word = [](bool there, std::uint32_t value) {
        return there ? std::optional<std::uint64_t>{value} : std::nullopt;
    };
    paging::JsonObject json(sink, "event");
    json.number("seq", record.sequence);
    json.number("time", time != 0 ? std::optional{time} : std::nullopt);
    json.number("space", record.space);
    json.text("kind", journal_kind_name(kind));
    json.hex("va", word(entry || kind == flush_page || kind == fault, record.address));
    json.hex("old",
             word(entry || frames || kind == fault || kind == control || kind == space, record.old_value));
    json.hex("new", word(entry || kind == fault || kind == control || kind == space, record.new_value));
    json.number("count", kind == begin || kind == undo ? 1 : record.count);
    json.plain_text("text", [&](S& text) { put_event_text(text, record); });
}

} // namespace pagelab::interface
