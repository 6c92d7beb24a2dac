// Makes, loads, frees and brings back whole address spaces. For the transaction, which takes an operation on
// spaces back by these, and for the operations themselves.
// Journals nothing, asks nothing: the callers have checked. Works by physical addresses, so that it is the
// same whichever space is loaded.
#pragma once

#include "kernel/memory/breath.hpp"
#include "kernel/memory/census.hpp"

namespace pagelab::memory {

/// Marks in a leaf of a space that shares: AVL11 while its frame may be another space's too, AVL10 if the
/// page is writable and the first write is to copy it. R/W is 0 as long as AVL11 stands.
inline constexpr std::uint32_t kSharedMark = paging::bits::kAvail11;
inline constexpr std::uint32_t kWritableMark = paging::bits::kAvail10;

template <Hardware H>
class SpaceKeeper {
public:
    constexpr SpaceKeeper(H& hw, Scratch<H>& scratch, Spaces& spaces, Tables<H>& tables, Frames<H>& frames,
                          Flusher<H>& flusher, Ownership<H>& owned, Census<H>& census, Breath<H>& breath)
        : hw_(hw), scratch_(scratch), spaces_(spaces), tables_(tables), frames_(frames), flusher_(flusher),
          owned_(owned), census_(census), breath_(breath) {}

    /// Frames that a space of this kind needs before anything is mapped in it, with its directory.
    [[nodiscard]] std::uint32_t frames_needed(Strategy strategy) const {
        switch (strategy) {
        case Strategy::table:
            return 3;
        case Strategy::upper_half:
            return 2;
        case Strategy::direct:
            return 1 + direct_tables();
        default:
            return 1;
        }
    }

    /// A zeroed frame for a directory.
    [[nodiscard]] std::optional<Frame> take_directory() {
        return take_zeroed(FrameRecord{FrameRole::directory, 1});
    }

    /// Gives `number` a space with nothing of the user's in it. False if frames ran out: then destroy it.
    [[nodiscard]] bool build(std::uint32_t number, Strategy strategy, Frame directory) {
        namespace layout = interface::layout;
        Space& space = spaces_[number];
        space = Space{.directory = directory, .strategy = strategy};
        for (std::uint32_t pdi = layout::kFirstKernelSlot; pdi <= layout::kLifelineSlot; ++pdi) {
            if (pdi < layout::kArenaSlot || pdi == layout::kLifelineSlot) {
                scratch_.set_entry(directory, pdi, scratch_.entry(spaces_[0].directory, pdi));
            }
        }
        switch (strategy) {
        case Strategy::recursive:
            scratch_.set_entry(directory, layout::kSelfMapSlot, (directory << 12) | kTableBits);
            return true;
        case Strategy::table:
            return build_arena(space) && build_words(space);
        case Strategy::upper_half:
            return build_arena(space);
        case Strategy::direct:
            return build_direct(space);
        default:
            return true;
        }
    }

    /// CR3 := the space's directory. With `global` the TLB forgets global entries too.
    void load(std::uint32_t number, bool global) {
        tables_.close_foreign();
        const Space& space = spaces_[number];
        if (space.strategy != Strategy::recursive) {
            scratch_.open(ScratchPage::directory, space.directory);
        }
        hw_.set_cr3(space.directory << 12);
        spaces_.set_loaded(number);
        if (space.strategy == Strategy::recursive) {
            scratch_.close(ScratchPage::directory);
        }
        if (global) {
            flusher_.drop_global();
        } else {
            flusher_.distrust_tables();
        }
        tables_.space_loaded(global);
    }

    /// Frees every frame and table that only this space has, its directory, and what its strategy has of its
    /// own. Of these a frame that other entries lead to stays, as data. It must not be loaded. Says how many
    /// frames that were.
    std::uint32_t destroy(std::uint32_t number) {
        tables_.close_foreign();
        const Space space = spaces_[number];
        const std::uint32_t before = frames_.counts().free;
        for_each_counted_slot(space, false, [&](std::uint32_t pdi) {
            drop_slot(space.directory, Pde{scratch_.entry(space.directory, pdi)});
        });
        spaces_[number] = Space{};
        free_own_frames(space);
        flusher_.drop_global(); // what it had of global pages may be cached, and their frames are free
        return frames_.counts().free - before;
    }

