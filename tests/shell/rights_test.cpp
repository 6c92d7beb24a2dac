// Rights in one word: letters, words after commas, Intel's names, and what walk prints.
#include "kernel/shell/rights.hpp"

#include <gtest/gtest.h>

namespace pagelab::shell::test {
namespace {

namespace bits = paging::bits;

std::string describe(std::string_view token) {
    const auto rights = parse_rights(token);
    if (!rights) {
        Text<400> text;
        rights.error().write(text);
        return std::string{text.view()};
    }
    std::string text = std::to_string(rights->attributes.bits);
    return text + (rights->large ? " big" : "") + (rights->mentions_execute ? " x" : "");
}

std::string expect(std::uint32_t attributes, std::string_view rest = "") {
    return std::to_string(attributes) + std::string{rest};
}

TEST(Rights, LettersAreJoined) {
    EXPECT_EQ(describe("r"), expect(0));
    EXPECT_EQ(describe("rw"), expect(bits::kWritable));
    EXPECT_EQ(describe("rwu"), expect(bits::kWritable | bits::kUser));
    EXPECT_EQ(describe("ru"), expect(bits::kUser));
    EXPECT_EQ(describe("rwg"), expect(bits::kWritable | bits::kGlobal));
}

TEST(Rights, WordsFollowCommas) {
    EXPECT_EQ(describe("rw,u,nc,wt,big"),
              expect(bits::kWritable | bits::kUser | bits::kCacheDisable | bits::kWriteThrough, " big"));
    EXPECT_EQ(describe("r,pat"), expect(bits::kPat));
}

TEST(Rights, IntelsNamesAreSynonyms) {
    EXPECT_EQ(describe("P,RW,US"), expect(bits::kWritable | bits::kUser));
    EXPECT_EQ(describe("RW|US|PCD|PWT|G"), expect(bits::kWritable | bits::kUser | bits::kCacheDisable |
                                                  bits::kWriteThrough | bits::kGlobal));
    EXPECT_EQ(describe("R/W,U/S,PS"), expect(bits::kWritable | bits::kUser, " big"));
    EXPECT_EQ(describe("rw,avl9,avl10,avl11"), expect(bits::kWritable | 0xe00));
}

TEST(Rights, WhatWalkPrintsIsTaken) {
    EXPECT_EQ(describe("rwx"), expect(bits::kWritable, " x"));
    EXPECT_EQ(describe("r-x"), expect(0, " x"));
    EXPECT_EQ(describe("rw-"), expect(bits::kWritable));
    EXPECT_EQ(describe("r--"), expect(0));
    EXPECT_EQ(describe("---"),
              "'---': a page that is present can be read by the kernel; unmap takes it away");
}

TEST(Rights, OtherWordsAreRefusedWithTheReason) {
    for (const char* token : {"", "q", "rw,", ",rw", "rwq", "rw,,u", "-", "w-r", "rw u", "r-"}) {
        EXPECT_FALSE(parse_rights(token)) << token;
    }
    EXPECT_EQ(describe("rw,d"), "'rw,d' is not rights: A and D are set by the CPU; setpte writes them");
    EXPECT_EQ(describe("rw,nx"), "'rw,nx' is not rights: 32-bit paging has no NX");
}

struct Change {
    std::uint32_t clear, set;
};
std::optional<Change> change(std::string_view token) {
    const auto parsed = parse_rights_change(token);
    return parsed ? std::optional{Change{parsed->clear, parsed->set}} : std::nullopt;
}

TEST(RightsChange, SignsChangeSingleRights) {
    EXPECT_EQ(change("+u")->set, bits::kUser);
    EXPECT_EQ(change("+u")->clear, 0u);
    EXPECT_EQ(change("-w")->clear, bits::kWritable);
    EXPECT_EQ(change("-w")->set, 0u);
    EXPECT_EQ(change("+u,-w")->set, bits::kUser);
    EXPECT_EQ(change("+u,-w")->clear, bits::kWritable);
    EXPECT_EQ(change("+u-w")->clear, bits::kWritable);
    EXPECT_EQ(change("+wu")->set, bits::kWritable | bits::kUser);
    EXPECT_EQ(change("+nc")->set, bits::kCacheDisable);
    EXPECT_EQ(change("-G")->clear, bits::kGlobal);
}

TEST(RightsChange, WithoutASignAllRightsAreSet) {
    const auto rw = change("rw");
    EXPECT_EQ(rw->set, bits::kWritable);
    for (const std::uint32_t bit : {bits::kWritable, bits::kUser, bits::kWriteThrough, bits::kCacheDisable,
                                    bits::kPat, bits::kGlobal}) {
        EXPECT_NE(rw->clear & bit, 0u) << bit;
    }
    EXPECT_EQ(rw->clear & ~machine::kAttributeMask, 0u) << "P, A, D and the address stay";
    EXPECT_EQ(rw->clear & bits::kAvail9, 0u) << "bits for software stay unless named";
}

TEST(RightsChange, WhatPagingCantDoIsRefused) {
    for (const char* token :
         {"+", "-", "+q", "-r", "-x", "+u,-u", "+big", "big", "rw,big", "+u,", "++u", ""}) {
        EXPECT_FALSE(parse_rights_change(token)) << token;
    }
}

} // namespace
} // namespace pagelab::shell::test
