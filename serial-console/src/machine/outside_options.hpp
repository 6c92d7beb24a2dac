// The options of what looks at a guest from outside: `ask` and `watch`. For options.cpp only.
#pragma once

#include "serial-console/src/machine/options.hpp"

#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): the library spells it so
class App;
}

namespace pagelab::console::machine {

/// The texts of the options, before they are understood.
struct RawForeign {
    std::string monitor;
    std::string ram;
    std::string serial;
};

struct RawWatch {
    RawForeign foreign;
    PictureRequest picture;
    RecordRequest record;
};

struct RawAsk {
    std::string name;
    std::string replay;
    RawForeign foreign;
};

struct RawPlay {
    std::string file;
    std::string cast;
    std::string size = "120x40";
    PictureRequest picture;
    bool contents = false;
};

[[nodiscard]] CLI::App* declare_ask(CLI::App& app, RawAsk& raw);
[[nodiscard]] CLI::App* declare_watch(CLI::App& app, RawWatch& raw);

[[nodiscard]] CLI::App* declare_play(CLI::App& app, RawPlay& raw);
[[nodiscard]] CLI::App* declare_report(CLI::App& app, ReportRequest& raw);

[[nodiscard]] std::expected<Request, std::string> understand_ask(const CLI::App& ask, const RawAsk& raw);
[[nodiscard]] std::expected<Request, std::string> understand_watch(const RawWatch& raw);

[[nodiscard]] std::expected<Request, std::string> understand_play(const RawPlay& raw);
[[nodiscard]] std::expected<Request, std::string> understand_report(ReportRequest raw);

/// --record and --cast.
void declare_record(CLI::App& command, RecordRequest& raw);
/// --picture and --walk.
void declare_picture(CLI::App& command, PictureRequest& raw);
/// An error if the file's name says no format.
[[nodiscard]] std::expected<PictureRequest, std::string> checked_picture(PictureRequest raw);

/// `pagelab-console --qmp SOCK …` is short for `pagelab-console watch --qmp SOCK …`, and --replay for
/// `play`: the subcommand that is meant, or nothing.
[[nodiscard]] std::optional<std::string> implied_subcommand(const std::vector<std::string>& arguments);

/// COLUMNSxROWS, each 1 to 500.
[[nodiscard]] std::expected<std::pair<int, int>, std::string> parse_screen_size(const std::string& text);

/// The name of a run, or a sentence.
[[nodiscard]] std::expected<std::string, std::string> checked_name(std::string name);

} // namespace pagelab::console::machine
