// The walks that the C++ core and the Python package must both meet, byte for byte (tests/vectors/README.md).
#include "kernel/paging/walk_text.hpp"
#include "tests/paging/memory.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace pagelab::paging {
namespace {

std::uint32_t word(const nlohmann::json& value) {
    return static_cast<std::uint32_t>(std::stoul(value.get<std::string>(), nullptr, 16));
}

TEST(Vectors, EveryWalkEqualsItsRecord) {
    std::ifstream file(VECTORS);
    ASSERT_TRUE(file) << VECTORS;
    std::string line;
    std::size_t count = 0;
    while (std::getline(file, line)) {
        const auto vector = nlohmann::json::parse(line);
        tests::Memory memory{.ram = vector.at("ram").get<std::uint64_t>(), .words = {}};
        for (const auto& [pa, value] : vector.at("memory").items()) {
            memory.words[std::stoull(pa, nullptr, 16)] = word(value);
        }
        const auto bits = vector.at("maxphyaddr").get<std::uint8_t>();
        const PagingContext context{.control = {.cr0 = word(vector.at("cr0")),
                                                .cr3 = word(vector.at("cr3")),
                                                .cr4 = word(vector.at("cr4"))},
                                    .cpu = {.pse36 = bits > 32, .physical_bits = bits}};
        tests::Text json;
        write_json(json,
                   walk(memory, context, find_self_map(memory, context), VirtAddr{word(vector.at("va"))}));
        const std::size_t expect = line.find("\"expect\":") + 9;
        const std::string expected = line.substr(expect, line.rfind('}') - expect);
        EXPECT_EQ(json.text, expected) << "vector " << count + 1;
        ++count;
        if (HasFailure() && count > 20) {
            FAIL() << "more may differ";
        }
    }
    EXPECT_GE(count, 300u);
    RecordProperty("vectors", static_cast<int>(count));
}

} // namespace
} // namespace pagelab::paging