    /// Brings a destroyed space back from its frames. None may have been taken since.
    void adopt(std::uint32_t number, Strategy strategy, bool shares, Frame directory) {
        namespace layout = interface::layout;
        Space& space = spaces_[number];
        space = Space{.directory = directory, .strategy = strategy, .shares = shares};
        take_own(directory, FrameRecord{FrameRole::directory, 1});
        owned_.shield(directory);
        if (strategy == Strategy::table || strategy == Strategy::upper_half) {
            space.arena = scratch_.entry(directory, layout::kArenaSlot) >> 12;
        }
        if (strategy == Strategy::table) {
            space.words = scratch_.entry(space.arena, layout::kArenaWords.table_index()) >> 12;
        }
        if (strategy == Strategy::direct) {
            space.direct_tables = direct_tables();
            space.first_direct_table = scratch_.entry(directory, layout::kFirstDirectSlot) >> 12;
        }
        for_each_own_frame(space, [this](Frame frame) { take_own(frame, kOwn); });
        for_each_counted_slot(space, true, [&](std::uint32_t pdi) {
            take_slot(directory, Pde{scratch_.entry(directory, pdi)});
            if (const auto index = displaced_index(pdi); index && strategy == Strategy::upper_half) {
                const std::uint32_t page =
                    VirtAddr::from_indices(layout::kArenaSlot, layout::kArenaTables + pdi).raw();
                space.displaced[*index] =
                    kind(Pde{scratch_.entry(directory, pdi)}) == EntryKind::table ? page : 0;
            }
        });
    }

    /// Takes over every directory that the records know: numbers in the order of frames, strategies by what
    /// is in the kernel's slots. Then references must be counted anew.
    void adopt_all() {
        std::uint32_t number = 1;
        for (Frame frame = 0; frame < frames_.mark() && number < machine::kMaxSpaces; ++frame) {
            if (frames_.record(frame).role() == FrameRole::directory && frame != spaces_[0].directory) {
                adopt(number, strategy_of(frame), true, frame);
                number += 1;
            }
        }
        for (number = 0; number < machine::kMaxSpaces; ++number) {
            if (spaces_.exists(number) && spaces_[number].directory == hw_.cr3() >> 12) {
                return load(number, true);
            }
        }
        load(0, true);
    }
    /// Whether the kernel's own frame belongs to a space.
    [[nodiscard]] bool is_own(Frame frame) {
        bool own = false;
        for_each_own_frame([&](Frame each) { own = own || each == frame; });
        return own;
    }
    /// Visits the kernel's own frames that spaces have.
    template <class F>
    void for_each_own_frame(F&& visit) {
        for (std::uint32_t number = 0; number < machine::kMaxSpaces; ++number) {
            if (spaces_.exists(number)) {
                for_each_own_frame(spaces_[number], visit);
            }
        }
    }

    [[nodiscard]] machine::SpaceInfo info(std::uint32_t number) {
        const Space& space = spaces_[number];
        machine::SpaceInfo result{.number = number,
                                  .strategy = space.strategy,
                                  .directory = frame_address(space.directory),
                                  .extra_bytes = space.extra_bytes()};
        for (std::uint32_t pdi = 0; pdi < space.user_slots(); ++pdi) {
            const Pde pde{scratch_.entry(space.directory, pdi)};
            if (kind(pde) == EntryKind::page) {
                count_page(result, pde.raw(), frame_of(pde.large_frame(context(hw_))));
            } else if (kind(pde) == EntryKind::table && frames_.map().is_ram(pde.table().frame())) {
                result.tables += 1;
                for (std::uint32_t pti = 0; pti < paging::kEntryCount; ++pti) {
                    const Pte pte{scratch_.entry(frame_of(pde.table()), pti)};
                    if (pte.present()) {
                        count_page(result, pte.raw(), frame_of(pte.frame()));
                    }
                }
            }
            breath_.take();
        }
        return result;
    }

private:
    using EntryKind = paging::EntryKind;
    static constexpr std::uint32_t kTableBits = paging::bits::kPresent | paging::bits::kWritable;
    static constexpr FrameRecord kOwn{FrameRole::kernel, 0};

