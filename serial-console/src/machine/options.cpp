#include "serial-console/src/machine/options.hpp"

#include "serial-console/src/machine/outside_options.hpp"
#include "serial-console/src/machine/run_directory.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pagelab::console::machine {
namespace {

/// The texts of the options of `run`, before they are understood.
struct RawRun {
    std::string kernel;
    std::string exercise;
    std::string exec;
    std::string script;
    std::string attach;
    std::string name;
    std::string memory = memory_size_text(kDefaultMemory);
    std::string cpu = "max";
    std::string machine = "pc";
    bool plain = false;
    bool detach = false;
    bool list = false;
    bool icount = false;
    bool rr = false;
    bool keep_going = false;
    bool yes = false;
    PictureRequest picture;
    RecordRequest record;
};

struct RawStop {
    std::string name;
    bool all = false;
    bool yes = false;
};

struct RawReplay {
    std::string name{kDefaultRunName};
    std::vector<std::string> command;
};

struct RawDraw {
    std::string name{kDefaultRunName};
    std::string svg;
    std::string at;
    std::string view;
    std::string ask;
    std::string size = "120x40";
};

void declare_run(CLI::App& run, RawRun& raw) {
    run.add_option("--kernel", raw.kernel, "the kernel's image")->group("");
    auto* const exercise =
        run.add_option("--exercise", raw.exercise, "a student's image; scripts/lab makes it")->group("");
    auto* const plain = run.add_flag("--plain", raw.plain, "the serial port on this terminal; ^] q leaves");
    auto* const exec =
        run.add_option("--exec", raw.exec, "run commands, separated by ;, print their output, stop");
    auto* const script = run.add_option("--script", raw.script, "the same from a file; - is stdin");
    auto* const detach =
        run.add_flag("--detach", raw.detach, "start in the background, print the run's directory");
    auto* const attach = run.add_option("--attach", raw.attach, "open the console of a running lab")
                             ->expected(0, 1)
                             ->default_str(std::string(kDefaultRunName));
    auto* const list = run.add_flag("--list", raw.list, "list the labs that run");
    auto* const name = run.add_option("--name", raw.name, "name of the run; lab, a private one with --exec");
    auto* const memory = run.add_option("--memory", raw.memory, "RAM, 2M to 4G; 16M");
    auto* const cpu = run.add_option("--cpu", raw.cpu, "CPU model, as QEMU names it; max");
    auto* const machine = run.add_option("--machine", raw.machine, "pc, isapc, q35 or microvm; pc");
    auto* const icount = run.add_flag("--icount", raw.icount, "count instructions: two runs are equal");
    auto* const rr = run.add_flag("--rr", raw.rr, "record the run; scripts/gdb --replay NAME replays it");
    auto* const keep_going =
        run.add_flag("--keep-going", raw.keep_going,
                     "after a death of the guest go on with the next command (--exec, --script, a pipe)");
    run.add_flag("--yes", raw.yes, "install what is missing without asking");

    declare_picture(run, raw.picture);
    declare_record(run, raw.record);

    keep_going->excludes(detach);
    rr->excludes(icount); // a recording counts instructions anyhow, in its own way
    rr->excludes(keep_going);
    rr->excludes(exercise); // its replay would need the image, too
    run.get_option("--picture")->excludes(list)->excludes(plain);

    const std::vector<CLI::Option*> modes = {exec, script, detach, attach, list};
    for (CLI::Option* const mode : modes) {
        for (CLI::Option* const other : modes) {
            if (mode != other) {
                mode->excludes(other);
            }
        }
    }
    for (CLI::Option* const mode : {exec, script, detach, list}) {
        plain->excludes(mode);
    }
    // Only the picture is recorded.
    for (CLI::Option* const other : {exec, script, detach, list, plain, run.get_option("--picture")}) {
        run.get_option("--record")->excludes(other);
        run.get_option("--cast")->excludes(other);
    }
    for (CLI::Option* const choice : {name, memory, cpu, machine, icount, rr, keep_going, exercise}) {
        attach->excludes(choice);
        list->excludes(choice);
    }
}

void declare_draw(CLI::App& draw, RawDraw& raw) {
    draw.add_option("name", raw.name, "name of the run; lab");
    draw.add_option("--svg", raw.svg, "write an SVG to this file");
    draw.add_option("--at", raw.at, "show the walk of this address");
    auto* const view = draw.add_option("--view", raw.view,
                                       "all that a view tells, as text: directory table walk maps frames log "
                                       "check regs");
    auto* const ask = draw.add_option("--ask", raw.ask,
                                      "what a verb of the shell's tells from outside: 'maps --user --json'");
    view->excludes(ask);
    draw.add_option("--size", raw.size, "columns and rows; 120x40");
}

std::expected<Request, std::string> understand_run(const CLI::App& run, const RawRun& raw) {
    using Mode = RunRequest::Mode;
    if (raw.list) {
        return ListRequest{};
    }
    if (run.count("--attach") > 0) {
        auto name = checked_name(raw.attach.empty() ? std::string(kDefaultRunName) : raw.attach);
        if (!name) {
            return std::unexpected(name.error());
        }
        auto picture = checked_picture(raw.picture);
        if (!picture) {
            return std::unexpected(picture.error());
        }
        return AttachRequest{std::move(*name), raw.plain, std::move(*picture), raw.record};
    }
    RunRequest request;
    request.kernel = raw.kernel;
    request.keep_going = raw.keep_going;
    request.rr = raw.rr;
    if (run.count("--name") > 0) {
        auto name = checked_name(raw.name);
        if (!name) {
            return std::unexpected(name.error());
        }
        request.name = std::move(*name);
    }
    const auto memory = parse_memory_size(raw.memory);
    const auto type = parse_machine_type(raw.machine);
    auto cpu = parse_cpu(raw.cpu);
    if (!memory || !type || !cpu) {
        return std::unexpected(!memory ? memory.error() : !type ? type.error() : cpu.error());
    }
    if (raw.rr && *type == MachineType::microvm) {
        return std::unexpected("--rr --machine microvm: QEMU loses the input of a microvm that it records");
    }
    auto picture = checked_picture(raw.picture);
    if (!picture) {
        return std::unexpected(picture.error());
    }
    request.picture = std::move(*picture);
    request.record = raw.record;
    // A picture alone: the machine boots, is drawn and ends.
    const bool only_picture = !request.picture.file.empty() && !raw.detach;
    const bool batch = run.count("--exec") > 0 || run.count("--script") > 0 || only_picture;
    request.machine = MachineSpec{*type, *memory, std::move(*cpu), raw.icount, !batch, raw.exercise};
    if (batch) {
        request.mode = run.count("--script") > 0 ? Mode::script : Mode::exec;
        request.text = run.count("--script") > 0 ? raw.script : raw.exec;
    } else {
        request.mode = raw.detach ? Mode::detach : raw.plain ? Mode::plain : Mode::console;
    }
    return request;
}

std::expected<Request, std::string> understand_stop(const RawStop& raw) {
    auto name = checked_name(raw.name.empty() ? std::string(kDefaultRunName) : raw.name);
    if (!name) {
        return std::unexpected(name.error());
    }
    return StopRequest{std::move(*name), raw.all};
}

std::expected<Request, std::string> understand_draw(const RawDraw& raw) {
    auto name = checked_name(raw.name);
    if (!name) {
        return std::unexpected(name.error());
    }
    const auto size = parse_screen_size(raw.size);
    if (!size) {
        return std::unexpected(size.error());
    }
    return DrawRequest{std::move(*name), raw.svg, raw.at, raw.view, raw.ask, size->first, size->second};
}

/// CLI11's messages may span lines; a usage error is one.
std::string one_line(std::string text) {
    std::ranges::replace(text, '\n', ' ');
    return text;
}

} // namespace

