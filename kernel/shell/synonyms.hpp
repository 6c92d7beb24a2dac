// Other tools' words for what our commands do: JOS, QEMU's monitor, crash, WinDbg, GDB.
// For the dispatcher. Pure text.
#pragma once

#include "kernel/interface/tokenizer.hpp"
#include "kernel/shell/arguments.hpp"

namespace pagelab::shell {

/// Our command for another tool's, in a static line; empty where the words are not another tool's. An error
/// where they are, but ask for what is not here.
[[nodiscard]] Parsed<std::string_view> translate_foreign(const interface::Words& words);

} // namespace pagelab::shell
