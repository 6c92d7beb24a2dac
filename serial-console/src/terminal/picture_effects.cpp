// The part of the picture's loop that does what the model wants done.
#include "serial-console/src/terminal/picture_loop.hpp"

#include "serial-console/src/machine/registers.hpp"
#include "serial-console/src/model/texts.hpp"
#include "serial-console/src/verbs/verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <utility>
#include <variant>

namespace pagelab::console::terminal {
namespace {

constexpr machine::milliseconds kAnswerPatience{1000};

} // namespace

void PictureLoop::perform(const model::Effect& effect) {
    if (const auto* const bytes = std::get_if<model::SendSerial>(&effect)) {
        send(bytes->bytes);
    } else if (std::holds_alternative<model::Quit>(effect)) {
        result_.console.status = state_.death ? machine::kExitGuestDied : machine::kExitOk;
        ended_ = true;
    } else if (std::holds_alternative<model::RingBell>(effect)) {
        terminal_.ring_bell();
    } else if (std::holds_alternative<model::LookAgain>(effect)) {
        look_again_ = true;
    } else if (const auto* const asked = std::get_if<model::Ask>(&effect)) {
        ask(*asked);
    } else if (const auto* const copied = std::get_if<model::Copy>(&effect)) {
        copy(copied->text);
    } else if (const auto* const mouse = std::get_if<model::TakeMouse>(&effect)) {
        terminal_.take_mouse(mouse->take);
    } else {
        perform_on_machine(effect);
    }
}

void PictureLoop::perform_on_machine(const model::Effect& effect) {
    if (std::holds_alternative<model::GoBack>(effect)) {
        state_.death ? go_back() : undo(std::nullopt);
    } else if (std::holds_alternative<model::BootAfresh>(effect)) {
        boot_afresh();
    } else if (std::holds_alternative<model::ReadRegisters>(effect)) {
        read_registers();
    } else if (const auto* const hold = std::get_if<model::HoldGuest>(&effect)) {
        hold_guest(hold->hold);
    } else if (std::holds_alternative<model::SendNmi>(effect)) {
        tell(model::Told{session_.inject_nmi() ? "sent an NMI" : "QEMU does not take the NMI"});
    } else if (std::holds_alternative<model::StepLine>(effect)) {
        step();
    } else if (const auto* const command = std::get_if<model::TypeCommand>(&effect)) {
        type_command(command->line);
    }
}

void PictureLoop::ask(const model::Ask& asked) {
    const auto policy = held_ || state_.death ? guest::MidChange::accept : guest::MidChange::refuse;
    tell(model::Answered{asked.view, asked.line,
                         model::split_lines(verbs::ask(ram_, asked.line, policy).text)});
}

void PictureLoop::read_registers() {
    const auto text = session_.control().human("info registers", machine::Deadline(kAnswerPatience));
    tell(model::RegistersRead{text ? machine::parse_registers(*text) : std::nullopt});
}

/// Nobody can know whether the terminal has a clipboard: a file has it in any case.
void PictureLoop::copy(const std::string& text) {
    const auto file =
        session_.directory().parent_path() / (session_.name() + ".copied.txt"); // outlives the run
    const bool by_terminal = terminal_.copy(text);
    std::ofstream stream(file, std::ios::binary | std::ios::trunc);
    stream << text;
    stream.close();
    const auto lines = std::ranges::count(text, '\n');
    const std::string what = fmt::format("copied {} line{}", lines, lines == 1 ? "" : "s");
    if (!stream) {
        tell(model::Told{by_terminal ? what : fmt::format("{} can't be written", file.string())});
        return;
    }
    tell(model::Told{fmt::format("{}{} to {}", what, by_terminal ? " (OSC 52), also" : "", file.string())});
}

void PictureLoop::hold_guest(bool hold) {
    if (flow_.stepping() && state_.run == model::Run::running) {
        flow_.step(false);
        tell(model::Told{"no longer stepping"});
        return;
    }
    const auto done = session_.control().execute(hold ? "stop" : "cont", nlohmann::json::object(),
                                                 machine::Deadline(kAnswerPatience));
    if (!done) {
        tell(model::Told{done.error()});
    }
}

/// The shell's own editing keys take away what is half typed: Ctrl-E, Ctrl-U.
void PictureLoop::type_command(const std::string& line) {
    send("\x05\x15" + line + "\r");
}

} // namespace pagelab::console::terminal
