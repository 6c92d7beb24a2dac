// A guest in a QEMU that somebody else started, with no pagelab inside: registers by its monitor, RAM by a
// shared file or, slower, by the monitor too. Asks and reads only: never stops, writes or resets anything.
#pragma once

#include "serial-console/src/guest/memory.hpp"
#include "serial-console/src/machine/qmp_client.hpp"
#include "serial-console/src/model/snapshot.hpp"

#include <expected>
#include <filesystem>
#include <memory>
#include <string>

namespace pagelab::console::guest {

/// Where such a guest is to be found.
struct ForeignPlace {
    std::filesystem::path monitor; ///< the socket of its QMP
    std::filesystem::path ram;     ///< its shared RAM; empty: read by the monitor
};

/// Why there is no picture.
struct NoPicture {
    std::string text;  ///< a sentence
    bool gone = false; ///< the monitor does not answer any more: connect again
};

class ForeignGuest {
public:
    /// Connects, asks where RAM is and compares the file with what the guest has. The error is a sentence.
    [[nodiscard]] static std::expected<ForeignGuest, std::string> connect(const ForeignPlace& place,
                                                                          const machine::Deadline& deadline);

    /// The tables that CR3 leads to now, copied until two copies are equal (three at most; one by the
    /// monitor).
    [[nodiscard]] std::expected<std::shared_ptr<const model::Snapshot>, NoPicture> look();

    [[nodiscard]] const Memory& memory() const { return *memory_; }
    /// Frames cost so much that one should look less often.
    [[nodiscard]] bool slow() const { return slow_; }
    [[nodiscard]] machine::QmpClient& monitor() { return *monitor_; }

private:
    ForeignGuest(std::unique_ptr<machine::QmpClient> monitor, std::unique_ptr<Memory> memory, bool slow)
        : monitor_(std::move(monitor)), memory_(std::move(memory)), slow_(slow) {}

    std::unique_ptr<machine::QmpClient> monitor_; // behind a pointer: memory_ refers to it
    std::unique_ptr<Memory> memory_;
    bool slow_ = false;
};

} // namespace pagelab::console::guest
