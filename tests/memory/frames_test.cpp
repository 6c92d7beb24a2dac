#include "tests/memory/bench.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <set>

namespace pagelab::simulation {
namespace {

using memory::Frame;
using memory::Frames;
using memory::Scratch;

struct Pool {
    explicit Pool(std::uint32_t ram) : machine(ram), scratch(machine), frames(machine, scratch) {
        frames.initialise(machine.map(), machine.facts());
    }
    Machine machine;
    Scratch<Machine> scratch;
    Frames<Machine> frames;
};

std::uint32_t sum(const machine::FrameCounts& counts) {
    return counts.free + counts.kernel + counts.directory + counts.table + counts.data + counts.reserved;
}

constexpr FrameRecord kData{FrameRole::data, 0};

TEST(Frames, CountsEveryFrameOfRamOnce) {
    for (const std::uint32_t ram : {512u, 1024u, 1025u, 4096u}) {
        Pool pool{ram};
        const auto& counts = pool.frames.counts();
        EXPECT_EQ(counts.total, ram - 256 + 0x9f);
        EXPECT_EQ(sum(counts), counts.total);
        EXPECT_EQ(counts.directory, 1u);
        EXPECT_EQ(counts.table, 3u);
        EXPECT_EQ(counts.reserved, 0x9fu);
    }
}

TEST(Frames, CanHandOutExactlyWhatItCallsFree) {
    Pool pool{2100};
    const std::uint32_t free = pool.frames.counts().free;
    std::set<Frame> taken;
    for (std::uint32_t i = 0; i < free; ++i) {
        const auto frame = pool.frames.take(kData);
        ASSERT_TRUE(frame) << i;
        EXPECT_GE(*frame, Machine::kImageEnd);
        EXPECT_LT(*frame, 2100u);
        EXPECT_TRUE(taken.insert(*frame).second);
    }
    EXPECT_EQ(pool.frames.counts().free, 0u);
    EXPECT_FALSE(pool.frames.take(kData));
}

TEST(Frames, BootTouchesNoRecordOfFramesAboveTheMark) {
    Pool pool{4096};
    EXPECT_LE(pool.frames.mark(), Machine::kImageEnd + 1);
    EXPECT_EQ(pool.machine.word(Machine::kRecordTable * 4096ull + 4), 0u);
}

TEST(Frames, GivesBackTheLastFrameFirst) {
    Pool pool{2048};
    const Frame a = *pool.frames.take(kData);
    const Frame b = *pool.frames.take(kData);
    pool.frames.give(a);
    pool.frames.give(b);
    EXPECT_EQ(pool.frames.take(kData), b);
    EXPECT_EQ(pool.frames.take(kData), a);
}

TEST(Frames, BlocksAreConsecutiveAlignedAndTheirOwn) {
    Pool pool{8192};
    const auto first = pool.frames.take_block(1024, 1024, kData);
    ASSERT_TRUE(first);
    EXPECT_EQ(*first % 1024, 0u);
    const auto second = pool.frames.take_block(1024, 1024, kData);
    ASSERT_TRUE(second);
    EXPECT_GE(*second, *first + 1024);
    EXPECT_EQ(sum(pool.frames.counts()), pool.frames.counts().total);
    std::set<Frame> rest;
    while (const auto frame = pool.frames.take(kData)) {
        EXPECT_TRUE(rest.insert(*frame).second);
        EXPECT_FALSE(*frame >= *first && *frame < *first + 1024);
        EXPECT_FALSE(*frame >= *second && *frame < *second + 1024);
    }
    EXPECT_EQ(pool.frames.counts().free, 0u);
}

TEST(Frames, FindsABlockAmongFreedFramesWhenTheRestIsUsedUp) {
    Pool pool{4096};
    std::vector<Frame> all;
    while (const auto frame = pool.frames.take(kData)) {
        all.push_back(*frame);
    }
    for (const Frame frame : all) {
        pool.frames.give(frame);
    }
    const auto block = pool.frames.take_block(512, 512, kData);
    ASSERT_TRUE(block);
    EXPECT_EQ(*block % 512, 0u);
    for (Frame frame = *block; frame < *block + 512; ++frame) {
        EXPECT_EQ(pool.frames.record(frame).role(), FrameRole::data);
    }
}

TEST(Frames, BehavesLikeASetOfFreeFrames) {
    EXPECT_TRUE(rc::check("random takes, blocks, claims and gives", [] {
        Pool pool{*rc::gen::inRange<std::uint32_t>(300, 3000)};
        std::set<Frame> held;
        const auto add = [&](Frame frame) {
            RC_ASSERT(held.insert(frame).second);
            RC_ASSERT(pool.frames.record(frame).role() == FrameRole::data);
        };
        for (int step = *rc::gen::inRange(0, 60); step > 0; --step) {
            const std::uint32_t free = pool.frames.counts().free;
            const int what = *rc::gen::inRange(0, 4);
            if (what == 0) {
                const auto frame = pool.frames.take(kData);
                RC_ASSERT(frame.has_value() == (free > 0));
                if (frame) {
                    add(*frame);
                }
            } else if (what == 1) {
                const auto count = *rc::gen::inRange<std::uint32_t>(1, 200);
                const auto alignment = 1u << *rc::gen::inRange(0, 8);
                const auto first = pool.frames.take_block(count, alignment, kData);
                if (first) {
                    RC_ASSERT(*first % alignment == 0);
                    for (Frame frame = *first; frame < *first + count; ++frame) {
                        add(frame);
                    }
                }
            } else if (what == 2) {
                const auto frame = *rc::gen::inRange<std::uint32_t>(256, pool.machine.frames());
                const bool is_free = pool.frames.record(frame).role() == FrameRole::free;
                if (is_free && pool.frames.claim(frame, 1, kData)) {
                    add(frame);
                }
            } else if (!held.empty()) {
                const auto index = *rc::gen::inRange<std::size_t>(0, held.size());
                const Frame frame = *std::next(held.begin(), static_cast<std::ptrdiff_t>(index));
                held.erase(frame);
                pool.frames.give(frame);
            }
            RC_ASSERT(pool.frames.counts().data == held.size());
            RC_ASSERT(sum(pool.frames.counts()) == pool.frames.counts().total);
        }
        while (const auto frame = pool.frames.take(kData)) {
            add(*frame);
        }
        RC_ASSERT(pool.frames.counts().free == 0u);
    }));
}

} // namespace
} // namespace pagelab::simulation
