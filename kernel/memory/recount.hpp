// Counts every reference anew, from the entries that stand in memory. For the lab, after something broke the
// tables or the kernel behind the transaction's back: then what was counted step by step no longer holds.
// Reads all tables of all spaces by their physical addresses; slow, and right whatever is loaded.
#pragma once

#include "kernel/memory/space_keeper.hpp"

namespace pagelab::memory {

template <Hardware H>
class Recount {
public:
    constexpr Recount(Frames<H>& frames, Ownership<H>& owned, SpaceKeeper<H>& keeper, Census<H>& census)
        : frames_(frames), owned_(owned), keeper_(keeper), census_(census) {}

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

    /// Gives up the kernel's own frames that neither the image nor the records nor a space needs: what a
    /// command had taken for its time. `run` then frees those that no entry leads to.
    void give_up_forgotten() {
        for (Frame frame = facts_.image_end; frame < frames_.mark(); ++frame) {
            if (frames_.record(frame).role() == FrameRole::kernel && !frames_.is_record_page(frame) &&
                !keeper_.is_own(frame)) {
                frames_.become(frame, FrameRecord{FrameRole::data, kHadSome});
            }
        }
    }

private:
    /// There were references before.
    static constexpr std::uint32_t kHadSome = Census<H>::kInDoubt;

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
        census_.for_each_reference([this](std::uint64_t frame) {
            if (!frames_.is_of_boot(frame)) {
                frames_.refer(frame, +1);
            }
        });
    }

    /// Whether a table was freed.
    bool settle(std::uint32_t& freed) {
        bool table_freed = false;
        for_each_counted([&](Frame frame, FrameRecord record) {
            if (record.references() == kHadSome && !record.held()) {
                table_freed = table_freed || record.role() == FrameRole::table;
                owned_.release(frame);
                freed += 1;
            } else {
                frames_.set_references(frame, record.references() & ~kHadSome);
            }
        });
        return table_freed;
    }

    Frames<H>& frames_;
    Ownership<H>& owned_;
    SpaceKeeper<H>& keeper_;
    Census<H>& census_;
    KernelFacts facts_{};
};

} // namespace pagelab::memory
