// What the kernel records of each frame of physical memory, copied. Pure.
#pragma once

#include "kernel/interface/frame_record.hpp"
#include "kernel/paging/address.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pagelab::console::model {

struct FrameMap {
    /// By frame number; what is behind them was never used: free where there is RAM.
    std::vector<interface::FrameRecord> records;
    /// Frames below the end of RAM.
    std::uint64_t frames = 0;

    [[nodiscard]] interface::FrameRole role(std::uint64_t frame) const {
        return frame < records.size() ? records[frame].role() : interface::FrameRole::free;
    }
    [[nodiscard]] std::uint32_t references(std::uint64_t frame) const {
        return frame < records.size() ? records[frame].references() : 0;
    }
    /// Frames of each role.
    [[nodiscard]] std::array<std::uint64_t, interface::kFrameRoleNames.size()> counts() const {
        std::array<std::uint64_t, interface::kFrameRoleNames.size()> result{};
        for (const interface::FrameRecord& record : records) {
            ++result[static_cast<std::size_t>(record.role())];
        }
        if (frames > records.size()) {
            result[static_cast<std::size_t>(interface::FrameRole::free)] += frames - records.size();
        }
        return result;
    }
    bool operator==(const FrameMap&) const = default;
};

} // namespace pagelab::console::model
