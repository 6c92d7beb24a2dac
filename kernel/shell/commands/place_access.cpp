#include "kernel/shell/commands/place_access.hpp"

#include "kernel/shell/reader.hpp"

#include <algorithm>
#include <optional>

namespace pagelab::shell {
namespace {

/// Whether the CPU can't make the access: the place is in a space that it has not loaded.
bool is_elsewhere(const Machine& machine, const Place& place) {
    return !place.physical && machine.space_in_work() != machine.space();
}

using Value = std::expected<std::uint32_t, machine::OperationError>;

/// Where a byte of the space in work lies. For a write its page must be one that the kernel may write there.
std::expected<PhysAddr, machine::OperationError> locate(Machine& machine, VirtAddr va, bool writes,
                                                        bool force) {
    const auto is_denied = [&](const paging::Walk& walk) {
        return writes && walk.pa && paging::predict(walk, {.kind = paging::AccessKind::write}).fault;
    };
    paging::Walk walk = walk_now(machine, va, false);
    if (is_denied(walk) && machine.unshare(va)) {
        walk = walk_now(machine, va, false);
    }
    if (!walk.pa) {
        return std::unexpected{machine::OperationError{.refusal = machine::Refusal::not_present, .va = va}};
    }
    if (is_denied(walk) && !force) {
        return std::unexpected{machine::OperationError{
            .refusal = machine::Refusal::guarded, .va = va, .reason = "the page is read-only in that space"}};
    }
    return *walk.pa;
}

/// An access that the CPU can't make, for it has another space loaded: a store if there is a value. Byte by
/// byte where it passes the end of a page.
Value access_elsewhere(Invocation& invocation, VirtAddr va, Unit unit, std::optional<std::uint32_t> value) {
    Machine& machine = invocation.machine;
    const bool whole = va.page_offset() + bytes_of(unit) <= paging::kPageSize;
    const Unit piece = whole ? unit : Unit::byte;
    std::uint32_t result = 0;
    for (std::uint32_t i = 0; i < bytes_of(unit); i += bytes_of(piece)) {
        const auto pa = locate(machine, VirtAddr{va.raw() + i}, value.has_value(), invocation.change.force);
        if (!pa) {
            return std::unexpected{pa.error()};
        }
        if (value) {
            const auto stored = machine.store_physical(*pa, piece, *value >> (8 * i), invocation.change);
            if (!stored) {
                return std::unexpected{stored.error()};
            }
            continue;
        }
        const auto part = machine.load_physical(*pa, piece);
        if (!part) {
            return part;
        }
        result |= *part << (8 * i);
    }
    return result;
}

} // namespace

Value load(Invocation& invocation, const Place& place, Unit unit) {
    Machine& machine = invocation.machine;
    if (place.physical) {
        return machine.load_physical(place.pa, unit);
    }
    return is_elsewhere(machine, place) ? access_elsewhere(invocation, place.va, unit, std::nullopt)
                                        : Value{machine.load(place.va, unit)};
}

std::expected<void, machine::OperationError> store(Invocation& invocation, const Place& place, Unit unit,
                                                   std::uint32_t value) {
    Machine& machine = invocation.machine;
    if (place.physical) {
        return machine.store_physical(place.pa, unit, value, invocation.change);
    }
    if (!is_elsewhere(machine, place)) {
        return machine.store(place.va, unit, value, invocation.change);
    }
    const Value done = access_elsewhere(invocation, place.va, unit, value);
    return done ? std::expected<void, machine::OperationError>{} : std::unexpected{done.error()};
}

std::uint32_t room_on_page(const Place& place) {
    return paging::kPageSize - (place.physical ? place.pa.frame_offset() : place.va.page_offset());
}

std::uint32_t units_on_page(const Place& place, Unit unit, std::uint32_t left) {
    return std::min(left, (room_on_page(place) + bytes_of(unit) - 1) / bytes_of(unit));
}

} // namespace pagelab::shell
