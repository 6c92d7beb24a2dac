#include "serial-console/src/verbs/watched_lab.hpp"

#include "kernel/interface/layout.hpp"
#include "kernel/paging/walk.hpp"

#include <algorithm>
#include <cstring>

namespace pagelab::console::verbs {
namespace {

namespace layout = interface::layout;
using machine::Strategy;
using paging::EntryKind;
using paging::Pde;
using paging::PhysAddr;
using paging::VirtAddr;

/// How a kernel reaches the tables of a directory is seen by the slots that serve that.
Strategy strategy_of(const guest::Ram& ram, const paging::PagingContext& context) {
    const auto pde = [&](std::uint32_t slot) {
        return Pde{ram.word(context.control.directory().plus(paging::entry_offset(slot))).value_or(0)};
    };
    if (paging::is_self_map(pde(layout::kSelfMapSlot), context)) {
        return Strategy::recursive;
    }
    if (const Pde arena = pde(layout::kArenaSlot); arena.kind(context) == EntryKind::table) {
        const auto words =
            ram.word(arena.table().plus(paging::entry_offset(layout::kArenaWords.table_index())));
        return paging::Pte{words.value_or(0)}.present() ? Strategy::table : Strategy::upper_half;
    }
    return pde(layout::kFirstDirectSlot).present() ? Strategy::direct : Strategy::window;
}

} // namespace

WatchedLab::WatchedLab(const guest::Ram& ram, const interface::LabPage& page)
    : ram_(ram), page_(page), in_work_(page.space) {
    read_journal();
}

void WatchedLab::read_journal() {
    auto* const bytes = reinterpret_cast<std::byte*>(journal_.get());
    model::TableWords words;
    for (std::size_t done = 0; done < sizeof(interface::JournalRing); done += sizeof(words)) {
        if (!ram_.copy_frame(PhysAddr{page_.journal_pa}.plus(done), words)) {
            journal_ = std::make_unique<interface::JournalRing>();
            return;
        }
        std::memcpy(bytes + done, words.data(),
                    std::min(sizeof(words), sizeof(interface::JournalRing) - done));
    }
    // What the guest wrote there is its own affair, but next_sequence numbers what is looked for.
    if (journal_->next_sequence == 0) {
        journal_ = std::make_unique<interface::JournalRing>();
    }
}

paging::PagingContext WatchedLab::context() const {
    paging::PagingContext context;
    context.control = {page_.cr0, page_.cr3, page_.cr4};
    context.cpu.pse36 = page_.cpu_pse36 != 0;
    context.cpu.physical_bits =
        static_cast<std::uint8_t>(std::clamp<std::uint32_t>(page_.cpu_physical_bits, 32, 52));
    if (in_work_ != page_.space) {
        if (const auto directory = directory_of(in_work_)) {
            context.control.cr3 = static_cast<std::uint32_t>(directory->raw());
        }
    }
    return context;
}

machine::Registers WatchedLab::registers() const {
    return {.cr0 = page_.cr0, .cr3 = page_.cr3, .cr4 = page_.cr4};
}

PhysAddr WatchedLab::ram_end() const {
    return PhysAddr{std::uint64_t{page_.ram_end_high} << 32 | page_.ram_end_low};
}

bool WatchedLab::is_ram(PhysAddr address) const {
    // Below 1 MiB only the kernel knows its holes: there is RAM that it calls reserved.
    return address < ram_end() && ram_.word(address.frame_base()).has_value() &&
           (address.raw() < layout::kVgaHoleFirst.raw() || address >= layout::kVgaHoleEnd);
}

std::optional<PhysAddr> WatchedLab::where(VirtAddr va) const {
    const auto read = [&](PhysAddr address) { return ram_.word(address); };
    paging::PagingContext context;
    context.control = {page_.cr0, page_.cr3, page_.cr4};
    return paging::walk(read, context, std::nullopt, va).pa;
}

interface::FrameRecord WatchedLab::frame_record(PhysAddr frame) const {
    const std::uint64_t number = frame.frame();
    if (number >= page_.frame_records_count) {
        // Never used, so nobody's.
        return {is_ram(frame) ? interface::FrameRole::free : interface::FrameRole::reserved, 0};
    }
    const auto place = where(VirtAddr{page_.frame_records_va + static_cast<std::uint32_t>(number) * 4});
    const auto raw = place ? ram_.word(*place) : std::nullopt;
    return interface::FrameRecord { raw.value_or(0) };
}

machine::FrameCounts WatchedLab::frames() const {
    return {.total = page_.frames_total, .free = page_.frames_free};
}

/// That of space 0 stands in the lifeline; others were made by commands that the journal may still tell of.
std::optional<PhysAddr> WatchedLab::directory_of(std::uint32_t number) const {
    if (number == page_.space) {
        return PhysAddr{page_.cr3 & ~0xfffu};
    }
    if (number == 0) {
        return where(layout::lifeline_page(layout::LifelinePage::directory));
    }
    const std::uint32_t end = journal_->next_sequence;
    for (std::uint32_t back = 1; back < end && back <= interface::kJournalCapacity; ++back) {
        const interface::JournalRecord& record =
            journal_->records[(end - back) % interface::kJournalCapacity];
        if (record.sequence != end - back) {
            break;
        }
        if (record.kind == interface::JournalKind::space_delete && record.address == number) {
            return std::nullopt;
        }
        if (record.kind == interface::JournalKind::space_new && record.address == number) {
            return PhysAddr{record.new_value};
        }
    }
    return std::nullopt;
}

std::optional<machine::SpaceInfo> WatchedLab::space_info(std::uint32_t number) {
    const auto directory = directory_of(number);
    if (!directory) {
        return std::nullopt;
    }
    paging::PagingContext there = context();
    there.control.cr3 = static_cast<std::uint32_t>(directory->raw());
    return machine::SpaceInfo{
        .number = number, .strategy = strategy_of(ram_, there), .directory = *directory};
}

WatchedLab::Result<void> WatchedLab::work_in(std::uint32_t number) {
    if (!directory_of(number)) {
        return std::unexpected(OperationError{.refusal = machine::Refusal::no_space, .value = number});
    }
    in_work_ = number;
    return {};
}

std::unexpected<WatchedLab::OperationError> WatchedLab::refused() {
    return std::unexpected(OperationError{.refusal = machine::Refusal::not_possible,
                                          .reason = "only the guest itself can do that"});
}

} // namespace pagelab::console::verbs
