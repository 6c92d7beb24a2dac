// Invariants and hazards of a page directory: the rules of `check`, applied.
// For shell and console; check_text.hpp says the findings. Pure: memory is read through the caller's reader,
// what else must be known comes from the caller's facts, and the room is the caller's. Ends after at most
// 1,024 tables of 1,024 reads and a few thousand reads more, whatever memory holds.
#pragma once

#include "kernel/paging/check_facts.hpp"
#include "kernel/paging/check_rules.hpp"
#include "kernel/paging/self_map.hpp"

namespace pagelab::paging::detail {

template <WordReader R, CheckFacts F, class Emit>
class Checker {
public:
    constexpr Checker(R& read, const PagingContext& context, F& facts, CheckWorkspace& workspace, Emit& emit)
        : read_(read), context_(context), facts_(facts), tables_(workspace.tables), runs_(workspace.runs),
          emit_(emit) {}

    [[gnu::noinline]] constexpr void run() {
        const PhysAddr directory = context_.control.directory();
        if (!context_.control.paging()) {
            report({.rule = Rule::paging_off});
        } else if (!facts_.is_ram(directory)) {
            report({.rule = Rule::directory_beyond_ram, .pa = directory});
        } else {
            collect();
            for (slot_ = 0; slot_ < kEntryCount; ++slot_) {
                if (!facts_.is_window(slot_)) {
                    check_slot(pde(slot_));
                }
            }
            check_whole();
        }
        if (open_) {
            emit_(*open_);
        }
    }

private:
    static constexpr std::uint32_t kRightsMask = bits::kWritable | bits::kUser;
    static constexpr std::uint32_t kCachingMask = bits::kWriteThrough | bits::kCacheDisable | bits::kPat;

    [[gnu::noinline]] constexpr Pde pde(std::uint32_t pdi) {
        return Pde{read_(context_.control.directory().plus(entry_offset(pdi))).value_or(0)};
    }
    [[gnu::noinline]] constexpr Pte pte(Pde entry, std::uint32_t pti) {
        return Pte{read_(entry.table().plus(entry_offset(pti))).value_or(0)};
    }
    /// Where a virtual address leads, rights aside.
    [[gnu::noinline]] constexpr std::optional<PhysAddr> translate(VirtAddr va) {
        const Pde upper = pde(va.directory_index());
        if (upper.kind(context_) == EntryKind::page) {
            return upper.large_frame(context_).plus(va.large_page_offset());
        }
        const Pte lower = upper.kind(context_) == EntryKind::table ? pte(upper, va.table_index()) : Pte{};
        return lower.present() ? std::optional{lower.frame()} : std::nullopt;
    }

    [[gnu::noinline]] constexpr void report(const Finding& finding) {
        if (open_ && open_->continues(finding)) {
            ++open_->count;
            return;
        }
        if (open_) {
            emit_(*open_);
        }
        open_ = finding;
    }
    [[gnu::noinline]] constexpr Finding of_slot(Rule rule, EntryWord entry) const {
        return {.rule = rule, .pdi = static_cast<std::uint16_t>(slot_), .raw = entry.raw()};
    }
    [[gnu::noinline]] constexpr void report_slot(Rule rule, EntryWord entry) { report(of_slot(rule, entry)); }
    [[gnu::noinline]] constexpr void report_slot(Rule rule, EntryWord entry, PhysAddr pa) {
        Finding finding = of_slot(rule, entry);
        finding.pa = pa;
        report(finding);
    }

    /// Gathers what single slots are judged by: all tables, the self-map, and whether any window shows them.
    [[gnu::noinline]] constexpr void collect() {
        tables_.add(context_.control.directory(), TableFrames::kNoSlot);
        for (slot_ = 0; slot_ < kEntryCount; ++slot_) {
            if (facts_.is_window(slot_)) {
                in_window_ = true;
                continue;
            }
            const Pde entry = pde(slot_);
            if (is_self_map(entry, context_)) {
                ++self_maps_;
                last_self_map_ = static_cast<std::uint16_t>(slot_);
            } else if (entry.kind(context_) == EntryKind::table) {
                tables_.add(entry.table(), slot_);
                copied_ = copied_ || is_others_self_map(entry);
            }
        }
        in_window_ = in_window_ || self_maps_ != 0 || copied_;
        tables_.sort();
    }
    /// Whether it leads to another directory, whose own self-map stands where this entry does.
    constexpr bool is_others_self_map(Pde entry) {
        const Pte same = pte(entry, slot_);
        return same.present() && same.frame() == entry.table();
    }

