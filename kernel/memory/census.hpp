// Every reference that counts: the entries of all directories, of spaces or not, and of the tables that the
// kernel made. For the recount and for the end of a space. Reads by physical addresses; slow, and right
// whatever is loaded. Changes nothing.
#pragma once

#include "kernel/memory/ownership.hpp"

namespace pagelab::memory {

template <Hardware H>
class Census {
public:
    /// In a record's count while nobody knows yet whether it is a reference's due. Above all real counts.
    static constexpr std::uint32_t kInDoubt = 1u << 26;

    constexpr Census(H& hw, Scratch<H>& scratch, Frames<H>& frames, Ownership<H>& owned, Breath<H>& breath)
        : hw_(hw), scratch_(scratch), frames_(frames), owned_(owned), breath_(breath) {}

    /// Calls `visit` with the number of each frame that an entry leads to, once for each entry.
    template <class F>
    void for_each_reference(F&& visit) {
        for (Frame frame = Frames<H>::kFirstUsable; frame < frames_.mark(); ++frame) {
            if (frames_.record(frame).role() == FrameRole::directory) {
                visit_directory(frame, visit);
            } else if (owned_.is_counting_table(frame)) {
                visit_table(frame, visit);
            }
        }
    }

private:
    template <class F>
    void visit_directory(Frame directory, F&& visit) {
        const paging::PagingContext now = context(hw_);
        for (std::uint32_t pdi = 0; pdi < paging::kEntryCount; ++pdi) {
            const Pde pde{scratch_.entry(directory, pdi)};
            if (pde.kind(now) == paging::EntryKind::table) {
                visit(pde.table().frame());
            } else if (pde.kind(now) == paging::EntryKind::page) {
                const std::uint64_t first = pde.large_frame(now).frame();
                for (std::uint32_t i = 0; i < paging::kEntryCount && first + i < frames_.mark(); ++i) {
                    visit(first + i);
                }
            }
        }
        static_cast<void>(breath_.take());
    }
    template <class F>
    void visit_table(Frame table, F&& visit) {
        for (std::uint32_t pti = 0; pti < paging::kEntryCount; ++pti) {
            const Pte pte{scratch_.entry(table, pti)};
            if (pte.present()) {
                visit(pte.frame().frame());
            }
        }
        static_cast<void>(breath_.take());
    }

    H& hw_;
    Scratch<H>& scratch_;
    Frames<H>& frames_;
    Ownership<H>& owned_;
    Breath<H>& breath_;
};

} // namespace pagelab::memory
