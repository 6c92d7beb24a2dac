// diff: what differs in the tables from how they were at the checkpoint.
#include "kernel/paging/slot_text.hpp"
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/journal_since.hpp"
#include "kernel/shell/reader.hpp"

namespace pagelab::shell::handlers {
namespace {

/// The CPU's own bits: no change of anybody's.
constexpr std::uint32_t kIgnored = paging::bits::kAccessed | paging::bits::kDirty;

bool is_present(std::uint32_t raw) {
    return (raw & paging::bits::kPresent) != 0;
}

bool differ(std::uint32_t old, std::uint32_t now) {
    return ((old ^ now) & ~(is_present(old) && is_present(now) ? kIgnored : 0)) != 0;
}

/// The entries of a space as they are now.
class Tables {
public:
    explicit Tables(Invocation& invocation) : invocation_(invocation), read_(invocation) {}

    /// 0 where there is no such entry any more.
    std::uint32_t entry(const EntryKey& key) {
        if (key.space != space_) {
            space_ = key.space;
            const auto info = invocation_.machine.space_info(space_);
            directory_ = info ? std::optional{info->directory} : std::nullopt;
        }
        if (!directory_) {
            return 0;
        }
        const paging::Pde pde{
            read_(directory_->plus(paging::entry_offset(key.va.directory_index()))).value_or(0)};
        if (!key.table) {
            return pde.raw();
        }
        return pde.kind(invocation_.machine.context()) == paging::EntryKind::table
                   ? read_(pde.table().plus(paging::entry_offset(key.va.table_index()))).value_or(0)
                   : 0;
    }

private:
    Invocation& invocation_;
    Reader read_;
    std::uint32_t space_ = machine::kMaxSpaces;
    std::optional<PhysAddr> directory_;
};

/// Neighbours with the same change: of one frame, or of frames one after the other.
struct Run {
    EntryKey first;
    std::uint32_t count = 0;
    std::uint32_t old = 0, now = 0;
    std::uint32_t old_step = 0, new_step = 0; // once there are two

    [[nodiscard]] bool continues(const EntryKey& key, std::uint32_t old_value, std::uint32_t new_value) {
        return key.space == first.space && key.table == first.table &&
               key.va.raw() - first.va.raw() == count * key.size() && follows(old, old_step, old_value) &&
               follows(now, new_step, new_value);
    }

private:
    /// Whether `value` is what `begin` says, `count` steps on; the second of a run decides the step.
    bool follows(std::uint32_t begin, std::uint32_t& step, std::uint32_t value) const {
        if (count == 1) {
            const bool large = !first.table && (begin & paging::bits::kLarge) != 0;
            step = is_present(begin) && is_present(value) && !differ(begin, value - paging::kPageSize)
                       ? paging::kPageSize
                   : large && !differ(begin, value - paging::kLargePageSize) ? paging::kLargePageSize
                                                                             : 0;
        }
        return !differ(begin + count * step, value);
    }
};

void put_value(Invocation& invocation, const EntryKey& key, std::uint32_t raw) {
    const std::uint32_t shown = is_present(raw) ? raw & ~kIgnored : raw;
    paging::Slot slot = key.table ? paging::make_pte_slot(0, 0, shown)
                                  : paging::make_pde_slot(0, shown, invocation.machine.context());
    slot.flags.remove(paging::Flag::p);
    paging::put_target(invocation.out, slot.kind, slot.target);
    if (is_present(raw)) {
        say(invocation.out, " {}", slot.flags);
    } else if (raw != 0) {
        say(invocation.out, " ({})", Hex{raw});
    }
}

void put_run(Invocation& invocation, const Run& run) {
    Output& out = invocation.out;
    const VirtAddr va = run.first.va;
    if (run.first.space != 0) {
        say(out, "space {}: ", Decimal{run.first.space});
    }
    const std::uint32_t pdi = va.directory_index();
    const paging::VirtRange range{va, va.raw() + std::uint64_t{run.count} * run.first.size()};
    say(out, run.count == 1 ? "{}" : "{} and {} after it",
        run.first.table ? paging::EntryName{pdi, va.table_index()} : paging::EntryName{pdi},
        Decimal{run.count - 1});
    say(out, "  {}  ", range);
    put_value(invocation, run.first, run.old);
    say(out, " -> ");
    put_value(invocation, run.first, run.now);
    say(out, "\n");
}

void put_json(Output& out, std::uint32_t space, const char* level, HexOrNull va, std::uint32_t count,
              std::uint32_t old, std::uint32_t now) {
    say(out, R"({"record":"change","v":1,"space":{},"level":"{}","va":{},"count":{},)", Decimal{space}, level,
        va, Decimal{count});
    say(out, "\"old\":\"{}\",\"new\":\"{}\"}\n", Hex{old}, Hex{now});
}

void emit(Invocation& invocation, const Run& run) {
    if (run.count == 0) {
        return;
    }
    if (invocation.flags.json) {
        put_json(invocation.out, run.first.space, run.first.table ? "pte" : "pde", run.first.va, run.count,
                 run.old, run.now);
    } else {
        put_run(invocation, run);
    }
}

/// Spaces that were made or deleted, whole.
std::uint32_t put_spaces_remade(Invocation& invocation, const JournalSince& since) {
    std::uint32_t count = 0;
    for (std::uint32_t space = 0; space < machine::kMaxSpaces; ++space) {
        if (!since.remade(space)) {
            continue;
        }
        const std::uint32_t old = since.old_directory(space);
        const auto info = invocation.machine.space_info(space);
        const auto now = info ? static_cast<std::uint32_t>(info->directory.raw()) : 0;
        if (old == 0 && now == 0) {
            continue;
        }
        ++count;
        if (invocation.flags.json) {
            put_json(invocation.out, space, "space", std::nullopt, 1, old, now);
        } else {
            say(invocation.out,
                old == 0   ? "space {} was made\n"
                : now == 0 ? "space {} was deleted\n"
                           : "space {} was deleted and made again\n",
                Decimal{space});
        }
    }
    return count;
}

std::uint32_t put_entries(Invocation& invocation, const JournalSince& since) {
    Tables tables(invocation);
    Run run;
    std::uint32_t count = 0;
    for (auto key = since.next(std::nullopt); key && !invocation.poll(); key = since.next(key)) {
        const std::uint32_t old = since.old_value(*key), now = tables.entry(*key);
        if (!differ(old, now)) {
            continue;
        }
        ++count;
        if (run.count != 0 && run.continues(*key, old, now)) {
            ++run.count;
            continue;
        }
        emit(invocation, run);
        run = {.first = *key, .count = 1, .old = old, .now = now};
    }
    emit(invocation, run);
    return count;
}

} // namespace

Status diff(Invocation& invocation) {
    const auto checkpoint = invocation.machine.checkpoint();
    if (!checkpoint) {
        return invocation.fail("there is no checkpoint to compare with; did you mean checkpoint?");
    }
    const JournalSince since(invocation.machine.journal(), *checkpoint);
    if (!since.complete()) {
        return invocation.fail(
            "the journal no longer reaches back to the checkpoint; did you mean checkpoint?");
    }
    const std::uint32_t spaces = put_spaces_remade(invocation, since);
    const std::uint32_t entries = put_entries(invocation, since);
    if (!invocation.flags.json) {
        if (spaces != 0) {
            say(invocation.out, "{}, ", Count{spaces, "space"});
        }
        say(invocation.out, entries == 1 ? "1 entry differs\n" : "{} entries differ\n", Decimal{entries});
    }
    return Status::ok;
}

} // namespace pagelab::shell::handlers
