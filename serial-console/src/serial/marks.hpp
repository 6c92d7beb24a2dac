// The batch marks in the serial stream: OSC 133, `ESC ] 133 ; C BEL` before a command's output and
// `ESC ] 133 ; D ; STATUS BEL` after it. Pure and incremental: bytes may be cut anywhere.
// Used by everything that reads the serial port. It never looks at any other escape sequence: those stay
// text, and a filter of terminal_bytes.hpp makes them harmless.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pagelab::console::serial {

/// Bytes between marks, as the guest sent them.
struct Text {
    std::string bytes;
    friend bool operator==(const Text&, const Text&) = default;
};

/// The output of a command begins.
struct OutputBegins {
    friend bool operator==(const OutputBegins&, const OutputBegins&) = default;
};

/// A command ended.
struct CommandDone {
    int status = 0; ///< 0 ok, 1 error, 2 fault, 3 rescued, 4 interrupted; at most three digits
    friend bool operator==(const CommandDone&, const CommandDone&) = default;
};

using Piece = std::variant<Text, OutputBegins, CommandDone>;

/// Splits a serial stream at its marks.
class MarkParser {
public:
    /// The pieces that `bytes` completes, in order; neighbouring text is one piece. The beginning of a
    /// possible mark at the end is held back.
    [[nodiscard]] std::vector<Piece> feed(std::string_view bytes);

    /// What was held back: the stream has ended and it was no mark.
    [[nodiscard]] std::string finish();

private:
    std::string held_;
};

} // namespace pagelab::console::serial
