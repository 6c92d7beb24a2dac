#include "serial-console/src/model/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace pagelab::console::model {
namespace {

constexpr char32_t kReplacement = U'\ufffd';

struct Lead {
    int length;
    char32_t bits;
    char32_t least; // what is smaller is overlong
};

Lead lead_of(unsigned char byte) {
    if (byte < 0x80) {
        return {1, byte, 0};
    }
    if (byte >= 0xc2 && byte < 0xe0) {
        return {2, byte & 0x1fu, 0x80};
    }
    if (byte >= 0xe0 && byte < 0xf0) {
        return {3, byte & 0x0fu, 0x800};
    }
    if (byte >= 0xf0 && byte < 0xf5) {
        return {4, byte & 0x07u, 0x10000};
    }
    return {0, 0, 0};
}

bool is_scalar(char32_t value) {
    return value < 0xd800 || (value > 0xdfff && value <= 0x10ffff);
}

} // namespace

void append_utf8(std::string& text, char32_t character) {
    if (!is_scalar(character)) {
        character = kReplacement;
    }
    const auto put = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
    if (character < 0x80) {
        put(character);
    } else if (character < 0x800) {
        put(0xc0 | (character >> 6));
        put(0x80 | (character & 0x3f));
    } else if (character < 0x10000) {
        put(0xe0 | (character >> 12));
        put(0x80 | ((character >> 6) & 0x3f));
        put(0x80 | (character & 0x3f));
    } else {
        put(0xf0 | (character >> 18));
        put(0x80 | ((character >> 12) & 0x3f));
        put(0x80 | ((character >> 6) & 0x3f));
        put(0x80 | (character & 0x3f));
    }
}

std::string to_utf8(std::u32string_view text) {
    std::string result;
    for (const char32_t character : text) {
        append_utf8(result, character);
    }
    return result;
}

std::u32string from_utf8(std::string_view text) {
    std::u32string result;
    for (std::size_t i = 0; i < text.size();) {
        const Lead lead = lead_of(static_cast<unsigned char>(text[i]));
        const auto length = static_cast<std::size_t>(lead.length);
        char32_t value = lead.bits;
        bool valid = length != 0 && i + length <= text.size();
        for (std::size_t k = 1; valid && k < length; ++k) {
            const auto byte = static_cast<unsigned char>(text[i + k]);
            valid = (byte & 0xc0u) == 0x80u;
            value = (value << 6) | (byte & 0x3fu);
        }
        valid = valid && value >= lead.least && is_scalar(value);
        result.push_back(valid ? value : kReplacement);
        i += valid ? length : 1;
    }
    return result;
}

bool is_plain_cell(char32_t character) {
    struct Block {
        char32_t first;
        char32_t last;
    };
    constexpr std::array<Block, 9> kBlocks = {{
        {0x20, 0x7e},     // ASCII
        {0xa0, 0xac},     // Latin-1 without the soft hyphen
        {0xae, 0x17f},    // Latin-1, Latin Extended-A
        {0x391, 0x3c9},   // Greek
        {0x2010, 0x2027}, // dashes, quotes, dots; not the bidirectional controls behind them
        {0x2030, 0x203a}, // per mille to single quotes
        {0x2190, 0x21ff}, // arrows
        {0x2500, 0x259f}, // boxes and blocks
        {0xfffd, 0xfffd}, // replacement
    }};
    return std::ranges::any_of(
        kBlocks, [&](const Block& block) { return character >= block.first && character <= block.last; });
}

} // namespace pagelab::console::model
