// The frame allocator: a stack of free frames behind a high-water mark, and a record for each frame.
// For the transaction; the shell sees counts and records only.
// Frames above the mark were never used and have no record yet: boot touches none of them, so its time does
// not grow with RAM. The stack is threaded through the records of the free frames.
#pragma once

#include "kernel/interface/frame_record.hpp"
#include "kernel/interface/layout.hpp"
#include "kernel/memory/hardware.hpp"
#include "kernel/memory/memory_map.hpp"
#include "kernel/memory/scratch.hpp"

#include <array>
#include <optional>

namespace pagelab::memory {

using interface::FrameRecord;
using interface::FrameRole;

template <Hardware H>
class Frames {
public:
    static constexpr Frame kFirstUsable = 256; // below 1 MiB belongs to the firmware
    static constexpr std::uint32_t kRecordsPerPage = paging::kPageSize / 4;

    constexpr Frames(H& hw, Scratch<H>& scratch) : hw_(hw), scratch_(scratch) {}

    /// Takes the memory that the map names and the image leaves. Once.
    void initialise(const MemoryMap& map, const KernelFacts& facts) {
        map_ = map;
        record_table_ = facts.record_table;
        boot_tables_ = {facts.kernel_table, facts.record_table, facts.scratch_table};
        mark_ = facts.image_end;
        counts_.total = map.count(0, kFrameCount);
        counts_.reserved = map.count(0, kFirstUsable);
        record_pages_left_ = count_record_pages(facts.image_end);
        counts_.kernel = map.count(facts.image_first, facts.image_end) + record_pages_left_;
        counts_.free = counts_.total - counts_.reserved - counts_.kernel;
        if (const auto first = map_.next_ram(mark_)) {
            back_records(*first / kRecordsPerPage, *first);
            mark_ = *first + 1;
        }
        for (Frame frame = facts.image_first; frame < facts.image_end; ++frame) {
            write(frame, FrameRecord{FrameRole::kernel, 0});
        }
        change_role(facts.directory, FrameRecord{FrameRole::directory, 1});
        for (const Frame table : {facts.kernel_table, facts.record_table, facts.scratch_table}) {
            change_role(table, FrameRecord{FrameRole::table, 1});
        }
    }

    /// As initialise, but takes over the records that lie in memory. Contents of free frames are unknown
    /// then.
    void adopt(const MemoryMap& map, const KernelFacts& facts) {
        map_ = map;
        record_table_ = facts.record_table;
        boot_tables_ = {facts.kernel_table, facts.record_table, facts.scratch_table};
        mark_ = mark_ < facts.image_end ? facts.image_end : mark_;
        counts_ = {};
        top_ = held_top_ = FrameRecord::kNoFrame;
        for (std::uint32_t page = 0; page < backed_.size(); ++page) {
            const std::uint32_t entry = scratch_.entry(record_table_, page);
            if ((entry & paging::bits::kPresent) != 0 && map.is_ram(entry >> 12)) {
                backed_[page] = entry >> 12;
            }
        }
        for (std::uint32_t page = 0; page < backed_.size(); ++page) {
            for (Frame frame = page * kRecordsPerPage;
                 backed_[page] != 0 && frame < (page + 1) * kRecordsPerPage; ++frame) {
                if (record(frame, page).raw() != 0 && frame >= mark_) {
                    mark_ = frame + 1;
                }
            }
        }
        sum_ = sum_of_records();
        counts_.total = map.count(0, kFrameCount);
        counts_.reserved = map.count(0, kFirstUsable);
        for (Frame frame = kFirstUsable; frame < mark_; ++frame) {
            if (map.is_ram(frame)) {
                adopt(frame);
            }
        }
        record_pages_left_ = count_record_pages_left();
        counts_.kernel += record_pages_left_;
        counts_.free += map.count(mark_, kFrameCount) - record_pages_left_;
    }

    [[nodiscard]] const MemoryMap& map() const { return map_; }
    [[nodiscard]] const machine::FrameCounts& counts() const { return counts_; }
    /// One past the last frame with a record.
    [[nodiscard]] Frame mark() const { return mark_; }

