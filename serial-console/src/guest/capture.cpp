#include "serial-console/src/guest/capture.hpp"

#include "kernel/interface/lab_page.hpp"
#include "kernel/interface/layout.hpp"
#include "serial-console/src/guest/tables.hpp"
#include "serial-console/src/machine/deadline.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

namespace pagelab::console::guest {
namespace {

using interface::LabPage;
using interface::LabState;
using interface::layout::kLabPage;
using model::Snapshot;
using model::TableWords;

/// Copies that are thrown away because the kernel changed something meanwhile.
constexpr int kTries = 4;
/// A change of tables takes microseconds; a guest that stands in one is held by a debugger.
constexpr machine::milliseconds kPatience{200};

bool has_magic(const std::array<char, 8>& magic) {
    return magic == interface::kLabMagic;
}

std::string printable(const std::array<char, 128>& text) {
    std::string result;
    for (const char c : text) {
        if (c == '\0') {
            break;
        }
        result.push_back(c >= 0x20 && c < 0x7f ? c : '?');
    }
    return result;
}

model::LabInfo checked(const LabPage& page) {
    model::LabInfo info;
    info.generation = page.generation;
    info.context.control = {page.cr0, page.cr3, page.cr4};
    info.context.cpu.pse36 = page.cpu_pse36 != 0;
    info.context.cpu.physical_bits =
        static_cast<std::uint8_t>(std::clamp<std::uint32_t>(page.cpu_physical_bits, 32, 52));
    info.space = page.space;
    info.frames_total = page.frames_total;
    info.frames_free = page.frames_free;
    info.state =
        page.state < interface::kLabStateNames.size() ? static_cast<LabState>(page.state) : LabState::off;
    info.command_count = page.command_count;
    info.last_status = page.last_status;
    info.last_command = printable(page.last_command);
    return info;
}

/// The ring's records that are whole, oldest first; those of `before` where nothing came since.
std::shared_ptr<const model::Journal> take_journal(const Ram& ram, paging::PhysAddr place,
                                                   const Snapshot* before) {
    using interface::JournalRecord;
    using interface::JournalRing;
    using interface::kJournalCapacity;
    const auto capacity = ram.word(place);
    const auto next = ram.word(place.plus(offsetof(JournalRing, next_sequence)));
    if (place == paging::PhysAddr{} || capacity != kJournalCapacity || !next) {
        return nullptr;
    }
    if (before != nullptr && before->journal && !before->journal->empty() &&
        before->journal->back().sequence + 1 == *next) {
        return before->journal;
    }
    constexpr std::size_t kFrames = (sizeof(JournalRing) + paging::kPageSize - 1) / paging::kPageSize;
    std::vector<TableWords> copy(kFrames);
    for (std::size_t i = 0; i < kFrames; ++i) {
        if (!ram.copy_frame(place.plus(i * paging::kPageSize), copy[i])) {
            return nullptr;
        }
    }
    const auto* const records =
        reinterpret_cast<const std::byte*>(copy.data()) + offsetof(JournalRing, records);
    auto journal = std::make_shared<model::Journal>();
    for (std::uint32_t i = 0; i < kJournalCapacity; ++i) {
        const std::uint32_t sequence = *next - kJournalCapacity + i;
        JournalRecord record;
        std::memcpy(&record, records + sizeof(record) * (sequence % kJournalCapacity), sizeof(record));
        if (record.sequence == sequence && sequence != 0 && sequence < *next) {
            journal->push_back(record);
        }
    }
    return journal;
}

/// The kernel's records of frames, read through its own tables.
std::shared_ptr<const model::FrameMap> take_frames(const Ram& ram, const LabPage& page,
                                                   const Snapshot& snapshot, const Snapshot* before) {
    constexpr std::size_t kPerPage = paging::kPageSize / sizeof(interface::FrameRecord);
    static_assert(sizeof(interface::FrameRecord) == sizeof(std::uint32_t));
    const std::uint64_t end = std::uint64_t{page.ram_end_high} << 32 | page.ram_end_low;
    auto map = std::make_shared<model::FrameMap>();
    map->frames = std::min<std::uint64_t>(end, paging::kAddressSpaceEnd) / paging::kPageSize;
    const auto count = std::min<std::uint64_t>(page.frame_records_count, map->frames);
    TableWords words;
    while (map->records.size() < count) {
        const std::size_t first = map->records.size();
        const auto offset = static_cast<std::uint32_t>(first * sizeof(words[0]));
        const paging::Walk walk = snapshot.walk(paging::VirtAddr{page.frame_records_va + offset});
        if (!walk.has_page() || !walk.pa->is_aligned(paging::kPageSize) || !ram.copy_frame(*walk.pa, words)) {
            break;
        }
        const auto end_of_page = static_cast<std::size_t>(std::min<std::uint64_t>(kPerPage, count - first));
        for (std::size_t i = 0; i < end_of_page; ++i) {
            map->records.emplace_back(words[i]);
        }
    }
    const bool same = before != nullptr && before->frames && *before->frames == *map;
    return same ? before->frames : map;
}

std::uint32_t lab_word(const Ram& ram, std::size_t offset) {
    return ram.word(kLabPage.plus(offset)).value_or(0);
}

} // namespace

Pulse read_pulse(const Ram& ram) {
    std::array<char, 8> magic{};
    const std::array<std::uint32_t, 2> words = {lab_word(ram, offsetof(LabPage, magic)),
                                                lab_word(ram, offsetof(LabPage, magic) + 4)};
    std::memcpy(magic.data(), words.data(), magic.size());
    return {.generation = lab_word(ram, offsetof(LabPage, generation)),
            .state = lab_word(ram, offsetof(LabPage, state)),
            .command_count = lab_word(ram, offsetof(LabPage, command_count)),
            .cr3 = lab_word(ram, offsetof(LabPage, cr3)),
            .valid = has_magic(magic) && lab_word(ram, offsetof(LabPage, version)) == interface::kLabVersion};
}

std::string reason_text(NoSnapshot reason) {
    switch (reason) {
    case NoSnapshot::no_lab_page:
        return "waiting for the kernel: there is no lab page at p:0x00101000";
    case NoSnapshot::other_version:
        return "the kernel's lab page is of another version than this console";
    case NoSnapshot::mid_change:
        return "the kernel is in the middle of a change";
    }
    return {};
}

namespace {

std::expected<LabPage, NoSnapshot> read_page(const Ram& ram) {
    TableWords words;
    if (!ram.copy_frame(kLabPage, words)) {
        return std::unexpected(NoSnapshot::no_lab_page);
    }
    LabPage page;
    std::memcpy(&page, words.data(), sizeof(page));
    if (!has_magic(page.magic)) {
        return std::unexpected(NoSnapshot::no_lab_page);
    }
    if (page.version != interface::kLabVersion) {
        return std::unexpected(NoSnapshot::other_version);
    }
    return page;
}

} // namespace

std::expected<model::LabInfo, NoSnapshot> read_lab_page(const Ram& ram) {
    const auto page = read_page(ram);
    return page ? std::expected<model::LabInfo, NoSnapshot>{checked(*page)} : std::unexpected(page.error());
}

std::expected<std::shared_ptr<const Snapshot>, NoSnapshot> capture(const Ram& ram, MidChange policy,
                                                                   const Snapshot* before) {
    for (int attempt = 0; attempt < kTries; ++attempt) {
        const auto page = read_page(ram);
        if (!page) {
            return std::unexpected(page.error());
        }
        const bool odd = (page->generation & 1) != 0;
        if (odd && policy == MidChange::refuse) {
            continue;
        }
        auto snapshot = std::make_shared<Snapshot>();
        snapshot->lab = checked(*page);
        snapshot->mid_change = odd;
        copy_tables(ram, *snapshot, before);
        model::summarise(*snapshot);
        snapshot->journal = take_journal(ram, paging::PhysAddr{page->journal_pa}, before);
        snapshot->frames = take_frames(ram, *page, *snapshot, before);
        const Pulse after = read_pulse(ram);
        if (after.generation == page->generation && after.cr3 == page->cr3) {
            return snapshot;
        }
    }
    return std::unexpected(NoSnapshot::mid_change);
}

std::expected<std::shared_ptr<const Snapshot>, NoSnapshot> capture_patiently(const Ram& ram) {
    const machine::Deadline deadline{kPatience};
    auto snapshot = capture(ram, MidChange::refuse);
    while (!snapshot && snapshot.error() == NoSnapshot::mid_change) {
        snapshot = capture(ram, deadline.passed() ? MidChange::accept : MidChange::refuse);
    }
    return snapshot;
}

} // namespace pagelab::console::guest