    [[gnu::noinline]] constexpr void check_slot(Pde entry) {
        switch (entry.kind(context_)) {
        case EntryKind::not_present:
            if (entry.raw() != 0) {
                report_data(of_slot(Rule::data_not_present, entry));
            }
            return;
        case EntryKind::reserved:
            report_slot(Rule::reserved_bits, entry);
            return;
        case EntryKind::page: {
            const PhysAddr frame = entry.large_frame(context_);
            const std::uint32_t pat = (entry.raw() & bits::kLargePat) != 0 ? bits::kPat : 0;
            Finding page = of_slot({}, entry);
            page.pa = frame;
            check_page(page, (entry.raw() & ~bits::kPat) | pat, kLargePageSize, false);
            return;
        }
        default:
            check_table_slot(entry);
        }
    }

    [[gnu::noinline]] constexpr void check_table_slot(Pde entry) {
        const PhysAddr table = entry.table();
        if (!facts_.is_ram(table)) {
            const auto leads_to = translate(VirtAddr{static_cast<std::uint32_t>(table.raw())});
            const bool is_virtual = leads_to && facts_.is_ram(*leads_to);
            report_slot(is_virtual ? Rule::table_virtual : Rule::table_beyond_ram, entry,
                        is_virtual ? *leads_to : table);
            return;
        }
        check_table_bits(entry);
        if (is_self_map(entry, context_)) {
            if (entry.user()) {
                report_slot(entry.writable() ? Rule::self_map_user_writable : Rule::self_map_user, entry,
                            table);
            }
            return;
        }
        if (is_others_self_map(entry)) {
            report_slot(Rule::self_map_copied, entry, table);
            return;
        }
        if (is_shared(entry)) {
            return;
        }
        if (facts_.is_free(table)) {
            report_slot(Rule::table_free, entry, table);
        }
        check_table(entry);
    }

    /// Tells of a lower slot with the same table; true if that one gives the same rights, so that all has
    /// been said of what is below.
    constexpr bool is_shared(Pde entry) {
        const std::uint32_t lowest = tables_.slot_of(entry.table());
        if (lowest >= slot_) {
            return false;
        }
        Finding finding = of_slot(Rule::table_shared, entry);
        finding.pa = entry.table();
        finding.other = VirtAddr::from_indices(lowest, 0);
        report(finding);
        return ((pde(lowest).raw() ^ entry.raw()) & kRightsMask) == 0;
    }

    /// Where tables are shown in a window, a table's PDE is the PTE of its window page: there D and G count.
    constexpr void check_table_bits(Pde entry) {
        if (in_window_ && entry.global() && context_.control.pge()) {
            report_slot(Rule::global_table, entry, entry.table());
        }
        const std::uint32_t ignored = in_window_ ? bits::kLarge : bits::kDirty | bits::kLarge | bits::kGlobal;
        if ((entry.raw() & ignored) != 0) {
            report_slot(Rule::ignored_bits, entry);
        }
    }

    [[gnu::noinline]] constexpr void check_table(Pde entry) {
        for (std::uint32_t pti = 0; pti < kEntryCount; ++pti) {
            const Pte lower = pte(entry, pti);
            if (lower.raw() == 0) {
                continue;
            }
            Finding finding = of_slot(Rule::data_not_present, lower);
            finding.pti = static_cast<std::uint16_t>(pti);
            if (!lower.present()) {
                report_data(finding);
                continue;
            }
            finding.pa = lower.frame();
            const std::uint32_t taken = lower.raw() & ~entry.raw() & kRightsMask;
            check_page(finding, lower.raw() & ~taken, kPageSize, taken != 0);
        }
    }

