// The frames' records, checked by their sum, and made anew where somebody else wrote them: from the spaces
// there are and from what their tables lead to. For the audit. What nothing leads to is free then; a frame of
// `alloc` stays one where its record can still be believed.
#pragma once

#include "kernel/memory/recount.hpp"

namespace pagelab::memory {

template <Hardware H>
class RecordAudit {
public:
    constexpr RecordAudit(H& hw, Scratch<H>& scratch, Spaces& spaces, Frames<H>& frames,
                          SpaceKeeper<H>& keeper, Recount<H>& recount)
        : hw_(hw), scratch_(scratch), spaces_(spaces), frames_(frames), keeper_(keeper), recount_(recount) {}

    void initialise(const KernelFacts& facts) { facts_ = facts; }

    void run(interface::Repairs& repairs) {
        const std::uint32_t found = frames_.sum_of_records();
        if (found == frames_.written_sum()) {
            return;
        }
        repairs.add({interface::RepairKind::frame_record, 0, found, frames_.written_sum()});
        make_anew();
    }

private:
    /// More entries than that lead to no frame.
    static constexpr std::uint32_t kMostReferences = 1u << 20;

    void make_anew() {
        frames_.rewrite([this](Frame frame, FrameRecord old) { return what_is_certain(frame, old); });
        frames_.for_each_record_page(
            [this](std::uint32_t, std::uint32_t entry) { give_role(entry >> 12, FrameRole::kernel); });
        keeper_.for_each_own_frame([this](Frame frame) { give_role(frame, FrameRole::kernel); });
        for_each_directory([this](Frame directory) {
            frames_.rewrite(directory,
                            shielded_if_read_only(directory, FrameRecord{FrameRole::directory, 1}));
        });
        for_each_directory([this](Frame directory) { find_tables(directory); });
        for (Frame table = Frames<H>::kFirstUsable; table < frames_.mark(); ++table) {
            if (frames_.record(table).role() == FrameRole::table && !frames_.is_of_boot(table)) {
                find_pages(table);
            }
        }
        frames_.adopt(frames_.map(), facts_);
        static_cast<void>(recount_.run());
    }

    /// What boot gave away, and what `alloc` did. All else is nobody's until something is found to lead
    /// there.
    [[nodiscard]] FrameRecord what_is_certain(Frame frame, FrameRecord old) const {
        if (frames_.is_of_boot(frame)) {
            return {FrameRole::table, 1};
        }
        if (frame >= facts_.image_first && frame < facts_.image_end) {
            return {FrameRole::kernel, 0};
        }
        return old.held() && old.references() <= kMostReferences && frames_.map().is_ram(frame)
                   ? FrameRecord{FrameRole::data, FrameRecord::kHeld}
                   : FrameRecord{};
    }

    template <class F>
    void for_each_directory(F&& visit) {
        for (std::uint32_t number = 0; number < machine::kMaxSpaces; ++number) {
            if (spaces_.exists(number)) {
                visit(spaces_[number].directory);
            }
        }
    }

    void find_tables(Frame directory) {
        const paging::PagingContext now = context(hw_);
        for (std::uint32_t pdi = 0; pdi < interface::layout::kFirstKernelSlot; ++pdi) {
            const Pde pde{scratch_.entry(directory, pdi)};
            if (pde.kind(now) == paging::EntryKind::table) {
                give_role(pde.table().frame(), FrameRole::table);
            }
        }
        for (std::uint32_t pdi = 0; pdi < interface::layout::kFirstKernelSlot; ++pdi) {
            const Pde pde{scratch_.entry(directory, pdi)};
            const std::uint64_t first = pde.large_frame(now).frame();
            for (std::uint32_t i = 0; pde.kind(now) == paging::EntryKind::page && i < paging::kEntryCount;
                 ++i) {
                give_role(first + i, FrameRole::data);
            }
        }
    }
    void find_pages(Frame table) {
        for (std::uint32_t pti = 0; pti < paging::kEntryCount; ++pti) {
            if (const Pte pte{scratch_.entry(table, pti)}; pte.present()) {
                give_role(pte.frame().frame(), FrameRole::data);
            }
        }
    }

    /// If it is RAM, and nobody's.
    void give_role(std::uint64_t number, FrameRole role) {
        if (number < Frames<H>::kFirstUsable || number >= frames_.mark() || !frames_.map().is_ram(number) ||
            frames_.record(number).raw() != 0) {
            return;
        }
        const auto frame = static_cast<Frame>(number);
        frames_.rewrite(frame, shielded_if_read_only(frame, FrameRecord{role, 0}));
    }

    /// A table that the direct map shows read-only was made so when it became one.
    [[nodiscard]] FrameRecord shielded_if_read_only(Frame frame, FrameRecord record) {
        if (!record.holds_entries() || frame >= paging::kEntryCount || frame < facts_.image_end) {
            return record;
        }
        const Pte shown{scratch_.entry(facts_.kernel_table, frame)};
        const bool shielded = shown.present() && !shown.writable() && frame_of(shown.frame()) == frame;
        return shielded ? FrameRecord{record.raw() | FrameRecord::kShielded} : record;
    }

    H& hw_;
    Scratch<H>& scratch_;
    Spaces& spaces_;
    Frames<H>& frames_;
    SpaceKeeper<H>& keeper_;
    Recount<H>& recount_;
    KernelFacts facts_{};
};

} // namespace pagelab::memory
