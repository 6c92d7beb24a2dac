#include "serial-console/src/picture/pictures.hpp"

#include "kernel/paging/walk_text.hpp"
#include "serial-console/src/picture/facts.hpp"
#include "serial-console/src/view/theme.hpp"

#include <fmt/format.h>

#include <array>

namespace pagelab::console::picture {
namespace {

struct Printed {
    std::string text;
    void put(std::string_view piece) { text += piece; }
};

struct Meaning {
    model::SlotKind kind{};
    bool user = false;
    bool writable = true;
    std::string_view words;
};

using model::SlotKind;
/// All that a slot's character may be.
constexpr std::array<Meaning, 14> kLegend = {{
    {SlotKind::empty, false, true, "empty"},
    {SlotKind::kernel, false, true, "kernel"},
    {SlotKind::table, false, true, "table"},
    {SlotKind::table, false, false, "table, read only"},
    {SlotKind::table, true, true, "table, user"},
    {SlotKind::table, true, false, "table, user, read only"},
    {SlotKind::page, false, true, "4 MiB page"},
    {SlotKind::page, false, false, "4 MiB page, read only"},
    {SlotKind::page, true, true, "4 MiB page, user"},
    {SlotKind::page, true, false, "4 MiB page, user, read only"},
    {SlotKind::self_map, false, true, "self-map"},
    {SlotKind::foreign, false, true, "foreign window"},
    {SlotKind::value, false, true, "a value, not present"},
    {SlotKind::reserved, false, true, "broken: reserved bits, beyond RAM"},
}};

} // namespace

std::string address_space_text(const model::Snapshot& snapshot, std::string_view name) {
    constexpr std::uint32_t kSlotsInRow = 64;
    const Facts facts = gather(snapshot, std::string(name), 0);
    std::string text = fmt::format("The address space of {}\n{}\n\n", name, facts.summary);
    for (std::uint32_t first = 0; first < paging::kEntryCount; first += kSlotsInRow) {
        text += fmt::format("{:#010x} ", paging::VirtAddr::from_indices(first, 0).raw());
        for (std::uint32_t slot = first; slot < first + kSlotsInRow; ++slot) {
            text += static_cast<char>(view::slot_glyph(snapshot.slots[slot]));
        }
        text += '\n';
    }
    text += "\nA character is a slot of 4 MiB:\n";
    for (const Meaning& meaning : kLegend) {
        const model::Slot slot{.kind = meaning.kind, .user = meaning.user, .writable = meaning.writable};
        text += fmt::format("  {}  {}\n", static_cast<char>(view::slot_glyph(slot)), meaning.words);
    }
    return text + '\n' + facts.maps;
}

std::string walk_text(const model::Snapshot& snapshot, paging::VirtAddr va) {
    Printed out;
    paging::write_split_text(out, va);
    out.put("\n");
    paging::write_text(out, snapshot.walk(va));
    return out.text;
}

} // namespace pagelab::console::picture
