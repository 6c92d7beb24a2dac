// The console's own keys in what a user types on a plain terminal: Ctrl-] begins them. Pure.
#pragma once

#include <string>
#include <string_view>

namespace pagelab::console::machine {

/// Separates what goes to the guest from `^] q` and `^] u`. `^] ]` sends the byte 0x1D; anything else after
/// ^] is dropped.
class KeyPrefix {
public:
    struct Typed {
        std::string to_guest;
        bool quit = false; ///< what was typed behind it is dropped
        bool undo = false;
    };

    [[nodiscard]] Typed feed(std::string_view bytes) {
        Typed typed;
        for (const char byte : bytes) {
            if (!prefixed_) {
                prefixed_ = byte == kPrefix;
                if (!prefixed_) {
                    typed.to_guest.push_back(byte);
                }
                continue;
            }
            prefixed_ = false;
            if (byte == 'q' || byte == 'Q') {
                typed.quit = true;
                return typed;
            }
            typed.undo = typed.undo || byte == 'u' || byte == 'U';
            if (byte == ']') {
                typed.to_guest.push_back(kPrefix);
            }
        }
        return typed;
    }

private:
    static constexpr char kPrefix = '\x1d';
    bool prefixed_ = false;
};

} // namespace pagelab::console::machine
