// A snapshot of tables as few bytes: what changed since the one before, in runs of words that follow each
// other. Pure; docs/recording.md has the format. Any bytes give a snapshot or nothing.
#pragma once

#include "serial-console/src/model/snapshot.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pagelab::console::recording {

using SharedSnapshot = std::shared_ptr<const model::Snapshot>;

/// `before`: the snapshot that the reader has by then, or null.
[[nodiscard]] std::string encode_tables(const model::Snapshot& snapshot, const model::Snapshot* before);

/// Null if the bytes are not such an encoding.
[[nodiscard]] SharedSnapshot decode_tables(std::string_view bytes, const model::Snapshot* before);

} // namespace pagelab::console::recording
