// Whatever is typed: the prompt comes back, the status fits the output, and what failed changed nothing.
#include "tests/shell/session.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pagelab::shell::test {
namespace {

using interface::Status;

rc::Gen<std::string> a_word() {
    return rc::gen::element<std::string>(
        "map", "unmap", "protect", "walk", "maps", "setpde", "setpte", "peek", "poke", "fill", "force",
        "noflush", "touch", "fault", "undo", "log", "find", "check", "dumppd", "dumppt", "decode", "alloc",
        "free", "tables", "repeat", "time", "help", "x/4wx", "info", "mem", "showmappings", "0x40000000",
        "0x40001000", "0x80000000", "256:1", "768:256", "c0100000", "p:0x00101000", "p:0x00900000",
        "0xc0101000", "0", "1", "2", "3", "4K", "1023", "rw", "rwu", "r-x", "rw,big", "+u", "-w", "b", "h",
        "w", "r", "x", "user", "--json", "--writable", "--phys", "--help", "0x40000000-0x80000000",
        "0x40000000+4M", "p:0x00900000|P|RW", ";", "#", "pte", "pde", "on", "wp", "cr0", "\"", "\\", "'",
        "{}", "-", "+", "space", "new", "clone", "cow", "use", "delete", "list", "in", "window");
}

rc::Gen<std::string> a_line() {
    return rc::gen::map(rc::gen::container<std::vector<std::string>>(a_word()),
                        [](const std::vector<std::string>& words) {
                            std::string line;
                            for (const std::string& word : words) {
                                line += (line.empty() ? "" : " ") + word;
                            }
                            return line.substr(0, interface::kMaxLine);
                        });
}

RC_GTEST_PROP(AnyLine, ComesBackToThePromptWithAStatusThatFits, ()) {
    Session session;
    for (const std::string& line :
         *rc::gen::resize(8, rc::gen::container<std::vector<std::string>>(a_line()))) {
        const auto before = session.machine.words(0x00100000, 0x00480000);
        const auto lines = session.run(line);
        const std::uint32_t space = session.machine.space();
        const std::string prompt = space == 0 ? "pagelab> " : "pagelab:" + std::to_string(space) + "> ";
        RC_ASSERT(session.machine.output.ends_with(prompt));
        bool error_line = false;
        for (const std::string& text : lines) {
            error_line = error_line || text.starts_with("error: ");
            RC_ASSERT(text.find('\x1b') == std::string::npos);
        }
        bool failed = false;
        bool all_failed = true;
        for (const Status status : session.statuses) {
            failed = failed || status == Status::error;
            all_failed = all_failed && status != Status::ok;
        }
        // An error of `repeat` or `time` is found before a transaction begins: it has no status here.
        RC_ASSERT(!error_line || failed || session.statuses.empty() || line.find("repeat") != line.npos ||
                  line.find("time") != line.npos);
        RC_ASSERT(!all_failed || session.machine.words(0x00100000, 0x00480000) == before);
    }
}

} // namespace
} // namespace pagelab::shell::test
