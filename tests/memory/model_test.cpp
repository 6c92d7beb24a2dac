// Long random sessions over spaces of all strategies, against a plain model: which page of which space leads
// to which memory with which rights. The machine's tables are read word by word and must say the same; frames
// must add up; no translation in the TLB may contradict the tables. Nothing of the kernel's code is used to
// read.
#include "kernel/selftest/invariants.hpp"
#include "tests/memory/bench.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <vector>

namespace pagelab::simulation {
namespace {

using machine::Strategy;

struct Page {
    std::uint32_t memory = 0; // a name for what it leads to
    bool writable = false;
    bool user = false;
    bool shared = false; // marked: the first write copies it
};

struct ModelSpace {
    Strategy strategy{};
    bool shares = false;
    std::map<std::uint32_t, Page> pages; // by page number
};

struct Model {
    std::map<std::uint32_t, ModelSpace> spaces{{0, {}}};
    std::uint32_t loaded = 0;
};

constexpr std::uint32_t kPresent = 1, kWritable = 2, kUser = 4, kWasWritable = 0x400, kShared = 0x800;

class Session {
public:
    Session(std::uint32_t frames, std::uint32_t seed) : bench(frames), random_(seed) {}

    /// One random command, on the machine and in the model; what the machine refuses changes nothing.
    void step() {
        const Model before = model_;
        work_ = pick(4) == 0 ? any_space() : model_.loaded;
        switch (pick(20)) {
        case 0:
        case 1:
        case 2:
        case 3:
            map(before);
            break;
        case 4:
            alias(before);
            break;
        case 5:
        case 6:
        case 7:
            unmap(before);
            break;
        case 8:
        case 9:
            protect(before);
            break;
        case 10:
            make(before);
            break;
        case 11:
            clone(before, false);
            break;
        case 12:
            clone(before, true);
            break;
        case 13:
        case 14:
            use(before);
            break;
        case 15:
            remove(before);
            break;
        case 16:
        case 17:
            write();
            break;
        case 18:
            free_tables(before);
            break;
        default:
            undo();
            break;
        }
        touch_some();
        const auto stale = bench.machine.stale();
        ASSERT_TRUE(stale.empty()) << "stale translation of " << std::hex << stale.front();
        ASSERT_EQ(bench.lab.space(), model_.loaded);
    }

    /// The tables of every space, word by word, against the model; and the sums of the frames.
    void compare() {
        std::map<std::uint32_t, std::uint32_t> frame_of_memory;
        std::map<std::uint32_t, std::uint32_t> memory_of_frame;
        std::uint32_t tables = 3;
        for (const auto& [number, space] : model_.spaces) {
            const auto info = bench.lab.space_info(number);
            ASSERT_TRUE(info) << "space " << number;
            ASSERT_EQ(info->strategy, space.strategy);
            std::size_t found = 0;
            const std::uint32_t slots = space.strategy == Strategy::upper_half ? 512 : 768;
            for (std::uint32_t pdi = 0; pdi < slots; ++pdi) {
                const std::uint32_t pde = bench.machine.word(info->directory.raw() + pdi * 4);
                if ((pde & kPresent) == 0) {
                    continue;
                }
                tables += 1;
                for (std::uint32_t pti = 0; pti < 1024; ++pti) {
                    const std::uint32_t pte = bench.machine.word((pde & ~0xfffu) + pti * 4ull);
                    if ((pte & kPresent) == 0) {
                        continue;
                    }
                    const auto page = space.pages.find(pdi * 1024 + pti);
                    ASSERT_TRUE(page != space.pages.end())
                        << "space " << number << " page " << pdi << ":" << pti;
                    const Page& wanted = page->second;
                    const std::uint32_t bits = kPresent | (wanted.user ? kUser : 0) |
                                               (wanted.writable && !wanted.shared ? kWritable : 0) |
                                               (wanted.shared ? kShared : 0) |
                                               (wanted.shared && wanted.writable ? kWasWritable : 0);
                    ASSERT_EQ(pte & 0xc07, bits) << "space " << number << " page " << pdi << ":" << pti;
                    const auto frame = frame_of_memory.emplace(wanted.memory, pte >> 12).first->second;
                    const auto memory = memory_of_frame.emplace(pte >> 12, wanted.memory).first->second;
                    ASSERT_EQ(frame, pte >> 12);
                    ASSERT_EQ(memory, wanted.memory);
                    found += 1;
                }
            }
            ASSERT_EQ(found, space.pages.size()) << "space " << number;
        }
        for (const auto& [memory, frame] : frame_of_memory) {
            const auto content = contents_.find(memory);
            if (content != contents_.end()) {
                ASSERT_EQ(bench.machine.word(frame * 4096ull), content->second) << "memory " << memory;
            }
        }
        const auto counts = bench.lab.frames();
        ASSERT_EQ(counts.data, frame_of_memory.size());
        ASSERT_EQ(counts.table, tables);
        ASSERT_EQ(counts.directory, model_.spaces.size());
        ASSERT_EQ(counts.free + counts.kernel + counts.directory + counts.table + counts.data +
                      counts.reserved,
                  counts.total);
        compare_references(memory_of_frame);
    }

