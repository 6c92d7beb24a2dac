// What happens to the picture, as chunks of a recording and back. Pure.
#pragma once

#include "serial-console/src/model/update.hpp"
#include "serial-console/src/recording/format.hpp"
#include "serial-console/src/recording/tables_codec.hpp"

#include <optional>
#include <string>

namespace pagelab::console::recording {

/// Turns events into chunks. Keys, sizes and ticks are the user's own and are not recorded.
class EventWriter {
public:
    /// The bytes of the event; empty if it is not recorded.
    [[nodiscard]] std::string write(const model::Event& event);

private:
    SharedSnapshot last_;
};

/// Turns chunks into events, in the order in which they were written.
class EventReader {
public:
    /// Nothing for a chunk that is no event, or that is broken.
    [[nodiscard]] std::optional<model::Event> read(const Chunk& chunk);

private:
    SharedSnapshot last_;
};

} // namespace pagelab::console::recording
