#include "kernel/shell/arguments.hpp"

namespace pagelab::shell {
namespace {

template <class T>
Parsed<T> not_an_address(std::string_view token) {
    const Proposal proposal = propose_number(token);
    if (proposal.size() != 0) {
        return wrong("'{}' is not an address; did you mean {}?", token, proposal);
    }
    return wrong("'{}' is not an address; write 0xc0100000, 768:256 or a kernel symbol", token);
}

Parsed<std::uint32_t> parse_index(std::string_view whole, std::string_view token, const char* level) {
    if (const auto index = read_decimal(token, paging::kEntryCount - 1)) {
        return *index;
    }
    const auto number = read_number(token);
    if (number && *number >= paging::kEntryCount) {
        return wrong("'{}' is not an address: the {} index {} is beyond 1023", whole, level, token);
    }
    if (number) {
        return wrong("'{}' is not an address: indices are decimal, {} is {}", whole, token,
                     Decimal{static_cast<std::uint32_t>(*number)});
    }
    return wrong("'{}' is not an address: '{}' is no {} index from 0 to 1023", whole, token, level);
}

Parsed<VirtAddr> parse_indices(std::string_view token) {
    const std::size_t colon = token.find(':');
    std::string_view rest = token.substr(colon + 1);
    std::string_view offset_token = "0";
    if (const std::size_t second = rest.find(':'); second != std::string_view::npos) {
        offset_token = rest.substr(second + 1);
        rest = rest.substr(0, second);
    }
    const auto pdi = parse_index(token, token.substr(0, colon), "directory");
    if (!pdi) {
        return std::unexpected{pdi.error()};
    }
    const auto pti = parse_index(token, rest, "table");
    if (!pti) {
        return std::unexpected{pti.error()};
    }
    const auto offset = read_number(offset_token);
    if (!offset || *offset >= paging::kPageSize) {
        return wrong("'{}' is not an address: '{}' is no offset from 0 to 4095 (0xfff)", token, offset_token);
    }
    return VirtAddr::from_indices(*pdi, *pti, static_cast<std::uint32_t>(*offset));
}

} // namespace

Parsed<VirtAddr> parse_virtual(std::string_view token, const machine::Machine& machine) {
    if (looks_physical(token)) {
        return wrong(
            "'{}' is a physical address, a virtual one is needed; find {} lists those that lead there", token,
            token);
    }
    // A symbol first: names of C++ hold colons too.
    if (const auto symbol = machine.symbol(token)) {
        return *symbol;
    }
    if (token.find(':') != std::string_view::npos) {
        return parse_indices(token);
    }
    if (const auto number = read_number(token)) {
        if (*number >= paging::kAddressSpaceEnd) {
            return wrong("'{}' is beyond the last virtual address, 0xffffffff", token);
        }
        return VirtAddr{static_cast<std::uint32_t>(*number)};
    }
    return not_an_address<VirtAddr>(token);
}

Parsed<PhysAddr> parse_physical(std::string_view token, bool bare) {
    const bool marked = looks_physical(token);
    const std::string_view number_token = marked ? token.substr(2) : token;
    const auto number = read_number(number_token);
    if (number && *number > kLastPhysical) {
        return wrong("'{}' is beyond the last physical address, {}", token, PhysAddr{kLastPhysical});
    }
    if (number && (marked || bare)) {
        return PhysAddr{*number};
    }
    Proposal proposal;
    if (number) {
        print(proposal, PhysAddr{*number});
        return wrong("'{}' is not a physical address; did you mean {}?", token, proposal);
    }
    if (const Proposal digits = propose_number(number_token); digits.size() != 0) {
        return wrong("'{}' is not a physical address; did you mean p:{}?", token, digits);
    }
    return wrong("'{}' is not a physical address; write p:0x00101000", token);
}

Parsed<Place> parse_place(std::string_view token, const machine::Machine& machine) {
    Place place;
    if (looks_physical(token)) {
        const auto pa = parse_physical(token);
        if (!pa) {
            return std::unexpected{pa.error()};
        }
        place.physical = true;
        place.pa = *pa;
        return place;
    }
    const auto va = parse_virtual(token, machine);
    if (!va) {
        return std::unexpected{va.error()};
    }
    place.va = *va;
    return place;
}

Parsed<std::uint32_t> parse_directory_index(std::string_view token) {
    if (const auto index = read_decimal(token, paging::kEntryCount - 1)) {
        return *index;
    }
    const auto number = read_number(token);
    if (number && *number < paging::kEntryCount) {
        return wrong("'{}' is not a directory index; did you mean {}?", token,
                     Decimal{static_cast<std::uint32_t>(*number)});
    }
    if (number && *number < paging::kAddressSpaceEnd && is_hex(token)) {
        return wrong("'{}' is not a directory index; did you mean {}?", token,
                     Decimal{VirtAddr{static_cast<std::uint32_t>(*number)}.directory_index()});
    }
    return wrong("'{}' is not a directory index from 0 to 1023", token);
}

} // namespace pagelab::shell
