// What is refused because neither a fault report nor the rescue could bring the lab back from it, and why.
// For the operations of this room; `force` passes it. It refuses by the frame that would be hit, under
// whichever address, and as little as it can: the user's half, all frames that are not the kernel's own, and
// also the kernel's slot, its stack, its handlers and the self-map are open, for those are survived.
#pragma once

#include "kernel/memory/frames.hpp"
#include "kernel/memory/guard_reasons.hpp"
#include "kernel/memory/tables.hpp"
#include "kernel/paging/walk.hpp"

#include <optional>
#include <utility>

namespace pagelab::memory {

template <Hardware H>
class Guard {
public:
    /// Why not; nothing if it may be.
    using Reason = std::optional<GuardReason>;

    constexpr Guard(H& hw, Scratch<H>& scratch, Spaces& spaces, Tables<H>& tables, Frames<H>& frames)
        : hw_(hw), scratch_(scratch), spaces_(spaces), tables_(tables), frames_(frames) {}

    void initialise(const KernelFacts& facts) { facts_ = facts; }

    /// What is done about a reason. Remembers that one was overridden.
    [[nodiscard]] bool refuses(Reason reason, bool force) {
        overridden_ = overridden_ || (reason && force);
        return reason && !force;
    }
    /// Whether a reason was overridden since the last call.
    [[nodiscard]] bool take_overridden() { return std::exchange(overridden_, false); }

    /// A write of directory slot `pdi` of the space in work.
    [[nodiscard]] Reason pde(std::uint32_t pdi, std::uint32_t value) {
        namespace layout = interface::layout;
        switch (pdi) {
        case layout::kLifelineSlot:
            return GuardReason::lifeline_slot;
        case layout::kFirstKernelSlot + 1:
            return GuardReason::records_slot;
        case layout::kFirstKernelSlot + 2:
            return GuardReason::scratch_slot;
        case layout::kFirstKernelSlot:
        case layout::kSelfMapSlot:
            break;
        default:
            if (pdi >= layout::kFirstKernelSlot) {
                return GuardReason::window_slot;
            }
        }
        const bool word = pdi < layout::kFirstKernelSlot || pdi == layout::kSelfMapSlot;
        if (word && tables_.space().strategy == Strategy::upper_half && pdi >= layout::kUpperHalfSlot) {
            return GuardReason::upper_half_word;
        }
        const Pde entry{value};
        if (pdi == layout::kFirstKernelSlot) {
            return kernel_slot(entry);
        }
        return entry.kind(context(hw_)) == paging::EntryKind::table ? table_frame(frame_of(entry.table()))
                                                                    : std::nullopt;
    }

    /// A write of the PTE of `va`, whose PDE leads to a table.
    [[nodiscard]] Reason pte(VirtAddr va, std::uint32_t value) {
        const Frame table = frame_of(tables_.pde(va.directory_index()).table());
        if (const auto verdict = fixed_table(table, va.table_index(), value)) {
            return *verdict;
        }
        switch (frames_.record(table).role()) {
        case FrameRole::directory:
            return GuardReason::setpde_instead;
        case FrameRole::kernel:
            return GuardReason::kernel_entry;
        default:
            return std::nullopt;
        }
    }

    /// A store to the word at `address` (a multiple of 4) that would become `value`.
    [[nodiscard]] Reason word(PhysAddr address, std::uint32_t value) {
        const Frame frame = frame_of(address);
        const std::uint32_t index = address.frame_offset() / paging::kEntrySize;
        if (const auto verdict = fixed_table(frame, index, value)) {
            return *verdict;
        }
        switch (frames_.record(frame).role()) {
        case FrameRole::directory:
            return pde(index, value);
        case FrameRole::kernel:
            return GuardReason::kernel_memory;
        default:
            return std::nullopt;
        }
    }

    /// A way to crash, with its value.
    [[nodiscard]] Reason crash(machine::Crash crash, std::uint32_t value) {
        using machine::Crash;
        switch (crash) {
        case Crash::idt:
            return GuardReason::no_idt;
        case Crash::gdt:
            return GuardReason::no_gdt;
        case Crash::cr0:
            return control_0(value);
        case Crash::cr3:
            return directory(value >> 12);
        case Crash::cr4:
            return control_4(value);
        case Crash::esp:
            return stack(value);
        case Crash::call:
            return code(value);
        default:
            return std::nullopt;
        }
    }

private:
    using Role = FrameRole;

