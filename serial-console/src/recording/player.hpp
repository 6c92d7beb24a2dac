// A recording as somebody watches it: the picture's state at any moment of it. Pure but for reading the file.
#pragma once

#include "serial-console/src/ask/subject.hpp"
#include "serial-console/src/recording/events.hpp"

#include <expected>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace pagelab::console::recording {

/// A recording in memory, gone through once.
class Recording {
public:
    /// The error is a sentence without the file's name.
    [[nodiscard]] static std::expected<Recording, std::string> parse(std::string bytes);
    [[nodiscard]] static std::expected<Recording, std::string> load(const std::filesystem::path& file);

    [[nodiscard]] const std::vector<Chunk>& chunks() const { return chunks_; }
    [[nodiscard]] model::Time length() const { return chunks_.empty() ? model::Time{0} : chunks_.back().at; }
    /// It ended before its console did.
    [[nodiscard]] bool cut() const { return cut_; }
    /// KEY=VALUE of the facts, printable.
    [[nodiscard]] const std::map<std::string, std::string>& facts() const { return facts_; }
    /// What belongs to it, by name.
    [[nodiscard]] const std::map<std::string, std::string_view>& parts() const { return parts_; }
    /// What is in it, a line for each thing.
    [[nodiscard]] std::string contents() const;

private:
    explicit Recording(std::string bytes) : bytes_(std::make_unique<std::string>(std::move(bytes))) {}

    std::unique_ptr<std::string> bytes_; // the chunks' views stay good when this moves
    std::vector<Chunk> chunks_;
    std::map<std::string, std::string> facts_;
    std::map<std::string, std::string_view> parts_;
    bool cut_ = false;
};

class Player {
public:
    /// `recording` must outlive this.
    Player(const Recording& recording, model::Size size);

    [[nodiscard]] model::State& state() { return state_; }
    [[nodiscard]] const model::State& state() const { return state_; }
    [[nodiscard]] model::Time now() const { return now_; }
    [[nodiscard]] bool at_end() const { return next_ == recording_->chunks().size(); }
    /// To that moment, backwards too: what the user chose to look at stays.
    void go_to(model::Time time);

private:
    void restart();

    const Recording* recording_;
    model::State state_;
    EventReader reader_;
    std::size_t next_ = 0;
    model::Time now_{0};
};

/// What can be asked of the end of a recording. An error if it holds no tables.
[[nodiscard]] std::expected<ask::Subject, std::string> subject_of(const Recording& recording);

/// The parts that a subject is made of, as a recording holds them: name and bytes.
[[nodiscard]] std::map<std::string, std::string> parts_of(const ask::Subject& subject);

} // namespace pagelab::console::recording
