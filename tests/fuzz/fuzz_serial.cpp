// The serial parsers on any bytes, cut anywhere: what passes to a terminal is harmless, and cuts change
// nothing.
#include "fuzz_input.hpp"

#include "serial-console/src/machine/batch.hpp"
#include "serial-console/src/machine/line_watch.hpp"
#include "serial-console/src/model/vt_screen.hpp"
#include "serial-console/src/serial/marks.hpp"
#include "serial-console/src/serial/prompt.hpp"
#include "serial-console/src/serial/sanitise.hpp"

using namespace pagelab;
using namespace pagelab::console;

namespace {

/// No string that makes a terminal retitle itself, answer or write the clipboard.
bool harmless(std::string_view text) {
    return text.find("\x1b]") == std::string_view::npos && text.find("\x1bP") == std::string_view::npos;
}

std::string plain_text(const std::vector<serial::Piece>& pieces) {
    std::string text;
    for (const serial::Piece& piece : pieces) {
        if (const auto* const part = std::get_if<serial::Text>(&piece)) {
            text += part->bytes;
        }
    }
    return text;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const std::size_t step = 1 + input.number<std::uint8_t>() % 64;
    const std::string_view bytes = input.rest();

    serial::MarkParser whole_marks;
    std::string whole = plain_text(whole_marks.feed(bytes));
    whole += whole_marks.finish();
    serial::MarkParser cut_marks;
    std::string cut;
    serial::Filter terminal(serial::Policy::terminal);
    serial::Filter show(serial::Policy::show);
    serial::Filter strip(serial::Policy::strip);
    serial::PromptFinder prompt;
    machine::LineWatch lines;
    machine::Batch batch({"walk 0", "maps"});
    model::VtScreen screen;
    model::VtScreen screen_at_once;
    screen_at_once.feed(bytes);
    for (std::string_view rest = bytes; !rest.empty();) {
        const std::string_view piece = rest.substr(0, step);
        rest.remove_prefix(piece.size());
        cut += plain_text(cut_marks.feed(piece));
        fuzz::require(harmless(terminal.feed(piece)));
        for (const char letter : show.feed(piece)) {
            fuzz::require(letter != '\x1b');
        }
        for (const char letter : strip.feed(piece)) {
            fuzz::require(letter != '\x1b');
        }
        prompt.feed(piece);
        lines.heard(piece);
        static_cast<void>(batch.on_bytes(piece));
        screen.feed(piece);
    }
    cut += cut_marks.finish();
    fuzz::require(whole == cut);
    fuzz::require(screen.lines() == screen_at_once.lines() && screen.cursor() == screen_at_once.cursor());
    fuzz::require(screen.lines().size() <= model::VtScreen::kMaxLines);
    fuzz::require(screen.cursor().line < screen.lines().size());
    return 0;
}
