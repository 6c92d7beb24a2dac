// Why the machine refused, as one line that says what, where and what would be right; and what it did.
// For the commands that change something.
#pragma once

#include "kernel/shell/command.hpp"

namespace pagelab::shell {

/// `error: …` for a refusal. `page_size` is that of the page in use, for addresses that are not aligned to
/// it.
Status refuse(Invocation& invocation, const machine::OperationError& error,
              std::uint32_t page_size = paging::kPageSize);

/// `error: there is no space …`, with those there are. `token` is what was typed for its number, if anything.
Status no_space(Invocation& invocation, std::string_view token);

/// `; 1 table made, 2 frames taken, 3 pages flushed` and the line's end.
void put_consequences(Output& out, const machine::ChangeReport& report);

} // namespace pagelab::shell
