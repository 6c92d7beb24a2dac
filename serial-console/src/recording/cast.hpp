// The screen as asciicast v2 (docs.asciinema.org): a line with the size, then a line for each change, as what
// a terminal must be sent. Pure.
#pragma once

#include "serial-console/src/model/change_marks.hpp"
#include "serial-console/src/view/cell.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace pagelab::console::recording {

/// What turns a terminal that shows `before` (nothing: an unknown screen) into one that shows `canvas`.
[[nodiscard]] std::string ansi(const view::Canvas& canvas, const view::Canvas* before);

class CastWriter {
public:
    /// The first line. A later change of size is told as the format does, by an event `r`.
    [[nodiscard]] std::string begin(view::Size size, std::string_view title);
    /// The lines for what is shown from now on; empty if that is the same.
    [[nodiscard]] std::string show(model::Time at, const view::Canvas& canvas);

private:
    std::optional<view::Canvas> shown_;
};

} // namespace pagelab::console::recording
