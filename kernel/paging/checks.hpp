// Invariants and hazards of a page directory: the rules of `check`.
// For shell and console. Pure: memory is read through the caller's reader, and told apart by the caller's
// `is_ram`.
#pragma once

#include "kernel/paging/walk_text.hpp"

#include <algorithm>
#include <span>

namespace pagelab::paging {

enum class Severity : std::uint8_t { error, warning, note };

/// What can be found. The order is that of kRules.
enum class Rule : std::uint8_t {
    paging_off,
    directory_beyond_ram,
    table_beyond_ram,
    reserved_bits,
    self_map_user_writable,
    self_map_user,
    self_map_missing,
    self_map_several,
    table_shared,
    table_writable,
    page_beyond_ram,
    pde_restricts,
    data_not_present,
};

struct RuleInfo {
    std::string_view name;
    Severity severity;
};

inline constexpr std::array<RuleInfo, 13> kRules = {{
    {"paging-off", Severity::note},
    {"directory-beyond-ram", Severity::error},
    {"table-beyond-ram", Severity::error},
    {"reserved-bits", Severity::error},
    {"self-map-user-writable", Severity::error},
    {"self-map-user", Severity::warning},
    {"self-map-missing", Severity::note},
    {"self-map-several", Severity::note},
    {"table-shared", Severity::warning},
    {"table-writable", Severity::warning},
    {"page-beyond-ram", Severity::warning},
    {"pde-restricts", Severity::note},
    {"data-not-present", Severity::note},
}};

constexpr const RuleInfo& rule_info(Rule rule) {
    return kRules[static_cast<std::size_t>(rule)];
}
inline constexpr std::string_view severity_name(Severity severity) {
    constexpr std::array<std::string_view, 3> kNames = {"error", "warning", "note"};
    return kNames[static_cast<std::size_t>(severity)];
}

/// One thing found. `count` entries in a run are one finding, told by the first.
struct Finding {
    Rule rule{};
    std::uint16_t pdi = 0;
    std::optional<std::uint16_t> pti;
    std::optional<PhysAddr> pa;
    std::uint32_t raw = 0;
    std::uint32_t count = 1;
    /// table_shared: the other slot.
    std::uint16_t other_pdi = 0;

    [[nodiscard]] constexpr VirtAddr va() const { return VirtAddr::from_indices(pdi, pti.value_or(0)); }
};

/// The frames of all tables and the directory, sorted: room for it is the caller's, because a kernel's stack
/// has none for 4 KiB.
struct CheckWorkspace {
    std::array<std::uint32_t, kEntryCount + 1> table_frames{};
};

namespace detail {

template <WordReader R, class IsRam, class Emit>
class Checker {
public:
    constexpr Checker(R& read, const PagingContext& context, IsRam& is_ram, CheckWorkspace& workspace,
                      Emit& emit)
        : read_(read), context_(context), is_ram_(is_ram), frames_(workspace.table_frames), emit_(emit) {}

    constexpr void run() {
        if (!context_.control.paging()) {
            emit_(Finding{.rule = Rule::paging_off, .pti = {}, .pa = {}});
            return;
        }
        if (!is_ram_(context_.control.directory())) {
            emit_(Finding{.rule = Rule::directory_beyond_ram, .pti = {}, .pa = context_.control.directory()});
            return;
        }
        collect_tables();
        for (std::uint32_t pdi = 0; pdi < kEntryCount; ++pdi) {
            check_slot(pdi);
        }
        check_self_map();
    }

private:
    constexpr Pde pde(std::uint32_t pdi) {
        return Pde{read_(context_.control.directory().plus(entry_offset(pdi))).value_or(0)};
    }

    constexpr void collect_tables() {
        frame_count_ = 0;
        frames_[frame_count_++] = static_cast<std::uint32_t>(context_.control.directory().raw());
        for (std::uint32_t pdi = 0; pdi < kEntryCount; ++pdi) {
            const Pde entry = pde(pdi);
            if (entry.kind(context_) == EntryKind::table && !is_self_map(entry, context_)) {
                frames_[frame_count_++] = static_cast<std::uint32_t>(entry.table().raw());
            }
        }
        std::sort(frames_.begin(), frames_.begin() + frame_count_);
    }

