#include "serial-console/src/recording/convert.hpp"

#include "serial-console/src/recording/cast.hpp"
#include "serial-console/src/view/draw.hpp"

#include <algorithm>

namespace pagelab::console::recording {

std::string to_cast(const Recording& recording, model::Size size) {
    constexpr model::Time kStep{100};
    // A recording may claim to last for weeks: nothing is drawn while nothing happens.
    Player player(recording, size);
    const view::Theme theme{view::ColourDepth::many, true};
    CastWriter writer;
    const auto name = recording.facts().find("name");
    std::string text = writer.begin(size, name == recording.facts().end() ? "pagelab" : name->second);
    const auto show = [&](model::Time at) {
        player.go_to(at);
        text += writer.show(at, view::draw(player.state(), theme));
    };
    model::Time shown{0};
    show(shown);
    for (const Chunk& chunk : recording.chunks()) {
        // What changed fades for a while after each event.
        const model::Time faded = shown + model::kGlowTime;
        for (model::Time at = shown + kStep; at < std::min(chunk.at, faded + kStep); at += kStep) {
            show(at);
            shown = at;
        }
        if (chunk.at >= shown + kStep) {
            show(chunk.at);
            shown = chunk.at;
        }
    }
    show(recording.length());
    return text;
}

} // namespace pagelab::console::recording
