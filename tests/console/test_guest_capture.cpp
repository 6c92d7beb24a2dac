#include "kernel/interface/lab_page.hpp"
#include "kernel/interface/layout.hpp"
#include "serial-console/src/guest/capture.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace pagelab::console::guest {
namespace {

using interface::LabPage;
using model::SlotKind;
using paging::PhysAddr;

/// A RAM file that the test writes while guest/ reads it.
class RamFile {
public:
    explicit RamFile(std::size_t bytes) : bytes_(bytes) {
        std::string pattern = (std::filesystem::temp_directory_path() / "pagelab-ram-XXXXXX").string();
        const int descriptor = ::mkstemp(pattern.data());
        if (descriptor < 0 || ::ftruncate(descriptor, static_cast<off_t>(bytes)) != 0) {
            throw std::runtime_error("no RAM file");
        }
        path_ = pattern;
        words_ = static_cast<std::uint32_t*>(
            ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0));
        ::close(descriptor);
    }
    RamFile(const RamFile&) = delete;
    RamFile& operator=(const RamFile&) = delete;
    ~RamFile() {
        ::munmap(words_, bytes_);
        std::filesystem::remove(path_);
    }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] LabPage& lab() {
        return *reinterpret_cast<LabPage*>(words_ + interface::layout::kLabPage.raw() / 4);
    }
    [[nodiscard]] std::uint32_t& word(std::uint32_t address) { return words_[address / 4]; }
    [[nodiscard]] std::uint32_t words() const { return static_cast<std::uint32_t>(bytes_ / 4); }

    /// A lab page and a directory at 0x105000 with a self-map.
    void boot() {
        lab() = {};
        lab().magic = interface::kLabMagic;
        lab().version = interface::kLabVersion;
        lab().generation = 10;
        lab().cr0 = 0x80010011;
        lab().cr3 = 0x00105000;
        lab().cr4 = 0x90;
        lab().frames_total = 512;
        lab().frames_free = 400;
        lab().state = static_cast<std::uint32_t>(interface::LabState::prompt);
        lab().cpu_pse36 = 1;
        lab().cpu_physical_bits = 40;
        word(0x105000 + 1023 * 4) = 0x00105063;
        word(0x105000 + 768 * 4) = 0x00106023;
        word(0x106000 + 256 * 4) = 0x00100121;
    }

private:
    std::size_t bytes_;
    std::filesystem::path path_;
    std::uint32_t* words_ = nullptr;
};

constexpr std::size_t kTwoMiB = std::size_t{2} << 20;

struct Capture : ::testing::Test {
    RamFile file{kTwoMiB};
    Ram ram = std::move(*Ram::open(file.path()));
};

TEST(Ram, AMissingOrEmptyFileIsAnError) {
    EXPECT_FALSE(Ram::open("/nonexistent/ram"));
    EXPECT_FALSE(Ram::open("/dev/null"));
}

