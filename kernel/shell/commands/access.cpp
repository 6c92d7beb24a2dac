// fault: why an access faulted.
#include "kernel/paging/explain.hpp"
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/commands/refusals.hpp"
#include "kernel/shell/fault_report.hpp"

namespace pagelab::shell::handlers {
namespace {

/// The last page fault of the journal, as far back as it reaches.
std::optional<interface::JournalRecord> last_page_fault(const interface::JournalRing& ring) {
    for (std::uint32_t sequence = ring.next_sequence; sequence-- > 1;) {
        const interface::JournalRecord& record = ring.records[sequence % interface::kJournalCapacity];
        if (record.sequence != sequence) {
            return std::nullopt;
        }
        if (record.kind == interface::JournalKind::fault && record.new_value >> 16 == kPageFault) {
            return record;
        }
    }
    return std::nullopt;
}

Status put_explanation(Invocation& invocation, const paging::FaultExplanation& explanation) {
    if (invocation.flags.json) {
        write_json(invocation.out, explanation);
        say(invocation.out, "\n");
    } else {
        write_text(invocation.out, explanation);
    }
    return Status::ok;
}

} // namespace

Status fault(Invocation& invocation) {
    if (invocation.args.count == 0) {
        const auto record = last_page_fault(invocation.machine.journal());
        if (!record) {
            return invocation.fail("the journal holds no page fault; usage: fault [CR2 CODE]");
        }
        // It was the tables of its space that denied the access, unless another one is asked for.
        Machine& machine = invocation.machine;
        if (machine.space_in_work() == machine.space()) {
            if (const auto there = machine.work_in(record->space); !there) {
                return refuse(invocation, there.error());
            }
        }
        return put_explanation(invocation,
                               explain_page_fault(invocation.machine, VirtAddr{record->address},
                                                  record->new_value & 0xffff, VirtAddr{record->old_value}));
    }
    if (invocation.args.count == 1) {
        return invocation.fail("fault needs CR2 and CODE, or nothing; usage: fault [CR2 CODE]");
    }
    const auto cr2 = parse_virtual(invocation.args[0], invocation.machine);
    if (!cr2) {
        return invocation.error(cr2.error());
    }
    constexpr std::uint32_t kAllBits = 0x1f;
    const auto code = parse_value(invocation.args[1], kAllBits);
    if (!code) {
        return invocation.error(code.error());
    }
    return put_explanation(invocation, explain_page_fault(invocation.machine, *cr2, *code, std::nullopt));
}

} // namespace pagelab::shell::handlers