    /// Everything goes; what is free then was free at the beginning, but for pages of frame records.
    void finish(std::uint32_t free_at_start) {
        for (const selftest::Case& invariant : selftest::invariants()) {
            const auto failure = invariant.check(bench.lab);
            ASSERT_FALSE(failure) << invariant.name << ": " << failure->text;
        }
        if (model_.loaded != 0) {
            ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(0, {}); }));
        }
        for (const auto& [number, space] : model_.spaces) {
            if (number != 0) {
                ASSERT_TRUE(bench.command([&] { return bench.lab.delete_space(number); }));
            }
        }
        for (const auto& [page, what] : model_.spaces[0].pages) {
            ASSERT_TRUE(bench.unmap(page << 12));
        }
        bench.command([&] { return bench.lab.free_tables(); });
        ASSERT_EQ(bench.lab.frames().free, free_at_start);
    }

    Bench bench;

private:
    std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
    std::uint32_t any_space() {
        auto at = model_.spaces.begin();
        std::advance(at, pick(static_cast<std::uint32_t>(model_.spaces.size())));
        return at->first;
    }
    /// Page numbers that meet each other often, in four slots, with a table's last pages among them.
    std::uint32_t some_page() {
        constexpr std::uint32_t kSlots[] = {0, 256, 257, 300, 511};
        constexpr std::uint32_t kPages[] = {0, 1, 2, 3, 512, 1022, 1023};
        return kSlots[pick(5)] * 1024 + kPages[pick(7)];
    }
    std::uint32_t some_count() {
        constexpr std::uint32_t kCounts[] = {1, 1, 1, 2, 3, 6};
        return kCounts[pick(6)];
    }
    ModelSpace& space() { return model_.spaces[work_]; }

    template <class F>
    auto command(F&& operation) {
        return bench.command([&] {
            if (work_ != bench.lab.space()) {
                EXPECT_TRUE(bench.lab.work_in(work_));
            }
            return operation();
        });
    }
    void changed(const Model& before) { history_.push_back(before); }

    void map(const Model& before) {
        const std::uint32_t page = some_page(), count = some_count();
        const bool writable = pick(3) != 0, user = pick(2) != 0;
        const auto done = command([&] {
            return bench.lab.map({.va = VirtAddr{page << 12},
                                  .attributes = {(writable ? kWritable : 0) | (user ? kUser : 0)},
                                  .count = count});
        });
        bool free = true;
        for (std::uint32_t i = 0; i < count; ++i) {
            free = free && !space().pages.contains(page + i);
        }
        const bool fits = space().strategy != Strategy::upper_half || page + count <= 512 * 1024;
        if (!done) {
            ASSERT_TRUE(!free || !fits || done.error().refusal == Refusal::no_frames);
            return;
        }
        ASSERT_TRUE(free && fits);
        changed(before);
        for (std::uint32_t i = 0; i < count; ++i) {
            contents_[++last_memory_] = 0;
            space().pages[page + i] = {last_memory_, writable, user, false};
        }
    }

    /// A second page for memory that is mapped already.
    void alias(const Model& before) {
        if (space().pages.empty()) {
            return;
        }
        auto from = space().pages.begin();
        std::advance(from, pick(static_cast<std::uint32_t>(space().pages.size())));
        const std::uint32_t page = some_page();
        const PhysAddr frame{frame_of(from->first) * 4096ull};
        const auto done = command([&] {
            return bench.lab.map({.va = VirtAddr{page << 12}, .pa = frame, .attributes = {kWritable}});
        });
        if (!done) {
            ASSERT_TRUE(space().pages.contains(page) || done.error().refusal == Refusal::no_frames);
            return;
        }
        changed(before);
        space().pages[page] = {from->second.memory, true, false, false};
    }

    void unmap(const Model& before) {
        const std::uint32_t page = some_page(), count = some_count();
        const auto done =
            command([&] { return bench.lab.unmap({.va = VirtAddr{page << 12}, .count = count}); });
        bool all = true;
        for (std::uint32_t i = 0; i < count; ++i) {
            all = all && space().pages.contains(page + i);
        }
        ASSERT_EQ(done.has_value(), all);
        if (done) {
            changed(before);
            for (std::uint32_t i = 0; i < count; ++i) {
                space().pages.erase(page + i);
            }
        }
    }

    void protect(const Model& before) {
        const std::uint32_t page = some_page(), count = some_count();
        const bool writable = pick(2) != 0, user = pick(2) != 0;
        const auto done = command([&] {
            return bench.lab.protect({.va = VirtAddr{page << 12},
                                      .clear = kWritable | kUser,
                                      .set = (writable ? kWritable : 0) | (user ? kUser : 0),
                                      .count = count});
        });
        bool all = true;
        for (std::uint32_t i = 0; i < count; ++i) {
            all = all && space().pages.contains(page + i);
        }
        ASSERT_EQ(done.has_value(), all);
        if (!done) {
            return;
        }
        if (done->entries_changed != 0) {
            changed(before);
        }
        for (std::uint32_t i = 0; i < count; ++i) {
            space().pages[page + i].writable = writable;
            space().pages[page + i].user = user;
        }
    }

    void make(const Model& before) {
        const auto strategy = static_cast<Strategy>(pick(5));
        const auto done = bench.command([&] { return bench.lab.new_space(strategy); });
        if (!done) {
            ASSERT_TRUE(done.error().refusal == Refusal::no_frames ||
                        model_.spaces.size() == machine::kMaxSpaces);
            return;
        }
        changed(before);
        ASSERT_FALSE(model_.spaces.contains(done->number));
        model_.spaces[done->number] = {strategy, false, {}};
    }

    void clone(const Model& before, bool share) {
        const auto done = command([&] { return bench.lab.clone_space(share); });
        if (!done) {
            ASSERT_TRUE(done.error().refusal == Refusal::no_frames ||
                        done.error().refusal == Refusal::journal_full ||
                        model_.spaces.size() == machine::kMaxSpaces);
            return;
        }
        changed(before);
        if (share) {
            space().shares = true;
            for (auto& [page, what] : space().pages) {
                what.shared = true;
            }
        }
        ModelSpace copy = space();
        std::map<std::uint32_t, std::uint32_t> copies;
        for (auto& [page, what] : copy.pages) {
            if (!share) {
                const auto [at, is_new] = copies.emplace(what.memory, last_memory_ + 1);
                if (is_new) {
                    last_memory_ += 1;
                    if (contents_.contains(what.memory)) {
                        contents_[last_memory_] = contents_[what.memory];
                    }
                }
                what.memory = at->second;
                what.shared = false;
            }
        }
        copy.shares = share;
        model_.spaces[done->number] = copy;
    }

    void use(const Model& before) {
        const std::uint32_t number = any_space();
        ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(number, {}); }));
        changed(before);
        model_.loaded = number;
    }

    void remove(const Model& before) {
        const std::uint32_t number = any_space();
        const auto done = bench.command([&] { return bench.lab.delete_space(number); });
        ASSERT_EQ(done.has_value(), number != 0 && number != model_.loaded);
        if (done) {
            changed(before);
            model_.spaces.erase(number);
        }
    }

    /// A write by the kernel in the loaded space.
    void write() {
        const std::uint32_t page = some_page();
        const Model before = model_;
        work_ = model_.loaded;
        const auto at = space().pages.find(page);
        const bool may = at != space().pages.end() && at->second.writable;
        const std::uint32_t value = static_cast<std::uint32_t>(random_());
        bench.lab.begin_command("poke");
        bool done = true;
        try {
            bench.machine.store(VirtAddr{page << 12}, Unit::word, value);
        } catch (const Fault& fault) {
            done = bench.lab.copy_on_write(VirtAddr{fault.cr2}, fault.code);
            if (done) {
                bench.machine.store(VirtAddr{page << 12}, Unit::word, value);
            }
        }
        bench.lab.end_command(done ? interface::Status::ok : interface::Status::fault, done);
        if (!done) {
            ASSERT_TRUE(!may || (at->second.shared && bench.lab.frames().free == 0));
            return;
        }
        ASSERT_TRUE(may);
        if (at->second.shared) {
            changed(before);
            own(at->second.memory);
        }
        contents_[at->second.memory] = value;
    }
    /// All shared pages of the space that lead to this memory get memory of their own, unless nobody else has
    /// it.
    void own(std::uint32_t memory) {
        bool others = false;
        for (const auto& [number, other] : model_.spaces) {
            for (const auto& [page, what] : other.pages) {
                others = others || (what.memory == memory && (number != work_ || !what.shared));
            }
        }
        if (others) {
            last_memory_ += 1;
        }
        for (auto& [page, what] : space().pages) {
            if (what.memory == memory && what.shared) {
                what.shared = false;
                what.memory = others ? last_memory_ : memory;
            }
        }
    }

    void free_tables(const Model& before) {
        const auto done = command([&] { return bench.lab.free_tables(); });
        ASSERT_TRUE(done);
        if (done->tables_freed != 0) {
            changed(before);
        }
    }

    void undo() {
        const auto done = bench.command([&] { return bench.lab.undo(); });
        if (!done) {
            // Out of the journal's reach, or frames of a deleted space were used since.
            ASSERT_TRUE(history_.empty() || done.error().refusal == Refusal::out_of_reach);
            history_.clear();
            return;
        }
        if (history_.empty()) {
            out_of_step_ = true; // older than what the model remembers: start again
            return;
        }
        model_ = history_.back();
        history_.pop_back();
        contents_.clear(); // frames that went and came back hold what they hold by now
    }

