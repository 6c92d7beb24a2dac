#include "kernel/shell/rights.hpp"

#include <array>

namespace pagelab::shell {
namespace {

using paging::Flag;
using paging::same_word;
namespace bits = paging::bits;

/// What one word or letter of a rights token means.
struct Meaning {
    std::uint32_t attribute = 0;
    bool large = false;
    bool execute = false;
    bool read = false;
};

std::optional<Meaning> meaning_of_letter(char c) {
    switch (paging::detail::lower(c)) {
    case 'r':
        return Meaning{.read = true};
    case 'w':
        return Meaning{.attribute = bits::kWritable};
    case 'u':
        return Meaning{.attribute = bits::kUser};
    case 'g':
        return Meaning{.attribute = bits::kGlobal};
    case 'x':
        return Meaning{.execute = true};
    default:
        return std::nullopt;
    }
}

/// Words of more than one letter. `rw` is letters and Intel's name alike, and means the same.
std::optional<Meaning> meaning_of_word(std::string_view word) {
    if (same_word(word, "nc")) {
        return Meaning{.attribute = bits::kCacheDisable};
    }
    if (same_word(word, "wt")) {
        return Meaning{.attribute = bits::kWriteThrough};
    }
    if (same_word(word, "big")) {
        return Meaning{.large = true};
    }
    if (word.size() < 2 && !same_word(word, "p")) {
        return std::nullopt;
    }
    const auto flag = find_flag(word);
    if (!flag) {
        return std::nullopt;
    }
    switch (*flag) {
    case Flag::p:
        return Meaning{.read = true};
    case Flag::ps:
        return Meaning{.large = true};
    case Flag::a:
    case Flag::d:
        return std::nullopt;
    default:
        return Meaning{.attribute = raw_bit(*flag, false)};
    }
}

std::unexpected<Problem> unknown_part(std::string_view token, std::string_view part) {
    if (same_word(part, "a") || same_word(part, "d") || same_word(part, "ad")) {
        return wrong("'{}' is not rights: A and D are set by the CPU; setpte writes them", token);
    }
    if (same_word(part, "nx") || same_word(part, "xd")) {
        return wrong("'{}' is not rights: 32-bit paging has no NX", token);
    }
    return wrong("'{}' is not rights; letters are r w u g, after commas nc wt big pat: rwu,nc", token);
}

/// Takes the part before the next comma or bar.
std::string_view take_part(std::string_view& rest) {
    const std::size_t end = rest.find_first_of(",|");
    const std::string_view part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    return part;
}

/// Calls `visit(Meaning)` for the word, or for each of its letters. False if it is neither.
template <class Visit>
bool visit_part(std::string_view part, bool dashes, Visit visit) {
    if (const auto word = meaning_of_word(part)) {
        visit(*word);
        return true;
    }
    for (const char c : part) {
        if (!(dashes && c == '-') && !meaning_of_letter(c)) {
            return false;
        }
    }
    for (const char c : part) {
        if (const auto letter = meaning_of_letter(c)) {
            visit(*letter);
        }
    }
    return !part.empty();
}

Parsed<RightsChange> parse_signed(std::string_view token) {
    RightsChange change;
    std::string_view rest = token;
    if (token.ends_with(',')) {
        return unknown_part(token, {});
    }
    char sign = 0;
    while (!rest.empty()) {
        std::string_view part = take_part(rest);
        if (part.empty()) {
            return unknown_part(token, part);
        }
        while (!part.empty()) {
            if (part.front() == '+' || part.front() == '-') {
                sign = part.front();
                part.remove_prefix(1);
            }
            const std::size_t end = part.find_first_of("+-");
            const std::string_view group = part.substr(0, end);
            part = end == std::string_view::npos ? std::string_view{} : part.substr(end);
            Parsed<void> taken;
            const bool known = visit_part(group, false, [&](const Meaning& meaning) {
                if (meaning.large) {
                    taken = wrong("'{}': a page keeps its size; unmap it and map it again with big", token);
                } else if (sign == '-' && (meaning.read || meaning.execute)) {
                    taken = wrong("'{}': 32-bit paging can't take reading or executing from a page that is "
                                  "present; unmap takes all",
                                  token);
                }
                change.mentions_execute = change.mentions_execute || meaning.execute;
                (sign == '-' ? change.clear : change.set) |= meaning.attribute;
            });
            if (!known) {
                return unknown_part(token, group);
            }
            if (!taken) {
                return std::unexpected{taken.error()};
            }
        }
    }
    if ((change.clear & change.set) != 0) {
        return wrong("'{}' gives and takes the same right", token);
    }
    return change;
}

} // namespace

bool looks_like_rights(std::string_view token) {
    return !looks_physical(token) && !token.empty() && !(token.front() >= '0' && token.front() <= '9');
}

Parsed<Rights> parse_rights(std::string_view token) {
    Rights rights;
    std::string_view rest = token;
    if (token.ends_with(',') || token.ends_with('|')) {
        return unknown_part(token, {});
    }
    do {
        const std::string_view part = take_part(rest);
        if (part == "---") {
            return wrong("'---': a page that is present can be read by the kernel; unmap takes it away");
        }
        const bool printed = part.size() == 3 && paging::detail::lower(part.front()) == 'r';
        const bool known = visit_part(part, printed, [&](const Meaning& meaning) {
            rights.attributes.bits |= meaning.attribute;
            rights.large = rights.large || meaning.large;
            rights.mentions_execute = rights.mentions_execute || meaning.execute;
        });
        if (!known) {
            return unknown_part(token, part);
        }
    } while (!rest.empty());
    return rights;
}

Parsed<RightsChange> parse_rights_change(std::string_view token) {
    if (!token.empty() && (token.front() == '+' || token.front() == '-') && token != "---") {
        return parse_signed(token);
    }
    const auto rights = parse_rights(token);
    if (!rights) {
        return std::unexpected{rights.error()};
    }
    if (rights->large) {
        return wrong("'{}': a page keeps its size; unmap it and map it again with big", token);
    }
    // It sets what rights and caching are; the bits that are free for software stay unless they are named.
    constexpr std::uint32_t kSoftware = bits::kAvail9 | bits::kAvail10 | bits::kAvail11;
    return RightsChange{.clear = machine::kAttributeMask & ~kSoftware,
                        .set = rights->attributes.bits,
                        .mentions_execute = rights->mentions_execute};
}

} // namespace pagelab::shell
