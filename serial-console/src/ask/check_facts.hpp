// What `check` must know besides the tables, as far as it can be known from outside. Pure.
#pragma once

#include "kernel/interface/layout.hpp"
#include "kernel/paging/check_facts.hpp"
#include "serial-console/src/ask/subject.hpp"

#include <algorithm>

namespace pagelab::console::ask {

class OutsideFacts {
public:
    explicit OutsideFacts(const Subject& subject) : subject_(&subject) {}

    /// Below 1 MiB a PC's memory has holes that every kernel maps.
    [[nodiscard]] bool is_ram(paging::PhysAddr frame) const {
        if (frame < interface::layout::kVgaHoleEnd) {
            return true;
        }
        const auto* const record = record_of(frame);
        return std::ranges::any_of(subject_->ram, [&](const auto& range) { return range.contains(frame); }) &&
               (record == nullptr || record->role() != interface::FrameRole::reserved);
    }
    [[nodiscard]] bool is_free(paging::PhysAddr frame) const {
        if (!subject_->lab || !is_ram(frame) || frame < interface::layout::kVgaHoleEnd) {
            return false;
        }
        const auto* const record = record_of(frame);
        return record == nullptr || record->role() == interface::FrameRole::free;
    }
    /// The lab's own views of tables: direct map, scratch pages, lifeline, and the slots through which
    /// strategies reach their tables (nothing else can stand there).
    [[nodiscard]] bool is_own(paging::VirtAddr page) const {
        namespace layout = interface::layout;
        if (!subject_->lab) {
            return false;
        }
        const std::uint32_t slot = page.directory_index();
        if (slot == layout::kLifelineSlot) {
            return page <= layout::lifeline_page(layout::LifelinePage::kernel_table);
        }
        return slot == layout::kDirectMap.directory_index() || slot == layout::kScratch.directory_index() ||
               (slot >= layout::kArenaSlot && slot < layout::kLifelineSlot);
    }
    [[nodiscard]] bool is_window(std::uint32_t slot) const {
        return subject_->lab && slot == interface::layout::kForeignSlot;
    }

private:
    [[nodiscard]] const interface::FrameRecord* record_of(paging::PhysAddr frame) const {
        return subject_->lab && frame.frame() < subject_->lab->frames.size()
                   ? &subject_->lab->frames[frame.frame()]
                   : nullptr;
    }

    const Subject* subject_;
};

} // namespace pagelab::console::ask