public:
    /// The journal may reach further back than the model after an undo was refused.
    [[nodiscard]] bool out_of_step() const { return out_of_step_; }

private:
    std::uint32_t frame_of(std::uint32_t page) {
        const auto info = bench.lab.space_info(work_);
        const std::uint32_t pde = bench.machine.word(info->directory.raw() + (page >> 10) * 4);
        return bench.machine.word((pde & ~0xfffu) + (page & 1023) * 4ull) >> 12;
    }

    /// Reads that warm the TLB.
    void touch_some() {
        for (int i = 0; i < 6; ++i) {
            const VirtAddr va{some_page() << 12};
            static_cast<void>(bench.machine.access({}, va, 0, va));
        }
    }

    void compare_references(const std::map<std::uint32_t, std::uint32_t>& frames) {
        std::map<std::uint32_t, std::uint32_t> count;
        for (const auto& [number, space] : model_.spaces) {
            for (const auto& [page, what] : space.pages) {
                count[what.memory] += 1;
            }
        }
        for (const auto& [frame, memory] : frames) {
            const FrameRecord record = bench.lab.frame_record(PhysAddr{frame * 4096ull});
            ASSERT_EQ(record.role(), FrameRole::data);
            ASSERT_EQ(record.references(), count[memory]);
        }
    }

    std::mt19937 random_;
    Model model_;
    std::vector<Model> history_;
    std::map<std::uint32_t, std::uint32_t> contents_; // the first word of memory that is known
    std::uint32_t last_memory_ = 0;
    std::uint32_t work_ = 0;
    bool out_of_step_ = false;
};

