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
        return !pte.present() || in_direct_map(va) || claim(pte.frame().frame(), 1, FrameRole::data);
    }
    [[nodiscard]] bool claim_for_pde(Pde pde) {
        const paging::PagingContext now = context(hw_);
        switch (pde.kind(now)) {
        case paging::EntryKind::table:
            return claim(pde.table().frame(), 1, FrameRole::table);
        case paging::EntryKind::page:
            return claim(pde.large_frame(now).frame(), paging::kEntryCount, FrameRole::data);
        default:
            return true;
        }
    }

    /// The entry's word was `old` and is `value`: counts.
    void pte_changed(VirtAddr va, Pte old, Pte value) {
        if (!in_direct_map(va)) {
            refer(old, -1);
            refer(value, +1);
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
    /// Frees a frame whose record was `before`.
    void release(Frame frame, FrameRecord before) {
        frames_.give(frame);
        if (before.shielded()) {
            set_direct_map_writable(frame, true);
        }
    }
    /// Takes a freed frame again, as its record was before. Nothing happens if it is not free.
    void take_again(Frame frame, FrameRecord before) {
        if (frames_.take_again(frame, before) && before.shielded()) {
            set_direct_map_writable(frame, false);
        }
    }

private:
    /// Whether the PTE of `va` stands in the kernel's table, under whichever name. The direct map shows every
    /// frame, so it owns none: else no frame would ever be free.
    [[nodiscard]] bool in_direct_map(VirtAddr va) {
        return frame_of(tables_.pde(va.directory_index()).table()) == facts_.kernel_table;
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
