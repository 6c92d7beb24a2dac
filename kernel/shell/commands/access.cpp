// touch fault: what the CPU does with an access, and why.
#include "kernel/paging/explain.hpp"
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/commands/refusals.hpp"
#include "kernel/shell/fault_report.hpp"
#include "kernel/shell/reader.hpp"

namespace pagelab::shell::handlers {
namespace {

using paging::Access;
using paging::AccessKind;

Parsed<Access> parse_access(const interface::Words& args) {
    Access access;
    if (args[1] == "w") {
        access.kind = AccessKind::write;
    } else if (args[1] == "x") {
        access.kind = AccessKind::fetch;
    } else if (args[1] != "r") {
        return wrong("'{}' is no access; write r, w or x", args[1]);
    }
    access.user = args[2] == "user";
    if (!access.user && !args[2].empty()) {
        return wrong("'{}' is no ring; did you mean user?", args[2]);
    }
    return access;
}

std::string_view verdict(bool fault) {
    return fault ? "fault" : "allowed";
}

/// Fault or not, and with which code. An entry that can't be read predicts no code.
bool agree(const paging::Walk& walk, const paging::Prediction& predicted, const machine::TouchResult& cpu) {
    if (predicted.fault != cpu.faulted) {
        return false;
    }
    return !cpu.faulted || (cpu.vector == kPageFault &&
                            (walk.outcome == paging::Outcome::unreadable || predicted.code == cpu.code));
}

void put_verdict(Output& out, std::string_view who, bool fault, std::uint32_t code) {
    print(out, "  ", who, " ", verdict(fault));
    if (fault) {
        print(out, " ", Hex{code, 1});
    }
}

void put_probe_json(Output& out, VirtAddr va, const Access& access, const paging::Prediction& predicted,
                    const machine::TouchResult& cpu, bool same) {
    {
        const auto code = [](bool fault, std::uint32_t value) {
            return fault ? std::optional<std::uint64_t>{value} : std::nullopt;
        };
        const auto put_code = [&](paging::JsonObject<Output>& json, std::string_view key, bool fault,
                                  std::uint32_t value) {
            fault ? json.hex(key, value, 1) : json.hex(key, code(false, 0));
        };
        paging::JsonObject<Output> json(out, "probe");
        json.address("va", va);
        json.text("access", paging::access_name(access.kind));
        json.text("ring", std::string_view{access.user ? "user" : "kernel"});
        json.text("predicted", verdict(predicted.fault));
        put_code(json, "code", predicted.fault, predicted.code);
        json.text("cpu", verdict(cpu.faulted));
        put_code(json, "cpu_code", cpu.faulted, cpu.code);
        json.boolean("agree", same);
    }
    print(out, "\n");
}

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
        print(invocation.out, "\n");
    } else {
        write_text(invocation.out, explanation);
    }
    return Status::ok;
}

} // namespace

Status touch(Invocation& invocation) {
    const auto va = parse_virtual(invocation.args[0], invocation.machine);
    if (!va) {
        return invocation.error(va.error());
    }
    const auto access = parse_access(invocation.args);
    if (!access) {
        return invocation.error(access.error());
    }
    const paging::Walk walk = walk_now(invocation.machine, *va);
    const paging::Prediction predicted = paging::predict(walk, *access);
    const auto cpu = invocation.machine.touch(*va, *access);
    if (!cpu) {
        return refuse(invocation, cpu.error());
    }
    const bool same = agree(walk, predicted, *cpu);
    if (invocation.flags.json) {
        put_probe_json(invocation.out, *va, *access, predicted, *cpu, same);
        return same ? Status::ok : Status::error;
    }
    print(invocation.out, *va, "  ", paging::access_name(access->kind), " by ",
          access->user ? "user" : "kernel");
    put_verdict(invocation.out, "predicted", predicted.fault, predicted.code);
    put_verdict(invocation.out, "CPU", cpu->faulted, cpu->code);
    if (same) {
        print(invocation.out, "  they agree; no trace but A and D\n");
        return Status::ok;
    }
    print(invocation.out, "  they differ; no trace but A and D\n");
    return invocation.fail("CPU and tables differ at {}: the TLB may hold an old entry; invlpg {} drops it",
                           *va, *va);
}

Status fault(Invocation& invocation) {
    if (invocation.args.count == 0) {
        const auto record = last_page_fault(invocation.machine.journal());
        if (!record) {
            return invocation.fail("the journal holds no page fault; usage: fault [CR2 CODE]");
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
