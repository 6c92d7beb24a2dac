// Counts the references of all frames anew from the entries of all spaces, and frees what nothing leads to.
// For the lab, where records and tables may contradict each other: after a repair of an entry behind the
// journal's back, and after a restart.
#pragma once

#include "kernel/memory/space_keeper.hpp"

namespace pagelab::memory {

template <Hardware H>
class Recount {
public:
    constexpr Recount(H& hw, Scratch<H>& scratch, Spaces& spaces, Frames<H>& frames, Ownership<H>& owned,
                      SpaceKeeper<H>& keeper)
        : hw_(hw), scratch_(scratch), spaces_(spaces), frames_(frames), owned_(owned), keeper_(keeper) {}

    void initialise(const KernelFacts& facts) { facts_ = facts; }

    void run() {
        const Frame end = frames_.mark();
        for (Frame frame = 0; frame < end; ++frame) {
            if (is_counted(frame)) {
                frames_.forget_references(frame);
            }
        }
        for (std::uint32_t number = 0; number < machine::kMaxSpaces; ++number) {
            if (spaces_.exists(number)) {
                count_directory(spaces_[number].directory);
            }
        }
        for (Frame frame = 0; frame < end; ++frame) {
            if (is_counted(frame) && frames_.record(frame).role() == FrameRole::table) {
                count_table(frame);
            }
        }
        for (Frame frame = 0; frame < end; ++frame) {
            const FrameRecord record = frames_.record(frame);
            if (is_counted(frame) && record.references() == 0 && !record.held()) {
                owned_.release(frame, record);
            }
        }
    }

    /// Frees the kernel's own frames that neither the image nor the records nor a space needs: what a command
    /// had taken for its time.
    void free_forgotten() {
        for (Frame frame = facts_.image_end; frame < frames_.mark(); ++frame) {
            if (frames_.record(frame).role() == FrameRole::kernel && !frames_.is_record_page(frame) &&
                !keeper_.is_own(frame)) {
                frames_.give(frame);
            }
        }
    }

private:
    /// The tables of boot are every directory's.
    [[nodiscard]] bool is_counted(Frame frame) const {
        return Ownership<H>::is_counted(frames_.record(frame).role()) && frame != facts_.kernel_table &&
               frame != facts_.record_table && frame != facts_.scratch_table;
    }
    void refer(std::uint64_t frame) {
        if (frame < frames_.mark() && is_counted(static_cast<Frame>(frame))) {
            frames_.refer(frame, +1);
        }
    }

    void count_directory(Frame directory) {
        const paging::PagingContext now = context(hw_);
        for (std::uint32_t pdi = 0; pdi < paging::kEntryCount; ++pdi) {
            const Pde pde{scratch_.entry(directory, pdi)};
            if (pde.kind(now) == paging::EntryKind::table) {
                refer(pde.table().frame());
            } else if (pde.kind(now) == paging::EntryKind::page) {
                for (std::uint32_t i = 0; i < paging::kEntryCount; ++i) {
                    refer(pde.large_frame(now).frame() + i);
                }
            }
        }
    }
    void count_table(Frame table) {
        for (std::uint32_t pti = 0; pti < paging::kEntryCount; ++pti) {
            const Pte pte{scratch_.entry(table, pti)};
            if (pte.present()) {
                refer(pte.frame().frame());
            }
        }
    }

    H& hw_;
    Scratch<H>& scratch_;
    Spaces& spaces_;
    Frames<H>& frames_;
    Ownership<H>& owned_;
    SpaceKeeper<H>& keeper_;
    KernelFacts facts_{};
};

} // namespace pagelab::memory
