// The user's stdout and stderr. Output of commands goes to stdout; the launcher's own words to stderr.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace pagelab::console::machine {

/// Writes all of it to stdout. False when nobody reads it any more.
[[nodiscard]] bool print(std::string_view text);

/// One line of the launcher's own on stderr: `pagelab: TEXT`.
void say(const std::string& text);

/// One line on stderr: `error: TEXT`.
void complain(const std::string& text);
/// Lines that belong to what was said before, indented, to stderr.
void report(const std::vector<std::string>& lines);

/// Asks on the terminal; true for yes. Without a terminal it is no.
[[nodiscard]] bool agree(const std::string& question);

/// Writes all of a file, or says why not in a sentence.
[[nodiscard]] std::expected<void, std::string> write_file(const std::string& name, std::string_view text);

/// While the terminal is raw, lines on stderr end in CR LF.
void lines_need_return(bool needed);

} // namespace pagelab::console::machine
