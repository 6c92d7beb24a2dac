// touch probe stale: what the CPU does, beside what the tables say.
#include "kernel/paging/explain.hpp"
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/commands/refusals.hpp"
#include "kernel/shell/fault_report.hpp"
#include "kernel/shell/reader.hpp"

#include <expected>

namespace pagelab::shell::handlers {
namespace {

using paging::Access;
using paging::AccessKind;

/// The accesses that `probe` tries, in the order of its lines.
constexpr std::array<Access, 6> kAccesses = {{{.kind = AccessKind::read},
                                              {.kind = AccessKind::write},
                                              {.kind = AccessKind::fetch},
                                              {.kind = AccessKind::read, .user = true},
                                              {.kind = AccessKind::write, .user = true},
                                              {.kind = AccessKind::fetch, .user = true}}};

Parsed<Access> parse_access(const interface::Words& args) {
    Access access;
    if (is(args[1], "w")) {
        access.kind = AccessKind::write;
    } else if (is(args[1], "x")) {
        access.kind = AccessKind::fetch;
    } else if (!is(args[1], "r")) {
        return wrong("'{}' is no access; write r, w or x", args[1]);
    }
    access.user = is(args[2], "user");
    if (!access.user && !args[2].empty()) {
        return wrong("'{}' is no ring; did you mean user?", args[2]);
    }
    return access;
}

const char* verdict(bool fault) {
    return fault ? "fault" : "allowed";
}

/// One access as the tables predict it and as the CPU made it, or why it could not be tried.
struct Trial {
    VirtAddr va;
    Access access;
    paging::Outcome outcome{};
    paging::Prediction predicted;
    std::expected<machine::TouchResult, machine::OperationError> cpu;

