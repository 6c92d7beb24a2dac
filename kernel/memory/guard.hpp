// What is refused because the kernel lives on it, and why. For the operations of this room; `force` passes
// it. It refuses as little as it can: the user's half, the user's tables and all frames that are not the
// kernel's own are open.
#pragma once

#include "kernel/memory/frames.hpp"
#include "kernel/memory/tables.hpp"

#include <optional>
#include <string_view>

namespace pagelab::memory {

template <Hardware H>
class Guard {
public:
    /// Why not; nothing if it may be.
    using Reason = std::optional<std::string_view>;

    constexpr Guard(H& hw, Tables<H>& tables, Frames<H>& frames)
        : hw_(hw), tables_(tables), frames_(frames) {}

    void initialise(const KernelFacts& facts) { facts_ = facts; }

    /// A write of directory slot `pdi`.
    [[nodiscard]] Reason pde(std::uint32_t pdi, std::uint32_t value) {
        namespace layout = interface::layout;
        switch (pdi) {
        case layout::kFirstKernelSlot:
            return "slot 768 maps the kernel and its stacks";
        case layout::kFirstKernelSlot + 1:
            return "slot 769 maps the frame records";
        case layout::kFirstKernelSlot + 2:
            return "slot 770 maps the kernel's scratch pages";
        case layout::kSelfMapSlot:
            return "slot 1023 is the self-map: without it no table can be reached";
        default:
            break;
        }
        if (pdi >= layout::kFirstKernelSlot) {
            return "the kernel's slots are shared by all directories and never change after boot";
        }
        if (pdi >= tables_.space().user_slots()) {
            return "an upper-half space ends at 0x80000000: its slots from 512 on hold the tables' addresses";
        }
        const Pde entry{value};
        if (entry.kind(context(hw_)) != paging::EntryKind::table) {
            return std::nullopt;
        }
        return table_frame(entry.table());
    }

    /// A write of the PTE of `va`, whose PDE leads to a table.
    [[nodiscard]] Reason pte(VirtAddr va, std::uint32_t value) {
        const Frame table = frame_of(tables_.pde(va.directory_index()).table());
        switch (frames_.record(table).role()) {
        case FrameRole::directory:
            return "this table is a page directory: use setpde";
        case FrameRole::kernel:
            return "the space's strategy keeps its own entries there";
        default:
            break;
        }
        return kernel_table_entry(table, va.table_index(), value);
    }

    /// A store to the word at `address` (a multiple of 4) that would become `value`.
    [[nodiscard]] Reason word(PhysAddr address, std::uint32_t value) {
        const auto frame = address.frame();
        const std::uint32_t index = address.frame_offset() / paging::kEntrySize;
        if (frames_.record(frame).role() == FrameRole::directory) {
            return pde(index, value);
        }
        if (const Reason reason = kernel_table_entry(frame, index, value)) {
            return reason;
        }
        const bool ours = frames_.record(frame).role() == FrameRole::kernel;
        return ours ? Reason{"the kernel's own code and data are there"} : std::nullopt;
    }

    /// A way to crash, with its value.
    [[nodiscard]] Reason crash(machine::Crash crash, std::uint32_t value) {
        using machine::Crash;
        switch (crash) {
        case Crash::idt:
            return "without the IDT no exception finds its handler, nor the rescue: the machine dies";
        case Crash::gdt:
            return "without the GDT no task can be loaded, nor the rescue: the machine dies";
        default:
            static_cast<void>(value);
            return std::nullopt;
        }
    }

private:
    /// A PDE that would lead to this table: the CPU sets A and D in it.
    [[nodiscard]] Reason table_frame(PhysAddr table) {
        if (table.frame() == facts_.scratch_table) {
            return "the kernel's scratch pages change without a flush of their aliases";
        }
        switch (frames_.record(table.frame()).role()) {
        case FrameRole::kernel:
            return "the CPU would set A and D in the kernel's own memory";
        case FrameRole::free:
            return "the frame is free and holds no table: take it with alloc first";
        default:
            return std::nullopt;
        }
    }

    [[nodiscard]] Reason kernel_table_entry(std::uint64_t table, std::uint32_t index, std::uint32_t value) {
        if (table == facts_.record_table) {
            return "the frame records are mapped there";
        }
        if (table == facts_.scratch_table) {
            return "the kernel's scratch pages are mapped there";
        }
        if (table != facts_.kernel_table) {
            return std::nullopt;
        }
        if (index >= facts_.image_first && index < facts_.image_end) {
            return "the kernel's own code and data are mapped there";
        }
        const Pte entry{value};
        const FrameRole role = frames_.record(entry.frame().frame()).role();
        const bool is_table = role == FrameRole::table || role == FrameRole::directory;
        if (entry.present() && entry.writable() && is_table) {
            return "page tables stay read-only in the direct map";
        }
        return std::nullopt;
    }

    H& hw_;
    Tables<H>& tables_;
    Frames<H>& frames_;
    KernelFacts facts_{};
};

} // namespace pagelab::memory