TEST_F(Capture, WordsBeyondRamOrUnalignedAreUnreadable) {
    file.word(0x1000) = 0x12345678;
    EXPECT_EQ(ram.word(PhysAddr{0x1000}), 0x12345678u);
    EXPECT_FALSE(ram.word(PhysAddr{0x1001}));
    EXPECT_TRUE(ram.word(PhysAddr{kTwoMiB - 4}));
    EXPECT_FALSE(ram.word(PhysAddr{kTwoMiB}));
    EXPECT_FALSE(ram.word(PhysAddr{0xffff'ffff'ffff'fffc}));
    model::TableWords words;
    EXPECT_FALSE(ram.copy_frame(PhysAddr{kTwoMiB}, words));
    EXPECT_FALSE(ram.copy_frame(PhysAddr{0x1800}, words));
}

TEST_F(Capture, WithoutALabPageThereIsNoPicture) {
    const auto snapshot = capture(ram, MidChange::refuse);
    ASSERT_FALSE(snapshot);
    EXPECT_EQ(snapshot.error(), NoSnapshot::no_lab_page);
    EXPECT_FALSE(read_pulse(ram).valid);
}

TEST(CaptureTinyRam, RamThatEndsBeforeTheLabPageHasNone) {
    RamFile file{0x1000};
    const auto ram = Ram::open(file.path());
    ASSERT_TRUE(ram);
    EXPECT_EQ(capture(*ram, MidChange::accept).error(), NoSnapshot::no_lab_page);
}

TEST_F(Capture, TablesThatDidNotChangeAreSharedWithTheSnapshotBefore) {
    file.boot();
    const auto first = capture(ram, MidChange::refuse);
    ASSERT_TRUE(first);
    file.word(0x106000 + 257 * 4) = 0x00107121;
    const auto second = capture(ram, MidChange::refuse, first->get());
    ASSERT_TRUE(second);
    const auto page = [](const auto& snapshot, std::uint32_t frame) {
        return (*snapshot)->tables.page(PhysAddr{frame}).get();
    };
    EXPECT_EQ(page(first, 0x105000), page(second, 0x105000));
    EXPECT_NE(page(first, 0x106000), page(second, 0x106000));
    EXPECT_EQ((*first)->slots[768].present, 1);
    EXPECT_EQ((*second)->slots[768].present, 2);
}

TEST_F(Capture, AnotherVersionIsSaid) {
    file.boot();
    file.lab().version = 99;
    EXPECT_EQ(capture(ram, MidChange::refuse).error(), NoSnapshot::other_version);
}

TEST_F(Capture, ABootedLabGivesDirectorySlotsAndWalks) {
    file.boot();
    const auto snapshot = capture(ram, MidChange::refuse);
    ASSERT_TRUE(snapshot);
    EXPECT_EQ((*snapshot)->self_map, 1023u);
    EXPECT_EQ((*snapshot)->slots[1023].kind, SlotKind::self_map);
    EXPECT_EQ((*snapshot)->slots[768].kind, SlotKind::kernel);
    EXPECT_EQ((*snapshot)->slots[768].present, 1u);
    EXPECT_EQ((*snapshot)->slots[0].kind, SlotKind::empty);
    const paging::Walk walk = (*snapshot)->walk(paging::VirtAddr{0xc0100234});
    EXPECT_EQ(walk.outcome, paging::Outcome::page_4k);
    EXPECT_EQ(walk.pa, PhysAddr{0x00100234});
    EXPECT_EQ(walk.steps[1].entry_va, paging::VirtAddr{0xfff00400});
}

TEST_F(Capture, ASnapshotDoesNotChangeWithTheGuest) {
    file.boot();
    const auto snapshot = capture(ram, MidChange::refuse);
    ASSERT_TRUE(snapshot);
    file.word(0x106000 + 256 * 4) = 0;
    EXPECT_EQ((*snapshot)->walk(paging::VirtAddr{0xc0100000}).outcome, paging::Outcome::page_4k);
    EXPECT_EQ((*capture(ram, MidChange::refuse))->walk(paging::VirtAddr{0xc0100000}).outcome,
              paging::Outcome::not_present);
}

TEST_F(Capture, InTheMiddleOfAChangeItWaitsUnlessAskedNotTo) {
    file.boot();
    file.lab().generation = 11;
    EXPECT_EQ(capture(ram, MidChange::refuse).error(), NoSnapshot::mid_change);
    const auto snapshot = capture(ram, MidChange::accept);
    ASSERT_TRUE(snapshot);
    EXPECT_TRUE((*snapshot)->mid_change);
}

TEST_F(Capture, APulseChangesWithGenerationStateCommandAndDirectory) {
    file.boot();
    const Pulse before = read_pulse(ram);
    EXPECT_TRUE(before.valid);
    EXPECT_EQ(before, read_pulse(ram));
    file.lab().generation += 2;
    EXPECT_NE(before, read_pulse(ram));
}

TEST_F(Capture, WhatTheLabPageSaysIsMadeHarmless) {
    file.boot();
    file.lab().state = 0xffffffff;
    file.lab().cpu_physical_bits = 0xffffffff;
    file.lab().last_command.fill('\x1b');
    const auto info = read_lab_page(ram);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->state, interface::LabState::off);
    EXPECT_EQ(info->context.cpu.physical_bits, 52);
    EXPECT_EQ(info->last_command, std::string(128, '?'));
}

TEST_F(Capture, TablesBeyondRamAreUnreadable) {
    file.boot();
    file.word(0x105000 + 4 * 4) = 0x7f000003;
    const auto snapshot = capture(ram, MidChange::refuse);
    ASSERT_TRUE(snapshot);
    EXPECT_EQ((*snapshot)->slots[4].kind, SlotKind::unreadable);
    EXPECT_EQ((*snapshot)->walk(paging::VirtAddr::from_indices(4, 0)).outcome, paging::Outcome::unreadable);
}

TEST_F(Capture, ACr3BeyondRamHasNoDirectory) {
    file.boot();
    file.lab().cr3 = 0xfffff000;
    const auto snapshot = capture(ram, MidChange::refuse);
    ASSERT_TRUE(snapshot);
    EXPECT_FALSE((*snapshot)->has_directory());
}

TEST_F(Capture, RandomRamGivesASnapshotOrAReason) {
    std::mt19937 engine{20240611}; // NOLINT: the same garbage in each run
    const auto random = [&] { return static_cast<std::uint32_t>(engine()); };
    for (int round = 0; round < 50; ++round) {
        for (std::uint32_t i = 0; i < file.words(); i += 1 + random() % 7) {
            file.word(i * 4) = random();
        }
        file.lab().magic = {};
        if (round % 2 == 0) {
            file.lab().magic = interface::kLabMagic;
            file.lab().version = interface::kLabVersion;
            file.lab().cr0 |= 0x80000000;
            file.lab().cr3 &= 0x001fffff;
        }
        const auto snapshot = capture(ram, MidChange::accept);
        EXPECT_EQ(snapshot.has_value(), round % 2 == 0);
        if (snapshot) {
            for (int i = 0; i < 100; ++i) {
                static_cast<void>((*snapshot)->walk(paging::VirtAddr{random()}));
            }
        }
    }
}

} // namespace
} // namespace pagelab::console::guest
