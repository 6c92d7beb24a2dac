// The walks that the C++ core and the Python package must both meet, byte for byte (tests/vectors/README.md).
#include "kernel/paging/walk_text.hpp"
#include "kernel/selftest/combinations.hpp"
#include "tests/paging/memory.hpp"

#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

namespace pagelab::paging {
namespace {

std::uint32_t word(const nlohmann::json& value) {
    return static_cast<std::uint32_t>(std::stoul(value.get<std::string>(), nullptr, 16));
}

/// One line of vectors: the guest, the question, and the record that is expected.
struct Vector {
    explicit Vector(const std::string& line) {
        const auto vector = nlohmann::json::parse(line);
        memory.ram = vector.at("ram").get<std::uint64_t>();
        for (const auto& [pa, value] : vector.at("memory").items()) {
            memory.words[std::stoull(pa, nullptr, 16)] = word(value);
        }
        const auto bits = vector.at("maxphyaddr").get<std::uint8_t>();
        context = {.control = {.cr0 = word(vector.at("cr0")),
                               .cr3 = word(vector.at("cr3")),
                               .cr4 = word(vector.at("cr4"))},
                   .cpu = {.pse36 = bits > 32, .physical_bits = bits}};
        va = VirtAddr{word(vector.at("va"))};
        const std::size_t expect = line.find("\"expect\":") + 9;
        expected = line.substr(expect, line.rfind('}') - expect);
    }
    [[nodiscard]] std::string found() const {
        tests::Text json;
        write_json(json, walk(memory, context, find_self_map(memory, context), va));
        return json.text;
    }
    [[nodiscard]] std::uint32_t at(std::uint64_t pa) const { return memory(PhysAddr{pa}).value_or(0); }

    tests::Memory memory{};
    PagingContext context;
    VirtAddr va;
    std::string expected;
};

TEST(Vectors, EveryWalkEqualsItsRecord) {
    std::ifstream file(VECTORS);
    ASSERT_TRUE(file) << VECTORS;
    std::string line;
    std::size_t count = 0;
    while (std::getline(file, line)) {
        const Vector vector{line};
        EXPECT_EQ(vector.found(), vector.expected) << "vector " << count + 1;
        ++count;
        if (HasFailure() && count > 20) {
            FAIL() << "more may differ";
        }
    }
    EXPECT_GE(count, 300u);
    RecordProperty("vectors", static_cast<int>(count));
}

/// WP and CR4, and the bits of both entries that the access matrix varies.
using Combination = std::tuple<bool, std::uint32_t, std::uint32_t, std::uint32_t>;

std::set<Combination> enumerated() {
    using namespace selftest;
    const MatrixCpu cpu{.cr4 = cr4::kPse | cr4::kPge, .limits = {}};
    std::set<Combination> all;
    for_each_control(MatrixSet::quick, cpu, [&](const MatrixControl& control) {
        for_each_entries(MatrixSet::quick, cpu, control, [&](const MatrixEntries& entries) {
            all.emplace(control.write_protect, control.cr4, entries.pde, entries.pte);
        });
    });
    return all;
}

/// What `generate.py --exhaustive` says of every combination that the kernel lets the CPU try.
TEST(Vectors, EveryCombinationOfTheAccessMatrixEqualsItsRecord) {
    std::FILE* const pipe = popen("/usr/bin/python3 '" GENERATOR "' --exhaustive", "r");
    ASSERT_NE(pipe, nullptr);
    std::set<Combination> left = enumerated();
    const std::size_t combinations = left.size();
    char* line = nullptr;
    std::size_t room = 0;
    for (std::size_t count = 1; getline(&line, &room, pipe) > 0; ++count) {
        const Vector vector{line};
        EXPECT_EQ(vector.found(), vector.expected) << "vector " << count;
        const auto directory = vector.context.control.directory().raw();
        const std::uint32_t pde = vector.at(directory + vector.va.directory_index() * 4u);
        const bool large = (pde & bits::kLarge) != 0 && vector.context.control.pse();
        const std::uint32_t pte =
            large ? 0 : vector.at((pde & bits::kFrameMask) + vector.va.table_index() * 4ull);
        const ControlRegisters& control = vector.context.control;
        EXPECT_EQ(left.erase({control.write_protect(), control.cr4, pde & 0xfff, pte & 0xfff}), 1u)
            << "vector " << count << " is none of the matrix, or there twice";
        if (HasFailure()) {
            break;
        }
    }
    std::free(line);
    EXPECT_EQ(pclose(pipe) == 0 || HasFailure(), true);
    EXPECT_EQ(left.size(), 0u) << "combinations without a vector";
    EXPECT_EQ(combinations, 49408u);
}

} // namespace
} // namespace pagelab::paging
