// UTF-8 at the edges of the model: text inside is char32_t. Pure.
#pragma once

#include <string>
#include <string_view>

namespace pagelab::console::model {

/// Appends `character`; what is no character becomes U+FFFD.
void append_utf8(std::string& text, char32_t character);

[[nodiscard]] std::string to_utf8(std::u32string_view text);

/// The characters of `text`; each byte that is no part of valid UTF-8 becomes U+FFFD.
[[nodiscard]] std::u32string from_utf8(std::string_view text);

/// Whether a character may stand in one cell of the user's terminal: printable, one column wide, left to
/// right, no mark that joins its neighbour. A closed list of blocks: what is unknown is not shown.
[[nodiscard]] bool is_plain_cell(char32_t character);

} // namespace pagelab::console::model
