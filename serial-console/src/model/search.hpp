// Looking for something in the address space: an address, every alias of a physical address, pages with some
// rights. Pure.
#pragma once

#include "serial-console/src/model/snapshot.hpp"

#include <expected>
#include <string>
#include <string_view>

namespace pagelab::console::model {

enum class Direction : std::uint8_t { forwards, backwards };

struct Found {
    paging::VirtAddr va;
    std::string note; // which of how many; empty where there is one only
};

/// `text`: an address as in the shell; `p:` and a physical one: the next page that shows it; letters of `r w
/// x u g`: the next region that has all of these rights (with `u` the user's rights, else the kernel's; `g`:
/// global). The next one begins behind, or before, `from`, and the search wraps. The error is a sentence.
[[nodiscard]] std::expected<Found, std::string> search(const Snapshot& snapshot, std::string_view text,
                                                       paging::VirtAddr from, Direction direction);

/// Every virtual address that leads to the byte at `pa`, in the order of addresses.
[[nodiscard]] std::vector<paging::VirtAddr> aliases(const Snapshot& snapshot, paging::PhysAddr pa);

} // namespace pagelab::console::model
