#include "serial-console/src/terminal/curses_terminal.hpp"

#include "serial-console/src/terminal/base64.hpp"
#include "serial-console/src/terminal/emergency.hpp"
#include "serial-console/src/terminal/key_map.hpp"
#include "serial-console/src/terminal/terminfo.hpp"

// The macros have names like `erase` and `move`.
#define NCURSES_NOMACROS
#include <curses.h>

#include <langinfo.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace pagelab::console::terminal {
namespace {

/// How long an Esc may be the beginning of a key's sequence, in milliseconds.
constexpr int kEscapeDelay = 25;
constexpr int kManyColours = 256;

bool locale_is_utf8() {
    std::setlocale(LC_CTYPE, "");
    return std::string_view{::nl_langinfo(CODESET)} == "UTF-8";
}

sigset_t resize_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGWINCH);
    return set;
}

attr_t attributes_of(const view::Style& style) {
    attr_t attributes = A_NORMAL;
    attributes |= style.bold ? A_BOLD : 0;
    attributes |= style.dim ? A_DIM : 0;
    attributes |= style.reverse ? A_REVERSE : 0;
    attributes |= style.underline ? A_UNDERLINE : 0;
    return attributes;
}

/// What stands for a character where the locale has ASCII only.
char32_t ascii_for(char32_t character) {
    if (character < 0x7f) {
        return character;
    }
    return character == U'·' ? U'.' : U'?';
}

std::optional<model::MouseUsed> read_mouse() {
    MEVENT event{};
    if (::getmouse(&event) != OK) {
        return std::nullopt;
    }
    using What = model::MouseUsed::What;
    if ((event.bstate & BUTTON4_PRESSED) != 0) {
        return model::MouseUsed{What::wheel_up, event.y, event.x};
    }
    if ((event.bstate & BUTTON5_PRESSED) != 0) {
        return model::MouseUsed{What::wheel_down, event.y, event.x};
    }
    return (event.bstate & BUTTON1_PRESSED) != 0
               ? std::optional{model::MouseUsed{What::press, event.y, event.x}}
               : std::nullopt;
}

/// Consoles of the kernel and old terminals have no clipboard; what is unknown is asked.
bool knows_clipboard(std::string_view type) {
    return type != "linux" && !type.starts_with("vt") && !type.starts_with("ansi") &&
           !type.starts_with("cons");
}

} // namespace

model::Size terminal_size() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) {
        return {};
    }
    return {size.ws_row, size.ws_col};
}

std::expected<std::unique_ptr<CursesTerminal>, std::string> CursesTerminal::open() {
    arm_emergency();
    const bool unicode = locale_is_utf8();
    screen* const handle = ::newterm(nullptr, stdout, stdin);
    if (handle == nullptr) {
        disarm_emergency();
        return std::unexpected(std::string{"curses can't use this terminal"});
    }
    std::unique_ptr<CursesTerminal> terminal{new CursesTerminal{handle}};
    terminal->unicode_ = unicode;
    terminal->theme_ = terminal->find_theme();
    return terminal;
}

