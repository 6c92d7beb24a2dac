// What the subcommands do that need more than a machine: each in a file of its own. For main.cpp, which hands
// them to machine::perform(); their contracts are those of machine::Consoles.
#pragma once

#include "serial-console/src/machine/lifecycle.hpp"

#include <expected>
#include <filesystem>
#include <string>

namespace pagelab::console::commands {

[[nodiscard]] std::expected<std::string, std::string> draw(const machine::LiveRun& run,
                                                           const machine::DrawRequest& request);
/// Answers each of the commands about one moment of the guest.
[[nodiscard]] int ask_outside(const machine::AskRequest& request, const std::filesystem::path& directory);
[[nodiscard]] std::expected<std::string, std::string>
paint(const machine::Sitter& sitter, const std::string& name, const machine::PictureRequest& request);
[[nodiscard]] machine::ConsoleResult play(const machine::PlayRequest& request,
                                          const machine::SignalGuard& signals);
/// Shows what would be written, and asks unless told not to.
[[nodiscard]] int report(const machine::ReportRequest& request, const machine::LiveRun& run);

} // namespace pagelab::console::commands
