// The journal read from one of its records on: which entries, what stood in them, how many commands.
#include "kernel/shell/journal_since.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <memory>
#include <vector>

namespace pagelab::shell::test {
namespace {

using interface::JournalKind;
using interface::JournalRecord;
using interface::JournalRing;
using paging::VirtAddr;

/// A ring that a test writes.
class Ring {
public:
    const JournalRing& ring() const { return *ring_; }
    std::uint32_t next() const { return ring_->next_sequence; }
    std::uint32_t add(JournalRecord record) {
        record.sequence = ring_->next_sequence;
        ring_->records[record.sequence % interface::kJournalCapacity] = record;
        ring_->next_sequence++;
        return record.sequence;
    }
    /// A group; returns its begin.
    std::uint32_t command(const std::vector<JournalRecord>& records, JournalKind end = JournalKind::commit) {
        const std::uint32_t begin = add({.kind = JournalKind::begin});
        for (const JournalRecord& record : records) {
            add(record);
        }
        add({.kind = end});
        return begin;
    }
    void undo(std::uint32_t begin) { ring_->records[begin % interface::kJournalCapacity].new_value = 1; }

private:
    std::unique_ptr<JournalRing> ring_ = std::make_unique<JournalRing>();
};

JournalRecord pte(std::uint32_t va, std::uint32_t old, std::uint32_t count = 1, std::uint8_t space = 0) {
    return {.kind = JournalKind::pte,
            .space = space,
            .old_step = static_cast<std::int8_t>(old != 0 ? 1 : 0),
            .address = va,
            .old_value = old,
            .count = count};
}
JournalRecord pde(std::uint32_t va, std::uint32_t old) {
    return {.kind = JournalKind::pde, .address = va, .old_value = old};
}

std::vector<EntryKey> all(const JournalSince& since) {
    std::vector<EntryKey> keys;
    for (auto key = since.next(std::nullopt); key; key = since.next(key)) {
        keys.push_back(*key);
    }
    return keys;
}
EntryKey page(std::uint32_t va, std::uint32_t space = 0) {
    return {space, true, VirtAddr{va}};
}

TEST(JournalSince, TellsEntriesInOrderAndEachOnce) {
    Ring ring;
    ring.command({pte(0x1000, 5)});
    const std::uint32_t first = ring.next();
    ring.command({pte(0x3000, 0x7001, 2), pte(0x1000, 6, 1, 2)});
    ring.command({pde(0x40000000, 9), pte(0x2000, 0x8001, 3)});
    const JournalSince since(ring.ring(), first);
    ASSERT_TRUE(since.complete());
    EXPECT_EQ(since.commands(), 2u);
    EXPECT_EQ(all(since), (std::vector{EntryKey{0, false, VirtAddr{0x40000000}}, page(0x2000), page(0x3000),
                                       page(0x4000), page(0x1000, 2)}));
    EXPECT_EQ(since.old_value(page(0x2000)), 0x8001u);
    EXPECT_EQ(since.old_value(page(0x3000)), 0x7001u) << "the first record counts";
    EXPECT_EQ(since.old_value(page(0x4000)), 0x8001u) << "the second of a run of frames in a row";
    EXPECT_EQ(since.old_value(page(0x1000, 2)), 6u);
    EXPECT_EQ(since.old_value({0, false, VirtAddr{0x40000000}}), 9u);
}

TEST(JournalSince, LeavesOutWhatWasUndoneOrAbandoned) {
    Ring ring;
    const std::uint32_t first = ring.next();
    const std::uint32_t undone = ring.command({pte(0x1000, 1)});
    ring.command({pte(0x1000, 2)});
    ring.command({pte(0x5000, 3)}, JournalKind::rollback);
    ring.undo(undone);
    ring.command({{.kind = JournalKind::undo}, {.kind = JournalKind::flush_page}});
    ring.add({.kind = JournalKind::begin}); // a command that still runs
    ring.add(pte(0x6000, 4));
    const JournalSince since(ring.ring(), first);
    EXPECT_EQ(all(since), std::vector{page(0x1000)});
    EXPECT_EQ(since.old_value(page(0x1000)), 2u);
    EXPECT_EQ(since.commands(), 1u) << "flushes and faults change nothing";
}

TEST(JournalSince, CountsEveryKindOfChangeOnceForACommand) {
    for (const JournalKind kind :
         {JournalKind::pde, JournalKind::pte, JournalKind::frame_take, JournalKind::frame_free,
          JournalKind::control, JournalKind::space, JournalKind::space_new, JournalKind::space_delete}) {
        Ring ring;
        ring.command({{.kind = kind}, {.kind = kind}});
        EXPECT_EQ(JournalSince(ring.ring(), 1).commands(), 1u) << static_cast<int>(kind);
    }
    for (const JournalKind kind :
         {JournalKind::flush_page, JournalKind::flush_all, JournalKind::fault, JournalKind::undo}) {
        Ring ring;
        ring.command({{.kind = kind}});
        EXPECT_EQ(JournalSince(ring.ring(), 1).commands(), 0u) << static_cast<int>(kind);
    }
}

TEST(JournalSince, TellsSpacesThatCameOrWentAndNotTheirEntries) {
    Ring ring;
    const auto made = [](std::uint32_t number, std::uint32_t directory) {
        return JournalRecord{.kind = JournalKind::space_new, .address = number, .new_value = directory};
    };
    const auto deleted = [](std::uint32_t number, std::uint32_t directory) {
        return JournalRecord{.kind = JournalKind::space_delete, .address = number, .old_value = directory};
    };
    ring.command({pte(0x1000, 1, 1, 2), pte(0x1000, 1, 1, 1), pte(0x1000, 1, 1, 3)});
    ring.command({made(1, 0x5000)});
    ring.command({deleted(2, 0x6000)});
    const std::uint32_t again = ring.command({deleted(3, 0x7000)});
    ring.command({made(2, 0x8000), pte(0x2000, 1, 1, 2)});
    ring.undo(again);
    const JournalSince since(ring.ring(), 1);
    EXPECT_TRUE(since.remade(1) && since.remade(2));
    EXPECT_FALSE(since.remade(0) || since.remade(3));
    EXPECT_EQ(since.old_directory(1), 0u);
    EXPECT_EQ(since.old_directory(2), 0x6000u);
    EXPECT_EQ(all(since), std::vector{page(0x1000, 3)});
}

TEST(JournalSince, KnowsWhenTheRingWentRound) {
    Ring ring;
    ring.command({});
    const std::uint32_t first = ring.next();
    EXPECT_TRUE(JournalSince(ring.ring(), first).complete());
    EXPECT_EQ(JournalSince(ring.ring(), first).commands(), 0u);
    while (ring.next() - first < interface::kJournalCapacity) {
        ring.add({.kind = JournalKind::flush_all});
    }
    EXPECT_TRUE(JournalSince(ring.ring(), first).complete());
    ring.add({.kind = JournalKind::flush_all});
    const JournalSince since(ring.ring(), first);
    EXPECT_FALSE(since.complete());
    EXPECT_FALSE(since.next(std::nullopt));
}

RC_GTEST_PROP(JournalSinceProperty, IsWhatAPlainListSays, ()) {
    const auto runs = *rc::gen::resize(
        30, rc::gen::container<std::vector<std::tuple<std::uint8_t, std::uint8_t, std::uint8_t>>>(
                rc::gen::tuple(rc::gen::inRange<std::uint8_t>(0, 3), rc::gen::inRange<std::uint8_t>(0, 40),
                               rc::gen::inRange<std::uint8_t>(1, 12))));
    Ring ring;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> olds;
    std::uint32_t number = 0;
    for (const auto& [space, at, count] : runs) {
        const std::uint32_t old = ++number << 20 | 1;
        const bool stands = number % 5 != 0;
        const std::uint32_t begin = ring.command({pte(at * 4096u, old, count, space)});
        for (std::uint32_t i = 0; stands && i < count; ++i) {
            olds.try_emplace({space, (at + i) * 4096u}, old + i * 4096);
        }
        if (!stands) {
            ring.undo(begin);
        }
    }
    const JournalSince since(ring.ring(), 1);
    std::vector<EntryKey> expected;
    for (const auto& [key, old] : olds) {
        expected.push_back(page(key.second, key.first));
        RC_ASSERT(since.old_value(expected.back()) == old);
    }
    RC_ASSERT(all(since) == expected);
}

} // namespace
} // namespace pagelab::shell::test
