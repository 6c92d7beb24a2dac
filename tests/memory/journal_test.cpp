#include "kernel/memory/journal.hpp"

#include <gtest/gtest.h>
#include <memory>

namespace pagelab::memory {
namespace {

struct JournalTest : testing::Test {
    std::unique_ptr<JournalRing> ring = std::make_unique<JournalRing>();
    Journal journal{*ring};
};

TEST_F(JournalTest, FoldsConsecutivePagesIntoOneRecord) {
    journal.open_group();
    for (std::uint32_t i = 0; i < 5000; ++i) {
        ASSERT_TRUE(journal.add({JournalKind::pte, 0x40000000 + i * 4096, 0, (0x500 + i) << 12 | 3}, 0));
    }
    EXPECT_EQ(journal.next_sequence(), 2u);
    const JournalRecord& record = *journal.find(1);
    EXPECT_EQ(record.count, 5000u);
    EXPECT_EQ(item_of(record, 4999).address, 0x40000000 + 4999 * 4096);
    EXPECT_EQ(item_of(record, 4999).new_value, (0x500u + 4999) << 12 | 3);
    EXPECT_EQ(item_of(record, 4999).old_value, 0u);
}

TEST_F(JournalTest, FoldsDescendingFramesToo) {
    for (std::uint32_t i = 0; i < 3; ++i) {
        ASSERT_TRUE(journal.add({JournalKind::pte, 0x1000 * i, (9 - i) << 12 | 1, 0}, 0));
    }
    ASSERT_EQ(journal.next_sequence(), 2u);
    EXPECT_EQ(journal.find(1)->old_step, -1);
    EXPECT_EQ(item_of(*journal.find(1), 2).old_value, 7u << 12 | 1);
}

TEST_F(JournalTest, DoesNotFoldOverAGapABitOrABarrier) {
    ASSERT_TRUE(journal.add({JournalKind::pte, 0x1000, 0, 0x5003}, 0));
    ASSERT_TRUE(journal.add({JournalKind::pte, 0x3000, 0, 0x6003}, 0)); // a gap
    ASSERT_TRUE(journal.add({JournalKind::pte, 0x4000, 0, 0x7001}, 0)); // another right
    journal.barrier();
    ASSERT_TRUE(journal.add({JournalKind::pte, 0x5000, 0, 0x8001}, 0));
    EXPECT_EQ(journal.next_sequence(), 5u);
}

TEST_F(JournalTest, AGroupNeverOverwritesItself) {
    journal.open_group();
    std::uint32_t added = 0;
    while (journal.add({JournalKind::pte, added * 0x2000, 0, 0x1003}, 0)) {
        ++added;
    }
    EXPECT_EQ(added, interface::kJournalCapacity - Journal::kReserve);
    EXPECT_NE(journal.find(1), nullptr);
    journal.note({JournalKind::rollback, 0, 0, 0}, 1, 0);
    EXPECT_NE(journal.find(1), nullptr);
}

TEST_F(JournalTest, ForgetsWhatWasOverwrittenOrTakenBack) {
    for (std::uint32_t i = 0; i < interface::kJournalCapacity + 3; ++i) {
        journal.note({JournalKind::fault, 0, 0, 0}, 1, 0);
    }
    EXPECT_EQ(journal.find(3), nullptr);
    EXPECT_NE(journal.find(4), nullptr);
    journal.forget_since(1000);
    EXPECT_EQ(journal.find(1000), nullptr);
    EXPECT_NE(journal.find(999), nullptr);
}

} // namespace
} // namespace pagelab::memory
