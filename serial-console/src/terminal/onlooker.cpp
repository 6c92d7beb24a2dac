#include "serial-console/src/terminal/onlooker.hpp"

#include "serial-console/src/ask/verbs.hpp"
#include "serial-console/src/model/texts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <type_traits>
#include <variant>

namespace pagelab::console::terminal {
namespace {

model::Answered answer(const model::Ask& asked, const ask::Subject& subject) {
    const std::string text = subject.snapshot ? ask::answer(subject, asked.line).text
                                              : std::string("error: there are no tables to ask yet\n");
    return {asked.view, asked.line, model::split_lines(text)};
}

model::Told copy(const std::string& text, CursesTerminal& terminal) {
    const auto lines = std::ranges::count(text, '\n');
    return {terminal.copy(text) ? fmt::format("copied {} line{} (OSC 52)", lines, lines == 1 ? "" : "s")
                                : std::string("this terminal takes no copies, or none that are so long")};
}

} // namespace

std::optional<Happened> perform_as_onlooker(const model::Effect& effect, const ask::Subject& subject,
                                            CursesTerminal& terminal, std::string_view refusal) {
    return std::visit(
        [&](const auto& wanted) -> std::optional<Happened> {
            using Wanted = std::remove_cvref_t<decltype(wanted)>;
            if constexpr (std::is_same_v<Wanted, model::Ask>) {
                return answer(wanted, subject);
            } else if constexpr (std::is_same_v<Wanted, model::Copy>) {
                return copy(wanted.text, terminal);
            } else if constexpr (std::is_same_v<Wanted, model::TakeMouse>) {
                terminal.take_mouse(wanted.take);
            } else if constexpr (std::is_same_v<Wanted, model::RingBell>) {
                terminal.ring_bell();
            } else if constexpr (std::is_same_v<Wanted, model::GoBack> ||
                                 std::is_same_v<Wanted, model::BootAfresh> ||
                                 std::is_same_v<Wanted, model::HoldGuest> ||
                                 std::is_same_v<Wanted, model::StepLine> ||
                                 std::is_same_v<Wanted, model::SendNmi> ||
                                 std::is_same_v<Wanted, model::TypeCommand>) {
                return model::Told{std::string(refusal)};
            }
            return std::nullopt;
        },
        effect);
}

} // namespace pagelab::console::terminal
