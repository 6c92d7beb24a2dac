#include "serial-console/src/verbs/verbs.hpp"

#include "kernel/interface/lab_page.hpp"
#include "kernel/interface/layout.hpp"
#include "kernel/interface/tokenizer.hpp"
#include "kernel/shell/dispatch.hpp"
#include "kernel/shell/table.hpp"
#include "serial-console/src/verbs/watched_lab.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

namespace pagelab::console::verbs {
namespace {

using interface::Status;

/// Answers that are thrown away because the kernel changed something meanwhile.
constexpr int kTries = 4;

/// What a command of the shell works with besides the machine; too large for a stack.
struct Desk {
    shell::History history;
    paging::CheckWorkspace workspace;
    shell::Teaching teaching;
};

/// The command's name behind `in N`; empty if there is none.
std::string_view command_name(std::string_view line) {
    const interface::Words words = interface::split_words(line);
    std::size_t at = 0;
    while (at + 2 < words.count && words[at] == "in") {
        at += 2;
    }
    return at < words.count ? words[at] : std::string_view{};
}

/// Why a line is not for us; what is no command of the shell's it says itself.
std::optional<std::string> objection(std::string_view line) {
    if (line.find(';') != std::string_view::npos) {
        return "one question at a time";
    }
    const std::string_view name = command_name(line);
    if (shell::find_command(name) == nullptr || std::ranges::find(kVerbs, name) != kVerbs.end()) {
        return std::nullopt;
    }
    return fmt::format("{} is not answered from outside: type it in the terminal", name);
}

Answer error(std::string_view line, std::string_view text) {
    class Text final : public shell::Output {
    public:
        void put(std::string_view piece) override { text += piece; }
        std::string text;
    } out;
    shell::print_error(out, text, shell::wants_json(line));
    return {std::move(out.text), Status::error};
}

std::optional<interface::LabPage> read_page(const guest::Ram& ram) {
    model::TableWords words;
    if (!guest::read_lab_page(ram) || !ram.copy_frame(interface::layout::kLabPage, words)) {
        return std::nullopt;
    }
    interface::LabPage page;
    std::memcpy(static_cast<void*>(&page), words.data(), sizeof(page));
    return page;
}

Answer answer_once(const guest::Ram& ram, const interface::LabPage& page, std::string_view line) {
    static const auto desk = std::make_unique<Desk>();
    WatchedLab lab(ram, page);
    shell::CommandOutput out(lab);
    shell::Invocation invocation{.machine = lab,
                                 .terminal = out,
                                 .history = desk->history,
                                 .workspace = desk->workspace,
                                 .teaching = desk->teaching};
    const Status status = shell::dispatch(invocation, line);
    return {lab.take_text(), status};
}

} // namespace

Answer ask(const guest::Ram& ram, std::string_view typed, guest::MidChange policy) {
    const std::string_view line = interface::trim(typed);
    if (line.empty()) {
        return {};
    }
    if (const auto why_not = objection(line)) {
        return error(line, *why_not);
    }
    const auto info = guest::read_lab_page(ram);
    if (!info) {
        return error(line, guest::reason_text(info.error()));
    }
    Answer answer;
    for (int attempt = 0; attempt < kTries; ++attempt) {
        const auto page = read_page(ram);
        if (!page) {
            return error(line, guest::reason_text(guest::NoSnapshot::no_lab_page));
        }
        answer = answer_once(ram, *page, line);
        const bool whole = (page->generation & 1) == 0 || policy == guest::MidChange::accept;
        if (whole && guest::read_pulse(ram).generation == page->generation) {
            return answer;
        }
    }
    if (!shell::wants_json(line)) {
        answer.text += "# the kernel changed tables meanwhile\n";
    }
    return answer;
}

} // namespace pagelab::console::verbs
