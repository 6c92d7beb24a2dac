#include "serial-console/src/recording/cast.hpp"

#include "serial-console/src/model/utf8.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <iterator>

namespace pagelab::console::recording {
namespace {

using view::Canvas;
using view::Colour;
using view::Style;

void put_colour(std::string& to, Colour colour, int basic) {
    if (colour == view::kDefaultColour) {
        return;
    }
    if (colour < 8) {
        fmt::format_to(std::back_inserter(to), ";{}", basic + colour);
    } else {
        fmt::format_to(std::back_inserter(to), ";{};5;{}", basic + 8, colour);
    }
}

std::string style_sequence(const Style& style) {
    std::string text = "\x1b[0";
    text += style.bold ? ";1" : "";
    text += style.dim ? ";2" : "";
    text += style.underline ? ";4" : "";
    text += style.reverse ? ";7" : "";
    put_colour(text, style.foreground, 30);
    put_colour(text, style.background, 40);
    return text + 'm';
}

std::string event_line(model::Time at, std::string_view kind, const std::string& data) {
    const nlohmann::json line = {static_cast<double>(at.count()) / 1000, kind, data};
    return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

} // namespace

std::string ansi(const Canvas& canvas, const Canvas* before) {
    std::string text = before == nullptr ? "\x1b[0m\x1b[2J" : "";
    std::optional<Style> style;
    const view::Size size = canvas.size();
    for (int row = 0; row < size.rows; ++row) {
        bool in_place = false;
        for (int column = 0; column < size.columns; ++column) {
            const view::Cell& cell = canvas.at(row, column);
            if (before != nullptr ? before->at(row, column) == cell : cell == view::Cell{}) {
                in_place = false;
                continue;
            }
            if (!in_place) {
                fmt::format_to(std::back_inserter(text), "\x1b[{};{}H", row + 1, column + 1);
                in_place = true;
            }
            if (style != cell.style) {
                text += style_sequence(cell.style);
                style = cell.style;
            }
            model::append_utf8(text, cell.character);
        }
    }
    if (text.empty() && before != nullptr && before->cursor == canvas.cursor) {
        return text;
    }
    text += style ? "\x1b[0m" : "";
    text += canvas.cursor
                ? fmt::format("\x1b[{};{}H\x1b[?25h", canvas.cursor->row + 1, canvas.cursor->column + 1)
                : std::string("\x1b[?25l");
    return text;
}

std::string CastWriter::begin(view::Size size, std::string_view title) {
    shown_.reset();
    const nlohmann::json head = {
        {"version", 2}, {"width", size.columns}, {"height", size.rows}, {"title", title}};
    return head.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string CastWriter::show(model::Time at, const Canvas& canvas) {
    std::string lines;
    const bool resized = shown_ && shown_->size() != canvas.size();
    if (resized) {
        lines = event_line(at, "r", fmt::format("{}x{}", canvas.size().columns, canvas.size().rows));
        shown_.reset();
    }
    const std::string change = ansi(canvas, shown_ ? &*shown_ : nullptr);
    shown_ = canvas;
    return change.empty() ? lines : lines + event_line(at, "o", change);
}

} // namespace pagelab::console::recording
