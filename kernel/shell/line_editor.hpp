// The line at the prompt: bytes from the keyboard in, screen output and finished lines out.
// For the shell. A state machine without a clock: what a paste brings at once and what a person types
// slowly are the same to it. It draws with \r, ESC[K, ESC[nC and ESC[nD only (Ctrl-L clears the screen).
#pragma once

#include "kernel/interface/tokenizer.hpp"
#include "kernel/shell/history.hpp"
#include "kernel/shell/print.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace pagelab::shell {

/// What could stand where the cursor is.
struct Completions {
    static constexpr std::size_t kMax = 64;
    std::array<std::string_view, kMax> items{};
    std::size_t count = 0;
    /// Where in the line the word begins that they complete.
    std::size_t word_begin = 0;

    void add(std::string_view item) {
        if (count < kMax) {
            items[count++] = item;
        }
    }
};

/// Finds them for a line that ends at the cursor.
using Completer = Completions (*)(std::string_view line);

class LineEditor {
public:
    enum class Event {
        none,
        line,   // Enter: line() is what was typed
        cancel, // Ctrl-C: the line was dropped
        end,    // Ctrl-D on an empty line
    };
    /// Why a line must be refused although Enter was typed: it is not what was sent.
    enum class Damage { none, too_long, not_ascii };

    LineEditor(Output& screen, const History& history, Completer completer)
        : screen_(screen), history_(history), completer_(completer) {}

    /// Prints the prompt and begins an empty line. At most 32 characters of prompt.
    void begin(std::string_view prompt);
    Event feed(char byte);
    [[nodiscard]] std::string_view line() const { return {line_.data(), size_}; }
    [[nodiscard]] Damage damage() const { return damage_; }

private:
    enum class Escape { none, begun, parameters, single };

    static constexpr std::size_t kColumns = 80;
    static constexpr std::size_t kMaxPrompt = 32;

    Event control(char byte);
    void escape(char byte);
    void escape_sequence(char final);
    void insert(char byte);
    void insert_text(std::string_view text);
    void remove(std::size_t from, std::size_t to);
    void move_to(std::size_t position);
    void kill_word();
    void complete();
    void list(const Completions& completions);
    void recall(std::size_t back);
    void refuse(Damage damage);
    void redraw();
    void beep() { say(screen_, "\a"); }
    [[nodiscard]] std::size_t width() const { return kColumns - 1 - prompt_size_; }

    Output& screen_;
    const History& history_;
    Completer completer_;
    std::array<char, kMaxPrompt> prompt_{};
    std::size_t prompt_size_ = 0;
    std::array<char, interface::kMaxLine> line_{};
    std::size_t size_ = 0;
    std::size_t cursor_ = 0;
    std::size_t first_ = 0;                         // first character in view: long lines scroll sideways
    std::array<char, interface::kMaxLine> draft_{}; // the line that history was called from
    std::size_t draft_size_ = 0;
    std::size_t recalled_ = 0; // lines back in history, 0 is the draft
    Escape escape_ = Escape::none;
    unsigned parameter_ = 0; // the first number of an escape sequence
    bool first_parameter_ = true;
    bool after_return_ = false;
    Damage damage_ = Damage::none;
};

} // namespace pagelab::shell