/// PAGELAB_MODEL_STEPS overrides how many commands run in all.
std::uint32_t steps() {
    const char* const wanted = std::getenv("PAGELAB_MODEL_STEPS");
    return wanted != nullptr ? static_cast<std::uint32_t>(std::strtoul(wanted, nullptr, 10)) : 200'000;
}

void run_sessions(std::uint32_t frames, std::uint32_t seed, std::uint32_t all) {
    constexpr std::uint32_t kSession = 400;
    for (std::uint32_t done = 0; done < all; done += kSession) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Session session(frames, seed++);
        const std::uint32_t free = session.bench.lab.frames().free;
        for (std::uint32_t step = 1; step <= kSession && !session.out_of_step(); ++step) {
            SCOPED_TRACE("step " + std::to_string(step));
            session.step();
            if (testing::Test::HasFatalFailure()) {
                return;
            }
            if (step % 16 == 0 && !session.out_of_step()) {
                session.compare();
                if (testing::Test::HasFatalFailure()) {
                    return;
                }
            }
        }
        if (!session.out_of_step()) {
            session.finish(free);
        }
        if (testing::Test::HasFatalFailure()) {
            return;
        }
    }
}

TEST(Model, RandomCommandsOverAllStrategiesDoWhatThePlainModelDoes) {
    run_sessions(2600, 1, steps() / 2);
}

TEST(Model, AlsoWithTheFramePoolNearlyEmpty) {
    run_sessions(Machine::kImageEnd + 60, 100'000, steps() / 2);
}

} // namespace
} // namespace pagelab::simulation
