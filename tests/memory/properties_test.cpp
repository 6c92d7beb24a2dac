// Random commands on a simulated machine with a warm TLB. After each: no stale translation, references that
// equal a count of all entries, frames that add up; what is rolled back or undone leaves no difference.
#include "tests/memory/bench.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pagelab::simulation {
namespace {

namespace bits = paging::bits;

/// Addresses that meet each other often: four slots, a few pages, edges of tables.
std::uint32_t some_address() {
    const auto slot = *rc::gen::element<std::uint32_t>(0, 256, 257, 300, 767, 768, 1022);
    const auto page = *rc::gen::element<std::uint32_t>(0, 1, 2, 3, 255, 512, 1022, 1023);
    return (slot << 22) | (page << 12);
}

std::uint32_t some_frame(Bench& bench) {
    const auto kind = *rc::gen::inRange(0, 3);
    const std::uint32_t table = bench.pde(256) >> 12;
    return kind == 0 && table != 0 ? table : *rc::gen::inRange<std::uint32_t>(300, bench.machine.frames());
}

std::uint32_t some_attributes() {
    return *rc::gen::element<std::uint32_t>(0, bits::kWritable, bits::kUser, bits::kWritable | bits::kUser,
                                            bits::kGlobal, bits::kWritable | bits::kGlobal);
}

std::uint32_t some_count() {
    return *rc::gen::element<std::uint32_t>(1, 1, 2, 3, 7, 1025);
}

template <class R>
void log(const char* what, VirtAddr va, std::uint64_t value, std::uint32_t bits_, std::uint32_t count,
         const R& result) {
    RC_LOG() << what << std::hex << " va " << va.raw() << " value " << value << " bits " << bits_ << std::dec
             << " count " << count << (result ? " done" : " refused ")
             << (result ? 0 : static_cast<int>(result.error().refusal)) << "\n";
}

void attempt(Bench& bench, ChangeOptions options) {
    memory::Lab<Machine>& lab = bench.lab;
    const VirtAddr va{some_address()};
    const std::uint32_t attributes = some_attributes();
    const std::uint32_t count = some_count();
    switch (*rc::gen::inRange(0, 12)) {
    case 0:
    case 1:
    case 2:
        log("map", va, 0, attributes, count,
            lab.map({.va = va, .attributes = {attributes}, .count = count, .options = options}));
        break;
    case 3: {
        const PhysAddr pa{some_frame(bench) * 4096ull};
        log("map to", va, pa.raw(), attributes, count,
            lab.map({.va = va, .pa = pa, .attributes = {attributes}, .count = count, .options = options}));
        break;
    }
    case 4: {
        const bool named = *rc::gen::arbitrary<bool>();
        const auto pa = named ? std::optional{PhysAddr{0x400000}} : std::nullopt;
        const VirtAddr first = va.aligned_down(paging::kLargePageSize);
        log("map large", first, named, attributes, 1,
            lab.map({.va = first, .pa = pa, .attributes = {attributes}, .large = true, .options = options}));
        break;
    }
    case 5:
    case 6:
        log("unmap", va, 0, 0, count, lab.unmap({.va = va, .count = count, .options = options}));
        break;
    case 7: {
        const std::uint32_t set = some_attributes();
        log("protect", va, set, attributes, count,
            lab.protect({.va = va, .clear = attributes, .set = set, .count = count, .options = options}));
        break;
    }
    case 8: {
        // Nothing, another slot's table or large page, a second self-map.
        const std::uint32_t value = bench.pde(*rc::gen::element<std::uint32_t>(256, 257, 300, 1023, 5));
        log("setpde", va, value, 0, 1, lab.set_pde(va.directory_index(), value, options));
        break;
    }
    case 9: {
        const std::uint32_t value =
            (some_frame(bench) << 12) | attributes | *rc::gen::inRange<std::uint32_t>(0, 2);
        log("setpte", va, value, 0, 1, lab.set_pte(va, value, options));
        break;
    }
    case 10:
        log("free tables", va, 0, 0, 1, lab.free_tables());
        break;
    default:
        log("alloc", va, 0, 0, count, lab.alloc_frames(count));
        break;
    }
}

/// An operation of the kernel must never fault itself.
void one_operation(Bench& bench, ChangeOptions options) {
    try {
        attempt(bench, options);
    } catch (const Fault& fault) {
        RC_FAIL("fault in the kernel at " + std::to_string(fault.cr2) + ", code " +
                std::to_string(fault.code));
    }
}

void warm_windows(Bench& bench);

/// Accesses that fill the TLB where the operations work.
void warm(Bench& bench) {
    for (const std::uint32_t slot : {0u, 256u, 257u, 300u, 767u}) {
        for (const std::uint32_t page : {0u, 1u, 2u, 3u, 255u, 1023u}) {
            const VirtAddr va = VirtAddr::from_indices(slot, page);
            const bool write = (page & 1) != 0 && slot != 300 && bench.pde(slot) >> 12 != Machine::kDirectory;
            // A write stores 0: only into pages, never into tables or the kernel.
            const auto where = bench.machine.translate(va.raw() >> 12);
            const auto role =
                where ? bench.lab.frame_record(PhysAddr{where->frame * 4096}).role() : FrameRole::free;
            const auto kind =
                write && role == FrameRole::data ? paging::AccessKind::write : paging::AccessKind::read;
            static_cast<void>(bench.machine.access({.kind = kind}, va, 0, va));
        }
    }
    warm_windows(bench);
}

/// The window pages of what the operations change, in every self-map, and the direct map's pages of the
/// tables: read only, these are words that translate.
void warm_windows(Bench& bench) {
    for (const std::uint32_t self_map : {0u, 257u, 300u, 767u, 1023u}) {
        for (const std::uint32_t slot : {0u, 256u, 257u, 300u, 767u}) {
            const VirtAddr va = VirtAddr::from_indices(self_map, slot);
            static_cast<void>(bench.machine.access({}, va, 0, va));
        }
    }
    for (const std::uint32_t slot : {0u, 256u, 257u, 300u, 767u}) {
        const VirtAddr va{0xc0000000 + (bench.pde(slot) & 0x3ff000)};
        static_cast<void>(bench.machine.access({}, va, 0, va));
    }
}

/// Each data frame and table is referred to as often as its record says: an independent count.
void check_references(Bench& bench) {
    std::map<std::uint64_t, std::uint32_t> count;
    const auto add_leaf = [&](std::uint32_t pte) {
        if ((pte & 1) != 0) {
            count[pte >> 12] += 1;
        }
    };
    for (std::uint32_t pdi = 0; pdi < 1024; ++pdi) {
        const std::uint32_t pde = bench.pde(pdi);
        if ((pde & 0x81) == 0x81) {
            for (std::uint32_t i = 0; i < 1024; ++i) {
                count[(pde >> 22) * 1024ull + i] += 1;
            }
        } else {
            add_leaf(pde);
        }
    }
    for (std::uint32_t frame = 256; frame < bench.machine.frames(); ++frame) {
        const bool fixed = frame >= Machine::kKernelTable && frame <= Machine::kScratchTable;
        if (!fixed && bench.lab.frame_record(PhysAddr{frame * 4096ull}).role() == FrameRole::table) {
            for (std::uint32_t i = 0; i < 1024; ++i) {
                add_leaf(bench.machine.word(frame * 4096ull + i * 4));
            }
        }
    }
    machine::FrameCounts sums;
    for (std::uint32_t frame = Machine::kImageEnd; frame < bench.machine.frames(); ++frame) {
        const FrameRecord record = bench.lab.frame_record(PhysAddr{frame * 4096ull});
        if (record.role() == FrameRole::data || record.role() == FrameRole::table) {
            RC_ASSERT(record.references() == count[frame]);
        } else if (record.role() == FrameRole::free) {
            RC_ASSERT(count[frame] == 0u);
            sums.free += 1;
        }
        sums.data += record.role() == FrameRole::data ? 1 : 0;
    }
    RC_ASSERT(sums.data == bench.lab.frames().data);
}

void check_coherent(Bench& bench) {
    const auto stale = bench.machine.stale();
    if (!stale.empty()) {
        RC_FAIL("stale translation of " + std::to_string(stale.front()));
    }
}

void check_same(const State& before, Bench& bench) {
    const State after = state_of(bench);
    const State expected = with_record_pages_of(before, bench);
    if (!(expected == after)) {
        RC_FAIL(difference(expected, after));
    }
}

TEST(Properties, ACommandLeavesNoStaleTranslationAndCountsItsReferences) {
    EXPECT_TRUE(rc::check("commands", [] {
        Bench bench{2600};
        for (int step = *rc::gen::inRange(1, 14); step > 0; --step) {
            warm(bench);
            bench.command([&] {
                one_operation(bench, {});
                return 0;
            });
            check_coherent(bench);
            check_references(bench);
        }
    }));
}

TEST(Properties, WhatIsRolledBackLeavesNoDifference) {
    EXPECT_TRUE(rc::check("rollback", [] {
        Bench bench{2600};
        for (int step = *rc::gen::inRange(1, 8); step > 0; --step) {
            bench.command([&] {
                one_operation(bench, {});
                return 0;
            });
            warm(bench);
            const State before = state_of(bench);
            bench.lab.begin_command("abandoned");
            for (int operation = *rc::gen::inRange(1, 4); operation > 0; --operation) {
                one_operation(bench, {.flush = *rc::gen::inRange(0, 3) != 0});
                warm(bench);
            }
            bench.lab.end_command(interface::Status::fault, false);
            check_same(before, bench);
            check_references(bench);
        }
    }));
}

TEST(Properties, UndoTakesTheLastCommandBack) {
    EXPECT_TRUE(rc::check("undo", [] {
        Bench bench{2600};
        std::vector<State> states;
        const int steps = *rc::gen::inRange(1, 8);
        for (int step = 0; step < steps; ++step) {
            warm(bench);
            const State before = state_of(bench);
            bench.command([&] {
                one_operation(bench, {});
                return 0;
            });
            if (!(with_record_pages_of(before, bench) == state_of(bench))) {
                states.push_back(before);
            }
        }
        // A command may change a word and leave the state equal (A and D alone): undo then has more to do.
        for (int i = 0; i < steps + 1 && !states.empty(); ++i) {
            const auto report = bench.command([&] { return bench.lab.undo(); });
            if (!report) {
                break;
            }
            check_coherent(bench);
            check_references(bench);
            if (state_of(bench) == with_record_pages_of(states.back(), bench)) {
                states.pop_back();
            }
        }
        RC_ASSERT(states.empty());
    }));
}

} // namespace
} // namespace pagelab::simulation
