// Addresses, ranges, counts and values: whole tokens, or an error that says what would be right.
#include "kernel/shell/arguments.hpp"
#include "tests/shell/fake_machine.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pagelab::shell::test {
namespace {

template <class T>
std::string error_of(const Parsed<T>& parsed) {
    if (parsed) {
        return "no error";
    }
    Text<400> text;
    parsed.error().write(text);
    return std::string{text.view()};
}

class Arguments : public ::testing::Test {
protected:
    FakeMachine machine;
    std::uint32_t va(std::string_view token) {
        const auto parsed = parse_virtual(token, machine);
        EXPECT_TRUE(parsed) << token << ": " << error_of(parsed);
        return parsed ? parsed->raw() : 0xbadbad;
    }
    std::string va_error(std::string_view token) { return error_of(parse_virtual(token, machine)); }
    std::string range_error(std::string_view token) { return error_of(parse_range(token, machine)); }
};

TEST_F(Arguments, NumbersAreDecimalHexOrDecimalWithASuffix) {
    EXPECT_EQ(va("0"), 0u);
    EXPECT_EQ(va("4096"), 4096u);
    EXPECT_EQ(va("0xC0100234"), 0xc0100234u);
    EXPECT_EQ(va("0xffffffff"), 0xffffffffu);
    EXPECT_EQ(va("4K"), 4096u);
    EXPECT_EQ(va("3M"), 3u << 20);
    EXPECT_EQ(va("3G"), 3u << 30);
}

TEST_F(Arguments, IndicesNameAnAddress) {
    EXPECT_EQ(va("768:256:0x234"), 0xc0100234u);
    EXPECT_EQ(va("768:256"), 0xc0100000u);
    EXPECT_EQ(va("1023:1023:4095"), 0xffffffffu);
}

TEST_F(Arguments, AKernelSymbolIsAnAddress) {
    EXPECT_EQ(va("kernel_main"), 0xc0100040u);
}

TEST_F(Arguments, WhatIsNoAddressSaysWhatItCouldBe) {
    EXPECT_EQ(va_error("c0100000"), "'c0100000' is not an address; did you mean 0xc0100000?");
    EXPECT_EQ(va_error("0xc010_0000"), "'0xc010_0000' is not an address; did you mean 0xc0100000?");
    EXPECT_EQ(va_error("c0100000h"), "'c0100000h' is not an address; did you mean 0xc0100000?");
    EXPECT_EQ(va_error("4k"), "'4k' is not an address; did you mean 4K?");
    EXPECT_EQ(va_error("banana"), "'banana' is not an address; write 0xc0100000, 768:256 or a kernel symbol");
    EXPECT_EQ(va_error("0x"), "'0x' is not an address; write 0xc0100000, 768:256 or a kernel symbol");
    EXPECT_EQ(va_error("0x100000000"), "'0x100000000' is beyond the last virtual address, 0xffffffff");
    EXPECT_EQ(va_error("4G"), "'4G' is beyond the last virtual address, 0xffffffff");
    EXPECT_EQ(va_error("p:0x1000"),
              "'p:0x1000' is a physical address, a virtual one is needed; find p:0x1000 "
              "lists those that lead there");
}

TEST_F(Arguments, IndicesOutOfRangeSayWhich) {
    EXPECT_EQ(va_error("1024:0"), "'1024:0' is not an address: the directory index 1024 is beyond 1023");
    EXPECT_EQ(va_error("0:5000:0"), "'0:5000:0' is not an address: the table index 5000 is beyond 1023");
    EXPECT_EQ(va_error("0x300:1"), "'0x300:1' is not an address: indices are decimal, 0x300 is 768");
    EXPECT_EQ(va_error("1:2:4096"),
              "'1:2:4096' is not an address: '4096' is no offset from 0 to 4095 (0xfff)");
    EXPECT_EQ(va_error("1::2"), "'1::2' is not an address: '' is no table index from 0 to 1023");
    EXPECT_EQ(va_error("1:2:3:4"), "'1:2:3:4' is not an address: '3:4' is no offset from 0 to 4095 (0xfff)");
}

TEST_F(Arguments, GarbageIsNeverANumber) {
    for (const char* token : {"", "-1", "+1", "1-", "0x12g", "12x", "0b1", "1e3", "4KK", "K", "0x10K", " 1",
                              "99999999999999999999", "0x11111111111111111", "1_", "--1"}) {
        EXPECT_FALSE(read_number(token)) << token;
    }
}

TEST_F(Arguments, APhysicalAddressHasAP) {
    EXPECT_EQ(parse_physical("p:0x00101000")->raw(), 0x101000u);
    EXPECT_EQ(parse_physical("p:4096")->raw(), 4096u);
    EXPECT_EQ(parse_physical("p:0xffffffffff")->raw(), 0xffffffffffu);
    EXPECT_EQ(parse_physical("0x1000", true)->raw(), 0x1000u);
    EXPECT_EQ(error_of(parse_physical("0x101000")),
              "'0x101000' is not a physical address; did you mean p:0x00101000?");
    EXPECT_EQ(error_of(parse_physical("p:101000h")),
              "'p:101000h' is not a physical address; did you mean p:0x101000?");
    EXPECT_EQ(error_of(parse_physical("p:")), "'p:' is not a physical address; write p:0x00101000");
    EXPECT_EQ(error_of(parse_physical("p:0x10000000000")),
              "'p:0x10000000000' is beyond the last physical address, p:0xffffffffff");
}

TEST_F(Arguments, ARangeEndsBeforeItsSecondAddress) {
    const auto whole = parse_range("0-0x100000000", machine);
    ASSERT_TRUE(whole);
    EXPECT_EQ(*whole, VirtRange::everything());
    EXPECT_EQ(parse_range("0xffc00000+4M", machine)->end, paging::kAddressSpaceEnd);
    EXPECT_EQ(parse_range("768:0-769:0", machine)->size(), 4u << 20);
    EXPECT_EQ(parse_range("0-4G", machine)->end, paging::kAddressSpaceEnd);
    EXPECT_EQ(parse_range("kernel_main+1", machine)->size(), 1u);
}

TEST_F(Arguments, ARangeThatIsNoneSaysWhatWouldBe) {
    EXPECT_EQ(range_error("0x1000"), "'0x1000' is not a range; did you mean 0x1000+4K?");
    EXPECT_EQ(range_error("0x1000..0x2000"), "'0x1000..0x2000' is not a range; did you mean 0x1000-0x2000?");
    EXPECT_EQ(range_error("0x2000-0x1000"),
              "the range '0x2000-0x1000' ends before it begins; did you mean 0x1000-0x2000?");
    EXPECT_EQ(range_error("0x2000-0x2000"),
              "the range '0x2000-0x2000' is empty, its end is exclusive; did you mean 0x2000+4K?");
    EXPECT_EQ(range_error("0xfffff000+8K"), "the range '0xfffff000+8K' passes the end of the address space; "
                                            "did you mean 0xfffff000-0x100000000?");
    EXPECT_EQ(range_error("0x1000+0"), "a range of 0 bytes is empty");
    EXPECT_EQ(range_error("0x1000+4k"), "'4k' is not a size; did you mean 4K?");
    EXPECT_EQ(range_error("0-0x100000001"), "'0x100000001' is beyond the last virtual address, 0xffffffff");
    EXPECT_EQ(range_error("c0000000-d0000000"), "'c0000000' is not an address; did you mean 0xc0000000?");
}

TEST_F(Arguments, PhysicalRangesTakeThePOrLeaveIt) {
    for (const char* token : {"p:0x1000-p:0x2000", "0x1000-0x2000", "p:0x1000+4K", "p:0x1000-0x2000"}) {
        const auto range = parse_physical_range(token);
        ASSERT_TRUE(range) << token;
        EXPECT_EQ(*range, (PhysRange{PhysAddr{0x1000}, PhysAddr{0x2000}})) << token;
    }
    EXPECT_FALSE(parse_physical_range("p:0x2000-p:0x1000"));
    EXPECT_FALSE(parse_physical_range("p:0xffffffffff+2"));
}

TEST_F(Arguments, ACountIsDecimalOrWholePages) {
    EXPECT_EQ(*parse_count("4", 4096, "page"), 4u);
    EXPECT_EQ(*parse_count("16K", 4096, "page"), 4u);
    EXPECT_EQ(*parse_count("8M", 4u << 20, "page"), 2u);
    EXPECT_EQ(*parse_count("4G", 4096, "page"), 1u << 20);
    EXPECT_EQ(*parse_count("1048576", 4096, "page"), 1u << 20);
    EXPECT_EQ(error_of(parse_count("0x00101000", 4096, "page")),
              "0x00101000 is not a count; a physical address is p:0x00101000");
    EXPECT_EQ(error_of(parse_count("2K", 4096, "page")), "2K is not a whole number of pages of 4 KiB");
    EXPECT_EQ(error_of(parse_count("4K", 4u << 20, "page")), "4K is not a whole number of pages of 4 MiB");
    EXPECT_EQ(error_of(parse_count("0", 4096, "page")), "a count of 0 pages does nothing");
    EXPECT_EQ(error_of(parse_count("1048577", 4096, "page")),
              "1048577 pages of 4 KiB are more than the address space has");
    EXPECT_EQ(error_of(parse_count("8G", 4096, "page")), "8G is more than the address space has");
    EXPECT_EQ(error_of(parse_count("16k", 4096, "page")), "'16k' is not a count; did you mean 16K?");
    EXPECT_EQ(error_of(parse_count("many", 4096, "page")),
              "'many' is not a count; write 4, or 16K for bytes");
    EXPECT_FALSE(parse_count("4294967296", 1, "byte")) << "it must not become 0";
}

TEST_F(Arguments, AValueIsANumberOrAnEntryInWords) {
    EXPECT_EQ(*parse_value("0x00101007"), 0x00101007u);
    EXPECT_EQ(*parse_value("p:0x00101000|P|RW|US"), 0x00101007u);
    EXPECT_EQ(*parse_value("p:0x00101000|p|r/w|u/s|pwt|pcd|a|d|pat|g|avl9|avl11"), 0x00101bffu);
    EXPECT_EQ(*parse_value("p:0x00400000|P|PS|PAT"), 0x00401081u) << "a large page's PAT is bit 12";
    EXPECT_EQ(*parse_value("p:0x1200400000|P|PS"), 0x00400081u | 0x12u << 13) << "PSE-36";
    EXPECT_EQ(*parse_value("P"), 1u);
    EXPECT_EQ(*parse_value("0xff", 0xff), 0xffu);
    EXPECT_EQ(error_of(parse_value("0x100", 0xff)), "'0x100' does not fit: the largest value here is 0xff");
    EXPECT_EQ(error_of(parse_value("p:0x101234|P")),
              "p:0x101234 is not aligned to 4 KiB; did you mean p:0x00101000?");
    EXPECT_EQ(error_of(parse_value("p:0x100000000|P")),
              "p:0x100000000 does not fit: only a 4 MiB page (PS) reaches beyond 4 GiB");
    EXPECT_EQ(error_of(parse_value("p:0x101000|NX")), "'NX' in 'p:0x101000|NX' is no flag; there are P RW US "
                                                      "PWT PCD A D PS PAT G AVL9 AVL10 AVL11");
    EXPECT_EQ(error_of(parse_value("deadbeef")), "'deadbeef' is not a value; did you mean 0xdeadbeef?");
    EXPECT_FALSE(parse_value("p:0x101000|"));
    EXPECT_FALSE(parse_value("|"));
}

TEST_F(Arguments, DirectoryIndicesAreDecimal) {
    EXPECT_EQ(*parse_directory_index("1023"), 1023u);
    EXPECT_EQ(error_of(parse_directory_index("0x100")),
              "'0x100' is not a directory index; did you mean 256?");
    EXPECT_EQ(error_of(parse_directory_index("0xc0000000")),
              "'0xc0000000' is not a directory index; did you mean 768?");
    EXPECT_EQ(error_of(parse_directory_index("1024")), "'1024' is not a directory index from 0 to 1023");
}

RC_GTEST_PROP(ArgumentsProperty, WhatIsPrintedIsReadBack, (std::uint32_t raw)) {
    const FakeMachine machine;
    const VirtAddr address{raw};
    Text<64> hex, indices, physical;
    print(hex, address);
    print(indices, Decimal{address.directory_index()}, ":", Decimal{address.table_index()}, ":",
          Hex{address.page_offset(), 3});
    print(physical, PhysAddr{raw});
    RC_ASSERT(parse_virtual(hex.view(), machine)->raw() == raw);
    RC_ASSERT(parse_virtual(indices.view(), machine)->raw() == raw);
    RC_ASSERT(parse_physical(physical.view())->raw() == raw);
    RC_ASSERT(*parse_value(hex.view()) == raw);
}

RC_GTEST_PROP(ArgumentsProperty, RangesAreReadBack, (std::uint32_t first, std::uint32_t size)) {
    RC_PRE(size != 0);
    const FakeMachine machine;
    const auto range = VirtRange::from_size(VirtAddr{first}, size);
    RC_PRE(range.has_value());
    Text<64> text, sized;
    print(text, *range);
    print(sized, VirtAddr{first}, "+", Decimal{size});
    RC_ASSERT(*parse_range(text.view(), machine) == *range);
    RC_ASSERT(*parse_range(sized.view(), machine) == *range);
}

RC_GTEST_PROP(ArgumentsProperty, NoTokenIsReadInPart, (const std::string& token)) {
    const auto value = read_number(token);
    if (value) {
        const bool hex = token.size() > 2 && (token[1] == 'x' || token[1] == 'X');
        for (std::size_t i = hex ? 2 : 0; i < token.size(); ++i) {
            const bool suffix = !hex && i + 1 == token.size() && i > 0 &&
                                (token[i] == 'K' || token[i] == 'M' || token[i] == 'G');
            RC_ASSERT(suffix || (hex ? std::isxdigit(token[i]) != 0 : std::isdigit(token[i]) != 0));
        }
    }
}

RC_GTEST_PROP(ArgumentsProperty, AProposalIsANumber, (const std::string& token)) {
    const Proposal proposal = propose_number(token);
    RC_ASSERT(proposal.empty() || read_number(proposal.view()).has_value());
}

} // namespace
} // namespace pagelab::shell::test
