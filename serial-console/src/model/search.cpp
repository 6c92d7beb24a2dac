#include "serial-console/src/model/search.hpp"

#include "serial-console/src/model/address_input.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pagelab::console::model {
namespace {

using paging::PhysAddr;
using paging::Region;
using paging::VirtAddr;

bool is_rights(std::string_view text) {
    return !text.empty() && text.find_first_not_of("rwxug") == std::string_view::npos;
}

bool has_rights(const Region& region, std::string_view letters) {
    const auto asked = [&](char letter) { return letters.find(letter) != std::string_view::npos; };
    const paging::Rights& rights = asked('u') ? region.user : region.kernel;
    return (!asked('u') || region.user.r) && (!asked('r') || rights.r) && (!asked('w') || rights.w) &&
           (!asked('x') || rights.x) && (!asked('g') || region.flags.contains(paging::Flag::g));
}

/// The place in `all`, which is sorted and not empty, that comes next.
std::size_t next_of(const std::vector<VirtAddr>& all, VirtAddr from, Direction direction) {
    if (direction == Direction::forwards) {
        const auto next = std::ranges::upper_bound(all, from);
        return next == all.end() ? 0 : static_cast<std::size_t>(next - all.begin());
    }
    const auto next = std::ranges::lower_bound(all, from);
    return next == all.begin() ? all.size() - 1 : static_cast<std::size_t>(next - all.begin() - 1);
}

} // namespace

std::vector<VirtAddr> aliases(const Snapshot& snapshot, PhysAddr pa) {
    std::vector<VirtAddr> result;
    for_each_region(snapshot, [&](const Region& region) {
        if (pa >= region.pa && pa.raw() - region.pa.raw() < region.size) {
            result.emplace_back(region.va.raw() + static_cast<std::uint32_t>(pa.raw() - region.pa.raw()));
        }
        return true;
    });
    return result;
}

std::expected<Found, std::string> search(const Snapshot& snapshot, std::string_view text, VirtAddr from,
                                         Direction direction) {
    std::vector<VirtAddr> all;
    if (is_rights(text)) {
        for_each_region(snapshot, [&](const Region& region) {
            if (has_rights(region, text)) {
                all.push_back(region.va);
            }
            return true;
        });
    } else if (text.starts_with("p:")) {
        const auto pa = parse_physical_address(text);
        if (!pa) {
            return std::unexpected(pa.error());
        }
        all = aliases(snapshot, *pa);
    } else {
        const auto va = parse_virtual_address(text);
        return va ? std::expected<Found, std::string>{Found{*va, {}}} : std::unexpected(va.error());
    }
    if (all.empty()) {
        return std::unexpected(text.starts_with("p:") ? fmt::format("nothing leads to {}", text)
                                                      : fmt::format("no page has the rights {}", text));
    }
    const std::size_t index = next_of(all, from, direction);
    return Found{all[index], fmt::format("{}: {} of {}{}", text, index + 1, all.size(),
                                         all.size() > 1 ? "; n goes on" : "")};
}

} // namespace pagelab::console::model
