// Which slots changed a short while ago, and how bright each still glows. Pure: time comes with the events.
#pragma once

#include "kernel/paging/address.hpp"

#include <array>
#include <bitset>
#include <chrono>
#include <cstdint>
#include <optional>

namespace pagelab::console::model {

/// Time since some fixed moment, as the events say it.
using Time = std::chrono::milliseconds;

/// How long a change glows, and in how many steps it fades.
inline constexpr Time kGlowTime{3000};
inline constexpr int kGlowLevels = 6;

/// 0: nothing left, kGlowLevels: just changed.
[[nodiscard]] constexpr int glow_level(std::optional<Time> changed, Time now) {
    if (!changed || now < *changed || now - *changed >= kGlowTime) {
        return 0;
    }
    const auto left = kGlowTime - (now - *changed);
    return static_cast<int>((left.count() * kGlowLevels + kGlowTime.count() - 1) / kGlowTime.count());
}

class ChangeMarks {
public:
    void mark(const std::bitset<paging::kEntryCount>& slots, Time now) {
        for (std::size_t i = 0; i < slots.size(); ++i) {
            if (slots[i]) {
                changed_[i] = now;
                latest_ = now;
            }
        }
    }
    [[nodiscard]] int level(std::uint32_t slot, Time now) const { return glow_level(changed_[slot], now); }
    /// Whether anything still fades: the screen changes with time alone.
    [[nodiscard]] bool glowing(Time now) const { return glow_level(latest_, now) > 0; }

private:
    std::array<std::optional<Time>, paging::kEntryCount> changed_{};
    std::optional<Time> latest_;
};

} // namespace pagelab::console::model
