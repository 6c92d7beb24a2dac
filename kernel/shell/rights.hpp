// Rights as one token: letters `r w u g`, words after commas, Intel's names as synonyms.
// For the commands that map and protect. Pure.
#pragma once

#include "kernel/machine/operations.hpp"
#include "kernel/paging/flag_words.hpp"
#include "kernel/shell/arguments.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace pagelab::shell {

using paging::find_flag;
using paging::raw_bit;

/// `rwu`, `rw,u,nc,wt,big`, `rwx` as walk prints it.
struct Rights {
    machine::Attributes attributes{0};
    bool large = false; // `big`, PS: pages of 4 MiB
    /// It named x, which 32-bit paging has no bit for: to be said in a note.
    bool mentions_execute = false;
};
[[nodiscard]] Parsed<Rights> parse_rights(std::string_view token);
/// Whether the token can only be meant as rights: it has no digit and no `p:`.
[[nodiscard]] bool looks_like_rights(std::string_view token);

/// `rw`, or `+u`, `-w`, `+u,-w`, `+nc`: new bits = (old & ~clear) | set.
struct RightsChange {
    std::uint32_t clear = 0;
    std::uint32_t set = 0;
    bool mentions_execute = false;
};
[[nodiscard]] Parsed<RightsChange> parse_rights_change(std::string_view token);

} // namespace pagelab::shell
