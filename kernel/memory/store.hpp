// Loads and stores of the user's, virtual and physical. For the lab.
// A store into a page table is a change of an entry: it is journaled, so that it can be undone, and its flush
// is left to the user. A store into what the kernel lives on is refused.
#pragma once

#include "kernel/memory/guard.hpp"
#include "kernel/memory/reached.hpp"
#include "kernel/memory/transaction.hpp"
#include "kernel/paging/walk.hpp"

#include <expected>

namespace pagelab::memory {

template <Hardware H>
class Store {
public:
    using Done = std::expected<void, OperationError>;

    constexpr Store(H& hw, Scratch<H>& scratch, Spaces& spaces, Tables<H>& tables, Frames<H>& frames,
                    Transaction<H>& transaction, Guard<H>& guard)
        : hw_(hw), scratch_(scratch), spaces_(spaces), tables_(tables), frames_(frames),
          transaction_(transaction), guard_(guard), reached_(hw, scratch, frames) {}

    /// Forgets which page was checked last: a table may have changed.
    void forget() {
        checked_page_ = kNone;
        reached_.forget();
    }

    /// A store at a virtual address; `translate(va)` says where the tables lead. May fault.
    template <class T>
    [[nodiscard]] Done at(VirtAddr va, Unit unit, std::uint32_t value, bool force, T&& translate) {
        const auto size = static_cast<std::uint32_t>(unit);
        if (va.page_base().raw() == checked_page_ && va.page_offset() + size <= paging::kPageSize) {
            hw_.store(va, unit, value);
            return {};
        }
        if ((va.raw() & 3) + size > 4) {
            return by_bytes(va, size, value, force, translate);
        }
        const std::optional<PhysAddr> pa = reached_.at(va, translate(va));
        if (!pa) {
            hw_.store(va, unit, value); // where there is no page the CPU says so itself
            return {};
        }
        const auto store = [&] { hw_.store(va, unit, value); };
        const Done done = guarded_store(va, *pa, unit, value, force, store);
        if (done && frames_.is_plain(pa->frame())) {
            checked_page_ = va.page_base().raw();
        }
        return done;
    }

    /// A store at a physical address of RAM, within one aligned word.
    [[nodiscard]] Done at_physical(PhysAddr pa, Unit unit, std::uint32_t value, bool force) {
        return guarded_store(VirtAddr{0}, pa, unit, value, force, [&] { scratch_.store(pa, unit, value); });
    }

private:
    static constexpr std::uint32_t kNone = 1; // no page begins there

    template <class T>
    Done by_bytes(VirtAddr va, std::uint32_t size, std::uint32_t value, bool force, T&& translate) {
        for (std::uint32_t i = 0; i < size; ++i) {
            const Done done =
                at(VirtAddr{va.raw() + i}, Unit::byte, (value >> (8 * i)) & 0xff, force, translate);
            if (!done) {
                return done;
            }
        }
        return {};
    }

    template <class S>
    Done guarded_store(VirtAddr va, PhysAddr pa, Unit unit, std::uint32_t value, bool force, S&& store) {
        if (frames_.is_plain(pa.frame())) {
            store();
            return {};
        }
        const PhysAddr word{pa.raw() & ~3ull};
        const std::uint32_t old = scratch_.load(word, Unit::word);
        const auto shift = static_cast<std::uint32_t>((pa.raw() & 3) * 8);
        const std::uint32_t mask = (unit == Unit::word ? ~0u : unit == Unit::half ? 0xffffu : 0xffu) << shift;
        const std::uint32_t merged = (old & ~mask) | ((value << shift) & mask);
        if (const auto reason = guard_.word(word, merged); guard_.refuses(reason, force)) {
            return std::unexpected(OperationError{.refusal = Refusal::guarded,
                                                  .va = va,
                                                  .pa = word,
                                                  .value = merged,
                                                  .reason = text_of(*reason)});
        }
        store();
        if (record(word, old, scratch_.load(word, Unit::word))) {
            return {};
        }
        scratch_.store(word, Unit::word, old);
        return std::unexpected(
            OperationError{.refusal = Refusal::journal_full, .va = va, .pa = word, .value = 0, .reason = {}});
    }

    /// Journals the change of a word that is an entry, of whichever space. False if the journal has no room.
    bool record(PhysAddr word, std::uint32_t old, std::uint32_t value) {
        const std::uint32_t before = spaces_.number();
        bool done = true;
        bool found = false;
        for (std::uint32_t i = 0; i < machine::kMaxSpaces && !found; ++i) {
            const std::uint32_t space = (before + i) % machine::kMaxSpaces; // the space in work first
            if (spaces_.exists(space)) {
                transaction_.work_in(space);
                found = record_here(word, old, value, done);
            }
        }
        transaction_.work_in(before);
        if (!found) {
            transaction_.adopt_orphan(frame_of(word), Pte{old}, Pte{value});
        }
        return done;
    }
    /// Whether the word is an entry of the space in work.
    bool record_here(PhysAddr word, std::uint32_t old, std::uint32_t value, bool& done) {
        const std::uint32_t index = word.frame_offset() / paging::kEntrySize;
        const paging::PagingContext now = tables_.context();
        if (word.frame_base() == now.control.directory()) {
            done = transaction_.adopt_pde(index, old, value);
            return true;
        }
        for (std::uint32_t pdi = 0; pdi < interface::layout::kSelfMapSlot; ++pdi) {
            const Pde pde = tables_.pde(pdi);
            if (pde.kind(now) == paging::EntryKind::table && pde.table() == word.frame_base()) {
                done = transaction_.adopt_pte(VirtAddr::from_indices(pdi, index), old, value);
                return true;
            }
        }
        return false;
    }

    H& hw_;
    Scratch<H>& scratch_;
    Spaces& spaces_;
    Tables<H>& tables_;
    Frames<H>& frames_;
    Transaction<H>& transaction_;
    Guard<H>& guard_;
    Reached<H> reached_;
    std::uint32_t checked_page_ = kNone;
};

} // namespace pagelab::memory