    constexpr void report_data(Finding finding) {
        const std::uint32_t raw = finding.raw;
        const PhysAddr frame{raw & bits::kFrameMask};
        const auto leads_to =
            !finding.pti && raw == frame.raw() ? translate(VirtAddr{raw}) : std::optional<PhysAddr>{};
        if (leads_to && tables_.within(*leads_to, kPageSize)) {
            finding.meaning = Meaning::table_word;
            finding.pa = leads_to;
        } else if (frame != PhysAddr{} && facts_.is_ram(frame)) {
            finding.meaning = Meaning::stale_entry;
            finding.pa = frame;
        }
        report(finding);
    }

    /// A page of `size` bytes at finding.pa. `effective`: the leaf's word with the rights of both levels, PAT
    /// in bit 7. `restricted`: the PDE takes rights away.
    constexpr void check_page(Finding page, std::uint32_t effective, std::uint32_t size, bool restricted) {
        const PhysAddr frame = page.pa.value_or(PhysAddr{});
        const AliasRun run{static_cast<std::uint32_t>(frame.frame()),
                           page.va().raw() | (effective & (kRightsMask | kCachingMask)), size / kPageSize};
        const bool own = facts_.is_own(page.va());
        const bool ram = facts_.is_ram(frame);
        std::optional<Rule> rule;
        if (!ram) {
            rule = Rule::page_beyond_ram;
        } else if (const auto table = own ? std::nullopt : tables_.within(frame, size)) {
            rule = rule_over_table((effective & bits::kUser) != 0, (effective & bits::kWritable) != 0);
            page.pa = table;
        } else if (const auto free = own ? std::nullopt : free_within(frame, size)) {
            rule = Rule::page_free;
            page.pa = free;
        } else if (restricted) {
            rule = Rule::pde_restricts;
        }
        if (rule) {
            page.rule = *rule;
            report(page);
        }
        if (ram && !own) {
            check_aliases(page, run, rule.has_value());
        }
    }

    constexpr std::optional<PhysAddr> free_within(PhysAddr first, std::uint32_t size) {
        for (std::uint32_t offset = 0; offset < size; offset += kPageSize) {
            if (facts_.is_free(first.plus(offset))) {
                return first.plus(offset);
            }
        }
        return std::nullopt;
    }

    /// One finding for an entry: a page about which something was said already is remembered only.
    constexpr void check_aliases(Finding page, const AliasRun& run, bool told) {
        const auto alias = [&](std::uint32_t other) {
            const std::uint32_t differs = (other ^ run.page) & (kPageSize - 1);
            if (told || differs == 0) {
                return;
            }
            told = true;
            page.rule = (differs & kCachingMask) != 0 ? Rule::alias_caching : Rule::alias_rights;
            page.other = VirtAddr{other}.page_base();
            report(page);
        };
        runs_.add(run, alias);
    }

    [[gnu::noinline]] constexpr void check_whole() {
        Finding finding{.pdi = last_self_map_, .pa = context_.control.directory(), .count = self_maps_};
        if (self_maps_ > 1 || (self_maps_ == 0 && !copied_)) {
            finding.rule = self_maps_ == 0 ? Rule::self_map_missing : Rule::self_map_several;
            report(finding);
        }
        if (runs_.forgotten() != 0) {
            report({.rule = Rule::alias_unknown, .count = runs_.forgotten()});
        }
    }

    R& read_;
    const PagingContext& context_;
    F& facts_;
    TableFrames tables_;
    AliasRuns runs_;
    Emit& emit_;
    std::uint32_t slot_ = 0;
    std::uint32_t self_maps_ = 0;
    std::uint16_t last_self_map_ = 0;
    bool copied_ = false;
    bool in_window_ = false;
    std::optional<Finding> open_;
};

} // namespace pagelab::paging::detail

namespace pagelab::paging {

/// Calls `emit(const Finding&)` for all that the rules find in the directory of `context`.
template <WordReader R, CheckFacts F, class Emit>
constexpr void for_each_finding(R& read, const PagingContext& context, F facts, CheckWorkspace& workspace,
                                Emit emit) {
    detail::Checker<R, F, Emit>(read, context, facts, workspace, emit).run();
}

} // namespace pagelab::paging
