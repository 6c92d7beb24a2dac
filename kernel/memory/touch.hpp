// Lets the CPU make one access for real. For the lab.
// Leaves no trace but A and D: a write puts back what it read, a fetch runs one instruction that is placed
// through another alias of the frame and taken away again. Where that would do harm it says why not.
#pragma once

#include "kernel/memory/frames.hpp"
#include "kernel/memory/scratch.hpp"
#include "kernel/paging/walk.hpp"

#include <expected>

namespace pagelab::memory {

template <Hardware H>
class Touch {
public:
    using Answer = std::expected<machine::TouchResult, machine::OperationError>;

    constexpr Touch(H& hw, Scratch<H>& scratch, Frames<H>& frames)
        : hw_(hw), scratch_(scratch), frames_(frames) {}

    void initialise(const KernelFacts& facts) { facts_ = facts; }

    /// `walk` is what the tables say of the address now.
    [[nodiscard]] Answer run(const paging::Walk& walk, paging::Access access) {
        switch (access.kind) {
        case paging::AccessKind::write:
            return write(walk, access);
        case paging::AccessKind::fetch:
            return fetch(walk, access);
        default:
            return perform(walk.va, access, 0);
        }
    }

    using StaleAnswer = std::expected<machine::Staleness, machine::OperationError>;

    /// Whether the CPU reads at the walked address what the tables name: two bytes are shown to it, one after
    /// the other, through another alias of the frame, and what was there is put back.
    [[nodiscard]] StaleAnswer stale(const paging::Walk& walk) {
        if (!walk.has_page()) {
            const AccessAnswer seen = hw_.access(kKernelRead, walk.va, 0, walk.va, Unit::byte);
            return seen.touch.faulted ? machine::Staleness::same_frame : machine::Staleness::still_mapped;
        }
        if (!frames_.map().is_ram(walk.pa->frame())) {
            return std::unexpected(refusal(walk.va, "there is no RAM to place a mark in"));
        }
        if (frames_.record(walk.pa->frame()).role() == FrameRole::kernel) {
            return std::unexpected(refusal(walk.va, "the kernel lives there"));
        }
        if (changes_by_itself(*walk.pa)) {
            return std::unexpected(refusal(walk.va, "a page table lies there"));
        }
        const VirtAddr page = scratch_.open(ScratchPage::fetch, frame_of(*walk.pa));
        const VirtAddr alias{page.raw() + walk.pa->frame_offset()};
        const std::uint32_t original = hw_.load(alias, Unit::byte);
        bool same = true;
        for (const std::uint32_t flip : {0xffu, 0x55u}) {
            const auto mark = static_cast<std::uint8_t>(original ^ flip);
            hw_.store(alias, Unit::byte, mark);
            const AccessAnswer seen = hw_.access(kKernelRead, walk.va, 0, walk.va, Unit::byte);
            same = same && !seen.touch.faulted && seen.value == mark;
        }
        hw_.store(alias, Unit::byte, original);
        scratch_.close(ScratchPage::fetch);
        return same ? machine::Staleness::same_frame : machine::Staleness::other_frame;
    }

private:
    static constexpr paging::Access kKernelRead{};

    static machine::OperationError refusal(VirtAddr va, std::string_view reason) {
        return {.refusal = machine::Refusal::not_possible,
                .va = va,
                .pa = std::nullopt,
                .value = 0,
                .reason = reason};
    }
    static Answer not_possible(VirtAddr va, std::string_view reason) {
        return std::unexpected(refusal(va, reason));
    }

    /// The access itself. Ring 3 runs its instruction from a page of its own that only now lets it in.
    machine::TouchResult perform(VirtAddr va, paging::Access access, std::uint32_t value) {
        if (!access.user || access.kind == paging::AccessKind::fetch) {
            return hw_.access(access, va, value, va, Unit::byte).touch;
        }
        const VirtAddr page =
            scratch_.open(ScratchPage::user_code, frame_of(facts_.user_code), paging::bits::kUser);
        const VirtAddr code{page.raw() + facts_.user_code.frame_offset()};
        const machine::TouchResult result = hw_.access(access, va, value, code, Unit::byte).touch;
        scratch_.close(ScratchPage::user_code);
        return result;
    }

    Answer write(const paging::Walk& walk, paging::Access access) {
        if (walk.has_page() && changes_by_itself(*walk.pa)) {
            return not_possible(walk.va, "what it read there would be old when it is put back");
        }
        // The byte is read through the same address, so it is right even if the CPU uses an old entry. Where
        // this read faults there is no page, and the write has nothing to put back.
        const AccessAnswer before = hw_.access(kKernelRead, walk.va, 0, walk.va, Unit::byte);
        return perform(walk.va, access, before.value);
    }

    /// Memory that the kernel or the CPU writes while the access is made.
    [[nodiscard]] bool changes_by_itself(PhysAddr pa) {
        const auto frame = pa.frame();
        const bool text = frame >= facts_.image_first && frame < facts_.image_data;
        switch (frames_.record(frame).role()) {
        case FrameRole::kernel:
            return !text;
        case FrameRole::directory:
        case FrameRole::table:
            return true;
        default:
            return false;
        }
    }

    Answer fetch(const paging::Walk& walk, paging::Access access) {
        if (!walk.has_page()) {
            // A fetch through a translation that only the TLB knows would run whatever lies there.
            const AccessAnswer seen = hw_.access(kKernelRead, walk.va, 0, walk.va, Unit::byte);
            return seen.touch.faulted ? Answer{perform(walk.va, access, 0)}
                                      : not_possible(walk.va, "the CPU still uses an old entry for it");
        }
        if (!frames_.map().is_ram(walk.pa->frame())) {
            return not_possible(walk.va, "there is no RAM to place a ret in");
        }
        switch (frames_.record(walk.pa->frame()).role()) {
        case FrameRole::kernel:
            return not_possible(walk.va, "the kernel runs there");
        case FrameRole::directory:
        case FrameRole::table:
            return not_possible(walk.va, "a page table lies there");
        default:
            return fetch_planted(walk, access);
        }
    }

    Answer fetch_planted(const paging::Walk& walk, paging::Access access) {
        const VirtAddr page = scratch_.open(ScratchPage::fetch, frame_of(*walk.pa));
        const VirtAddr alias{page.raw() + walk.pa->frame_offset()};
        const std::uint32_t original = hw_.load(alias, Unit::byte);
        const std::uint8_t planted = access.user ? kFetchByteUser : kFetchByteKernel;
        hw_.store(alias, Unit::byte, planted);
        const AccessAnswer seen = hw_.access(kKernelRead, walk.va, 0, walk.va, Unit::byte);
        const bool reaches_it = !seen.touch.faulted && seen.value == planted;
        Answer answer = reaches_it ? Answer{perform(walk.va, access, 0)}
                                   : not_possible(walk.va, "the CPU still uses an old entry for it");
        hw_.store(alias, Unit::byte, original);
        scratch_.close(ScratchPage::fetch);
        return answer;
    }

    H& hw_;
    Scratch<H>& scratch_;
    Frames<H>& frames_;
    KernelFacts facts_{};
};

} // namespace pagelab::memory
