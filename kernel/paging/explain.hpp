// Why an access faulted: the cause by the error code, the entry to blame, and what would allow it.
// For the shell's fault report and `fault`, and for the console. Pure.
#pragma once

#include "kernel/paging/walk_text.hpp"

namespace pagelab::paging {

/// The access that a page fault's error code tells of. With neither SMEP nor NX a fetch looks like a read, so
/// `eip` (where known) decides: a fetch faults at EIP = CR2.
constexpr Access access_of_fault(std::uint32_t code, VirtAddr cr2, std::optional<VirtAddr> eip) {
    const bool fetch = (code & fault_code::kFetch) != 0 ||
                       ((code & fault_code::kWrite) == 0 && eip.has_value() && *eip == cr2);
    return {.kind = fetch                              ? AccessKind::fetch
                    : (code & fault_code::kWrite) != 0 ? AccessKind::write
                                                       : AccessKind::read,
            .user = (code & fault_code::kUser) != 0};
}

/// What the CPU said and what the tables say now.
struct FaultExplanation {
    enum class Cause : std::uint8_t { not_present, protection, reserved_bit, none } cause{};
    std::uint32_t code = 0;
    Access access;
    Walk walk;
    /// The step to blame: index into walk.steps. None if the tables allow the access now.
    std::optional<std::uint8_t> blame;
};

/// `walk` is the walk of CR2 at the time of explaining.
constexpr FaultExplanation explain_fault(const Walk& walk, std::uint32_t code, const Access& access) {
    using Cause = FaultExplanation::Cause;
    const Prediction now = predict(walk, access);
    FaultExplanation result{.code = code, .access = access, .walk = walk, .blame = now.blame};
    if (!now.fault) {
        result.cause = Cause::none;
    } else if (walk.outcome == Outcome::reserved_bit) {
        result.cause = Cause::reserved_bit;
    } else {
        result.cause = walk.has_page() ? Cause::protection : Cause::not_present;
    }
    return result;
}

constexpr const char* access_name(AccessKind kind) {
    constexpr std::array<const char*, 3> kNames = {"read", "write", "fetch"};
    return kNames[static_cast<std::size_t>(kind)];
}

constexpr const char* cause_name(FaultExplanation::Cause cause) {
    constexpr std::array<const char*, 4> kNames = {"not-present", "protection", "reserved-bit", "none"};
    return kNames[static_cast<std::size_t>(cause)];
}

/// The error code's bits in words: "protection, write, user".
template <TextSink S>
void put_fault_code(S& sink, std::uint32_t code) {
    const auto has = [code](std::uint32_t bit) { return (code & bit) != 0; };
    say(sink, "{}, {}, {}{}{}", has(fault_code::kProtection) ? "protection" : "not present",
        has(fault_code::kWrite) ? "write" : "read", has(fault_code::kUser) ? "user" : "kernel",
        has(fault_code::kReserved) ? ", reserved bit" : "", has(fault_code::kFetch) ? ", fetch" : "");
}

namespace detail {

/// Why present entries deny the access, and the command that would allow it.
template <TextSink S>
void put_protection_reason(S& sink, const FaultExplanation& fault) {
    const Step& step = fault.walk.steps[fault.blame.value_or(0)];
    const EntryWord entry{step.raw.value_or(0)};
    const ControlRegisters& control = fault.walk.context.control;
    const bool user = fault.access.user;
    std::uint32_t needed = bits::kWritable;
    const char* reason = user ? "read-only (RW = 0)" : "read-only (RW = 0) and CR0.WP = 1";
    if (user && !entry.user()) {
        needed = bits::kUser;
        reason = "for the kernel only (US = 0)";
    } else if (!user && fault.access.kind == AccessKind::fetch) {
        needed = 0;
        reason = "a user page and CR4.SMEP forbids the kernel to execute it";
    } else if (!user && fault.walk.combined.user && control.smap()) {
        needed = 0;
        reason = "a user page and CR4.SMAP forbids the kernel to use it";
    }
    say(sink, "{} is {}", step_name(fault.walk, step), reason);
    if (needed == 0) {
        return;
    }
    if (step.level == Level::pde && fault.walk.step_count == 2) {
        // The leaf can't give what the PDE withholds: the PDE itself must change.
        say(sink, "; setpde {} {}", Decimal{step.index}, Hex{entry.raw() | needed});
    } else {
        say(sink, "; protect {} {}", fault.walk.va.aligned_down(fault.walk.page_size),
            needed == bits::kUser ? "+u" : "+w");
    }
    say(sink, " would allow it");
}

} // namespace detail

/// One sentence: what is to blame and what would allow the access.
template <TextSink S>
void put_fault_reason(S& sink, const FaultExplanation& fault) {
    using Cause = FaultExplanation::Cause;
    switch (fault.cause) {
    case Cause::none:
        say(sink, "the tables allow it now: the entry changed since, or the TLB held an old one");
        return;
    case Cause::protection:
        detail::put_protection_reason(sink, fault);
        return;
    case Cause::reserved_bit:
    case Cause::not_present:
        break;
    }
    const Step& step = fault.walk.steps[fault.blame.value_or(0)];
    const EntryName name = step_name(fault.walk, step);
    if (step.kind == EntryKind::unreadable) {
        say(sink, "{} can't be read: its table lies beyond RAM", name);
    } else if (fault.cause == Cause::reserved_bit) {
        say(sink, "{} has reserved bits set; setpde {} {} would clear them", name, Decimal{step.index},
            Hex{step.raw.value_or(0) & ~fault.walk.context.reserved_in_large_pde()});
    } else {
        say(sink, "{} is not present; map {}{} would allow it", name, fault.walk.va.page_base(),
            fault.access.user ? " rwu" : "");
    }
}

/// The lines of a fault report after its head: the walk, and the sentence.
template <TextSink S>
void write_text(S& sink, const FaultExplanation& fault) {
    say(sink, "{} by {} at {}: error code {} (", access_name(fault.access.kind),
        fault.access.user ? "user code" : "the kernel", fault.walk.va, Hex{fault.code, 1});
    put_fault_code(sink, fault.code);
    say(sink, ")\n");
    write_text(sink, fault.walk);
    put_fault_reason(sink, fault);
    say(sink, "\n");
}

template <TextSink S>
void write_json(S& sink, const FaultExplanation& fault) {
    say(sink, R"({"record":"fault","v":1,"cr2":"{}","code":"{}","access":"{}","ring":"{}","cause":"{}",)",
        fault.walk.va, Hex{fault.code, 1}, access_name(fault.access.kind),
        fault.access.user ? "user" : "kernel", cause_name(fault.cause));
    const Step& step = fault.walk.steps[fault.blame.value_or(0)];
    say(sink, fault.blame ? R"("blame":"{}","text":")" : R"("blame":null,"text":")",
        step_name(fault.walk, step));
    put_fault_reason(sink, fault);
    say(sink, "\"}");
}

} // namespace pagelab::paging
