// The kernel's scratch pages: one PTE each in slot 770. The only way to memory that is mapped nowhere else.
// For the memory room and main. A page stays open until it is retargeted or closed, so that a walk of one
// table costs one mapping; an abandoned command's pages are closed from here, not by destructors.
#pragma once

#include "kernel/interface/layout.hpp"
#include "kernel/memory/hardware.hpp"
#include "kernel/paging/flags.hpp"
#include "kernel/rescue/tables.hpp"

#include <array>

namespace pagelab::memory {

using interface::layout::ScratchPage;

template <Hardware H>
class Scratch {
public:
    explicit constexpr Scratch(H& hw) : hw_(hw) {}

    void initialise(const KernelFacts& facts) { table_ = facts.scratch_table; }

    /// Lets the page show `frame` with these leaf bits besides P, and says where. Flushes what it showed.
    VirtAddr open(ScratchPage page, Frame frame, std::uint32_t bits = paging::bits::kWritable) {
        const std::uint32_t entry = (frame << 12) | bits | paging::bits::kPresent;
        if (entries_[index(page)] != entry) {
            write(page, entry);
        }
        return interface::layout::scratch_page(page);
    }

    /// As open, but always sets the PTE and flushes, as a strategy does that keeps nothing.
    VirtAddr remap(ScratchPage page, Frame frame) {
        const std::uint32_t entry = (frame << 12) | paging::bits::kWritable | paging::bits::kPresent;
        hw_.store(entry_of(page), Unit::word, entry);
        hw_.invlpg(interface::layout::scratch_page(page));
        entries_[index(page)] = entry;
        return interface::layout::scratch_page(page);
    }

    void close(ScratchPage page) {
        if (entries_[index(page)] != 0) {
            write(page, 0);
        }
    }

    /// All but the current directory's, which stays as long as the space.
    void close_all() {
        for (std::uint32_t page = 0; page < interface::layout::kScratchPageCount; ++page) {
            if (static_cast<ScratchPage>(page) != ScratchPage::directory) {
                close(static_cast<ScratchPage>(page));
            }
        }
    }

    /// Memory at a physical address below 4 GiB that does not cross a frame. The caller knows that it is
    /// there: nothing is checked.
    [[nodiscard]] std::uint32_t load(PhysAddr address, Unit unit) { return hw_.load(show(address), unit); }
    void store(PhysAddr address, Unit unit, std::uint32_t value) { hw_.store(show(address), unit, value); }

    /// Word `index` of a table, directory or list, by its frame.
    [[nodiscard]] std::uint32_t entry(Frame table, std::uint32_t index) {
        return load(frame_address(table).plus(paging::entry_offset(index)), Unit::word);
    }
    void set_entry(Frame table, std::uint32_t index, std::uint32_t value) {
        store(frame_address(table).plus(paging::entry_offset(index)), Unit::word, value);
    }

    /// As `load` of a word, for who looks at page tables: the page that the look itself needs is not seen
    /// open in the scratch pages' own table, which shows itself.
    [[nodiscard]] std::uint32_t observe(PhysAddr address) {
        if (frame_of(address) != table_) {
            return load(address, Unit::word);
        }
        close(ScratchPage::physical);
        const VirtAddr table = interface::layout::kScratchTable;
        return hw_.load(VirtAddr{table.raw() + address.frame_offset()}, Unit::word);
    }

    /// Copies a frame, word by word.
    void copy(Frame from, Frame to) {
        const VirtAddr source = open(ScratchPage::physical, from);
        const VirtAddr target = open(ScratchPage::copy, to);
        for (std::uint32_t offset = 0; offset < paging::kPageSize; offset += 4) {
            hw_.store(VirtAddr{target.raw() + offset}, Unit::word,
                      hw_.load(VirtAddr{source.raw() + offset}, Unit::word));
        }
        close(ScratchPage::copy);
    }

    /// The PTEs as they were set here, where somebody else wrote them.
    void mend(interface::Repairs& repairs) {
        for (std::uint32_t page = 0; page < interface::layout::kScratchPageCount; ++page) {
            const VirtAddr at = entry_of(static_cast<ScratchPage>(page));
            const std::uint32_t before = hw_.load(at, Unit::word);
            if (!rescue::is_same_entry(before, entries_[page])) {
                hw_.store(at, Unit::word, entries_[page]);
                hw_.invlpg(interface::layout::scratch_page(static_cast<ScratchPage>(page)));
                repairs.add(
                    {interface::RepairKind::scratch_entry, (at.raw() >> 2) & 1023, before, entries_[page]});
            }
        }
    }

    void zero(Frame frame) {
        hw_.zero_page(open(ScratchPage::zeroing, frame));
        close(ScratchPage::zeroing);
    }

private:
    static constexpr std::size_t index(ScratchPage page) { return static_cast<std::size_t>(page); }

    VirtAddr show(PhysAddr address) {
        const VirtAddr page = open(ScratchPage::physical, frame_of(address));
        return VirtAddr{page.raw() + address.frame_offset()};
    }

    /// Where the page's PTE is: in the table that shows itself.
    static constexpr VirtAddr entry_of(ScratchPage page) {
        return VirtAddr{interface::layout::kScratchTable.raw() +
                        interface::layout::scratch_page(page).table_index() * paging::kEntrySize};
    }

    void write(ScratchPage page, std::uint32_t entry) {
        const std::uint32_t before = entries_[index(page)];
        entries_[index(page)] = entry; // first: what is abandoned in between is no damage but a PTE behind
        hw_.store(entry_of(page), Unit::word, entry);
        if (before != 0) {
            hw_.invlpg(interface::layout::scratch_page(page));
        }
    }

    H& hw_;
    Frame table_ = 0;
    /// What each PTE was set to; the CPU adds A and D in the table itself.
    std::array<std::uint32_t, interface::layout::kScratchPageCount> entries_{};
};

} // namespace pagelab::memory