    [[nodiscard]] FrameRecord record(std::uint64_t frame) const {
        if (frame >= mark_) {
            return FrameRecord{map_.is_ram(frame) ? FrameRole::free : FrameRole::reserved,
                               map_.is_ram(frame) ? FrameRecord::kNoFrame : 0};
        }
        const auto index = static_cast<Frame>(frame);
        return backed(index) ? FrameRecord{hw_.load(address(index), Unit::word)} : FrameRecord{};
    }

    /// Takes one frame and gives it the record. Contents are whatever they were.
    [[nodiscard]] std::optional<Frame> take(FrameRecord as) {
        taken_ += 1;
        const auto frame = top_ != FrameRecord::kNoFrame ? pop() : fresh();
        if (frame) {
            change_role(*frame, as);
        }
        return frame;
    }

    /// Takes `count` consecutive frames, the first a multiple of `alignment` (a power of two).
    [[nodiscard]] std::optional<Frame> take_block(std::uint32_t count, std::uint32_t alignment,
                                                  FrameRecord as) {
        if (count == 0 || counts_.free < count) {
            return std::nullopt;
        }
        taken_ += 1;
        auto first = block_above_mark(count, alignment);
        if (!first) {
            first = block_on_stack(count, alignment);
        }
        if (first) {
            for (Frame frame = *first; frame < *first + count; ++frame) {
                change_role(frame, as);
            }
        }
        return first;
    }

    /// Takes those of the frames [first, first + count) that are free, wherever they are. False if there is
    /// no frame for the records of one above the mark; then some may have been taken.
    [[nodiscard]] bool claim(Frame first, std::uint32_t count, FrameRecord as) {
        taken_ += 1;
        const Frame end = first + count;
        if (first < mark_) {
            const auto take = [&](Frame frame) { change_role(frame, as); };
            unlink(top_, first, end < mark_ ? end : mark_, take);
            unlink(held_top_, first, end < mark_ ? end : mark_, take);
        }
        for (auto next = map_.next_ram(first > mark_ ? first : mark_); next && *next < end;
             next = map_.next_ram(*next + 1)) {
            raise_mark_to(*next);
            if (!back_block(*next, 1)) {
                return false;
            }
            mark_ = *next + 1;
            change_role(*next, as);
        }
        return true;
    }

    /// Takes this very frame back: an undone `give`. False if it is not free.
    [[nodiscard]] bool take_again(Frame frame, FrameRecord as) {
        const std::uint32_t before = taken_;
        const bool done = is_free(frame) && claim(frame, 1, as);
        taken_ = before;
        return done;
    }
    /// Changes with each time that frames left the pool, but by take_again: as long as it stands still, free
    /// frames hold what they held.
    [[nodiscard]] std::uint32_t taken() const { return taken_; }

    /// Frees a frame. Within a command nobody gets it: its contents must last as long as the command may be
    /// taken back. One that is free already stays where it is listed: entries that nobody counted may have
    /// led to it.
    void give(Frame frame) {
        if (is_free(frame)) {
            return;
        }
        Frame& top = holding_ ? held_top_ : top_;
        change_role(frame, FrameRecord{FrameRole::free, top});
        top = frame;
    }
    /// A command begins (true) or has ended (false): then what it gave can be had.
    void hold_given_frames(bool hold) {
        if (held_top_ != FrameRecord::kNoFrame) {
            Frame bottom = held_top_;
            while (record(bottom).next_free() != FrameRecord::kNoFrame) {
                bottom = record(bottom).next_free();
            }
            // As a whole: an undo takes the last one given first and must find it on top.
            write(bottom, FrameRecord{FrameRole::free, top_});
            top_ = held_top_;
            held_top_ = FrameRecord::kNoFrame;
        }
        holding_ = hold;
    }

    /// Gives a frame that is taken another record.
    void become(Frame frame, FrameRecord as) { change_role(frame, as); }

