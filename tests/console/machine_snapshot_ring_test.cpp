#include "serial-console/src/machine/snapshot_ring.hpp"

#include <gtest/gtest.h>

#include <set>

namespace pagelab::console::machine {
namespace {

/// A snapshot before each of the commands that follow.
void take(SnapshotRing& ring, std::uint32_t commands) {
    ring.add({ring.tag_for(commands), commands});
}

TEST(SnapshotRing, keeps_a_few_and_uses_the_oldest_tag_again) {
    SnapshotRing ring;
    std::set<std::string> tags;
    for (std::uint32_t i = 0; i < 20; ++i) {
        take(ring, i);
        tags.insert(ring.newest()->tag);
    }
    EXPECT_EQ(tags.size(), SnapshotRing::kCapacity);
    EXPECT_EQ(ring.newest()->commands, 19U);
    EXPECT_EQ(ring.before_last(20, 4)->commands, 16U);
    EXPECT_FALSE(ring.before_last(20, 5)) << "overwritten";
}

TEST(SnapshotRing, a_line_without_a_command_takes_no_room) {
    SnapshotRing ring;
    take(ring, 1);
    take(ring, 2);
    const Moment before = *ring.newest();
    take(ring, 2);
    EXPECT_EQ(*ring.newest(), before);
    EXPECT_EQ(ring.before_last(2, 1)->commands, 1U);
}

TEST(SnapshotRing, before_the_last_command_is_where_it_was_still_to_come) {
    SnapshotRing ring;
    EXPECT_FALSE(ring.before_last(0, 1));
    take(ring, 0);
    EXPECT_FALSE(ring.before_last(0, 1)) << "no command began since";
    EXPECT_EQ(ring.before_last(1, 1)->commands, 0U);
    take(ring, 1); // before the command 2, which asks: the last one before it is 1
    EXPECT_EQ(ring.before_last(2, 2)->commands, 0U);
    EXPECT_EQ(ring.before_last(9, 1)->commands, 1U) << "a line may hold several";
}

TEST(SnapshotRing, what_came_after_a_moment_will_never_have_been) {
    SnapshotRing ring;
    for (std::uint32_t i = 0; i < 3; ++i) {
        take(ring, i);
    }
    const Moment first = *ring.before_last(1, 1);
    ring.went_back_to(first);
    EXPECT_EQ(*ring.newest(), first);
    EXPECT_FALSE(ring.before_last(0, 1)) << "going back again goes nowhere: this is that moment";
    ring.clear();
    EXPECT_FALSE(ring.newest());
}

} // namespace
} // namespace pagelab::console::machine
