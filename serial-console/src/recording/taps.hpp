// What listens to a picture while it is shown: a recording, a cast, both or none.
#pragma once

#include "serial-console/src/machine/options.hpp"
#include "serial-console/src/recording/cast.hpp"
#include "serial-console/src/recording/recorder.hpp"

#include <expected>
#include <fstream>
#include <optional>
#include <string>

namespace pagelab::console::recording {

class Taps {
public:
    /// Opens what the request asks for. The error is a sentence.
    [[nodiscard]] static std::expected<Taps, std::string> open(const machine::RecordRequest& request,
                                                               const std::string& name, view::Size size);

    void happened(const model::Event& event);
    void shown(model::Time at, const view::Canvas& canvas);
    /// Ends both; the sentence says what could not be written, empty if all is well. `parts` belong to the
    /// recording.
    [[nodiscard]] std::string finish(model::Time at, const std::map<std::string, std::string>& parts);
    [[nodiscard]] bool recording() const { return recorder_.has_value(); }

private:
    std::optional<Recorder> recorder_;
    std::optional<std::ofstream> cast_;
    CastWriter cast_writer_;
    std::string record_file_;
    std::string cast_file_;
};

/// Who recorded what, and with which versions.
[[nodiscard]] std::map<std::string, std::string> session_facts(const std::string& name);

} // namespace pagelab::console::recording