    /// Visits the pages of records: index in slot 769's table and what its entry must be.
    template <class F>
    void for_each_record_page(F&& visit) const {
        for (std::uint32_t page = 0; page < backed_.size(); ++page) {
            if (backed_[page] != 0) {
                visit(page, record_entry(backed_[page]));
            }
        }
    }
    [[nodiscard]] bool is_record_page(Frame frame) const {
        bool found = false;
        for_each_record_page(
            [&](std::uint32_t, std::uint32_t entry) { found = found || entry >> 12 == frame; });
        return found;
    }
    /// The sum of all records, as they were written here and as they lie in memory: they differ where
    /// somebody else wrote one.
    [[nodiscard]] std::uint32_t written_sum() const { return sum_; }
    [[nodiscard]] std::uint32_t sum_of_records() {
        std::uint32_t sum = 0;
        for_each_record_page([&](std::uint32_t page, std::uint32_t) {
            for (Frame frame = page * kRecordsPerPage; frame < (page + 1) * kRecordsPerPage; ++frame) {
                sum += hw_.load(address(frame), Unit::word);
            }
        });
        return sum;
    }
    /// Writes records one by one, whatever was there; adopt() then counts them. For one who makes them anew.
    template <class F>
    void rewrite(F&& record_of) {
        for_each_record_page([&](std::uint32_t page, std::uint32_t) {
            for (Frame frame = page * kRecordsPerPage; frame < (page + 1) * kRecordsPerPage; ++frame) {
                const FrameRecord old{hw_.load(address(frame), Unit::word)};
                hw_.store(address(frame), Unit::word, record_of(frame, old).raw());
            }
        });
    }
    void rewrite(Frame frame, FrameRecord record) {
        if (frame < mark_ && backed(frame)) {
            write(frame, record);
        }
    }
    /// Remembers that a table's page in the direct map was made read-only.
    void mark_shielded(Frame frame) {
        write(frame, FrameRecord{record(frame).raw() | FrameRecord::kShielded});
    }

    [[nodiscard]] bool is_free(Frame frame) const {
        return frame < mark_ && record(frame).role() == FrameRole::free;
    }

    /// Memory that no entry and nothing of the kernel's lies in.
    [[nodiscard]] bool is_plain(std::uint64_t frame) const {
        const FrameRole role = record(frame).role();
        return role == FrameRole::data || role == FrameRole::free || role == FrameRole::reserved;
    }

    /// Counts an entry that begins (+1) or ceases (-1) to lead to the frame. Only data and tables count.
    void refer(std::uint64_t frame, std::int32_t delta) {
        if (frame >= mark_) {
            return;
        }
        const FrameRecord old = record(frame);
        if (old.role() != FrameRole::data && old.role() != FrameRole::table) {
            return;
        }
        const std::uint32_t mark = old.raw() & FrameRecord::kHeld;
        const std::uint32_t references = old.references() + static_cast<std::uint32_t>(delta);
        if (delta < 0 && old.references() == 0) {
            return; // a raw entry that was there before the frame had its role
        }
        write(static_cast<Frame>(frame), FrameRecord{old.role(), mark | references});
    }

    /// A data frame without references that holds a table from now on. Nobody holds a table: it lives as long
    /// as a PDE leads to it.
    void become_table(Frame frame) { change_role(frame, FrameRecord{FrameRole::table, 0}); }

    /// Overwrites the count of a data frame or table.
    void set_references(Frame frame, std::uint32_t references) {
        const FrameRecord old = record(frame);
        write(frame, FrameRecord{old.role(), (old.raw() & FrameRecord::kHeld) | references});
    }

    /// Whether it is one of the tables that all directories share.
    [[nodiscard]] bool is_of_boot(std::uint64_t frame) const {
        return frame == boot_tables_[0] || frame == boot_tables_[1] || frame == boot_tables_[2];
    }

private:
    static constexpr auto kFrameCount = static_cast<Frame>(MemoryMap::kFrameLimit);

    static VirtAddr address(Frame frame) {
        return VirtAddr{interface::layout::kFrameRecords.raw() + frame * 4};
    }
    [[nodiscard]] bool backed(Frame frame) const { return backed_[frame / kRecordsPerPage] != 0; }
    static constexpr std::uint32_t record_entry(Frame frame) {
        return (frame << 12) | paging::bits::kPresent | paging::bits::kWritable;
    }
    void write(Frame frame, FrameRecord record) {
        sum_ += record.raw() - hw_.load(address(frame), Unit::word);
        hw_.store(address(frame), Unit::word, record.raw());
    }

