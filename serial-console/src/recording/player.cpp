#include "serial-console/src/recording/player.hpp"

#include "serial-console/src/recording/bytes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>

namespace pagelab::console::recording {
namespace {

constexpr std::string_view kRamPart = "ram";
constexpr std::string_view kFramesPart = "frames";
constexpr std::string_view kJournalPart = "journal";

std::string printable(std::string_view text) {
    std::string result(text);
    std::ranges::replace_if(
        result, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    return result;
}

void add_facts(std::map<std::string, std::string>& facts, std::string_view text) {
    constexpr std::size_t kMostFacts = 100;
    while (!text.empty() && facts.size() < kMostFacts) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (const std::size_t equals = line.find('='); equals != std::string_view::npos) {
            facts[printable(line.substr(0, equals))] = printable(line.substr(equals + 1));
        }
    }
}

/// Bytes as items of a plain type; a rest that is no whole item is left out.
template <class Item>
std::vector<Item> items_of(std::string_view bytes) {
    std::vector<Item> items(bytes.size() / sizeof(Item));
    if (!items.empty()) {
        std::memcpy(static_cast<void*>(items.data()), bytes.data(), items.size() * sizeof(Item));
    }
    return items;
}

template <class Item>
std::string bytes_of(const std::vector<Item>& items) {
    return {reinterpret_cast<const char*>(items.data()), items.size() * sizeof(Item)};
}

} // namespace

std::expected<Recording, std::string> Recording::parse(std::string bytes) {
    Recording recording(std::move(bytes));
    auto reader = ChunkReader::open(*recording.bytes_);
    if (!reader) {
        return std::unexpected(reader.error());
    }
    while (const auto chunk = reader->next()) {
        recording.chunks_.push_back(*chunk);
        if (chunk->kind == ChunkKind::facts) {
            add_facts(recording.facts_, chunk->payload);
        } else if (chunk->kind == ChunkKind::part) {
            ByteReader from(chunk->payload);
            const std::string name = printable(from.text());
            if (from.good() && !name.empty()) {
                recording.parts_[name] = from.bytes(from.size());
            }
        }
    }
    recording.cut_ = reader->cut();
    return recording;
}

std::expected<Recording, std::string> Recording::load(const std::filesystem::path& file) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    if (error) {
        return std::unexpected(fmt::format("can't be read: {}", error.message()));
    }
    if (size > kMostBytes) {
        return std::unexpected(fmt::format("is larger than {} MiB", kMostBytes >> 20));
    }
    std::ifstream stream(file, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    if (!stream) {
        return std::unexpected(std::string("can't be read"));
    }
    return parse(std::move(bytes));
}

std::string Recording::contents() const {
    std::string text;
    for (const auto& [name, value] : facts_) {
        text += fmt::format("{:<12}  {}\n", name, value);
    }
    std::size_t serial = 0;
    std::size_t snapshots = 0;
    std::size_t table_bytes = 0;
    for (const Chunk& chunk : chunks_) {
        serial += chunk.kind == ChunkKind::serial ? chunk.payload.size() : 0;
        snapshots += chunk.kind == ChunkKind::tables ? 1 : 0;
        table_bytes += chunk.kind == ChunkKind::tables ? chunk.payload.size() : 0;
    }
    text += fmt::format("{:<12}  {} bytes of the guest's serial port\n", "terminal", serial);
    text +=
        fmt::format("{:<12}  {} states of the page tables in {} bytes\n", "tables", snapshots, table_bytes);
    for (const auto& [name, bytes] : parts_) {
        text += fmt::format("{:<12}  {} bytes\n", name, bytes.size());
    }
    text += fmt::format("{:<12}  {:.1f} s{}\n", "length", static_cast<double>(length().count()) / 1000,
                        cut_ ? ", cut off" : "");
    return text;
}

Player::Player(const Recording& recording, model::Size size) : recording_(&recording) {
    state_.size = size;
    state_.focus = model::Pane::picture;
    restart();
}

void Player::restart() {
    model::State fresh;
    const auto name = recording_->facts().find("name");
    fresh.name = name == recording_->facts().end() ? "a recording" : name->second;
    fresh.size = state_.size;
    fresh.focus = state_.focus;
    fresh.zoomed = state_.zoomed;
    fresh.help = state_.help;
    fresh.view = state_.view;
    fresh.view_before = state_.view_before;
    fresh.mouse = state_.mouse;
    fresh.search = state_.search;
    fresh.text_search = state_.text_search;
    fresh.frame_cursor = state_.frame_cursor;
    fresh.answer = state_.answer;
    if (!state_.follow) {
        fresh.cursor = state_.cursor;
        fresh.follow = false;
    }
    state_ = std::move(fresh);
    reader_ = {};
    next_ = 0;
    now_ = model::Time{0};
}

void Player::go_to(model::Time time) {
    if (time < now_) {
        restart();
    }
    const std::vector<Chunk>& chunks = recording_->chunks();
    for (; next_ < chunks.size() && chunks[next_].at <= time; ++next_) {
        if (const auto event = reader_.read(chunks[next_])) {
            static_cast<void>(model::update(state_, *event));
        }
    }
    now_ = std::max(time, model::Time{0});
    static_cast<void>(model::update(state_, {now_, model::Tick{}}));
}

std::expected<ask::Subject, std::string> subject_of(const Recording& recording) {
    EventReader reader;
    ask::Subject subject;
    for (const Chunk& chunk : recording.chunks()) {
        const auto event = reader.read(chunk);
        const auto* const taken = event ? std::get_if<model::SnapshotTaken>(&event->what) : nullptr;
        subject.snapshot = taken != nullptr ? taken->snapshot : subject.snapshot;
    }
    if (!subject.snapshot) {
        return std::unexpected(std::string("holds no page tables"));
    }
    const auto part = [&](std::string_view name) {
        const auto found = recording.parts().find(std::string(name));
        return found == recording.parts().end() ? std::string_view{} : found->second;
    };
    const auto bounds = items_of<std::uint64_t>(part(kRamPart));
    for (std::size_t i = 0; i + 1 < bounds.size(); i += 2) {
        subject.ram.push_back({paging::PhysAddr{bounds[i]}, paging::PhysAddr{bounds[i + 1]}});
    }
    if (subject.snapshot->lab.pagelab) {
        subject.lab.emplace();
        subject.lab->frames = items_of<interface::FrameRecord>(part(kFramesPart));
        subject.lab->journal = items_of<interface::JournalRecord>(part(kJournalPart));
    }
    return subject;
}

std::map<std::string, std::string> parts_of(const ask::Subject& subject) {
    std::map<std::string, std::string> parts;
    std::vector<std::uint64_t> bounds;
    for (const paging::PhysRange& range : subject.ram) {
        bounds.push_back(range.first.raw());
        bounds.push_back(range.end.raw());
    }
    parts[std::string(kRamPart)] = bytes_of(bounds);
    if (subject.lab) {
        parts[std::string(kFramesPart)] = bytes_of(subject.lab->frames);
        parts[std::string(kJournalPart)] = bytes_of(subject.lab->journal);
    }
    return parts;
}

} // namespace pagelab::console::recording
