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

template <paging::TextSink S>
void put_verdict(S& out, bool fault, std::uint32_t code) {
    out.put(verdict(fault));
    if (fault) {
        out.put(" ");
        paging::put_hex(out, code, 1);
    }
}

void put_json(Output& out, const Trial& trial) {
    {
        const auto put_code = [](paging::JsonObject<Output>& json, std::string_view key, bool fault,
                                 std::uint32_t value) { fault ? json.hex(key, value, 1) : json.null(key); };
        paging::JsonObject<Output> json(out, "probe");
        json.address("va", trial.va);
        json.text("access", paging::access_name(trial.access.kind));
        json.text("ring", std::string_view{trial.access.user ? "user" : "kernel"});
        json.text("predicted", verdict(trial.predicted.fault));
        put_code(json, "code", trial.predicted.fault, trial.predicted.code);
        json.text("cpu", trial.cpu ? std::optional{verdict(trial.cpu->faulted)} : std::nullopt);
        put_code(json, "cpu_code", trial.cpu && trial.cpu->faulted, trial.cpu ? trial.cpu->code : 0);
        json.boolean("agree", trial.agrees());
    }
    print(out, "\n");
}

Status differ(Invocation& invocation, VirtAddr va) {
    return invocation.fail("CPU and tables differ at {}: the TLB may hold an old entry; invlpg {} drops it",
                           va, va);
}

/// One line of `probe`: ring, access, prediction, CPU.
void put_line(Output& out, const Trial& trial) {
    Text<16> predicted;
    put_verdict(predicted, trial.predicted.fault, trial.predicted.code);
    paging::put_padded(out, trial.access.user ? "user" : "kernel", 8);
    paging::put_padded(out, paging::access_name(trial.access.kind), 7);
    paging::put_padded(out, predicted.view(), 12);
    if (!trial.cpu) {
        print(out, "predicted only: ", trial.cpu.error().reason, "\n");
        return;
    }
    put_verdict(out, trial.cpu->faulted, trial.cpu->code);
    print(out, trial.agrees() ? "\n" : "   differs\n");
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
    /// null, "mapping", "frame" or "rights".
    std::optional<std::string_view> what;
    std::string_view text;
};

StaleAnswer stale_answer(Machine& machine, VirtAddr va, machine::Staleness staleness) {
    switch (staleness) {
    case machine::Staleness::still_mapped:
        return {"mapping", "nothing is mapped there any more, but the CPU still reads a page"};
    case machine::Staleness::other_frame:
        return {"frame", "the CPU still reads another page than the one that the tables name"};
    case machine::Staleness::same_frame:
        break;
    }
    const auto access = granted_by_an_old_entry(machine, va);
    if (!access) {
        return {std::nullopt, "the CPU uses what the tables say"};
    }
    if (access->kind == AccessKind::write) {
        return {"rights", access->user ? "the CPU still lets user code write, the tables no longer do"
                                       : "the CPU still lets the kernel write, the tables no longer do"};
    }
    return {"rights", access->user ? "the CPU still lets user code read, the tables no longer do"
                                   : "the CPU still lets the kernel read, the tables no longer do"};
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
    print(invocation.out, *va, "  ", paging::access_name(access->kind), " by ",
          access->user ? "user" : "kernel", "  predicted ");
    put_verdict(invocation.out, trial.predicted.fault, trial.predicted.code);
    print(invocation.out, "  CPU ");
    put_verdict(invocation.out, trial.cpu->faulted, trial.cpu->code);
    if (trial.agrees()) {
        print(invocation.out, "  they agree; no trace but A and D\n");
        return Status::ok;
    }
    print(invocation.out, "  they differ; no trace but A and D\n");
    return differ(invocation, *va);
}

Status probe(Invocation& invocation) {
    const auto va = parse_virtual(invocation.args[0], invocation.machine);
    if (!va) {
        return invocation.error(va.error());
    }
    bool all_agree = true;
    if (!invocation.flags.json) {
        print(invocation.out, *va, "     predicted   CPU\n");
    }
    for (const Access& access : kAccesses) {
        const Trial trial = attempt(invocation.machine, *va, access);
        all_agree = all_agree && trial.agrees();
        invocation.flags.json ? put_json(invocation.out, trial) : put_line(invocation.out, trial);
    }
    if (invocation.flags.json) {
        return all_agree ? Status::ok : Status::error;
    }
    print(invocation.out, "no trace but A and D\n");
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
        {
            paging::JsonObject<Output> json(invocation.out, "stale");
            json.address("va", *va);
            json.boolean("stale", answer.what.has_value());
            json.text("what", answer.what);
            json.text("text", answer.text);
        }
        print(invocation.out, "\n");
        return Status::ok;
    }
    print(invocation.out, *va, answer.what ? "  stale: " : "  fresh: ", answer.text);
    if (answer.what) {
        print(invocation.out, "; invlpg ", *va, " drops the old entry");
    }
    print(invocation.out, "\n");
    return Status::ok;
}

} // namespace pagelab::shell::handlers