    /// Fault or not, and with which code. An entry that can't be read predicts no code; what was not tried
    /// does not differ.
    [[nodiscard]] bool agrees() const {
        if (!cpu) {
            return true;
        }
        if (predicted.fault != cpu->faulted) {
            return false;
        }
        return !cpu->faulted || (cpu->vector == kPageFault &&
                                 (outcome == paging::Outcome::unreadable || predicted.code == cpu->code));
    }
};

/// The walk is made anew for each access: the one before may have set A and D.
Trial attempt(Machine& machine, VirtAddr va, const Access& access) {
    const paging::Walk walk = walk_now(machine, va);
    return {.va = va,
            .access = access,
            .outcome = walk.outcome,
            .predicted = paging::predict(walk, access),
            .cpu = machine.touch(va, access)};
}

void put_verdict(Output& out, bool fault, std::uint32_t code) {
    say(out, fault ? "fault {}" : "allowed", Hex{code, 1});
}

/// A verdict as two values of JSON.
void put_verdict_json(Output& out, const char* keys, bool fault, std::uint32_t code) {
    say(out, keys, verdict(fault));
    say(out, fault ? "\"{}\"" : "null", Hex{code, 1});
}

void put_json(Output& out, const Trial& trial) {
    say(out, R"({"record":"probe","v":1,"va":"{}","access":"{}","ring":"{}")", trial.va,
        paging::access_name(trial.access.kind), trial.access.user ? "user" : "kernel");
    put_verdict_json(out, R"(,"predicted":"{}","code":)", trial.predicted.fault, trial.predicted.code);
    if (trial.cpu) {
        put_verdict_json(out, R"(,"cpu":"{}","cpu_code":)", trial.cpu->faulted, trial.cpu->code);
    } else {
        say(out, R"(,"cpu":null,"cpu_code":null)");
    }
    say(out, ",\"agree\":{}}\n", trial.agrees());
}

Status differ(Invocation& invocation, VirtAddr va) {
    return invocation.fail("CPU and tables differ at {}: the TLB may hold an old entry; invlpg {} drops it",
                           va, va);
}

/// One line of `probe`: ring, access, prediction, CPU.
void put_line(Output& out, const Trial& trial) {
    Text<16> predicted;
    put_verdict(predicted, trial.predicted.fault, trial.predicted.code);
    say(out, "{:8}{:7}{:12}", trial.access.user ? "user" : "kernel", paging::access_name(trial.access.kind),
        predicted.view());
    if (!trial.cpu) {
        say(out, "predicted only: {}\n", trial.cpu.error().reason);
        return;
    }
    put_verdict(out, trial.cpu->faulted, trial.cpu->code);
    say(out, trial.agrees() ? "\n" : "   differs\n");
}

/// A right that the CPU grants though the tables deny it: the TLB holds what the entry was.
std::optional<Access> granted_by_an_old_entry(Machine& machine, VirtAddr va) {
    for (const Access& access : kAccesses) {
        if (access.kind == AccessKind::fetch) {
            continue; // without NX a fetch needs no other right than a read
        }
        const Trial trial = attempt(machine, va, access);
        if (trial.cpu && trial.predicted.fault && !trial.cpu->faulted) {
            return access;
        }
    }
    return std::nullopt;
}

struct StaleAnswer {
    /// As JSON: "mapping", "frame" or "rights", with its quotes; null if nothing is stale.
    const char* what;
    const char* text;
};

StaleAnswer stale_answer(Machine& machine, VirtAddr va, machine::Staleness staleness) {
    if (staleness == machine::Staleness::still_mapped) {
        return {"\"mapping\"", "nothing is mapped there any more, but the CPU still reads a page"};
    }
    if (staleness == machine::Staleness::other_frame) {
        return {"\"frame\"", "the CPU still reads another page than the one that the tables name"};
    }
    const auto access = granted_by_an_old_entry(machine, va);
    if (!access) {
        return {nullptr, "the CPU uses what the tables say"};
    }
    constexpr std::array<const char*, 4> kTexts = {
        "the CPU still lets the kernel read, the tables no longer do",
        "the CPU still lets user code read, the tables no longer do",
        "the CPU still lets the kernel write, the tables no longer do",
        "the CPU still lets user code write, the tables no longer do"};
    return {"\"rights\"", kTexts[(access->kind == AccessKind::write ? 2u : 0u) + (access->user ? 1u : 0u)]};
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
    const Trial trial = attempt(invocation.machine, *va, *access);
    if (!trial.cpu) {
        return refuse(invocation, trial.cpu.error());
    }
    if (invocation.flags.json) {
        put_json(invocation.out, trial);
        return trial.agrees() ? Status::ok : Status::error;
    }
    const bool agree = trial.agrees();
    say(invocation.out, "{}  {} by {}  predicted ", *va, paging::access_name(access->kind),
        access->user ? "user" : "kernel");
    put_verdict(invocation.out, trial.predicted.fault, trial.predicted.code);
    say(invocation.out, "  CPU ");
    put_verdict(invocation.out, trial.cpu->faulted, trial.cpu->code);
    say(invocation.out, "  they {}; no trace but A and D\n", agree ? "agree" : "differ");
    return agree ? Status::ok : differ(invocation, *va);
}

Status probe(Invocation& invocation) {
    const auto va = parse_virtual(invocation.args[0], invocation.machine);
    if (!va) {
        return invocation.error(va.error());
    }
    bool all_agree = true;
    if (!invocation.flags.json) {
        say(invocation.out, "{}     predicted   CPU\n", *va);
    }
    for (const Access& access : kAccesses) {
        const Trial trial = attempt(invocation.machine, *va, access);
        all_agree = all_agree && trial.agrees();
        invocation.flags.json ? put_json(invocation.out, trial) : put_line(invocation.out, trial);
    }
    if (invocation.flags.json) {
        return all_agree ? Status::ok : Status::error;
    }
    say(invocation.out, "no trace but A and D\n");
    return all_agree ? Status::ok : differ(invocation, *va);
}

Status stale(Invocation& invocation) {
    const auto va = parse_virtual(invocation.args[0], invocation.machine);
    if (!va) {
        return invocation.error(va.error());
    }
    const auto staleness = invocation.machine.stale(*va);
    if (!staleness) {
        return refuse(invocation, staleness.error());
    }
    const StaleAnswer answer = stale_answer(invocation.machine, *va, *staleness);
    if (invocation.flags.json) {
        say(invocation.out,
            "{\"record\":\"stale\",\"v\":1,\"va\":\"{}\",\"stale\":{},\"what\":{},\"text\":\"{}\"}\n", *va,
            answer.what != nullptr, answer.what != nullptr ? answer.what : "null", answer.text);
        return Status::ok;
    }
    say(invocation.out,
        answer.what != nullptr ? "{}  stale: {}; invlpg {} drops the old entry\n" : "{}  fresh: {}\n", *va,
        answer.text, *va);
    return Status::ok;
}

} // namespace pagelab::shell::handlers
