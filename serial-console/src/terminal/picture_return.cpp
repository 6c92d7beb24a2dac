// The part of the picture's loop that looks after the guest: snapshots, commands that hang, deaths and the
// way back from them.
#include "serial-console/src/terminal/picture_loop.hpp"

#include "kernel/interface/lab_page.hpp"

#include <fmt/format.h>

#include <utility>

namespace pagelab::console::terminal {

using interface::LabState;
using machine::Finding;
using model::Time;

/// One who attaches may have missed the prompt that stands: then everything goes at once. A shell that boots
/// has shown none yet.
void PictureLoop::send(std::string_view typed) {
    pass(flow_.type(typed, lines_.at_prompt() || (!ours_ && !lines_.knows_prompt())));
    show_waiting();
}

/// Keeps the moment before the Enter that hands the shell a line.
void PictureLoop::pass(std::string_view typed) {
    overseer_.sent(typed);
    if (const std::size_t enter = lines_.enter_in(typed); enter != std::string_view::npos) {
        serial_.send(typed.substr(0, enter));
        serial_.flush();
        session_.keep_moment();
        typed.remove_prefix(enter);
        if (const auto notice = session_.take_notice()) {
            tell(model::Told{session_.recorded() ? *notice : *notice + "; a death boots afresh"});
        }
    }
    serial_.send(typed);
}

/// The next line that was typed, once the shell is ready for it: its prompt is back, or the lab page says
/// that it waits and nothing was heard for a while.
void PictureLoop::send_waiting() {
    if (flow_.empty() || state_.death) {
        quiet_since_.reset();
        return;
    }
    if (!quiet_since_) {
        quiet_since_ = now();
    }
    constexpr Time kQuiet{1000};
    const bool says_prompt = pulse_.valid && pulse_.state == static_cast<std::uint32_t>(LabState::prompt);
    if (lines_.at_prompt() || (says_prompt && now() - *quiet_since_ >= kQuiet)) {
        quiet_since_.reset();
        pass(flow_.go_on());
        show_waiting();
    }
}

void PictureLoop::show_waiting() {
    if (flow_.lines() != state_.lines_waiting) {
        tell(model::LinesWait{flow_.lines()});
    }
}

void PictureLoop::step() {
    if (!flow_.stepping()) {
        flow_.step(true);
        tell(model::Told{"stepping: pasted lines wait; ^] s runs the next, ^] p all"});
    } else if (flow_.lines() == 0) {
        tell(model::Told{"no line waits: paste some; ^] p ends stepping"});
    } else if (lines_.at_prompt()) {
        pass(flow_.next());
        show_waiting();
    }
}

/// The shell is another one than before, or gone.
void PictureLoop::forget_shell() {
    lines_ = machine::LineWatch();
    flow_.drop();
    show_waiting();
}

void PictureLoop::oversee() {
    const auto finding = ended_ || state_.death ? std::nullopt : overseer_.look();
    if (!finding) {
        return;
    }
    read_serial();
    switch (finding->what) {
    case Finding::What::interrupted:
        tell(model::Told{"no sign of life: sent an NMI"}); // short enough for the line
        return;
    case Finding::What::died:
        on_death(finding->text);
        return;
    case Finding::What::wants_undo:
        undo(finding->command);
        return;
    }
}

void PictureLoop::on_death(const std::string& what) {
    std::vector<std::string> report = session_.post_mortem();
    report.insert(report.begin(), what);
    forget_shell();
    const bool can_go_back = session_.last_moment().has_value();
    if (!can_go_back) {
        report.push_back(session_.no_snapshots().value_or("there is no snapshot to go back to"));
    }
    tell(model::GuestDied{std::move(report), can_go_back});
}

void PictureLoop::go_back() {
    const auto moment = session_.last_moment();
    if (!moment) {
        return;
    }
    const auto done = session_.go_back(*moment);
    done ? resume(true, done->empty() ? "back in the state before the last line" : *done)
         : give_up(done.error());
}

void PictureLoop::boot_afresh() {
    const auto done = session_.boot_afresh();
    done ? resume(false, done->empty() ? "a fresh boot" : *done) : give_up(done.error());
}

void PictureLoop::give_up(const std::string& why) {
    leave(fmt::format("the guest can't be brought back: {}", why), machine::kExitGuestDied);
}

/// Goes back to before the last line, or before the one that a command asks for.
void PictureLoop::undo(std::optional<std::uint32_t> asking) {
    const auto moment = session_.undo_last(asking);
    if (moment) {
        resume(true, fmt::format("the machine is as it was before command {}", moment->commands + 1));
        return;
    }
    if (asking) {
        session_.refuse_undo(*asking);
    }
    tell(model::Told{moment.error()});
}

/// The machine is another one: at the prompt, with a line that was half typed, or booting.
void PictureLoop::resume(bool at_prompt, std::string note) {
    serial_.reopen();
    forget_shell();
    overseer_.start_anew();
    tell(model::GuestReturned{});
    tell(model::Told{std::move(note)});
    if (at_prompt) {
        serial_.send("\x03"); // a half-typed line is no more
    }
}

} // namespace pagelab::console::terminal
