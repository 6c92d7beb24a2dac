// RANGE, virtual and physical.
#include "kernel/shell/arguments.hpp"

namespace pagelab::shell {
namespace {

/// The end of a range: an address or one past the last.
Parsed<std::uint64_t> parse_end(std::string_view token, const machine::Machine& machine) {
    if (const auto number = read_number(token); number && *number == paging::kAddressSpaceEnd) {
        return *number;
    }
    const auto va = parse_virtual(token, machine);
    if (!va) {
        return std::unexpected{va.error()};
    }
    return std::uint64_t{va->raw()};
}

Parsed<std::uint64_t> parse_size(std::string_view token) {
    const auto size = read_number(token);
    if (size && *size != 0) {
        return *size;
    }
    if (size) {
        return wrong("a range of 0 bytes is empty");
    }
    const Proposal proposal = propose_number(token);
    if (proposal.size() != 0) {
        return wrong("'{}' is not a size; did you mean {}?", token, proposal);
    }
    return wrong("'{}' is not a size; write 4096, 0x1000, 4K, 4M or 1G", token);
}

struct RangeParts {
    std::string_view first;
    std::string_view second;
    bool sized = false; // A+SIZE
};

std::optional<RangeParts> split_range(std::string_view token) {
    const std::size_t at = token.find_first_of("-+");
    if (at == std::string_view::npos || at == 0 || at + 1 == token.size()) {
        return std::nullopt;
    }
    return RangeParts{token.substr(0, at), token.substr(at + 1), token[at] == '+'};
}

std::unexpected<Problem> not_a_range(std::string_view token) {
    const std::size_t dots = token.find("..");
    if (dots != std::string_view::npos && dots != 0 && dots + 2 < token.size()) {
        return wrong("'{}' is not a range; did you mean {}-{}?", token, token.substr(0, dots),
                     token.substr(dots + 2));
    }
    if (read_number(token)) {
        return wrong("'{}' is not a range; did you mean {}+4K?", token, token);
    }
    return wrong("'{}' is not a range; write 0xc0000000-0xc0400000 (the end is exclusive) or 0xc0000000+4M",
                 token);
}

template <class T>
Parsed<T> empty_range(std::string_view token, const RangeParts& parts, bool equal) {
    if (equal) {
        return wrong("the range '{}' is empty, its end is exclusive; did you mean {}+4K?", token,
                     parts.first);
    }
    return wrong("the range '{}' ends before it begins; did you mean {}-{}?", token, parts.second,
                 parts.first);
}

} // namespace

Parsed<VirtRange> parse_range(std::string_view token, const machine::Machine& machine) {
    const auto parts = split_range(token);
    if (!parts) {
        return not_a_range(token);
    }
    const auto first = parse_virtual(parts->first, machine);
    if (!first) {
        return std::unexpected{first.error()};
    }
    if (parts->sized) {
        const auto size = parse_size(parts->second);
        if (!size) {
            return std::unexpected{size.error()};
        }
        const auto range = VirtRange::from_size(*first, *size);
        if (!range) {
            return wrong("the range '{}' passes the end of the address space; did you mean {}?", token,
                         VirtRange{*first, paging::kAddressSpaceEnd});
        }
        return *range;
    }
    const auto end = parse_end(parts->second, machine);
    if (!end) {
        return std::unexpected{end.error()};
    }
    if (*end <= first->raw()) {
        return empty_range<VirtRange>(token, *parts, *end == first->raw());
    }
    return VirtRange{*first, *end};
}

Parsed<PhysRange> parse_physical_range(std::string_view token) {
    const auto parts = split_range(token);
    if (!parts) {
        return not_a_range(token);
    }
    const auto first = parse_physical(parts->first, true);
    if (!first) {
        return std::unexpected{first.error()};
    }
    if (parts->sized) {
        const auto size = parse_size(parts->second);
        if (!size) {
            return std::unexpected{size.error()};
        }
        if (*size > kLastPhysical + 1 - first->raw()) {
            return wrong("the range '{}' passes the last physical address, {}", token,
                         PhysAddr{kLastPhysical});
        }
        return PhysRange{*first, first->plus(*size)};
    }
    const auto end = parse_physical(parts->second, true);
    if (!end) {
        return std::unexpected{end.error()};
    }
    if (*end <= *first) {
        return empty_range<PhysRange>(token, *parts, *end == *first);
    }
    return PhysRange{*first, *end};
}

} // namespace pagelab::shell
