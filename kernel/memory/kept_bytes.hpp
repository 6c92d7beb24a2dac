// What a command is about to overwrite, kept in frames of the pool until it ends: bytes are in no journal,
// but an abandoned command leaves them as they were. For the lab. The list of what is kept lies in frames as
// well: 511 pairs of (frame, copy) behind a link.
#pragma once

#include "kernel/memory/frames.hpp"

namespace pagelab::memory {

template <Hardware H>
class KeptBytes {
public:
    constexpr KeptBytes(Scratch<H>& scratch, Frames<H>& frames) : scratch_(scratch), frames_(frames) {}

    /// Keeps what the frame holds now. False if the pool has no frame for it.
    [[nodiscard]] bool keep(Frame frame) {
        if (frames_.counts().free < 2) {
            return false;
        }
        if (list_ == 0 || used_ == kPairs) {
            const Frame list = frames_.take(kRole).value_or(0);
            scratch_.set_entry(list, 0, list_);
            list_ = list;
            used_ = 0;
        }
        const Frame copy = frames_.take(kRole).value_or(0);
        scratch_.copy(frame, copy);
        scratch_.set_entry(list_, 2 + 2 * used_, frame);
        scratch_.set_entry(list_, 3 + 2 * used_, copy);
        used_ += 1;
        return true;
    }

    /// Visits what is kept, the newest first: frame and copy.
    template <class F>
    void for_each(F&& visit) {
        std::uint32_t used = used_;
        for (Frame list = list_; list != 0; list = scratch_.entry(list, 0), used = kPairs) {
            while (used != 0) {
                used -= 1;
                visit(scratch_.entry(list, 2 + 2 * used), scratch_.entry(list, 3 + 2 * used));
            }
        }
    }

    /// The command has ended: what is kept is put back, if `restore`, and forgotten.
    void end(bool restore) {
        while (list_ != 0) {
            while (used_ != 0) {
                used_ -= 1;
                const Frame copy = scratch_.entry(list_, 3 + 2 * used_);
                if (restore) {
                    scratch_.copy(copy, scratch_.entry(list_, 2 + 2 * used_));
                }
                frames_.give(copy);
            }
            const Frame before = scratch_.entry(list_, 0);
            frames_.give(list_);
            list_ = before;
            used_ = before == 0 ? 0 : kPairs;
        }
    }

private:
    static constexpr std::uint32_t kPairs = paging::kEntryCount / 2 - 1;
    static constexpr FrameRecord kRole{FrameRole::kernel, 0};

    Scratch<H>& scratch_;
    Frames<H>& frames_;
    Frame list_ = 0; // the newest frame of the list
    std::uint32_t used_ = 0;
};

} // namespace pagelab::memory
