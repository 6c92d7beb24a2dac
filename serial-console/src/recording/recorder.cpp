#include "serial-console/src/recording/recorder.hpp"

#include "serial-console/src/recording/bytes.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace pagelab::console::recording {

std::string facts_text(const std::map<std::string, std::string>& facts) {
    std::string text;
    for (const auto& [name, value] : facts) {
        text += fmt::format("{}={}\n", name, value);
    }
    return text;
}

std::expected<Recorder, std::string> Recorder::create(const std::filesystem::path& file,
                                                      const std::map<std::string, std::string>& facts) {
    std::ofstream stream(file, std::ios::binary | std::ios::trunc);
    std::string bytes = head();
    put_chunk(bytes, ChunkKind::facts, model::Time{0}, facts_text(facts));
    stream << bytes << std::flush;
    if (!stream) {
        return std::unexpected(fmt::format("can't write {}: {}", file.string(), std::strerror(errno)));
    }
    return Recorder{std::move(stream)};
}

void Recorder::record(const model::Event& event) {
    const std::string bytes = writer_.write(event);
    if (!bytes.empty()) {
        file_ << bytes << std::flush;
    }
}

void Recorder::attach(const std::map<std::string, std::string>& parts, model::Time at) {
    for (const auto& [name, content] : parts) {
        std::string payload;
        put_text(payload, name);
        payload += content;
        std::string bytes;
        put_chunk(bytes, ChunkKind::part, at, payload);
        file_ << bytes;
    }
}

bool Recorder::finish(model::Time at) {
    std::string bytes;
    put_chunk(bytes, ChunkKind::end, at, {});
    file_ << bytes;
    file_.close();
    return !file_.fail();
}

} // namespace pagelab::console::recording
