// The access rules against a table written from the SDM (3A 4.6.1), not from the code.
#include "kernel/paging/walk.hpp"
#include "tests/paging/memory.hpp"

#include <gtest/gtest.h>

namespace pagelab::paging {
namespace {

using tests::Guest;

constexpr std::uint32_t kVa = 0x40000000;

Walk walk_of(std::uint32_t pde_bits, std::uint32_t pte_bits, bool wp, std::uint32_t cr4 = cr4::kPse) {
    Guest guest;
    guest.context.control.cr0 = wp ? 0x80010001 : 0x80000001;
    guest.context.control.cr4 = cr4;
    guest.pde(256, 0x00106000 | pde_bits);
    guest.pte(256, 0, 0x00200000 | pte_bits);
    return guest.walk(kVa);
}

TEST(Access, EveryCombinationOfBothLevelsRwAndUs) {
    for (std::uint32_t i = 0; i < 256; ++i) {
        const bool pde_rw = i & 1, pde_us = i & 2, pte_rw = i & 4, pte_us = i & 8;
        const bool wp = i & 16, user = i & 32;
        const auto kind = static_cast<AccessKind>((i >> 6) % 3);
        const Walk walk =
            walk_of(1u | (pde_rw ? 2 : 0) | (pde_us ? 4 : 0), 1u | (pte_rw ? 2 : 0) | (pte_us ? 4 : 0), wp);
        // Table 4.6.1 by hand: both must agree to be user, both to be writable.
        const bool page_user = pde_us && pte_us, page_write = pde_rw && pte_rw;
        bool allowed = true;
        if (user && !page_user) {
            allowed = false;
        } else if (kind == AccessKind::write && !page_write && (user || wp)) {
            allowed = false;
        }
        const Prediction prediction = predict(walk, {.kind = kind, .user = user});
        EXPECT_EQ(prediction.fault, !allowed) << "combination " << i;
        if (prediction.fault) {
            EXPECT_EQ(prediction.code, 1u | (kind == AccessKind::write ? 2u : 0u) | (user ? 4u : 0u));
            EXPECT_EQ(prediction.pte_after, *walk.steps[1].raw) << "a fault sets no A or D in the PTE";
        } else {
            EXPECT_EQ(prediction.pte_after, *walk.steps[1].raw | (kind == AccessKind::write ? 0x60u : 0x20u));
            EXPECT_EQ(prediction.pde_after, *walk.steps[0].raw | 0x20u) << "a table's PDE has no D";
        }
        EXPECT_EQ(walk.user.r, page_user);
        EXPECT_EQ(walk.user.w, page_user && page_write);
        EXPECT_EQ(walk.kernel.w, page_write || !wp);
    }
}

TEST(Access, NotPresentFaultsWithoutTheProtectionBit) {
    const Walk walk = walk_of(7, 6, true);
    const Prediction prediction = predict(walk, {.kind = AccessKind::write, .user = true});
    EXPECT_TRUE(prediction.fault);
    EXPECT_EQ(prediction.code, 6u);
    EXPECT_EQ(prediction.blame, 1);
}

TEST(Access, ReservedBitsFaultWithBothBits) {
    Guest guest;
    guest.pde(256, 0x00600083);
    EXPECT_EQ(predict(guest.walk(kVa), {}).code, 9u);
}

TEST(Access, SmepForbidsTheKernelToFetchUserPagesAndSetsTheFetchBit) {
    const Walk walk = walk_of(7, 7, true, cr4::kPse | cr4::kSmep);
    EXPECT_EQ(predict(walk, {.kind = AccessKind::fetch}).code, 0x11u);
    EXPECT_FALSE(predict(walk, {.kind = AccessKind::read}).fault);
    EXPECT_FALSE(predict(walk, {.kind = AccessKind::fetch, .user = true}).fault);
    EXPECT_FALSE(walk.kernel.x);
    EXPECT_TRUE(walk.user.x);
    const Walk absent = walk_of(7, 6, true, cr4::kPse | cr4::kSmep);
    EXPECT_EQ(predict(absent, {.kind = AccessKind::fetch}).code, 0x10u);
}

TEST(Access, SmapForbidsTheKernelToUseUserPagesUnlessAcIsSet) {
    const Walk walk = walk_of(7, 7, true, cr4::kPse | cr4::kSmap);
    EXPECT_EQ(predict(walk, {.kind = AccessKind::read}).code, 1u);
    EXPECT_FALSE(predict(walk, {.kind = AccessKind::read, .ac = true}).fault);
    EXPECT_FALSE(walk.kernel.r);
    EXPECT_FALSE(walk.kernel.w);
    EXPECT_TRUE(walk.kernel.x);
    // Supervisor by one level is enough to be the kernel's own.
    EXPECT_FALSE(predict(walk_of(3, 7, true, cr4::kPse | cr4::kSmap), {}).fault);
}

TEST(Access, BlameFallsOnTheLevelThatDenies) {
    const Access write{.kind = AccessKind::write};
    EXPECT_EQ(predict(walk_of(1, 3, true), write).blame, 0);
    EXPECT_EQ(predict(walk_of(3, 1, true), write).blame, 1);
    EXPECT_EQ(predict(walk_of(1, 1, true), write).blame, 1);
}

TEST(Access, ALargePagesDirtyBitIsInThePde) {
    Guest guest;
    guest.pde(256, 0x00800083);
    EXPECT_EQ(predict(guest.walk(kVa), {.kind = AccessKind::write}).pde_after, 0x008000e3u);
    EXPECT_EQ(predict(guest.walk(kVa), {.kind = AccessKind::read}).pde_after, 0x008000a3u);
}

TEST(Access, GlobalNeedsCr4Pge) {
    EXPECT_TRUE(walk_of(3, 0x103, true, cr4::kPge).global);
    EXPECT_FALSE(walk_of(3, 0x103, true, 0).global);
}

} // namespace
} // namespace pagelab::paging