    [[nodiscard]] EntryKind kind(Pde pde) { return pde.kind(context(hw_)); }

    /// The mark stays until the next write, also where nobody else has the page any more.
    void count_page(machine::SpaceInfo& info, std::uint32_t leaf, Frame frame) {
        info.pages += 1;
        info.shared_pages += (leaf & kSharedMark) != 0 && frames_.record(frame).references() > 1 ? 1 : 0;
    }

    [[nodiscard]] Strategy strategy_of(Frame directory) {
        namespace layout = interface::layout;
        const auto slot = [&](std::uint32_t pdi) { return Pde{scratch_.entry(directory, pdi)}; };
        if (const Pde self = slot(layout::kSelfMapSlot);
            self.present() && frame_of(self.table()) == directory) {
            return Strategy::recursive;
        }
        if (const Pde arena = slot(layout::kArenaSlot);
            arena.present() && frames_.map().is_ram(arena.table().frame())) {
            const Pte words{scratch_.entry(frame_of(arena.table()), layout::kArenaWords.table_index())};
            return words.present() ? Strategy::table : Strategy::upper_half;
        }
        return slot(layout::kFirstDirectSlot).present() ? Strategy::direct : Strategy::window;
    }

    // --- what a strategy has of its own
    // ----------------------------------------------------------------------
    [[nodiscard]] std::uint32_t direct_tables() const {
        const std::uint64_t slots =
            (frames_.map().ram_end() + paging::kLargePageSize - 1) / paging::kLargePageSize;
        return slots < interface::layout::kDirectSlots ? static_cast<std::uint32_t>(slots)
                                                       : interface::layout::kDirectSlots;
    }
    [[nodiscard]] std::optional<Frame> take_zeroed(FrameRecord as) {
        const auto frame = frames_.take(as);
        if (frame) {
            scratch_.zero(*frame);
            owned_.shield(*frame);
        }
        return frame;
    }
    [[nodiscard]] Frame take_own() { return take_zeroed(kOwn).value_or(Frame{0}); }
    /// Takes a frame of a destroyed space again, also where it stayed as data for who showed it.
    void take_own(Frame frame, FrameRecord as) {
        if (frames_.is_free(frame)) {
            owned_.take_again(frame, as);
        } else if (frames_.record(frame).role() == FrameRole::data) {
            frames_.become(frame, as);
        }
    }
    void free_own_frames(const Space& space) {
        const auto each = [&](auto&& visit) {
            for_each_own_frame(space, visit);
            visit(space.directory);
        };
        each([this](Frame frame) {
            owned_.unshield(frame);
            frames_.become(frame, FrameRecord{FrameRole::data, Census<H>::kInDoubt});
        });
        const auto in_doubt = [this](std::uint64_t frame) {
            const FrameRecord record = frames_.record(frame);
            return record.role() == FrameRole::data && record.references() >= Census<H>::kInDoubt;
        };
        census_.for_each_reference([&](std::uint64_t frame) {
            if (in_doubt(frame)) {
                frames_.refer(frame, +1);
            }
        });
        each([this](Frame frame) {
            const std::uint32_t references = frames_.record(frame).references() - Census<H>::kInDoubt;
            frames_.set_references(frame, references);
            if (references == 0) {
                frames_.give(frame);
            }
        });
    }

