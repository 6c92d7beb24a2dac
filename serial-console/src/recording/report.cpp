#include "serial-console/src/recording/report.hpp"

#include "serial-console/src/ask/verbs.hpp"
#include "serial-console/src/guest/serial_log.hpp"
#include "serial-console/src/guest/subjects.hpp"
#include "serial-console/src/model/utf8.hpp"
#include "serial-console/src/model/vt_screen.hpp"
#include "serial-console/src/recording/bytes.hpp"
#include "serial-console/src/recording/player.hpp"
#include "serial-console/src/recording/recorder.hpp"
#include "serial-console/src/recording/taps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace pagelab::console::recording {
namespace {

constexpr std::size_t kMostCommands = 50;
constexpr std::size_t kMostLog = std::size_t{1} << 20;

/// The first line that the kernel said: it has its version.
std::string first_line(std::string_view serial_log) {
    model::VtScreen screen;
    screen.feed(serial_log.substr(0, 2000));
    for (const std::u32string& line : screen.lines()) {
        if (!line.empty()) {
            return model::to_utf8(line);
        }
    }
    return {};
}

std::string read_file(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    return text.substr(text.size() - std::min(text.size(), kMostLog));
}

void put_part(std::string& to, std::string_view name, std::string_view content) {
    std::string payload;
    put_text(payload, name);
    payload += content;
    put_chunk(to, ChunkKind::part, model::Time{0}, payload);
}

} // namespace

std::vector<std::string> last_commands(std::string_view serial_log, std::size_t most) {
    constexpr std::u32string_view kPrompt = U"pagelab";
    model::VtScreen screen;
    screen.feed(serial_log);
    std::vector<std::string> commands;
    for (const std::u32string& line : screen.lines()) {
        const std::size_t end = line.find(U"> ");
        if (line.starts_with(kPrompt) && end != std::u32string::npos && end + 2 < line.size()) {
            commands.push_back(model::to_utf8(line.substr(end + 2)));
        }
    }
    if (commands.size() > most) {
        commands.erase(commands.begin(), commands.end() - static_cast<std::ptrdiff_t>(most));
    }
    return commands;
}

std::expected<std::string, std::string> compose_report(const machine::LiveRun& run) {
    const auto subject = guest::take_subject(run.path);
    if (!subject) {
        return std::unexpected(subject.error());
    }
    const std::string log = guest::read_serial_log(run.path / machine::run_file::kSerialLog);
    auto facts = session_facts(run.name());
    facts["kernel"] = first_line(read_file(run.path / machine::run_file::kSerialLog));
    facts["machine"] = fmt::format("{}, {} MiB of RAM", run.record.machine, run.record.memory >> 20);
    std::string bytes = head();
    put_chunk(bytes, ChunkKind::facts, model::Time{0}, facts_text(facts));
    EventWriter events;
    bytes += events.write({model::Time{0}, model::SerialReceived{log}});
    bytes += events.write({model::Time{0}, model::SnapshotTaken{subject->snapshot}});
    for (const auto& [name, content] : parts_of(*subject)) {
        put_part(bytes, name, content);
    }
    std::string commands;
    for (const std::string& command : last_commands(log, kMostCommands)) {
        commands += command + '\n';
    }
    put_part(bytes, "commands", commands);
    put_part(bytes, "check", ask::answer(*subject, "check").text);
    put_part(bytes, "qemu.log", read_file(run.path / machine::run_file::kQemuLog));
    put_chunk(bytes, ChunkKind::end, model::Time{0}, {});
    return bytes;
}

} // namespace pagelab::console::recording
