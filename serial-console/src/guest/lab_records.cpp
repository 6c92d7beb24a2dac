#include "serial-console/src/guest/lab_records.hpp"

#include "kernel/interface/lab_page.hpp"
#include "kernel/interface/layout.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

namespace pagelab::console::guest {
namespace {

using interface::JournalRecord;
using interface::LabPage;
using model::TableWords;
using paging::PhysAddr;

/// No guest has more frames than 4 GiB of RAM.
constexpr std::uint32_t kMostFrames = 1U << 20;

std::optional<LabPage> copy_lab_page(const Memory& memory) {
    TableWords words;
    if (!memory.copy_frame(interface::layout::kLabPage, words)) {
        return std::nullopt;
    }
    LabPage page;
    std::memcpy(&page, words.data(), sizeof(page));
    if (page.magic != interface::kLabMagic || page.version != interface::kLabVersion) {
        return std::nullopt;
    }
    return page;
}

std::vector<interface::FrameRecord> copy_frame_records(const Memory& memory, const LabPage& page,
                                                       const model::Snapshot& snapshot) {
    const std::uint32_t count = std::min(page.frame_records_count, kMostFrames);
    std::vector<interface::FrameRecord> records;
    records.reserve(count);
    for (std::uint32_t first = 0; first < count; first += paging::kEntryCount) {
        const paging::VirtAddr va{page.frame_records_va + first * paging::kEntrySize};
        const auto pa = snapshot.walk(va).pa;
        TableWords words;
        if (!pa || !memory.copy_frame(pa->frame_base(), words)) {
            break;
        }
        const std::uint32_t here = std::min(count - first, paging::kEntryCount);
        for (std::uint32_t i = 0; i < here; ++i) {
            records.emplace_back(words[i]);
        }
    }
    return records;
}

/// The ring as bytes, physically contiguous; empty if it can't be read as a whole.
std::vector<std::uint32_t> copy_ring(const Memory& memory, PhysAddr ring) {
    constexpr std::size_t kWords = sizeof(interface::JournalRing) / sizeof(std::uint32_t);
    const std::size_t skip = ring.frame_offset() / sizeof(std::uint32_t);
    std::vector<std::uint32_t> words;
    for (PhysAddr frame = ring.frame_base(); words.size() < skip + kWords;
         frame = frame.plus(paging::kPageSize)) {
        TableWords copy;
        if (!memory.copy_frame(frame, copy)) {
            return {};
        }
        words.insert(words.end(), copy.begin(), copy.end());
    }
    words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(skip));
    words.resize(kWords);
    return words;
}

std::vector<JournalRecord> copy_journal(const Memory& memory, const LabPage& page) {
    const std::vector<std::uint32_t> words = copy_ring(memory, PhysAddr{page.journal_pa & ~3U});
    if (words.empty()) {
        return {};
    }
    interface::JournalRing ring;
    std::memcpy(static_cast<void*>(&ring), words.data(), sizeof(ring));
    std::vector<JournalRecord> records;
    // Backwards from the newest, until one was overwritten or is not there yet.
    for (std::uint32_t sequence = ring.next_sequence - 1;
         sequence != 0 && records.size() < interface::kJournalCapacity; --sequence) {
        const JournalRecord& record = ring.records[sequence % interface::kJournalCapacity];
        if (record.sequence != sequence) {
            break;
        }
        records.push_back(record);
    }
    std::ranges::reverse(records);
    return records;
}

} // namespace

ask::LabRecords read_lab_records(const Memory& memory, const model::Snapshot& snapshot) {
    const auto page = copy_lab_page(memory);
    if (!page) {
        return {};
    }
    return {copy_frame_records(memory, *page, snapshot), copy_journal(memory, *page)};
}

std::vector<paging::PhysRange> lab_ram(const Memory& memory) {
    std::vector<paging::PhysRange> ranges = memory.ranges();
    if (const auto page = copy_lab_page(memory)) {
        const PhysAddr end{std::uint64_t{page->ram_end_high} << 32 | page->ram_end_low};
        for (paging::PhysRange& range : ranges) {
            range.end = std::max(range.first, std::min(range.end, end));
        }
    }
    return ranges;
}

} // namespace pagelab::console::guest
