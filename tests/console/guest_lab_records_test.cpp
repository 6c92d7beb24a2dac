#include "serial-console/src/guest/lab_records.hpp"

#include "kernel/interface/lab_page.hpp"
#include "kernel/interface/layout.hpp"
#include "picture_fixture.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>

namespace pagelab::console::guest {
namespace {

using interface::FrameRole;
using interface::JournalRecord;
using interface::JournalRing;
using interface::LabPage;
using model::TableWords;
using paging::PhysAddr;

/// Frames by address; the others can't be read.
class Frames final : public Memory {
public:
    std::map<std::uint64_t, TableWords> frames;

    bool copy_frame(PhysAddr frame, TableWords& into) const override {
        const auto found = frames.find(frame.raw());
        if (found == frames.end()) {
            return false;
        }
        into = found->second;
        return true;
    }
    [[nodiscard]] std::vector<paging::PhysRange> ranges() const override {
        return {{PhysAddr{0}, PhysAddr{0x1000000}}};
    }
    template <class T>
    void put(std::uint64_t address, const T& object) {
        std::vector<std::uint32_t> words((sizeof(T) + 4095) / 4096 * 1024);
        std::memcpy(words.data(), &object, sizeof(T));
        for (std::size_t i = 0; i < words.size(); i += 1024) {
            std::copy_n(words.begin() + static_cast<std::ptrdiff_t>(i), 1024,
                        frames[address + i * 4].begin());
        }
    }
};

constexpr std::uint32_t kRecordsFrame = 0x00200000;
constexpr std::uint32_t kRing = 0x00300000;

struct Records : ::testing::Test {
    Frames memory;
    LabPage page{};
    JournalRing ring;
    std::shared_ptr<model::Snapshot> snapshot = fixture::lab({kRecordsFrame | 3});

    Records() {
        page.magic = interface::kLabMagic;
        page.version = interface::kLabVersion;
        page.frame_records_va = paging::VirtAddr::from_indices(fixture::kUserSlot, 0).raw();
        page.frame_records_count = 3;
        page.journal_pa = kRing;
        page.ram_end_low = 0x00400000;
        TableWords& records = memory.frames[kRecordsFrame];
        records[0] = interface::FrameRecord { FrameRole::reserved, 0 }.raw();
        records[1] = interface::FrameRecord { FrameRole::table, 2 }.raw();
        records[2] = 0xf0000000; // no role
    }
    void number_records(std::uint32_t first, std::uint32_t last) {
        for (std::uint32_t sequence = first; sequence <= last; ++sequence) {
            ring.records[sequence % interface::kJournalCapacity].sequence = sequence;
        }
        ring.next_sequence = last + 1;
    }
    ask::LabRecords read() {
        memory.put(interface::layout::kLabPage.raw(), page);
        memory.put(kRing, ring);
        return read_lab_records(memory, *snapshot);
    }
};

TEST_F(Records, FramesAndJournalAreCopied) {
    number_records(1, 5);
    const auto records = read();
    ASSERT_EQ(records.frames.size(), 3u);
    EXPECT_EQ(records.frames[1].role(), FrameRole::table);
    EXPECT_EQ(records.frames[2].role(), FrameRole::reserved);
    ASSERT_EQ(records.journal.size(), 5u);
    EXPECT_EQ(records.journal.front().sequence, 1u);
    EXPECT_EQ(records.journal.back().sequence, 5u);
}

TEST_F(Records, AJournalThatWentRoundBeginsAfterWhatWasOverwritten) {
    number_records(1, 3000);
    const auto records = read();
    ASSERT_EQ(records.journal.size(), interface::kJournalCapacity);
    EXPECT_EQ(records.journal.front().sequence, 3000 - interface::kJournalCapacity + 1);
    EXPECT_EQ(records.journal.back().sequence, 3000u);
}

TEST_F(Records, RamEndsWhereTheLabPageSays) {
    static_cast<void>(read());
    EXPECT_EQ(lab_ram(memory).back().end, PhysAddr{0x00400000});
}

TEST_F(Records, HostileLabPagesGiveRecordsOrNone) {
    std::mt19937 engine{77}; // NOLINT: the same garbage in each run
    for (int round = 0; round < 300; ++round) {
        page.frame_records_va = static_cast<std::uint32_t>(engine());
        page.frame_records_count = static_cast<std::uint32_t>(engine());
        page.journal_pa = round % 2 == 0 ? kRing + static_cast<std::uint32_t>(engine()) % 4096
                                         : static_cast<std::uint32_t>(engine());
        ring.next_sequence = static_cast<std::uint32_t>(engine());
        const auto records = read();
        EXPECT_LE(records.journal.size(), interface::kJournalCapacity);
        EXPECT_LE(records.frames.size(), std::size_t{1} << 20);
    }
    page.magic = {};
    EXPECT_TRUE(read().frames.empty());
}

} // namespace
} // namespace pagelab::console::guest
