// Pictures for slides and sheets, drawn from one moment of a guest. Pure; the same facts stand in the SVG's
// title and description.
#pragma once

#include "kernel/paging/address.hpp"
#include "serial-console/src/ask/subject.hpp"

#include <string>
#include <string_view>

namespace pagelab::console::picture {

/// The directory as a grid of its slots, the regions in order, and where in physical memory each lies.
[[nodiscard]] std::string address_space_svg(const model::Snapshot& snapshot, std::string_view name);
/// The same as text of 80 columns: facts, the grid in glyphs with its legend, and the answer of `maps`.
[[nodiscard]] std::string address_space_text(const model::Snapshot& snapshot, std::string_view name);

/// A poster of one walk: the address bit by bit, both tables, every bit of both entries, the verdict.
[[nodiscard]] std::string walk_svg(const model::Snapshot& snapshot, paging::VirtAddr va);
/// The same as text: split and walk.
[[nodiscard]] std::string walk_text(const model::Snapshot& snapshot, paging::VirtAddr va);

} // namespace pagelab::console::picture
