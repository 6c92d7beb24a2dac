// What entries own: frames that a present entry leads to are taken and counted, tables are shielded in the
// direct map. For the transaction, which journals and orders; nothing here is journaled but claims.
#pragma once

#include "kernel/memory/flush.hpp"

namespace pagelab::memory {

template <Hardware H>
class Ownership {
public:
    constexpr Ownership(H& hw, Scratch<H>& scratch, Tables<H>& tables, Frames<H>& frames, Flusher<H>& flusher,
                        Journal& journal)
        : hw_(hw), scratch_(scratch), tables_(tables), frames_(frames), flusher_(flusher), journal_(journal) {
    }

    void initialise(const KernelFacts& facts) { facts_ = facts; }

    [[nodiscard]] bool is_table(Pde pde) { return pde.kind(context(hw_)) == paging::EntryKind::table; }

    /// Roles whose frames are freed with their last reference.
    [[nodiscard]] static bool is_counted(FrameRole role) {
        return role == FrameRole::data || role == FrameRole::table;
    }
    /// Whether nothing leads to a frame that goes with its last reference: it is to be given back.
    [[nodiscard]] bool is_unused(std::uint64_t frame) const {
        const FrameRecord record = frames_.record(frame);
        return is_counted(record.role()) && record.references() == 0 && !record.held() &&
               !frames_.is_of_boot(frame);
    }

    /// Takes what the new entry leads to, if it is free. False without a place in the journal or in the pool.
    [[nodiscard]] bool claim_for_pte(VirtAddr va, Pte pte) {
        const Frame holder = holder_of(va);
        if (!pte.present() || frames_.is_of_boot(holder)) {
            return true;
        }
        return is_directory(holder) ? claim_for_pde(Pde{pte.raw()})
                                    : claim(pte.frame().frame(), 1, FrameRole::data);
    }
    /// A free frame becomes no table by that: nobody knows what it holds.
    [[nodiscard]] bool claim_for_pde(Pde pde) {
        const paging::PagingContext now = context(hw_);
        switch (pde.kind(now)) {
        case paging::EntryKind::table:
            return claim(pde.table().frame(), 1, FrameRole::data);
        case paging::EntryKind::page:
            return claim(pde.large_frame(now).frame(), paging::kEntryCount, FrameRole::data);
        default:
            return true;
        }
    }

    /// Whether the entries of this frame are counted as PTEs: it was made a table by the kernel. A page of
    /// data that the user made a table by hand holds what it holds, and the tables of boot show every frame:
    /// if they counted, none would ever be free.
    [[nodiscard]] bool is_counting_table(std::uint64_t frame) const {
        return frames_.record(frame).role() == FrameRole::table && !frames_.is_of_boot(frame);
    }

    /// The entry's word was `old` and is `value`: counts.
    void pte_changed(VirtAddr va, Pte old, Pte value) { word_changed(holder_of(va), old.raw(), value.raw()); }
    /// The same of a word of this table or directory.
    void word_changed(Frame holder, std::uint32_t old, std::uint32_t value) {
        if (is_directory(holder)) {
            pde_changed(Pde{old}, Pde{value});
        } else if (is_counting_table(holder)) {
            refer(Pte{old}, -1);
            refer(Pte{value}, +1);
        }
    }
    void pde_changed(Pde old, Pde value) {
        refer(old, -1);
        refer(value, +1);
    }

    /// Takes those of the frames [first, first + count) that are free: what an entry leads to must not be
    /// handed out to somebody else. Their contents stay. Nothing happens beyond RAM.
    [[nodiscard]] bool claim(std::uint64_t first, std::uint32_t count, FrameRole role) {
        const FrameRecord as{role, 0};
        bool any = false;
        for (std::uint64_t frame = first; frame < first + count; ++frame) {
            if (frames_.record(frame).role() != FrameRole::free) {
                continue;
            }
            any = true;
            const auto address = static_cast<std::uint32_t>(frame << 12);
            if (!journal_.add({JournalKind::frame_take, 0, address, as.raw()}, hw_.ticks())) {
                return false;
            }
        }
        if (any && !frames_.claim(static_cast<Frame>(first), count, as)) {
            return false;
        }
        for (std::uint64_t frame = first; any && frame < first + count; ++frame) {
            shield(static_cast<Frame>(frame));
        }
        return true;
    }

    /// A frame got its role: a table becomes read-only in the direct map, so that a stray write of the kernel
    /// does not hit it. This follows the role and is not journaled, because the role is.
    void shield(Frame frame) {
        if (frames_.record(frame).holds_entries() && set_direct_map_writable(frame, false)) {
            frames_.mark_shielded(frame);
        }
    }
    /// Takes what an unjournaled word leads to, if it is free: who undoes an older command finds it gone.
    void hold(Pte pte) {
        const std::uint64_t frame = pte.frame().frame();
        if (pte.present() && frames_.record(frame).role() == FrameRole::free) {
            static_cast<void>(frames_.claim(static_cast<Frame>(frame), 1, FrameRecord{FrameRole::data, 0}));
        }
    }

