#include "serial-console/src/machine/process_identity.hpp"
#include "serial-console/src/machine/registers.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace pagelab::console::machine {
namespace {

TEST(ProcessIdentity, reads_the_start_behind_a_name_with_spaces_and_brackets) {
    const std::string stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 987654 0 0\n";
    EXPECT_EQ(start_time_of_stat(stat), 987654U);
    EXPECT_FALSE(start_time_of_stat("42 (short) S 1 2 3"));
    EXPECT_FALSE(start_time_of_stat(""));
}

TEST(ProcessIdentity, survives_its_own_text) {
    const ProcessIdentity identity{1234, 567890};
    EXPECT_EQ(parse_identity(identity_text(identity)), identity);
    for (const char* const bad : {"", "1234", "x 1", "1234 x", "1 5", "-7 5", "0 0", "12 34 56"}) {
        EXPECT_FALSE(parse_identity(bad)) << bad;
    }
}

TEST(ProcessIdentity, another_process_of_the_same_number_is_not_taken) {
    const auto mine = identify(::getpid());
    ASSERT_TRUE(mine);
    EXPECT_TRUE(ProcessHandle::open(*mine));
    EXPECT_FALSE(ProcessHandle::open({mine->pid, mine->started + 1}));
}

TEST(ProcessIdentity, a_child_that_ignores_sigterm_is_ended_all_the_same) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::signal(SIGTERM, SIG_IGN);
        for (;;) {
            ::pause();
        }
    }
    const auto identity = identify(child);
    ASSERT_TRUE(identity);
    const auto handle = ProcessHandle::open(*identity);
    ASSERT_TRUE(handle);
    EXPECT_FALSE(handle->wait_ended(Deadline(milliseconds(0))));
    EXPECT_TRUE(end_process(*handle, milliseconds(200)));
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_FALSE(ProcessHandle::open(*identity));
}

TEST(Registers, are_read_from_the_monitor) {
    const auto registers =
        parse_registers("EAX=00000000 EBX=00000001\r\nEIP=c0100234 EFL=00000002 [-------] CPL=0\r\n"
                        "CR0=80010011 CR2=deadb000 CR3=00105000 CR4=00000010\r\n");
    ASSERT_TRUE(registers);
    EXPECT_EQ(registers_text(*registers), "eip 0xc0100234, cr2 0xdeadb000, cr3 p:0x00105000");
    EXPECT_FALSE(parse_registers("EIP=c0100234 XCR2=1"));
}

} // namespace
} // namespace pagelab::console::machine
