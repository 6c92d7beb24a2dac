#include "serial-console/src/machine/outside_options.hpp"

#include "serial-console/src/machine/run_directory.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
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
    ask->get_option("--qmp")->excludes(name);
    ask->prefix_command();
    return ask;
}

CLI::App* declare_watch(CLI::App& app, RawForeign& raw) {
    CLI::App* const watch = app.add_subcommand("watch", "watch any 32-bit guest of another QEMU");
    declare_foreign(*watch, raw);
    watch->get_option("--qmp")->required();
    watch->add_option("--serial", raw.serial, "the socket of its serial port, for the terminal");
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
    auto name = checked_name(raw.name.empty() ? std::string(kDefaultRunName) : raw.name);
    if (!name) {
        return std::unexpected(name.error());
    }
    request.whom = std::move(*name);
    return request;
}

std::expected<Request, std::string> understand_watch(const RawForeign& raw) {
    return WatchRequest{{raw.monitor, raw.ram, raw.serial}};
}

bool begins_with_foreign_option(const std::vector<std::string>& arguments) {
    return !arguments.empty() && std::ranges::any_of(kForeignOptions, [&](std::string_view option) {
        return arguments.front() == option || arguments.front().starts_with(std::string(option) + "=");
    });
}

} // namespace pagelab::console::machine
