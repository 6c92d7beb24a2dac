// The RAM of a guest without a shared file: QEMU's monitor prints it. Half a millisecond for a frame, so
// whoever uses this looks less often. Only RAM is read: reading a device could have an effect.
#pragma once

#include "serial-console/src/guest/memory.hpp"
#include "serial-console/src/guest/memory_map.hpp"
#include "serial-console/src/machine/qmp_client.hpp"

#include <optional>
#include <string_view>

namespace pagelab::console::guest {

/// The words that `xp /1024xw` prints; nothing unless there are exactly 1,024. Pure.
[[nodiscard]] std::optional<model::TableWords> parse_words(std::string_view text);

class MonitorMemory final : public Memory {
public:
    /// `monitor` must outlive this.
    MonitorMemory(machine::QmpClient& monitor, std::vector<RamPiece> pieces)
        : monitor_(&monitor), pieces_(std::move(pieces)) {}

    [[nodiscard]] bool copy_frame(paging::PhysAddr frame, model::TableWords& into) const override;
    [[nodiscard]] std::vector<paging::PhysRange> ranges() const override;

private:
    machine::QmpClient* monitor_;
    std::vector<RamPiece> pieces_;
};

} // namespace pagelab::console::guest
