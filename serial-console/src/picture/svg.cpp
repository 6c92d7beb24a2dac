#include "serial-console/src/picture/svg.hpp"

#include <fmt/format.h>

#include <iterator>

namespace pagelab::console::picture {
namespace {

constexpr std::string_view kSans = "DejaVu Sans, Helvetica, Arial, sans-serif";
constexpr std::string_view kMono = "DejaVu Sans Mono, Menlo, Consolas, monospace";

template <class... Parts>
void add(std::string& to, fmt::format_string<Parts...> sentence, Parts&&... parts) {
    fmt::format_to(std::back_inserter(to), sentence, std::forward<Parts>(parts)...);
}

} // namespace

std::string escaped(std::string_view text) {
    std::string result;
    for (const char letter : text) {
        switch (letter) {
        case '<':
            result += "&lt;";
            break;
        case '>':
            result += "&gt;";
            break;
        case '&':
            result += "&amp;";
            break;
        case '"':
            result += "&quot;";
            break;
        default:
            result += static_cast<unsigned char>(letter) < 0x20 && letter != '\n' ? '?' : letter;
        }
    }
    return result;
}

void Svg::rect(double x, double y, double width, double height, std::string_view fill,
               std::string_view stroke, double radius) {
    add(body_, "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\"", x, y, width,
        height, fill);
    if (stroke != "none") {
        add(body_, " stroke=\"{}\"", stroke);
    }
    if (radius > 0) {
        add(body_, " rx=\"{:.1f}\"", radius);
    }
    body_ += "/>\n";
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view stroke, double width) {
    add(body_,
        "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" "
        "stroke-width=\"{:.1f}\"/>\n",
        x1, y1, x2, y2, stroke, width);
}

void Svg::path(std::string_view data, std::string_view fill, std::string_view stroke, double opacity,
               double width) {
    add(body_, "<path d=\"{}\" fill=\"{}\" stroke=\"{}\" stroke-width=\"{:.1f}\" opacity=\"{:.2f}\"/>\n",
        data, fill, stroke, width, opacity);
}

void Svg::text(double x, double y, std::string_view words, const Font& font) {
    add(body_, "<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"{}\" fill=\"{}\"", x, y, font.size, font.colour);
    if (font.mono) {
        add(body_, " font-family=\"{}\"", kMono);
    }
    if (font.bold) {
        body_ += " font-weight=\"bold\"";
    }
    if (font.anchor != "start") {
        add(body_, " text-anchor=\"{}\"", font.anchor);
    }
    add(body_, ">{}</text>\n", escaped(words));
}

void Svg::arrow(double x1, double y1, double x2, double y2, std::string_view stroke) {
    constexpr double kHead = 8;
    const double middle = (x1 + x2) / 2;
    path(fmt::format("M{:.1f} {:.1f} C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", x1, y1, middle, y1, middle,
                     y2, x2 - kHead, y2),
         "none", stroke, 1, 2);
    path(
        fmt::format("M{:.1f} {:.1f} l{:.1f} {:.1f} v{:.1f} z", x2, y2, -kHead - 2, -kHead * 0.6, kHead * 1.2),
        stroke);
}

std::string Svg::document(int width, int height, std::string_view title, std::string_view description) const {
    return fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
                       "viewBox=\"0 0 {0} {1}\" font-family=\"{2}\" xml:space=\"preserve\" role=\"img\">\n"
                       "<title>{3}</title>\n<desc>{4}</desc>\n"
                       "<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n{5}</svg>\n",
                       width, height, kSans, escaped(title), escaped(description), body_);
}

} // namespace pagelab::console::picture
