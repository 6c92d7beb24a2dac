// The options of what looks at a guest from outside: `ask` and `watch`. For options.cpp only.
#pragma once

#include "serial-console/src/machine/options.hpp"

#include <expected>
#include <string>
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

struct RawAsk {
    std::string name;
    RawForeign foreign;
};

[[nodiscard]] CLI::App* declare_ask(CLI::App& app, RawAsk& raw);
[[nodiscard]] CLI::App* declare_watch(CLI::App& app, RawForeign& raw);

[[nodiscard]] std::expected<Request, std::string> understand_ask(const CLI::App& ask, const RawAsk& raw);
[[nodiscard]] std::expected<Request, std::string> understand_watch(const RawForeign& raw);

/// `pagelab-console --qmp SOCK …` is short for `pagelab-console watch --qmp SOCK …`.
[[nodiscard]] bool begins_with_foreign_option(const std::vector<std::string>& arguments);

/// The name of a run, or a sentence.
[[nodiscard]] std::expected<std::string, std::string> checked_name(std::string name);

} // namespace pagelab::console::machine
