// Finds the Enter that hands the shell a line, in what a user types: before it a snapshot is due. Pure.
// Only the first one after a prompt counts: what is typed ahead goes to a shell that is busy. Also says
// whether the shell waits for a line.
#pragma once

#include "serial-console/src/serial/marks.hpp"
#include "serial-console/src/serial/prompt.hpp"

#include <cstddef>
#include <string_view>
#include <variant>

namespace pagelab::console::machine {

class LineWatch {
public:
    /// The guest sent `bytes`, marks included.
    void heard(std::string_view bytes) {
        for (const serial::Piece& piece : marks_.feed(bytes)) {
            if (const auto* const text = std::get_if<serial::Text>(&piece)) {
                follow(text->bytes);
            } else {
                in_output_ = std::holds_alternative<serial::OutputBegins>(piece);
                prompt_.reset();
                waits_for_line_ = false;
            }
        }
    }

    /// A prompt stands, and no line was handed over since.
    [[nodiscard]] bool at_prompt() const { return at_prompt_; }
    /// A prompt was seen: from then on one knows when the shell is busy.
    [[nodiscard]] bool knows_prompt() const { return knows_prompt_; }

    /// Where in `typed` that Enter stands; npos if it is not there.
    [[nodiscard]] std::size_t enter_in(std::string_view typed) {
        const std::size_t at = at_prompt_ ? typed.find_first_of("\r\n") : std::string_view::npos;
        at_prompt_ = at_prompt_ && at == std::string_view::npos;
        return at;
    }

private:
    void follow(std::string_view text) {
        for (std::size_t i = 0; i < text.size() && !in_output_ && !at_prompt_; ++i) {
            prompt_.feed(text.substr(i, 1));
            at_prompt_ = prompt_.at_prompt() && (!waits_for_line_ || prompt_.line_ended());
        }
        if (at_prompt_) {
            prompt_.reset();
            waits_for_line_ = true;
            knows_prompt_ = true;
        }
    }

    serial::MarkParser marks_;
    serial::PromptFinder prompt_;
    bool in_output_ = false;
    bool at_prompt_ = false;
    bool knows_prompt_ = false;
    bool waits_for_line_ = false; ///< the editor may draw the same prompt again; a new one is on a new line
};

} // namespace pagelab::console::machine
