// Text in which frequent phrases stand as one byte each, so that the kernel loads fewer of them. Written
// plainly in the source, packed by the compiler, unpacked when it is needed. For the scripts of `demo`.
// A byte below 0x80 is itself, 0x80 + i is phrase i: plain ASCII is packed text, too.
#pragma once

#include "kernel/shell/print.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

namespace pagelab::shell {

/// Calls `put(char)` for each byte of the packed text; at each place the longest of the phrases is taken.
/// `phrases` are sorted, so those that begin like the text stand together.
template <class Put>
constexpr void pack(std::string_view text, std::span<const std::string_view> phrases, Put put) {
    while (!text.empty()) {
        const auto first = std::lower_bound(phrases.begin(), phrases.end(), text.substr(0, 1));
        std::size_t longest = 1;
        char code = text[0];
        for (auto phrase = first; phrase != phrases.end() && phrase->front() == text[0]; ++phrase) {
            if (phrase->size() > longest && text.starts_with(*phrase)) {
                longest = phrase->size();
                code = static_cast<char>(0x80 + (phrase - phrases.begin()));
            }
        }
        put(code);
        text.remove_prefix(longest);
    }
}

/// Writes the text, up to its zero, out in full.
void unpack(Output& out, const char* text);

} // namespace pagelab::shell
