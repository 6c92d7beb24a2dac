// What `help TOPIC` tells. For `help` and completion.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace pagelab::shell {

struct Topic {
    std::string_view name;
    std::string_view summary;
    /// Lines, each with its newline.
    std::string_view text;
    /// Whole lines; each works on a fresh machine.
    std::array<std::string_view, 3> examples;
};

[[nodiscard]] std::span<const Topic> topics();
[[nodiscard]] const Topic* find_topic(std::string_view name);

} // namespace pagelab::shell
