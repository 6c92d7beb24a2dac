// Which frame the CPU reaches at an address. The tables say where it should be; where a flush was left out
// the TLB may say another. For stores, which ask the guard about the frame that they will really hit.
#pragma once

#include "kernel/memory/frames.hpp"

#include <optional>

namespace pagelab::memory {

template <Hardware H>
class Reached {
public:
    constexpr Reached(H& hw, Scratch<H>& scratch, Frames<H>& frames)
        : hw_(hw), scratch_(scratch), frames_(frames) {}

    /// What was found may be another page by now: a flush may have come between.
    void forget() { page_ = kNone; }

    /// `named`: where the tables lead from `va`. Nothing if there is no page at all, or one that only the TLB
    /// knows and that is the user's. May fault.
    [[nodiscard]] std::optional<PhysAddr> at(VirtAddr va, std::optional<PhysAddr> named) {
        if (named && (!frames_.map().is_ram(named->frame()) || is_known(va, *named))) {
            return named;
        }
        if (named ? shows(va, frame_of(*named)) : hw_.access({}, va, 0, va, Unit::byte).touch.faulted) {
            if (named) {
                page_ = va.page_base().raw();
                frame_ = frame_of(*named);
            }
            return named;
        }
        for (Frame frame = Frames<H>::kFirstUsable; frame < frames_.mark(); ++frame) {
            if (!frames_.is_plain(frame) && shows(va, frame)) {
                return frame_address(frame).plus(va.page_offset());
            }
        }
        return named;
    }

private:
    static constexpr std::uint32_t kNone = 1; // no page begins there

    [[nodiscard]] bool is_known(VirtAddr va, PhysAddr named) const {
        return page_ == va.page_base().raw() && frame_ == frame_of(named);
    }

    /// Whether the page at `va` reads as the frame does. A word that changes by itself may differ once.
    [[nodiscard]] bool shows(VirtAddr va, Frame frame) {
        const PhysAddr there = frame_address(frame);
        for (std::uint32_t offset = 0; offset < paging::kPageSize; offset += 4) {
            const VirtAddr here{va.page_base().raw() + offset};
            const auto differs = [&] {
                return hw_.load(here, Unit::word) != scratch_.load(there.plus(offset), Unit::word);
            };
            if (differs() && differs()) {
                return false;
            }
        }
        return true;
    }

    H& hw_;
    Scratch<H>& scratch_;
    Frames<H>& frames_;
    /// The page that was found where the tables lead, and to which frame.
    std::uint32_t page_ = kNone;
    Frame frame_ = 0;
};

} // namespace pagelab::memory