    constexpr bool is_table_frame(PhysAddr frame) const {
        return frame.raw() < kAddressSpaceEnd &&
               std::binary_search(frames_.begin(), frames_.begin() + frame_count_,
                                  static_cast<std::uint32_t>(frame.raw()));
    }
    /// Whether any table lies within [first, first + 4 MiB).
    constexpr bool table_within(PhysAddr first) const {
        const auto at = std::lower_bound(frames_.begin(), frames_.begin() + frame_count_, first.raw());
        return at != frames_.begin() + frame_count_ && *at < first.raw() + kLargePageSize;
    }

    constexpr void check_slot(std::uint32_t pdi) {
        const Pde entry = pde(pdi);
        Finding finding{.pdi = static_cast<std::uint16_t>(pdi), .pti = {}, .pa = {}, .raw = entry.raw()};
        const auto found = [&](Rule rule, std::optional<PhysAddr> pa = {}) {
            finding.rule = rule;
            finding.pa = pa;
            emit_(finding);
        };
        switch (entry.kind(context_)) {
        case EntryKind::not_present:
            if (entry.raw() != 0) {
                found(Rule::data_not_present);
            }
            return;
        case EntryKind::reserved:
            found(Rule::reserved_bits);
            return;
        case EntryKind::page: {
            const PhysAddr frame = entry.large_frame(context_);
            if (!is_ram_(frame)) {
                found(Rule::page_beyond_ram, frame);
            }
            if (entry.writable() && table_within(frame)) {
                found(Rule::table_writable, frame);
            }
            return;
        }
        default:
            break;
        }
        if (!is_ram_(entry.table())) {
            found(Rule::table_beyond_ram, entry.table());
            return;
        }
        if (is_self_map(entry, context_)) {
            if (entry.user()) {
                found(entry.writable() ? Rule::self_map_user_writable : Rule::self_map_user, entry.table());
            }
            return;
        }
        check_shared(finding, entry);
        check_table(pdi, entry);
    }

    constexpr void check_shared(Finding finding, Pde entry) {
        for (std::uint32_t other = 0; other < finding.pdi; ++other) {
            const Pde candidate = pde(other);
            if (candidate.kind(context_) == EntryKind::table && candidate.table() == entry.table()) {
                finding.rule = Rule::table_shared;
                finding.pa = entry.table();
                finding.other_pdi = static_cast<std::uint16_t>(other);
                emit_(finding);
                return;
            }
        }
    }

    /// Neighbouring entries with one complaint are one finding.
    constexpr void check_table(std::uint32_t pdi, Pde entry) {
        std::optional<Finding> open;
        for (std::uint32_t pti = 0; pti < kEntryCount; ++pti) {
            const auto raw = read_(entry.table().plus(entry_offset(pti)));
            const std::optional<Rule> rule = raw ? complaint(entry, Pte{*raw}) : std::nullopt;
            if (open && rule == open->rule && open->pti.value_or(0) + open->count == pti) {
                ++open->count;
                continue;
            }
            if (open) {
                emit_(*open);
                open.reset();
            }
            if (rule) {
                open = Finding{.rule = *rule,
                               .pdi = static_cast<std::uint16_t>(pdi),
                               .pti = static_cast<std::uint16_t>(pti),
                               .pa = Pte{*raw}.present() ? std::optional{Pte{*raw}.frame()} : std::nullopt,
                               .raw = *raw};
            }
        }
        if (open) {
            emit_(*open);
        }
    }

    constexpr std::optional<Rule> complaint(Pde entry, Pte pte) {
        if (!pte.present()) {
            return pte.raw() != 0 ? std::optional{Rule::data_not_present} : std::nullopt;
        }
        if (entry.writable() && pte.writable() && is_table_frame(pte.frame())) {
            return Rule::table_writable;
        }
        if (!is_ram_(pte.frame())) {
            return Rule::page_beyond_ram;
        }
        if ((pte.writable() && !entry.writable()) || (pte.user() && !entry.user())) {
            return Rule::pde_restricts;
        }
        return std::nullopt;
    }

    constexpr void check_self_map() {
        std::uint32_t count = 0;
        std::uint16_t last = 0;
        for (std::uint32_t pdi = 0; pdi < kEntryCount; ++pdi) {
            if (is_self_map(pde(pdi), context_)) {
                ++count;
                last = static_cast<std::uint16_t>(pdi);
            }
        }
        if (count == 0) {
            emit_(Finding{
                .rule = Rule::self_map_missing, .pti = {}, .pa = context_.control.directory(), .count = 0});
        } else if (count > 1) {
            emit_(Finding{.rule = Rule::self_map_several,
                          .pdi = last,
                          .pti = {},
                          .pa = context_.control.directory(),
                          .count = count});
        }
    }

