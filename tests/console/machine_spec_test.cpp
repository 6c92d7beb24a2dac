#include "serial-console/src/machine/machine_spec.hpp"

#include <gtest/gtest.h>

namespace pagelab::console::machine {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

TEST(MemorySize, takes_two_mebibytes_to_four_gibibytes) {
    EXPECT_EQ(parse_memory_size("2M"), 2 * kMiB);
    EXPECT_EQ(parse_memory_size("2048K"), 2 * kMiB);
    EXPECT_EQ(parse_memory_size("64m"), 64 * kMiB);
    EXPECT_EQ(parse_memory_size("3G"), 3072 * kMiB);
    EXPECT_EQ(parse_memory_size("4G"), 4096 * kMiB);
}

TEST(MemorySize, refuses_everything_else_and_says_why) {
    for (const char* const bad :
         {"", "M", "1M", "2047K", "5G", "4097M", "-4M", "4.5M", "4MB", "0x10M", "64", " 4M", "4M ",
          "99999999999999999999G", "18446744073709551615K", "2052K", "4T"}) {
        const auto size = parse_memory_size(bad);
        ASSERT_FALSE(size) << bad;
        EXPECT_NE(size.error().find("--memory"), std::string::npos);
    }
    EXPECT_NE(parse_memory_size("64").error().find("64M"), std::string::npos);
}

TEST(MemorySize, its_text_reads_back) {
    for (const char* const text : {"2M", "16M", "3G", "2056K"}) {
        EXPECT_EQ(memory_size_text(*parse_memory_size(text)), text);
    }
}

TEST(MachineType, names_read_back_and_others_are_refused) {
    for (const char* const name : {"pc", "isapc", "q35", "microvm"}) {
        EXPECT_EQ(machine_type_name(*parse_machine_type(name)), name);
    }
    EXPECT_FALSE(parse_machine_type("PC"));
    EXPECT_FALSE(parse_machine_type(""));
    EXPECT_FALSE(parse_machine_type("pc,usb=on"));
}

TEST(Cpu, models_with_flags_pass_and_nothing_that_is_no_model) {
    for (const char* const good : {"max", "486", "qemu32", "max,-apic", "Haswell-v1,+pcid,level=5"}) {
        EXPECT_TRUE(parse_cpu(good)) << good;
    }
    for (const char* const bad : {"", "-cpu", "a b", "max;", ",max"}) {
        EXPECT_FALSE(parse_cpu(bad)) << bad;
    }
}

} // namespace
} // namespace pagelab::console::machine