    /// The arena: a table that shows itself as its first page.
    [[nodiscard]] bool build_arena(Space& space) {
        space.arena = take_own();
        if (space.arena == 0) {
            return false;
        }
        scratch_.set_entry(space.directory, interface::layout::kArenaSlot, (space.arena << 12) | kTableBits);
        scratch_.set_entry(space.arena, 0, (space.arena << 12) | kTableBits);
        return true;
    }
    [[nodiscard]] bool build_words(Space& space) {
        space.words = take_own();
        if (space.words == 0) {
            return false;
        }
        scratch_.set_entry(space.arena, interface::layout::kArenaWords.table_index(),
                           (space.words << 12) | kTableBits);
        return true;
    }
    [[nodiscard]] bool build_direct(Space& space) {
        // In a row: what each slot of theirs must hold is then known without a look at it.
        const auto first = frames_.take_block(direct_tables(), 1, kOwn);
        if (!first) {
            return false;
        }
        space.direct_tables = direct_tables();
        space.first_direct_table = *first;
        for (std::uint32_t i = 0; i < space.direct_tables; ++i) {
            scratch_.zero(*first + i);
            scratch_.set_entry(space.directory, interface::layout::kFirstDirectSlot + i,
                               ((*first + i) << 12) | kTableBits);
        }
        return true;
    }
    template <class F>
    void for_each_own_frame(const Space& space, F&& visit) {
        for (const Frame frame : {space.arena, space.words}) {
            if (frame != 0) {
                visit(frame);
            }
        }
        for (std::uint32_t i = 0; i < space.direct_tables; ++i) {
            visit(space.first_direct_table + i);
        }
    }

    // --- what the user's entries lead to
    // --------------------------------------------------------------------- drop_slot runs upwards and
    // take_slot downwards, each the other's reverse: a table that two slots share goes with the last of them
    // and comes back with it.

    /// The slots whose entries are the user's, upwards or downwards: slot 1023 too, where it is no self-map.
    template <class F>
    void for_each_counted_slot(const Space& space, bool downwards, F&& visit) {
        const bool last = space.strategy != Strategy::recursive && space.strategy != Strategy::upper_half;
        const std::uint32_t end = space.user_slots() + (last ? 1 : 0);
        for (std::uint32_t i = 0; i < end; ++i) {
            const std::uint32_t at = downwards ? end - 1 - i : i;
            visit(at < space.user_slots() ? at : interface::layout::kSelfMapSlot);
        }
    }
    void drop_slot(Frame directory, Pde pde) {
        if (kind(pde) == EntryKind::page) {
            for_each_frame_of(pde, [this](std::uint64_t frame) { owned_.drop_page(frame); });
        } else if (kind(pde) == EntryKind::table && frame_of(pde.table()) != directory) {
            drop_table(pde.table().frame());
        }
        breath_.take();
    }
    void drop_table(std::uint64_t table) {
        frames_.refer(table, -1);
        if (owned_.is_unused(table)) {
            owned_.drop(static_cast<Frame>(table));
        }
    }

    void take_slot(Frame directory, Pde pde) {
        if (kind(pde) == EntryKind::page) {
            for_each_frame_of(pde, [this](std::uint64_t frame) { owned_.take_page(frame); });
        } else if (kind(pde) == EntryKind::table && frame_of(pde.table()) != directory) {
            const Frame table = frame_of(pde.table());
            if (frames_.is_free(table)) {
                owned_.take_again(table, FrameRecord{FrameRole::table, 0});
                owned_.take_pages_again(table);
                owned_.shield(table);
            }
            frames_.refer(table, +1);
        }
        breath_.take();
    }
    template <class F>
    void for_each_frame_of(Pde large, F&& visit) {
        const std::uint64_t first = large.large_frame(context(hw_)).frame();
        for (std::uint32_t i = 0; i < paging::kEntryCount; ++i) {
            visit(first + i);
        }
    }

    H& hw_;
    Scratch<H>& scratch_;
    Spaces& spaces_;
    Tables<H>& tables_;
    Frames<H>& frames_;
    Flusher<H>& flusher_;
    Ownership<H>& owned_;
    Census<H>& census_;
    Breath<H>& breath_;
};

} // namespace pagelab::memory
