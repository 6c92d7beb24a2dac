#include "serial-console/src/guest/still.hpp"

#include "serial-console/src/guest/capture.hpp"
#include "serial-console/src/guest/ram.hpp"
#include "serial-console/src/guest/serial_log.hpp"
#include "serial-console/src/machine/run_directory.hpp"
#include "serial-console/src/model/update.hpp"

namespace pagelab::console::guest {
std::expected<model::State, std::string> take_still(const std::filesystem::path& directory,
                                                    model::Size size) {
    const auto ram = Ram::open(directory / machine::run_file::kRam);
    if (!ram) {
        return std::unexpected(ram.error());
    }
    auto snapshot = capture_patiently(*ram);
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
