#include "serial-console/src/picture/pictures.hpp"

#include "serial-console/src/picture/facts.hpp"
#include "serial-console/src/picture/svg.hpp"

#include "picture_fixture.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <string>
#include <vector>

namespace pagelab::console::picture {
namespace {

using fixture::lab;
using paging::VirtAddr;

std::size_t count(std::string_view text, std::string_view what) {
    std::size_t found = 0;
    for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
        ++found;
    }
    return found;
}

/// Elements that are opened and not closed, or closed and not opened: none in a well-formed document.
std::string ill_formed(std::string_view svg) {
    std::vector<std::string> open;
    for (std::size_t at = svg.find('<'); at != std::string_view::npos; at = svg.find('<', at + 1)) {
        const std::size_t end = svg.find('>', at);
        const std::string_view tag = svg.substr(at + 1, end - at - 1);
        const bool closing = tag.starts_with('/');
        const std::string name(tag.substr(closing ? 1 : 0, tag.find_first_of(" >/", 1) - (closing ? 1 : 0)));
        if (closing) {
            if (open.empty() || open.back() != name) {
                return "</" + name + ">";
            }
            open.pop_back();
        } else if (!tag.ends_with('/')) {
            open.push_back(name);
        }
    }
    return open.empty() ? "" : open.back();
}

TEST(Svg, TextCannotBreakTheDocument) {
    EXPECT_EQ(escaped("<a href=\"&\">\x1b"), "&lt;a href=&quot;&amp;&quot;&gt;?");
    Svg svg;
    svg.text(1, 2, "</text><script>");
    EXPECT_EQ(ill_formed(svg.document(10, 10, "a<b", "c&d")), "");
}

TEST(AddressSpace, ThePictureTellsTheFactsInWordsToo) {
    const auto snapshot = lab({0x00400007, 0x00401007, 0x00500005});
    const std::string svg = address_space_svg(*snapshot, "lab");
    EXPECT_EQ(ill_formed(svg), "");
    EXPECT_NE(svg.find("<title>The address space of lab</title>"), std::string::npos);
    const std::string desc = svg.substr(svg.find("<desc>"), svg.find("</desc>") - svg.find("<desc>"));
    EXPECT_NE(desc.find("CR3 p:0x00105000"), std::string::npos);
    EXPECT_NE(desc.find("self-map in slot 1023"), std::string::npos);
    EXPECT_NE(desc.find("0x40000000-0x40002000"), std::string::npos);
    EXPECT_NE(desc.find("self-map of p:0x00105000"), std::string::npos);
}

TEST(AddressSpace, EachSlotIsACellAndEachRegionABox) {
    const auto snapshot = lab({0x00400007, 0x00401007, 0x00500005});
    const Facts facts = gather(*snapshot, "lab", 100);
    const std::string svg = address_space_svg(*snapshot, "lab");
    EXPECT_GE(count(svg, "<rect"), 1024 + facts.regions.size());
    for (const paging::Region& region : facts.regions) {
        std::string first = "0x00000000";
        std::snprintf(first.data(), first.size() + 1, "0x%08x", region.va.raw());
        EXPECT_NE(svg.find(">" + first + "<"), std::string::npos) << first;
    }
}

TEST(AddressSpace, ManyRegionsAreCutToTheLargestAndThatIsSaid) {
    std::vector<std::uint32_t> entries(1024);
    for (std::uint32_t i = 0; i < entries.size(); i += 2) {
        entries[i] = 0x00400007 + (i << 12);
    }
    const auto snapshot = lab(entries);
    const Facts facts = gather(*snapshot, "lab", 36);
    EXPECT_EQ(facts.regions.size(), 36u);
    EXPECT_EQ(facts.left_out, 512 + 3 - 36u);
    EXPECT_NE(address_space_svg(*snapshot, "lab").find("smaller regions are not drawn"), std::string::npos);
}

TEST(AddressSpace, WithPagingOffThereIsAPictureToo) {
    auto snapshot = lab({});
    snapshot->lab.context.control.cr0 = 0x11;
    model::summarise(*snapshot);
    EXPECT_EQ(ill_formed(address_space_svg(*snapshot, "lab")), "");
    EXPECT_NE(address_space_text(*snapshot, "lab").find("paging is off"), std::string::npos);
}

TEST(AddressSpace, TheTextHasEachSlotAndTheMaps) {
    const std::string text = address_space_text(*lab({0x00400007}), "lab");
    EXPECT_NE(text.find("0x40000000 u"), std::string::npos);
    EXPECT_NE(text.find("regions, "), std::string::npos);
    for (const char letter : text) {
        EXPECT_TRUE(std::isprint(static_cast<unsigned char>(letter)) != 0 || letter == '\n' ||
                    static_cast<unsigned char>(letter) >= 0x80);
    }
}

TEST(WalkPoster, EveryOutcomeHasOne) {
    const auto snapshot = lab({0x00400007});
    const struct {
        std::uint32_t va;
        const char* words;
    } kWalks[] = {{0x40000123, "p:0x00400123  4 KiB page"},
                  {0x40001000, "no page: PTE 256:1 is not present"},
                  {0x10000000, "no page: PDE 64 is not present"},
                  {fixture::kLargeSlot << 22 | 0x1234, "p:0x00401234  4 MiB page"},
                  {701u << 22, "no page: PDE 701 has reserved bits set"},
                  {700u << 22, "no answer: PTE 700:0"},
                  {0xfffffc00, "shows PDE 768"},
                  {0xffffffff, "entry"}};
    for (const auto& [va, words] : kWalks) {
        const std::string svg = walk_svg(*snapshot, VirtAddr{va});
        EXPECT_EQ(ill_formed(svg), "") << std::hex << va;
        EXPECT_NE(svg.find(va == 0xffffffff ? "PTE 1023:1023" : words), std::string::npos) << std::hex << va;
    }
}

TEST(WalkPoster, TheTextIsSplitAndWalk) {
    const std::string text = walk_text(*lab({0x00400007}), VirtAddr{0x40000123});
    EXPECT_NE(text.find("directory index  0100000000    256"), std::string::npos);
    EXPECT_NE(text.find("-> page p:0x00400000"), std::string::npos);
}

} // namespace
} // namespace pagelab::console::picture
