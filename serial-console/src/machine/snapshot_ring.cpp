#include "serial-console/src/machine/snapshot_ring.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pagelab::console::machine {

std::string SnapshotRing::tag_for(std::uint32_t commands) const {
    if (!moments_.empty() && moments_.back().commands == commands) {
        return moments_.back().tag;
    }
    for (std::size_t i = 0; i < kCapacity; ++i) {
        std::string tag = fmt::format("pagelab-{}", i);
        if (std::ranges::find(moments_, tag, &Moment::tag) == moments_.end()) {
            return tag;
        }
    }
    return moments_.front().tag;
}

void SnapshotRing::add(Moment moment) {
    std::erase_if(moments_, [&](const Moment& old) { return old.tag == moment.tag; });
    moments_.push_back(std::move(moment));
}

std::optional<Moment> SnapshotRing::newest() const {
    return moments_.empty() ? std::nullopt : std::optional{moments_.back()};
}

std::optional<Moment> SnapshotRing::before_last(std::uint32_t commands, std::uint32_t back) const {
    for (auto moment = moments_.rbegin(); moment != moments_.rend(); ++moment) {
        if (moment->commands <= commands && commands - moment->commands >= back) {
            return *moment;
        }
    }
    return std::nullopt;
}

void SnapshotRing::went_back_to(const Moment& moment) {
    const auto found = std::ranges::find(moments_, moment);
    if (found != moments_.end()) {
        moments_.erase(found + 1, moments_.end());
    }
}

} // namespace pagelab::console::machine
