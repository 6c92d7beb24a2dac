// Copy-on-write: how a shared leaf is marked, and what a write to one does.
// For the operations on spaces, protect, and the page-fault handler by way of the lab.
#pragma once

#include "kernel/memory/transaction.hpp"

namespace pagelab::memory {

/// The leaf of a page that two spaces share: read-only on both sides. AVL11 says that it is shared, AVL10
/// that it was writable.
constexpr std::uint32_t shared_leaf(std::uint32_t leaf) {
    const bool writable =
        (leaf & paging::bits::kWritable) != 0 || ((leaf & kSharedMark) != 0 && (leaf & kWritableMark) != 0);
    return (leaf & ~(paging::bits::kWritable | kWritableMark)) | kSharedMark | (writable ? kWritableMark : 0);
}
/// The same leaf once its page is the space's own again.
constexpr std::uint32_t unshared_leaf(std::uint32_t leaf) {
    if ((leaf & kSharedMark) == 0) {
        return leaf;
    }
    const std::uint32_t writable = (leaf & kWritableMark) != 0 ? paging::bits::kWritable : 0;
    return (leaf & ~(kSharedMark | kWritableMark)) | writable;
}

template <Hardware H>
class Sharing {
public:
    constexpr Sharing(H& hw, Scratch<H>& scratch, Spaces& spaces, Tables<H>& tables, Frames<H>& frames,
                      Transaction<H>& transaction)
        : hw_(hw), scratch_(scratch), spaces_(spaces), tables_(tables), frames_(frames),
          transaction_(transaction) {}

    /// A page fault in the space in work: if it was a write to a shared page that is writable else, the page
    /// becomes the space's own and the access may be tried again. False if the fault is another's business,
    /// or if there is no frame. The change belongs to the command that runs.
    [[nodiscard]] bool resolve(VirtAddr va, std::uint32_t code) {
        namespace fault_code = paging::fault_code;
        constexpr std::uint32_t kWrite = fault_code::kProtection | fault_code::kWrite;
        if ((code & (kWrite | fault_code::kReserved)) != kWrite || !spaces_.current().shares) {
            return false;
        }
        const Pde pde = tables_.pde(va.directory_index());
        const std::uint32_t needed = (code & fault_code::kUser) != 0 ? paging::bits::kUser : 0;
        switch (pde.kind(context(hw_))) {
        case paging::EntryKind::page:
            return is_shared(pde.raw(), needed) && own_large(va.directory_index(), pde);
        case paging::EntryKind::table: {
            const Pte pte = tables_.pte(va);
            return pde.writable() && (pde.raw() & needed) == needed && is_shared(pte.raw(), needed) &&
                   own_small(va.page_base(), pte);
        }
        default:
            return false;
        }
    }

private:
    static bool is_shared(std::uint32_t leaf, std::uint32_t needed) {
        constexpr std::uint32_t kMarks = kSharedMark | kWritableMark | paging::bits::kPresent;
        return (leaf & (kMarks | paging::bits::kWritable)) == kMarks && (leaf & needed) == needed;
    }

    /// All pages of the space that lead to the frame go together: they were one memory and stay it.
    [[nodiscard]] bool own_small(VirtAddr va, Pte pte) {
        const std::uint32_t start = transaction_.savepoint();
        const Frame frame = frame_of(pte.frame());
        Frame target = frame;
        std::uint32_t aliases = 1;
        if (frames_.record(frame).references() > 1) {
            aliases = 0;
            for_each_alias(frame, [&](VirtAddr, Pte) {
                aliases += 1;
                return true;
            });
        }
        if (frames_.record(frame).references() > aliases) {
            const auto copy = transaction_.take(FrameRecord{FrameRole::data, 0});
            if (!copy) {
                return false;
            }
            scratch_.copy(frame, *copy);
            target = *copy;
        }
        const auto own = [&](VirtAddr page, Pte leaf) {
            const std::uint32_t value = unshared_leaf(leaf.raw());
            return transaction_.write_pte(page, (value & ~paging::bits::kFrameMask) | target << 12);
        };
        return finish(start, aliases == 1 ? own(va, pte) : for_each_alias(frame, own));
    }

    /// The shared pages that lead to the frame; `visit` returns false to stop.
    template <class F>
    bool for_each_alias(Frame frame, F&& visit) {
        for (std::uint32_t pdi = 0; pdi < spaces_.current().user_slots(); ++pdi) {
            const Pde pde = tables_.pde(pdi);
            if (pde.kind(context(hw_)) != paging::EntryKind::table ||
                frames_.record(pde.table().frame()).role() != FrameRole::table) {
                continue;
            }
            for (std::uint32_t pti = 0; pti < paging::kEntryCount; ++pti) {
                const VirtAddr va = VirtAddr::from_indices(pdi, pti);
                const Pte pte = tables_.pte(va);
                const bool leads = pte.present() && frame_of(pte.frame()) == frame;
                if (leads && (pte.raw() & kSharedMark) != 0 && !visit(va, pte)) {
                    return false;
                }
            }
        }
        return true;
    }

    [[nodiscard]] bool own_large(std::uint32_t pdi, Pde pde) {
        const std::uint32_t start = transaction_.savepoint();
        const Frame first = frame_of(pde.large_frame(context(hw_)));
        std::uint32_t value = unshared_leaf(pde.raw());
        if (frames_.record(first).references() > 1) {
            const auto copy = transaction_.take_block(paging::kEntryCount, paging::kEntryCount,
                                                      FrameRecord{FrameRole::data, 0});
            if (!copy) {
                return finish(start, false);
            }
            for (std::uint32_t i = 0; i < paging::kEntryCount; ++i) {
                scratch_.copy(first + i, *copy + i);
            }
            value = (value & ~paging::bits::kLargeFrameMask) | *copy << 12;
        }
        return finish(start, transaction_.write_pde(pdi, value));
    }

    [[nodiscard]] bool finish(std::uint32_t start, bool done) {
        if (!done) {
            transaction_.take_back(start);
            transaction_.forget_since(start);
            return false;
        }
        transaction_.flush_since(start);
        return true;
    }

    H& hw_;
    Scratch<H>& scratch_;
    Spaces& spaces_;
    Tables<H>& tables_;
    Frames<H>& frames_;
    Transaction<H>& transaction_;
};

} // namespace pagelab::memory
