// What the views tell, as plain text in the core's words: for the views, for copying, for the text twin.
// Pure.
#pragma once

#include "serial-console/src/model/state.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pagelab::console::model {

/// The lines of a text, without their ends.
[[nodiscard]] std::vector<std::string> split_lines(std::string_view text);

/// The answer of `walk` for the address under the cursor, in lines.
[[nodiscard]] std::vector<std::string> walk_lines(const State& state);
/// The answer of `maps`.
[[nodiscard]] std::vector<std::string> map_lines(const State& state);
/// What the journal still holds, oldest first.
[[nodiscard]] std::vector<std::string> log_lines(const State& state);
/// What is recorded of the frame under the cursor, and who leads to it.
[[nodiscard]] std::vector<std::string> frame_lines(const State& state);
/// Frames by role, in one line.
[[nodiscard]] std::string frame_counts(const State& state);
/// Control registers bit by bit, and the others where they are known.
[[nodiscard]] std::vector<std::string> register_lines(const State& state);
/// What the directory's slots in use hold, and the entries of the table under the cursor.
[[nodiscard]] std::vector<std::string> directory_lines(const State& state);
[[nodiscard]] std::vector<std::string> table_lines(const State& state);

/// All that a view tells; the text twin.
[[nodiscard]] std::vector<std::string> view_lines(const State& state, View view);

} // namespace pagelab::console::model
