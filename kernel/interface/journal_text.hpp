// A record of the journal in words, and as JSON (docs/formats.md, `event`).
// For `log` and the console. Pure.
#pragma once

#include "kernel/interface/journal.hpp"
#include "kernel/paging/say.hpp"

namespace pagelab::interface {

/// The record in words, without its number and kind.
template <paging::TextSink S>
void put_event_text(S& sink, const JournalRecord& record) {
    using namespace paging;
    const Decimal number{record.count};
    const Hex old_value{record.old_value};
    const Hex new_value{record.new_value};
    const VirtAddr va{record.address};
    switch (record.kind) {
    case JournalKind::none:
        return say(sink, "no record");
    case JournalKind::begin:
        return say(sink, "command {} begins", number);
    case JournalKind::commit:
        return say(sink, "its changes stand");
    case JournalKind::rollback:
        return say(sink, "its changes were taken back");
    case JournalKind::pde:
    case JournalKind::pte:
        if (record.space != 0) {
            say(sink, "space {}: ", Decimal{record.space});
        }
        say(sink, record.count > 1 ? "{} and {} after it" : "{}",
            record.kind == JournalKind::pde ? EntryName{va.directory_index()}
                                            : EntryName{va.directory_index(), va.table_index()},
            Decimal{record.count - 1});
        return say(sink, "  {} -> {}", old_value, new_value);
    case JournalKind::frame_take:
    case JournalKind::frame_free:
        return say(sink, "{} from {} {} the pool", Count{record.count, "frame"}, PhysAddr{record.old_value},
                   record.kind == JournalKind::frame_take ? "left" : "went back to");
    case JournalKind::flush_page:
        return say(sink, "{} flushed from {}", Count{record.count, "page"}, va);
    case JournalKind::flush_all:
        return say(sink, "CR3 loaded again{}", record.new_value != 0 ? ", global pages flushed too" : "");
    case JournalKind::fault:
        return say(sink, "vector {}, error code {}, CR2 {}, EIP {}", Decimal{record.new_value >> 16},
                   Hex{record.new_value & 0xffff, 1}, va, old_value);
    case JournalKind::control:
        return say(sink, "CR{}  {} -> {}", Decimal{record.address}, old_value, new_value);
    case JournalKind::space:
        say(sink, "space {} -> space {}", Decimal{record.address >> 16}, Decimal{record.address & 0xffff});
        return say(sink, ", CR3 {} -> {}", old_value, new_value);
    case JournalKind::space_new:
        return say(sink, "space {} was made, its directory at {}", Decimal{record.address & 0xff},
                   PhysAddr{record.new_value});
    case JournalKind::space_delete:
        return say(sink, "space {} was deleted, its directory was at {}", Decimal{record.address & 0xff},
                   PhysAddr{record.old_value});
    case JournalKind::rescue:
        return say(sink, "the kernel was brought back: vector {}, EIP {}, CR2 {}, {} put right",
                   Decimal{record.new_value >> 16}, old_value, va, Count{record.new_value & 0xffff, "word"});
    case JournalKind::undo:
        return say(sink, "command {} was taken back", number);
    }
}

constexpr const char* journal_kind_name(JournalKind kind) {
    const auto index = static_cast<std::size_t>(kind);
    return index < kJournalKindNames.size() ? kJournalKindNames[index] : "unknown";
}

/// One line of `log`, without its newline.
template <paging::TextSink S>
void put_event(S& sink, const JournalRecord& record) {
    paging::say(sink, "{:>6}  {:10}  ", paging::Decimal{record.sequence}, journal_kind_name(record.kind));
    put_event_text(sink, record);
}

template <paging::TextSink S>
void write_json(S& sink, const JournalRecord& record) {
    using enum JournalKind;
    using paging::Decimal;
    using paging::DecimalOrNull;
    using paging::HexOrNull;
    const JournalKind kind = record.kind;
    const bool entry = kind == pde || kind == pte;
    const bool frames = kind == frame_take || kind == frame_free;
    const bool changes = entry || kind == fault || kind == rescue || kind == control || kind == space;
    const std::uint64_t time = std::uint64_t{record.time_high} << 32 | record.time_low;
    const auto word = [](bool there, std::uint32_t value) {
        return there ? HexOrNull{value} : HexOrNull{std::nullopt};
    };
    paging::say(sink, R"({"record":"event","v":1,"seq":{},"time":{},"space":{},"kind":"{}",)",
                Decimal{record.sequence}, time != 0 ? DecimalOrNull{time} : DecimalOrNull{std::nullopt},
                Decimal{record.space}, journal_kind_name(kind));
    paging::say(sink, R"("va":{},"old":{},"new":{},"count":{},"text":")",
                word(entry || kind == flush_page || kind == fault || kind == rescue, record.address),
                word(changes || frames, record.old_value), word(changes, record.new_value),
                Decimal{kind == begin || kind == undo ? 1 : record.count});
    put_event_text(sink, record);
    paging::say(sink, "\"}");
}

} // namespace pagelab::interface
