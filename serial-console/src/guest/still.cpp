#include "serial-console/src/guest/still.hpp"

#include "serial-console/src/guest/capture.hpp"
#include "serial-console/src/guest/ram.hpp"
#include "serial-console/src/guest/serial_log.hpp"
#include "serial-console/src/machine/deadline.hpp"
#include "serial-console/src/machine/run_directory.hpp"
#include "serial-console/src/model/update.hpp"

namespace pagelab::console::guest {
namespace {

/// A change of tables takes microseconds; a guest that stands in one is held by a debugger.
constexpr machine::milliseconds kPatience{200};

} // namespace

std::expected<model::State, std::string> take_still(const std::filesystem::path& directory,
                                                    model::Size size) {
    const auto ram = Ram::open(directory / machine::run_file::kRam);
    if (!ram) {
        return std::unexpected(ram.error());
    }
    const machine::Deadline deadline{kPatience};
    auto snapshot = capture(*ram, MidChange::refuse);
    while (!snapshot && snapshot.error() == NoSnapshot::mid_change) {
        snapshot = capture(*ram, deadline.passed() ? MidChange::accept : MidChange::refuse);
    }
    model::State state;
    state.name = directory.filename().string();
    state.size = size;
    const auto tell = [&](auto what) {
        static_cast<void>(model::update(state, {model::Time{0}, std::move(what)}));
    };
    tell(model::SerialReceived{read_serial_log(directory / machine::run_file::kSerialLog)});
    if (snapshot) {
        tell(model::SnapshotTaken{std::move(*snapshot)});
    } else {
        tell(model::SnapshotMissing{reason_text(snapshot.error())});
    }
    return state;
}

} // namespace pagelab::console::guest
