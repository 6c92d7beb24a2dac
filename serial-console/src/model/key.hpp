// A key as the user pressed it, and the bytes that a terminal sends for it.
// For the model and for terminal/, which makes keys. Knows no curses.
#pragma once

#include <cstdint>
#include <string>

namespace pagelab::console::model {

enum class KeyCode : std::uint8_t {
    character, // `character` says which; controls but those below are characters too (Ctrl-C is U+0003)
    enter,
    tab,
    back_tab,
    backspace,
    escape,
    up,
    down,
    left,
    right,
    home,
    end,
    page_up,
    page_down,
    shift_page_up,
    shift_page_down,
    insert,
    erase, // the key Delete
    function,
};

struct Key {
    KeyCode code = KeyCode::character;
    char32_t character = 0;
    int function = 0; // 1 to 12 for KeyCode::function

    static constexpr Key of(char32_t character) { return {KeyCode::character, character, 0}; }
    static constexpr Key of(KeyCode code) { return {code, 0, 0}; }
    static constexpr Key f(int number) { return {KeyCode::function, 0, number}; }
    /// Ctrl and a letter or one of `@[\]^_`.
    static constexpr Key control(char letter) {
        return of(static_cast<char32_t>(static_cast<unsigned char>(letter) & 0x1fu));
    }
    bool operator==(const Key&) const = default;
};

/// The prefix of the console's own keys.
inline constexpr Key kPrefixKey = Key::control(']');

/// What a terminal sends for `key`: VT100 sequences, UTF-8. Empty for keys that have none (Shift-PageUp,
/// F-keys).
[[nodiscard]] std::string key_bytes(const Key& key);

} // namespace pagelab::console::model
