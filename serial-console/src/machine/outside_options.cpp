#include "serial-console/src/machine/outside_options.hpp"

#include "serial-console/src/machine/run_directory.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace pagelab::console::machine {
namespace {

constexpr std::array<std::string_view, 3> kForeignOptions = {"--qmp", "--ram", "--serial"};

void declare_foreign(CLI::App& command, RawForeign& raw) {
    auto* const monitor =
        command.add_option("--qmp", raw.monitor, "the QMP socket of a QEMU that somebody else started");
    command.add_option("--ram", raw.ram, "its shared RAM (mem-path); without it QEMU is asked, slower")
        ->needs(monitor);
}

} // namespace

std::expected<std::string, std::string> checked_name(std::string name) {
    if (!is_run_name(name)) {
        return std::unexpected(
            fmt::format("'{}' is not a name for a run; 1 to 32 of A-Z a-z 0-9 . _ -", name));
    }
    return name;
}

CLI::App* declare_ask(CLI::App& app, RawAsk& raw) {
    CLI::App* const ask = app.add_subcommand(
        "ask", "ask VERB ARGUMENTS; …: answer from outside of the guest: walk, maps, check, …");
    auto* const name = ask->add_option("--name", raw.name, "name of the run; lab");
    declare_foreign(*ask, raw.foreign);
    auto* const replay = ask->add_option("--replay", raw.replay, "a recording: its end is asked");
    ask->get_option("--qmp")->excludes(name)->excludes(replay);
    replay->excludes(name);
    ask->prefix_command();
    return ask;
}

CLI::App* declare_watch(CLI::App& app, RawWatch& raw) {
    CLI::App* const watch = app.add_subcommand("watch", "watch any 32-bit guest of another QEMU");
    declare_foreign(*watch, raw.foreign);
    watch->get_option("--qmp")->required();
    watch->add_option("--serial", raw.foreign.serial, "the socket of its serial port, for the terminal");
    declare_picture(*watch, raw.picture);
    declare_record(*watch, raw.record);
    return watch;
}

std::expected<Request, std::string> understand_ask(const CLI::App& ask, const RawAsk& raw) {
    AskRequest request;
    for (const std::string& word : ask.remaining()) {
        request.commands += request.commands.empty() ? word : " " + word;
    }
    if (request.commands.empty()) {
        return std::unexpected(std::string("ask what? an example is: ask walk 0xc0100000"));
    }
    if (!raw.foreign.monitor.empty()) {
        request.whom = ForeignRequest{raw.foreign.monitor, raw.foreign.ram, {}};
        return request;
    }
    if (!raw.replay.empty()) {
        request.whom = RecordingFile{raw.replay};
        return request;
    }
    auto name = checked_name(raw.name.empty() ? std::string(kDefaultRunName) : raw.name);
    if (!name) {
        return std::unexpected(name.error());
    }
    request.whom = std::move(*name);
    return request;
}

std::expected<Request, std::string> understand_watch(const RawWatch& raw) {
    auto picture = checked_picture(raw.picture);
    if (!picture) {
        return std::unexpected(picture.error());
    }
    return WatchRequest{
        {raw.foreign.monitor, raw.foreign.ram, raw.foreign.serial}, std::move(*picture), raw.record};
}

void declare_record(CLI::App& command, RecordRequest& raw) {
    command.add_option("--record", raw.record, "record the session, terminal and tables, for --replay");
    command.add_option("--cast", raw.cast, "record the screen as asciicast v2");
}

CLI::App* declare_play(CLI::App& app, RawPlay& raw) {
    CLI::App* const play = app.add_subcommand("play", "look at a recording: of --record, or a report");
    play->add_option("--replay,file", raw.file, "the recording")->required();
    auto* const contents = play->add_flag("--contents", raw.contents, "only tell what is in it");
    auto* const cast = play->add_option("--cast", raw.cast, "only write it as asciicast v2");
    play->add_option("--size", raw.size, "columns and rows of the asciicast; 120x40")->needs(cast);
    declare_picture(*play, raw.picture);
    cast->excludes(contents);
    play->get_option("--picture")->excludes(contents)->excludes(cast);
    return play;
}

CLI::App* declare_report(CLI::App& app, ReportRequest& raw) {
    CLI::App* const report =
        app.add_subcommand("report", "write all that is known of a running lab into one file, for --replay");
    report->add_option("name", raw.name, "name of the run; lab");
    report->add_option("--output", raw.file, "the file; NAME.pagelab");
    report->add_flag("--yes", raw.yes, "write it without asking");
    return report;
}

std::expected<Request, std::string> understand_play(const RawPlay& raw) {
    using Mode = PlayRequest::Mode;
    auto picture = checked_picture(raw.picture);
    if (!picture) {
        return std::unexpected(picture.error());
    }
    const auto size = parse_screen_size(raw.size);
    if (!size) {
        return std::unexpected(size.error());
    }
    const Mode mode = raw.contents             ? Mode::contents
                      : !raw.cast.empty()      ? Mode::cast
                      : !picture->file.empty() ? Mode::picture
                                               : Mode::show;
    return PlayRequest{mode, raw.file, raw.cast, std::move(*picture), size->first, size->second};
}

std::expected<Request, std::string> understand_report(ReportRequest raw) {
    auto name = checked_name(raw.name.empty() ? std::string(kDefaultRunName) : std::move(raw.name));
    if (!name) {
        return std::unexpected(name.error());
    }
    raw.name = std::move(*name);
    raw.file = raw.file.empty() ? raw.name + ".pagelab" : std::move(raw.file);
    return raw;
}

std::expected<std::pair<int, int>, std::string> parse_screen_size(const std::string& text) {
    constexpr int kMost = 500;
    std::pair<int, int> size;
    const char* const end = text.data() + text.size();
    const auto [cross, bad_columns] = std::from_chars(text.data(), end, size.first);
    const auto [stop, bad_rows] = std::from_chars(std::min(cross + 1, end), end, size.second);
    const bool well_formed =
        bad_columns == std::errc{} && bad_rows == std::errc{} && *cross == 'x' && stop == end;
    if (!well_formed || std::min(size.first, size.second) < 1 || std::max(size.first, size.second) > kMost) {
        return std::unexpected(fmt::format("'{}' is not a size; COLUMNSxROWS, as 120x40", text));
    }
    return size;
}

void declare_picture(CLI::App& command, PictureRequest& raw) {
    auto* const picture = command.add_option("--picture", raw.file,
                                             "save a picture of the address space: FILE.svg or FILE.txt");
    command.add_option("--walk", raw.walk, "with --picture: a poster of this address's walk")->needs(picture);
}

std::expected<PictureRequest, std::string> checked_picture(PictureRequest raw) {
    if (!raw.file.empty() && !raw.file.ends_with(".svg") && !raw.file.ends_with(".txt")) {
        return std::unexpected(
            fmt::format("--picture {}: the name must end in .svg or .txt, which says the format", raw.file));
    }
    return raw;
}

std::optional<std::string> implied_subcommand(const std::vector<std::string>& arguments) {
    if (arguments.empty()) {
        return std::nullopt;
    }
    const auto begins = [&](std::string_view option) {
        return arguments.front() == option || arguments.front().starts_with(std::string(option) + "=");
    };
    if (begins("--replay")) {
        return "play";
    }
    return std::ranges::any_of(kForeignOptions, begins) ? std::optional<std::string>("watch") : std::nullopt;
}

} // namespace pagelab::console::machine
