#include "serial-console/src/guest/foreign.hpp"

#include "serial-console/src/guest/monitor_memory.hpp"
#include "serial-console/src/guest/ram_file.hpp"
#include "serial-console/src/guest/tables.hpp"
#include "serial-console/src/machine/registers.hpp"

#include <fmt/format.h>

#include <utility>

namespace pagelab::console::guest {
namespace {

constexpr machine::milliseconds kPatience{1000};
/// Copies until two are equal: what tears is a guest in the middle of a change.
constexpr int kCopies = 3;

using machine::ControlState;
using machine::Deadline;
using machine::QmpClient;

std::expected<ControlState, NoPicture> ask_registers(QmpClient& monitor) {
    const auto text = monitor.human("info registers", Deadline(kPatience));
    if (!text) {
        return std::unexpected(NoPicture{text.error(), true});
    }
    const auto control = machine::parse_control(*text);
    if (!control) {
        return std::unexpected(NoPicture{"QEMU tells no control registers: is this an x86 machine?"});
    }
    return *control;
}

/// The tables' context, or why they are none of ours.
std::expected<paging::PagingContext, NoPicture> context_of(const ControlState& control) {
    constexpr std::uint64_t kLongMode = std::uint64_t{1} << 10; // EFER.LMA
    paging::PagingContext context;
    context.control = {control.cr0, static_cast<std::uint32_t>(control.cr3), control.cr4};
    if (!context.control.paging()) {
        return std::unexpected(NoPicture{"the guest has paging off (CR0.PG = 0): there are no tables yet"});
    }
    if ((control.efer & kLongMode) != 0) {
        return std::unexpected(NoPicture{
            "the guest is in long mode; the console shows 32-bit paging, the GDB plugin all modes"});
    }
    if ((control.cr4 & paging::cr4::kPae) != 0) {
        return std::unexpected(NoPicture{
            "the guest uses PAE (CR4.PAE = 1); the console shows 32-bit paging, the GDB plugin all modes"});
    }
    return context;
}

/// A file that is not the guest's, or not shared with it, holds another directory than the guest has.
/// The guest may change it meanwhile, so it is asked a few times.
bool same_memory(QmpClient& monitor, const Memory& file, const std::vector<RamPiece>& pieces) {
    const MonitorMemory truth(monitor, pieces);
    const auto control = ask_registers(monitor);
    const bool paging = control && (control->cr0 & paging::cr0::kPaging) != 0;
    // Without a directory yet the first MiB must do: the firmware's data stands there.
    const paging::PhysAddr frame{paging ? control->cr3 & ~std::uint64_t{paging::kPageSize - 1} : 0};
    for (int attempt = 0; attempt < kCopies; ++attempt) {
        model::TableWords theirs;
        model::TableWords ours;
        if (!truth.copy_frame(frame, theirs) || !file.copy_frame(frame, ours)) {
            return true; // a CR3 beyond RAM tells nothing
        }
        if (theirs == ours) {
            return true;
        }
    }
    return false;
}

} // namespace

std::expected<ForeignGuest, std::string> ForeignGuest::connect(const ForeignPlace& place,
                                                               const Deadline& deadline) {
    auto connected = QmpClient::connect(place.monitor, deadline);
    if (!connected) {
        return std::unexpected(connected.error());
    }
    auto monitor = std::make_unique<QmpClient>(std::move(*connected));
    const auto tree = monitor->human("info mtree -f", deadline);
    if (!tree) {
        return std::unexpected(tree.error());
    }
    std::vector<RamPiece> pieces = parse_memory_map(*tree);
    if (pieces.empty()) {
        return std::unexpected(fmt::format("{}: QEMU does not say where RAM is", place.monitor.string()));
    }
    if (place.ram.empty()) {
        auto memory = std::make_unique<MonitorMemory>(*monitor, std::move(pieces));
        return ForeignGuest{std::move(monitor), std::move(memory), true};
    }
    auto file = RamFile::open(place.ram, pieces);
    if (!file) {
        return std::unexpected(file.error());
    }
    if (!same_memory(*monitor, *file, pieces)) {
        return std::unexpected(fmt::format("{} does not hold what the guest has: is it the mem-path of this "
                                           "QEMU, with share=on?",
                                           place.ram.string()));
    }
    return ForeignGuest{std::move(monitor), std::make_unique<RamFile>(std::move(*file)), false};
}

std::expected<std::shared_ptr<const model::Snapshot>, NoPicture> ForeignGuest::look() {
    const auto control = ask_registers(*monitor_);
    if (!control) {
        return std::unexpected(control.error());
    }
    const auto context = context_of(*control);
    if (!context) {
        return std::unexpected(context.error());
    }
    std::shared_ptr<model::Snapshot> last;
    // The monitor is too slow to read everything twice.
    for (int copy = 0; copy < (slow_ ? 1 : kCopies); ++copy) {
        auto snapshot = std::make_shared<model::Snapshot>();
        snapshot->lab.pagelab = false;
        snapshot->lab.context = *context;
        copy_tables(*memory_, *snapshot);
        const bool same = last && same_tables(*last, *snapshot);
        last = std::move(snapshot);
        if (same) {
            break;
        }
    }
    if (monitor_->closed()) {
        return std::unexpected(NoPicture{"the guest is gone", true});
    }
    model::summarise(*last);
    return last;
}

} // namespace pagelab::console::guest