    [[nodiscard]] bool holds_entries(Frame frame) { return frames_.record(frame).holds_entries(); }
    [[nodiscard]] bool is_kernels(Frame frame) { return frames_.record(frame).role() == Role::kernel; }

    /// A PDE that would lead to this table: the CPU reads entries there and sets A and D in them.
    [[nodiscard]] Reason table_frame(Frame table) {
        if (table == facts_.scratch_table) {
            return GuardReason::scratch_as_table;
        }
        if (table == facts_.kernel_table) {
            return std::nullopt;
        }
        if (is_device(table)) {
            return GuardReason::device_as_table;
        }
        switch (frames_.record(table).role()) {
        case Role::kernel:
            return GuardReason::kernel_as_table;
        case Role::free:
            return GuardReason::free_as_table;
        default:
            return std::nullopt;
        }
    }

    /// Slot 768: the kernel goes on there until it faults. A large page with reserved bits may be one all the
    /// same: QEMU asks bit 21 alone.
    [[nodiscard]] Reason kernel_slot(Pde entry) {
        if (!entry.present()) {
            return std::nullopt;
        }
        return entry.large(context(hw_)) ? Reason{GuardReason::foreign_code}
                                         : kernels_table(frame_of(entry.table()));
    }
    [[nodiscard]] Reason kernels_table(Frame table) {
        if (const Reason reason = table_frame(table); reason || table == facts_.kernel_table) {
            return reason;
        }
        for (std::uint32_t index = 0; index < paging::kEntryCount && frames_.map().is_ram(table); ++index) {
            const Pte entry{scratch_.entry(table, index)};
            if (!entry.present()) {
                continue;
            }
            if (is_kernels_page(index)) {
                return GuardReason::foreign_code;
            }
            if (const Reason reason = kernel_frame(entry.frame().frame())) {
                return reason;
            }
        }
        return std::nullopt;
    }
    /// A frame that the kernel would take for a page of its own, not at its own place.
    [[nodiscard]] Reason kernel_frame(std::uint64_t frame) {
        if (!frames_.map().is_ram(frame)) {
            return GuardReason::code_in_device;
        }
        return may_not_show(static_cast<Frame>(frame)) ? Reason{GuardReason::kernel_alias} : std::nullopt;
    }

    /// An entry of a table that is there from boot on; nothing if it is another one.
    [[nodiscard]] std::optional<Reason> fixed_table(Frame table, std::uint32_t index, std::uint32_t value) {
        if (table == facts_.kernel_table) {
            return kernel_entry(index, value);
        }
        if (table == facts_.record_table) {
            return Reason{GuardReason::records_entry};
        }
        if (table == facts_.scratch_table) {
            return Reason{GuardReason::scratch_entry};
        }
        return std::nullopt;
    }

    /// A PTE of the kernel's own table. What the kernel needs is put right again; but while the entry stands
    /// the kernel's own pushes and stores go where it leads.
    [[nodiscard]] Reason kernel_entry(std::uint32_t index, std::uint32_t value) {
        const Pte entry{value};
        const Frame frame = frame_of(entry.frame());
        if (!entry.present()) {
            return std::nullopt;
        }
        if (frame != index) {
            return is_kernels_page(index) ? Reason{GuardReason::foreign_code} : kernel_frame(frame);
        }
        if (entry.writable() && (holds_entries(frame) || is_rescues(frame))) {
            return GuardReason::writable_table;
        }
        return std::nullopt;
    }

    /// Whether a page of the direct map holds code or data of the kernel.
    [[nodiscard]] bool is_kernels_page(std::uint32_t index) const {
        return index >= facts_.image_first && index < facts_.image_end;
    }
    [[nodiscard]] bool is_rescues(Frame frame) const {
        return frame >= facts_.image.data_end && frame < facts_.image.end;
    }
    [[nodiscard]] bool may_not_show(Frame frame) { return holds_entries(frame) || is_kernels(frame); }

