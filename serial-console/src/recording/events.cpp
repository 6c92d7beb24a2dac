#include "serial-console/src/recording/events.hpp"

#include <type_traits>
#include <utility>
#include <variant>

namespace pagelab::console::recording {
namespace {

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) {
        text += line + '\n';
    }
    return text;
}

std::vector<std::string> split(std::string_view text) {
    constexpr std::size_t kMostLines = 1000;
    std::vector<std::string> lines;
    while (!text.empty() && lines.size() < kMostLines) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

/// A sentence from a file may hold anything; the bottom line and reports take printable text.
std::string printable(std::string_view text) {
    std::string result(text.substr(0, 1000));
    for (char& letter : result) {
        letter = static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f ? '?' : letter;
    }
    return result;
}

} // namespace

std::string EventWriter::write(const model::Event& event) {
    std::string bytes;
    const auto put = [&](ChunkKind kind, std::string_view payload) {
        put_chunk(bytes, kind, event.at, payload);
    };
    std::visit(
        [&](const auto& what) {
            using What = std::remove_cvref_t<decltype(what)>;
            if constexpr (std::is_same_v<What, model::SerialReceived>) {
                put(ChunkKind::serial, what.bytes);
            } else if constexpr (std::is_same_v<What, model::SnapshotTaken>) {
                put(ChunkKind::tables, encode_tables(*what.snapshot, last_.get()));
                last_ = what.snapshot;
            } else if constexpr (std::is_same_v<What, model::SnapshotMissing>) {
                put(ChunkKind::missing, what.reason);
            } else if constexpr (std::is_same_v<What, model::RunChanged>) {
                put(ChunkKind::run, std::string(1, static_cast<char>(what.run)));
            } else if constexpr (std::is_same_v<What, model::GuestDied>) {
                std::string payload(1, what.can_go_back ? '\1' : '\0');
                payload += joined(what.report);
                put(ChunkKind::died, payload);
            } else if constexpr (std::is_same_v<What, model::GuestReturned>) {
                put(ChunkKind::returned, {});
            } else if constexpr (std::is_same_v<What, model::Told>) {
                put(ChunkKind::told, what.note);
            }
        },
        event.what);
    return bytes;
}

std::optional<model::Event> EventReader::read(const Chunk& chunk) {
    const auto event = [&](auto what) { return model::Event{chunk.at, std::move(what)}; };
    switch (chunk.kind) {
    case ChunkKind::serial:
        return event(model::SerialReceived{std::string(chunk.payload)});
    case ChunkKind::tables:
        if (auto snapshot = decode_tables(chunk.payload, last_.get())) {
            last_ = snapshot;
            return event(model::SnapshotTaken{std::move(snapshot)});
        }
        return std::nullopt;
    case ChunkKind::missing:
        return event(model::SnapshotMissing{printable(chunk.payload)});
    case ChunkKind::run: {
        const bool known = chunk.payload.size() == 1 && static_cast<std::uint8_t>(chunk.payload[0]) <=
                                                            static_cast<std::uint8_t>(model::Run::stopped);
        return known ? std::optional{event(model::RunChanged{static_cast<model::Run>(chunk.payload[0])})}
                     : std::nullopt;
    }
    case ChunkKind::died: {
        // Nobody goes back in a recording.
        std::vector<std::string> report;
        for (const std::string& line : split(chunk.payload.substr(chunk.payload.empty() ? 0 : 1))) {
            report.push_back(printable(line));
        }
        return event(model::GuestDied{std::move(report), false});
    }
    case ChunkKind::returned:
        return event(model::GuestReturned{});
    case ChunkKind::told:
        return event(model::Told{printable(chunk.payload)});
    default:
        return std::nullopt;
    }
}

} // namespace pagelab::console::recording