    /// Tells a table's words from others; 0 if all are 0, or if the frame is no table (FNV-1a).
    [[nodiscard]] std::uint32_t entries_sum(Frame frame) {
        std::uint32_t sum = 0x811c9dc5;
        bool any = false;
        for (std::uint32_t pti = 0; is_counting_table(frame) && pti < paging::kEntryCount; ++pti) {
            const std::uint32_t word = scratch_.entry(frame, pti) & ~kAccessedDirty;
            any = any || word != 0;
            sum = (sum ^ word) * 0x01000193;
        }
        return any ? sum | 1 : 0;
    }
    /// Frees a frame that nothing leads to any more. What it led to as a table has a reference less: with the
    /// last one a page is free as well; a table then waits for who may want it.
    void drop(Frame frame) {
        for (std::uint32_t pti = 0; is_counting_table(frame) && pti < paging::kEntryCount; ++pti) {
            const Pte pte{scratch_.entry(frame, pti)};
            if (pte.present()) {
                drop_page(pte.frame().frame());
            }
        }
        release(frame);
    }
    /// A leaf less leads to the frame.
    void drop_page(std::uint64_t page) {
        frames_.refer(page, -1);
        if (is_unused(page) && frames_.record(page).role() == FrameRole::data) {
            release(static_cast<Frame>(page));
        }
    }
    /// The reverse of `drop`. `sum`: what entries_sum was then; if it is another one now, because somebody
    /// used the frame since, the table comes back empty.
    void take_table_again(Frame table, FrameRecord before, std::uint32_t sum) {
        if (!frames_.is_free(table)) {
            return;
        }
        take_again(table, before);
        if (entries_sum(table) == sum) {
            take_pages_again(table);
        } else {
            scratch_.zero(table);
        }
    }
    /// What the entries of a table that was free lead to is counted, and taken where it is free.
    void take_pages_again(Frame table) {
        // Downwards: the last one given lies on top.
        for (std::uint32_t pti = paging::kEntryCount; pti-- > 0;) {
            const Pte pte{scratch_.entry(table, pti)};
            if (pte.present()) {
                take_page(pte.frame().frame());
            }
        }
    }
    void take_page(std::uint64_t page) {
        if (page < frames_.mark() && frames_.is_free(static_cast<Frame>(page))) {
            take_again(static_cast<Frame>(page), FrameRecord{FrameRole::data, 0});
        }
        frames_.refer(page, +1);
    }
    /// It is to be table or directory no longer.
    void unshield(Frame frame) {
        if (frames_.record(frame).shielded()) {
            set_direct_map_writable(frame, true);
        }
    }
    /// Frees a frame; what it leads to is not asked.
    void release(Frame frame) {
        unshield(frame);
        frames_.give(frame);
    }
    /// Takes a freed frame again, as its record was before. Nothing happens if it is not free.
    void take_again(Frame frame, FrameRecord before) {
        if (frames_.take_again(frame, before) && before.shielded()) {
            set_direct_map_writable(frame, false);
        }
    }

private:
    static constexpr std::uint32_t kAccessedDirty = paging::bits::kAccessed | paging::bits::kDirty;

    /// The frame that the PTE of `va` stands in.
    [[nodiscard]] Frame holder_of(VirtAddr va) { return frame_of(tables_.pde(va.directory_index()).table()); }
    [[nodiscard]] bool is_directory(Frame frame) const {
        return frames_.record(frame).role() == FrameRole::directory;
    }

    void refer(Pte pte, std::int32_t delta) {
        if (pte.present()) {
            frames_.refer(pte.frame().frame(), delta);
        }
    }
    void refer(Pde pde, std::int32_t delta) {
        const paging::PagingContext now = context(hw_);
        if (pde.kind(now) == paging::EntryKind::table) {
            frames_.refer(pde.table().frame(), delta);
        } else if (pde.kind(now) == paging::EntryKind::page) {
            const std::uint64_t first = pde.large_frame(now).frame();
            for (std::uint32_t i = 0; i < paging::kEntryCount && first + i < frames_.mark(); ++i) {
                frames_.refer(first + i, delta);
            }
        }
    }

    /// Gives the frame's page in the direct map R/W or takes it away. False if it is so already, or if the
    /// user has put something else there.
    bool set_direct_map_writable(Frame frame, bool writable) {
        if (frame >= interface::layout::kDirectMapBytes / paging::kPageSize) {
            return false;
        }
        const VirtAddr va{interface::layout::kDirectMap.raw() + (frame << 12)};
        const Pte old{scratch_.entry(facts_.kernel_table, frame)};
        if (!old.present() || frame_of(old.frame()) != frame || old.writable() == writable) {
            return false;
        }
        scratch_.set_entry(facts_.kernel_table, frame, old.raw() ^ paging::bits::kWritable);
        flusher_.quietly_after_pte(va, old.raw());
        return true;
    }

    H& hw_;
    Scratch<H>& scratch_;
    Tables<H>& tables_;
    Frames<H>& frames_;
    Flusher<H>& flusher_;
    Journal& journal_;
    KernelFacts facts_{};
};

} // namespace pagelab::memory
