// The user's terminal by way of curses: shows cell grids, reads keys, and is as it was when this ends,
// however it ends. The headers of terminal/ include no curses header: its macros stay in the .cpp files.
#pragma once

#include "serial-console/src/machine/file_descriptor.hpp"
#include "serial-console/src/model/update.hpp"
#include "serial-console/src/view/cell.hpp"
#include "serial-console/src/view/theme.hpp"

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

struct screen; // curses' SCREEN

namespace pagelab::console::terminal {

/// Rows and columns of the terminal at stdout; 0 where it does not say.
[[nodiscard]] model::Size terminal_size();

/// One at a time.
class CursesTerminal {
public:
    [[nodiscard]] static std::expected<std::unique_ptr<CursesTerminal>, std::string> open();
    ~CursesTerminal();
    CursesTerminal(const CursesTerminal&) = delete;
    CursesTerminal& operator=(const CursesTerminal&) = delete;

    [[nodiscard]] const view::Theme& theme() const { return theme_; }
    [[nodiscard]] model::Size size() const;
    /// Readable when the terminal's size changed: call take_resize().
    [[nodiscard]] int resize_descriptor() const { return resize_signal_.get(); }
    /// The new size, if it changed.
    [[nodiscard]] std::optional<model::Size> take_resize();

    /// The next key that was pressed, or use of the mouse, without waiting.
    using Input = std::variant<model::KeyPressed, model::MouseUsed>;
    [[nodiscard]] std::optional<Input> read_input();
    /// Whether clicks come to this program; else the terminal itself has the mouse.
    void take_mouse(bool take);
    /// Puts `text` into the user's clipboard by way of OSC 52. False where the terminal is known not to do
    /// that, or where the text is too long for it; that it was done nobody can know.
    [[nodiscard]] bool copy(std::string_view text);
    void show(const view::Canvas& canvas);
    void ring_bell();

private:
    explicit CursesTerminal(screen* handle);
    [[nodiscard]] view::Theme find_theme();
    [[nodiscard]] int pair_of(view::Colour foreground, view::Colour background);
    void put(int row, int column, const view::Cell& cell);

    screen* handle_;
    bool unicode_ = false;
    bool default_colours_ = false;
    view::Theme theme_;
    machine::FileDescriptor resize_signal_;
    std::map<std::pair<view::Colour, view::Colour>, int> pairs_;
    std::optional<view::Canvas> shown_;
};

} // namespace pagelab::console::terminal
