// check: the rules of kernel/paging, with what this machine knows besides its tables.
#include "kernel/interface/layout.hpp"
#include "kernel/paging/check_text.hpp"
#include "kernel/paging/checks.hpp"
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/reader.hpp"

namespace pagelab::shell::handlers {
namespace {

namespace layout = interface::layout;

/// What `check` must know of this machine besides its tables.
struct LabFacts {
    Machine& machine;
    /// How the kernel reaches the tables of the directory in question: some of its own slots serve that.
    machine::Strategy strategy{};

    /// Below 1 MiB a PC's memory has holes that every kernel maps.
    [[nodiscard]] bool is_ram(PhysAddr frame) const {
        return frame < layout::kVgaHoleEnd || machine.is_ram(frame);
    }
    [[nodiscard]] bool is_free(PhysAddr frame) const {
        return machine.frame_record(frame).role() == interface::FrameRole::free;
    }
    /// The direct map, the scratch pages, which show tables while these are read, and what the strategy has.
    [[nodiscard]] bool is_own(paging::VirtAddr page) const {
        using machine::Strategy;
        const std::uint32_t slot = page.directory_index();
        switch (slot) {
        case layout::kDirectMap.directory_index():
        case layout::kScratch.directory_index():
            return true;
        case layout::kLifelineSlot:
            return page <= layout::lifeline_page(layout::LifelinePage::kernel_table);
        case layout::kArenaSlot:
            return strategy == Strategy::table || strategy == Strategy::upper_half;
        default:
            return strategy == Strategy::direct && slot >= layout::kFirstDirectSlot &&
                   slot < layout::kFirstDirectSlot + layout::kDirectSlots;
        }
    }
    [[nodiscard]] bool is_window(std::uint32_t slot) const { return slot == layout::kForeignSlot; }
};

/// The strategy of the space with this directory; recursive if it is no space's.
machine::Strategy strategy_of(Machine& machine, PhysAddr directory) {
    for (std::uint32_t number = 0; number < machine::kMaxSpaces; ++number) {
        const auto info = machine.space_info(number);
        if (info && info->directory == directory) {
            return info->strategy;
        }
    }
    return machine::Strategy::recursive;
}

} // namespace

Status check(Invocation& invocation) {
    paging::PagingContext context = invocation.machine.context();
    if (!invocation.flags.cr3.empty()) {
        const auto pa = parse_physical(invocation.flags.cr3, true);
        if (!pa) {
            return invocation.error(pa.error());
        }
        if (!pa->is_aligned(paging::kPageSize) || pa->raw() >= paging::kAddressSpaceEnd) {
            return invocation.fail("{} is no page directory; did you mean {}?", *pa,
                                   PhysAddr{pa->frame_base().raw() & 0xffffffffu});
        }
        context.control.cr3 = static_cast<std::uint32_t>(pa->raw());
    }
    const LabFacts facts{invocation.machine, strategy_of(invocation.machine, context.control.directory())};
    Reader read(invocation);
    std::uint32_t counts[3] = {};
    const auto tell = [&](const paging::Finding& finding) {
        if (invocation.poll()) {
            return;
        }
        ++counts[static_cast<std::size_t>(paging::rule_info(finding.rule).severity)];
        if (invocation.flags.json) {
            write_json(invocation.out, finding);
        } else {
            put_finding(invocation.out, finding);
        }
        say(invocation.out, "\n");
    };
    paging::for_each_finding(read, context, facts, invocation.workspace, tell);
    if (!invocation.flags.json) {
        say(invocation.out, "{}, {}, {}\n", Count{counts[0], "error"}, Count{counts[1], "warning"},
            Count{counts[2], "note"});
    }
    return counts[0] == 0 ? Status::ok : Status::error;
}

} // namespace pagelab::shell::handlers
