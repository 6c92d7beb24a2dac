#include "serial-console/src/machine/options.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pagelab::console::machine {
namespace {

using Arguments = std::vector<std::string>;

Arguments run(Arguments rest) {
    rest.insert(rest.begin(), {"run", "--kernel", "k.elf"});
    return rest;
}

RunRequest run_request(const Arguments& rest) {
    const auto request = parse_request(run(rest));
    EXPECT_TRUE(request.has_value()) << (request ? "" : request.error());
    EXPECT_TRUE(request && std::holds_alternative<RunRequest>(*request));
    return request && std::holds_alternative<RunRequest>(*request) ? std::get<RunRequest>(*request)
                                                                   : RunRequest{};
}

TEST(Options, defaults_are_those_of_the_documentation) {
    const RunRequest request = run_request({});
    EXPECT_EQ(request.mode, RunRequest::Mode::console);
    EXPECT_EQ(request.kernel, "k.elf");
    EXPECT_FALSE(request.name);
    EXPECT_EQ(request.machine.type, MachineType::pc);
    EXPECT_EQ(request.machine.cpu, "max");
    EXPECT_EQ(request.machine.memory, std::uint64_t{16} << 20);
    EXPECT_FALSE(request.machine.icount);
}

TEST(Options, every_mode_is_understood) {
    using Mode = RunRequest::Mode;
    EXPECT_EQ(run_request({"--plain"}).mode, Mode::plain);
    EXPECT_EQ(run_request({"--detach"}).mode, Mode::detach);
    EXPECT_EQ(run_request({"--exec", "walk 0; help"}).text, "walk 0; help");
    EXPECT_EQ(run_request({"--exec", ""}).mode, Mode::exec);
    EXPECT_EQ(run_request({"--script", "lab.txt"}).mode, Mode::script);
    EXPECT_TRUE(std::holds_alternative<ListRequest>(*parse_request(run({"--list"}))));
}

TEST(Options, a_command_may_look_like_an_option) {
    EXPECT_EQ(run_request({"--exec=--json"}).text, "--json");
    EXPECT_EQ(run_request({"--exec", "walk 0xC0100000 --json"}).text, "walk 0xC0100000 --json");
}

TEST(Options, attach_takes_a_name_or_the_default) {
    const auto named = parse_request(run({"--attach", "a", "--plain"}));
    ASSERT_TRUE(named && std::holds_alternative<AttachRequest>(*named));
    EXPECT_EQ(std::get<AttachRequest>(*named).name, "a");
    EXPECT_TRUE(std::get<AttachRequest>(*named).plain);
    const auto unnamed = parse_request(run({"--attach"}));
    ASSERT_TRUE(unnamed && std::holds_alternative<AttachRequest>(*unnamed));
    EXPECT_EQ(std::get<AttachRequest>(*unnamed).name, "lab");
}

TEST(Options, a_batch_with_icount_does_not_sleep) {
    EXPECT_FALSE(run_request({"--exec", "help", "--icount"}).machine.interactive);
    EXPECT_TRUE(run_request({"--plain", "--icount"}).machine.interactive);
}

TEST(Options, keep_going_is_off_unless_it_is_asked_for) {
    EXPECT_FALSE(run_request({"--exec", "help"}).keep_going);
    EXPECT_TRUE(run_request({"--exec", "help", "--keep-going"}).keep_going);
    EXPECT_TRUE(run_request({"--plain", "--keep-going"}).keep_going);
}

TEST(Options, a_run_is_recorded_only_where_it_is_asked_for) {
    EXPECT_FALSE(run_request({"--exec", "help"}).rr);
    EXPECT_TRUE(run_request({"--exec", "help", "--rr"}).rr);
    EXPECT_TRUE(run_request({"--rr", "--detach", "--machine", "isapc"}).rr);
    const auto microvm = parse_request(run({"--rr", "--machine", "microvm"}));
    ASSERT_FALSE(microvm);
    EXPECT_TRUE(microvm.error().starts_with("--rr --machine microvm: ")) << microvm.error();
}

TEST(Options, a_replay_runs_what_stands_behind_the_dashes) {
    const auto request =
        parse_request({"replay", "a", "--", "gdb", "-q", "-ex", "{connect}", "--", "{kernel}"});
    ASSERT_TRUE(request && std::holds_alternative<ReplayRequest>(*request))
        << (request ? "" : request.error());
    EXPECT_EQ(std::get<ReplayRequest>(*request).name, "a");
    const Arguments words = {"gdb", "-q", "-ex", "{connect}", "--", "{kernel}"};
    EXPECT_EQ(std::get<ReplayRequest>(*request).command, words);
    EXPECT_FALSE(parse_request({"replay", "a"}));
    EXPECT_FALSE(parse_request({"replay", "../a", "--", "gdb"}));
}

TEST(Options, what_makes_no_sense_together_is_refused) {
    for (const Arguments& rest : std::vector<Arguments>{{"--exec", "help", "--detach"},
                                                        {"--exec", "help", "--script", "f"},
                                                        {"--plain", "--detach"},
                                                        {"--detach", "--keep-going"},
                                                        {"--rr", "--icount"},
                                                        {"--rr", "--keep-going"},
                                                        {"--rr", "--attach", "a"},
                                                        {"--attach", "--keep-going"},
                                                        {"--list", "--attach"},
                                                        {"--attach", "a", "--memory", "4M"},
                                                        {"--list", "--name", "a"}}) {
        EXPECT_FALSE(parse_request(run(rest))) << rest.front();
    }
}

TEST(Options, bad_values_are_refused_in_one_line_that_says_what_is_allowed) {
    for (const Arguments& rest : std::vector<Arguments>{{"--memory", "1M"},
                                                        {"--memory", "64"},
                                                        {"--machine", "sparc"},
                                                        {"--cpu", "a b"},
                                                        {"--name", "a/b"},
                                                        {"--name", ".."},
                                                        {"--name", ""},
                                                        {"--attach", "a/b"},
                                                        {"--nonsense"},
                                                        {"extra"},
                                                        {"--exec"}}) {
        const auto request = parse_request(run(rest));
        ASSERT_FALSE(request) << rest.front();
        EXPECT_EQ(request.error().find('\n'), std::string::npos);
        EXPECT_FALSE(request.error().empty());
    }
    EXPECT_FALSE(parse_request({}));
    EXPECT_FALSE(parse_request({"dance"}));
}

TEST(Options, help_is_no_error) {
    for (const Arguments& rest : std::vector<Arguments>{{"--help"}, {"run", "--help"}, {"stop", "-h"}}) {
        const auto request = parse_request(rest);
        ASSERT_TRUE(request && std::holds_alternative<HelpRequest>(*request));
        EXPECT_FALSE(std::get<HelpRequest>(*request).text.empty());
    }
}

TEST(Options, stop_takes_one_or_all) {
    const auto one = parse_request({"stop", "a"});
    ASSERT_TRUE(one && std::holds_alternative<StopRequest>(*one));
    EXPECT_EQ(std::get<StopRequest>(*one).name, "a");
    EXPECT_FALSE(std::get<StopRequest>(*one).all);
    EXPECT_EQ(std::get<StopRequest>(*parse_request({"stop"})).name, "lab");
    EXPECT_TRUE(std::get<StopRequest>(*parse_request({"stop", "--all"})).all);
}

TEST(Options, draw_takes_a_name_a_size_an_address_and_a_file) {
    const auto plain = parse_request({"draw"});
    ASSERT_TRUE(plain && std::holds_alternative<DrawRequest>(*plain));
    EXPECT_EQ(std::get<DrawRequest>(*plain).name, "lab");
    EXPECT_EQ(std::get<DrawRequest>(*plain).columns, 120);
    EXPECT_EQ(std::get<DrawRequest>(*plain).rows, 40);
    const auto full = parse_request({"draw", "a", "--size", "80x24", "--at", "1G", "--svg", "x.svg"});
    ASSERT_TRUE(full && std::holds_alternative<DrawRequest>(*full));
    EXPECT_EQ(std::get<DrawRequest>(*full).columns, 80);
    EXPECT_EQ(std::get<DrawRequest>(*full).at, "1G");
    EXPECT_EQ(std::get<DrawRequest>(*full).svg, "x.svg");
}

TEST(Options, draw_refuses_sizes_that_are_none) {
    for (const char* size : {"", "80", "80x", "x24", "80x24x", "0x24", "80x501", "-80x24", "80 x 24"}) {
        EXPECT_FALSE(parse_request({"draw", "--size", size})) << size;
    }
}

TEST(Options, a_question_keeps_its_own_words_and_options) {
    const auto request = parse_request({"ask", "--name", "a", "maps", "--json", "--phys", "p:0x1000+4K"});
    ASSERT_TRUE(request && std::holds_alternative<AskRequest>(*request));
    const auto& ask = std::get<AskRequest>(*request);
    EXPECT_EQ(std::get<std::string>(ask.whom), "a");
    EXPECT_EQ(ask.commands, "maps --json --phys p:0x1000+4K");
}

TEST(Options, a_question_may_be_about_somebody_elses_guest) {
    const auto request = parse_request({"ask", "--qmp", "q", "--ram", "r", "walk 0; check"});
    ASSERT_TRUE(request && std::holds_alternative<AskRequest>(*request));
    const auto& foreign = std::get<ForeignRequest>(std::get<AskRequest>(*request).whom);
    EXPECT_EQ(foreign.monitor, "q");
    EXPECT_EQ(foreign.ram, "r");
    EXPECT_FALSE(parse_request({"ask", "--qmp", "q", "--name", "a", "maps"}));
    EXPECT_FALSE(parse_request({"ask", "--ram", "r", "maps"}));
    EXPECT_FALSE(parse_request({"ask"}));
}

TEST(Options, foreign_options_alone_are_a_watch) {
    for (const Arguments& arguments : {Arguments{"watch", "--qmp", "q", "--ram", "r", "--serial", "s"},
                                       Arguments{"--ram", "r", "--qmp", "q", "--serial", "s"},
                                       Arguments{"--qmp=q", "--ram=r", "--serial=s"}}) {
        const auto request = parse_request(arguments);
        ASSERT_TRUE(request && std::holds_alternative<WatchRequest>(*request));
        EXPECT_EQ(std::get<WatchRequest>(*request).guest.monitor, "q");
        EXPECT_EQ(std::get<WatchRequest>(*request).guest.ram, "r");
        EXPECT_EQ(std::get<WatchRequest>(*request).guest.serial, "s");
    }
    EXPECT_FALSE(parse_request({"watch", "--ram", "r"}));
}

} // namespace
} // namespace pagelab::console::machine
