#include "serial-console/src/view/twins.hpp"

#include "serial-console/src/model/utf8.hpp"
#include "serial-console/src/view/draw.hpp"
#include "serial-console/src/view/theme.hpp"

#include <fmt/format.h>

#include <iterator>

namespace pagelab::console::view {
namespace {

constexpr int kCellWidth = 9;
constexpr int kCellHeight = 18;
constexpr int kBaseline = 14;
constexpr int kMargin = 10;
constexpr Rgb kPaper{16, 18, 22};
constexpr Rgb kInk{216, 216, 216};

/// A style's colours as they are seen.
struct Seen {
    Rgb foreground;
    Rgb background;
    bool bold = false;
    bool underline = false;
};

bool same(const Rgb& a, const Rgb& b) {
    return a.red == b.red && a.green == b.green && a.blue == b.blue;
}

Seen seen(const Style& style) {
    Seen result{style.foreground == kDefaultColour ? kInk : palette_rgb(style.foreground),
                style.background == kDefaultColour ? kPaper : palette_rgb(style.background), style.bold,
                style.underline};
    if (style.dim) {
        result.foreground = {140, 140, 140};
    }
    if (style.reverse) {
        std::swap(result.foreground, result.background);
    }
    return result;
}

std::string hex(const Rgb& rgb) {
    return fmt::format("#{:02x}{:02x}{:02x}", rgb.red, rgb.green, rgb.blue);
}

void put_rect(std::string& out, int x, int y, int width, int height, const Rgb& fill) {
    fmt::format_to(std::back_inserter(out),
                   "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>\n", x, y, width, height,
                   hex(fill));
}

std::string escaped(std::u32string_view text) {
    std::string result;
    for (const char32_t character : text) {
        switch (character) {
        case U'<':
            result += "&lt;";
            break;
        case U'>':
            result += "&gt;";
            break;
        case U'&':
            result += "&amp;";
            break;
        default:
            model::append_utf8(result, character);
        }
    }
    return result;
}

/// Cells of one style beside each other.
struct Run {
    int column = 0;
    std::u32string text;
    Style style;
};

bool is_half(char32_t character) {
    return character == U'▀' || character == U'▄';
}

void put_run(std::string& out, int row, const Run& run) {
    const Seen look = seen(run.style);
    const int x = kMargin + run.column * kCellWidth;
    const int y = kMargin + row * kCellHeight;
    const int width = static_cast<int>(run.text.size()) * kCellWidth;
    if (!same(look.background, kPaper)) {
        put_rect(out, x, y, width, kCellHeight, look.background);
    }
    // Half-blocks are drawn, not written: fonts leave gaps between them.
    if (is_half(run.text.front())) {
        const int half = kCellHeight / 2;
        put_rect(out, x, run.text.front() == U'▀' ? y : y + half, width, half, look.foreground);
        return;
    }
    if (run.text.find_first_not_of(U' ') == std::u32string::npos) {
        return;
    }
    fmt::format_to(std::back_inserter(out),
                   "<text x=\"{}\" y=\"{}\" textLength=\"{}\" fill=\"{}\"{}{}>{}</text>\n", x, y + kBaseline,
                   width, hex(look.foreground), look.bold ? " font-weight=\"bold\"" : "",
                   look.underline ? " text-decoration=\"underline\"" : "", escaped(run.text));
}

void put_row(std::string& out, const Canvas& canvas, int row) {
    Run run;
    for (int column = 0; column < canvas.size().columns; ++column) {
        const Cell& cell = canvas.at(row, column);
        const bool joins =
            !run.text.empty() && cell.style == run.style &&
            (is_half(cell.character) || is_half(run.text.front()) ? cell.character == run.text.front()
                                                                  : true);
        if (!joins) {
            if (!run.text.empty()) {
                put_run(out, row, run);
            }
            run = {column, {}, cell.style};
        }
        run.text.push_back(cell.character);
    }
    if (!run.text.empty()) {
        put_run(out, row, run);
    }
}

} // namespace

std::string render_text(const Canvas& canvas) {
    std::string result;
    for (int row = 0; row < canvas.size().rows; ++row) {
        std::u32string line;
        for (int column = 0; column < canvas.size().columns; ++column) {
            line.push_back(canvas.at(row, column).character);
        }
        line.resize(line.find_last_not_of(U' ') + 1);
        result += model::to_utf8(line);
        result += '\n';
    }
    return result;
}

std::string render_text(const model::State& state, Size size) {
    model::State sized = state;
    sized.size = size;
    return render_text(draw(sized, Theme{ColourDepth::mono, false}));
}

std::string render_svg(const Canvas& canvas) {
    const int width = canvas.size().columns * kCellWidth + 2 * kMargin;
    const int height = canvas.size().rows * kCellHeight + 2 * kMargin;
    std::string out = fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
                                  "viewBox=\"0 0 {0} {1}\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, "
                                  "monospace\" font-size=\"15\" xml:space=\"preserve\">\n",
                                  width, height);
    put_rect(out, 0, 0, width, height, kPaper);
    for (int row = 0; row < canvas.size().rows; ++row) {
        put_row(out, canvas, row);
    }
    if (canvas.cursor) {
        const Cell& cell = canvas.at(canvas.cursor->row, canvas.cursor->column);
        if (cell.character == U' ') {
            put_rect(out, kMargin + canvas.cursor->column * kCellWidth,
                     kMargin + canvas.cursor->row * kCellHeight + 1, kCellWidth, kCellHeight - 2, kInk);
        }
    }
    out += "</svg>\n";
    return out;
}

} // namespace pagelab::console::view
