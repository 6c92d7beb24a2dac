// What the picture's model wants done, for one who may only look: at somebody else's guest, or at a
// recording.
#pragma once

#include "serial-console/src/ask/subject.hpp"
#include "serial-console/src/model/update.hpp"
#include "serial-console/src/terminal/curses_terminal.hpp"

#include <optional>
#include <string_view>

namespace pagelab::console::terminal {

/// What happened, for the model.
using Happened = decltype(model::Event::what);

/// Answers verbs about `subject`, whose snapshot may be null here, copies, rings and takes the mouse; what
/// would change a machine is answered with `refusal`. The rest, typed bytes, registers and the end, is the
/// caller's.
[[nodiscard]] std::optional<Happened> perform_as_onlooker(const model::Effect& effect,
                                                          const ask::Subject& subject,
                                                          CursesTerminal& terminal, std::string_view refusal);

} // namespace pagelab::console::terminal
