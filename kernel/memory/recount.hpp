// Counts every reference anew, from the entries that stand in memory. For the lab, after something broke the
// tables or the kernel behind the transaction's back: then what was counted step by step no longer holds.
// Reads all tables of all spaces by their physical addresses; slow, and right whatever is loaded.
#pragma once

#include "kernel/memory/space_keeper.hpp"

namespace pagelab::memory {

template <Hardware H>
class Recount {
public:
    constexpr Recount(Scratch<H>& scratch, Frames<H>& frames, Ownership<H>& owned, SpaceKeeper<H>& keeper)
        : scratch_(scratch), frames_(frames), owned_(owned), keeper_(keeper) {}

    void initialise(const KernelFacts& facts) { facts_ = facts; }

    /// The references of every data frame and table become those that there are; what had some and has none
    /// any more is freed. Says how many frames that were.
    std::uint32_t run() {
        std::uint32_t freed = 0;
        // A table that is freed no longer leads to anything: then all is counted again.
        for (bool table_freed = true; table_freed;) {
            forget();
            count();
            table_freed = settle(freed);
        }
        return freed;
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
    /// In a record's count while it is counted anew: there were references before.
    static constexpr std::uint32_t kHadSome = 1u << 26;

    template <class F>
    void for_each_counted(F&& visit) {
        for (Frame frame = Frames<H>::kFirstUsable; frame < frames_.mark(); ++frame) {
            const FrameRecord record = frames_.record(frame);
            if (Ownership<H>::is_counted(record.role()) && !frames_.is_of_boot(frame)) {
                visit(frame, record);
            }
        }
    }

    void forget() {
        for_each_counted([this](Frame frame, FrameRecord record) {
            frames_.set_references(frame, record.references() != 0 ? kHadSome : 0);
        });
    }

    void count() {
        for (Frame frame = Frames<H>::kFirstUsable; frame < frames_.mark(); ++frame) {
            const FrameRole role = frames_.record(frame).role();
            if (role == FrameRole::directory) {
                count_directory(frame);
            } else if (role == FrameRole::table && !frames_.is_of_boot(frame)) {
                count_table(frame);
            }
        }
    }
    void count_directory(Frame directory) {
        for (std::uint32_t pdi = 0; pdi < paging::kEntryCount; ++pdi) {
            const Pde pde{scratch_.entry(directory, pdi)};
            const Frame table = frame_of(pde.table());
            if (frames_.is_of_boot(table)) {
                continue;
            }
            owned_.pde_changed(Pde{0}, pde);
            // A page of data, or of nobody's, that the user made a table: what was mapped there stays.
            const FrameRole role = frames_.record(table).role();
            const bool foreign = role == FrameRole::data || role == FrameRole::reserved;
            if (foreign && owned_.is_table(pde) && frames_.map().is_ram(table)) {
                count_table(table);
            }
        }
    }
    void count_table(Frame table) {
        for (std::uint32_t pti = 0; pti < paging::kEntryCount; ++pti) {
            const Pte pte{scratch_.entry(table, pti)};
            if (pte.present()) {
                frames_.refer(pte.frame().frame(), +1);
            }
        }
    }

    /// Whether a table was freed.
    bool settle(std::uint32_t& freed) {
        bool table_freed = false;
        for_each_counted([&](Frame frame, FrameRecord record) {
            if (record.references() == kHadSome && !record.held()) {
                table_freed = table_freed || record.role() == FrameRole::table;
                owned_.release(frame, record);
                freed += 1;
            } else {
                frames_.set_references(frame, record.references() & ~kHadSome);
            }
        });
        return table_freed;
    }

    Scratch<H>& scratch_;
    Frames<H>& frames_;
    Ownership<H>& owned_;
    SpaceKeeper<H>& keeper_;
    KernelFacts facts_{};
};

} // namespace pagelab::memory
