// Writes a recording while things happen: each event at once, so that what a crash leaves is good up to
// there.
#pragma once

#include "serial-console/src/recording/events.hpp"

#include <expected>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace pagelab::console::recording {

class Recorder {
public:
    /// Makes the file, or empties it. The error is a sentence.
    [[nodiscard]] static std::expected<Recorder, std::string>
    create(const std::filesystem::path& file, const std::map<std::string, std::string>& facts);

    void record(const model::Event& event);
    /// What belongs to the recording, by name.
    void attach(const std::map<std::string, std::string>& parts, model::Time at);
    /// Says that it is whole. False if something could not be written, now or before.
    [[nodiscard]] bool finish(model::Time at);

private:
    explicit Recorder(std::ofstream file) : file_(std::move(file)) {}

    std::ofstream file_;
    EventWriter writer_;
};

/// The lines of the chunk `facts`.
[[nodiscard]] std::string facts_text(const std::map<std::string, std::string>& facts);

} // namespace pagelab::console::recording
