// Decoding tables by runs: the same as the core tells entry by entry, and only what changed is decoded anew.
#include "picture_fixture.hpp"

#include "kernel/paging/region_text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace pagelab::console::model {
namespace {

using paging::PhysAddr;
using paging::Region;

std::string line(const Region& region) {
    paging::FixedText<200> text;
    paging::put_region(text, region);
    return std::string{text.view()} + (region.self_map ? " self-map" : "");
}

constexpr std::uint32_t kDirectory = 0x1000;

std::vector<std::string> by_the_core(const Snapshot& snapshot) {
    std::vector<std::string> result;
    paging::for_each_region(snapshot.tables, snapshot.lab.context, {}, [&](const Region& region) {
        result.push_back(line(region));
        return true;
    });
    return result;
}

std::vector<std::string> by_runs(const Snapshot& snapshot) {
    std::vector<std::string> result;
    for_each_region(snapshot, [&](const Region& region) {
        result.push_back(line(region));
        return true;
    });
    return result;
}

/// An entry that often goes on where the last one ended, with any bits.
std::uint32_t next_entry(std::uint32_t last) {
    switch (*rc::gen::inRange(0, 8)) {
    case 0:
        return 0;
    case 1:
        return *rc::gen::arbitrary<std::uint32_t>();
    case 2:
        return last;
    case 3:
        return last ^ (1u << *rc::gen::inRange(0, 12));
    default:
        return last + paging::kPageSize;
    }
}

TableWords any_table() {
    TableWords words{};
    std::uint32_t last = *rc::gen::arbitrary<std::uint32_t>() | 1;
    // Long runs in between: entries are drawn for some places only.
    for (std::size_t i = 0; i < words.size();) {
        last = next_entry(last);
        const auto count = *rc::gen::element<std::size_t>(1, 2, 15, 16, 17, 40, 300);
        for (std::size_t n = 0; n < count && i < words.size(); ++n, ++i) {
            words[i] = last;
            last += last != 0 ? paging::kPageSize : 0;
        }
    }
    return words;
}

Snapshot any_snapshot() {
    Snapshot snapshot;
    snapshot.lab.context = {.control = {*rc::gen::element(0x80010011u, 0x80000011u), kDirectory,
                                        *rc::gen::element(0x90u, 0x80u, 0u)}};
    TableWords& directory = snapshot.tables.add(PhysAddr{kDirectory});
    const auto tables = *rc::gen::inRange(1, 4);
    for (int i = 0; i < tables; ++i) {
        snapshot.tables.add(PhysAddr{0x2000u + 0x1000u * static_cast<std::uint32_t>(i)}) = any_table();
    }
    for (int i = 0; i < 12; ++i) {
        const auto slot = *rc::gen::element<std::size_t>(0, 1, 2, 3, 4, 255, 256, 257, 767, 768, 1022, 1023);
        // A table, the directory itself, a page of 4 MiB, or a frame that was not copied.
        directory[slot] = *rc::gen::element(0x2007u, 0x3005u, 0x4023u, 0x1063u, 0x00400083u, 0x00800083u,
                                            0x00a00083u, 0x7f000003u, 0x00400082u);
    }
    summarise(snapshot);
    return snapshot;
}

RC_GTEST_PROP(Tables, RunsTellTheSameRegionsAsTheCore, ()) {
    const Snapshot snapshot = any_snapshot();
    RC_ASSERT(by_runs(snapshot) == by_the_core(snapshot));
}

RC_GTEST_PROP(Tables, ADigestCountsWhatIsPresent, ()) {
    const TableWords words = any_table();
    const TableDigest held = digest(words);
    int present = 0;
    int user = 0;
    int writable = 0;
    for (const std::uint32_t raw : words) {
        const paging::Pte pte{raw};
        present += pte.present() ? 1 : 0;
        user += pte.present() && pte.user() ? 1 : 0;
        writable += pte.present() && pte.writable() ? 1 : 0;
    }
    RC_ASSERT(held.present == present);
    RC_ASSERT(held.user == user);
    RC_ASSERT(held.writable == writable);
}

TEST(Tables, NoRunGoesOverTheEndOfPhysicalMemory) {
    TableWords words{};
    for (std::uint32_t i = 0; i < 64; ++i) {
        words[i] = 0xffff0003u + i * paging::kPageSize; // wraps at index 16
    }
    const TableDigest held = digest(words);
    ASSERT_EQ(held.runs.size(), 2u);
    EXPECT_EQ(held.runs[0], (TableRun{0, 16, 0xffff0003u}));
    EXPECT_EQ(held.runs[1], (TableRun{16, 48, 0x00000003u}));
}

TEST(Tables, AccessedAndDirtyBitsSplitNoRun) {
    TableWords words{};
    words[0] = 0x00200007;
    words[1] = 0x00201067;
    words[2] = 0x00202027;
    EXPECT_EQ(digest(words).runs, (std::vector<TableRun>{{0, 3, 0x00200007}}));
}

TEST(Tables, ASlotSaysWhoMayAccessIt) {
    const auto with = [](std::uint32_t pde, std::uint32_t pte) {
        auto snapshot = fixture::lab({pte});
        const_cast<TableWords&>(*snapshot->tables.find(PhysAddr{fixture::kDirectoryFrame}))[256] =
            fixture::kUserTable | pde;
        summarise(*snapshot);
        const Slot& slot = snapshot->slots[256];
        return std::pair{slot.user, slot.writable};
    };
    EXPECT_EQ(with(7, 0x00200007), std::pair(true, true));
    EXPECT_EQ(with(7, 0x00200005), std::pair(true, false));
    EXPECT_EQ(with(7, 0x00200003), std::pair(false, true));
    EXPECT_EQ(with(3, 0x00200007), std::pair(false, true)) << "the PDE takes US away";
    EXPECT_EQ(with(5, 0x00200007), std::pair(true, false)) << "the PDE takes RW away";
}

TEST(Tables, TheForeignWindowIsNoCommonTable) {
    auto snapshot = fixture::lab({0x00200007});
    const_cast<TableWords&>(*snapshot->tables.find(PhysAddr{fixture::kDirectoryFrame}))[1022] =
        fixture::kUserTable | 3;
    summarise(*snapshot);
    EXPECT_EQ(snapshot->slots[1022].kind, SlotKind::foreign);
}

} // namespace
} // namespace pagelab::console::model
