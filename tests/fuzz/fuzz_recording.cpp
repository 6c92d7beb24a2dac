// The reader of recordings on any bytes: each is refused, or played from end to end and asked.
#include "fuzz_input.hpp"

#include "serial-console/src/ask/verbs.hpp"
#include "serial-console/src/recording/player.hpp"
#include "serial-console/src/view/draw.hpp"

using namespace pagelab;
using namespace pagelab::console;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto recording =
        recording::Recording::parse(std::string(reinterpret_cast<const char*>(data), size));
    if (!recording) {
        return 0;
    }
    fuzz::require(!recording->contents().empty());
    recording::Player player(*recording, {24, 80});
    player.go_to(recording->length() / 2);
    player.go_to(recording->length());
    fuzz::require(player.at_end());
    static_cast<void>(view::draw(player.state(), view::Theme{view::ColourDepth::many, true}));
    player.go_to(model::Time{0});
    if (const auto subject = recording::subject_of(*recording)) {
        static_cast<void>(ask::answer(*subject, "maps"));
        static_cast<void>(ask::answer(*subject, "check"));
        static_cast<void>(ask::answer(*subject, "log"));
    }
    return 0;
}