    std::uint32_t& count_of(FrameRole role) {
        switch (role) {
        case FrameRole::free:
            return counts_.free;
        case FrameRole::kernel:
            return counts_.kernel;
        case FrameRole::directory:
            return counts_.directory;
        case FrameRole::table:
            return counts_.table;
        case FrameRole::data:
            return counts_.data;
        default:
            return counts_.reserved;
        }
    }

    /// `frame` has a record, or is a fresh one that counts as free.
    void change_role(Frame frame, FrameRecord to) {
        const FrameRecord from = hw_record(frame);
        count_of(from.role()) -= 1;
        count_of(to.role()) += 1;
        write(frame, to);
    }
    /// The stored record; a frame that just passed the mark has none yet and is free.
    [[nodiscard]] FrameRecord hw_record(Frame frame) const {
        const FrameRecord stored{hw_.load(address(frame), Unit::word)};
        return stored.raw() == 0 ? FrameRecord{FrameRole::free, FrameRecord::kNoFrame} : stored;
    }

    [[nodiscard]] FrameRecord record(Frame frame, std::uint32_t page) const {
        return backed_[page] != 0 ? FrameRecord{hw_.load(address(frame), Unit::word)} : FrameRecord{};
    }
    void adopt(Frame frame) {
        const FrameRole role = record(frame).role();
        if (role != FrameRole::free && role != FrameRole::reserved) {
            count_of(role) += 1;
        } else if (backed(frame)) {
            counts_.free += 1;
            give_fresh(frame);
        }
    }
    /// Of the RAM above the mark that has none yet.
    [[nodiscard]] std::uint32_t count_record_pages_left() const {
        std::uint32_t pages = 0;
        for (auto frame = map_.next_ram(mark_); frame;) {
            pages += backed(*frame) ? 0 : 1;
            frame = map_.next_ram((*frame / kRecordsPerPage + 1) * kRecordsPerPage);
        }
        return pages;
    }

    /// Record pages that RAM from `first` on will need, each of which takes one frame of that RAM.
    [[nodiscard]] std::uint32_t count_record_pages(Frame first) const {
        std::uint32_t pages = 0;
        for (auto frame = map_.next_ram(first); frame;) {
            pages += 1;
            frame = map_.next_ram((*frame / kRecordsPerPage + 1) * kRecordsPerPage);
        }
        return pages;
    }

    /// Backs one page of records with a frame, which becomes the kernel's. Slot 769's table is there from
    /// boot on, so no PDE changes.
    void back_records(std::uint32_t page, Frame frame) {
        scratch_.zero(frame);
        const VirtAddr va = address(page * kRecordsPerPage);
        scratch_.set_entry(record_table_, va.table_index(), record_entry(frame));
        backed_[page] = frame;
        record_pages_left_ -= 1;
        // It was counted as the kernel's from the beginning: `free` is what can be had.
        write(frame, FrameRecord{FrameRole::kernel, 0});
    }

    std::optional<Frame> pop() {
        const Frame frame = top_;
        top_ = record(frame).next_free();
        return frame;
    }

    /// The next frame above the mark; a page of records that is missing takes the first.
    std::optional<Frame> fresh() {
        for (;;) {
            const auto frame = map_.next_ram(mark_);
            if (!frame) {
                return std::nullopt;
            }
            mark_ = *frame + 1;
            if (backed(*frame)) {
                return frame;
            }
            back_records(*frame / kRecordsPerPage, *frame);
        }
    }