    /// CR3 with any frame.
    [[nodiscard]] Reason directory(Frame frame) {
        const std::uint32_t lifeline = interface::layout::kLifelineSlot;
        const std::uint32_t right = scratch_.entry(spaces_.loaded().directory, lifeline);
        if (((scratch_.entry(frame, lifeline) ^ right) & ~kAccessedDirty) != 0) {
            return GuardReason::no_lifeline;
        }
        if (frames_.record(frame).role() == Role::directory) {
            return std::nullopt;
        }
        if (is_kernels(frame)) {
            return GuardReason::kernel_as_table;
        }
        const Pde kernel{scratch_.entry(frame, interface::layout::kFirstKernelSlot)};
        if (const Reason reason = kernel_slot(kernel)) {
            return reason;
        }
        for (std::uint32_t pdi = 0; pdi < paging::kEntryCount; ++pdi) {
            const Pde entry{scratch_.entry(frame, pdi)};
            if (pdi == lifeline || entry.kind(context(hw_)) != paging::EntryKind::table) {
                continue;
            }
            const Frame table = frame_of(entry.table());
            if (is_device(table) || (is_kernels(table) && table != facts_.kernel_table)) {
                return GuardReason::table_in_directory;
            }
        }
        return std::nullopt;
    }

    [[nodiscard]] static Reason control_0(std::uint32_t value) {
        constexpr std::uint32_t kNeeded = paging::cr0::kPaging | paging::cr0::kProtection;
        return (value & kNeeded) != kNeeded ? Reason{GuardReason::no_protection} : std::nullopt;
    }
    [[nodiscard]] Reason control_4(std::uint32_t value) {
        const std::uint32_t known =
            (hw_.has_pse() ? paging::cr4::kPse : 0) | (hw_.has_pge() ? paging::cr4::kPge : 0);
        return (value & ~known) != 0 ? Reason{GuardReason::reserved_control} : std::nullopt;
    }

    /// A jump: nobody knows what runs there.
    [[nodiscard]] Reason code(std::uint32_t address) {
        return walk_to(address).has_page() ? Reason{GuardReason::mapped_code} : std::nullopt;
    }

    [[nodiscard]] paging::Walk walk_to(std::uint32_t address) {
        const auto read = [this](PhysAddr word) -> std::optional<std::uint32_t> {
            return frames_.map().is_ram(word.frame()) ? std::optional{scratch_.observe(word)} : std::nullopt;
        };
        return paging::walk(read, context(hw_), interface::layout::kSelfMapSlot, VirtAddr{address});
    }

    /// ESP: what lies below, down to the first page that can't be written, is overwritten.
    [[nodiscard]] Reason stack(std::uint32_t esp) {
        if (VirtAddr{esp - 1}.directory_index() >= interface::layout::kLifelineSlot) {
            return GuardReason::stack_in_window;
        }
        std::uint32_t page = VirtAddr{esp - 4}.page_base().raw();
        for (std::uint32_t pages = 0; pages < kMostPushed; ++pages, page -= paging::kPageSize) {
            const paging::Walk walk = walk_to(page);
            if (!walk.pa || !walk.kernel.w) {
                return std::nullopt;
            }
            const Frame frame = frame_of(*walk.pa);
            const bool own_stack = page == facts_.stack.raw();
            if (holds_entries(frame) || (is_kernels(frame) && !own_stack)) {
                return GuardReason::stack_in_kernel;
            }
        }
        return GuardReason::stack_too_deep;
    }

    /// Memory that is no RAM and answers all the same: the PC's hole below 1 MiB, and what chipsets and
    /// processors put at the end of the 4 GiB (I/O APIC, HPET, local APIC, firmware).
    [[nodiscard]] bool is_device(Frame frame) const {
        constexpr Frame kHoleFirst = 0xa0;
        constexpr Frame kHoleEnd = 0x100;
        constexpr Frame kChipset = 0xfec00;
        const bool place = (frame >= kHoleFirst && frame < kHoleEnd) || frame >= kChipset;
        return place && !frames_.map().is_ram(frame);
    }

    /// Pages that a runaway push may overwrite.
    static constexpr std::uint32_t kMostPushed = 1024;
    static constexpr std::uint32_t kAccessedDirty = paging::bits::kAccessed | paging::bits::kDirty;

    H& hw_;
    Scratch<H>& scratch_;
    Spaces& spaces_;
    Tables<H>& tables_;
    Frames<H>& frames_;
    KernelFacts facts_{};
    bool overridden_ = false;
};

} // namespace pagelab::memory
