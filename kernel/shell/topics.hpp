// What `help TOPIC` tells. For `help` and completion.
#pragma once

#include "kernel/shell/print.hpp"

#include <array>
#include <span>
#include <string_view>

namespace pagelab::shell {

struct Topic {
    Literal name;
    Literal summary;
    /// Lines, each with its newline.
    Literal text;
    /// Whole lines; each works on a fresh machine.
    std::array<Literal, 3> examples;
};

[[nodiscard]] std::span<const Topic> topics();
[[nodiscard]] const Topic* find_topic(std::string_view name);

} // namespace pagelab::shell
