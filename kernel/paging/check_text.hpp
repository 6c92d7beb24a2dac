// The findings of `check` as text and as JSON.
// For shell and console; docs/formats.md is the contract.
#pragma once

#include "kernel/paging/check_rules.hpp"
#include "kernel/paging/say.hpp"

namespace pagelab::paging {

namespace detail {

/// PDE 3, PTE 3:9, or: PTE 3:9 and 2 after it
template <TextSink S>
void put_finding_entry(S& sink, const Finding& finding) {
    say(sink, finding.count > 1 ? "{} and {} after it" : "{}", EntryName{finding.pdi, finding.pti},
        Decimal{finding.count - 1});
}

/// Replaces in `pattern`: @ the entry (or entries), * the frame, $ the raw value, # the count, % the slot,
/// ~ the other address, ^ the other slot, & is or are; ? is an s for one entry, nothing for several.
template <TextSink S>
void put_pattern(S& sink, const char* pattern, const Finding& finding) {
    for (; *pattern != '\0'; ++pattern) {
        switch (*pattern) {
        case '@':
            put_finding_entry(sink, finding);
            break;
        case '*':
            put_address(sink, finding.pa.value_or(PhysAddr{}));
            break;
        case '$':
            put_hex(sink, finding.raw, 8);
            break;
        case '#':
            put_decimal(sink, finding.count);
            break;
        case '%':
            put_decimal(sink, finding.pdi);
            break;
        case '~':
            put_address(sink, finding.other);
            break;
        case '^':
            say(sink, "{}", EntryName{finding.other.directory_index()});
            break;
        case '&':
            say(sink, finding.count > 1 ? "are" : "is");
            break;
        case '?':
            say(sink, finding.count > 1 ? "" : "s");
            break;
        default:
            sink.put({pattern, 1});
        }
    }
}

/// In the order of Rule; see put_pattern. Of several entries * and $ are those of the first.
inline constexpr std::array<const char*, kRules.size()> kFindingPatterns = {
    "paging is off (CR0.PG = 0)",
    "CR3 points at *, beyond RAM",
    "@ point? at a table at *, beyond RAM",
    "@ = $ look? like a virtual address, which leads to *; an entry holds physical ones",
    "@ use? * as a table, a free frame that may be given away",
    "@ share? the table * with ^",
    "@ = $ with reserved bits set: each access faults",
    "@ = $ set? bits that the CPU ignores in it (of D, PS, G)",
    "G in @: its window page stays in the TLB when CR3 changes",
    "@ let? user code rewrite every page table (self-map with US and RW)",
    "@ let? user code read every page table (self-map with US)",
    "@ & the self-map of another directory at *: an edit through it changes that one",
    "no slot maps the directory onto itself",
    "# slots map the directory onto itself; the highest is %",
    "@ map? *, beyond RAM",
    "@ let? user code rewrite the page table at *",
    "@ let? user code read the page table at *",
    "@ map? the page table at * writably, beside the self-map",
    "@ map? the page table at * as data, read-only",
    "@ map? *, a free frame that may be given away",
    "@ give? rights that PDE % takes away",
    "@ map? * with another cache type than ~ does",
    "@ map? * with other rights than ~ does",
    "# pages were too scattered to look for their aliases",
    "@ & not present but hold? $",
};
inline constexpr std::array<const char*, 3> kMeaningPatterns = {
    ": a place in a swap file, or other data of the system",
    ": a stale entry for *, or a pointer",
    ": the virtual address of the page table at *, as MMURTL keeps it",
};

} // namespace detail

/// The sentence of a finding, without its severity and rule.
template <TextSink S>
void put_finding_text(S& sink, const Finding& finding) {
    detail::put_pattern(sink, detail::kFindingPatterns[static_cast<std::size_t>(finding.rule)], finding);
    if (finding.rule == Rule::data_not_present) {
        detail::put_pattern(sink, detail::kMeaningPatterns[static_cast<std::size_t>(finding.meaning)],
                            finding);
    }
}

/// One line of `check`, without its newline.
template <TextSink S>
void put_finding(S& sink, const Finding& finding) {
    const RuleInfo& rule = rule_info(finding.rule);
    say(sink, "{} {}: ", severity_name(rule.severity), rule.name);
    put_finding_text(sink, finding);
}

template <TextSink S>
void write_json(S& sink, const Finding& finding) {
    const bool of_entry = finding.rule != Rule::paging_off && finding.rule != Rule::directory_beyond_ram &&
                          finding.rule != Rule::self_map_missing && finding.rule != Rule::alias_unknown;
    const RuleInfo& rule = rule_info(finding.rule);
    say(sink, R"({"record":"finding","v":1,"severity":"{}","rule":"{}","va":{},"pa":{},"text":")",
        severity_name(rule.severity), rule.name, of_entry ? HexOrNull{finding.va()} : HexOrNull{std::nullopt},
        HexOrNull{finding.pa});
    put_finding_text(sink, finding);
    say(sink, "\"}");
}

} // namespace pagelab::paging
