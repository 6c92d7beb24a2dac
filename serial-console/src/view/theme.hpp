// How meanings look on a given terminal: 256 colours, 8, or none; with or without Unicode.
// For the views, which ask by meaning and never name a colour. Pure.
#pragma once

#include "serial-console/src/model/snapshot.hpp"
#include "serial-console/src/view/cell.hpp"

#include <cstdint>

namespace pagelab::console::view {

enum class ColourDepth : std::uint8_t { mono, eight, many };

/// What a piece of text is.
enum class Ink : std::uint8_t {
    plain,
    faint,     // labels, explanations
    strong,    // what matters most in its line
    changed,   // differs from the picture before
    bar,       // a title or the bottom line
    bar_focus, // the title of the pane that has the focus
    tab,       // the view that is shown, while the focus is elsewhere
    alarm,     // STOPPED BY GDB, errors
    key,       // a key in the bottom line
    selected,  // the line of a list that keys act on
    good,      // an access that is allowed
    bad,       // one that faults; an error
};

class Theme {
public:
    Theme(ColourDepth depth, bool unicode) : depth_(depth), unicode_(unicode) {}

    [[nodiscard]] ColourDepth depth() const { return depth_; }
    [[nodiscard]] bool unicode() const { return unicode_; }
    [[nodiscard]] bool colour() const { return depth_ != ColourDepth::mono; }

    [[nodiscard]] Style ink(Ink ink) const;
    /// What fills a slot: its kind, how full its table is, how bright a change still glows (0 to
    /// kGlowLevels). An empty slot that does not glow has the terminal's own colour.
    [[nodiscard]] Colour slot_colour(const model::Slot& slot, int glow) const;
    /// What fills a frame's cell. A free frame that does not glow has the terminal's own colour.
    [[nodiscard]] Colour role_colour(interface::FrameRole role, int glow) const;
    [[nodiscard]] Colour cursor_colour() const;
    /// The character for an empty slot.
    [[nodiscard]] char32_t empty_glyph() const { return unicode_ ? U'·' : U'.'; }

private:
    ColourDepth depth_;
    bool unicode_;
};

/// The glyph that says what a slot holds, without any colour: also whether users may access it, and whether
/// anything of it is writable.
[[nodiscard]] char32_t slot_glyph(const model::Slot& slot);
[[nodiscard]] char32_t role_glyph(interface::FrameRole role);
/// The same in a few words.
[[nodiscard]] std::string_view slot_words(model::SlotKind kind);

/// The red, green and blue of a palette's colour, 0 to 255 each.
struct Rgb {
    int red = 0;
    int green = 0;
    int blue = 0;
};
[[nodiscard]] Rgb palette_rgb(Colour colour);

} // namespace pagelab::console::view
