#include "kernel/shell/synonyms.hpp"

#include <array>

namespace pagelab::shell {
namespace {

struct Synonym {
    const char* foreign; // one word, or two
    const char* ours;
};

/// The arguments stay as they are.
constexpr std::array<Synonym, 16> kSynonyms = {{{"info mem", "maps"},
                                                {"info tlb", "maps"},
                                                {"info registers", "regs"},
                                                {"gva2gpa", "walk"},
                                                {"v2p", "walk"},
                                                {"vtop", "walk"},
                                                {"!pte", "walk"},
                                                {"pagewalk", "walk"},
                                                {"pt", "maps"},
                                                {"ptov", "find"},
                                                {"gpa2gva", "find"},
                                                {"pagemap", "maps"},
                                                {"pmap", "maps"},
                                                {"vmmap", "maps"},
                                                {"setperm", "protect"},
                                                {"?", "help"}}};

constinit std::array<char, interface::kMaxLine> text{};
constinit Line line{text};

/// The line with the words from `first` on behind it.
std::string_view with_rest(const interface::Words& words, std::size_t first) {
    for (std::size_t i = first; i < words.count; ++i) {
        say(line, " {}", words[i]);
    }
    return line.view();
}

/// showmappings A B: both ends are addresses.
std::string_view show_mappings(const interface::Words& words) {
    line.put("maps");
    if (words.count < 3 || words[2].starts_with('-')) {
        return with_rest(words, 1);
    }
    if (words[1] == words[2]) {
        say(line, " {}+4K", words[1]);
    } else {
        say(line, " {}-{}", words[1], words[2]);
    }
    return with_rest(words, 3);
}

/// x/COUNT FORMAT UNIT, as GDB and QEMU's monitor have it; `physical` is QEMU's xp.
Parsed<std::string_view> examine(const interface::Words& words, bool physical) {
    if (words.count < 2) {
        return wrong("{} needs an address", words[0]);
    }
    std::string_view format = words[0];
    format.remove_prefix(physical ? 2 : 1);
    std::string_view count;
    std::string_view unit = "w";
    if (!format.empty()) {
        format.remove_prefix(1); // the slash
        std::size_t digits = 0;
        while (digits < format.size() && format[digits] >= '0' && format[digits] <= '9') {
            ++digits;
        }
        count = format.substr(0, digits);
        format.remove_prefix(digits);
        for (const char& letter : format) {
            if (letter == 'b' || letter == 'h' || letter == 'w') {
                unit = {&letter, 1};
            } else if (letter != 'x') {
                return wrong("'{}': only x (hex) with b, h or w is here; did you mean {}{}x?", words[0],
                             physical ? "xp/" : "x/", count.empty() ? "1" : count);
            }
        }
    }
    const std::string_view address = words[1];
    say(line, "peek {} {}{}{}{}", unit, physical && !looks_physical(address) ? "p:" : "", address,
        count.empty() ? "" : " ", count);
    return with_rest(words, 2);
}

bool is_examine(std::string_view word, std::string_view name) {
    return word.starts_with(name) && (word.size() == name.size() || word[name.size()] == '/');
}

} // namespace

Parsed<std::string_view> translate_foreign(const interface::Words& words) {
    const std::string_view first = words[0];
    line.clear();
    if (is(first, "showmappings")) {
        return show_mappings(words);
    }
    if (is_examine(first, "x")) {
        return examine(words, false);
    }
    if (is_examine(first, "xp")) {
        return examine(words, true);
    }
    for (const auto& [foreign, ours] : kSynonyms) {
        const std::string_view name = foreign;
        const std::size_t space = name.find(' ');
        if (first == name.substr(0, space) &&
            (space == std::string_view::npos || words[1] == name.substr(space + 1))) {
            line.put(ours);
            return with_rest(words, space == std::string_view::npos ? 1 : 2);
        }
    }
    if (is(first, "info")) {
        return wrong("info knows mem, tlb and registers here; did you mean info mem?");
    }
    return std::string_view{};
}

} // namespace pagelab::shell
