#include "serial-console/src/recording/taps.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <sys/utsname.h>

#include <ctime>
#include <utility>

namespace pagelab::console::recording {

std::map<std::string, std::string> session_facts(const std::string& name) {
    std::map<std::string, std::string> facts;
    facts["name"] = name;
    facts["began"] = fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(std::time(nullptr)));
    struct utsname system {};
    if (::uname(&system) == 0) {
        facts["host system"] = fmt::format("{} {} {}", system.sysname, system.release, system.machine);
    }
    return facts;
}

std::expected<Taps, std::string> Taps::open(const machine::RecordRequest& request, const std::string& name,
                                            view::Size size) {
    Taps taps;
    if (!request.record.empty()) {
        auto recorder = Recorder::create(request.record, session_facts(name));
        if (!recorder) {
            return std::unexpected(recorder.error());
        }
        taps.recorder_ = std::move(*recorder);
        taps.record_file_ = request.record;
    }
    if (!request.cast.empty()) {
        taps.cast_.emplace(request.cast, std::ios::binary | std::ios::trunc);
        *taps.cast_ << taps.cast_writer_.begin(size, fmt::format("pagelab: {}", name)) << std::flush;
        if (!*taps.cast_) {
            return std::unexpected(fmt::format("can't write {}", request.cast));
        }
        taps.cast_file_ = request.cast;
    }
    return taps;
}

void Taps::happened(const model::Event& event) {
    if (recorder_) {
        recorder_->record(event);
    }
}

void Taps::shown(model::Time at, const view::Canvas& canvas) {
    if (cast_) {
        *cast_ << cast_writer_.show(at, canvas) << std::flush;
    }
}

std::string Taps::finish(model::Time at, const std::map<std::string, std::string>& parts) {
    std::string complaint;
    if (recorder_) {
        recorder_->attach(parts, at);
        complaint = recorder_->finish(at)
                        ? ""
                        : fmt::format("{} is not whole: it could not be written", record_file_);
        recorder_.reset();
    }
    if (cast_) {
        cast_->close();
        complaint =
            cast_->fail() ? fmt::format("{} is not whole: it could not be written", cast_file_) : complaint;
        cast_.reset();
    }
    return complaint;
}

} // namespace pagelab::console::recording
