#include "serial-console/src/commands/commands.hpp"

#include "serial-console/src/commands/subjects.hpp"
#include "serial-console/src/machine/standard_streams.hpp"
#include "serial-console/src/recording/player.hpp"
#include "serial-console/src/recording/report.hpp"

#include <fmt/format.h>

namespace pagelab::console::commands {

int report(const machine::ReportRequest& request, const machine::LiveRun& run) {
    auto bytes = recording::compose_report(run);
    const auto parsed = bytes ? recording::Recording::parse(*bytes) : std::unexpected(bytes.error());
    if (!parsed) {
        machine::complain(parsed.error());
        return machine::kExitCommandFailed;
    }
    const bool written = machine::print(fmt::format("{} will hold:\n{}", request.file, parsed->contents()));
    if (!request.yes && (!written || !machine::agree("Write it?"))) {
        machine::say("nothing was written; --yes writes without asking");
        return machine::kExitUsage;
    }
    return write_or_complain(request.file, bytes);
}

} // namespace pagelab::console::commands
