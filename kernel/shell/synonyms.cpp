#include "kernel/shell/synonyms.hpp"

#include <array>

namespace pagelab::shell {
namespace {

struct Synonym {
    std::string_view foreign; // one word, or two
    std::string_view ours;
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

CommandText with_rest(std::string_view ours, const interface::Words& words, std::size_t first) {
    CommandText text;
    text.put(ours);
    for (std::size_t i = first; i < words.count; ++i) {
        print(text, " ", words[i]);
    }
    return text;
}

/// showmappings A B: both ends are addresses.
CommandText show_mappings(const interface::Words& words) {
    CommandText text;
    if (words.count < 3 || words[2].starts_with("-")) {
        return with_rest("maps", words, 1);
    }
    const bool one_page = words[1] == words[2];
    print(text, "maps ", words[1], one_page ? "+4K" : "-", one_page ? "" : words[2]);
    for (std::size_t i = 3; i < words.count; ++i) {
        print(text, " ", words[i]);
    }
    return text;
}

/// x/COUNT FORMAT UNIT, as GDB and QEMU's monitor have it; `physical` is QEMU's xp.
Parsed<CommandText> examine(const interface::Words& words, bool physical) {
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
    CommandText text;
    print(text, "peek ", unit, " ", physical && !looks_physical(address) ? "p:" : "", address,
          count.empty() ? "" : " ", count);
    for (std::size_t i = 2; i < words.count; ++i) {
        print(text, " ", words[i]);
    }
    return text;
}

bool is_examine(std::string_view word, std::string_view name) {
    return word.starts_with(name) && (word.size() == name.size() || word[name.size()] == '/');
}

} // namespace

std::optional<Parsed<CommandText>> translate_foreign(const interface::Words& words) {
    const std::string_view first = words[0];
    if (first == "showmappings") {
        return show_mappings(words);
    }
    if (is_examine(first, "x")) {
        return examine(words, false);
    }
    if (is_examine(first, "xp")) {
        return examine(words, true);
    }
    for (const auto& [foreign, ours] : kSynonyms) {
        const std::size_t space = foreign.find(' ');
        if (space == std::string_view::npos) {
            if (first == foreign) {
                return with_rest(ours, words, 1);
            }
        } else if (first == foreign.substr(0, space) && words[1] == foreign.substr(space + 1)) {
            return with_rest(ours, words, 2);
        }
    }
    if (first == "info") {
        return wrong("info knows mem, tlb and registers here; did you mean info mem?");
    }
    return std::nullopt;
}

} // namespace pagelab::shell