std::expected<Request, std::string> parse_request(const std::vector<std::string>& arguments) {
    CLI::App app("Starts and drives machines that run the pagelab kernel.", "pagelab-console");
    app.require_subcommand(1);
    RawRun raw_run;
    RawStop raw_stop;
    std::string where_name(kDefaultRunName);
    CLI::App* const run = app.add_subcommand("run", "start a machine, or open the console of one");
    CLI::App* const stop = app.add_subcommand("stop", "end machines and remove what they left");
    CLI::App* const where = app.add_subcommand("where", "print the directory of a running machine");
    CLI::App* const draw =
        app.add_subcommand("draw", "draw the picture of a running machine once, as text or SVG");
    declare_run(*run, raw_run);
    RawDraw raw_draw;
    declare_draw(*draw, raw_draw);
    stop->add_option("name", raw_stop.name, "name of the run; lab");
    stop->add_flag("--all", raw_stop.all, "all runs of this user");
    stop->add_flag("--yes", raw_stop.yes)->group("");
    where->add_option("name", where_name, "name of the run; lab");
    RawReplay raw_replay;
    CLI::App* const replay = app.add_subcommand("replay", "run a debugger beside a replay of a recorded run");
    replay->add_option("name", raw_replay.name, "name of the recording")->required();
    replay->add_option("command", raw_replay.command, "behind --: what to run")->required();
    RawAsk raw_ask;
    RawWatch raw_watch;
    CLI::App* const ask = declare_ask(app, raw_ask);
    CLI::App* const watch = declare_watch(app, raw_watch);
    RawPlay raw_play;
    ReportRequest raw_report;
    CLI::App* const play = declare_play(app, raw_play);
    CLI::App* const report = declare_report(app, raw_report);

    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend()); // as CLI11 takes them
    if (auto implied = implied_subcommand(arguments)) {
        reversed.push_back(std::move(*implied));
    }
    try {
        app.parse(std::move(reversed));
    } catch (const CLI::CallForHelp&) {
        const CLI::App* const asked = !app.get_subcommands().empty() ? app.get_subcommands().front() : &app;
        return HelpRequest{asked->help()};
    } catch (const CLI::ParseError& error) {
        return std::unexpected(one_line(error.what()));
    }
    if (run->parsed()) {
        return understand_run(*run, raw_run);
    }
    if (stop->parsed()) {
        return understand_stop(raw_stop);
    }
    if (replay->parsed()) {
        auto name = checked_name(raw_replay.name);
        if (!name) {
            return std::unexpected(name.error());
        }
        return ReplayRequest{std::move(*name), std::move(raw_replay.command)};
    }
    if (draw->parsed()) {
        return understand_draw(raw_draw);
    }
    if (ask->parsed()) {
        return understand_ask(*ask, raw_ask);
    }
    if (watch->parsed()) {
        return understand_watch(raw_watch);
    }
    if (play->parsed()) {
        return understand_play(raw_play);
    }
    if (report->parsed()) {
        return understand_report(std::move(raw_report));
    }
    auto name = checked_name(where_name);
    if (!name) {
        return std::unexpected(name.error());
    }
    return WhereRequest{std::move(*name)};
}

} // namespace pagelab::console::machine
