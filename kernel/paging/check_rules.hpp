// What `check` can find: the rules by name and severity, and one thing found.
// For the checker and its text; a face that lists rules reads kRules. Data only.
#pragma once

#include "kernel/paging/entry.hpp"

#include <array>
#include <optional>

namespace pagelab::paging {

/// error: the CPU faults, or somebody gets at memory that is not his. warning: works until something else
/// happens. note: worth knowing, may well be meant.
enum class Severity : std::uint8_t { error, warning, note };

/// The order is that of kRules. docs/formats.md says what each means and what to do.
enum class Rule : std::uint8_t {
    paging_off,
    directory_beyond_ram,
    table_beyond_ram,
    table_virtual,
    table_free,
    table_shared,
    reserved_bits,
    ignored_bits,
    global_table,
    self_map_user_writable,
    self_map_user,
    self_map_copied,
    self_map_missing,
    self_map_several,
    page_beyond_ram,
    table_user_writable,
    table_user,
    table_writable,
    table_mapped,
    page_free,
    pde_restricts,
    alias_caching,
    alias_rights,
    alias_unknown,
    data_not_present,
};

struct RuleInfo {
    const char* name;
    Severity severity;
};

inline constexpr std::array<RuleInfo, 25> kRules = {{
    {"paging-off", Severity::note},         {"directory-beyond-ram", Severity::error},
    {"table-beyond-ram", Severity::error},  {"table-virtual", Severity::error},
    {"table-free", Severity::error},        {"table-shared", Severity::warning},
    {"reserved-bits", Severity::error},     {"ignored-bits", Severity::note},
    {"global-table", Severity::warning},    {"self-map-user-writable", Severity::error},
    {"self-map-user", Severity::warning},   {"self-map-copied", Severity::error},
    {"self-map-missing", Severity::note},   {"self-map-several", Severity::note},
    {"page-beyond-ram", Severity::warning}, {"table-user-writable", Severity::error},
    {"table-user", Severity::warning},      {"table-writable", Severity::warning},
    {"table-mapped", Severity::note},       {"page-free", Severity::warning},
    {"pde-restricts", Severity::note},      {"alias-caching", Severity::warning},
    {"alias-rights", Severity::note},       {"alias-unknown", Severity::note},
    {"data-not-present", Severity::note},
}};
static_assert(kRules.size() == static_cast<std::size_t>(Rule::data_not_present) + 1);

constexpr const RuleInfo& rule_info(Rule rule) {
    return kRules[static_cast<std::size_t>(rule)];
}
/// What a page over a table breaks, by the rights that it gives.
constexpr Rule rule_over_table(bool user, bool writable) {
    if (user) {
        return writable ? Rule::table_user_writable : Rule::table_user;
    }
    return writable ? Rule::table_writable : Rule::table_mapped;
}
inline constexpr const char* severity_name(Severity severity) {
    constexpr std::array<const char*, 3> kNames = {"error", "warning", "note"};
    return kNames[static_cast<std::size_t>(severity)];
}

/// What the value of an entry that is not present may be.
enum class Meaning : std::uint8_t {
    own_data,    // a place in a swap file, or whatever the system keeps there
    stale_entry, // the frame's bits name RAM: an entry that lost its P, or a pointer
    table_word,  // a page table's virtual address, as MMURTL keeps it in the directory
};

/// One thing found. `count` neighbouring entries with one complaint are one finding, told by the first.
struct Finding {
    Rule rule{};
    Meaning meaning{};
    std::uint16_t pdi = 0;
    std::optional<std::uint16_t> pti;
    std::optional<PhysAddr> pa;
    std::uint32_t raw = 0;
    std::uint32_t count = 1;
    /// table_shared: what the other slot translates. alias_…: the lower page over the same frame.
    VirtAddr other{};

    [[nodiscard]] constexpr VirtAddr va() const { return VirtAddr::from_indices(pdi, pti.value_or(0)); }

    /// Whether `next` is the same complaint about the entry after the last one.
    [[nodiscard]] constexpr bool continues(const Finding& next) const {
        const bool alias = rule == Rule::alias_caching || rule == Rule::alias_rights;
        return rule == next.rule && meaning == next.meaning && pti.has_value() == next.pti.has_value() &&
               other.raw() + (alias ? count * kPageSize : 0) == next.other.raw() &&
               (pti ? pdi == next.pdi && *pti + count == *next.pti : pdi + count == next.pdi);
    }
};

} // namespace pagelab::paging
