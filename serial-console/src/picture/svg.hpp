// A drawing as SVG text: shapes and words in pixels, with a title and a description for those who can't see
// it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace pagelab::console::picture {

/// How a piece of text stands.
struct Font {
    int size = 14; // pixels
    bool mono = false;
    bool bold = false;
    std::string_view colour = "#1f2933";
    std::string_view anchor = "start"; // start, middle or end
};

class Svg {
public:
    void rect(double x, double y, double width, double height, std::string_view fill,
              std::string_view stroke = "none", double radius = 0);
    void line(double x1, double y1, double x2, double y2, std::string_view stroke, double width = 1);
    /// A path's data as SVG has it; without a fill or stroke where that is "none".
    void path(std::string_view data, std::string_view fill, std::string_view stroke = "none",
              double opacity = 1, double width = 1);
    void text(double x, double y, std::string_view words, const Font& font = {});
    /// A line from one point to the other in a smooth curve, with an arrow's head at its end.
    void arrow(double x1, double y1, double x2, double y2, std::string_view stroke);

    /// The whole document on white.
    [[nodiscard]] std::string document(int width, int height, std::string_view title,
                                       std::string_view description) const;

private:
    std::string body_;
};

/// Text as it may stand in XML: characters that XML forbids become `?`.
[[nodiscard]] std::string escaped(std::string_view text);

} // namespace pagelab::console::picture
