// The shell: prompt, queue of work, one command after the other, each a transaction.
// The kernel's main owns one in static memory and calls run(); after an exception has thrown the stack away
// it calls abandon() and run() again. So nothing that must survive a command lives on the stack.
#pragma once

#include "kernel/interface/rescue_notes.hpp"
#include "kernel/shell/command.hpp"
#include "kernel/shell/history.hpp"
#include "kernel/shell/line_editor.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pagelab::shell {

inline constexpr std::string_view kVersion = "0.1.0";

struct ShellOptions {
    /// The boot word `batch`: mark each command's output (interface/marks.hpp).
    bool marks = false;
    /// What `demo` knows.
    std::span<const Demo> demos = shell::demos();
};

class Shell {
public:
    explicit Shell(Machine& machine, ShellOptions options = {})
        : machine_(machine), options_(options), out_(machine), editor_(out_, history_, complete_line) {
        teaching_.demos = options.demos;
    }
    Shell(const Shell&) = delete;
    Shell& operator=(const Shell&) = delete;

    void set_marks(bool on) { options_.marks = on; }
    /// Commands to run before the first prompt, separated by `;`. Refused with an error at the first prompt
    /// if they are longer than a line. The text is copied.
    void boot_line(std::string_view commands);
    /// Runs until the machine halts; on the host also until there is nothing more to read.
    void run();
    /// An exception ended the running command and its stack is gone: reports it and ends the transaction.
    /// The caller goes on with run().
    void abandon(const machine::Exception& exception);
    /// The same after a rescue: it was the kernel that died, in a command or at the prompt.
    void abandon_rescued(const interface::RescueReport& report);
    /// After a rescue that threw away what this object was: tells, and ends the command that the host waits
    /// for.
    void restart(const interface::RescueReport& report, bool command);

private:
    /// What surrounds a command: `repeat` counts runs, `time` measures.
    struct Modifier {
        std::uint32_t runs = 0; // 0: `time`
        std::uint32_t left = 0;
        std::uint64_t started = 0;
    };
    static constexpr std::size_t kMaxModifiers = 4;

    /// The command in work, with what surrounds it.
    struct Job {
        bool active = false;
        bool running = false; // its transaction is open
        std::string_view text;
        std::string_view core; // without the modifiers
        std::array<Modifier, kMaxModifiers> modifiers{};
        std::size_t depth = 0;
        Status worst = Status::ok;
    };

    static Completions complete_line(std::string_view line);

    void greet();
    /// False when there is nothing more to read.
    bool read_line();
    void accept_line();
    bool start_next();
    void start(std::string_view command);
    void begin_job(std::string_view command);
    /// Takes `repeat N` and `time` off the job's text.
    [[nodiscard]] Parsed<void> unroll();
    void run_once();
    /// A command has ended: that of the job, or a step of the demo that the job started.
    void end_command(Status status, bool last);
    /// Takes back what the demo did; the status of the whole. With `error` it says that a step went wrong.
    [[nodiscard]] Status end_demo(Status status);
    /// Tells what torture has come to; the status of the whole.
    [[nodiscard]] Status end_torture(Status status);
    void resume_torture();
    /// One run of the job is over; `last` if no other may follow.
    void end_run(Status status, bool last);
    void report_time(const Modifier& modifier);
    void finish(Status status);
    void drop_queue();
    void prompt(bool edit);

    Machine& machine_;
    ShellOptions options_;
    CommandOutput out_;
    History history_;
    LineEditor editor_;
    paging::CheckWorkspace workspace_;
    Teaching teaching_;
    Text<interface::kMaxLine> line_; // the typed line that `pending_` views
    std::string_view pending_;
    Text<interface::kMaxLine> boot_;
    std::string_view boot_pending_;
    bool boot_too_long_ = false;
    Job job_;
    bool editing_ = false; // the prompt stands and a line is being typed
    bool greeted_ = false;
    bool stopped_ = false;
};

} // namespace pagelab::shell
