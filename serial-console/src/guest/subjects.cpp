#include "serial-console/src/guest/subjects.hpp"

#include "serial-console/src/guest/capture.hpp"
#include "serial-console/src/guest/lab_records.hpp"
#include "serial-console/src/guest/ram.hpp"
#include "serial-console/src/machine/run_directory.hpp"

#include <utility>

namespace pagelab::console::guest {
namespace {

constexpr machine::milliseconds kAnswerPatience{2000};

} // namespace

std::expected<ask::Subject, std::string> take_subject(const std::filesystem::path& directory) {
    const auto ram = Ram::open(directory / machine::run_file::kRam);
    if (!ram) {
        return std::unexpected(ram.error());
    }
    auto snapshot = capture_patiently(*ram);
    if (!snapshot) {
        return std::unexpected(reason_text(snapshot.error()));
    }
    ask::Subject subject{std::move(*snapshot), lab_ram(*ram), {}};
    subject.lab = read_lab_records(*ram, *subject.snapshot);
    return subject;
}

std::expected<ask::Subject, std::string> take_subject(const ForeignPlace& place) {
    auto guest = ForeignGuest::connect(place, machine::Deadline(kAnswerPatience));
    if (!guest) {
        return std::unexpected(guest.error());
    }
    auto snapshot = guest->look();
    if (!snapshot) {
        return std::unexpected(snapshot.error().text);
    }
    return ask::Subject{std::move(*snapshot), guest->memory().ranges(), {}};
}

} // namespace pagelab::console::guest
