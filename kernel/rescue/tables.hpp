// The entries that kernel and rescue stand on, as functions of their index: what they must be is known
// without a copy. For boot, which writes them, the kernel's audit and the rescue. Pure.
#pragma once

#include "kernel/interface/layout.hpp"

#include <cstdint>

namespace pagelab::rescue {

namespace layout = interface::layout;

inline constexpr std::uint32_t kPresent = 1u << 0;
inline constexpr std::uint32_t kWritable = 1u << 1;
inline constexpr std::uint32_t kUser = 1u << 2;
inline constexpr std::uint32_t kAccessed = 1u << 5;
inline constexpr std::uint32_t kDirty = 1u << 6;
inline constexpr std::uint32_t kGlobal = 1u << 8;

/// What boot loads into CR0: PG WP NE ET PE (SDM 3A 2.5). Of all this the user may switch WP alone.
inline constexpr std::uint32_t kBootCr0 = 0x80010031;

/// Whether an entry is what it must be, but for what the CPU itself sets.
constexpr bool is_same_entry(std::uint32_t a, std::uint32_t b) {
    return ((a ^ b) & ~(kAccessed | kDirty)) == 0;
}

/// The kernel's image, all of it numbers of frames; [first, end).
struct Image {
    std::uint32_t first = 0;
    std::uint32_t lab_page = 0;
    std::uint32_t text = 0;
    std::uint32_t data = 0; // from here on writable
    std::uint32_t tables = 0, tables_end = 0;
    std::uint32_t stack_guard = 0;
    std::uint32_t data_end = 0;
    std::uint32_t end = 0; // with the pristine copy
    std::uint32_t directory = 0, kernel_table = 0, record_table = 0, scratch_table = 0;
    std::uint32_t vectors = 0, lifeline_table = 0, notes = 0;
    std::uint32_t rescue_directory = 0, rescue_table = 0;
    std::uint32_t rescue_guards = 0, rescue_stack_pages = 0, rescue_stacks = 0;
    bool global = false;

    [[nodiscard]] constexpr bool contains(std::uint32_t frame) const { return frame >= first && frame < end; }
};

/// The direct map's PTE of a frame of the image.
constexpr std::uint32_t kernel_entry(const Image& image, std::uint32_t frame) {
    if (frame == image.stack_guard) {
        return 0;
    }
    const bool writable = frame == image.lab_page || (frame >= image.data && frame < image.data_end &&
                                                      !(frame >= image.tables && frame < image.tables_end));
    return (frame << 12) | kPresent | (image.global ? kGlobal : 0) | (writable ? kWritable : 0);
}

/// The slots that every directory shares.
inline constexpr std::uint32_t kSharedSlots[] = {layout::kFirstKernelSlot, layout::kFirstKernelSlot + 1,
                                                 layout::kFirstKernelSlot + 2, layout::kLifelineSlot};

constexpr std::uint32_t shared_slot(const Image& image, std::uint32_t slot) {
    switch (slot) {
    case layout::kFirstKernelSlot:
        return (image.kernel_table << 12) | kPresent | kWritable;
    case layout::kFirstKernelSlot + 1:
        return (image.record_table << 12) | kPresent | kWritable;
    case layout::kFirstKernelSlot + 2:
        // U/S in this PDE alone is no right: the leaf decides, and only the ring-3 stub's has it.
        return (image.scratch_table << 12) | kPresent | kWritable | kUser;
    case layout::kLifelineSlot:
        return (image.lifeline_table << 12) | kPresent | kWritable;
    default:
        return 0;
    }
}

/// The scratch pages' table shows itself in its last page.
inline constexpr std::uint32_t kScratchSelf = 1023;
constexpr std::uint32_t scratch_self(const Image& image) {
    return (image.scratch_table << 12) | kPresent | kWritable;
}

constexpr std::uint32_t lifeline_entry(const Image& image, std::uint32_t index) {
    constexpr std::uint32_t kBits = kPresent | kWritable;
    switch (static_cast<layout::LifelinePage>(index)) {
    case layout::LifelinePage::vectors:
        return (image.vectors << 12) | kBits;
    case layout::LifelinePage::table:
        return (image.lifeline_table << 12) | kBits;
    case layout::LifelinePage::notes:
        return (image.notes << 12) | kBits;
    case layout::LifelinePage::directory:
        return (image.directory << 12) | kBits;
    case layout::LifelinePage::kernel_table:
        return (image.kernel_table << 12) | kBits;
    default:
        return 0;
    }
}

/// The rescue's own directory has the lifeline's slot and nothing else.
constexpr std::uint32_t rescue_slot(const Image& image, std::uint32_t slot) {
    return slot == layout::kLifelineSlot ? (image.rescue_table << 12) | kPresent | kWritable : 0;
}

/// In the rescue, memory from 1 MiB to 4 MiB is at kLifeline + its physical address, all of it writable; the
/// pages below are the lifeline's, and one to look anywhere.
inline constexpr std::uint32_t kRescueOffset = layout::kLifeline.raw();
inline constexpr std::uint32_t kRescueWindow = 240;
inline constexpr std::uint32_t kRescueFirstFrame = 256;

constexpr std::uint32_t rescue_entry(const Image& image, std::uint32_t index) {
    constexpr std::uint32_t kBits = kPresent | kWritable;
    if (index < kRescueFirstFrame) {
        switch (static_cast<layout::LifelinePage>(index)) {
        case layout::LifelinePage::vectors:
        case layout::LifelinePage::notes:
            return lifeline_entry(image, index);
        default:
            return 0;
        }
    }
    const std::uint32_t from_guard = index - image.rescue_guards;
    const bool guard = index >= image.rescue_guards &&
                       from_guard < image.rescue_stacks * (image.rescue_stack_pages + 1) &&
                       from_guard % (image.rescue_stack_pages + 1) == 0;
    return guard ? 0 : (index << 12) | kBits;
}

} // namespace pagelab::rescue