CursesTerminal::CursesTerminal(screen* handle) : handle_(handle), theme_(view::ColourDepth::mono, false) {
    set_emergency_text(capability("sgr0") + capability("cnorm") + capability("rmkx") + capability("rmcup"));
    // Raw: Ctrl-C, Ctrl-Z and Ctrl-S are keys like all others, for the guest.
    ::raw();
    ::noecho();
    ::nonl();
    ::intrflush(stdscr, FALSE);
    ::keypad(stdscr, TRUE);
    ::nodelay(stdscr, TRUE);
    ::set_escdelay(kEscapeDelay);
    const sigset_t signals = resize_signals();
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    resize_signal_.reset(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
}

CursesTerminal::~CursesTerminal() {
    take_mouse(false);
    ::endwin();
    ::delscreen(handle_);
    disarm_emergency();
    const sigset_t signals = resize_signals();
    ::sigprocmask(SIG_UNBLOCK, &signals, nullptr);
}

view::Theme CursesTerminal::find_theme() {
    const char* const no_colour = std::getenv("NO_COLOR");
    const bool forbidden = no_colour != nullptr && *no_colour != '\0';
    if (forbidden || !::has_colors() || ::start_color() != OK || COLORS < 8) {
        return {view::ColourDepth::mono, unicode_};
    }
    default_colours_ = ::use_default_colors() == OK;
    return {COLORS >= kManyColours ? view::ColourDepth::many : view::ColourDepth::eight, unicode_};
}

model::Size CursesTerminal::size() const {
    return {LINES, COLS};
}

std::optional<model::Size> CursesTerminal::take_resize() {
    signalfd_siginfo info{};
    bool came = false;
    while (::read(resize_signal_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
        came = true;
    }
    const model::Size now = terminal_size();
    if (!came || now.rows <= 0 || now.columns <= 0) {
        return std::nullopt;
    }
    ::resizeterm(now.rows, now.columns);
    ::clearok(curscr, TRUE);
    shown_.reset();
    return size();
}

std::optional<CursesTerminal::Input> CursesTerminal::read_input() {
    while (true) {
        wint_t character = 0;
        const int kind = ::get_wch(&character);
        if (kind == ERR) {
            return std::nullopt;
        }
        if (kind != KEY_CODE_YES) {
            return model::KeyPressed{key_of_character(static_cast<char32_t>(character))};
        }
        if (character == KEY_MOUSE) {
            if (const auto used = read_mouse()) {
                return *used;
            }
            continue;
        }
        if (const auto key = key_of_code(static_cast<int>(character))) {
            return model::KeyPressed{*key};
        }
    }
}

void CursesTerminal::take_mouse(bool take) {
    ::mouseinterval(0); // a press is a click
    ::mousemask(take ? BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED : 0, nullptr);
}

bool CursesTerminal::copy(std::string_view text) {
    const char* const type = std::getenv("TERM");
    // xterm takes about 100,000 characters of base64.
    constexpr std::size_t kMost = 74'000;
    if (type == nullptr || !knows_clipboard(type) || text.size() > kMost) {
        return false;
    }
    const std::string sequence = "\x1b]52;c;" + to_base64(text) + "\x07";
    return std::fwrite(sequence.data(), 1, sequence.size(), stdout) == sequence.size() &&
           std::fflush(stdout) == 0;
}

int CursesTerminal::pair_of(view::Colour foreground, view::Colour background) {
    if (!theme_.colour() || (foreground == view::kDefaultColour && background == view::kDefaultColour)) {
        return 0;
    }
    const auto [found, added] = pairs_.try_emplace({foreground, background}, 0);
    if (added) {
        const int number = static_cast<int>(pairs_.size());
        const int front = foreground == view::kDefaultColour && !default_colours_ ? COLOR_WHITE : foreground;
        const int back = background == view::kDefaultColour && !default_colours_ ? COLOR_BLACK : background;
        // A terminal with few pairs shows the rest in its own colours.
        if (number < COLOR_PAIRS && ::init_extended_pair(number, front, back) == OK) {
            found->second = number;
        }
    }
    return found->second;
}

void CursesTerminal::put(int row, int column, const view::Cell& cell) {
    const char32_t character = unicode_ ? cell.character : ascii_for(cell.character);
    const wchar_t text[2] = {static_cast<wchar_t>(character), L'\0'};
    int pair = pair_of(cell.style.foreground, cell.style.background);
    cchar_t shown;
    if (::setcchar(&shown, text, attributes_of(cell.style), 0, &pair) == OK) {
        ::mvadd_wch(row, column, &shown); // an error in the last corner means nothing
    }
}

void CursesTerminal::show(const view::Canvas& canvas) {
    const bool fresh = !shown_ || shown_->size() != canvas.size();
    if (fresh) {
        ::erase();
    }
    const model::Size area{std::min(canvas.size().rows, LINES), std::min(canvas.size().columns, COLS)};
    for (int row = 0; row < area.rows; ++row) {
        for (int column = 0; column < area.columns; ++column) {
            const view::Cell& cell = canvas.at(row, column);
            if (fresh || cell != shown_->at(row, column)) {
                put(row, column, cell);
            }
        }
    }
    ::curs_set(canvas.cursor ? 1 : 0);
    if (canvas.cursor) {
        ::move(canvas.cursor->row, canvas.cursor->column);
    }
    ::refresh();
    shown_ = canvas;
}

void CursesTerminal::ring_bell() {
    ::beep();
}

} // namespace pagelab::console::terminal
