#include "serial-console/src/machine/batch.hpp"

#include "kernel/interface/marks.hpp"
#include "kernel/interface/tokenizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

namespace pagelab::console::machine {
namespace {

constexpr std::size_t kAsideBytes = 2048;

bool is_control(char letter) {
    const auto value = static_cast<unsigned char>(letter);
    return value < 0x20 || value == 0x7f;
}

/// What stands before the first control character.
std::string printable(const std::string& text) {
    return {text.begin(), std::ranges::find_if(text, is_control)};
}

} // namespace

std::expected<std::vector<std::string>, std::string> split_commands(std::string_view text) {
    std::vector<std::string> commands;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = interface::without_comment(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        while (const std::optional<std::string_view> command = interface::next_command(line)) {
            if (command->size() > interface::kMaxLine) {
                return std::unexpected(fmt::format("a command has {} characters, the shell takes {}: {}…",
                                                   command->size(), interface::kMaxLine,
                                                   command->substr(0, 40)));
            }
            std::string plain(*command);
            std::ranges::replace(plain, '\t',
                                 ' '); // a blank for the shell, but its line editor would complete
            if (std::ranges::any_of(plain, is_control)) {
                return std::unexpected(
                    fmt::format("a command holds a control character: {}…", printable(plain)));
            }
            commands.push_back(std::move(plain));
        }
    }
    return commands;
}

Batch::Step Batch::on_bytes(std::string_view bytes) {
    Step step;
    for (const serial::Piece& piece : marks_.feed(bytes)) {
        std::visit([this, &step](const auto& known) { on_piece(known, step); }, piece);
    }
    if (ready()) {
        if (state_ == State::echo) {
            // A shell that marks its commands would have: whatever became of it, it is not known to be well.
            step.note =
                fmt::format("the shell did not mark `{}`; its output and status are unknown", current());
            all_ok_ = false;
        }
        send_next(step);
    }
    return step;
}

void Batch::on_reboot() {
    if (state_ == State::finished) {
        return;
    }
    marks_ = serial::MarkParser();
    prompt_.reset();
    state_ = State::boot;
}

Batch::Step Batch::on_return(bool at_prompt) {
    Step step;
    if (std::exchange(line_open_, false)) {
        step.print.push_back('\n');
    }
    on_reboot();
    if (at_prompt && state_ != State::finished) {
        send_next(step);
    }
    return step;
}

std::string_view Batch::current() const {
    const bool running = state_ == State::echo || state_ == State::output;
    return running ? std::string_view(commands_[next_ - 1]) : std::string_view{};
}

std::string Batch::unprinted() const {
    return serial::Filter(serial::Policy::strip).feed(aside_);
}

void Batch::on_piece(const serial::Text& text, Step& step) {
    if (state_ == State::output) {
        step.print += filter_.feed(text.bytes);
        line_open_ = step.print.empty() ? line_open_ : !step.print.ends_with('\n');
    } else {
        prompt_.feed(text.bytes);
        aside_ += text.bytes;
        aside_.erase(0, aside_.size() - std::min(aside_.size(), kAsideBytes));
    }
}

void Batch::on_piece(const serial::OutputBegins&, Step&) {
    if (state_ == State::echo) {
        filter_ = serial::Filter(serial::Policy::show);
        state_ = State::output;
    }
}

void Batch::on_piece(const serial::CommandDone& mark, Step&) {
    if (state_ != State::output) {
        return; // a mark of nothing that was asked, as a reset may leave behind
    }
    all_ok_ = all_ok_ && mark.status == static_cast<int>(interface::Status::ok);
    prompt_.reset();
    state_ = State::after;
}

/// Does the shell wait for a command? While the echo of one comes back the line editor may draw the prompt
/// again; only a prompt on a new line says that the shell took it for nothing.
bool Batch::ready() const {
    switch (state_) {
    case State::boot:
    case State::after:
        return prompt_.at_prompt();
    case State::echo:
        return prompt_.line_ended() && prompt_.at_prompt();
    case State::output:
    case State::finished:
        return false;
    }
    return false;
}

void Batch::send_next(Step& step) {
    if (next_ == commands_.size()) {
        state_ = State::finished;
        return;
    }
    step.send = commands_[next_++] + "\r";
    aside_.clear();
    prompt_.reset();
    state_ = State::echo;
}

} // namespace pagelab::console::machine
