#include "serial-console/src/view/theme.hpp"

#include "serial-console/src/model/change_marks.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>

namespace pagelab::console::view {
namespace {

using model::SlotKind;

/// The steps of the palette's colour cube, and where cube and greys begin.
constexpr std::array<int, 6> kCubeSteps = {0, 95, 135, 175, 215, 255};
constexpr int kFirstCube = 16;
constexpr int kFirstGrey = 232;

constexpr std::array<Rgb, 16> kBasicColours = {{{0, 0, 0},
                                                {205, 49, 49},
                                                {13, 188, 121},
                                                {229, 229, 16},
                                                {36, 114, 200},
                                                {188, 63, 188},
                                                {17, 168, 205},
                                                {229, 229, 229},
                                                {102, 102, 102},
                                                {241, 76, 76},
                                                {35, 209, 139},
                                                {245, 245, 67},
                                                {59, 142, 234},
                                                {214, 112, 214},
                                                {41, 184, 219},
                                                {255, 255, 255}}};

int nearest_step(int value) {
    const auto distance = [&](int step) { return std::abs(step - value); };
    return static_cast<int>(std::ranges::min_element(kCubeSteps, {}, distance) - kCubeSteps.begin());
}

/// The nearest colour of the cube.
Colour cube_colour(const Rgb& rgb) {
    return static_cast<Colour>(kFirstCube + 36 * nearest_step(rgb.red) + 6 * nearest_step(rgb.green) +
                               nearest_step(rgb.blue));
}

/// `level` of `levels` parts of `to`, the rest of `from`.
Rgb mix(const Rgb& from, const Rgb& to, int level, int levels) {
    const auto part = [&](int a, int b) { return a + (b - a) * level / levels; };
    return {part(from.red, to.red), part(from.green, to.green), part(from.blue, to.blue)};
}

constexpr Rgb kGlow{255, 255, 95};
constexpr Rgb kBlack{0, 0, 0};

Rgb kind_rgb(SlotKind kind) {
    switch (kind) {
    case SlotKind::empty:
        return {38, 38, 38};
    case SlotKind::value:
        return {175, 175, 175};
    case SlotKind::kernel:
        return {255, 135, 0};
    case SlotKind::table:
        return {0, 115, 255};
    case SlotKind::page:
        return {0, 195, 95};
    case SlotKind::foreign:
        return {175, 95, 255};
    case SlotKind::self_map:
        return {255, 0, 215};
    case SlotKind::reserved:
    case SlotKind::unreadable:
        return {255, 0, 0};
    }
    return {};
}

/// Tables and pages that users may access have a hue of their own; what nobody may write is dull.
Rgb slot_rgb(const model::Slot& slot) {
    constexpr Rgb kDull{98, 98, 108};
    Rgb rgb = kind_rgb(slot.kind);
    if (slot.user && slot.kind == SlotKind::table) {
        rgb = {0, 215, 255};
    } else if (slot.user && slot.kind == SlotKind::page) {
        rgb = {135, 215, 0};
    }
    const bool access = slot.kind == SlotKind::table || slot.kind == SlotKind::page;
    return access && !slot.writable ? mix(rgb, kDull, 3, 5) : rgb;
}

Rgb role_rgb(interface::FrameRole role) {
    using enum interface::FrameRole;
    switch (role) {
    case reserved:
        return {78, 78, 78};
    case free:
        return {38, 38, 38};
    case kernel:
        return kind_rgb(SlotKind::kernel);
    case directory:
        return kind_rgb(SlotKind::self_map);
    case table:
        return kind_rgb(SlotKind::table);
    case data:
        return kind_rgb(SlotKind::page);
    }
    return {};
}

Colour role_of_eight(interface::FrameRole role) {
    using enum interface::FrameRole;
    switch (role) {
    case reserved:
        return 7;
    case free:
        return kDefaultColour;
    case kernel:
        return 4;
    case directory:
        return 5;
    case table:
        return 6;
    case data:
        return 2;
    }
    return kDefaultColour;
}

/// One of the eight colours that any terminal has.
Colour kind_of_eight(SlotKind kind) {
    constexpr Colour kRed = 1;
    constexpr Colour kGreen = 2;
    constexpr Colour kBlue = 4;
    constexpr Colour kMagenta = 5;
    constexpr Colour kCyan = 6;
    constexpr Colour kWhite = 7;
    switch (kind) {
    case SlotKind::empty:
        return kDefaultColour;
    case SlotKind::value:
        return kWhite;
    case SlotKind::kernel:
        return kBlue;
    case SlotKind::table:
        return kCyan;
    case SlotKind::page:
        return kGreen;
    case SlotKind::foreign:
    case SlotKind::self_map:
        return kMagenta;
    case SlotKind::reserved:
    case SlotKind::unreadable:
        return kRed;
    }
    return kDefaultColour;
}

/// Five shades by how full the table is, on a logarithmic scale: 1 entry and 1,024 both must be seen.
Rgb shade(const Rgb& rgb, std::uint16_t present) {
    constexpr int kShades = 20;
    const int filled = 9 + std::bit_width(present);
    return mix(kBlack, rgb, filled, kShades);
}

} // namespace

Style Theme::ink(Ink ink) const {
    Style style;
    switch (ink) {
    case Ink::plain:
        break;
    case Ink::faint:
        if (depth_ == ColourDepth::many) {
            style.foreground = 245;
        } else {
            style.dim = colour();
        }
        break;
    case Ink::strong:
        style.bold = true;
        break;
    case Ink::changed:
        style.bold = true;
        style.underline = !colour();
        style.foreground = depth_ == ColourDepth::many ? Colour{227} : colour() ? Colour{3} : kDefaultColour;
        break;
    case Ink::bar:
        if (depth_ == ColourDepth::many) {
            style.foreground = 252;
            style.background = 237;
        } else {
            style.underline = true;
        }
        break;
    case Ink::bar_focus:
        style.bold = true;
        if (depth_ == ColourDepth::many) {
            style.foreground = 16;
            style.background = 45;
        } else {
            style.reverse = true;
        }
        break;
    case Ink::tab:
        style = this->ink(Ink::bar);
        style.bold = true;
        if (depth_ == ColourDepth::many) {
            style.background = 242;
            style.foreground = 231;
        } else {
            style.reverse = true;
        }
        break;
    case Ink::alarm:
        style.bold = true;
        if (colour()) {
            style.foreground = depth_ == ColourDepth::many ? Colour{231} : Colour{7};
            style.background = depth_ == ColourDepth::many ? Colour{160} : Colour{1};
        } else {
            style.reverse = true;
        }
        break;
    case Ink::key:
        style = this->ink(Ink::bar);
        style.bold = true;
        break;
    case Ink::selected:
        if (depth_ == ColourDepth::many) {
            style.background = 238;
            style.bold = true;
        } else {
            style.reverse = true;
        }
        break;
    case Ink::good:
        style.foreground = depth_ == ColourDepth::many ? Colour{84} : colour() ? Colour{2} : kDefaultColour;
        break;
    case Ink::bad:
        style.bold = true;
        style.foreground = depth_ == ColourDepth::many ? Colour{203} : colour() ? Colour{1} : kDefaultColour;
        break;
    }
    return style;
}

Colour Theme::slot_colour(const model::Slot& slot, int glow) const {
    if (depth_ == ColourDepth::mono) {
        return kDefaultColour;
    }
    if (depth_ == ColourDepth::eight) {
        constexpr Colour kYellow = 3;
        return glow > 0 ? kYellow : kind_of_eight(slot.kind);
    }
    if (slot.kind == SlotKind::empty && glow == 0) {
        return kDefaultColour;
    }
    const bool table = slot.kind == SlotKind::table || (slot.kind == SlotKind::kernel && slot.present > 0);
    const Rgb base = table ? shade(slot_rgb(slot), slot.present) : slot_rgb(slot);
    return cube_colour(mix(base, kGlow, glow, model::kGlowLevels));
}

Colour Theme::role_colour(interface::FrameRole role, int glow) const {
    constexpr Colour kYellow = 3;
    switch (depth_) {
    case ColourDepth::mono:
        return kDefaultColour;
    case ColourDepth::eight:
        return glow > 0 ? kYellow : role_of_eight(role);
    case ColourDepth::many:
        break;
    }
    if (role == interface::FrameRole::free && glow == 0) {
        return kDefaultColour;
    }
    return cube_colour(mix(role_rgb(role), kGlow, glow, model::kGlowLevels));
}

Colour Theme::cursor_colour() const {
    switch (depth_) {
    case ColourDepth::mono:
        return kDefaultColour;
    case ColourDepth::eight:
        return 7;
    case ColourDepth::many:
        return 231;
    }
    return kDefaultColour;
}

char32_t slot_glyph(const model::Slot& slot) {
    // By user and not writable.
    constexpr std::array<char32_t, 4> kTable = {U'-', U'=', U'u', U'o'};
    constexpr std::array<char32_t, 4> kPage = {U'+', U'*', U'U', U'O'};
    const std::size_t access = (slot.user ? 2u : 0u) + (slot.writable ? 0u : 1u);
    switch (slot.kind) {
    case SlotKind::empty:
        return U'.';
    case SlotKind::value:
        return U':';
    case SlotKind::kernel:
        return U'#';
    case SlotKind::table:
        return kTable[access];
    case SlotKind::page:
        return kPage[access];
    case SlotKind::foreign:
        return U'F';
    case SlotKind::self_map:
        return U'R';
    case SlotKind::reserved:
    case SlotKind::unreadable:
        return U'!';
    }
    return U'?';
}

char32_t role_glyph(interface::FrameRole role) {
    constexpr std::array<char32_t, interface::kFrameRoleNames.size()> kGlyphs = {U'x', U'.', U'#',
                                                                                 U'D', U't', U'+'};
    return kGlyphs[static_cast<std::size_t>(role)];
}

std::string_view slot_words(SlotKind kind) {
    switch (kind) {
    case SlotKind::empty:
        return "empty";
    case SlotKind::value:
        return "a value, not present";
    case SlotKind::kernel:
        return "kernel";
    case SlotKind::table:
        return "table";
    case SlotKind::page:
        return "4 MiB page";
    case SlotKind::foreign:
        return "foreign window";
    case SlotKind::self_map:
        return "self-map";
    case SlotKind::reserved:
        return "reserved bits set";
    case SlotKind::unreadable:
        return "table beyond RAM";
    }
    return "";
}

Rgb palette_rgb(Colour colour) {
    if (colour < 0) {
        return {};
    }
    if (colour < kFirstCube) {
        return kBasicColours[static_cast<std::size_t>(colour)];
    }
    if (colour >= kFirstGrey) {
        const int grey = 8 + 10 * (colour - kFirstGrey);
        return {grey, grey, grey};
    }
    const int index = colour - kFirstCube;
    const auto step = [](int value) { return kCubeSteps[static_cast<std::size_t>(value)]; };
    return {step(index / 36), step(index / 6 % 6), step(index % 6)};
}

} // namespace pagelab::console::view
