#include "serial-console/src/commands/commands.hpp"

#include "kernel/interface/tokenizer.hpp"
#include "serial-console/src/ask/verbs.hpp"
#include "serial-console/src/commands/subjects.hpp"
#include "serial-console/src/guest/subjects.hpp"
#include "serial-console/src/machine/standard_streams.hpp"

#include <string_view>
#include <variant>

namespace pagelab::console::commands {
namespace {

std::expected<ask::Subject, std::string> subject_of(const machine::AskRequest& request,
                                                    const std::filesystem::path& directory) {
    if (const auto* const foreign = std::get_if<machine::ForeignRequest>(&request.whom)) {
        return guest::take_subject({foreign->monitor, foreign->ram});
    }
    const auto* const file = std::get_if<machine::RecordingFile>(&request.whom);
    return file != nullptr ? recorded(file->file) : guest::take_subject(directory);
}

} // namespace

int ask_outside(const machine::AskRequest& request, const std::filesystem::path& directory) {
    const auto subject = subject_of(request, directory);
    if (!subject) {
        machine::complain(subject.error());
        return machine::kExitCommandFailed;
    }
    int status = machine::kExitOk;
    std::string_view rest = request.commands;
    while (const auto command = pagelab::interface::next_command(rest)) {
        const ask::Answer answer = ask::answer(*subject, *command);
        if (!machine::print(answer.text) || answer.status != pagelab::interface::Status::ok) {
            status = machine::kExitCommandFailed;
        }
    }
    return status;
}

} // namespace pagelab::console::commands
