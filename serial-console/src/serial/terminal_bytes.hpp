// What a guest may send to a terminal, cut into units: characters, controls, escape sequences. Pure and
// incremental. The filters of sanitise.hpp decide what becomes of each unit; nothing here does.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace pagelab::console::serial {

enum class UnitKind {
    character, ///< one printable character, valid UTF-8
    control,   ///< one control: C0, DEL, or a C1 control spelled in UTF-8
    csi,       ///< ESC [ … final
    escape,    ///< ESC and one more byte, or ESC, intermediates and a final byte
    string,    ///< OSC, DCS, SOS, PM or APC, whole or cut off after kLongestSequence
    invalid,   ///< a byte that is no part of valid UTF-8
};

struct Unit {
    UnitKind kind = UnitKind::character;
    std::string bytes; ///< as received

    friend bool operator==(const Unit&, const Unit&) = default;
};

/// Longest escape sequence that is collected, in bytes; what is longer is given up as it stands.
inline constexpr std::size_t kLongestSequence = 256;

/// Cuts a byte stream into units, one byte at a time.
class UnitParser {
public:
    /// What a byte completes: nothing, one unit, or two (a sequence that this byte broke off, and itself).
    struct Completed {
        std::optional<Unit> first;
        std::optional<Unit> second;
    };

    [[nodiscard]] Completed feed(char byte);

private:
    enum class State { ground, utf8, escape, csi, string, string_escape };

    [[nodiscard]] Unit take(UnitKind kind);
    [[nodiscard]] Completed start(char byte);
    [[nodiscard]] Completed in_utf8(char byte);
    [[nodiscard]] Completed in_escape(char byte);
    [[nodiscard]] Completed in_csi(char byte);
    [[nodiscard]] Completed in_string(char byte);
    [[nodiscard]] Completed broken_by(char byte, UnitKind kind);

    State state_ = State::ground;
    std::string bytes_;
    std::size_t wanted_ = 0; ///< bytes of the UTF-8 character in progress
};

} // namespace pagelab::console::serial