    std::optional<Frame> block_above_mark(std::uint32_t count, std::uint32_t alignment) {
        for (auto next = map_.next_ram(mark_); next; next = map_.next_ram(mark_)) {
            std::uint64_t first = (static_cast<std::uint64_t>(*next) + alignment - 1) & ~(alignment - 1ull);
            while (first < kFrameCount && map_.run_length(static_cast<Frame>(first)) < count) {
                const auto ram = map_.next_ram(static_cast<Frame>(first) + 1);
                first = ram ? (static_cast<std::uint64_t>(*ram) + alignment - 1) & ~(alignment - 1ull)
                            : MemoryMap::kFrameLimit;
            }
            if (first >= kFrameCount) {
                return std::nullopt;
            }
            const auto block = static_cast<Frame>(first);
            raise_mark_to(block);
            if (back_block(block, count)) {
                mark_ = block + count;
                return block;
            }
            // No frame below the block for its records: its first one goes to the stack and serves the next.
            if (const auto frame = fresh()) {
                give_fresh(*frame);
            }
        }
        return std::nullopt;
    }

    /// All RAM between the mark and `limit` goes to the stack.
    void raise_mark_to(Frame limit) {
        for (auto next = map_.next_ram(mark_); next && *next < limit; next = map_.next_ram(mark_)) {
            mark_ = *next + 1;
            if (backed(*next)) {
                give_fresh(*next);
            } else {
                back_records(*next / kRecordsPerPage, *next);
            }
        }
        if (mark_ < limit) {
            mark_ = limit;
        }
    }
    /// As `give`, of a frame that counts as free already.
    void give_fresh(Frame frame) {
        write(frame, FrameRecord{FrameRole::free, top_});
        top_ = frame;
    }

    bool back_block(Frame block, std::uint32_t count) {
        for (Frame page = block / kRecordsPerPage; page <= (block + count - 1) / kRecordsPerPage; ++page) {
            if (backed_[page] != 0) {
                continue;
            }
            if (top_ == FrameRecord::kNoFrame) {
                return false;
            }
            const Frame frame = *pop();
            back_records(page, frame);
        }
        return true;
    }

    std::optional<Frame> block_on_stack(std::uint32_t count, std::uint32_t alignment) {
        std::uint32_t run = 0;
        Frame first = 0;
        for (Frame frame = kFirstUsable; frame < mark_; ++frame) {
            if (run == 0) {
                first = frame;
            }
            const bool starts_well = (first & (alignment - 1)) == 0;
            run = starts_well && is_free(frame) && !is_held_back(frame) ? run + 1 : 0;
            if (run == count) {
                unlink(top_, first, first + count, [](Frame) {});
                return first;
            }
        }
        return std::nullopt;
    }

    /// Whether this free frame was given by the command that runs.
    [[nodiscard]] bool is_held_back(Frame frame) const {
        for (Frame held = held_top_; held != FrameRecord::kNoFrame; held = record(held).next_free()) {
            if (held == frame) {
                return true;
            }
        }
        return false;
    }

    /// Takes the free frames of [first, end) out of the stack `top`, wherever they are, and shows each to
    /// `visit`.
    template <class F>
    void unlink(Frame& top, Frame first, Frame end, F&& visit) {
        std::uint32_t left = end - first;
        Frame above = FrameRecord::kNoFrame;
        for (Frame frame = top; frame != FrameRecord::kNoFrame && left > 0;) {
            const Frame next = record(frame).next_free();
            if (frame < first || frame >= end) {
                above = frame;
            } else {
                left -= 1;
                if (above == FrameRecord::kNoFrame) {
                    top = next;
                } else {
                    write(above, FrameRecord{FrameRole::free, next});
                }
                visit(frame);
            }
            frame = next;
        }
    }

    H& hw_;
    Scratch<H>& scratch_;
    MemoryMap map_{};
    Frame record_table_ = 0;
    std::array<Frame, 3> boot_tables_{};
    machine::FrameCounts counts_{};
    Frame top_ = FrameRecord::kNoFrame;
    /// Frames that the running command gave: a stack of their own until it has ended.
    Frame held_top_ = FrameRecord::kNoFrame;
    bool holding_ = false;
    Frame mark_ = 0;
    std::uint32_t taken_ = 0;
    std::uint32_t sum_ = 0;
    std::uint32_t record_pages_left_ = 0;
    /// The frame that holds each page of records, or 0.
    std::array<Frame, paging::kEntryCount> backed_{};
};

} // namespace pagelab::memory