    R& read_;
    const PagingContext& context_;
    IsRam& is_ram_;
    std::array<std::uint32_t, kEntryCount + 1>& frames_;
    std::uint32_t frame_count_ = 0;
    Emit& emit_;
};

} // namespace detail

/// Calls `emit(const Finding&)` for all that the rules find in the directory of `context`. `is_ram(PhysAddr)`
/// says whether a frame is RAM.
template <WordReader R, class IsRam, class Emit>
constexpr void for_each_finding(R& read, const PagingContext& context, IsRam is_ram,
                                CheckWorkspace& workspace, Emit emit) {
    detail::Checker<R, IsRam, Emit>(read, context, is_ram, workspace, emit).run();
}

/// The sentence of a finding, without its severity and rule.
template <TextSink S>
constexpr void put_finding_text(S& sink, const Finding& finding) {
    const auto entry = [&] {
        if (finding.pti) {
            put_pte_name(sink, finding.pdi, *finding.pti);
            if (finding.count > 1) {
                sink.put(" and ");
                put_decimal(sink, finding.count - 1);
                sink.put(" after it");
            }
        } else {
            put_pde_name(sink, finding.pdi);
        }
    };
    const auto frame = [&] { put_address(sink, finding.pa.value_or(PhysAddr{})); };
    const bool many = finding.count > 1;
    switch (finding.rule) {
    case Rule::paging_off:
        sink.put("paging is off (CR0.PG = 0)");
        return;
    case Rule::directory_beyond_ram:
        sink.put("CR3 points at ");
        frame();
        sink.put(", beyond RAM");
        return;
    case Rule::table_beyond_ram:
        entry();
        sink.put(" points at a table at ");
        frame();
        sink.put(", beyond RAM");
        return;
    case Rule::reserved_bits:
        entry();
        sink.put(" = ");
        put_hex(sink, finding.raw, 8);
        sink.put(" has reserved bits set: each access faults");
        return;
    case Rule::self_map_user_writable:
        entry();
        sink.put(" lets user code rewrite every page table (self-map with US and RW)");
        return;
    case Rule::self_map_user:
        entry();
        sink.put(" lets user code read every page table (self-map with US)");
        return;
    case Rule::self_map_missing:
        sink.put("no slot maps the directory onto itself");
        return;
    case Rule::self_map_several:
        put_decimal(sink, finding.count);
        sink.put(" slots map the directory onto itself; the highest is ");
        put_decimal(sink, finding.pdi);
        return;
    case Rule::table_shared:
        entry();
        sink.put(" shares its table ");
        frame();
        sink.put(" with ");
        put_pde_name(sink, finding.other_pdi);
        return;
    case Rule::table_writable:
        entry();
        sink.put(many          ? " map page tables from "
                 : finding.pti ? " maps the page table at "
                               : " maps 4 MiB with page tables among them from ");
        frame();
        sink.put(" writably, beside the self-map");
        return;
    case Rule::page_beyond_ram:
        entry();
        sink.put(many ? " map memory from " : " maps ");
        frame();
        sink.put(many ? " on, beyond RAM" : ", beyond RAM");
        return;
    case Rule::pde_restricts:
        entry();
        sink.put(many ? " give rights that " : " gives rights that ");
        put_pde_name(sink, finding.pdi);
        sink.put(" takes away");
        return;
    case Rule::data_not_present:
        entry();
        sink.put(many ? " are not present but hold data, first " : " is not present but holds ");
        put_hex(sink, finding.raw, 8);
        return;
    }
}

/// One line of `check`, without its newline.
template <TextSink S>
constexpr void put_finding(S& sink, const Finding& finding) {
    sink.put(severity_name(rule_info(finding.rule).severity));
    sink.put(" ");
    sink.put(rule_info(finding.rule).name);
    sink.put(": ");
    put_finding_text(sink, finding);
}

template <TextSink S>
constexpr void write_json(S& sink, const Finding& finding) {
    const bool of_entry = finding.rule != Rule::paging_off && finding.rule != Rule::directory_beyond_ram &&
                          finding.rule != Rule::self_map_missing;
    JsonObject json(sink, "finding");
    json.text("severity", severity_name(rule_info(finding.rule).severity));
    json.text("rule", rule_info(finding.rule).name);
    json.address("va", of_entry ? std::optional{finding.va()} : std::nullopt);
    json.address("pa", finding.pa);
    json.plain_text("text", [&](S& text) { put_finding_text(text, finding); });
}

} // namespace pagelab::paging
