#include "kernel/shell/shell.hpp"

#include "kernel/interface/marks.hpp"
#include "kernel/shell/completion.hpp"
#include "kernel/shell/dispatch.hpp"
#include "kernel/shell/fault_report.hpp"
#include "kernel/shell/rescue_report.hpp"
#include "kernel/shell/table.hpp"

#include <algorithm>

namespace pagelab::shell {
namespace {

constexpr std::uint32_t kMaxRuns = 1'000'000'000;

/// Takes the first word off `text`.
std::string_view take_word(std::string_view& text) {
    text = interface::trim(text);
    std::size_t size = 0;
    while (size < text.size() && !interface::is_blank(text[size])) {
        ++size;
    }
    const std::string_view word = text.substr(0, size);
    text = interface::trim(text.substr(size));
    return word;
}

} // namespace

Completions Shell::complete_line(std::string_view line) {
    return complete(line);
}

void Shell::boot_line(std::string_view commands) {
    commands = interface::trim(commands);
    boot_too_long_ = commands.size() > interface::kMaxLine;
    boot_.clear();
    boot_.put(boot_too_long_ ? std::string_view{} : commands);
    boot_pending_ = interface::without_comment(boot_.view());
}

void Shell::run() {
    if (!greeted_) {
        greeted_ = true;
        greet();
    }
    if (!job_.active && Torture::active(machine_)) {
        resume_torture();
    }
    while (!stopped_) {
        if ((job_.active || !pending_.empty() || !boot_pending_.empty()) && machine_.poll()) {
            machine_.clear_interrupt();
            drop_queue();
        } else if (job_.active) {
            run_once();
        } else if (!start_next() && !read_line()) {
            return;
        }
    }
}

void Shell::greet() {
    say(out_, "pagelab {} \xC2\xB7 help \xC2\xB7 demo \xC2\xB7 exit: halt\n", kVersion);
    if (boot_too_long_) {
        print_error(out_, "the commands of the boot line are longer than 512 characters; none was run",
                    false);
    }
}

void Shell::prompt(bool edit) {
    Text<32> text;
    print(text, interface::kPromptName);
    if (machine_.space() != 0) {
        say(text, ":{}", Decimal{machine_.space()});
    }
    print(text, interface::kPromptEnd);
    if (edit) {
        editor_.begin(text.view());
    } else {
        print(out_, text.view());
    }
}

bool Shell::read_line() {
    if (!editing_) {
        prompt(true);
        editing_ = true;
    }
    for (;;) {
        const std::optional<char> byte = machine_.read_char();
        if (!byte) {
            return false;
        }
        const LineEditor::Event event = editor_.feed(*byte);
        editing_ = event == LineEditor::Event::none;
        switch (event) {
        case LineEditor::Event::none:
            break;
        case LineEditor::Event::cancel:
            machine_.clear_interrupt();
            return true;
        case LineEditor::Event::end:
            start("halt");
            return true;
        case LineEditor::Event::line:
            accept_line();
            return true;
        }
    }
}

void Shell::accept_line() {
    line_.clear();
    line_.put(interface::trim(editor_.line()));
    if (editor_.damage() == LineEditor::Damage::none) {
        history_.add(line_.view());
        pending_ = interface::without_comment(line_.view());
        return;
    }
    // What was typed is not what arrived: running a part of it could do anything.
    begin_job(line_.view());
    print_error(out_,
                editor_.damage() == LineEditor::Damage::too_long
                    ? "a line has at most 512 characters; nothing of this one was run"
                    : "the line had a character that is not ASCII; nothing of it was run",
                wants_json(line_.view()));
    finish(Status::error);
}

bool Shell::start_next() {
    if (const auto command = interface::next_command(boot_pending_)) {
        // As if it had been typed: a log of the run shows what ran.
        prompt(false);
        say(out_, "{}\n", *command);
        start(*command);
        return true;
    }
    if (const auto command = interface::next_command(pending_)) {
        start(*command);
        return true;
    }
    return false;
}

void Shell::begin_job(std::string_view command) {
    job_ = {.active = true, .text = command, .core = command};
    print(out_, options_.marks ? interface::marks::kOutputBegin : "");
}

void Shell::start(std::string_view command) {
    begin_job(command);
    if (const auto unrolled = unroll(); !unrolled) {
        print_error(out_, unrolled.error(), wants_json(command));
        finish(Status::error);
    }
}

Parsed<void> Shell::unroll() {
    for (;;) {
        std::string_view rest = job_.core;
        const std::string_view name = take_word(rest);
        const Command* command = find_command(name);
        if (command == nullptr || command->kind != Kind::modifier || is(rest, "--help") || is(rest, "-h")) {
            return {};
        }
        const bool counts = command->min_args == 2;
        Modifier modifier{.started = counts ? 0 : machine_.ticks()};
        const std::string_view number = counts ? take_word(rest) : std::string_view{};
        if (rest.empty()) {
            return wrong("{} needs {}; help {} has examples", name, command->usage, name);
        }
        if (counts) {
            const auto runs = parse_times(number, kMaxRuns, "a number of runs");
            if (!runs) {
                return std::unexpected{runs.error()};
            }
            modifier.runs = modifier.left = *runs;
        }
        if (job_.depth == kMaxModifiers) {
            return wrong("repeat and time stand at most {} deep", Decimal{kMaxModifiers});
        }
        job_.modifiers[job_.depth++] = modifier;
        job_.core = rest;
    }
}

void Shell::run_once() {
    machine_.clear_interrupt();
    std::string_view text = job_.core;
    if (teaching_.demonstration.active()) {
        if (!teaching_.demonstration.next(machine_, out_)) {
            return end_run(end_demo(Status::ok), false);
        }
        text = teaching_.demonstration.command();
        // As if it had been typed, so that it can be.
        prompt(false);
        say(out_, "{}\n", text);
    } else if (Torture::active(machine_)) {
        if (!teaching_.torture.next(machine_)) {
            return end_run(end_torture(Status::ok), false);
        }
        text = teaching_.torture.command();
        if (Torture::shows(machine_)) {
            say(out_, "{}\n", text);
        }
        out_.silence(true);
    }
    machine_.begin_command(text);
    job_.running = true;
    Invocation invocation{.machine = machine_,
                          .terminal = out_,
                          .history = history_,
                          .workspace = workspace_,
                          .teaching = teaching_};
    const Status status = dispatch(invocation, text);
    if (invocation.interrupted) {
        out_.silence(false);
        machine_.end_command(Status::interrupted, false);
        job_.running = false;
        machine_.clear_interrupt();
        drop_queue();
        return;
    }
    end_command(status, invocation.ending != Ending::none);
    out_.silence(false);
    // The mark goes first: on a real machine nothing comes after.
    if (invocation.ending != Ending::none) {
        stopped_ = true;
        invocation.ending == Ending::halt ? machine_.halt() : machine_.reboot();
    }
}

void Shell::end_command(Status status, bool last) {
    const Status ended = machine_.end_command(status, status == Status::ok);
    if (ended != status) {
        report_repairs(out_, machine_.repairs(), wants_json(job_.core));
        status = ended;
    }
    job_.running = false;
    if (teaching_.demonstration.active()) {
        if (teaching_.demonstration.expects(status)) {
            return; // its next step follows
        }
        status = end_demo(status == Status::rescued ? status : Status::error);
    } else if (Torture::active(machine_)) {
        teaching_.torture.note(machine_, status);
        return; // its next command follows
    }
    end_run(status, last);
}

Status Shell::end_demo(Status status) {
    machine_.begin_command(job_.core);
    job_.running = true;
    const bool done = teaching_.demonstration.end(machine_);
    if (!done) {
        print_error(out_, "not all that the demo did could be taken back; undo says why", false);
        status = Status::error;
    } else if (status == Status::error) {
        print_error(out_,
                    problem("'{}' did not end as the demo expects; all was taken back",
                            teaching_.demonstration.command()),
                    false);
    } else {
        print(out_, "all of it is taken back\n");
    }
    machine_.end_command(status, true);
    job_.running = false;
    return status;
}

Status Shell::end_torture(Status status) {
    machine_.begin_command(job_.core);
    job_.running = true;
    status = std::max(status, teaching_.torture.end(machine_, out_));
    machine_.end_command(status, true);
    job_.running = false;
    return status;
}

/// The kernel's data was made anew while torture ran: what it keeps lies elsewhere.
void Shell::resume_torture() {
    teaching_.torture.resume(machine_);
    job_ = {.active = true, .text = "torture", .core = "torture"};
}

void Shell::end_run(Status status, bool last) {
    job_.worst = std::max(job_.worst, status);
    for (std::size_t i = job_.depth; i-- > 0;) {
        Modifier& modifier = job_.modifiers[i];
        if (modifier.runs == 0) {
            report_time(modifier);
        } else if (!last && --modifier.left != 0) {
            for (std::size_t inner = i + 1; inner < job_.depth; ++inner) {
                Modifier& again = job_.modifiers[inner];
                again.left = again.runs;
                again.started = again.runs == 0 ? machine_.ticks() : 0;
            }
            return;
        }
    }
    finish(job_.worst);
}

void Shell::report_time(const Modifier& modifier) {
    const std::uint64_t now = machine_.ticks();
    if (wants_json(job_.core)) {
        say(out_, "{\"record\":\"time\",\"v\":1,\"ticks\":{}}\n",
            now == 0 ? DecimalOrNull{std::nullopt} : DecimalOrNull{now - modifier.started});
    } else if (now == 0) {
        say(out_, "no ticks: this CPU has no time stamp counter\n");
    } else {
        say(out_, "{} ticks\n", LongDecimal{now - modifier.started});
    }
}

void Shell::finish(Status status) {
    job_.active = false;
    if (options_.marks) {
        print(out_, interface::marks::kStatusBegin, Decimal{static_cast<std::uint32_t>(status)},
              interface::marks::kEnd);
    }
}

void Shell::drop_queue() {
    pending_ = {};
    boot_pending_ = {};
    say(out_, "interrupted\n");
    if (!job_.active) {
        return;
    }
    finish(teaching_.demonstration.active() ? end_demo(Status::interrupted)
           : Torture::active(machine_)      ? end_torture(Status::interrupted)
                                            : Status::interrupted);
}

void Shell::abandon(const machine::Exception& exception) {
    out_.silence(Torture::active(machine_));
    editing_ = false;
    // Wherever the command worked: what faulted was the CPU, and it uses the tables of the current space.
    (void)machine_.work_in(machine_.space());
    machine_.record_fault(exception);
    // Before the rollback: the walk shows the tables as the access met them.
    report_exception(out_, machine_, exception, job_.active && wants_json(job_.core));
    if (job_.running) {
        end_command(Status::fault, false);
    }
    out_.silence(false);
}

void Shell::restart(const interface::RescueReport& report, bool command) {
    greeted_ = true;
    report_rescue(out_, report, false, false);
    if (command && !Torture::active(machine_)) { // which goes on
        finish(Status::rescued);
    }
}

void Shell::abandon_rescued(const interface::RescueReport& report) {
    out_.silence(Torture::active(machine_));
    editing_ = false;
    (void)machine_.work_in(machine_.space());
    machine_.after_rescue(report);
    const bool json = job_.active && wants_json(job_.core);
    report_rescue(out_, report, job_.running, json);
    if (job_.running && !json) {
        put_source(out_, machine_, report.eip, report.esp);
    }
    if (job_.running) {
        end_command(Status::rescued, false);
    }
    out_.silence(false);
}

} // namespace pagelab::shell
